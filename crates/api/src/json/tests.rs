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
fn numbers_that_a_token_would_show_otherwise_are_refused() {
    let reason = |text: &str| parse_strict(text.as_bytes()).map_err(|error| error.reason);
    for oversized in [
        "18446744073709551616",
        "-9223372036854775809",
        "1000000000000000000000000000000",
    ] {
        assert_eq!(
            reason(&format!("[1.5,\"18446744073709551616\",{oversized}]")),
            Err("an integer does not fit into 64 bits".to_owned())
        );
    }
    for inexact in [
        "0.12345678901234567890",
        "1e-400",
        "9007199254740993.0",
        "1e99999999999999999999",
    ] {
        assert!(reason(&format!("{{\"a\":{inexact}}}")).is_err(), "{inexact}");
    }
    for exact in [
        "0",
        "-0",
        "0.0",
        "0.1",
        "1.50",
        "1e2",
        "1E+2",
        "-2.5e-3",
        "1e300",
        "1700000000.25",
    ] {
        let value = parse_strict(exact.as_bytes()).unwrap();
        let text = canonical_json(&value);
        assert_eq!(parse_strict(text.as_bytes()).unwrap(), value, "{exact} as {text}");
    }
}

#[test]
fn a_changed_number_is_located_behind_strings_that_look_like_numbers() {
    let text = br#"{"1e-400": "\\\" 1e-400",
  "a": 1e-400}"#;
    let error = parse_strict(text).unwrap_err();
    assert_eq!((error.line, error.column), (2, 8), "{error}");
}

#[test]
fn numbers_are_compared_as_decimal_numbers() {
    let number = |text: &str| -> Number { serde_json::from_str(text).unwrap() };
    // Each is less than the next; a double cannot tell the three around 2^53 apart.
    let ascending = [
        "-1.7976931348623157e308",
        "-9007199254740993",
        "-9007199254740992.0",
        "-1.5",
        "-0.25",
        "0",
        "5e-324",
        "0.25",
        "9",
        "10",
        "10.5",
        "9007199254740992.0",
        "9007199254740993",
        "18446744073709551615",
        "1.7976931348623157e308",
    ];
    for (place, left) in ascending.iter().enumerate() {
        for (other, right) in ascending.iter().enumerate() {
            let found = compare_numbers(&number(left), &number(right));
            assert_eq!(found, Some(place.cmp(&other)), "{left} and {right}");
        }
    }
    for (left, right) in [
        ("0", "-0"),
        ("0", "0.0"),
        ("1", "1.0"),
        ("100", "1e2"),
        ("-3", "-3.00"),
    ] {
        let found = compare_numbers(&number(left), &number(right));
        assert_eq!(found, Some(std::cmp::Ordering::Equal), "{left} and {right}");
    }
}

#[test]
fn values_are_counted_also_inside_others() {
    let of = |pairs: u32| {
        let pairs = vec!["[0]"; usize::try_from(pairs).unwrap()];
        format!("[{}]", pairs.join(","))
    };
    // The outer array, and two values for each pair.
    let most = (MAX_VALUES - 1) / 2;
    assert!(parse_strict(of(most).as_bytes()).is_ok());
    let error = parse_strict(of(most + 1).as_bytes()).unwrap_err();
    assert_eq!(error.reason, "more than 16384 values");
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
