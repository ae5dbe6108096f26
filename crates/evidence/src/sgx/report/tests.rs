use super::*;

/// A body in which byte `i` is `i mod 251`, so that every field shows where it was taken from.
fn numbered() -> [u8; SgxReportBody::SIZE] {
    let mut bytes = [0; SgxReportBody::SIZE];
    for (position, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::try_from(position % 251).unwrap();
    }
    bytes
}

#[test]
fn every_field_lies_where_the_manual_puts_it() {
    let bytes = numbered();
    let mut reader = Reader::new(&bytes);
    let body = SgxReportBody::read(&mut reader).unwrap();
    assert_eq!(reader.remaining(), 0);
    assert_eq!(body.cpu_svn[..], bytes[0..16]);
    assert_eq!(body.misc_select[..], bytes[16..20]);
    assert_eq!(body.isv_ext_prod_id[..], bytes[32..48]);
    assert_eq!(body.attributes.0[..], bytes[48..64]);
    assert_eq!(body.mrenclave[..], bytes[64..96]);
    assert_eq!(body.mrsigner[..], bytes[128..160]);
    assert_eq!(body.config_id[..], bytes[192..256]);
    assert_eq!(body.isv_prod_id.to_le_bytes()[..], bytes[256..258]);
    assert_eq!(body.isv_svn.to_le_bytes()[..], bytes[258..260]);
    assert_eq!(body.config_svn.to_le_bytes()[..], bytes[260..262]);
    assert_eq!(body.isv_family_id[..], bytes[304..320]);
    assert_eq!(body.report_data[..], bytes[320..384]);
}

#[test]
fn a_shorter_body_is_refused() {
    let bytes = numbered();
    for size in 0..bytes.len() {
        assert!(
            SgxReportBody::read(&mut Reader::new(&bytes[..size])).is_err(),
            "{size} bytes"
        );
    }
}

#[test]
fn each_attribute_is_its_own_bit() {
    type Bit = fn(&Attributes) -> bool;
    let bits: [(u32, Bit); 7] = [
        (0, Attributes::init),
        (1, Attributes::debug),
        (2, Attributes::mode64bit),
        (4, Attributes::provision_key),
        (5, Attributes::einittoken_key),
        (7, Attributes::kss),
        (10, Attributes::aex_notify),
    ];
    for set in 0..128 {
        let mut bytes = [0; 16];
        bytes[set / 8] = 1 << (set % 8);
        let attributes = Attributes(bytes);
        for (bit, is_set) in bits {
            assert_eq!(
                is_set(&attributes),
                usize::try_from(bit).unwrap() == set,
                "bit {bit} of {set}"
            );
        }
    }
    let attributes = Attributes([1, 0, 0, 0, 0, 0, 0, 0x80, 0xE7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        (attributes.flags(), attributes.xfrm()),
        (0x8000_0000_0000_0001, 0xE7)
    );
}
