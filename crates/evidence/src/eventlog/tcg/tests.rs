use super::*;

const SHA1: u16 = 0x0004;
const SHA256: u16 = 0x000B;
const SEPARATOR: EventType = EventType::EV_SEPARATOR;
const NO_ACTION: EventType = EventType::EV_NO_ACTION;

fn size(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap().to_le_bytes()
}

fn sha1_entry(pcr: u32, event_type: EventType, data: &[u8]) -> Vec<u8> {
    let head = [pcr.to_le_bytes(), event_type.0.to_le_bytes()].concat();
    [&head, &[0x11; 20][..], &size(data), data].concat()
}

fn entry(pcr: u32, event_type: EventType, digests: &[(u16, usize)], data: &[u8]) -> Vec<u8> {
    let count = u32::try_from(digests.len()).unwrap();
    let mut entry = [pcr, event_type.0, count].map(u32::to_le_bytes).concat();
    for (algorithm, size) in digests {
        entry.extend(algorithm.to_le_bytes());
        entry.resize(entry.len() + size, 0x22);
    }
    [&entry, &size(data)[..], data].concat()
}

/// The data of a header with these algorithms.
fn spec_id(algorithms: &[(u16, u16)], vendor: &[u8]) -> Vec<u8> {
    let mut data = b"Spec ID Event03\0\0\0\0\0\0\x02\0\x02".to_vec();
    data.extend(u32::try_from(algorithms.len()).unwrap().to_le_bytes());
    for (id, size) in algorithms {
        data.extend([id.to_le_bytes(), size.to_le_bytes()].concat());
    }
    data.push(u8::try_from(vendor.len()).unwrap());
    [&data, vendor].concat()
}

fn agile(entries: &[Vec<u8>]) -> Vec<u8> {
    let header = spec_id(&[(SHA1, 20), (SHA256, 32)], b"");
    [&sha1_entry(0, NO_ACTION, &header), &entries.concat()[..]].concat()
}

fn both(pcr: u32, event_type: EventType, data: &[u8]) -> Vec<u8> {
    entry(pcr, event_type, &[(SHA1, 20), (SHA256, 32)], data)
}

fn locality(pcr: u32, value: &[u8]) -> Vec<u8> {
    both(pcr, NO_ACTION, &[b"StartupLocality\0", value].concat())
}

#[test]
fn entries_of_both_formats_are_read() {
    let bytes = sha1_entry(7, SEPARATOR, &[0; 4]);
    let log = EventLog::parse(&bytes).unwrap();
    assert_eq!(log.format(), LogFormat::Sha1);
    assert_eq!(log.algorithms(), [DeclaredAlgorithm { id: SHA1, size: 20 }]);
    let [event] = log.events() else { panic!("{log:?}") };
    assert_eq!(event.digest(HashAlgorithm::Sha1), Some(&[0x11; 20][..]));
    assert_eq!((event.data, event.data_offset), (&[0; 4][..], 32));

    let bytes = agile(&[both(4, SEPARATOR, b"one"), both(NO_PCR, NO_ACTION, b"two")]);
    let log = EventLog::parse(&bytes).unwrap();
    assert_eq!(log.format(), LogFormat::CryptoAgile);
    let [header, one, two] = log.events() else {
        panic!("{log:?}")
    };
    assert_eq!((header.sequence, one.sequence, two.sequence), (1, 2, 3));
    assert_eq!(
        (one.pcr_index, one.event_type, one.data),
        (4, SEPARATOR, &b"one"[..])
    );
    assert_eq!(one.digest(HashAlgorithm::Sha256), Some(&[0x22; 32][..]));
    assert_eq!(bytes[one.data_offset..].first(), Some(&b'o'));
    assert_eq!(two.pcr_index, NO_PCR);
    assert!(one.is_extended() && !two.is_extended());
}

#[test]
fn a_header_of_an_older_specification_is_followed_by_sha1_entries() {
    let header = sha1_entry(0, NO_ACTION, b"Spec ID Event02\0 and more");
    let bytes = [header, sha1_entry(7, SEPARATOR, &[0; 4])].concat();
    let log = EventLog::parse(&bytes).unwrap();
    assert_eq!((log.format(), log.events().len()), (LogFormat::Sha1, 2));
}

#[test]
fn an_algorithm_that_is_not_known_is_skipped_by_its_size() {
    let header = sha1_entry(0, NO_ACTION, &spec_id(&[(0x7777, 5), (SHA256, 32)], b"vendor"));
    let digests = [(SHA256, 32), (0x7777, 5)];
    let bytes = [&header[..], &entry(0, SEPARATOR, &digests, b"")].concat();
    let log = EventLog::parse(&bytes).unwrap();
    let [_, unknown] = log.events()[1].digests[..] else {
        panic!("{log:?}")
    };
    assert_eq!((unknown.algorithm_id, unknown.value), (0x7777, &[0x22; 5][..]));
}

#[test]
fn padding_is_accepted_when_nothing_else_follows() {
    let log = agile(&[both(0, SEPARATOR, &[0; 4])]);
    for pad in [0x00, 0xFF] {
        for size in [1, 7, 31, 32, 4096] {
            let padded = [&log[..], &vec![pad; size]].concat();
            let parsed = EventLog::parse(&padded).unwrap();
            assert_eq!(parsed.events(), EventLog::parse(&log).unwrap().events());
            for garbage in [&[1][..], &[0x00, 0xFF], &[0xFF, 0x00]] {
                let surplus = [&padded, garbage].concat();
                let error = EventLog::parse(&surplus).unwrap_err();
                assert!(
                    matches!(
                        error,
                        TcgLogError::Truncated { .. }
                            | TcgLogError::PcrIndex { .. }
                            | TcgLogError::DigestCount { .. }
                    ),
                    "{size} × {pad:#x}, {garbage:?}: {error:?}"
                );
            }
        }
    }
    for nothing in [&[][..], &[0; 64], &[0xFF; 64]] {
        assert_eq!(EventLog::parse(nothing), Err(TcgLogError::Empty));
    }
}

#[test]
fn a_log_cut_short_is_refused_unless_between_entries() {
    for bytes in [
        [
            sha1_entry(7, SEPARATOR, &[7; 4]),
            sha1_entry(4, SEPARATOR, b"text"),
        ]
        .concat(),
        agile(&[both(7, SEPARATOR, &[7; 4]), both(4, SEPARATOR, b"text")]),
    ] {
        let whole = EventLog::parse(&bytes).unwrap();
        let boundaries: Vec<usize> = whole.events().iter().map(|event| event.offset).collect();
        for length in 1..bytes.len() {
            let cut = EventLog::parse(&bytes[..length]);
            if boundaries.contains(&length) {
                let count = boundaries.iter().filter(|offset| **offset < length).count();
                assert_eq!(cut.unwrap().events(), &whole.events()[..count]);
            } else {
                assert!(cut.is_err(), "{length}");
            }
        }
    }
}

#[test]
fn pcrs_that_do_not_exist_are_refused() {
    for (pcr, event_type) in [(24, NO_ACTION), (u32::MAX - 1, NO_ACTION), (NO_PCR, SEPARATOR)] {
        let bytes = agile(&[both(pcr, event_type, b"")]);
        let error = EventLog::parse(&bytes).unwrap_err();
        assert!(
            matches!(error, TcgLogError::PcrIndex { event: 2, found, .. } if found == pcr),
            "{error:?}"
        );
        let told = error.explain();
        assert_eq!(
            (told.code, told.field.as_str()),
            ("event_log_pcr_index", "tcg_log.events[2].pcr_index")
        );
    }
}

#[test]
fn an_event_has_at_most_one_digest_of_each_declared_algorithm() {
    for (digests, expected) in [
        (&[][..], "event_log_digest_count"),
        (&[(SHA1, 20), (SHA256, 32), (SHA1, 20)], "event_log_digest_count"),
        (&[(SHA256, 32), (SHA256, 32)], "event_log_digest_twice"),
        (&[(SHA256, 32), (0x000C, 48)], "event_log_undeclared_algorithm"),
    ] {
        let bytes = agile(&[entry(0, SEPARATOR, digests, b"")]);
        assert_eq!(EventLog::parse(&bytes).unwrap_err().explain().code, expected);
    }
    let mut bytes = agile(&[both(0, SEPARATOR, b"")]);
    let count = EventLog::parse(&bytes).unwrap().events()[1].offset + 8;
    bytes[count..count + 4].fill(0xFF);
    let error = EventLog::parse(&bytes).unwrap_err();
    assert!(matches!(error, TcgLogError::DigestCount { .. }), "{error:?}");
    // One bank alone: whether it is the quoted one is not for the parser to say.
    assert!(EventLog::parse(&agile(&[entry(0, SEPARATOR, &[(SHA256, 32)], b"")])).is_ok());
}

#[test]
fn a_header_lists_algorithms_with_their_sizes_once() {
    let nine: Vec<(u16, u16)> = (0x7000..0x7009).map(|id| (id, 8)).collect();
    for (algorithms, expected) in [
        (&[][..], "event_log_algorithm_count"),
        (&nine, "event_log_algorithm_count"),
        (&[(SHA1, 20), (SHA1, 20)], "event_log_algorithm_twice"),
        (&[(SHA256, 16)], "event_log_algorithm_size"),
        (&[(0x7777, 0)], "event_log_algorithm_size"),
        (&[(0x7777, 65)], "event_log_algorithm_size"),
    ] {
        let bytes = sha1_entry(0, NO_ACTION, &spec_id(algorithms, b""));
        assert_eq!(EventLog::parse(&bytes).unwrap_err().explain().code, expected);
    }
    let whole = spec_id(&[(SHA256, 32)], b"vendor");
    for length in 16..whole.len() {
        let bytes = sha1_entry(0, NO_ACTION, &whole[..length]);
        let error = EventLog::parse(&bytes).unwrap_err();
        assert!(
            matches!(error, TcgLogError::Truncated { event: 1, .. }),
            "{length}: {error:?}"
        );
    }
    let bytes = sha1_entry(0, NO_ACTION, &[&whole[..], b"!"].concat());
    assert_eq!(
        EventLog::parse(&bytes),
        Err(TcgLogError::SpecIdSurplus { size: 1 })
    );
}

#[test]
fn the_startup_locality_is_recorded_once_before_pcr_0_is_extended() {
    for value in [0, 3, 4] {
        let bytes = agile(&[both(7, SEPARATOR, b""), locality(0, &[value])]);
        assert_eq!(EventLog::parse(&bytes).unwrap().startup_locality(), value);
    }
    assert_eq!(EventLog::parse(&agile(&[])).unwrap().startup_locality(), 0);
    for entries in [
        &[locality(0, &[9])][..],
        &[locality(0, &[])],
        &[locality(0, &[3, 0])],
        &[locality(1, &[3])],
        &[locality(0, &[3]), locality(0, &[3])],
        &[both(0, SEPARATOR, b""), locality(0, &[3])],
    ] {
        let error = EventLog::parse(&agile(entries)).unwrap_err();
        assert_eq!(error.explain().code, "event_log_startup_locality");
    }
}

#[test]
fn joined_logs_are_numbered_through() {
    let bytes = [
        agile(&[locality(0, &[3]), both(0, SEPARATOR, b"")]),
        agile(&[both(17, SEPARATOR, b"")]),
    ];
    let logs = || {
        bytes
            .iter()
            .map(|bytes| EventLog::parse(bytes).unwrap())
            .collect()
    };
    let log = EventLog::join(logs()).unwrap();
    let places: Vec<_> = log
        .events()
        .iter()
        .map(|event| (event.sequence, event.log))
        .collect();
    assert_eq!(places, [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1)]);
    assert_eq!(log.startup_locality(), 3);
    assert_eq!(log.algorithms().len(), 2);

    let sha1 = sha1_entry(0, EventType::EV_POST_CODE, b"");
    let mixed = [&bytes[0], &sha1].map(|bytes| EventLog::parse(bytes).unwrap());
    assert_eq!(
        EventLog::join(mixed.into()).unwrap().algorithms(),
        [DeclaredAlgorithm { id: SHA1, size: 20 }],
        "SHA-256 is not in both"
    );

    let late = [&bytes[0], &bytes[0]].map(|bytes| EventLog::parse(bytes).unwrap());
    assert!(matches!(
        EventLog::join(late.into()),
        Err(TcgLogError::StartupLocality { event: 5, .. })
    ));
    assert_eq!(EventLog::join(Vec::new()), Err(TcgLogError::Empty));
    let five = vec![EventLog::parse(&sha1).unwrap(); 5];
    assert_eq!(
        EventLog::join(five),
        Err(TcgLogError::TooManyLogs { count: 5, limit: 4 })
    );
}

#[test]
fn what_no_firmware_writes_is_refused_by_its_size() {
    let large = vec![1; MAX_LOG_BYTES + 1];
    assert_eq!(
        EventLog::parse(&large).unwrap_err().explain().code,
        "event_log_too_large"
    );
    let data = vec![1; MAX_EVENT_DATA_BYTES + 1];
    let bytes = sha1_entry(0, EventType::EV_POST_CODE, &data);
    assert_eq!(
        EventLog::parse(&bytes).unwrap_err().explain().code,
        "event_log_data_too_large"
    );
    let most = sha1_entry(1, EventType::EV_POST_CODE, b"").repeat(MAX_EVENTS);
    let log = EventLog::parse(&most).unwrap();
    assert_eq!(log.events().len(), MAX_EVENTS);
    let bytes = [&most[..], &most[..32]].concat();
    let error = TcgLogError::TooManyEvents { limit: MAX_EVENTS };
    assert_eq!(EventLog::parse(&bytes), Err(error.clone()));
    let twice = vec![log.clone(), log];
    assert_eq!(EventLog::join(twice), Err(error));
}

#[test]
fn the_table_that_points_to_a_log_is_named() {
    for signature in [b"CCEL", b"TPM2", b"TCPA"] {
        let table = [&signature[..], &[0x38; 52]].concat();
        let error = EventLog::parse(&table).unwrap_err();
        assert_eq!(error.explain().code, "event_log_acpi_table");
    }
}
