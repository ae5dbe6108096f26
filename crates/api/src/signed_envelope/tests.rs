use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::*;
use crate::{b64, jws::assemble, policy_envelope::PolicyEnvelope};

struct Made {
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
}

fn made() -> Made {
    let pair = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.serialized_der()).unwrap();
    Made {
        key,
        certificate: certificate.der().to_vec(),
    }
}

impl Made {
    fn x5c(&self) -> Value {
        json!([b64::encode_standard(&self.certificate)])
    }

    fn sign(&self, header: &Value, payload: &str) -> String {
        let encode = |text: &str| b64::encode_url(text.as_bytes());
        let input = format!("{}.{}", encode(&header.to_string()), encode(payload));
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        assemble(input, signature.as_ref())
    }
}

const POLICY: &str = r#"{"AttestationPolicy":"dmVyc2lvbj0xLjA7"}"#;

#[test]
fn the_certificate_may_stand_in_either_place() {
    let made = made();
    for header in [
        json!({ "alg": "ES256", "x5c": made.x5c() }),
        json!({ "alg": "ES256", "jwk": { "x5c": made.x5c() } }),
        json!({ "alg": "ECDH256", "jwk": { "kty": "EC", "x5c": made.x5c() } }),
    ] {
        let opened = SignedEnvelope::open(&made.sign(&header, "payload")).unwrap();
        assert_eq!(opened.payload, b"payload");
        let signer = opened.signer.unwrap();
        assert_eq!(signer.certificates(), std::slice::from_ref(&made.certificate));
        assert_eq!(
            serde_json::to_value(signer.jwk()).unwrap(),
            json!({ "kty": "EC", "x5c": made.x5c() })
        );
    }
}

#[test]
fn the_header_must_say_whose_signature_it_is() {
    let [made, other] = [(); 2].map(|()| made());
    let other_key = Jwk::from_spki(
        VerificationKey::from_certificate(&other.certificate)
            .unwrap()
            .spki(),
    )
    .unwrap();
    let many: Vec<_> = std::iter::repeat_n(b64::encode_standard(&made.certificate), 9).collect();
    let mixed = json!({ "kty": "EC", "crv": "P-256", "x": other_key.x, "y": other_key.y, "x5c": made.x5c() });
    let open = |header: Value| SignedEnvelope::open(&made.sign(&header, POLICY)).unwrap_err();
    assert_eq!(open(json!({ "alg": "ES256" })), EnvelopeError::NoSigner);
    // Whatever a key identifier or a URL promise, no other key is looked for.
    assert_eq!(
        open(
            json!({ "alg": "ES256", "kid": "../../etc", "jku": "https://keys.example/", "x5u": "https://keys.example/" })
        ),
        EnvelopeError::NoSigner
    );
    assert_eq!(
        open(json!({ "alg": "ES256", "x5c": many })),
        EnvelopeError::TooManyCertificates { found: 9 }
    );
    assert_eq!(
        open(json!({ "alg": "ES256", "jwk": mixed })),
        EnvelopeError::Signer(JwkError::CertificateKeyDiffers)
    );
    assert_eq!(
        open(json!({ "alg": "ES256", "x5c": other.x5c() })),
        EnvelopeError::Jws(JwsError::Signature)
    );
    for algorithm in ["RS256", "HS256", "None", "NONE", "nOnE", "ES384", "RSA256", ""] {
        let error = open(json!({ "alg": algorithm, "x5c": made.x5c() }));
        assert!(
            matches!(error, EnvelopeError::Jws(JwsError::Algorithm { .. })),
            "{algorithm}: {error}"
        );
    }
    let critical = open(json!({ "alg": "ES256", "x5c": made.x5c(), "crit": ["b64"], "b64": false }));
    assert_eq!(critical, EnvelopeError::Jws(JwsError::CriticalExtension));
}

#[test]
fn signatures_of_zeros_are_none() {
    let made = made();
    let signed = made.sign(&json!({ "alg": "ES256", "x5c": made.x5c() }), POLICY);
    let (input, _) = signed.rsplit_once('.').unwrap();
    for signature in [
        vec![0; 64],
        vec![],
        vec![0x30, 0x06, 2, 1, 0, 2, 1, 0],
        vec![0xff; 64],
    ] {
        let forged = assemble(input.to_owned(), &signature);
        assert!(SignedEnvelope::open(&forged).is_err(), "{signature:?}");
    }
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let made = made();
    let signed = made.sign(&json!({ "alg": "ES256", "x5c": made.x5c() }), POLICY);
    for length in 0..signed.len() {
        let shorter = signed.get(..length).unwrap();
        assert!(PolicyEnvelope::open(shorter).is_err(), "{length}");
    }
    let bytes = signed.as_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let opened = std::str::from_utf8(&flipped)
            .ok()
            .and_then(|text| PolicyEnvelope::open(text).ok());
        assert_eq!(opened, None, "bit {bit}");
    }
}
