use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

use super::*;
use crate::b64;

fn certificate() -> String {
    let pair = KeyPair::generate().unwrap();
    let made = CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    b64::encode_standard(made.der())
}

fn open(payload: &Value) -> Result<CertificateEnvelope, CertificateEnvelopeError> {
    let encode = |text: &str| b64::encode_url(text.as_bytes());
    CertificateEnvelope::open(&format!(
        "{}.{}.",
        encode(r#"{"alg":"none"}"#),
        encode(&payload.to_string())
    ))
}

#[test]
fn one_certificate_under_one_of_its_names() {
    let x5c = certificate();
    let jwk = json!({ "kty": "EC", "x5c": [x5c] });
    for name in CERTIFICATE_MEMBERS {
        let opened = open(&json!({ name: jwk })).unwrap();
        assert_eq!(opened.certificate().x5c, std::slice::from_ref(&x5c));
        assert_eq!(opened.leaf(), b64::decode_lenient(&x5c).unwrap());
        assert_eq!(opened.signer(), None);
    }
    assert_eq!(
        open(&json!({ "policyCertificate": jwk, "aas-policyCertificate": jwk })),
        Err(CertificateEnvelopeError::Payload)
    );
    assert_eq!(
        open(&json!({ "policyCertificate": jwk, "AttestationPolicy": "e30" })),
        Err(CertificateEnvelopeError::Payload)
    );
    for payload in [
        json!({}),
        json!([jwk]),
        json!(null),
        json!({ "policycertificate": jwk }),
    ] {
        assert_eq!(
            open(&payload),
            Err(CertificateEnvelopeError::Payload),
            "{payload}"
        );
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    let x5c = certificate();
    for jwk in [
        json!({ "kty": "EC" }),
        json!({ "kty": "EC", "x5c": [] }),
        json!({ "kty": "EC", "x5c": ["!"] }),
        json!({ "kty": "EC", "x5c": ["AAAA"] }),
        json!({ "kty": "EC", "x5c": x5c }),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "x5c": [x5c] }),
        json!("certificate"),
    ] {
        let error = open(&json!({ "policyCertificate": jwk }));
        assert!(
            matches!(error, Err(CertificateEnvelopeError::Certificate(_))),
            "{jwk}: {error:?}"
        );
    }
}
