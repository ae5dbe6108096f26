//! Recordings of the real service, read with this crate: every token verifies with the keys published on
//! its day, and the identifiers and hashes in them are reproduced.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use attestry_api::{
    b64,
    jwk::{self, JwkSet},
    jws::{CompactJws, Conformance, JwsError, VerificationKey},
    jwt::{self, JwtError, UnsignedTokens, Validation},
    kid_of_spki,
    openid::OpenIdMetadata,
    policy_envelope::{EMPTY_ENVELOPE, PolicyEnvelope},
    policy_token_hash,
    request::{AttestRequest, DataContent},
};
use serde_json::{Value, json};

fn recordings() -> Option<PathBuf> {
    let root = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let directory = root.join("maa");
    if directory.is_dir() {
        return Some(directory);
    }
    eprintln!("SKIPPED: no recordings at {}", directory.display());
    None
}

fn read_json(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Recorded exchanges whose file name starts with `prefix`.
fn exchanges(directory: &Path, prefix: &str) -> Vec<(String, Value)> {
    let mut found: Vec<_> = fs::read_dir(directory.join("exchanges"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| (entry.file_name().into_string().unwrap(), read_json(entry.path())))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!found.is_empty(), "no exchange {prefix}");
    found
}

fn token_of(exchange: &Value) -> Option<String> {
    let body: Value = serde_json::from_str(exchange["response"]["body_raw"].as_str()?).ok()?;
    body["token"].as_str().map(str::to_owned)
}

fn keys(directory: &Path, instance: &str) -> JwkSet {
    JwkSet::from_json(&fs::read(directory.join(format!("jwks/py-2021-{instance}.jwks.json"))).unwrap())
        .unwrap()
}

#[test]
fn every_recorded_token_verifies_at_its_time_and_not_after_it() {
    let Some(directory) = recordings() else { return };
    let mut verified = 0;
    for prefix in [
        "get-",
        "put-",
        "post-attest_SgxEnclave",
        "post-attest_OpenEnclave",
        "post-certificates",
        "post-policies",
    ] {
        for (name, exchange) in exchanges(&directory, prefix) {
            let token = token_of(&exchange).unwrap();
            let keys = keys(&directory, exchange["instance"].as_str().unwrap());
            let issuer = exchange["issuer"].as_str().unwrap().to_owned();
            let now = exchange["decoded"]["token_body"]["iat"].as_i64().unwrap();
            let strict = Validation {
                issuer: Some(issuer),
                ..Validation::default()
            };
            let draft = name.contains("draft");
            if draft {
                assert_eq!(
                    jwt::validate(&token, &keys, &strict, now),
                    Err(JwsError::Unsigned.into()),
                    "{name}"
                );
            }
            let unsigned = if draft {
                UnsignedTokens::Accept
            } else {
                UnsignedTokens::Refuse
            };
            let validation = Validation { unsigned, ..strict };
            let valid =
                jwt::validate(&token, &keys, &validation, now).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(valid.is_signed(), !draft, "{name}");
            assert_eq!(
                Value::Object(valid.claims().clone()),
                exchange["decoded"]["token_body"],
                "{name}"
            );
            let late = now + 28_800;
            assert!(matches!(
                jwt::validate(&token, &keys, &validation, late),
                Err(JwtError::Expired { .. })
            ));
            verified += 1;
        }
    }
    assert!(verified >= 36, "only {verified} tokens");
}

#[test]
fn a_recorded_token_with_one_changed_character_does_not_verify() {
    let Some(directory) = recordings() else { return };
    let (_, exchange) = exchanges(&directory, "post-attest_SgxEnclave-aad-rtjson").remove(0);
    let token = token_of(&exchange).unwrap();
    let keys = keys(&directory, "aad");
    let now = exchange["decoded"]["token_body"]["iat"].as_i64().unwrap();
    let payload = token.find('.').unwrap() + 1;
    let end = token.rfind('.').unwrap();
    for position in (payload..end).step_by(97) {
        let old = token.as_bytes()[position];
        let new = if old == b'A' { "B" } else { "A" };
        let mut changed = token.clone();
        changed.replace_range(position..=position, new);
        assert!(
            jwt::validate(&changed, &keys, &Validation::default(), now).is_err(),
            "{position}"
        );
    }
}

#[test]
fn the_tokens_of_2023_verify_with_their_key_and_its_identifier() {
    let Some(directory) = recordings() else { return };
    let pem = fs::read_to_string(directory.join("tokens/wus-2023.signing-key.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let spki = b64::decode_lenient(&body).unwrap();
    assert_eq!(kid_of_spki(&spki), "XxRc2vLh1E5FrsNawnRH3PzuFgqg3q7NvCdnjoJHBGE=");
    let token =
        fs::read_to_string(directory.join("tokens/wus-2023-get-policy-SgxEnclave-isolated.jwt")).unwrap();
    let token = CompactJws::parse(token.trim()).unwrap();
    assert!(
        token
            .verify(&VerificationKey::from_spki(&spki).unwrap(), Conformance::Strict)
            .is_ok()
    );
}

#[test]
fn key_identifiers_of_enclave_keys_are_reproduced() {
    let Some(directory) = recordings() else { return };
    let mut reproduced = 0;
    for instance in ["aad", "iso", "shared"] {
        for key in keys(&directory, instance).keys {
            let kid = kid_of_spki(&key.spki().unwrap());
            // Keys of the Microsoft hierarchy (three certificates) are named after their certificate instead.
            if key.x5c.len() == 1 {
                assert_eq!(Some(&kid), key.kid.as_ref());
                reproduced += 1;
            }
        }
    }
    assert_eq!(reproduced, 6);
}

#[test]
fn a_key_whose_certificate_holds_another_key_is_refused() {
    let Some(directory) = recordings() else { return };
    let keys = keys(&directory, "aad").keys;
    let (first, other) = (&keys[0], keys.iter().find(|key| key.x5c.len() > 1).unwrap());
    let members = jwk::Jwk::from_spki(&first.spki().unwrap()).unwrap();
    let agreeing = jwk::Jwk {
        x5c: first.x5c.clone(),
        ..members.clone()
    };
    assert_eq!(agreeing.spki(), first.spki());
    let differing = jwk::Jwk {
        x5c: other.x5c.clone(),
        ..members
    };
    assert_eq!(differing.spki(), Err(jwk::JwkError::CertificateKeyDiffers));
}

#[test]
fn policy_envelopes_open_with_their_signers_and_hashes() {
    let Some(directory) = recordings() else { return };
    for (name, exchange) in exchanges(&directory, "put-policies_") {
        let sent = exchange["request"]["body_raw"].as_str().unwrap();
        let envelope = PolicyEnvelope::open(sent).unwrap_or_else(|error| panic!("{name}: {error}"));
        let result = &exchange["decoded"]["token_body"];
        assert_eq!(
            result["x-ms-policy-token-hash"],
            policy_token_hash(sent),
            "{name}"
        );
        assert_eq!(envelope.signer().is_some(), name.contains("-signed"), "{name}");
        if let Some(signer) = envelope.signer() {
            let answered = jwk::Jwk::from_value(result["x-ms-policy-signer"].clone()).unwrap();
            assert_eq!(
                (&signer.jwk().kty, &signer.jwk().x5c),
                (&answered.kty, &answered.x5c),
                "{name}"
            );
            let tampered = sent.replacen("eyJ", "eyK", 2);
            assert!(PolicyEnvelope::open(&tampered).is_err(), "{name}");
        }
    }
    for (name, exchange) in exchanges(&directory, "get-policies_") {
        let stored = exchange["decoded"]["token_body"]["x-ms-policy"].as_str().unwrap();
        let envelope = PolicyEnvelope::open(stored).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(envelope.policy().is_none(), stored == EMPTY_ENVELOPE, "{name}");
    }
}

#[test]
fn the_policy_hash_of_an_attestation_is_that_of_the_policy_sent_with_it() {
    let Some(directory) = recordings() else { return };
    let (_, exchange) = exchanges(&directory, "post-attest_OpenEnclave-aad-rtjson-draft").remove(0);
    let draft = exchange["request"]["body_json"]["draftPolicyForAttestation"]
        .as_str()
        .unwrap();
    assert_eq!(
        exchange["decoded"]["token_body"]["x-ms-policy-hash"],
        attestry_api::policy_hash(draft)
    );
}

#[test]
fn thumbprints_of_policy_certificates_are_reproduced() {
    let Some(directory) = recordings() else { return };
    for (name, exchange) in exchanges(&directory, "post-certificates_add") {
        let body = exchange["request"]["body_raw"].as_str().unwrap();
        let text: String = serde_json::from_str(body).unwrap_or_else(|_| body.to_owned());
        let jws = CompactJws::parse(&text).unwrap();
        let payload: Value = serde_json::from_slice(jws.unverified_payload()).unwrap();
        let added = payload
            .as_object()
            .unwrap()
            .values()
            .find(|value| value.get("x5c").is_some())
            .unwrap();
        let certificates = jwk::Jwk::from_value(added.clone())
            .unwrap()
            .certificates()
            .unwrap();
        let thumbprint = jwk::thumbprint(&certificates[0]);
        assert_eq!(
            exchange["decoded"]["token_body"]["x-ms-certificate-thumbprint"], thumbprint,
            "{name}"
        );
    }
}

#[test]
fn recorded_requests_are_read() {
    let Some(directory) = recordings() else { return };
    for (kind, prefix) in [
        ("SgxEnclave", "post-attest_SgxEnclave"),
        ("OpenEnclave", "post-attest_OpenEnclave"),
    ] {
        for (name, exchange) in exchanges(&directory, prefix) {
            let body = exchange["request"]["body_raw"].as_str().unwrap();
            let request = AttestRequest::from_json(body.as_bytes(), kind.parse().unwrap()).unwrap();
            assert!(request.evidence.len() > 4_000, "{name}");
            let data = request.runtime_data.unwrap();
            assert_eq!(
                data.content == DataContent::Binary,
                name.contains("rtbinary"),
                "{name}"
            );
            assert_eq!(request.draft_policy.is_some(), name.contains("draft"), "{name}");
        }
    }
    let old: Value = read_json(directory.join("preview2018/post.attest.body.json"));
    assert!(
        AttestRequest::from_json_2018(
            old.to_string().as_bytes(),
            attestry_api::AttestationType::SgxEnclave
        )
        .unwrap()
        .runtime_data
        .is_some()
    );
}

#[test]
fn the_openid_metadata_has_the_recorded_form() {
    let Some(directory) = recordings() else { return };
    let recorded = fs::read_to_string(directory.join("openid/openid-configuration-2023.json")).unwrap();
    let ours = OpenIdMetadata::new("https://REDACTED.wus.attest.azure.net", ["RS256"]);
    assert_eq!(
        serde_json::to_value(&ours).unwrap(),
        serde_json::from_str::<Value>(&recorded).unwrap()
    );
    // Order of the members too.
    let compact: String = recorded.split_whitespace().collect();
    assert_eq!(serde_json::to_string(&ours).unwrap(), compact);
    assert_eq!(
        json!(ours.jwks_uri),
        "https://REDACTED.wus.attest.azure.net/certs"
    );
}
