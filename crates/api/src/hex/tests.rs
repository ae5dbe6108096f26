use super::*;

#[test]
fn bytes_survive_and_digits_are_lower_case() {
    assert_eq!(encode(&[0x00, 0x9f, 0xff]), "009fff");
    assert_eq!(decode("009FfF"), Some(vec![0x00, 0x9f, 0xff]));
}

#[test]
fn odd_lengths_and_foreign_characters_are_refused() {
    assert_eq!(decode("0"), None);
    assert_eq!(decode("0g"), None);
    assert_eq!(decode("é"), None);
}
