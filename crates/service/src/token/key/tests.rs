use attestry_api::jws::{self, CompactJws, Conformance, VerificationKey};
use serde_json::json;

use super::*;

const ALL: [SigningAlgorithm; 4] = [
    SigningAlgorithm::Rs256,
    SigningAlgorithm::Ps256,
    SigningAlgorithm::Es256,
    SigningAlgorithm::Es384,
];

#[test]
fn every_algorithm_signs_what_its_public_key_verifies_also_after_reloading() {
    for algorithm in ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let reloaded = SigningKey::from_pkcs8(algorithm, &key.pkcs8().unwrap()).unwrap();
        assert_eq!((reloaded.kid(), reloaded.spki()), (key.kid(), key.spki()));
        let input = jws::signing_input(&json!({"alg": algorithm.as_str()}), &json!({}));
        let signature = reloaded.sign(input.as_bytes()).unwrap();
        let token = jws::assemble(input, &signature);
        let public = VerificationKey::from_spki(key.spki()).unwrap();
        assert!(
            CompactJws::parse(&token)
                .unwrap()
                .verify(&public, Conformance::Strict)
                .is_ok(),
            "{algorithm}"
        );
    }
}

#[test]
fn a_stored_key_of_another_kind_is_refused() {
    let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let refused = SigningKey::from_pkcs8(SigningAlgorithm::Rs256, &key.pkcs8().unwrap()).unwrap_err();
    assert_eq!(
        refused,
        TokenError::MalformedKey {
            algorithm: SigningAlgorithm::Rs256
        }
    );
    assert!(SigningKey::from_pkcs8(SigningAlgorithm::Es384, &key.pkcs8().unwrap()).is_err());
}

#[test]
fn names_are_those_of_rfc_7518() {
    for algorithm in ALL {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
    }
    assert!("none".parse::<SigningAlgorithm>().is_err());
}

#[test]
fn debug_output_shows_no_key() {
    let shown = format!("{:?}", SigningKey::generate(SigningAlgorithm::Es256).unwrap());
    assert!(
        shown.starts_with("SigningKey { algorithm: Es256, kid: "),
        "{shown}"
    );
    assert!(shown.ends_with(", .. }"), "{shown}");
}
