//! Properties of the forms that hostile clients can shape.

use attestry_api::{
    AttestationType, b64, canonical_json, hex,
    json::parse_strict,
    jwk::JwkSet,
    jws::{self, CompactJws},
    policy_envelope::PolicyEnvelope,
    request::AttestRequest,
    spki,
};
use proptest::{collection, prelude::*};
use serde_json::{Value, json};

/// JSON of a few levels.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            collection::btree_map(".*", inner, 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_json_reads_back_and_is_its_own_canonical_form(value in any_json()) {
        let text = canonical_json(&value);
        let read = parse_strict(text.as_bytes()).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(canonical_json(&read), text);
    }

    #[test]
    fn bytes_survive_every_flavour_of_base64(bytes in collection::vec(any::<u8>(), 0..200)) {
        let (url, standard) = (b64::encode_url(&bytes), b64::encode_standard(&bytes));
        prop_assert!(!url.contains(['=', '+', '/']));
        let padding = "=".repeat(standard.len() - url.len());
        for text in [&url, &format!("{url}{padding}"), &standard, &standard.trim_end_matches('=').to_owned()] {
            prop_assert_eq!(b64::decode_lenient(text), Ok(bytes.clone()));
        }
        prop_assert_eq!(b64::decode_url(&url), Ok(bytes.clone()));
        prop_assert_eq!(hex::decode(&hex::encode(&bytes)), Some(bytes));
    }

    /// Only one text decodes to given bytes: no two tokens differ in spelling alone.
    #[test]
    fn strict_base64url_is_canonical(text in "[A-Za-z0-9_-]{0,40}") {
        if let Ok(bytes) = b64::decode_url(&text) {
            prop_assert_eq!(b64::encode_url(&bytes), text);
        }
    }

    #[test]
    fn an_assembled_jws_parses_into_its_parts(payload in any_json(), signature in collection::vec(any::<u8>(), 0..99)) {
        let text = jws::assemble(jws::signing_input(&json!({"alg": "RS256"}), &payload), &signature);
        let parsed = CompactJws::parse(&text).expect("well formed");
        let expected = canonical_json(&payload);
        prop_assert_eq!(parsed.unverified_payload(), expected.as_bytes());
        prop_assert!(parsed.unsigned_payload().is_err());
    }

    /// Whatever comes, the parsers return.
    #[test]
    fn hostile_text_is_refused_not_fatal(text in ".{0,300}", bytes in collection::vec(any::<u8>(), 0..300)) {
        let _ = CompactJws::parse(&text);
        let _ = PolicyEnvelope::open(&text);
        let _ = JwkSet::from_json(&bytes);
        let _ = AttestRequest::from_json(text.as_bytes(), AttestationType::SgxEnclave);
        let _ = AttestRequest::from_json_2018(&bytes, AttestationType::SgxEnclave);
        let _ = spki::spki_of_certificate(&bytes);
        let _ = spki::rsa_components(&bytes);
    }

    /// DER-like bytes get further into the parsers than random ones.
    #[test]
    fn hostile_certificates_are_refused_not_fatal(
        elements in collection::vec((any::<u8>(), collection::vec(any::<u8>(), 0..20)), 0..10),
    ) {
        let element = |tag: u8, content: &[u8]| attestry_api::der::element(tag, content);
        let fields: Vec<u8> = elements.iter().flat_map(|(tag, content)| element(*tag, content)).collect();
        let certificate = element(0x30, &element(0x30, &fields));
        let _ = spki::spki_of_certificate(&certificate);
        let _ = spki::key_kind(&element(0x30, &fields));
    }
}
