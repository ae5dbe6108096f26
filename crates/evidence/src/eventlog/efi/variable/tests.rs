use super::*;
use crate::utf16::Utf16Error;

fn measured(name: &[u16], data: &[u8]) -> Vec<u8> {
    let characters = u64::try_from(name.len()).unwrap();
    let size = u64::try_from(data.len()).unwrap();
    let name: Vec<u8> = name.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    [
        &Guid::GLOBAL_VARIABLE.0[..],
        &characters.to_le_bytes(),
        &size.to_le_bytes(),
        &name,
        data,
    ]
    .concat()
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

#[test]
fn a_variable_is_read_with_and_without_the_end_of_its_name() {
    for name in ["SecureBoot", "SecureBoot\0"] {
        let event = measured(&units(name), &[1]);
        let expected = Variable {
            guid: Guid::GLOBAL_VARIABLE,
            name: "SecureBoot".to_owned(),
            data: &[1],
        };
        assert_eq!(Variable::parse(&event), Ok(expected));
    }
    let unset = measured(&units("PK"), &[]);
    assert!(Variable::parse(&unset).unwrap().data.is_empty());
}

#[test]
fn a_variable_cut_short_or_prolonged_is_refused() {
    let event = measured(&units("dbx"), &[7; 76]);
    for length in 0..event.len() {
        let cut = event.get(..length).unwrap();
        assert!(
            matches!(Variable::parse(cut), Err(EfiError::Truncated { .. })),
            "{length}"
        );
    }
    assert_eq!(
        Variable::parse(&[&event[..], &[0]].concat()),
        Err(EfiError::LeftOver {
            structure: "UEFI_VARIABLE_DATA",
            offset: event.len(),
            size: 1,
        })
    );
}

#[test]
fn lengths_that_no_memory_holds_are_refused() {
    for (at, length) in [(16, u64::MAX), (16, 1 << 63), (16, (1 << 63) + 3), (24, u64::MAX)] {
        let mut event = measured(&units("dbx"), &[7; 76]);
        event[at..at + 8].copy_from_slice(&u64::to_le_bytes(length));
        assert!(
            matches!(Variable::parse(&event), Err(EfiError::Truncated { .. })),
            "{length:#x}"
        );
    }
}

#[test]
fn a_name_that_is_no_text_is_refused() {
    for (name, reason) in [
        (&[0xD800][..], Utf16Error::Surrogate),
        (&[0x61, 0, 0x62], Utf16Error::InnerNul),
    ] {
        let error = Variable::parse(&measured(name, &[])).unwrap_err();
        let expected = EfiError::Text {
            structure: "UEFI_VARIABLE_DATA",
            part: "UnicodeName",
            offset: 32,
            reason,
        };
        assert_eq!(error, expected);
        let field = "log.events[3].UEFI_VARIABLE_DATA.UnicodeName";
        assert_eq!(error.explain("log.events[3]").field, field);
    }
}
