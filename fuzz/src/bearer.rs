//! Access tokens, as strangers send them.

use std::sync::OnceLock;

use attestry_api::access_token::{AccessToken, IssuerKeys, Rules};
use attestry_api::b64;
use attestry_api::jwk::{Jwk, JwkSet};
use attestry_api::jws::{Algorithm, assemble};
use attestry_forge::pki::KeyPair;

/// The time of verification.
const NOW: i64 = 1_800_000_000;
const SKEW: u32 = 60;

/// An issuer with its one key, and what its tokens are held to.
struct Issuer {
    key: KeyPair,
    keys: IssuerKeys,
    rules: Rules,
}

impl Issuer {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Issuer> = OnceLock::new();
        SHARED.get_or_init(|| {
            let key = KeyPair::from_scalar(&[7; 32]).expect("below the order of the curve");
            let jwk = Jwk {
                kid: Some("k".to_owned()),
                ..Jwk::from_spki(&key.spki()).expect("a P-256 key")
            };
            Self {
                keys: IssuerKeys::from_set(&JwkSet { keys: vec![jwk] }),
                rules: Rules {
                    issuer: "i".to_owned(),
                    audiences: vec!["a".to_owned()],
                    algorithms: vec![Algorithm::Es256],
                    skew_seconds: SKEW,
                    max_life_seconds: Some(3_600),
                },
                key,
            }
        })
    }
}

/// Any text as a token: without the issuer's key, nothing is believed. Then any header and claims (the lines of the
/// text) in a token that the issuer did sign: what is believed names the issuer and is in time.
pub fn bearer(data: &[u8]) {
    let issuer = Issuer::shared();
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(token) = AccessToken::parse(text) {
        assert!(token.verify(&issuer.keys, &issuer.rules, NOW).is_err());
    }
    let (header, claims) = text
        .split_once('\n')
        .unwrap_or((r#"{"alg":"ES256","kid":"k"}"#, text));
    let input = format!(
        "{}.{}",
        b64::encode_url(header.as_bytes()),
        b64::encode_url(claims.as_bytes())
    );
    let signature = issuer.key.sign_raw(input.as_bytes());
    let signed = assemble(input, &signature);
    let Ok(token) = AccessToken::parse(&signed) else {
        return;
    };
    if let Ok(verified) = token.verify(&issuer.keys, &issuer.rules, NOW) {
        assert_eq!(verified.text("iss"), Some("i"));
        let exp = verified.claims()["exp"].as_i64().expect("a time");
        assert!(exp > NOW - i64::from(SKEW));
    }
}
