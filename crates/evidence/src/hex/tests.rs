use super::*;

#[test]
fn encodes_lower_case_and_decodes_either_case() {
    assert_eq!(encode(&[0x00, 0xAB, 0x7f]), "00ab7f");
    assert_eq!(decode(b"00aB7F"), Some(vec![0x00, 0xAB, 0x7f]));
    assert_eq!(decode(b""), Some(vec![]));
}

#[test]
fn refuses_odd_lengths_and_other_characters() {
    for text in ["0", "0g", "0x", " 00", "00\n", "+1", "é"] {
        assert_eq!(decode(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn an_array_has_exactly_its_size() {
    assert_eq!(decode_array::<2>("0102"), Some([1, 2]));
    assert_eq!(decode_array::<2>("01"), None);
    assert_eq!(decode_array::<2>("010203"), None);
}
