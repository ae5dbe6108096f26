//! What real boots of Windows measured about themselves, compared with decodings that were made independently.

use attestry_evidence::eventlog::sipa::{Budget, Tag, parse, parse_measured};
use attestry_evidence::hex;
use attestry_evidence::reader::Reader;
use aws_lc_rs::digest::{SHA256, digest};
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

/// An entry of a log in the legacy form: the PCR's index, the type, the data.
type Event<'a> = (u32, u32, &'a [u8]);

fn events(log: &[u8]) -> Vec<Event<'_>> {
    let mut reader = Reader::new(log);
    let mut events = Vec::new();
    while reader.remaining() > 0 {
        let (pcr, kind) = (reader.u32_le().unwrap(), reader.u32_le().unwrap());
        reader.array::<20>().unwrap();
        let size = reader.size_u32_le().unwrap();
        events.push((pcr, kind, reader.take(size).unwrap()));
    }
    events
}

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
        let events = events(&log);
        assert!(!decoded.is_empty());
        for expected in &decoded {
            let sequence = usize::try_from(expected["seq"].as_u64().unwrap()).unwrap();
            let (pcr, _, data) = events[sequence];
            assert_eq!(expected["len"], data.len());
            let mut budget = Budget::default();
            let tags = if pcr == u32::MAX {
                parse(data, &mut budget)
            } else {
                parse_measured(data, &mut budget)
            };
            assert_same(&tags.unwrap(), &expected["tags"]);
        }
        let tagged = events
            .iter()
            .filter(|(pcr, kind, _)| (11..15).contains(pcr) && *kind == EV_EVENT_TAG)
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

/// TCG PC Client Platform Firmware Profile, "Event Types".
const EV_EVENT_TAG: u32 = 6;
