//! What the published policies of MAA ask of queries.

use super::{check, refused, search};

const EVENTS: &str = r#"{"Events": [
    {"EventSeq": 1, "PcrIndex": 7, "EventTypeString": "EV_EFI_VARIABLE_DRIVER_CONFIG",
     "ProcessedData": {"UnicodeName": "SecureBoot", "VariableData": "AQ"}},
    {"EventSeq": 2, "PcrIndex": 12, "EventTypeString": "EV_EVENT_TAG",
     "ProcessedData": {"EVENT_TRUSTBOUNDARY": {"EVENT_BITLOCKER_UNLOCK": {"Value": 0}}}},
    {"EventSeq": 3, "PcrIndex": 13, "EventTypeString": "EV_EVENT_TAG",
     "ProcessedData": {"EVENT_TRUSTBOUNDARY": {"EVENT_LOADEDMODULE_AGGREGATION": [
        {"EVENT_IMAGEVALIDATED": true, "EVENT_FILEPATH": "\\Windows\\System32\\drivers\\WdBoot.sys"},
        {"EVENT_IMAGEVALIDATED": true},
        {"EVENT_IMAGEVALIDATED": false, "EVENT_FILEPATH": "\\other.sys"}]}}}]}"#;

const BOUNDARY: &str = "Events[? EventTypeString == 'EV_EVENT_TAG' && (PcrIndex == `12` || PcrIndex == `13`)].ProcessedData.EVENT_TRUSTBOUNDARY";

#[test]
fn events_are_picked_by_type_and_register() {
    check(
        "Events[? PcrIndex == `7`].ProcessedData.VariableData | @[0]",
        EVENTS,
        "\"AQ\"",
    );
    check(
        &format!("{BOUNDARY} | [*].EVENT_BITLOCKER_UNLOCK.Value"),
        EVENTS,
        "[0]",
    );
    check(
        &format!("{BOUNDARY} | [*].EVENT_BITLOCKER_UNLOCK | @[? Value != `0`].Value | @[0]"),
        EVENTS,
        "null",
    );
    let secure_boot = "Events[?ProcessedData.UnicodeName == 'SecureBoot'] | length(@) == `1` && @[0].PcrIndex == `7` && @[0].ProcessedData.VariableData == 'AQ'";
    check(secure_boot, EVENTS, "true");
    check(
        "Events[? PcrIndex == `12`] | length(@) == `1` && @[0] | @.{EventSeq:EventSeq, Value:ProcessedData.EVENT_TRUSTBOUNDARY.EVENT_BITLOCKER_UNLOCK.Value}",
        EVENTS,
        r#"{"EventSeq":2,"Value":0}"#,
    );
}

/// The early-launch rules: file paths in any case, and events without a path.
#[test]
fn file_paths_are_compared_in_any_case() {
    let modules = format!("{BOUNDARY} | [*].EVENT_LOADEDMODULE_AGGREGATION[]");
    let path = r"equals_ignore_case(EVENT_FILEPATH, '\windows\system32\drivers\wdboot.sys')";
    check(
        &format!("{modules} | [? EVENT_IMAGEVALIDATED == `true` && {path}] | length(@)"),
        EVENTS,
        "1",
    );
    // An empty list is not null: the published rules are true whenever there are events at all.
    check(
        &format!(
            "{modules} | [? EVENT_IMAGEVALIDATED == `true` && equals_ignore_case(EVENT_FILEPATH, 'none')] | @ != `null`"
        ),
        EVENTS,
        "true",
    );
    // `true` without back-ticks is a member that no event has.
    check(
        &format!("{modules} | [? EVENT_IMAGEVALIDATED == true && {path}]"),
        EVENTS,
        "[]",
    );
}

#[test]
fn ignoring_case_is_for_strings_and_null() {
    for (arguments, expected) in [
        ("'ABC', 'abc'", "true"),
        ("'abc', 'abd'", "false"),
        ("'abc', 'ab'", "false"),
        ("'ÉΣЖ', 'éσж'", "true"),
        ("'straße', 'STRASSE'", "false"),
        ("'', ''", "true"),
        ("missing, 'a'", "false"),
        ("'a', missing", "false"),
        ("missing, missing", "false"),
    ] {
        check(&format!("equals_ignore_case({arguments})"), "{}", expected);
    }
    for (arguments, message) in [
        (
            "`1`, 'a'",
            "argument 1 of `equals_ignore_case` must be a string or null, found a number",
        ),
        (
            "'a', `[]`",
            "argument 2 of `equals_ignore_case` must be a string or null, found an array",
        ),
        (
            "missing, `true`",
            "argument 2 of `equals_ignore_case` must be a string or null, found a boolean",
        ),
    ] {
        let error = search(&format!("equals_ignore_case({arguments})"), "{}").unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let error = refused("equals_ignore_case(a)");
    assert_eq!(
        error.to_string(),
        "`equals_ignore_case` takes 2 arguments, 1 given"
    );
}

/// Mistakes in published samples find nothing; they are not repaired.
#[test]
fn published_mistakes_find_nothing() {
    check("events[? PcrIndex == `12`]", EVENTS, "null");
    check("Events[? PcrIndex == '12']", EVENTS, "[]");
    check(
        "Events[? PcrIndex == '12'] | length(@) == '1' && @[0] | @.{EventSeq:EventSeq}",
        EVENTS,
        r#"{"EventSeq":null}"#,
    );
    check("Events[? EventSeq == null].PcrIndex", EVENTS, "[]");
    check(
        r#"Events[0].ProcessedData.VariableData == `"AQ"`"#,
        EVENTS,
        "true",
    );
}

#[test]
fn an_index_makes_the_elements_of_a_projection_null() {
    check("Events[*].Nothing | @[-1]", EVENTS, "null");
    check("Events[*].EventSeq | @[-1]", EVENTS, "3");
}
