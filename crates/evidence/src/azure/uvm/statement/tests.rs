use attestry_forge::azure::Cbor as Item;

use super::*;
use crate::azure::uvm::fixture::RawEnvelope;

fn read(raw: &RawEnvelope) -> Result<Statement, UvmError> {
    Statement::read(&Envelope::parse(&raw.encode()).unwrap())
}

/// A statement in JSON; `{measurement}` stands for a good measurement.
fn json(payload: &str) -> Result<Statement, UvmError> {
    let mut raw = RawEnvelope::early();
    let measurement = format!(r#""x-ms-sevsnpvm-launchmeasurement":"{}""#, "ab".repeat(48));
    raw.payload = Item::Bytes(payload.replace("{measurement}", &measurement).into_bytes());
    read(&raw)
}

fn field(payload: &str) -> &'static str {
    match json(payload) {
        Err(UvmError::Payload { field, .. }) => field,
        other => panic!("{payload}: {other:?}"),
    }
}

#[test]
fn both_forms_state_measurement_and_version_number() {
    let expected = Statement {
        measurement: [0xAB; 48],
        svn: 104,
        maa_api_version: None,
    };
    assert_eq!(read(&RawEnvelope::early()), Ok(expected.clone()));
    assert_eq!(read(&RawEnvelope::later()), Ok(expected));
}

#[test]
fn the_version_number_is_text_or_number_and_the_same_everywhere() {
    for svn in [r#""22""#, "22"] {
        let payload = format!(r#"{{{{measurement}},"x-ms-sevsnpvm-guestsvn":{svn}}}"#);
        assert_eq!(json(&payload).unwrap().svn, 22);
    }
    let both = |number| {
        format!(r#"{{{{measurement}},"x-ms-sevsnpvm-guestsvn":"22","x-ms-sevsnpvm-guestsvn-int":{number}}}"#)
    };
    assert_eq!(json(&both(22)).unwrap().svn, 22);
    assert_eq!(field(&both(23)), "x-ms-sevsnpvm-guestsvn-int");
    let mut raw = RawEnvelope::later();
    raw.set(Item::Int(3), Item::text("application/json"));
    raw.payload = RawEnvelope::early().payload;
    assert_eq!(read(&raw).unwrap().svn, 104);
    let changed = json(r#"{{measurement},"x-ms-sevsnpvm-guestsvn":"103"}"#).unwrap();
    assert_eq!(changed.svn, 103);
    raw.payload = Item::Bytes(
        format!(
            r#"{{"x-ms-sevsnpvm-launchmeasurement":"{}","x-ms-sevsnpvm-guestsvn":"103"}}"#,
            "ab".repeat(48)
        )
        .into_bytes(),
    );
    assert!(matches!(
        read(&raw),
        Err(UvmError::Payload {
            field: "x-ms-sevsnpvm-guestsvn",
            ..
        })
    ));
}

#[test]
fn a_version_number_that_is_none_is_refused() {
    for svn in [
        r#""""#,
        r#""+1""#,
        r#"" 1""#,
        r#""-1""#,
        r#""0x1""#,
        "-1",
        "1.5",
        "null",
        r#""99999999999999999999""#,
    ] {
        let payload = format!(r#"{{{{measurement}},"x-ms-sevsnpvm-guestsvn":{svn}}}"#);
        assert_eq!(field(&payload), "x-ms-sevsnpvm-guestsvn");
    }
    assert_eq!(field("{{measurement}}"), "x-ms-sevsnpvm-guestsvn");
}

#[test]
fn a_measurement_has_48_bytes() {
    for measurement in [String::new(), "ab".repeat(47), "ab".repeat(49), "zz".repeat(48)] {
        let payload =
            format!(r#"{{"x-ms-sevsnpvm-launchmeasurement":"{measurement}","x-ms-sevsnpvm-guestsvn":"1"}}"#);
        assert_eq!(field(&payload), "x-ms-sevsnpvm-launchmeasurement");
    }
    assert_eq!(
        field(r#"{"x-ms-sevsnpvm-guestsvn":"1"}"#),
        "x-ms-sevsnpvm-launchmeasurement"
    );
    for size in [0, 47, 49] {
        let mut raw = RawEnvelope::later();
        raw.payload = Item::Bytes(vec![0xAB; size]);
        assert!(matches!(
            read(&raw),
            Err(UvmError::Payload {
                field: "measurement",
                ..
            })
        ));
    }
}

#[test]
fn a_bare_measurement_needs_its_version_number_among_the_claims() {
    let mut raw = RawEnvelope::early();
    raw.set(Item::Int(3), Item::text("application/octet-stream"));
    raw.payload = Item::Bytes(vec![0xAB; 48]);
    assert!(matches!(read(&raw), Err(UvmError::Payload { field: "svn", .. })));
}

#[test]
fn a_payload_with_two_meanings_is_refused() {
    for payload in [
        r#"{{measurement},"x-ms-sevsnpvm-guestsvn":"1","x-ms-sevsnpvm-guestsvn":"2"}"#,
        "[]",
        "{",
        "",
    ] {
        assert!(
            matches!(json(payload), Err(UvmError::PayloadSyntax { .. })),
            "{payload}"
        );
    }
}

#[test]
fn the_api_version_of_early_statements_is_kept() {
    let with = r#"{{measurement},"x-ms-sevsnpvm-guestsvn":"1","x-ms-maa-api-version":"2021-02-01"}"#;
    assert_eq!(json(with).unwrap().maa_api_version.as_deref(), Some("2021-02-01"));
    let other = r#"{{measurement},"x-ms-sevsnpvm-guestsvn":"1","x-ms-maa-api-version":1}"#;
    assert_eq!(field(other), "x-ms-maa-api-version");
}
