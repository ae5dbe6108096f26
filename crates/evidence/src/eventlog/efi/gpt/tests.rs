use super::*;

fn table(count: u64, entry_size: u32, entries: &[u8]) -> Vec<u8> {
    let mut event = b"EFI PART".to_vec();
    event.resize(40, 0);
    event.extend(34u64.to_le_bytes());
    event.extend(1000u64.to_le_bytes());
    event.extend([0xD1; 16]);
    event.extend([0; 12]);
    event.extend(entry_size.to_le_bytes());
    event.extend([0; 4]);
    event.extend(count.to_le_bytes());
    [&event, entries].concat()
}

fn entry(name: &[u16]) -> Vec<u8> {
    let mut entry = [[0xA1; 16], [0xB2; 16]].concat();
    for number in [34u64, 99, 1] {
        entry.extend(number.to_le_bytes());
    }
    entry.extend(name.iter().flat_map(|unit| unit.to_le_bytes()));
    entry.resize(128, 0);
    entry
}

#[test]
fn a_table_is_read_to_its_partitions() {
    let name: Vec<u16> = "EFI System".encode_utf16().collect();
    let event = table(2, 128, &[entry(&name), entry(&[0xD800])].concat());
    let gpt = GptData::parse(&event).unwrap();
    assert_eq!(gpt.disk_guid, Guid([0xD1; 16]));
    assert_eq!((gpt.first_usable_lba, gpt.last_usable_lba), (34, 1000));
    let [first, second] = gpt.partitions.as_slice() else {
        panic!("{gpt:?}")
    };
    assert_eq!(first.name.as_deref(), Some("EFI System"));
    assert_eq!(
        (first.starting_lba, first.ending_lba, first.attributes),
        (34, 99, 1)
    );
    assert_eq!(
        (first.partition_type, first.unique),
        (Guid([0xA1; 16]), Guid([0xB2; 16]))
    );
    assert_eq!(second.name, None);
}

#[test]
fn a_table_cut_short_or_prolonged_is_refused() {
    let event = table(2, 128, &[entry(&[]), entry(&[])].concat());
    for length in 0..event.len() {
        let error = GptData::parse(&event[..length]).unwrap_err();
        assert!(matches!(error, EfiError::Truncated { .. }), "{length}");
    }
    let surplus = [&event[..], &[0]].concat();
    assert!(matches!(GptData::parse(&surplus), Err(EfiError::LeftOver { .. })));
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    for (event, code) in [
        (table(257, 128, &vec![0; 257 * 128]), "efi_too_many"),
        (table(u64::MAX, 128, &[]), "efi_too_many"),
        (table(1, 0, &[0; 128]), "efi_size"),
        (table(1, 127, &[0; 127]), "efi_size"),
        (table(1, u32::MAX, &[0; 128]), "efi_truncated"),
    ] {
        assert_eq!(GptData::parse(&event).unwrap_err().explain("event").code, code);
    }
    assert!(GptData::parse(&table(1, 256, &[0; 256])).is_ok());
}
