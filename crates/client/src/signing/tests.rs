use attestry_api::policy_envelope::PolicyEnvelope;
use attestry_api::spki::pem;
use attestry_api::{certificate_envelope::CertificateEnvelope, signed_envelope::SignedEnvelope};
use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
use rcgen::{
    CertificateParams, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SignatureAlgorithm,
};

use super::*;

const POLICY: &str = "version=1.0; authorizationrules{ => permit(); };";

struct Files {
    key_der: Vec<u8>,
    key: String,
    certificate: String,
    certificate_der: Vec<u8>,
}

fn files(algorithm: &'static SignatureAlgorithm) -> Files {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let certificate = CertificateParams::new(["signer".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    Files {
        key_der: key.serialize_der(),
        key: key.serialize_pem(),
        certificate: certificate.pem(),
        certificate_der: certificate.der().to_vec(),
    }
}

fn signer(files: &Files) -> PolicySigner {
    PolicySigner::from_pem(files.key.as_bytes(), files.certificate.as_bytes()).unwrap()
}

#[test]
fn every_kind_of_key_signs_what_a_service_can_verify() {
    for (algorithm, name) in [
        (&PKCS_RSA_SHA256, "RS256"),
        (&PKCS_ECDSA_P256_SHA256, "ES256"),
        (&PKCS_ECDSA_P384_SHA384, "ES384"),
    ] {
        let files = files(algorithm);
        let signer = signer(&files);
        assert_eq!(signer.algorithm(), name);
        let jws = signer.sign_policy(POLICY, None).unwrap();
        let opened = PolicyEnvelope::open(&jws).unwrap();
        assert_eq!(opened.policy(), Some(POLICY));
        assert_eq!(opened.signer().unwrap().certificates(), [files.certificate_der]);
    }
}

#[test]
fn keys_are_read_in_the_forms_of_each_tool() {
    let rsa = files(&PKCS_RSA_SHA256);
    // RFC 5958: PKCS #8 has a version, an algorithm and 4 bytes of an OCTET STRING's head around the PKCS #1 key.
    let pkcs1 = pem("RSA PRIVATE KEY", &rsa.key_der[26..]);
    assert!(PolicySigner::from_pem(pkcs1.as_bytes(), rsa.certificate.as_bytes()).is_ok());

    let ec = files(&PKCS_ECDSA_P384_SHA384);
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &ec.key_der).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
    // `openssl ecparam -genkey` writes the curve before the key.
    let sec1 = format!(
        "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n{}",
        pem("EC PRIVATE KEY", sec1.as_ref())
    );
    assert!(PolicySigner::from_pem(sec1.as_bytes(), ec.certificate.as_bytes()).is_ok());
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256] {
        let (one, other) = (files(algorithm), files(algorithm));
        let refused = PolicySigner::from_pem(one.key.as_bytes(), other.certificate.as_bytes());
        assert_eq!(refused.err(), Some(SigningError::OtherKey));
    }
    let (rsa, ec) = (files(&PKCS_RSA_SHA256), files(&PKCS_ECDSA_P256_SHA256));
    for (key, certificate) in [(&rsa, &ec), (&ec, &rsa)] {
        let refused = PolicySigner::from_pem(key.key.as_bytes(), certificate.certificate.as_bytes());
        assert!(matches!(refused.err(), Some(SigningError::Key { .. })));
    }
}

#[test]
fn files_without_key_or_certificate_are_named() {
    let good = files(&PKCS_ECDSA_P256_SHA256);
    let refused =
        |key: &str, certificate: &str| PolicySigner::from_pem(key.as_bytes(), certificate.as_bytes()).err();
    assert_eq!(
        refused(&good.certificate, &good.certificate),
        Some(SigningError::NoKey)
    );
    assert_eq!(refused(&good.key, &good.key), Some(SigningError::NoCertificate));
    let nine = good.certificate.repeat(9);
    assert_eq!(
        refused(&good.key, &nine),
        Some(SigningError::TooManyCertificates { found: 9 })
    );
}

#[test]
fn a_reset_has_no_payload_unless_it_names_its_use() {
    let signer = signer(&files(&PKCS_ECDSA_P256_SHA256));
    let bare = SignedEnvelope::open(&signer.sign_reset(None).unwrap()).unwrap();
    assert!(bare.payload.is_empty() && bare.signer.is_some());

    let only_for = SignedUse {
        url: "https://a/policies/Tpm:reset".to_owned(),
        issued_at: 17,
    };
    let jws = signer.sign_reset(Some(&only_for)).unwrap();
    let opened = PolicyEnvelope::open_reset(&jws).unwrap();
    let payload: Value = serde_json::from_slice(opened.payload()).unwrap();
    assert_eq!(payload, json!({"aud": "https://a/policies/Tpm:reset", "iat": 17}));
}

#[test]
fn certificates_and_roll_backs_are_signed_in_their_own_form() {
    let (ec, rsa) = (files(&PKCS_ECDSA_P256_SHA256), files(&PKCS_RSA_SHA256));
    let jws = signer(&ec).sign_certificate(&rsa.certificate_der, None).unwrap();
    let opened = CertificateEnvelope::open(&jws).unwrap();
    assert_eq!(opened.leaf(), rsa.certificate_der);
    assert_eq!(
        opened.signer().unwrap().certificates(),
        std::slice::from_ref(&ec.certificate_der)
    );

    let jws = signer(&ec).sign_rollback(12, None).unwrap();
    assert_eq!(SignedEnvelope::open(&jws).unwrap().payload, br#"{"revision":12}"#);

    assert!(matches!(
        signer(&ec).sign_certificate(b"nonsense", None),
        Err(SigningError::Certificate(_))
    ));
}
