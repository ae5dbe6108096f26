use super::*;

#[test]
fn lengths_switch_to_the_long_form_at_128() {
    assert_eq!(octet_string(&[7; 127])[..2], [0x04, 127]);
    assert_eq!(octet_string(&[7; 128])[..3], [0x04, 0x81, 128]);
    assert_eq!(octet_string(&[7; 256])[..4], [0x04, 0x82, 1, 0]);
    assert_eq!(octet_string(&vec![7; 65_536])[..5], [0x04, 0x83, 1, 0, 0]);
    assert_eq!(octet_string(&[7; 256]).len(), 260);
}

#[test]
fn integers_are_minimal_and_never_negative() {
    // X.690, 8.3; the values of the Wikipedia and Let's Encrypt primers, checked with `openssl asn1parse`.
    assert_eq!(integer(0), [0x02, 1, 0]);
    assert_eq!(integer(127), [0x02, 1, 0x7F]);
    assert_eq!(integer(128), [0x02, 2, 0, 0x80]);
    assert_eq!(integer(256), [0x02, 2, 1, 0]);
    assert_eq!(integer(0x8000), [0x02, 3, 0, 0x80, 0]);
    assert_eq!(integer_from_bytes(&[0, 0, 0x81]), [0x02, 2, 0, 0x81]);
    assert_eq!(integer_from_bytes(&[]), [0x02, 1, 0]);
    assert_eq!(enumerated(1), [0x0A, 1, 1]);
}

#[test]
fn object_identifiers_match_known_encodings() {
    // rsadsi (RFC 8017), prime256v1 (RFC 5480), the SGX extension (Intel PCK certificate specification).
    assert_eq!(
        oid(&[1, 2, 840, 113_549]),
        [0x06, 6, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D]
    );
    assert_eq!(
        oid(&[1, 2, 840, 10_045, 3, 1, 7]),
        [0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]
    );
    assert_eq!(
        oid_from_dotted("1.2.840.113741.1.13.1").unwrap(),
        [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 1, 0x0D, 1]
    );
    // X.690, 8.19.5: {2 100 3}.
    assert_eq!(oid_from_arcs(&[2, 100, 3]).unwrap(), [0x06, 3, 0x81, 0x34, 3]);
}

#[test]
fn text_that_is_no_object_identifier_is_refused() {
    for wrong in [
        "",
        "1",
        "1.",
        "1.2.x",
        "3.1",
        "1.40",
        "-1.2",
        "1.2.18446744073709551616",
    ] {
        assert_eq!(oid_from_dotted(wrong), None, "{wrong}");
    }
}

#[test]
fn named_bits_drop_trailing_zeros() {
    // KeyUsage: keyCertSign (5) and cRLSign (6) are 03 02 01 06 in every CA certificate;
    // digitalSignature (0) and nonRepudiation (1) are 03 02 06 C0; decipherOnly (8) needs a second octet.
    assert_eq!(named_bits(&[5, 6]), [0x03, 2, 1, 0x06]);
    assert_eq!(named_bits(&[1, 0]), [0x03, 2, 6, 0xC0]);
    assert_eq!(named_bits(&[8]), [0x03, 3, 7, 0, 0x80]);
    assert_eq!(named_bits(&[]), [0x03, 1, 0]);
}

#[test]
fn times_follow_rfc_5280() {
    assert_eq!(
        time(1_768_435_200),
        [b"\x17\x0d".as_slice(), b"260115000000Z"].concat()
    );
    assert_eq!(
        time(2_524_607_999),
        [b"\x17\x0d".as_slice(), b"491231235959Z"].concat()
    );
    assert_eq!(
        time(2_524_608_000),
        [b"\x18\x0f".as_slice(), b"20500101000000Z"].concat()
    );
    assert_eq!(
        generalized_time(1_556_668_800),
        [b"\x18\x0f".as_slice(), b"20190501000000Z"].concat()
    );
}

#[test]
fn structures_nest() {
    assert_eq!(sequence([integer(1), null()]), [0x30, 5, 2, 1, 1, 5, 0]);
    assert_eq!(sequence(Vec::<Vec<u8>>::new()), [0x30, 0]);
    assert_eq!(set([integer(2), integer(1)]), [0x31, 6, 2, 1, 1, 2, 1, 2]);
    assert_eq!(explicit(3, &integer(1)), [0xA3, 3, 2, 1, 1]);
    assert_eq!(implicit(6, b"x"), [0x86, 1, b'x']);
    assert_eq!(boolean(true), [1, 1, 0xFF]);
    assert_eq!(boolean(false), [1, 1, 0]);
    assert_eq!(bit_string(&[0xAB]), [3, 2, 0, 0xAB]);
    assert_eq!(utf8_string("é"), [0x0C, 2, 0xC3, 0xA9]);
    assert_eq!(printable_string("US"), [0x13, 2, b'U', b'S']);
    assert_eq!(ia5_string("a"), [0x16, 1, b'a']);
}
