use super::*;

fn node(kind: u8, sub_kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 4).unwrap();
    [&[kind, sub_kind][..], &length.to_le_bytes(), data].concat()
}

fn end() -> Vec<u8> {
    node(0x7F, 0xFF, b"")
}

fn file(path: &str) -> Vec<u8> {
    let units: Vec<u8> = path
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    node(4, 4, &units)
}

#[test]
fn paths_have_the_text_of_the_specification() {
    let disk = [
        1u32.to_le_bytes().as_slice(),
        &0x800u64.to_le_bytes(),
        &0x82000u64.to_le_bytes(),
        &Guid::GLOBAL_VARIABLE.0,
        &[2, 2],
    ]
    .concat();
    let path = [
        node(2, 1, &[0xD0, 0x41, 0x03, 0x0A, 0, 0, 0, 0]),
        node(1, 1, &[1, 3]),
        node(3, 2, &[1, 0, 0, 0]),
        node(4, 1, &disk),
        file(r"\EFI\BOOT\BOOTX64.EFI"),
        end(),
    ]
    .concat();
    assert_eq!(
        DevicePath::parse(&path).unwrap().to_string(),
        r"PciRoot(0x0)/Pci(0x3,0x1)/Scsi(0x1,0x0)/HD(1,GPT,8BE4DF61-93CA-11D2-AA0D-00E098032B8C,0x800,0x82000)/\EFI\BOOT\BOOTX64.EFI"
    );
}

#[test]
fn nodes_of_rare_kinds_and_wrong_sizes_are_shown_as_bytes() {
    for (bytes, text) in [
        (node(3, 0x30, &[1, 2]), "Path(3,48,0102)"),
        (node(4, 1, &[1, 2]), "Path(4,1,0102)"),
        (node(4, 4, &[0x41]), "Path(4,4,41)"),
        (node(4, 4, &[0, 0xD8]), "Path(4,4,00d8)"),
        (node(2, 1, &[1, 2, 3, 4, 5, 0, 0, 0]), "Acpi(0x04030201,0x5)"),
        (
            node(2, 1, &[0xD0, 0x41, 0x01, 0x05, 0, 0, 0, 0]),
            "Acpi(PNP0501,0x0)",
        ),
        (node(3, 0x18, b"http://a\n"), r"Uri(http://a\n)"),
        (
            node(3, 0x17, &[1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
            "NVMe(0x1,08-07-06-05-04-03-02-01)",
        ),
        (Vec::new(), ""),
    ] {
        assert_eq!(DevicePath::parse(&bytes).unwrap().to_string(), text);
    }
}

#[test]
fn several_instances_are_kept_apart() {
    let path = [
        node(1, 1, &[0, 1]),
        node(0x7F, 1, b""),
        node(1, 1, &[0, 2]),
        end(),
    ]
    .concat();
    assert_eq!(
        DevicePath::parse(&path).unwrap().to_string(),
        "Pci(0x1,0x0)/,/Pci(0x2,0x0)"
    );
}

#[test]
fn a_path_cut_short_is_refused_unless_between_nodes() {
    let path = [node(1, 1, &[0, 1]), file("a"), end()].concat();
    for length in 1..path.len() {
        let between = [6, 14].contains(&length);
        assert_eq!(DevicePath::parse(&path[..length]).is_ok(), between, "{length}");
    }
    let surplus = [&path[..], b"x"].concat();
    assert_eq!(
        DevicePath::parse(&surplus).unwrap_err().explain("event").code,
        "efi_left_over"
    );
}

#[test]
fn lengths_without_an_end_are_refused() {
    for length in 0..4 {
        let path = [&[4, 4, length, 0][..], &end()].concat();
        let error = DevicePath::parse(&path).unwrap_err();
        assert!(matches!(error, EfiError::Size { .. }), "{error:?}");
    }
    let most = node(1, 1, &[0, 1]).repeat(MAX_NODES);
    assert!(DevicePath::parse(&most).is_ok());
    let more = [&most[..], &node(1, 1, &[0, 1])].concat();
    assert_eq!(
        DevicePath::parse(&more).unwrap_err().explain("event").code,
        "efi_too_many"
    );
}
