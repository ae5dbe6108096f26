use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use serde_json::json;

use super::*;

struct Rsa(RsaKeyPair);

impl Rsa {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn key(&self) -> VerificationKey {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        VerificationKey::from_spki(der.as_ref()).unwrap()
    }

    fn sign(&self, alg: &str, encoding: &'static dyn RsaEncoding) -> String {
        let input = signing_input(&json!({"alg": alg}), &json!({"a": 1}));
        let mut signature = vec![0; 256];
        self.0
            .sign(encoding, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .unwrap();
        assemble(input, &signature)
    }
}

fn ec_signed(alg: &str, scheme: &'static EcdsaSigningAlgorithm) -> (String, VerificationKey) {
    let pair = EcdsaKeyPair::generate(scheme).unwrap();
    let input = signing_input(&json!({"alg": alg}), &json!({"a": 1}));
    let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    (
        assemble(input, signature.as_ref()),
        VerificationKey::from_spki(der.as_ref()).unwrap(),
    )
}

fn check(text: &str, key: &VerificationKey, conformance: Conformance) -> Result<Vec<u8>, JwsError> {
    CompactJws::parse(text)?
        .verify(key, conformance)
        .map(<[u8]>::to_vec)
}

fn algorithm(found: &str) -> JwsError {
    JwsError::Algorithm {
        found: found.to_owned(),
    }
}

#[test]
fn rsa_signatures_verify_and_any_change_does_not() {
    let rsa = Rsa::new();
    let token = rsa.sign("RS256", &RSA_PKCS1_SHA256);
    assert_eq!(
        check(&token, &rsa.key(), Conformance::Strict),
        Ok(br#"{"a":1}"#.to_vec())
    );
    assert_eq!(
        check(&token, &Rsa::new().key(), Conformance::Strict),
        Err(JwsError::Signature)
    );
    let changed = token.replacen("eyJhIjoxfQ", "eyJhIjoyfQ", 1);
    assert_ne!(changed, token);
    assert_eq!(
        check(&changed, &rsa.key(), Conformance::Strict),
        Err(JwsError::Signature)
    );
    let pss = rsa.sign("PS256", &RSA_PSS_SHA256);
    assert!(check(&pss, &rsa.key(), Conformance::Strict).is_ok());
    // The padding belongs to the algorithm: a PKCS #1 signature is none of PS256.
    let mislabelled = rsa.sign("PS256", &RSA_PKCS1_SHA256);
    assert_eq!(
        check(&mislabelled, &rsa.key(), Conformance::Strict),
        Err(JwsError::Signature)
    );
}

#[test]
fn the_key_decides_which_algorithms_are_possible() {
    let rsa = Rsa::new();
    for alg in ["HS256", "ES256", "none ", "rs256", ""] {
        let token = rsa.sign(alg, &RSA_PKCS1_SHA256);
        assert_eq!(
            check(&token, &rsa.key(), Conformance::Strict),
            Err(algorithm(alg)),
            "{alg}"
        );
    }
    let none = rsa.sign("none", &RSA_PKCS1_SHA256);
    assert_eq!(
        check(&none, &rsa.key(), Conformance::ClientSdk),
        Err(JwsError::Unsigned)
    );
}

#[test]
fn misspelt_names_and_der_signatures_pass_only_for_client_libraries() {
    let rsa = Rsa::new();
    let python = rsa.sign("RSA256", &RSA_PKCS1_SHA256);
    assert!(check(&python, &rsa.key(), Conformance::ClientSdk).is_ok());
    assert_eq!(
        check(&python, &rsa.key(), Conformance::Strict),
        Err(algorithm("RSA256"))
    );

    let (dotnet, key) = ec_signed("ECDH256", &ECDSA_P256_SHA256_FIXED_SIGNING);
    assert!(check(&dotnet, &key, Conformance::ClientSdk).is_ok());
    assert_eq!(
        check(&dotnet, &key, Conformance::Strict),
        Err(algorithm("ECDH256"))
    );

    let (cpp, key) = ec_signed("ES256", &ECDSA_P256_SHA256_ASN1_SIGNING);
    assert!(check(&cpp, &key, Conformance::ClientSdk).is_ok());
    assert_eq!(check(&cpp, &key, Conformance::Strict), Err(JwsError::Signature));
}

#[test]
fn unsigned_payloads_must_be_asked_for_and_really_be_unsigned() {
    let unsigned = assemble(signing_input(&json!({"alg": "none"}), &json!({})), &[]);
    assert!(unsigned.ends_with('.'));
    let parsed = CompactJws::parse(&unsigned).unwrap();
    assert_eq!(parsed.unsigned_payload(), Ok(&b"{}"[..]));
    let with_signature = format!("{unsigned}AAAA");
    assert_eq!(
        CompactJws::parse(&with_signature).unwrap().unsigned_payload(),
        Err(JwsError::UnexpectedSignature)
    );
    let signed = Rsa::new().sign("RS256", &RSA_PKCS1_SHA256);
    assert_eq!(
        CompactJws::parse(&signed).unwrap().unsigned_payload(),
        Err(algorithm("RS256"))
    );
}

#[test]
fn malformed_texts_are_refused_part_by_part() {
    let parse = |text: &str| CompactJws::parse(text).map(|_| ()).unwrap_err();
    assert_eq!(parse("e30"), JwsError::Parts { found: 1 });
    assert_eq!(parse("e30.e30"), JwsError::Parts { found: 2 });
    assert_eq!(parse("e30.e30.e30.e30"), JwsError::Parts { found: 4 });
    assert_eq!(parse("e30=.e30."), JwsError::Base64 { part: "header" });
    let header = b64::encode_url(br#"{"alg":"none"}"#);
    assert_eq!(
        parse(&format!("{header}.e3+.")),
        JwsError::Base64 { part: "payload" }
    );
    assert_eq!(
        parse(&format!("{header}.e30.=")),
        JwsError::Base64 { part: "signature" }
    );
    let header = b64::encode_url(br#"{"alg":"RS256","crit":["b64"],"b64":false}"#);
    assert_eq!(parse(&format!("{header}.e30.")), JwsError::CriticalExtension);
    for header in [
        "[]",
        "{}",
        r#"{"alg":1}"#,
        r#"{"alg":"a","alg":"b"}"#,
        r#"{"alg":"a","x5c":1}"#,
    ] {
        let text = format!("{}.e30.", b64::encode_url(header.as_bytes()));
        assert!(matches!(parse(&text), JwsError::Header(_)), "{header}");
    }
    let long = "a".repeat(MAX_JWS_BYTES + 1);
    assert_eq!(
        parse(&long),
        JwsError::TooLong {
            found: MAX_JWS_BYTES + 1
        }
    );
}
