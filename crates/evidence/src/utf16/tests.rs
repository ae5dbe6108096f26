use super::*;

fn encoded(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_nuls_at_the_end_do_not_count() {
    for text in ["", "\0", "\0\0"] {
        assert_eq!(decode(&encoded(text)), Ok(String::new()), "{text:?}");
    }
    for text in ["dbx", "dbx\0", "dbx\0\0\0"] {
        assert_eq!(decode(&encoded(text)).as_deref(), Ok("dbx"), "{text:?}");
    }
}

#[test]
fn characters_outside_the_basic_plane_are_read() {
    assert_eq!(decode(&encoded("a\u{1F512}é")).as_deref(), Ok("a\u{1F512}é"));
}

#[test]
fn what_is_not_text_is_refused() {
    assert_eq!(decode(b"a"), Err(Utf16Error::OddSize { size: 1 }));
    assert_eq!(decode(b"a\0b"), Err(Utf16Error::OddSize { size: 3 }));
    assert_eq!(decode(&[0x00, 0xD8]), Err(Utf16Error::Surrogate));
    assert_eq!(decode(&[0x00, 0xDC, 0x00, 0xD8]), Err(Utf16Error::Surrogate));
    assert_eq!(decode(&encoded("a\0b")), Err(Utf16Error::InnerNul));
    assert_eq!(decode(&encoded("\0b\0")), Err(Utf16Error::InnerNul));
}
