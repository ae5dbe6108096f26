//! Release policies, and what a vault is asked, as strangers send them.

use std::sync::OnceLock;

use attestry_api::b64;
use attestry_api::jwk::{Jwk, JwkSet};
use attestry_api::jws::assemble;
use attestry_client::key_release::{ReleasePolicy, ReleaseRequest, WrappingKey};
use attestry_client::{TokenRules, ValidatedToken};
use attestry_forge::pki::KeyPair;

/// The times of the tokens below hold at this one.
const NOW: i64 = 1_800_000_000;

/// Any text as a policy, in itself and in its wire form, and any claims (what stands behind a NUL) in a token that its issuer
/// did sign: a key is released by an authority that is the issuer, or not at all.
pub fn release_policy(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let text = parts.next().unwrap_or_default();
    let _ = ReleaseRequest::from_json(text);
    let Ok(policy) = ReleasePolicy::from_json(text) else {
        return;
    };
    let wire = policy.to_wire().to_string();
    if let Ok(again) = ReleasePolicy::from_json(wire.as_bytes()) {
        assert_eq!(again, policy);
    }
    let Some(token) = parts.next().and_then(token) else {
        return;
    };
    let _ = WrappingKey::from_token(&token);
    let Ok(evaluation) = policy.evaluate(&token) else {
        return;
    };
    let nothing_in_the_way = evaluation.unmet().next().is_none() && policy.names_issuer(evaluation.issuer());
    assert_eq!(evaluation.is_released(), nothing_in_the_way);
    if let Some(authority) = evaluation.releasing_authority() {
        let same = |text: &str| text.trim_end_matches('/').to_owned();
        assert_eq!(same(&authority.authority), same(evaluation.issuer()));
    }
    assert!(!evaluation.to_string().contains('\n'));
}

/// A token with these claims, signed and validated.
fn token(claims: &[u8]) -> Option<ValidatedToken> {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    let key = KEY.get_or_init(|| KeyPair::from_scalar(&[7; 32]).expect("below the order of the curve"));
    let jwk = Jwk {
        kid: Some("k".to_owned()),
        ..Jwk::from_spki(&key.spki()).ok()?
    };
    let input = format!(
        "{}.{}",
        b64::encode_url(br#"{"alg":"ES256","kid":"k"}"#),
        b64::encode_url(claims)
    );
    let signature = key.sign_raw(input.as_bytes());
    TokenRules::new()
        .validate(&assemble(input, &signature), &JwkSet { keys: vec![jwk] }, NOW)
        .ok()
}
