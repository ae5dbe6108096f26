use attestry_api::jwk::Jwk;
use attestry_api::{b64, jws};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::*;

pub(crate) const NOW: i64 = 1_700_000_000;

/// An issuer of tokens that are valid at [`NOW`].
pub(crate) struct Issuer {
    key: EcdsaKeyPair,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    pub(crate) fn keys(&self) -> JwkSet {
        let point = self.key.public_key().as_ref();
        let key = Jwk {
            kty: "EC".to_owned(),
            crv: Some("P-256".to_owned()),
            kid: Some("one".to_owned()),
            x: Some(b64::encode_url(&point[1..33])),
            y: Some(b64::encode_url(&point[33..])),
            ..Jwk::default()
        };
        JwkSet { keys: vec![key] }
    }

    fn token(&self) -> String {
        self.token_of(&json!({"iss": "https://a", "nonce": "n"}))
    }

    /// A token with these claims and the times.
    pub(crate) fn token_of(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": "one", "typ": "JWT"});
        let mut claims = claims.clone();
        for (name, time) in [("iat", NOW), ("nbf", NOW), ("exp", NOW + 100)] {
            claims[name] = time.into();
        }
        let input = jws::signing_input(&header, &claims);
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        jws::assemble(input, signature.as_ref())
    }
}

#[test]
fn a_good_token_passes_and_gives_its_claims() {
    let issuer = Issuer::new();
    let token = TokenRules::new()
        .issuer("https://a")
        .validate(&issuer.token(), &issuer.keys(), NOW)
        .unwrap();
    assert!(token.is_signed());
    assert_eq!(token.claims()["nonce"], "n");
}

#[test]
fn an_algorithm_that_is_not_wanted_is_refused_although_the_signature_verifies() {
    let issuer = Issuer::new();
    let rules = TokenRules::new().algorithms([Algorithm::Rs256]);
    let refused = rules.validate(&issuer.token(), &issuer.keys(), NOW);
    assert_eq!(
        refused,
        Err(TokenError::Algorithm {
            found: "ES256".to_owned()
        })
    );
}

#[test]
fn the_rules_reach_the_checks_of_issuer_and_time() {
    let issuer = Issuer::new();
    let (token, keys) = (issuer.token(), issuer.keys());
    let check = |rules: TokenRules, now| rules.validate(&token, &keys, now);
    assert!(matches!(
        check(TokenRules::new().issuer("https://b"), NOW),
        Err(TokenError::Jwt(JwtError::Issuer { .. }))
    ));
    assert!(matches!(
        check(TokenRules::new(), NOW + 100),
        Err(TokenError::Jwt(JwtError::Expired { .. }))
    ));
    assert!(matches!(
        check(TokenRules::new(), NOW - 1),
        Err(TokenError::Jwt(JwtError::NotYetValid { .. }))
    ));
    assert!(check(TokenRules::new().skew_seconds(1), NOW + 100).is_ok());
    assert!(check(TokenRules::new().skew_seconds(1), NOW - 1).is_ok());
}

#[test]
fn an_unsigned_token_passes_only_where_a_draft_is_expected() {
    let claims = json!({"iss": "https://a", "iat": NOW, "nbf": NOW, "exp": NOW + 100});
    let token = jws::assemble(jws::signing_input(&json!({"alg": "none"}), &claims), &[]);
    let keys = Issuer::new().keys();
    assert!(TokenRules::new().validate(&token, &keys, NOW).is_err());
    let draft = TokenRules::new()
        .accept_unsigned_draft()
        .validate(&token, &keys, NOW)
        .unwrap();
    assert!(!draft.is_signed());
}

#[test]
fn a_token_that_answers_another_request_is_refused() {
    let issuer = Issuer::new();
    let token = TokenRules::new()
        .validate(&issuer.token(), &issuer.keys(), NOW)
        .unwrap();
    assert_eq!(repeats(&token, "nonce", Some("n")), Ok(()));
    assert_eq!(repeats(&token, "nonce", None), Ok(()));
    let unrelated = |claim, expected: &str, found: &str| {
        Err(TokenError::Unrelated {
            claim,
            expected: expected.to_owned(),
            found: found.to_owned(),
        })
    };
    assert_eq!(repeats(&token, "nonce", Some("m")), unrelated("nonce", "m", "n"));
    assert_eq!(
        repeats(&token, "x-ms-attestation-type", Some("sgx")),
        unrelated("x-ms-attestation-type", "sgx", "")
    );
}
