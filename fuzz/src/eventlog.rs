//! Logs of measured boots, as strangers send them.

use attestry_evidence::eventlog::EventLog;
use attestry_evidence::eventlog::efi::{
    DevicePath, FirmwareBlob, GptData, HandoffTables, ImageLoad, LoadOption, SignatureList, Variable,
    load_order,
};
use attestry_evidence::eventlog::sipa::{Budget, Tag, parse, parse_measured};

/// Any bytes as a log, alone and joined with itself. Entries are parts of the input, one behind the other.
pub fn tcg_log(data: &[u8]) {
    let Ok(log) = EventLog::parse(data) else { return };
    let mut end = 0;
    for (number, event) in log.events().iter().enumerate() {
        assert_eq!(event.sequence, number + 1);
        assert!(event.offset == end && event.data_offset > event.offset);
        end = event.data_offset + event.data.len();
        assert_eq!(event.data, &data[event.data_offset..end]);
        assert!(!event.digests.is_empty());
    }
    assert!(data[end..].windows(2).all(|pair| pair[0] == pair[1]));
    if let Ok(joined) = EventLog::join(vec![log.clone(), log.clone()]) {
        assert_eq!(joined.events().len(), 2 * log.events().len());
    }
}

/// Any bytes as one of UEFI's structures: the first byte selects.
pub fn efi_structure(data: &[u8]) {
    let Some((selector, data)) = data.split_first() else {
        return;
    };
    match selector % 9 {
        0 => {
            if let Ok(variable) = Variable::parse(data) {
                assert!(data.ends_with(variable.data));
            }
        }
        1 => {
            for list in SignatureList::parse_all(data).unwrap_or_default() {
                assert!(list.signatures.iter().all(|one| one.data.len() < data.len()));
            }
        }
        2 => {
            if let Ok(option) = LoadOption::parse(data) {
                assert!(data.ends_with(option.optional_data));
                let _ = option.file_path.to_string();
            }
        }
        3 => {
            if let Ok(path) = DevicePath::parse(data) {
                let _ = path.to_string();
            }
        }
        4 => assert_eq!(load_order(data).is_ok(), data.len() % 2 == 0),
        5 => {
            let _ = GptData::parse(data);
        }
        6 => {
            let _ = ImageLoad::parse(data).map(|image| image.device_path.to_string());
        }
        7 => {
            let _ = (FirmwareBlob::parse(data), FirmwareBlob::parse_described(data));
        }
        _ => {
            let _ = (HandoffTables::parse(data), HandoffTables::parse_described(data));
        }
    }
}

/// Any bytes as an event of Windows. What is decoded is the input, byte for byte.
pub fn sipa(data: &[u8]) {
    let Ok(tags) = parse(data, &mut Budget::default()) else {
        return;
    };
    assert_eq!(encoded(&tags), data);
    match parse_measured(data, &mut Budget::default()) {
        Ok(measured) => assert_eq!(measured, tags),
        Err(_) => assert!(tags.iter().any(has_unmeasured)),
    }
}

fn encoded(tags: &[Tag<'_>]) -> Vec<u8> {
    tags.iter()
        .flat_map(|tag| {
            let payload = if tag.id().is_container() {
                encoded(tag.children())
            } else {
                tag.payload().to_vec()
            };
            let size = u32::try_from(payload.len()).expect("a payload has a size of 32 bits");
            [&tag.id().0.to_le_bytes()[..], &size.to_le_bytes(), &payload].concat()
        })
        .collect()
}

fn has_unmeasured(tag: &Tag<'_>) -> bool {
    tag.id().is_unmeasured() || tag.children().iter().any(has_unmeasured)
}
