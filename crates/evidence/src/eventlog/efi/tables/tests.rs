use super::*;

fn image(path: &[u8]) -> Vec<u8> {
    let size = u64::try_from(path.len()).unwrap();
    let head = [0x1000, 0x2000, 0, size].map(u64::to_le_bytes).concat();
    [&head, path].concat()
}

const PATH: [u8; 10] = [1, 1, 6, 0, 0, 2, 0x7F, 0xFF, 4, 0];

fn blob() -> Vec<u8> {
    [0x1000, 0x2000].map(u64::to_le_bytes).concat()
}

fn tables() -> Vec<u8> {
    let pointer = [&Guid::GLOBAL_VARIABLE.0[..], &[0; 8]].concat();
    [&2u64.to_le_bytes()[..], &pointer, &pointer].concat()
}

fn described(text: &[u8], event: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text, event].concat()
}

#[test]
fn an_image_is_read_with_its_path() {
    let event = image(&PATH);
    let image = ImageLoad::parse(&event).unwrap();
    assert_eq!((image.location, image.length), (0x1000, 0x2000));
    assert_eq!(image.device_path.to_string(), "Pci(0x2,0x0)");
}

#[test]
fn descriptions_are_read_where_the_form_has_one() {
    let event = described(b"FvMain", &blob());
    let blob = FirmwareBlob::parse_described(&event).unwrap();
    assert_eq!((blob.description, blob.length), (&b"FvMain"[..], 0x2000));
    let event = described(b"SmbiosTable", &tables());
    let tables = HandoffTables::parse_described(&event).unwrap();
    assert_eq!(tables.description, b"SmbiosTable");
    assert_eq!(tables.tables, [Guid::GLOBAL_VARIABLE; 2]);
}

type Parse = fn(&[u8]) -> bool;

#[test]
fn what_is_cut_short_or_prolonged_is_refused() {
    let forms: [(Vec<u8>, Parse); 5] = [
        (image(&PATH), |event| ImageLoad::parse(event).is_ok()),
        (blob(), |event| FirmwareBlob::parse(event).is_ok()),
        (described(b"a", &blob()), |event| {
            FirmwareBlob::parse_described(event).is_ok()
        }),
        (tables(), |event| HandoffTables::parse(event).is_ok()),
        (described(b"a", &tables()), |event| {
            HandoffTables::parse_described(event).is_ok()
        }),
    ];
    for (event, parses) in forms {
        assert!(parses(&event));
        for length in 0..event.len() {
            assert!(!parses(&event[..length]), "{length} of {}", event.len());
        }
        assert!(!parses(&[&event[..], &[0]].concat()));
    }
}

#[test]
fn numbers_that_no_memory_holds_are_refused() {
    let mut event = image(&PATH);
    event[24..32].fill(0xFF);
    assert!(ImageLoad::parse(&event).is_err());
    let mut event = tables();
    event[..8].fill(0xFF);
    assert_eq!(
        HandoffTables::parse(&event).unwrap_err().explain("event").code,
        "efi_too_many"
    );
}
