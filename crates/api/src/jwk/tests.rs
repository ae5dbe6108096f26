use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, KeyPair, RsaKeyPair,
    },
};

use super::*;

fn rsa_spki_der() -> Vec<u8> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

#[test]
fn keys_survive_the_way_through_json() {
    let mut keys = vec![rsa_spki_der()];
    for scheme in [
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        &ECDSA_P521_SHA512_FIXED_SIGNING,
    ] {
        let pair = EcdsaKeyPair::generate(scheme).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        keys.push(der.as_ref().to_vec());
    }
    for spki in keys {
        let jwk = Jwk::from_spki(&spki).unwrap();
        let text = serde_json::to_string(&JwkSet { keys: vec![jwk] }).unwrap();
        let read = JwkSet::from_json(text.as_bytes()).unwrap();
        assert_eq!(read.keys[0].spki().unwrap(), spki, "{text}");
    }
}

#[test]
fn absent_members_are_not_written() {
    let text = serde_json::to_string(&Jwk {
        kty: "RSA".to_owned(),
        ..Jwk::default()
    })
    .unwrap();
    assert_eq!(text, r#"{"kty":"RSA"}"#);
}

#[test]
fn incomplete_and_foreign_keys_are_refused() {
    let jwk = |text: &str| {
        Jwk::from_value(serde_json::from_str(text).unwrap())
            .unwrap()
            .spki()
            .unwrap_err()
    };
    assert_eq!(jwk(r#"{"kty":"RSA"}"#), JwkError::Missing { member: "x5c" });
    assert_eq!(
        jwk(r#"{"kty":"RSA","n":"AQAB"}"#),
        JwkError::Missing { member: "e" }
    );
    assert_eq!(
        jwk(r#"{"kty":"RSA","n":"AQ=","e":"AQ"}"#),
        JwkError::Base64 { member: "n" }
    );
    assert_eq!(
        jwk(r#"{"kty":"oct","k":"AA"}"#),
        JwkError::UnsupportedType {
            found: "oct".to_owned()
        }
    );
    assert_eq!(jwk("{}"), JwkError::Missing { member: "kty" });
    assert_eq!(
        jwk(r#"{"kty":"EC","crv":"P-255","x":"AA","y":"AA"}"#),
        JwkError::UnsupportedType {
            found: "P-255".to_owned()
        }
    );
    assert_eq!(
        jwk(r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#),
        JwkError::Base64 { member: "x, y" }
    );
    assert!(matches!(
        jwk(r#"{"kty":"RSA","x5c":["AAAA"]}"#),
        JwkError::Certificate(_)
    ));
}

#[test]
fn a_set_of_too_many_keys_is_refused() {
    let keys = vec![
        Jwk {
            kty: "RSA".to_owned(),
            ..Jwk::default()
        };
        MAX_KEYS + 1
    ];
    let text = serde_json::to_string(&JwkSet { keys }).unwrap();
    assert_eq!(
        JwkSet::from_json(text.as_bytes()),
        Err(JwkError::TooManyKeys { found: MAX_KEYS + 1 })
    );
}
