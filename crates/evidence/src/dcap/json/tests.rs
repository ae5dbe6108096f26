use super::*;

fn reason(outcome: Result<(), JsonError>) -> String {
    match outcome.unwrap_err() {
        JsonError::Syntax { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_named_twice_is_ambiguous_at_any_depth() {
    assert!(reason(check_unambiguous(br#"{"a":1,"a":1}"#)).contains("member `a` appears twice"));
    assert!(
        reason(check_unambiguous(br#"{"b":[{"c":{"a":1,"\u0061":2}}]}"#))
            .contains("member `a` appears twice")
    );
    assert_eq!(
        check_unambiguous(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#),
        Ok(())
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(check_unambiguous(nested(16).as_bytes()), Ok(()));
    assert!(reason(check_unambiguous(nested(17).as_bytes())).contains("more than 16 levels deep"));
    assert!(check_unambiguous("[".repeat(500_000).as_bytes()).is_err());
}

#[test]
fn what_is_not_json_or_too_large_is_refused() {
    assert!(check_unambiguous(b"{} {}").is_err());
    assert!(check_unambiguous(b"{\"a\":}").is_err());
    assert!(check_unambiguous(b"\xff").is_err());
    let large = vec![b' '; MAX_DOCUMENT_BYTES + 1];
    let expected = JsonError::TooLarge {
        size: MAX_DOCUMENT_BYTES + 1,
        limit: MAX_DOCUMENT_BYTES,
    };
    assert_eq!(check_unambiguous(&large), Err(expected));
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

#[test]
fn what_is_shown_of_a_value_is_short_and_on_one_line() {
    assert_eq!(abridged("a\nb\u{1b}"), "a\\nb\\u{1b}");
    assert_eq!(abridged(&"x".repeat(65)), "x".repeat(64) + "…");
}
