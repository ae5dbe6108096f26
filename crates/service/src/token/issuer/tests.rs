use attestry_api::jws::CompactJws;
use attestry_api::jwt::{self, Validation};

use super::*;
use crate::store::SigningKeyState;

const URL: &str = "https://localhost:8443";
const NOW: UnixTime = UnixTime::new(1_800_000_000);

fn issuer() -> TokenIssuer {
    let ring = KeyRing::generate(SigningAlgorithm::Rs256).unwrap();
    TokenIssuer::new(URL, &ring, SigningAlgorithm::Rs256).unwrap()
}

fn claims() -> Map<String, Value> {
    let Value::Object(claims) = json!({"x-ms-runtime": {"b": 1, "a": 2}, "iss": "https://elsewhere"}) else {
        unreachable!("an object")
    };
    claims
}

fn part(token: &str, index: usize) -> String {
    String::from_utf8(b64::decode_url(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

#[test]
fn attestation_tokens_have_maas_form() {
    let issuer = issuer();
    let token = issuer.attestation(claims(), NOW).unwrap();
    let kid = issuer.key().kid();
    let header = format!(r#"{{"alg":"RS256","jku":"{URL}/certs","kid":"{kid}","typ":"JWT"}}"#);
    assert_eq!(part(&token, 0), header);
    let id: Value = serde_json::from_str::<Value>(&part(&token, 1)).unwrap()["jti"].take();
    let id = id.as_str().unwrap();
    assert!(
        id.len() == 64 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')),
        "{id}"
    );
    let body = format!(
        r#"{{"exp":1800028800,"iat":1800000000,"iss":"{URL}","jti":"{id}","nbf":1800000000,"x-ms-runtime":{{"a":2,"b":1}},"x-ms-ver":"1.0"}}"#
    );
    assert_eq!(part(&token, 1), body);
    let validation = Validation {
        issuer: Some(URL.to_owned()),
        ..Validation::default()
    };
    assert!(
        jwt::validate(&token, issuer.key_set().unwrap(), &validation, NOW.seconds())
            .unwrap()
            .is_signed()
    );
}

#[test]
fn no_two_tokens_share_an_identifier() {
    let issuer = issuer();
    let id = || {
        let token = issuer.attestation(Map::new(), NOW).unwrap();
        serde_json::from_str::<Value>(&part(&token, 1)).unwrap()["jti"].to_string()
    };
    assert_ne!(id(), id());
}

#[test]
fn draft_tokens_are_unsigned_and_end_in_a_full_stop() {
    let issuer = issuer();
    let token = issuer.draft(claims(), NOW).unwrap();
    assert!(token.ends_with('.'));
    assert!(part(&token, 0).starts_with(r#"{"alg":"none","jku""#));
    assert!(CompactJws::parse(&token).unwrap().unsigned_payload().is_ok());
    assert!(
        jwt::validate(
            &token,
            issuer.key_set().unwrap(),
            &Validation::default(),
            NOW.seconds()
        )
        .is_err()
    );
}

#[test]
fn management_tokens_live_an_hour_and_carry_neither_id_nor_version() {
    let issuer = issuer();
    let token = issuer.management(Map::new(), NOW).unwrap();
    let body = format!(r#"{{"exp":1800003600,"iat":1800000000,"iss":"{URL}","nbf":1800000000}}"#);
    assert_eq!(part(&token, 1), body);
}

#[test]
fn the_key_set_publishes_every_key_and_the_active_one_first() {
    let key = |state| {
        (
            state,
            Arc::new(SigningKey::generate(SigningAlgorithm::Rs256).unwrap()),
        )
    };
    let (retired, prepared, active) = (
        key(SigningKeyState::Retired),
        key(SigningKeyState::Prepared),
        key(SigningKeyState::Active),
    );
    let expected: Vec<_> = [&active, &prepared, &retired]
        .map(|(_, key)| key.kid().to_owned())
        .into();
    let ring = KeyRing::new(vec![retired, prepared, active]);
    let issuer = TokenIssuer::new(URL, &ring, SigningAlgorithm::Rs256).unwrap();
    let kids: Vec<_> = issuer
        .key_set()
        .unwrap()
        .keys
        .iter()
        .filter_map(|key| key.kid.clone())
        .collect();
    assert_eq!(kids, expected);
    assert_eq!(issuer.key().kid(), expected[0]);
    for key in &issuer.key_set().unwrap().keys {
        // Certificate and members must agree, or `spki` refuses.
        assert!(key.spki().is_ok());
        assert_eq!(
            (key.kty.as_str(), key.alg.as_deref(), key.key_use.as_deref()),
            ("RSA", Some("RS256"), Some("sig"))
        );
    }
}

#[test]
fn without_an_active_key_nothing_is_issued() {
    let retired = Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap());
    let ring = KeyRing::new(vec![(SigningKeyState::Retired, retired)]);
    let refused = TokenIssuer::new(URL, &ring, SigningAlgorithm::Es256).unwrap_err();
    assert_eq!(refused, TokenError::NoActiveKey);
}
