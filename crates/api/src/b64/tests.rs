use super::*;

#[test]
fn all_four_flavours_give_the_same_bytes() {
    for text in ["-_8", "-_8=", "+/8", "+/8="] {
        assert_eq!(decode_lenient(text).as_deref(), Ok(&[0xfb, 0xff][..]), "{text}");
    }
    assert_eq!(decode_lenient("").as_deref(), Ok(&[][..]));
}

#[test]
fn foreign_and_mixed_characters_are_refused_with_their_position() {
    assert_eq!(
        decode_lenient("ab c"),
        Err(Base64Error::Character { position: 2 })
    );
    assert_eq!(
        decode_lenient("ab\nc"),
        Err(Base64Error::Character { position: 2 })
    );
    assert_eq!(
        decode_lenient("-+AA"),
        Err(Base64Error::Character { position: 1 })
    );
    assert_eq!(
        decode_lenient("AAA)"),
        Err(Base64Error::Character { position: 3 })
    );
}

#[test]
fn trailing_bits_and_impossible_lengths_are_refused() {
    assert_eq!(decode_lenient("A"), Err(Base64Error::End));
    // `-_9` carries non-zero bits after its last byte.
    assert!(decode_lenient("-_9").is_err());
    assert!(decode_url("-_9").is_err());
}

#[test]
fn jws_parts_take_neither_padding_nor_the_standard_alphabet() {
    assert_eq!(decode_url("-_8").as_deref(), Ok(&[0xfb, 0xff][..]));
    assert!(decode_url("-_8=").is_err());
    assert!(decode_url("+/8").is_err());
}

#[test]
fn output_is_unpadded_base64url_or_padded_base64() {
    assert_eq!(encode_url(&[0xfb, 0xff]), "-_8");
    assert_eq!(encode_standard(&[0xfb, 0xff]), "+/8=");
}
