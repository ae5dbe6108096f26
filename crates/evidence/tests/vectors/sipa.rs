//! What real boots of Windows measured about themselves, compared with decodings that were made independently.

use attestry_evidence::eventlog::sipa::{Budget, SipaError, Tag, Value as Measured, parse, parse_measured};
use attestry_evidence::eventlog::{EventLog, EventType};
use attestry_evidence::hex;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::pool::file;

/// Logs and their decodings.
const LOGS: [(&str, &str); 2] = [
    (
        "windows_gcp_shielded_vm.log.bin",
        "sipa-windows_gcp_shielded_vm.json",
    ),
    ("goatt-option_rom_eventlog.bin", "sipa-goatt-option_rom.json"),
];

#[test]
fn the_measurements_of_real_boots_are_decoded() {
    for (log, decoded) in LOGS {
        let (Some(log), Some(decoded)) = (
            file(&format!("tpm/eventlogs/windows/{log}")),
            file(&format!("tpm/expected/{decoded}")),
        ) else {
            continue;
        };
        let decoded: Vec<Value> = serde_json::from_slice(&decoded).unwrap();
        let log = EventLog::parse(&log).unwrap();
        let events = log.events();
        assert!(!decoded.is_empty());
        for expected in &decoded {
            let sequence = usize::try_from(expected["seq"].as_u64().unwrap()).unwrap();
            let event = &events[sequence];
            assert_eq!(expected["len"], event.data.len());
            let mut budget = Budget::default();
            let tags = if event.pcr_index == u32::MAX {
                parse(event.data, &mut budget)
            } else {
                parse_measured(event.data, &mut budget)
            };
            assert_same(&tags.unwrap(), &expected["tags"]);
        }
        let tagged = events
            .iter()
            .filter(|event| {
                (11..15).contains(&event.pcr_index) && event.event_type == EventType::EV_EVENT_TAG
            })
            .count();
        let measured = decoded.iter().filter(|event| is_measured(event)).count();
        assert_eq!(measured, tagged, "every tagged event has its decoding");
    }
}

/// A decoding lists payloads of some size by their hash.
fn assert_same(tags: &[Tag<'_>], decoded: &Value) {
    let decoded = decoded.as_array().unwrap();
    assert_eq!(tags.len(), decoded.len());
    for (tag, decoded) in tags.iter().zip(decoded) {
        assert_eq!(decoded["id"], format!("{:#010x}", tag.id().0));
        let name = decoded["name"].as_str().unwrap().replace("HV_", "HYPERVISOR_");
        assert_eq!(name, tag.id().to_string());
        assert_eq!(decoded["len"], tag.payload().len());
        if let Some(payload) = decoded["hex"].as_str() {
            assert_eq!(payload, hex::encode(tag.payload()));
        } else if let Some(hash) = decoded["sha256"].as_str() {
            assert_eq!(hash, hex::encode(digest(&SHA256, tag.payload()).as_ref()));
        } else {
            assert_same(tag.children(), &decoded["children"]);
        }
    }
}

/// What is not measured is logged under a PCR that there is none of.
fn is_measured(event: &Value) -> bool {
    event["pcr"].as_u64().is_some_and(|pcr| pcr < 24)
}

#[test]
fn a_real_measurement_cut_short_or_changed_is_told_from_itself() {
    let Some(log) = file("tpm/eventlogs/windows/windows_gcp_shielded_vm.log.bin") else {
        return;
    };
    let log = EventLog::parse(&log).unwrap();
    let tagged = log
        .events()
        .iter()
        .filter(|event| event.event_type == EventType::EV_EVENT_TAG);
    for event in tagged {
        let whole = parse_measured(event.data, &mut Budget::default()).unwrap();
        for length in (1..event.data.len()).filter(|length| *length != whole[0].payload().len() + 8) {
            let cut = parse_measured(&event.data[..length], &mut Budget::default());
            assert!(
                matches!(cut, Err(SipaError::Truncated { .. })),
                "{} {length}",
                event.sequence
            );
        }
        // A bit that changes is seen in the tree, or is a refusal; none is skipped.
        let mut flipped = event.data.to_vec();
        for index in 0..flipped.len().min(2048) {
            flipped[index] ^= 1 << (index % 8);
            assert_ne!(
                parse_measured(&flipped, &mut Budget::default()).as_ref(),
                Ok(&whole),
                "{} {index}",
                event.sequence
            );
            flipped[index] ^= 1 << (index % 8);
        }
    }
}

#[test]
fn the_raw_data_of_a_published_token_are_payloads() {
    let Some(token) = file("tpm/maa/healthattestation-token-claims.json") else {
        return;
    };
    let token: Value = serde_json::from_slice(&token).unwrap();
    let claims = &token["claims"];
    for (claim, id) in [("bootRevListInfo", 0x4_0002_u32), ("osRevListInfo", 0x5_0013)] {
        let event = tag(id, &claims[claim]);
        let Measured::RevocationList(list) = only_value(&event) else {
            panic!("{claim}")
        };
        assert_eq!(
            (list.digest.algorithm, list.digest.bytes.len()),
            (0x000B, 32),
            "{claim}"
        );
        assert_eq!(year(list.created), 2021, "{claim}");
    }
    let policies = claims["codeIntegrityPolicy"].as_array().unwrap();
    let names: Vec<(u64, String)> = policies
        .iter()
        .map(|policy| match only_value(&tag(0x5_000F, policy)) {
            Measured::SiPolicy(policy) => {
                assert_eq!((policy.digest.algorithm, policy.digest.bytes.len()), (0x000B, 32));
                (policy.version >> 48, policy.name)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        (1, "{8fb4865e-e90b-444f-b5b5-e2aa51d890fd}.CIP"),
        (10, "{bc4bf6d7-cc60-40f0-8644-1e64916f8183}.CIP"),
        (10, "{b318999a-b13e-4475-bcfd-1b16e30e6030}.CIP"),
        (10, "{fe82d589-77d1-4c76-9a4a-e4554688941b}.CIP"),
        (10, "DriverSiPolicy.p7b"),
    ];
    assert_eq!(names, expected.map(|(major, name)| (major, name.to_owned())));
}

/// The tag around a payload that a claim has in base64url.
fn tag(id: u32, claim: &Value) -> Vec<u8> {
    let payload = URL_SAFE_NO_PAD.decode(claim.as_str().unwrap()).unwrap();
    let size = u32::try_from(payload.len()).unwrap();
    [&id.to_le_bytes()[..], &size.to_le_bytes(), &payload].concat()
}

fn only_value(event: &[u8]) -> Measured<'_> {
    let tags = parse_measured(event, &mut Budget::default()).unwrap();
    assert_eq!(tags.len(), 1);
    tags[0].value().clone()
}

/// The year of a FILETIME, give or take a day.
fn year(filetime: u64) -> u64 {
    1601 + filetime / 10_000_000 / 86_400 * 10_000 / 3_652_425
}
