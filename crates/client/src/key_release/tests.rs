//! What the tests of this module have in common.

use serde_json::{Value, json};

use super::ReleasePolicy;
use crate::token::tests::{Issuer, NOW};
use crate::{TokenRules, ValidatedToken};

/// Who issues the tokens of these tests.
pub(super) const ISSUER: &str = "https://attest.example";

/// A validated token of [`ISSUER`] with these claims beside `iss` and the times.
pub(super) fn token(claims: &Value) -> ValidatedToken {
    let mut all = json!({"iss": ISSUER});
    for (name, value) in claims.as_object().cloned().unwrap_or_default() {
        all[name] = value;
    }
    let issuer = Issuer::new();
    TokenRules::new()
        .validate(&issuer.token_of(&all), &issuer.keys(), NOW)
        .unwrap()
}

/// A policy with one authority, [`ISSUER`], and these conditions of which all must be met.
pub(super) fn policy(all_of: &Value) -> ReleasePolicy {
    let policy = json!({"version": "1.0.0", "anyOf": [{"authority": ISSUER, "allOf": all_of}]});
    ReleasePolicy::from_json(policy.to_string().as_bytes()).unwrap()
}
