use super::*;
use crate::azure::fixture::{claims, key};

fn field(text: &str) -> String {
    match RuntimeClaims::parse(text.as_bytes()) {
        Err(RuntimeError::Field { field, found, .. }) => format!("{field} {found}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_configuration_and_user_data_are_read() {
    let read = RuntimeClaims::parse(claims().as_bytes()).unwrap();
    assert_eq!(read.ak_pub(), Some(&key(0xA1)));
    assert_eq!(read.ek_pub(), Some(&key(0xE1)));
    assert_eq!(read.transfer_key(), None);
    assert_eq!(read.user_data(), Some(&[0, 0xFF].repeat(32)[..]));
    assert_eq!(
        read.vm_configuration().unwrap().get("secure-boot"),
        Some(&Value::Bool(true))
    );
}

#[test]
fn every_member_is_kept_as_it_was() {
    let text = claims().replacen('{', r#"{"later":{"a":[1,null,"x"]},"#, 1);
    let read = RuntimeClaims::parse(text.as_bytes()).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(Value::Object(read.members().clone()), whole);
}

#[test]
fn claims_without_keys_are_claims() {
    let read = RuntimeClaims::parse(b"{}").unwrap();
    assert_eq!(read.ak_pub(), None);
    assert_eq!(read.user_data(), None);
    assert_eq!(read.vm_configuration(), None);
}

#[test]
fn a_member_named_twice_is_refused_at_any_depth() {
    let twice = claims().replace(
        r#""secure-boot":true"#,
        r#""secure-boot":true,"secure-boot":false"#,
    );
    assert!(matches!(
        RuntimeClaims::parse(twice.as_bytes()),
        Err(RuntimeError::Syntax { reason }) if reason.contains("`secure-boot` appears twice")
    ));
}

#[test]
fn two_keys_of_one_name_are_refused() {
    let twice = claims().replace("HCLEkPub", "HCLAkPub");
    let expected = RuntimeError::DuplicateKey {
        kid: "HCLAkPub".into(),
    };
    assert_eq!(RuntimeClaims::parse(twice.as_bytes()), Err(expected));
}

#[test]
fn what_has_no_single_meaning_is_refused() {
    assert_eq!(field("[]"), "$ []");
    assert_eq!(field(r#"{"keys":{}}"#), "keys {}");
    assert_eq!(field(r#"{"keys":[7]}"#), "keys[0].kid nothing");
    assert_eq!(field(r#"{"keys":[{"kid":"a"}]}"#), "keys[0].kty nothing");
    assert_eq!(
        field(r#"{"keys":[{"kid":"a","kty":"RSA","n":"AA==","e":"AQAB"}]}"#),
        r#"keys[0].n "AA==""#
    );
    assert!(field(r#"{"keys":[{"kid":"a","kty":"RSA","n":"AA","e":"AQAB"}]}"#).starts_with("keys[0] "));
    assert_eq!(field(r#"{"vm-configuration":[]}"#), "vm-configuration []");
    assert_eq!(field(r#"{"user-data":"0"}"#), r#"user-data "0""#);
    assert_eq!(field(r#"{"user-data":7}"#), "user-data 7");
    let long = "00".repeat(65);
    assert!(field(&format!(r#"{{"user-data":"{long}"}}"#)).starts_with("user-data"));
}

#[test]
fn size_depth_and_number_of_keys_are_bounded() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_RUNTIME_BYTES));
    assert!(matches!(
        RuntimeClaims::parse(large.as_bytes()),
        Err(RuntimeError::TooLarge { .. })
    ));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
    assert!(matches!(
        RuntimeClaims::parse(deep.as_bytes()),
        Err(RuntimeError::Syntax { .. })
    ));
    let keys: Vec<String> = (0..17)
        .map(|index| format!(r#"{{"kid":"{index}","kty":"oct"}}"#))
        .collect();
    let many = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let expected = RuntimeError::KeyCount { found: 17, limit: 16 };
    assert_eq!(RuntimeClaims::parse(many.as_bytes()), Err(expected));
}

#[test]
fn a_refusal_names_the_claim() {
    let told = RuntimeClaims::parse(br#"{"user-data":"0"}"#)
        .unwrap_err()
        .explain();
    assert_eq!(told.code, "runtime_field");
    assert_eq!(told.field, "runtime_claims.user-data");
    assert_eq!(told.found, "\"0\"");
}
