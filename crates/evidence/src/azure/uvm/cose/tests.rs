use attestry_forge::azure::Cbor as Item;

use super::*;
use crate::azure::uvm::fixture::{ISSUER, RawEnvelope, null};

/// The refusal of an envelope of the early form with one thing changed.
fn refused(change: impl FnOnce(&mut RawEnvelope)) -> UvmError {
    let mut raw = RawEnvelope::early();
    change(&mut raw);
    Envelope::parse(&raw.encode()).unwrap_err()
}

/// The label of the header that is refused.
fn header(change: impl FnOnce(&mut RawEnvelope)) -> String {
    match refused(change) {
        UvmError::Header { label, .. } => label,
        other => panic!("{other:?}"),
    }
}

fn in_claims(raw: &mut RawEnvelope, label: Item, value: Item) {
    let (_, claims) = raw.protected.last_mut().unwrap();
    let Item::Map(claims) = claims else {
        panic!("no claims");
    };
    claims.retain(|(known, _)| known.encode() != label.encode());
    claims.push((label, value));
}

#[test]
fn both_forms_say_who_signed_what_and_when() {
    let early = RawEnvelope::early().encode();
    let early = Envelope::parse(&early).unwrap();
    assert_eq!(early.headers.content, Content::Json);
    assert_eq!(early.headers.svn, None);
    let later = RawEnvelope::later().encode();
    let later = Envelope::parse(&later).unwrap();
    assert_eq!(later.headers.content, Content::Measurement);
    assert_eq!(later.headers.svn, Some(104));
    for headers in [early.headers, later.headers] {
        assert_eq!(headers.issuer, ISSUER);
        assert_eq!(headers.feed, "ContainerPlat-AMD-UVM");
        assert_eq!(headers.claimed_time, Some(UnixTime::new(1_700_000_000)));
        assert_eq!(headers.chain, [[0x30, 0]]);
    }
}

#[test]
fn what_is_signed_is_the_structure_of_the_standard() {
    let mut raw = RawEnvelope::early();
    raw.payload = Item::Bytes(vec![0x55; 70_000]);
    let protected = Item::Map(raw.protected.clone()).encode();
    for size in [0, 1, 23, 24, 255, 256, 1000] {
        raw.payload = Item::Bytes(vec![0x55; size]);
        let expected = Item::Array(vec![
            Item::text("Signature1"),
            Item::Bytes(protected.clone()),
            Item::Bytes(Vec::new()),
            raw.payload.clone(),
        ]);
        let encoded = raw.encode();
        let envelope = Envelope::parse(&encoded).unwrap();
        assert_eq!(envelope.signed_bytes(), expected.encode(), "{size}");
    }
    assert_eq!(byte_string_head(70_000), [0x5a, 0, 1, 0x11, 0x70]);
}

#[test]
fn the_time_stamp_is_the_unprotected_one() {
    let mut raw = RawEnvelope::early();
    assert_eq!(Envelope::parse(&raw.encode()).unwrap().time_stamp, None);
    raw.unprotected = vec![(Item::text("timestamp"), Item::Bytes(vec![1, 2]))];
    assert_eq!(
        Envelope::parse(&raw.encode()).unwrap().time_stamp,
        Some(&[1, 2][..])
    );
    let label = header(|raw| raw.unprotected = vec![(Item::text("timestamp"), Item::text("x"))]);
    assert_eq!(label, "timestamp");
}

#[test]
fn the_envelope_is_a_tagged_array_of_four() {
    let good = RawEnvelope::early();
    let untagged = good.encode()[1..].to_vec();
    let mut other_tag = good.encode();
    other_tag[0] = 0xd1;
    let three = Item::Tag(18, Box::new(Item::Array(vec![null(); 3]))).encode();
    let protected_map = Item::Tag(
        18,
        Box::new(Item::Array(vec![
            Item::Map(good.protected.clone()),
            Item::Map(Vec::new()),
            good.payload.clone(),
            Item::Bytes(vec![7; 8]),
        ])),
    )
    .encode();
    for bytes in [untagged, other_tag, three, protected_map, vec![0xd2, 0xa0]] {
        assert!(matches!(Envelope::parse(&bytes), Err(UvmError::Envelope { .. })));
    }
    assert!(
        matches!(
            refused(|raw| raw.payload = null()),
            UvmError::Envelope {
                field: "envelope",
                ..
            }
        ),
        "a payload that lies elsewhere"
    );
}

#[test]
fn a_header_stands_in_one_place() {
    let label = header(|raw| raw.unprotected = vec![(Item::text("iss"), Item::text("other"))]);
    assert_eq!(label, "iss");
    let mut raw = RawEnvelope::early();
    raw.unprotected = vec![(Item::Int(394), Item::Array(Vec::new()))];
    assert!(Envelope::parse(&raw.encode()).is_ok(), "receipts are ignored");
}

#[test]
fn every_header_is_checked() {
    type Change = fn(&mut RawEnvelope);
    let cases: [(&str, Change); 16] = [
        ("1", |raw| raw.remove(&Item::Int(1))),
        ("1", |raw| raw.set(Item::Int(1), Item::text("PS384"))),
        ("259", |raw| raw.remove(&Item::Int(3))),
        ("3", |raw| raw.set(Item::Int(3), Item::Int(50))),
        ("33", |raw| raw.remove(&Item::Int(33))),
        ("33", |raw| {
            raw.set(Item::Int(33), Item::Array(vec![null()]));
        }),
        ("34", |raw| raw.set(Item::Int(34), Item::Bytes(vec![1]))),
        ("34", |raw| {
            raw.set(
                Item::Int(34),
                Item::Array(vec![Item::Int(-15), Item::Bytes(vec![1])]),
            );
        }),
        ("iss", |raw| raw.remove(&Item::text("iss"))),
        ("iss", |raw| {
            raw.set(Item::text("iss"), Item::text(&"a".repeat(1025)));
        }),
        ("feed", |raw| raw.remove(&Item::text("feed"))),
        ("signingtime", |raw| {
            raw.set(Item::text("signingtime"), null());
        }),
        ("signingtime", |raw| {
            raw.set(
                Item::text("signingtime"),
                Item::Tag(1, Box::new(Item::text("now"))),
            );
        }),
        ("15", |raw| raw.set(Item::Int(15), null())),
        ("258", |raw| raw.set(Item::Int(258), Item::Int(-43))),
        ("iss", |raw| raw.set(Item::Int(15), Item::Map(Vec::new()))),
    ];
    for (expected, change) in cases {
        assert_eq!(header(change), expected);
    }
}

#[test]
fn the_signing_time_may_be_left_out() {
    let mut raw = RawEnvelope::early();
    raw.remove(&Item::text("signingtime"));
    let bytes = raw.encode();
    assert_eq!(Envelope::parse(&bytes).unwrap().headers.claimed_time, None);
}

#[test]
fn every_claim_is_checked() {
    for (label, value) in [
        (Item::Int(1), null()),
        (Item::Int(2), Item::Int(7)),
        (Item::Int(6), Item::text("now")),
        (Item::text("svn"), Item::Int(-1)),
        (Item::text("svn"), Item::text("104")),
    ] {
        let mut raw = RawEnvelope::later();
        in_claims(&mut raw, label.clone(), value);
        assert!(
            matches!(Envelope::parse(&raw.encode()), Err(UvmError::Header { .. })),
            "{label:?}"
        );
    }
}

#[test]
fn a_measurement_may_be_declared_as_a_hash() {
    let mut raw = RawEnvelope::later();
    raw.remove(&Item::Int(3));
    raw.protected
        .insert(0, (Item::Int(259), Item::text("application/octet-stream")));
    raw.protected.insert(0, (Item::Int(258), Item::Int(-43)));
    assert!(Envelope::parse(&raw.encode()).is_ok());
    raw.protected[0].1 = Item::Int(-16);
    assert!(matches!(
        Envelope::parse(&raw.encode()),
        Err(UvmError::Header { label, .. }) if label == "258"
    ));
}

#[test]
fn only_known_algorithms_and_content_types_are_accepted() {
    for number in [-37, -38, -39, -7, -35] {
        let mut raw = RawEnvelope::early();
        raw.set(Item::Int(1), Item::Int(number));
        assert!(Envelope::parse(&raw.encode()).is_ok(), "{number}");
    }
    // RS256, EdDSA, HMAC 256, ES512.
    for found in [-257, -8, 5, -36] {
        let refusal = refused(|raw| raw.set(Item::Int(1), Item::Int(found)));
        assert_eq!(refusal, UvmError::Algorithm { found });
    }
    let refusal = refused(|raw| raw.set(Item::Int(3), Item::text("text/plain")));
    assert_eq!(
        refusal,
        UvmError::ContentType {
            found: "text/plain".into()
        }
    );
}

#[test]
fn a_critical_header_has_to_be_understood() {
    let mut raw = RawEnvelope::early();
    let critical = |items: Vec<Item>| (Item::Int(2), Item::Array(items));
    let (label, value) = critical(vec![Item::text("iss"), Item::Int(33)]);
    raw.set(label, value);
    assert!(Envelope::parse(&raw.encode()).is_ok());
    let (label, value) = critical(vec![Item::Int(99)]);
    assert_eq!(header(|raw| raw.set(label, value)), "99");
    assert_eq!(header(|raw| raw.set(Item::Int(2), null())), "2");
}

#[test]
fn an_envelope_larger_than_any_is_refused() {
    let bytes = vec![0xd2; MAX_ENDORSEMENT_BYTES + 1];
    assert!(matches!(Envelope::parse(&bytes), Err(UvmError::TooLarge { .. })));
}
