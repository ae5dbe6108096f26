use super::*;
use crate::utf16::Utf16Error;

/// A tag as Windows writes it.
fn tag(id: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap();
    [&id.to_le_bytes(), &size.to_le_bytes(), payload].concat()
}

fn boundary(children: &[Vec<u8>]) -> Vec<u8> {
    tag(0x4001_0001, &children.concat())
}

fn text(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn read(event: &[u8]) -> Result<Vec<Tag<'_>>, SipaError> {
    parse_measured(event, &mut Budget::default())
}

/// The value of the one tag in `event`.
fn value(event: &[u8]) -> Result<Value<'_>, SipaError> {
    read(event).map(|tags| {
        let [tag] = tags.as_slice() else {
            panic!("{tags:?}")
        };
        tag.value().clone()
    })
}

/// A boundary with every form in it.
fn everything() -> Vec<u8> {
    let module = tag(
        0x4001_0003,
        &[
            tag(0x7_0001, &text("\\Windows\\system32\\winload.efi\0")),
            tag(0x7_0004, &[7; 32]),
            tag(0x7_000A, &[1]),
            tag(0x7_000B, &5_u32.to_le_bytes()),
        ]
        .concat(),
    );
    boundary(&[
        tag(0x4_0001, &[0]),
        tag(0x2_0005, &4_u32.to_le_bytes()),
        tag(0x5_0004, &3_u64.to_le_bytes()),
        tag(0x4_0002, &revocation_list()),
        tag(0x5_000F, &si_policy("policy.p7b\0")),
        tag(0x5_0023, &identity_key(2048, 256)),
        tag(0x5_0029, &custom_policy()),
        tag(0x5_0031, &policy_signer()),
        module,
    ])
}

fn revocation_list() -> Vec<u8> {
    [
        &0x01d3_7370_ad9a_a180_u64.to_le_bytes()[..],
        &32_u32.to_le_bytes(),
        &0x000B_u16.to_le_bytes(),
        &[0xAB; 32],
    ]
    .concat()
}

fn si_policy(name: &str) -> Vec<u8> {
    let name = text(name);
    [
        &0x000A_0000_5791_0000_u64.to_le_bytes()[..],
        &u16::try_from(name.len()).unwrap().to_le_bytes(),
        &0x000B_u16.to_le_bytes(),
        &32_u32.to_le_bytes(),
        &name,
        &[0xCD; 32],
    ]
    .concat()
}

fn identity_key(bits: u32, modulus: usize) -> Vec<u8> {
    [
        &1_u32.to_le_bytes()[..],
        &bits.to_le_bytes(),
        &3_u32.to_le_bytes(),
        &u32::try_from(modulus).unwrap().to_le_bytes(),
        &[1, 0, 1],
        &vec![0xC5; modulus],
    ]
    .concat()
}

fn custom_policy() -> Vec<u8> {
    [
        &1_u32.to_le_bytes()[..],
        &20_u32.to_le_bytes(),
        &0x000B_u16.to_le_bytes(),
        &32_u16.to_le_bytes(),
        &8_u32.to_le_bytes(),
        &2_u32.to_le_bytes(),
        &[0xEF; 32],
    ]
    .concat()
}

fn policy_signer() -> Vec<u8> {
    let name = text("policy.p7b\0");
    [
        &6_u32.to_le_bytes()[..],
        &5_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &u16::try_from(name.len()).unwrap().to_le_bytes(),
        &4_u16.to_le_bytes(),
        &2_u16.to_le_bytes(),
        &name,
        b"ekus",
        b"certs",
    ]
    .concat()
}

#[test]
fn each_form_is_read_to_its_value() {
    let event = everything();
    let tags = read(&event).unwrap();
    let [boundary] = tags.as_slice() else {
        panic!("{tags:?}")
    };
    assert_eq!((boundary.id(), boundary.offset()), (TagId::TRUSTBOUNDARY, 0));
    let sha256 = |bytes| Digest {
        algorithm: 0x000B,
        bytes,
    };
    let values: Vec<&Value<'_>> = boundary.children().iter().map(Tag::value).collect();
    let [.., module] = values.as_slice() else {
        panic!("{values:?}")
    };
    assert_eq!(
        values[..8],
        [
            &Value::Flag(false),
            &Value::Number(4),
            &Value::Number(3),
            &Value::RevocationList(RevocationList {
                created: 0x01d3_7370_ad9a_a180,
                digest: sha256(&[0xAB; 32]),
            }),
            &Value::SiPolicy(SiPolicy {
                version: 0x000A_0000_5791_0000,
                name: "policy.p7b".to_owned(),
                digest: sha256(&[0xCD; 32]),
            }),
            &Value::IdentityKey(IdentityKey {
                exponent: &[1, 0, 1],
                modulus: &[0xC5; 256],
            }),
            &Value::CustomPolicy(CustomPolicy {
                digest: sha256(&[0xEF; 32]),
                options: 8,
                signers: 2,
            }),
            &Value::PolicySigner(PolicySigner {
                root: 6,
                policy_name: "policy.p7b".to_owned(),
                eku_count: 2,
                ekus: b"ekus",
                certificate_count: 1,
                certificates: b"certs",
            }),
        ]
    );
    let Value::Container(module) = module else {
        panic!("{module:?}")
    };
    assert_eq!(module[0].text(), Some("\\Windows\\system32\\winload.efi"));
    assert_eq!(
        (module[1].value(), module[1].payload()),
        (&Value::Bytes, &[7; 32][..])
    );
    assert_eq!(module[2].flag(), Some(true));
    assert_eq!(module[3].number(), Some(5));
}

#[test]
fn an_event_cut_short_anywhere_is_refused() {
    let event = everything();
    for length in 1..event.len() {
        let cut = event.get(..length).unwrap();
        assert!(
            matches!(read(cut), Err(SipaError::Truncated { .. })),
            "{length}: {:?}",
            read(cut)
        );
    }
    assert_eq!(read(&[]), Ok(Vec::new()));
}

#[test]
fn a_payload_cut_short_or_prolonged_is_refused_where_something_is_decided_by_it() {
    let payloads: [(u32, Vec<u8>); 4] = [
        (0x4_0002, revocation_list()),
        (0x5_0013, revocation_list()),
        (0x5_000F, si_policy("policy.p7b\0")),
        (0x5_0023, identity_key(2048, 256)),
    ];
    for (id, payload) in payloads {
        let whole = tag(id, &payload);
        assert!(value(&whole).is_ok(), "{id:#x}");
        for length in 0..payload.len() {
            let cut = tag(id, payload.get(..length).unwrap());
            assert!(
                matches!(value(&cut), Err(SipaError::Truncated { tag: Some(_), .. })),
                "{id:#x} {length}: {:?}",
                value(&cut)
            );
        }
        let longer = tag(id, &[&payload[..], &[0]].concat());
        assert_eq!(
            value(&longer),
            Err(SipaError::LeftOver {
                tag: TagId(id),
                offset: 8 + payload.len(),
                size: 1,
            })
        );
    }
}

#[test]
fn a_payload_that_decides_nothing_is_kept_as_bytes_when_it_is_of_another_version() {
    for (id, payload) in [(0x5_0029, custom_policy()), (0x5_0031, policy_signer())] {
        assert_ne!(value(&tag(id, &payload)), Ok(Value::Bytes));
        for length in 0..payload.len() {
            assert_eq!(value(&tag(id, payload.get(..length).unwrap())), Ok(Value::Bytes));
        }
        assert_eq!(value(&tag(id, &[&payload[..], &[0]].concat())), Ok(Value::Bytes));
    }
    let mut ecdsa = identity_key(2048, 256);
    ecdsa[0] = 2;
    assert_eq!(value(&tag(0x5_0023, &ecdsa)), Ok(Value::Bytes));
    assert_eq!(value(&tag(0x5_0099, b"of the future")), Ok(Value::Bytes));
}

#[test]
fn a_flag_is_0_or_1_in_one_byte_or_four() {
    for (payload, flag) in [
        (&[0][..], false),
        (&[1], true),
        (&[0; 4], false),
        (&[1, 0, 0, 0], true),
    ] {
        assert_eq!(value(&tag(0x5_0002, payload)), Ok(Value::Flag(flag)));
    }
    for (payload, found) in [
        (&[2][..], 2),
        (&[0xFF], 0xFF),
        (&[1, 1, 0, 0], 0x101),
        (&[0, 0, 0, 1], 0x100_0000),
    ] {
        assert_eq!(
            value(&tag(0x5_0002, payload)),
            Err(SipaError::Flag {
                tag: TagId::CODEINTEGRITY,
                offset: 8,
                found,
            })
        );
    }
    for size in [0, 2, 3, 5, 8] {
        assert_eq!(
            value(&tag(0x5_0002, &vec![0; size])),
            Err(SipaError::Size {
                tag: TagId::CODEINTEGRITY,
                offset: 8,
                expected: "1 or 4 bytes",
                found: size,
            })
        );
    }
}

#[test]
fn a_number_has_one_four_or_eight_bytes() {
    let payload = 0x0807_0605_0403_0201_u64.to_le_bytes();
    for (size, number) in [(1, 1), (4, 0x0403_0201), (8, 0x0807_0605_0403_0201)] {
        assert_eq!(value(&tag(0x2_0009, &payload[..size])), Ok(Value::Number(number)));
    }
    for size in [0, 2, 3, 5, 7] {
        assert!(matches!(
            value(&tag(0x2_0009, &payload[..size])),
            Err(SipaError::Size { .. })
        ));
    }
}

#[test]
fn numbers_have_the_names_of_their_constants() {
    let name = |id, number: u64| {
        let event = tag(id, &number.to_le_bytes());
        read(&event).unwrap()[0].number_name()
    };
    for (number, expected) in [(0, "NONE"), (1, "CACHED"), (4, "TPM"), (0x14, "TPM|PIN"), (8, "")] {
        assert_eq!(name(0x2_0005, number).as_deref(), Some(expected), "{number}");
    }
    assert_eq!(
        name(0xA_0007, 1).as_deref(),
        Some("HypervisorEnforcedCodeIntegrityEnable")
    );
    assert_eq!(name(0xA_0007, 3).as_deref(), Some(""));
    assert_eq!(name(0x5_0004, 3).as_deref(), Some("AlwaysOn"));
    assert_eq!(name(0x2_0003, 1).as_deref(), Some("OSLOADER"));
    assert_eq!(name(0x2_0009, 1), None);
}

#[test]
fn text_that_is_none_is_refused_at_its_place() {
    let path = |payload: &[u8]| {
        let event = boundary(&[tag(0x7_0001, payload)]);
        read(&event).map(|_| ())
    };
    let refused = |reason| {
        Err(SipaError::Text {
            tag: TagId::FILEPATH,
            offset: 16,
            reason,
        })
    };
    assert_eq!(path(b"abc"), refused(Utf16Error::OddSize { size: 3 }));
    assert_eq!(path(&[0, 0xD8]), refused(Utf16Error::Surrogate));
    assert_eq!(path(&text("a\0b\0")), refused(Utf16Error::InnerNul));
    assert_eq!(path(&text("without its end")), Ok(()));
}

#[test]
fn the_sizes_of_a_key_agree() {
    for (bits, modulus) in [(2048, 255), (2048, 257), (2056, 256), (u32::MAX, 256)] {
        assert_eq!(
            value(&tag(0x5_0023, &identity_key(bits, modulus))),
            Err(SipaError::KeySize {
                tag: TagId::VSM_IDKS_INFO,
                offset: 8,
                bits,
                modulus,
            })
        );
    }
}

#[test]
fn what_is_not_measured_has_no_place_in_a_measured_event() {
    let event = tag(0xC001_0004, &tag(0x8008_0004, &[7; 20]));
    assert_eq!(
        read(&event),
        Err(SipaError::Unmeasured {
            tag: TagId(0xC001_0004),
            offset: 0,
        })
    );
    let shown = parse(&event, &mut Budget::default()).unwrap();
    assert_eq!(shown[0].children()[0].payload(), [7; 20]);

    let inside = boundary(&[tag(0x4_0001, &[0]), tag(0x8008_0004, &[7; 20])]);
    assert_eq!(
        read(&inside),
        Err(SipaError::Unmeasured {
            tag: TagId(0x8008_0004),
            offset: 17,
        })
    );
}

#[test]
fn containers_are_nested_to_a_limit() {
    let nested = |levels: usize| (0..levels).fold(tag(0x4_0001, &[0]), |inside, _| tag(0x4001_0001, &inside));
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        read(&nested(MAX_DEPTH + 1)),
        Err(SipaError::TooDeep {
            offset: 8 * MAX_DEPTH,
            limit: MAX_DEPTH,
        })
    );
    // So deep that the stack would end first.
    assert!(matches!(read(&nested(20_000)), Err(SipaError::TooDeep { .. })));
}

#[test]
fn a_log_has_a_limited_number_of_tags_and_modules() {
    let mut budget = Budget::default();
    let half = tag(0x4_0001, &[0]).repeat(MAX_TAGS / 2);
    assert!(parse_measured(&half, &mut budget).is_ok());
    assert!(parse_measured(&half, &mut budget).is_ok());
    assert_eq!(
        parse_measured(&tag(0x4_0001, &[0]), &mut budget),
        Err(SipaError::TooManyTags { limit: MAX_TAGS })
    );

    let modules = tag(0x4001_0003, &[]).repeat(MAX_MODULES);
    assert!(read(&modules).is_ok());
    assert_eq!(
        read(&[modules, tag(0x4001_0003, &[])].concat()),
        Err(SipaError::TooManyModules { limit: MAX_MODULES })
    );
}

#[test]
fn a_size_beyond_the_event_is_refused_before_anything_is_taken() {
    for size in [18, 0x7FFF_FFFF, u32::MAX] {
        let mut event = boundary(&[tag(0x4_0001, &[0])]);
        event[4..8].copy_from_slice(&size.to_le_bytes());
        assert!(matches!(
            read(&event),
            Err(SipaError::Truncated {
                part: "payload",
                tag: Some(TagId::TRUSTBOUNDARY),
                offset: 8,
                left: 9,
                ..
            })
        ));
    }
}

#[test]
fn events_of_other_software_are_told_by_their_first_id() {
    assert!(is_of_windows(&everything()));
    assert!(is_of_windows(&tag(0x6_0002, &[])));
    assert!(!is_of_windows(&tag(0x8F3B_22EC, b"systemd")));
    assert!(!is_of_windows(b"abc"));
    assert!(!is_of_windows(&[]));
}

#[test]
fn every_refusal_names_its_place() {
    let cases: [(Vec<u8>, &str, &str); 4] = [
        (
            boundary(&[tag(0x5_0002, &[2])]),
            "sipa_flag",
            "log.events[4][16].CODEINTEGRITY",
        ),
        (vec![0; 7], "sipa_truncated", "log.events[4][4]"),
        (
            tag(0x8008_0004, &[]),
            "sipa_unmeasured",
            "log.events[4][0].AIKPUBDIGEST",
        ),
        (
            tag(0x5_0023, &identity_key(8, 256)),
            "sipa_key_size",
            "log.events[4][8].VSM_IDKS_INFO",
        ),
    ];
    for (event, code, field) in cases {
        let explanation = read(&event).unwrap_err().explain("log.events[4]");
        assert_eq!((explanation.code, &*explanation.field), (code, field));
    }
}
