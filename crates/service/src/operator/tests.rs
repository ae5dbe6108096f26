use rcgen::KeyPair;

use super::*;

#[test]
fn other_keys_are_refused() {
    let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    assert!(matches!(
        OperatorSigner::from_pem(p384.serialize_pem().as_bytes()),
        Err(SignedFileError::PrivateKey),
    ));
    assert!(matches!(
        OperatorKey::from_pem(p384.public_key_pem().as_bytes()),
        Err(SignedFileError::PublicKey),
    ));
    assert!(matches!(
        OperatorSigner::from_pem(b"no PEM"),
        Err(SignedFileError::PrivateKey)
    ));
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let signer = OperatorSigner::from_pem(pair.serialize_pem().as_bytes()).unwrap();
    let key = OperatorKey::from_pem(pair.public_key_pem().as_bytes()).unwrap();
    let file = signer.seal("text/plain", b"content").unwrap();
    assert_eq!(
        key.open(&file, &["text/plain"], file.len()).unwrap().payload,
        b"content"
    );
    let limit = file.len() - 1;
    assert_eq!(
        key.open(&file, &["text/plain"], limit),
        Err(SignedFileError::TooLarge { limit })
    );
}

#[test]
fn of_several_signatures_the_operators_is_found() {
    let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let signer = OperatorSigner::from_pem(pair.serialize_pem().as_bytes()).unwrap();
    let key = OperatorKey::from_pem(pair.public_key_pem().as_bytes()).unwrap();
    let file = signer.seal("text/plain", b"content").unwrap();
    let with_others = |others: usize| {
        let mut envelope: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let signatures = envelope["signatures"].as_array_mut().unwrap();
        for _ in 0..others {
            signatures.insert(0, serde_json::json!({ "sig": "AAAA" }));
        }
        key.open(envelope.to_string().as_bytes(), &["text/plain"], 4096)
    };
    assert!(with_others(7).is_ok());
    assert_eq!(with_others(8).unwrap_err(), SignedFileError::Signature);
}
