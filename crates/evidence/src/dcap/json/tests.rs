use super::*;

#[test]
fn a_document_that_is_too_large_too_deep_or_ambiguous_is_refused() {
    let large = vec![b' '; MAX_DOCUMENT_BYTES + 1];
    let expected = JsonError::TooLarge {
        size: MAX_DOCUMENT_BYTES + 1,
        limit: MAX_DOCUMENT_BYTES,
    };
    assert_eq!(check_unambiguous(&large), Err(expected));
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(check_unambiguous(nested(16).as_bytes()), Ok(()));
    assert!(check_unambiguous(nested(17).as_bytes()).is_err());
    assert!(check_unambiguous(br#"{"a":1,"a":1}"#).is_err());
}

#[test]
fn the_signed_text_is_taken_as_it_stands() {
    let signature = "ab".repeat(64);
    let envelope =
        format!("{{ \"x\" : {{\"b\" : 1,  \"a\":2}} , \"signature\":\"{signature}\",\"y\":0}}\n\0\0");
    let document = SignedDocument::open(envelope.as_bytes(), "x").unwrap();
    assert_eq!(document.text, "{\"b\" : 1,  \"a\":2}");
    assert_eq!(document.signature, [0xab; 64]);
}

#[test]
fn an_envelope_needs_the_document_and_64_bytes_of_signature() {
    let field =
        |text: &str| match SignedDocument::open(text.as_bytes(), "x").map(|document| document.signature) {
            Err(JsonError::Field { field, .. }) => field,
            other => panic!("{other:?}"),
        };
    assert_eq!(field(r#"{"signature":"00"}"#), "x");
    assert_eq!(field(r#"{"x":{}}"#), "signature");
    assert_eq!(field(r#"{"x":{},"signature":"00"}"#), "signature");
    assert_eq!(field(r#"{"x":{},"signature":7}"#), "signature");
    assert_eq!(
        field(&format!(r#"{{"x":{{}},"signature":"{}"}}"#, "zz".repeat(64))),
        "signature"
    );
}

#[test]
fn an_error_names_the_path_and_shows_what_was_there() {
    let value: Value = serde_json::from_str(r#"{"list":[{"svn":256},{"svn":1.0},{"svn":"1"},{}]}"#).unwrap();
    let root = Object::new("info", &value).unwrap();
    let found: Vec<_> = root
        .objects("list")
        .unwrap()
        .iter()
        .map(|object| match object.number::<u8>("svn", "a byte").unwrap_err() {
            JsonError::Field { field, found, .. } => format!("{field} {found}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            "info.list[0].svn 256",
            "info.list[1].svn 1.0",
            "info.list[2].svn \"1\"",
            "info.list[3].svn nothing"
        ]
    );
}
