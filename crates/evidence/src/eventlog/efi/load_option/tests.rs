use super::*;

fn option(description: &str, path: &[u8], optional: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = description
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let path_size = u16::try_from(path.len()).unwrap().to_le_bytes();
    [&[1, 0, 0, 0][..], &path_size, &text, path, optional].concat()
}

const PCI_THEN_END: [u8; 10] = [1, 1, 6, 0, 0, 2, 0x7F, 0xFF, 4, 0];

#[test]
fn a_load_option_is_read() {
    let variable = option("ubuntu", &PCI_THEN_END, b"quiet");
    let option = LoadOption::parse(&variable).unwrap();
    assert_eq!(option.description, "ubuntu");
    assert_eq!(option.file_path.to_string(), "Pci(0x2,0x0)");
    assert_eq!((option.is_active(), option.optional_data), (true, &b"quiet"[..]));
}

#[test]
fn only_the_first_path_of_the_list_is_what_is_loaded() {
    let paths = [&PCI_THEN_END[..], &[0x55; 9]].concat();
    let variable = option("two", &paths, b"");
    let option = LoadOption::parse(&variable).unwrap();
    assert_eq!(option.file_path.to_string(), "Pci(0x2,0x0)");
    assert!(option.optional_data.is_empty());
}

#[test]
fn a_load_option_cut_short_is_refused() {
    let variable = option("ubuntu", &PCI_THEN_END, b"");
    for length in 0..variable.len() {
        assert!(LoadOption::parse(&variable[..length]).is_err(), "{length}");
    }
    let mut endless = option("ubuntu", &[], b"");
    endless.truncate(endless.len() - 2);
    assert_eq!(
        LoadOption::parse(&endless).unwrap_err().explain("event").field,
        "event.EFI_LOAD_OPTION.Description"
    );
}

#[test]
fn an_order_is_whole_numbers() {
    assert_eq!(load_order(&[1, 0, 0x0A, 0xB0]), Ok(vec![1, 0xB00A]));
    assert_eq!(load_order(&[]), Ok(Vec::new()));
    assert!(load_order(&[1, 0, 2]).is_err());
}
