use super::*;

fn parse(hex: &str) -> Result<String, CborError> {
    let bytes = crate::hex::decode(hex.as_bytes()).unwrap();
    Cbor::parse(&bytes).map(|item| format!("{item:?}"))
}

fn item(hex: &str) -> String {
    parse(hex).unwrap_or_else(|error| panic!("{hex}: {error}"))
}

/// RFC 8949, appendix A, as far as its examples are read here.
#[test]
fn the_examples_of_the_standard_are_read() {
    let cases = [
        ("00", "Integer(0)"),
        ("17", "Integer(23)"),
        ("1818", "Integer(24)"),
        ("190100", "Integer(256)"),
        ("1a000f4240", "Integer(1000000)"),
        ("1b000000e8d4a51000", "Integer(1000000000000)"),
        ("20", "Integer(-1)"),
        ("3863", "Integer(-100)"),
        ("3903e7", "Integer(-1000)"),
        ("f4", "Boolean(false)"),
        ("f5", "Boolean(true)"),
        ("f6", "Null"),
        ("c11a514b67b0", "Tagged(1, Integer(1363896240))"),
        ("40", "Bytes([])"),
        ("4401020304", "Bytes([1, 2, 3, 4])"),
        ("62c3bc", "Text(\"ü\")"),
        ("80", "Array([])"),
        (
            "8301820203820405",
            "Array([Integer(1), Array([Integer(2), Integer(3)]), Array([Integer(4), Integer(5)])])",
        ),
        ("a0", "Map([])"),
        (
            "a201020304",
            "Map([(Integer(1), Integer(2)), (Integer(3), Integer(4))])",
        ),
        ("a161610a", "Map([(Text(\"a\"), Integer(10))])"),
    ];
    for (hex, expected) in cases {
        assert_eq!(item(hex), expected);
    }
}

#[test]
fn the_smallest_and_the_largest_integers_are_read() {
    assert_eq!(item("1b7fffffffffffffff"), format!("Integer({})", i64::MAX));
    assert_eq!(item("3b7fffffffffffffff"), format!("Integer({})", i64::MIN));
    for beyond in ["1b8000000000000000", "3b8000000000000000"] {
        assert!(matches!(parse(beyond), Err(CborError::Item { offset: 0, .. })));
    }
}

#[test]
fn what_is_not_in_the_shortest_form_is_refused() {
    let longer = [
        "1817",
        "1900ff",
        "1a0000ffff",
        "1b00000000ffffffff",
        "5801ff",
        "780161",
        "980100",
        "b8010102",
        "d80100",
    ];
    for hex in longer {
        let expected = CborError::Item {
            offset: 0,
            expected: "written in the shortest form",
        };
        assert_eq!(parse(hex), Err(expected), "{hex}");
    }
}

#[test]
fn indefinite_lengths_floats_and_other_simple_values_are_refused() {
    for hex in [
        "5f4100ff",
        "7f6161ff",
        "9f00ff",
        "bf0000ff",
        "ff",
        "1c",
        "f7",
        "e0",
        "f820",
        "f93c00",
        "fa47c35000",
        "fb3ff199999999999a",
    ] {
        assert!(matches!(parse(hex), Err(CborError::Item { .. })), "{hex}");
    }
}

#[test]
fn text_has_to_be_utf_8() {
    assert!(matches!(parse("61ff"), Err(CborError::Item { .. })));
}

#[test]
fn a_key_twice_is_refused_and_keys_are_integers_or_texts() {
    let expected = CborError::DuplicateKey { offset: 1 };
    assert_eq!(parse("81a201020103"), Err(expected));
    assert_eq!(
        parse("a2616101616102"),
        Err(CborError::DuplicateKey { offset: 0 })
    );
    assert!(parse("a2010261310a").is_ok(), "1 and \"1\" are different keys");
    assert!(matches!(
        parse("a1410000"),
        Err(CborError::Item { offset: 1, .. })
    ));
}

#[test]
fn an_item_has_to_be_whole_and_alone() {
    let whole = "84a10126a0430102034401020304";
    for size in 0..whole.len() / 2 {
        assert!(
            matches!(
                parse(whole.get(..size * 2).unwrap()),
                Err(CborError::Truncated { .. })
            ),
            "{size}"
        );
    }
    let expected = CborError::Surplus { offset: 14, size: 1 };
    assert_eq!(parse(&format!("{whole}00")), Err(expected));
}

#[test]
fn a_length_beyond_the_input_takes_no_memory() {
    for hex in ["5bffffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff"] {
        assert!(matches!(parse(hex), Err(CborError::Truncated { .. })), "{hex}");
    }
}

#[test]
fn depth_and_number_of_items_are_bounded() {
    let nested = |levels: usize| "81".repeat(levels) + "00";
    assert!(parse(&nested(8)).is_ok());
    assert_eq!(parse(&nested(9)), Err(CborError::TooDeep { limit: 8 }));
    assert_eq!(
        parse(&("c1".repeat(100_000) + "00")),
        Err(CborError::TooDeep { limit: 8 })
    );
    let many = |items: usize| format!("98{items:02x}") + &"00".repeat(items);
    assert!(parse(&many(255)).is_ok());
    let expected = CborError::TooManyItems { limit: 256 };
    assert_eq!(parse(&format!("990100{}", "00".repeat(256))), Err(expected));
}
