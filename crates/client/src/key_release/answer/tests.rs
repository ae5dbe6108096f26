use attestry_api::jws;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

use super::*;
use crate::key_release::tests::{policy, token};

const KID: &str = "https://vault.example/keys/disk/1";

struct Vault {
    signer: CertifiedKey,
    certificate: Vec<u8>,
}

impl Vault {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        Self::of(&key)
    }

    fn of(key: &KeyPair) -> Self {
        let certificate = CertificateParams::new(["vault.example".to_owned()])
            .unwrap()
            .self_signed(key)
            .unwrap();
        Self {
            signer: CertifiedKey::from_pem(key.serialize_pem().as_bytes(), certificate.pem().as_bytes())
                .unwrap(),
            certificate: certificate.der().to_vec(),
        }
    }
}

struct Scene {
    vault: Vault,
    key: UnwrappingKey,
    held: HeldKey,
    request: ReleaseRequest,
}

impl Scene {
    fn new() -> Self {
        Self {
            vault: Vault::new(),
            key: UnwrappingKey::generate().unwrap(),
            held: HeldKey {
                kid: KID.to_owned(),
                kty: "oct-HSM".to_owned(),
                key_ops: vec!["encrypt".to_owned(), "decrypt".to_owned()],
                secret: b"the secret".to_vec().into(),
                policy: policy(&json!([{"claim": "kind", "equals": "sevsnpvm"}])),
            },
            request: ReleaseRequest {
                target: "a.b.c".to_owned(),
                enc: KeyEncryption::RsaAesKeyWrap256,
                nonce: Some("4711".to_owned()),
            },
        }
    }

    fn release(&self, claims: &Value) -> Result<String, ReleaseError> {
        self.held
            .release(&self.request, &token(claims), "7.4", &self.vault.signer)
    }

    fn claims(&self) -> Value {
        let runtime: Value = serde_json::from_str(&self.key.runtime_data("mine").unwrap()).unwrap();
        json!({"kind": "sevsnpvm", "x-ms-runtime": runtime})
    }

    fn verify(&self, jws: &str) -> Result<ReleaseAnswer, AnswerError> {
        ReleaseAnswer::verify(jws, &self.vault.certificate, KID, &self.request)
    }

    /// An answer that the vault signed, and somebody changed before.
    fn changed(&self, change: impl Fn(&mut Value)) -> Result<ReleaseAnswer, AnswerError> {
        let jws = self.release(&self.claims()).unwrap();
        let mut payload = payload(&jws);
        change(&mut payload);
        self.verify(&self.vault.signer.sign_json(&payload).unwrap())
    }
}

fn payload(jws: &str) -> Value {
    serde_json::from_slice(CompactJws::parse(jws).unwrap().unverified_payload()).unwrap()
}

#[test]
fn the_workload_gets_the_secret() {
    let scene = Scene::new();
    let answer = scene.verify(&scene.release(&scene.claims()).unwrap()).unwrap();
    assert_eq!(answer.kty(), "oct-HSM");
    assert_eq!(answer.open(&scene.key).unwrap().as_bytes(), b"the secret");
    let thief = UnwrappingKey::generate().unwrap();
    assert_eq!(answer.open(&thief).err(), Some(WrapError::Refused));
}

#[test]
fn the_answer_has_the_form_of_the_rest_interface() {
    let scene = Scene::new();
    let jws = scene.release(&scene.claims()).unwrap();
    let header = CompactJws::parse(&jws).unwrap().header().clone();
    assert_eq!(header.x5c, [b64::encode_standard(&scene.vault.certificate)]);
    let mut payload = payload(&jws);
    let blob = payload["response"]["key"]["key"]["key_hsm"].take();
    assert_eq!(
        payload,
        json!({
            "request": {"api-version": "7.4", "enc": "RSA_AES_KEY_WRAP_256", "kid": KID, "nonce": "4711"},
            "response": {"key": {
                "attributes": {"enabled": true, "exportable": true},
                "key": {"kid": KID, "kty": "oct-HSM", "key_ops": ["encrypt", "decrypt"], "key_hsm": null},
                "release_policy": scene.held.policy.to_wire(),
            }},
        })
    );
    let mut blob: Value = serde_json::from_slice(&b64::decode_url(blob.as_str().unwrap()).unwrap()).unwrap();
    let ciphertext = b64::decode_url(blob["ciphertext"].take().as_str().unwrap()).unwrap();
    assert_eq!(ciphertext.len(), 256 + 24);
    assert_eq!(
        blob,
        json!({
            "schema_version": "1.0.0",
            "header": {"kid": "mine", "alg": "dir", "enc": "RSA_AES_KEY_WRAP_256"},
            "ciphertext": null,
        })
    );
}

#[test]
fn a_token_that_does_not_satisfy_the_policy_gets_nothing() {
    let scene = Scene::new();
    let mut other = scene.claims();
    other["kind"] = "tpm".into();
    let refused = scene.release(&other).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the release policy is not met: the claim `kind` is `tpm`, it must equal `sevsnpvm`"
    );
    assert_eq!(
        scene.release(&json!({"kind": "sevsnpvm"})),
        Err(ReleaseError::WrappingKey(WrappingKeyError::NoKeys))
    );
}

#[test]
fn an_answer_of_somebody_else_is_refused() {
    let scene = Scene::new();
    let jws = scene.release(&scene.claims()).unwrap();
    let others = ReleaseAnswer::verify(&jws, &Vault::new().certificate, KID, &scene.request);
    assert_eq!(others, Err(AnswerError::Jws(JwsError::Signature)));
    let unsigned = jws::assemble(jws::signing_input(&json!({"alg": "none"}), &payload(&jws)), &[]);
    assert_eq!(scene.verify(&unsigned), Err(AnswerError::Jws(JwsError::Unsigned)));
    let certificate = ReleaseAnswer::verify(&jws, b"no certificate", KID, &scene.request);
    assert!(matches!(certificate, Err(AnswerError::Certificate(_))));
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let mut scene = Scene::new();
    let jws = scene.release(&scene.claims()).unwrap();
    let unrelated = |member, expected: &str, found: &str| {
        Err(AnswerError::Unrelated {
            member,
            expected: expected.to_owned(),
            found: found.to_owned(),
        })
    };
    scene.request.nonce = Some("4712".to_owned());
    assert_eq!(scene.verify(&jws), unrelated("nonce", "4712", "4711"));
    scene.request.nonce = None;
    assert_eq!(scene.verify(&jws), unrelated("nonce", "", "4711"));
    scene.request.nonce = Some("4711".to_owned());
    scene.request.enc = KeyEncryption::CkmRsaAesKeyWrap;
    assert_eq!(
        scene.verify(&jws),
        unrelated("enc", "CKM_RSA_AES_KEY_WRAP", "RSA_AES_KEY_WRAP_256")
    );
    scene.request.enc = KeyEncryption::RsaAesKeyWrap256;
    let other = ReleaseAnswer::verify(
        &jws,
        &scene.vault.certificate,
        "https://vault.example/keys/disk/2",
        &scene.request,
    );
    assert_eq!(other, unrelated("kid", "https://vault.example/keys/disk/2", KID));
    let swapped = scene.changed(|payload| payload["response"]["key"]["key"]["kid"] = "other".into());
    assert_eq!(swapped, unrelated("kid", KID, "other"));
}

#[test]
fn a_malformed_answer_is_refused() {
    let scene = Scene::new();
    let key_hsm = |payload: &mut Value, text: &[u8]| {
        payload["response"]["key"]["key"]["key_hsm"] = b64::encode_url(text).into();
    };
    for (answer, what) in [
        (
            scene.changed(|payload| payload["response"] = Value::Null),
            "`response.key.key`",
        ),
        (
            scene.changed(|payload| payload["response"]["key"]["key"]["kty"] = 1.into()),
            "`kty` of the key",
        ),
        (
            scene.changed(|payload| payload["response"]["key"]["key"]["key_hsm"] = 1.into()),
            "`key_hsm`",
        ),
        (
            scene.changed(|payload| payload["response"]["key"]["key"]["key_hsm"] = "=".into()),
            "`key_hsm`",
        ),
        (scene.changed(|payload| key_hsm(payload, b"[]")), "`key_hsm`"),
        (
            scene.changed(|payload| key_hsm(payload, b"{}")),
            "`schema_version`",
        ),
        (
            scene.changed(|payload| key_hsm(payload, br#"{"schema_version":"2"}"#)),
            "`schema_version`",
        ),
        (
            scene.changed(|payload| key_hsm(payload, br#"{"schema_version":"1.0.0"}"#)),
            "`ciphertext`",
        ),
        (
            scene.changed(|payload| key_hsm(payload, br#"{"schema_version":"1.0.0","ciphertext":"+"}"#)),
            "`ciphertext`",
        ),
    ] {
        let Err(AnswerError::Malformed { what: found, .. }) = answer else {
            panic!("{what}: {answer:?}")
        };
        assert_eq!(found, what);
    }
}

#[test]
fn a_vault_may_sign_with_rsa() {
    let mut scene = Scene::new();
    scene.vault = Vault::of(&KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
    assert!(scene.verify(&scene.release(&scene.claims()).unwrap()).is_ok());
}
