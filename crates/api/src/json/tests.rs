use serde_json::json;

use super::*;

#[test]
fn members_are_sorted_at_every_level_and_nothing_is_padded() {
    let value = parse_strict(br#" { "b" : [ {"z":1, "a":null} ], "a": "\u00e9/", "B": true } "#).unwrap();
    assert_eq!(
        canonical_json(&value),
        r#"{"B":true,"a":"é/","b":[{"a":null,"z":1}]}"#
    );
}

#[test]
fn numbers_keep_their_kind() {
    let value = parse_strict(b"[18446744073709551615,-9223372036854775808,1.5,0]").unwrap();
    assert_eq!(
        canonical_json(&value),
        "[18446744073709551615,-9223372036854775808,1.5,0]"
    );
}

#[test]
fn a_member_given_twice_is_refused_at_any_level() {
    let error = parse_strict(br#"{"a":[{"x":1,"x":2}]}"#).unwrap_err();
    assert_eq!(error.reason, "the member `x` occurs twice");
    assert_eq!(error.line, 1);
}

#[test]
fn nesting_stops_at_the_limit() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse_strict(nested(usize::from(MAX_DEPTH)).as_bytes()).is_ok());
    let error = parse_strict(nested(usize::from(MAX_DEPTH) + 1).as_bytes()).unwrap_err();
    assert_eq!(error.reason, "more than 32 nested levels");
    // Far deeper text must not exhaust the stack either.
    assert!(parse_strict("[".repeat(1 << 20).as_bytes()).is_err());
}

#[test]
fn trailing_text_and_bad_utf8_are_refused() {
    assert!(parse_strict(b"{} {}").is_err());
    assert!(parse_strict(b"\"\xff\"").is_err());
    assert!(parse_strict(b"").is_err());
    assert_eq!(parse_strict(b" {} \n").unwrap(), json!({}));
}

#[test]
fn long_and_many_lined_names_are_cut_in_messages() {
    let name = format!("a\n{}", "b".repeat(1_000));
    let text = serde_json::to_string(&name).unwrap();
    let error = parse_strict(format!("{{{text}:1,{text}:2}}").as_bytes()).unwrap_err();
    assert_eq!(
        error.reason,
        format!("the member `a\\n{}…` occurs twice", "b".repeat(62))
    );
}
