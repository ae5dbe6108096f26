//! Logs of real boots, compared with what other readers found in them: how they are written, how many entries they have,
//! and, extended one after the other, their digests make the registers that the TPM of that machine had.

use std::collections::BTreeMap;

use attestry_evidence::eventlog::efi::{GptData, Variable};
use attestry_evidence::eventlog::{Event, EventLog, EventType, LogFormat};
use attestry_evidence::hex;
use attestry_evidence::tpm::HashAlgorithm;
use serde_json::Value;

use crate::pool::file;

/// The header of this one claims four bytes of vendor information that lie outside its entry; no firmware wrote it.
const NOT_WELL_FORMED: &str = "eventlogs/tpm2-tools/specid-vendordata.bin";

/// The logs and what is known of each.
fn logs() -> Vec<(String, Vec<u8>, Value)> {
    let Some(known) = file("tpm/expected/replay.json") else {
        return Vec::new();
    };
    let known: BTreeMap<String, Value> = serde_json::from_slice(&known).unwrap();
    let logs: Vec<_> = known
        .into_iter()
        .filter_map(|(name, known)| file(&format!("tpm/{name}")).map(|log| (name, log, known)))
        .collect();
    assert!(!logs.is_empty());
    logs
}

fn readable<'a>(name: &str, bytes: &'a [u8], known: &Value) -> Option<EventLog<'a>> {
    let expected = known["format"].is_string() && name != NOT_WELL_FORMED;
    expected.then(|| {
        EventLog::parse(bytes)
            .map_err(|error| format!("{name}: {error}"))
            .unwrap()
    })
}

fn bank(name: &str) -> Option<HashAlgorithm> {
    HashAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.name().starts_with(name))
}

/// The registers of a bank once all digests are extended, those that something was extended into.
fn replayed(log: &EventLog<'_>, bank: HashAlgorithm) -> BTreeMap<String, String> {
    let mut registers = BTreeMap::new();
    for event in log.events().iter().filter(|event| event.is_extended()) {
        let Some(digest) = event.digest(bank) else {
            continue;
        };
        let register = registers
            .entry(event.pcr_index)
            .or_insert_with(|| initial(log, event, bank));
        let extended = bank.digest(&[register, digest]).unwrap();
        *register = extended.as_ref().to_vec();
    }
    registers
        .into_iter()
        .map(|(index, value)| (index.to_string(), hex::encode(&value)))
        .collect()
}

fn initial(log: &EventLog<'_>, event: &Event<'_>, bank: HashAlgorithm) -> Vec<u8> {
    let of_dynamic_root = (17..=22).contains(&event.pcr_index);
    let mut register = vec![if of_dynamic_root { 0xFF } else { 0 }; bank.size()];
    if event.pcr_index == 0 {
        *register.last_mut().unwrap() = log.startup_locality();
    }
    register
}

#[test]
fn real_logs_are_read_whole_and_make_the_registers_of_their_machines() {
    for (name, bytes, known) in logs() {
        let Some(log) = readable(&name, &bytes, &known) else {
            assert!(EventLog::parse(&bytes).is_err(), "{name}: {known}");
            continue;
        };
        let found = match log.format() {
            LogFormat::Sha1 => "sha1-legacy",
            LogFormat::CryptoAgile => "crypto-agile",
        };
        assert_eq!(known["format"], found, "{name}");
        assert_eq!(known["events"], log.events().len(), "{name}");
        assert_eq!(known["startup_locality"], log.startup_locality(), "{name}");
        for (bank_name, registers) in known["pcrs"].as_object().unwrap() {
            let Some(bank) = bank(bank_name).filter(|bank| bank.digest(&[]).is_some()) else {
                continue;
            };
            let registers: BTreeMap<String, String> = serde_json::from_value(registers.clone()).unwrap();
            assert_eq!(replayed(&log, bank), registers, "{name} {bank_name}");
        }
    }
}

/// What is left of a log that was cut is an error or, where it was cut between two entries, a log with fewer of them.
#[test]
fn a_real_log_that_was_cut_is_refused_or_has_fewer_entries() {
    for (name, bytes, known) in logs() {
        let Some(whole) = readable(&name, &bytes, &known) else {
            continue;
        };
        for length in (0..bytes.len()).step_by(if bytes.len() > 16_384 { 97 } else { 7 }) {
            let Ok(cut) = EventLog::parse(&bytes[..length]) else {
                continue;
            };
            assert_eq!(
                cut.events(),
                &whole.events()[..cut.events().len()],
                "{name}: {length} bytes"
            );
        }
    }
}

/// Firmware's variables and partition tables have the forms of their specifications. Shim appends to some of its
/// authorities' variables what no specification knows.
#[test]
fn real_variables_and_partition_tables_are_read() {
    let (mut variables, mut tables) = (0, 0);
    for (name, bytes, known) in logs() {
        let Some(log) = readable(&name, &bytes, &known) else {
            continue;
        };
        for event in log.events() {
            let at = format!("{name}, event {}", event.sequence);
            match event.event_type {
                EventType::EV_EFI_VARIABLE_DRIVER_CONFIG => {
                    let variable =
                        Variable::parse(event.data).unwrap_or_else(|error| panic!("{at}: {error}"));
                    assert!(!variable.name.is_empty(), "{at}");
                    variables += 1;
                }
                EventType::EV_EFI_GPT_EVENT => {
                    let table = GptData::parse(event.data).unwrap_or_else(|error| panic!("{at}: {error}"));
                    assert!(table.first_usable_lba < table.last_usable_lba, "{at}");
                    tables += 1;
                }
                _ => {}
            }
        }
    }
    assert!(
        file("tpm/expected/replay.json").is_none() || (variables > 100 && tables > 10),
        "{variables} {tables}"
    );
}
