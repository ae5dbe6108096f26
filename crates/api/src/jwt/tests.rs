use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;

use super::*;
use crate::{jwk::Jwk, jws};

const NOW: i64 = 1_800_000_000;

struct Issuer(EcdsaKeyPair);

impl Issuer {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn keys(&self, kid: &str) -> JwkSet {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        let jwk = Jwk::from_spki(der.as_ref()).unwrap();
        JwkSet {
            keys: vec![Jwk {
                kid: Some(kid.to_owned()),
                ..jwk
            }],
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = jws::signing_input(header, claims);
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        jws::assemble(input, signature.as_ref())
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": "k"}), claims)
    }
}

fn claims() -> Value {
    json!({"exp": NOW + 60, "iat": NOW, "iss": "https://a", "nbf": NOW})
}

fn at(now: i64, skew_seconds: u32) -> Result<ValidatedToken, JwtError> {
    let issuer = Issuer::new();
    let validation = Validation {
        skew_seconds,
        ..Validation::default()
    };
    validate(&issuer.token(&claims()), &issuer.keys("k"), &validation, now)
}

#[test]
fn a_token_is_valid_from_its_first_to_before_its_last_second() {
    assert!(at(NOW, 0).is_ok());
    assert!(at(NOW + 59, 0).is_ok());
    assert_eq!(
        at(NOW - 1, 0),
        Err(JwtError::NotYetValid {
            nbf: NOW,
            now: NOW - 1
        })
    );
    assert_eq!(
        at(NOW + 60, 0),
        Err(JwtError::Expired {
            exp: NOW + 60,
            now: NOW + 60
        })
    );
}

#[test]
fn skew_widens_the_life_on_both_sides() {
    assert!(at(NOW - 5, 5).is_ok());
    assert!(at(NOW + 64, 5).is_ok());
    assert!(at(NOW - 6, 5).is_err());
    assert!(at(NOW + 65, 5).is_err());
}

#[test]
fn times_must_be_integers_and_consistent() {
    let issuer = Issuer::new();
    let check = |claims: Value| {
        validate(
            &issuer.token(&claims),
            &issuer.keys("k"),
            &Validation::default(),
            NOW,
        )
        .unwrap_err()
    };
    let integer = |claim| JwtError::Claim {
        claim,
        expected: "an integer",
    };
    assert_eq!(check(json!({"iat": NOW, "nbf": NOW})), integer("exp"));
    assert_eq!(
        check(json!({"exp": NOW + 60, "iat": NOW, "nbf": "0"})),
        integer("nbf")
    );
    assert_eq!(check(json!({"exp": NOW + 60, "nbf": NOW})), integer("iat"));
    assert_eq!(
        check(json!({"exp": NOW + 60, "iat": NOW + 1, "nbf": NOW})),
        JwtError::IssuedInFuture {
            iat: NOW + 1,
            now: NOW
        }
    );
    assert!(matches!(check(json!([])), JwtError::Claims(_)));
}

#[test]
fn the_issuer_must_match_exactly_when_it_is_asked_for() {
    let issuer = Issuer::new();
    let check = |wanted: &str| {
        let validation = Validation {
            issuer: Some(wanted.to_owned()),
            ..Validation::default()
        };
        validate(&issuer.token(&claims()), &issuer.keys("k"), &validation, NOW).map(|_| ())
    };
    assert_eq!(check("https://a"), Ok(()));
    let error = JwtError::Issuer {
        expected: "https://a/".to_owned(),
        found: "https://a".to_owned(),
    };
    assert_eq!(check("https://a/"), Err(error));
}

#[test]
fn the_key_is_the_one_the_header_names() {
    let issuer = Issuer::new();
    let check = |token: &str, keys: &JwkSet| validate(token, keys, &Validation::default(), NOW).map(|_| ());
    let token = issuer.token(&claims());
    assert_eq!(
        check(&token, &issuer.keys("other")),
        Err(JwtError::UnknownKey { kid: "k".to_owned() })
    );
    assert_eq!(
        check(&token, &Issuer::new().keys("k")),
        Err(JwtError::Jws(JwsError::Signature))
    );
    let anonymous = issuer.sign(&json!({"alg": "ES256"}), &claims());
    let mut keys = Issuer::new().keys("x");
    keys.keys.extend(issuer.keys("y").keys);
    assert_eq!(check(&anonymous, &keys), Ok(()));
}

#[test]
fn unsigned_tokens_pass_only_on_request_and_are_marked() {
    let issuer = Issuer::new();
    let token = jws::assemble(
        jws::signing_input(&json!({"alg": "none", "kid": "k"}), &claims()),
        &[],
    );
    let accept = Validation {
        unsigned: UnsignedTokens::Accept,
        ..Validation::default()
    };
    let refuse = Validation::default();
    assert_eq!(
        validate(&token, &issuer.keys("k"), &refuse, NOW),
        Err(JwtError::Jws(JwsError::Unsigned))
    );
    assert!(
        !validate(&token, &issuer.keys("k"), &accept, NOW)
            .unwrap()
            .is_signed()
    );
    // Accepting unsigned tokens must not make a bad signature good.
    let forged = format!("{token}AAAA");
    assert_eq!(
        validate(&forged, &issuer.keys("k"), &accept, NOW),
        Err(JwtError::Jws(JwsError::UnexpectedSignature))
    );
    assert!(validate(&issuer.token(&claims()), &Issuer::new().keys("k"), &accept, NOW).is_err());
    assert!(
        validate(&issuer.token(&claims()), &issuer.keys("k"), &accept, NOW)
            .unwrap()
            .is_signed()
    );
    assert!(validate(&token, &issuer.keys("k"), &accept, NOW + 60).is_err());
}
