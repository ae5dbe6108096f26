use super::*;

const LIMITS: JsonLimits = JsonLimits {
    bytes: 1000,
    depth: 16,
};

fn check(text: &[u8]) -> Result<(), AmbiguityError> {
    check_unambiguous(text, LIMITS)
}

fn reason(outcome: Result<(), AmbiguityError>) -> String {
    match outcome.unwrap_err() {
        AmbiguityError::Syntax { reason } => reason,
        AmbiguityError::TooLarge { .. } => panic!("too large"),
    }
}

#[test]
fn a_member_named_twice_is_ambiguous_at_any_depth() {
    assert!(reason(check(br#"{"a":1,"a":1}"#)).contains("member `a` appears twice"));
    assert!(reason(check(br#"{"b":[{"c":{"a":1,"\u0061":2}}]}"#)).contains("member `a` appears twice"));
    assert_eq!(check(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#), Ok(()));
}

#[test]
fn a_member_that_the_library_takes_for_its_own_is_refused() {
    let hidden = br#"{"a":{"$serde_json::private::RawValue":"{\"b\":1,\"b\":2}"}}"#;
    assert!(reason(check(hidden)).contains("is not accepted"));
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(check(nested(16).as_bytes()), Ok(()));
    assert!(reason(check(nested(17).as_bytes())).contains("more than 16 levels deep"));
    assert!(check("[".repeat(900).as_bytes()).is_err());
}

#[test]
fn what_is_not_json_or_too_large_is_refused() {
    assert!(check(b"{} {}").is_err());
    assert!(check(b"{\"a\":}").is_err());
    assert!(check(b"\xff").is_err());
    let large = vec![b' '; LIMITS.bytes + 1];
    let expected = AmbiguityError::TooLarge {
        size: LIMITS.bytes + 1,
        limit: LIMITS.bytes,
    };
    assert_eq!(check(&large), Err(expected));
}

#[test]
fn what_is_shown_of_a_value_is_short_and_on_one_line() {
    assert_eq!(abridged("a\nb\u{1b}"), "a\\nb\\u{1b}");
    assert_eq!(abridged(&"x".repeat(65)), "x".repeat(64) + "…");
}
