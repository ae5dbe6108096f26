use std::cmp::Ordering;
use std::sync::Arc;

use super::{Array, JSON_DEPTH, Json, JsonError, JsonLimits, JsonType, Number, Object};

fn json(text: &str) -> Json {
    Json::parse(text, &JsonLimits::default()).unwrap()
}

fn refused(text: &str) -> JsonError {
    Json::parse(text, &JsonLimits::default()).unwrap_err()
}

fn number(text: &str) -> Number {
    match json(text) {
        Json::Number(number) => number,
        other => panic!("not a number: {other}"),
    }
}

/// Text length and depth are as counted from the text, for every value on the way.
fn check_extent(value: &Json) {
    assert_eq!(
        value.text_length(),
        super::text::length(value.to_string().len()),
        "{value}"
    );
    let inner: Vec<&Json> = match value {
        Json::Array(array) => array.into_iter().collect(),
        Json::Object(object) => object.into_iter().map(|(_, value)| value).collect(),
        _ => {
            assert_eq!(value.depth(), 0);
            return;
        }
    };
    let deepest = inner.iter().map(|inner| inner.depth()).max();
    assert_eq!(value.depth().checked_sub(1), Some(deepest.unwrap_or(0)));
    inner.into_iter().for_each(check_extent);
}

#[test]
fn text_is_compact_and_in_order() {
    for (text, expected) in [
        (" null ", "null"),
        ("true", "true"),
        (r#"{ "b" : [ 1 , "x" ] , "a" : { } }"#, r#"{"b":[1,"x"],"a":{}}"#),
        ("[]", "[]"),
        (r#""\u0041\/\u00e9\u007f""#, "\"A/é\u{7f}\""),
        (
            r#""\"\\\b\f\n\r\t\u0000\u001f""#,
            r#""\"\\\b\f\n\r\t\u0000\u001f""#,
        ),
        (r#""\ud83d\ude00""#, "\"😀\""),
    ] {
        let value = json(text);
        assert_eq!(value.to_string(), expected);
        check_extent(&value);
        assert_eq!(json(expected), value);
    }
    let members: Vec<String> = (0..20).rev().map(|name| format!("\"{name}\":[{name}]")).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(json(&text).to_string(), text);
    check_extent(&json(&text));
}

#[test]
fn wrong_text_is_refused_with_its_place() {
    for (text, problem, column) in [
        ("", "EOF while parsing a value", 0),
        ("{} {}", "trailing characters", 4),
        ("[1,]", "trailing comma", 4),
        ("nul", "EOF while parsing a value", 3),
        ("01", "invalid number", 2),
        ("1e400", "number out of range", 5),
        ("\"\\ud800\"", "unexpected end of hex escape", 8),
    ] {
        let JsonError::Syntax {
            problem: found,
            line,
            column: at,
        } = refused(text)
        else {
            panic!("{text}");
        };
        assert_eq!((found.as_str(), at), (problem, column), "{text}");
        assert!(line <= 1);
    }
    assert_eq!(
        refused("[1,]").to_string(),
        "not JSON: trailing comma at line 1 column 4"
    );
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let duplicate = |name: &str| JsonError::DuplicateMember {
        name: name.to_owned(),
    };
    assert_eq!(refused(r#"{"a":1,"b":2,"a":3}"#), duplicate("a"));
    assert_eq!(refused(r#"[{"x":{"a":1,"\u0061":1}}]"#), duplicate("a"));
    let many: Vec<String> = (0..50).map(|name| format!("\"n{name}\":0")).collect();
    assert_eq!(
        refused(&format!("{{{},\"n3\":1}}", many.join(","))),
        duplicate("n3")
    );
    // One that differs in case is another.
    assert!(Json::parse(r#"{"a":1,"A":2}"#, &JsonLimits::default()).is_ok());
}

#[test]
fn length_and_depth_are_limited() {
    let limits = JsonLimits { bytes: 6, depth: 2 };
    let parse = |text| Json::parse(text, &limits);
    assert!(parse("[[1]] ").is_ok());
    assert_eq!(parse("[[1]]  "), Err(JsonError::TooLong { found: 7, limit: 6 }));
    assert_eq!(parse("[[[]]]"), Err(JsonError::TooDeep { limit: 2 }));
    assert!(parse("{\"a\"").is_err());
    let scalar = JsonLimits { bytes: 9, depth: 0 };
    assert_eq!(Json::parse("[]", &scalar), Err(JsonError::TooDeep { limit: 0 }));
    assert_eq!(Json::parse("7", &scalar), Ok(Json::from(7)));
}

#[test]
fn built_values_keep_the_rules() {
    let array = Array::new(vec![Json::Null, Json::from("é\n"), Json::from(true)]).unwrap();
    let name: Arc<str> = Arc::from("n\"");
    let object = Object::new(vec![(Arc::clone(&name), Json::Array(array))]).unwrap();
    let value = Json::Object(object.clone());
    assert_eq!(value.to_string(), r#"{"n\"":[null,"é\n",true]}"#);
    check_extent(&value);
    assert_eq!((object.len(), object.is_empty()), (1, false));
    assert_eq!(object.member("n"), None);
    let twice = vec![(Arc::clone(&name), Json::Null), (name, Json::Null)];
    assert!(matches!(
        Object::new(twice),
        Err(JsonError::DuplicateMember { .. })
    ));
    let mut nested = Json::Null;
    for _ in 0..JSON_DEPTH {
        nested = Json::Array(Array::new(vec![nested]).unwrap());
    }
    let error = JsonError::TooDeep { limit: JSON_DEPTH };
    assert_eq!(Array::new(vec![nested.clone()]), Err(error.clone()));
    assert_eq!(Object::new(vec![(Arc::from("a"), nested)]), Err(error));
}

#[test]
fn equality_is_by_value() {
    assert_eq!(json(r#"{"a":1,"b":[2.0]}"#), json(r#"{"b":[2],"a":1e0}"#));
    let many = |order: &mut dyn Iterator<Item = u32>| {
        let members: Vec<String> = order.map(|name| format!("\"{name}\":{name}")).collect();
        json(&format!("{{{}}}", members.join(",")))
    };
    assert_eq!(many(&mut (0..30)), many(&mut (0..30).rev()));
    for (left, right) in [
        ("[1,2]", "[2,1]"),
        ("[1]", "[[1]]"),
        (r#"{"a":1}"#, r#"{"b":1}"#),
        (r#"{"a":1}"#, r#"{"a":2}"#),
        (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#),
        ("1", "\"1\""),
        ("null", "false"),
        ("\"a\"", "\"A\""),
    ] {
        assert_ne!(json(left), json(right));
    }
}

#[test]
fn copies_share_nothing() {
    let value = json(r#"{"a":["text"]}"#);
    let copy = value.unshared();
    assert_eq!(copy, value);
    let text = |value: &Json| match value {
        Json::Object(object) => match object.member("a") {
            Some(Json::Array(array)) => match array.elements() {
                [Json::String(text)] => Arc::clone(text),
                _ => panic!(),
            },
            _ => panic!(),
        },
        _ => panic!(),
    };
    assert!(Arc::ptr_eq(&text(&value), &text(&value.clone())));
    assert!(!Arc::ptr_eq(&text(&value), &text(&copy)));
}

#[test]
fn types_have_the_names_of_jmespath() {
    let types = [
        Json::Null,
        json("true"),
        json("1"),
        json("\"\""),
        json("[]"),
        json("{}"),
    ];
    let names = types.map(|value| value.json_type().to_string());
    assert_eq!(names, ["null", "boolean", "number", "string", "array", "object"]);
    assert_eq!(json("1.5").json_type(), JsonType::Number);
}

#[test]
fn numbers_have_one_form() {
    for (text, expected) in [
        ("7.0", "7"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        ("9223372036854775808.0", "9223372036854775808"),
        ("-9223372036854775808.0", "-9223372036854775808"),
        ("35184372088832.25", "35184372088832.25"),
        ("18446744073709551616", "1.8446744073709552e19"),
        ("-9223372036854777856", "-9.223372036854778e18"),
        ("1e300", "1e300"),
        ("1.5e-7", "1.5e-7"),
        ("0.1", "0.1"),
        ("-2.5", "-2.5"),
    ] {
        assert_eq!(number(text).to_string(), expected, "{text}");
        assert_eq!(number(expected), number(text));
        check_extent(&json(text));
    }
    assert_eq!(number("7.0").as_i64(), Some(7));
    assert_eq!(number("7.5").as_i64(), None);
    assert_eq!(number("9223372036854775808").as_i64(), None);
    assert_eq!(number("9223372036854775808").as_integer(), Some(1 << 63));
    assert_eq!(Number::from_f64(f64::INFINITY), None);
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(Number::from(u64::MAX), number("18446744073709551615"));
}

/// Numbers in ascending order; conversion to floating point would take neighbours for equal.
#[test]
fn numbers_are_compared_exactly() {
    let ascending = [
        "-1e300",
        "-18446744073709551616",
        "-9223372036854777856",
        "-9223372036854775808",
        "-9223372036854775807",
        "-2.5",
        "-2",
        "-1.5",
        "-5e-324",
        "0",
        "5e-324",
        "0.5",
        "1",
        "9007199254740992",
        "9007199254740993",
        "9223372036854775806",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854775809",
        "18446744073709551614",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
    ];
    for (low, left) in ascending.iter().enumerate() {
        for (high, right) in ascending.iter().enumerate() {
            let order = number(left).compare(number(right));
            assert_eq!(order, low.cmp(&high), "{left} and {right}");
            assert_eq!(number(left) == number(right), low == high, "{left} and {right}");
        }
    }
    assert_eq!(number("1.0").compare(number("1")), Ordering::Equal);
}

#[test]
fn numbers_are_rounded_to_integers() {
    for (text, floor, ceil, abs) in [
        ("2.5", "2", "3", "2.5"),
        ("-2.5", "-3", "-2", "2.5"),
        ("-0.5", "-1", "0", "0.5"),
        ("7", "7", "7", "7"),
        (
            "-9223372036854775808",
            "-9223372036854775808",
            "-9223372036854775808",
            "9223372036854775808",
        ),
        (
            "35184372088831.75",
            "35184372088831",
            "35184372088832",
            "35184372088831.75",
        ),
        ("-1e300", "-1e300", "-1e300", "1e300"),
    ] {
        let number = number(text);
        let rounded = [number.floor(), number.ceil(), number.abs()].map(|number| number.to_string());
        assert_eq!(rounded, [floor, ceil, abs]);
    }
}

#[test]
fn integers_become_the_nearest_floating_point_number() {
    for (integer, expected) in [
        (0, 0.0),
        (-7, -7.0),
        (9_007_199_254_740_993, 9_007_199_254_740_992.0),
        (9_007_199_254_740_995, 9_007_199_254_740_996.0),
        (i64::MAX, 9_223_372_036_854_775_808.0),
        (i64::MIN, -9_223_372_036_854_775_808.0),
    ] {
        assert_eq!(Number::from(integer).to_f64().to_bits(), f64::to_bits(expected));
    }
    let large = Number::from_integer(i128::from(u64::MAX) + 1);
    assert_eq!(large.to_string(), "1.8446744073709552e19");
}
