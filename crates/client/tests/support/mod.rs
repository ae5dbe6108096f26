//! The key of a service that tests play.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something unexpected happens"
)]

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use attestry_api::{b64, jws};
use attestry_client::Jwk;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// A key that signs tokens.
pub struct SigningKey {
    kid: &'static str,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    pub fn new(kid: &'static str) -> Arc<Self> {
        Arc::new(Self {
            kid,
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        })
    }

    /// Its public half, as `/certs` shows it.
    pub fn jwk(&self) -> Jwk {
        let point = self.pair.public_key().as_ref();
        Jwk {
            kty: "EC".to_owned(),
            crv: Some("P-256".to_owned()),
            kid: Some(self.kid.to_owned()),
            x: Some(b64::encode_url(&point[1..33])),
            y: Some(b64::encode_url(&point[33..])),
            ..Jwk::default()
        }
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": self.kid, "typ": "JWT"});
        let input = jws::signing_input(&header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        jws::assemble(input, signature.as_ref())
    }
}

/// Unix seconds.
pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
