use attestry_api::jws;
use serde_json::json;

use super::*;
use crate::TokenRules;
use crate::key_release::UnwrappingKey;
use crate::key_release::tests::{ISSUER, token};
use crate::token::tests::{Issuer, NOW};

/// A good key: a modulus of so many bits, all of them one but the second, and the exponent 65,537.
fn key(bits: usize) -> Value {
    let mut modulus = vec![0xFF_u8; bits.div_ceil(8)];
    modulus[0] = match bits % 8 {
        0 => 0xBF,
        odd => 0xFF >> (8 - odd),
    };
    json!({"kid": "k", "kty": "RSA", "n": b64::encode_url(&modulus), "e": "AQAB", "key_ops": ["encrypt"]})
}

fn with(mut key: Value, member: &str, value: Value) -> Value {
    key[member] = value;
    key
}

fn chosen(keys: &Value) -> Result<(String, usize), WrappingKeyError> {
    let token = token(&json!({"x-ms-runtime": {"keys": keys}}));
    WrappingKey::from_token(&token).map(|key| (key.kid().to_owned(), key.bits()))
}

fn named(kid: &str) -> Value {
    with(key(2_048), "kid", kid.into())
}

#[test]
fn the_first_rsa_key_for_encryption_is_chosen_and_no_other() {
    let mut signing = named("signing");
    signing["key_ops"] = json!(["sign"]);
    signing["use"] = json!("sig");
    let mut by_use = named("use");
    by_use["key_ops"] = Value::Null;
    by_use["use"] = json!("enc");
    let mut by_key_use = named("key_use");
    by_key_use["key_ops"] = json!("encrypt");
    by_key_use["key_use"] = json!("enc");
    let elliptic = with(named("ec"), "kty", json!("EC"));
    for (keys, kid) in [
        (json!([named("a"), named("b")]), "a"),
        (json!([signing, elliptic, 7, named("b")]), "b"),
        (json!([by_use, named("b")]), "use"),
        (json!([by_key_use, named("b")]), "key_use"),
        (
            json!([with(named("many"), "key_ops", json!(["sign", "encrypt"]))]),
            "many",
        ),
    ] {
        assert_eq!(chosen(&keys).map(|(kid, _)| kid), Ok(kid.to_owned()));
    }
    assert_eq!(
        chosen(&json!([signing, elliptic])),
        Err(WrappingKeyError::NoneSuitable { found: 2 })
    );
    assert_eq!(
        chosen(&json!([])),
        Err(WrappingKeyError::NoneSuitable { found: 0 })
    );
    // A weak key is not passed over for a better one.
    let weak = with(key(1_024), "kid", json!("weak"));
    assert_eq!(
        chosen(&json!([weak, named("b")])),
        Err(WrappingKeyError::Size {
            kid: "weak".to_owned(),
            found: 1_024
        })
    );
}

#[test]
fn keys_elsewhere_in_the_token_are_never_chosen() {
    let keys = json!({"keys": [key(2_048)]});
    for claims in [
        json!({}),
        json!({"x-ms-runtime": "text"}),
        json!({"x-ms-runtime": {"keys": {}}}),
        json!({"x-ms-isolation-tee": {"x-ms-runtime": keys}}),
        json!({"x-ms-runtime": {"nested": keys}}),
        json!({"x-ms-runtime": [keys]}),
        json!({"x-ms-inittime": keys}),
        keys.clone(),
    ] {
        let found = WrappingKey::from_token(&token(&claims)).map(|key| key.kid().to_owned());
        assert_eq!(found, Err(WrappingKeyError::NoKeys), "{claims}");
    }
}

#[test]
fn sizes_and_exponents_stop_at_their_limits() {
    for bits in [2_048, 2_049, 3_072, 4_095, 4_096] {
        assert_eq!(chosen(&json!([key(bits)])), Ok(("k".to_owned(), bits)));
    }
    for found in [1, 1_024, 2_047, 4_097, 8_192] {
        let kid = "k".to_owned();
        assert_eq!(
            chosen(&json!([key(found)])),
            Err(WrappingKeyError::Size { kid, found })
        );
    }
    let empty = chosen(&json!([with(key(2_048), "n", json!(""))]));
    assert_eq!(
        empty,
        Err(WrappingKeyError::Size {
            kid: "k".to_owned(),
            found: 0
        })
    );
    let exponent = |bytes: &[u8]| chosen(&json!([with(key(2_048), "e", b64::encode_url(bytes).into())]));
    let kid = "k".to_owned();
    for good in [
        &[1, 0, 1][..],
        &[0, 1, 0, 1],
        &[1, 0, 3],
        &[0xFF, 0xFF, 0xFF, 0xFF],
    ] {
        assert!(exponent(good).is_ok(), "{good:?}");
    }
    for bad in [
        &[][..],
        &[0],
        &[1],
        &[3],
        &[0xFF, 0xFF],
        &[1, 0, 0],
        &[1, 0, 2],
        &[1, 0, 0, 0, 1],
        &[1; 300],
    ] {
        assert_eq!(
            exponent(bad),
            Err(WrappingKeyError::Exponent { kid: kid.clone() }),
            "{bad:?}"
        );
    }
}

#[test]
fn malformed_keys_are_refused() {
    let text = || "k".to_owned();
    for (member, value, expected) in [
        ("kid", Value::Null, WrappingKeyError::NoKid),
        ("kid", json!(""), WrappingKeyError::NoKid),
        ("kid", json!(1), WrappingKeyError::NoKid),
        (
            "n",
            Value::Null,
            WrappingKeyError::Malformed {
                kid: text(),
                reason: "`n` is missing or not base64url",
            },
        ),
        (
            "n",
            json!("A+/="),
            WrappingKeyError::Malformed {
                kid: text(),
                reason: "`n` is missing or not base64url",
            },
        ),
        (
            "e",
            Value::Null,
            WrappingKeyError::Malformed {
                kid: text(),
                reason: "`e` is missing or not base64url",
            },
        ),
        (
            "e",
            json!("AQ=="),
            WrappingKeyError::Malformed {
                kid: text(),
                reason: "`e` is missing or not base64url",
            },
        ),
    ] {
        assert_eq!(
            chosen(&json!([with(key(2_048), member, value)])),
            Err(expected),
            "{member}"
        );
    }
    let mut even = vec![0xFF; 256];
    even[255] = 0xFE;
    let even = with(key(2_048), "n", b64::encode_url(&even).into());
    assert_eq!(
        chosen(&json!([even])),
        Err(WrappingKeyError::Malformed {
            kid: text(),
            reason: "it is no RSA key"
        })
    );
}

#[test]
fn runtime_data_of_a_workload_give_its_key() {
    let data = UnwrappingKey::generate().unwrap().runtime_data("mine").unwrap();
    let token = token(&json!({"x-ms-runtime": serde_json::from_str::<Value>(&data).unwrap()}));
    let key = WrappingKey::from_token(&token).unwrap();
    assert_eq!((key.kid(), key.bits()), ("mine", 2_048));
}

#[test]
fn the_keys_of_a_draft_token_are_nobodys() {
    let claims = json!({
        "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 100, "x-ms-runtime": {"keys": [key(2_048)]},
    });
    let draft = jws::assemble(jws::signing_input(&json!({"alg": "none"}), &claims), &[]);
    let draft = TokenRules::new()
        .accept_unsigned_draft()
        .validate(&draft, &Issuer::new().keys(), NOW)
        .unwrap();
    assert_eq!(
        WrappingKey::from_token(&draft).map(|_| ()),
        Err(WrappingKeyError::Unsigned)
    );
}
