use proptest::prelude::*;

use super::*;

const SGX_ECDSA: [u8; 16] = 0xa3a2_1e87_1b4d_4014_b70a_a125_d2fb_cd8c_u128.to_be_bytes();
const TDX_QUOTE: [u8; 16] = 0x8ba7_0286_c1cf_11ed_afa1_0242_ac12_0002_u128.to_be_bytes();
const SGX_LOCAL: [u8; 16] = 0x0926_8c33_6e0b_45e5_8a27_1564_4d0e_f89a_u128.to_be_bytes();

fn u32_le(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap().to_le_bytes()
}

fn sgx_items() -> Vec<Vec<u8>> {
    let texts = [
        "tcb info",
        "tcb chain",
        "pck crl",
        "root crl",
        "pck chain",
        "qe identity",
        "qe chain",
    ];
    let mut items = vec![vec![1, 0, 0, 0]];
    items.extend(texts.map(|text| format!("{text}\0").into_bytes()));
    items.push(b"2022-05-16T11:22:33Z\0".to_vec());
    items
}

fn sgx(items: &[Vec<u8>]) -> Vec<u8> {
    let mut offset = 0;
    let mut buffer = Vec::new();
    for item in items {
        buffer.extend(u32_le(offset));
        offset += item.len();
    }
    buffer.extend(items.concat());
    [
        &[1, 0, 0, 0, 2, 0, 0, 0][..],
        &u32_le(buffer.len()),
        &u32_le(items.len()),
        &buffer,
    ]
    .concat()
}

fn tdx() -> Vec<u8> {
    let texts = [
        "pck chain",
        "root crl",
        "pck crl",
        "tcb chain",
        "tcb info",
        "qe chain",
        "qe identity",
    ];
    let items = texts.map(|text| format!("{text}\0").into_bytes());
    let mut bytes = vec![4, 0, 0, 0, 0x81, 0, 0, 0];
    for item in &items {
        bytes.extend([0xDD; 8]);
        bytes.extend(u32_le(item.len()));
        bytes.extend([0; 4]);
    }
    bytes.extend(items.concat());
    bytes
}

fn with_header(uuid: [u8; 16], data: &[u8]) -> Vec<u8> {
    let size = u64::try_from(data.len()).unwrap();
    [&[3, 0, 0, 0][..], &uuid, &size.to_le_bytes(), data].concat()
}

fn documents() -> CollateralDocuments {
    CollateralDocuments {
        tcb_info: b"tcb info".to_vec(),
        tcb_info_issuer_chain: b"tcb chain".to_vec(),
        qe_identity: b"qe identity".to_vec(),
        qe_identity_issuer_chain: b"qe chain".to_vec(),
        root_ca_crl: b"root crl".to_vec(),
        pck_crl: b"pck crl".to_vec(),
        pck_crl_issuer_chain: b"pck chain".to_vec(),
    }
}

#[test]
fn sgx_endorsements_are_nine_items() {
    let created = UnixTime::parse_rfc3339_z("2022-05-16T11:22:33Z");
    let expected = Endorsements {
        documents: documents(),
        tee: Tee::Sgx,
        created,
    };
    let bare = sgx(&sgx_items());
    assert_eq!(
        Endorsements::parse(&with_header(SGX_ECDSA, &bare)),
        Ok(expected.clone())
    );
    assert_eq!(Endorsements::parse(&bare), Ok(expected));
}

#[test]
fn tdx_endorsements_are_a_structure_and_seven_items() {
    let expected = Endorsements {
        documents: documents(),
        tee: Tee::Tdx,
        created: None,
    };
    assert_eq!(
        Endorsements::parse(&with_header(TDX_QUOTE, &tdx())),
        Ok(expected.clone())
    );
    assert_eq!(Endorsements::parse(&tdx()), Ok(expected));
}

#[test]
fn a_header_agrees_with_what_it_announces() {
    let mismatch = |format, expected, found| {
        Err(OpenEnclaveError::FormatTee {
            format,
            expected,
            found,
        })
    };
    let error = mismatch(Format::TdxQuote, Tee::Tdx, Tee::Sgx);
    assert_eq!(
        Endorsements::parse(&with_header(TDX_QUOTE, &sgx(&sgx_items()))),
        error
    );
    let error = mismatch(Format::SgxEcdsa, Tee::Sgx, Tee::Tdx);
    assert_eq!(Endorsements::parse(&with_header(SGX_ECDSA, &tdx())), error);
    let error = Err(OpenEnclaveError::FormatNotRemote {
        format: Format::SgxLocal,
    });
    assert_eq!(Endorsements::parse(&with_header(SGX_LOCAL, &tdx())), error);
}

#[test]
fn every_truncation_and_every_surplus_is_an_error() {
    for bytes in [
        sgx(&sgx_items()),
        tdx(),
        with_header(SGX_ECDSA, &sgx(&sgx_items())),
    ] {
        for size in 0..bytes.len() {
            let error = Endorsements::parse(&bytes[..size]).unwrap_err();
            assert!(
                matches!(error, OpenEnclaveError::Truncated { .. }),
                "{size} bytes: {error:?}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(
            Endorsements::parse(&longer),
            Err(OpenEnclaveError::Surplus { size: 1, .. })
        ));
    }
}

#[test]
fn other_kinds_are_refused_by_what_differs() {
    let patched = |mut bytes: Vec<u8>, at: usize, value: u8| {
        bytes[at] = value;
        Endorsements::parse(&bytes).unwrap_err()
    };
    let good = sgx(&sgx_items());
    assert_eq!(
        patched(good.clone(), 0, 2),
        OpenEnclaveError::EndorsementsVersion { found: 2 }
    );
    assert_eq!(
        patched(good.clone(), 4, 1),
        OpenEnclaveError::EndorsementsEnclaveType { found: 1 }
    );
    assert_eq!(
        patched(good.clone(), 12, 8),
        OpenEnclaveError::EndorsementsItemCount { found: 8 }
    );
    // 16 bytes of header, 36 of offsets, then the version item.
    let found = vec![2, 0, 0, 0];
    assert_eq!(
        patched(good, 52, 2),
        OpenEnclaveError::EndorsementsItemsVersion { found }
    );
    assert_eq!(
        patched(tdx(), 4, 0),
        OpenEnclaveError::EndorsementsTeeType { found: 0 }
    );
    assert_eq!(
        patched(tdx(), 0, 5),
        OpenEnclaveError::EndorsementsVersion { found: 5 }
    );
}

#[test]
fn items_lie_in_order_inside_the_buffer() {
    let good = sgx(&sgx_items());
    for (index, offset) in [(0, 1), (3, 0), (3, 200), (8, u32::MAX)] {
        let mut bytes = good.clone();
        bytes[16 + 4 * index..20 + 4 * index].copy_from_slice(&offset.to_le_bytes());
        let error = Endorsements::parse(&bytes).unwrap_err();
        assert!(
            matches!(error, OpenEnclaveError::EndorsementsOffset { .. }),
            "{index} at {offset}: {error:?}"
        );
    }
}

#[test]
fn the_creation_time_is_a_date_and_a_zero_byte() {
    for text in [
        "2022-05-16T11:22:33Z",
        "2022-05-16T11:22:33Z \0",
        "2022-13-16T11:22:33Z\0",
        "",
    ] {
        let mut items = sgx_items();
        items[8] = text.into();
        let error = OpenEnclaveError::EndorsementsCreationTime { found: text.into() };
        assert_eq!(Endorsements::parse(&sgx(&items)), Err(error));
    }
}

#[test]
fn a_huge_input_is_refused_before_it_is_read() {
    let size = MAX_ENDORSEMENTS_SIZE + 1;
    let error = OpenEnclaveError::TooLarge {
        size,
        limit: MAX_ENDORSEMENTS_SIZE,
    };
    assert_eq!(Endorsements::parse(&vec![0; size]), Err(error));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = Endorsements::parse(&bytes);
        let _ = Endorsements::parse(&[&[1, 0, 0, 0, 2, 0, 0, 0][..], &bytes].concat());
        let _ = Endorsements::parse(&[&[4, 0, 0, 0, 0x81, 0, 0, 0][..], &bytes].concat());
    }
}
