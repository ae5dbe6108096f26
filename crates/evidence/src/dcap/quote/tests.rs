use proptest::prelude::*;

use super::fixture::RawQuote;
use super::*;

fn every_kind() -> Vec<RawQuote> {
    let mut kinds = vec![RawQuote::v3(), RawQuote::v4(Tee::Sgx), RawQuote::v4(Tee::Tdx)];
    kinds.extend((1..=4).map(RawQuote::v5));
    kinds
}

fn refusal(raw: &RawQuote) -> QuoteError {
    Quote::parse(&raw.build()).unwrap_err()
}

/// The error for a header with `bytes` at `offset`.
fn header_refusal(raw: &RawQuote, offset: usize, bytes: &[u8]) -> QuoteError {
    let mut raw = raw.clone();
    raw.header[offset..offset + bytes.len()].copy_from_slice(bytes);
    refusal(&raw)
}

#[test]
fn every_part_is_found_in_every_version() {
    for raw in every_kind() {
        let bytes = raw.build();
        let quote = Quote::parse(&bytes).unwrap();
        assert_eq!(quote.version(), u16::from(raw.header[0]));
        assert_eq!(quote.signed_bytes(), raw.signed());
        assert_eq!(quote.signature()[..], raw.signature);
        assert_eq!(quote.attestation_key()[..], raw.attestation_key);
        assert_eq!(quote.attestation_public_key().as_ref()[1..], raw.attestation_key);
        assert_eq!(quote.qe_report_bytes()[..], raw.qe_report);
        assert_eq!(quote.qe_report().report_data[..], raw.qe_report[320..]);
        assert_eq!(quote.qe_report_signature()[..], raw.qe_report_signature);
        assert_eq!(quote.qe_auth_data(), raw.qe_auth_data);
        assert_eq!(
            quote.certification_data(),
            CertificationData {
                kind: 5,
                data: &raw.certification_data
            }
        );
        assert_eq!(quote.trailing_zeros(), 0);
    }
}

#[test]
fn the_header_is_read() {
    let bytes = RawQuote::v3().build();
    let quote = Quote::parse(&bytes).unwrap();
    assert_eq!((quote.header().qe_svn, quote.header().pce_svn), (7, 13));
    assert_eq!(quote.header().user_data, [0xCD; 20]);
    assert_eq!(quote.header().attestation_key_type, 2);
}

#[test]
fn the_body_is_of_the_announced_kind() {
    let kinds = every_kind()
        .iter()
        .map(|raw| {
            let bytes = raw.build();
            let quote = Quote::parse(&bytes).unwrap();
            match (quote.tee(), quote.body()) {
                (Tee::Sgx, QuoteBody::Sgx(_)) => "sgx",
                (Tee::Tdx, QuoteBody::Tdx(body)) => match body.td15 {
                    None => "1.0",
                    Some(td15) if td15.extended.is_none() => "1.5",
                    Some(_) => "1.5 extended",
                },
                _ => "contradiction",
            }
        })
        .collect::<Vec<_>>();
    assert_eq!(kinds, ["sgx", "sgx", "1.0", "sgx", "1.0", "1.5", "1.5 extended"]);
}

#[test]
fn report_data_is_found_in_both_kinds_of_body() {
    for raw in every_kind() {
        let bytes = raw.with_report_data(&[0xAB; 64]).build();
        assert_eq!(Quote::parse(&bytes).unwrap().report_data(), &[0xAB; 64]);
    }
}

#[test]
fn every_truncation_is_an_error() {
    for raw in every_kind() {
        let bytes = raw.build();
        for size in 0..bytes.len() {
            let error = Quote::parse(&bytes[..size]).unwrap_err();
            assert!(
                matches!(error, QuoteError::Truncated { .. }),
                "{size} bytes: {error:?}"
            );
        }
    }
}

#[test]
fn other_versions_are_refused() {
    for version in [0, 1, 2, 6, 0x0103, 0xFFFF_u16] {
        let error = header_refusal(&RawQuote::v3(), 0, &version.to_le_bytes());
        assert_eq!(error, QuoteError::Version { found: version });
    }
}

#[test]
fn other_attestation_key_types_are_refused() {
    for found in [0, 1, 3, 0x0102_u16] {
        let error = header_refusal(&RawQuote::v4(Tee::Tdx), 2, &found.to_le_bytes());
        assert_eq!(error, QuoteError::AttestationKeyType { found });
    }
}

#[test]
fn version_3_is_for_sgx_only() {
    let error = header_refusal(&RawQuote::v3(), 4, &[0x81, 0, 0, 0]);
    assert_eq!(
        error,
        QuoteError::TeeType {
            version: 3,
            found: 0x81
        }
    );
}

#[test]
fn other_tee_types_are_refused() {
    for found in [1, 0x80, 0x0100_0000, 0x0100_0081_u32] {
        let error = header_refusal(&RawQuote::v4(Tee::Sgx), 4, &found.to_le_bytes());
        assert_eq!(error, QuoteError::TeeType { version: 4, found });
    }
}

#[test]
fn other_vendors_are_refused() {
    for byte in 12..28 {
        let mut raw = RawQuote::v3();
        raw.header[byte] ^= 1;
        let found = raw.header[12..28].try_into().unwrap();
        assert_eq!(refusal(&raw), QuoteError::QeVendorId { found });
    }
}

#[test]
fn a_body_descriptor_names_a_known_type_of_the_right_size_and_environment() {
    let with_descriptor = |mut raw: RawQuote, descriptor: [u8; 6]| {
        raw.descriptor = descriptor.to_vec();
        refusal(&raw)
    };
    for found in [0, 5, 9] {
        let error = with_descriptor(RawQuote::v5(2), [found, 0, 0x48, 2, 0, 0]);
        assert_eq!(error, QuoteError::BodyType { found: found.into() });
    }
    let error = with_descriptor(RawQuote::v5(2), [2, 0, 0x49, 2, 0, 0]);
    assert_eq!(
        error,
        QuoteError::BodySize {
            body_type: 2,
            expected: 584,
            found: 585
        }
    );
    let error = with_descriptor(RawQuote::v5(3), [3, 0, 0x88, 2, 1, 0]);
    assert_eq!(
        error,
        QuoteError::BodySize {
            body_type: 3,
            expected: 648,
            found: 0x1_0288
        }
    );
    let error = with_descriptor(RawQuote::v5(2), [1, 0, 0x80, 1, 0, 0]);
    assert_eq!(
        error,
        QuoteError::BodyTee {
            body_type: 1,
            tee: Tee::Tdx
        }
    );
    for (body_type, size) in [(2, 584_u16), (3, 648), (4, 885)] {
        let [low, high] = size.to_le_bytes();
        let error = with_descriptor(RawQuote::v5(1), [body_type, 0, low, high, 0, 0]);
        assert_eq!(
            error,
            QuoteError::BodyTee {
                body_type: body_type.into(),
                tee: Tee::Sgx
            }
        );
    }
}

#[test]
fn an_attestation_key_off_the_curve_is_refused() {
    for key in [vec![0; 64], vec![0xFF; 64]] {
        let raw = RawQuote {
            attestation_key: key,
            ..RawQuote::v3()
        };
        assert_eq!(refusal(&raw), QuoteError::AttestationKeyNotOnCurve);
    }
    let mut raw = RawQuote::v4(Tee::Tdx);
    raw.attestation_key[63] ^= 1;
    assert_eq!(refusal(&raw), QuoteError::AttestationKeyNotOnCurve);
}

#[test]
fn versions_4_and_5_wrap_the_qe_report_in_type_6() {
    for raw in [RawQuote::v4(Tee::Sgx), RawQuote::v4(Tee::Tdx), RawQuote::v5(1)] {
        for found in [1, 5, 7] {
            let raw = RawQuote {
                outer_type: Some(found),
                ..raw.clone()
            };
            assert_eq!(refusal(&raw), QuoteError::OuterCertificationType { found });
        }
    }
}

#[test]
fn certification_data_identifies_a_pck_certificate() {
    for raw in [RawQuote::v3(), RawQuote::v4(Tee::Tdx)] {
        for found in [0, 6, 7, 8, 0x0105] {
            let raw = RawQuote {
                certification_type: found,
                ..raw.clone()
            };
            assert_eq!(refusal(&raw), QuoteError::CertificationType { found });
        }
    }
}

#[test]
fn certification_data_of_fixed_size_has_that_size() {
    for (kind, expected) in [(1, 36), (2, 276), (3, 404)] {
        let with_size = |size| RawQuote {
            certification_type: kind,
            certification_data: vec![0xEE; size],
            ..RawQuote::v3()
        };
        let bytes = with_size(expected).build();
        assert_eq!(Quote::parse(&bytes).unwrap().certification_data().kind, kind);
        for found in [expected - 1, expected + 1] {
            assert_eq!(
                refusal(&with_size(found)),
                QuoteError::CertificationSize {
                    kind,
                    expected,
                    found
                }
            );
        }
    }
    let bytes = RawQuote {
        certification_type: 4,
        certification_data: vec![1; 999],
        ..RawQuote::v3()
    }
    .build();
    assert_eq!(
        Quote::parse(&bytes).unwrap().certification_data(),
        CertificationData {
            kind: 4,
            data: &[1; 999]
        }
    );
}

#[test]
fn slack_inside_the_signature_data_is_refused() {
    for raw in every_kind() {
        for raw in [
            RawQuote {
                inner_slack: vec![0; 3],
                ..raw.clone()
            },
            RawQuote {
                outer_slack: vec![0; 3],
                ..raw.clone()
            },
        ] {
            let error = refusal(&raw);
            assert!(matches!(error, QuoteError::Surplus { size: 3, .. }), "{error:?}");
        }
    }
}

#[test]
fn qe_authentication_data_may_be_empty_or_large() {
    for size in [0, 1, 1000, 60_000] {
        let bytes = RawQuote {
            qe_auth_data: vec![7; size],
            ..RawQuote::v3()
        }
        .build();
        assert_eq!(Quote::parse(&bytes).unwrap().qe_auth_data(), vec![7; size]);
    }
}

#[test]
fn zero_padding_up_to_a_page_is_accepted() {
    for size in [1, 70, 3065, MAX_TRAILING_ZEROS] {
        let bytes = RawQuote {
            trailing: vec![0; size],
            ..RawQuote::v4(Tee::Tdx)
        }
        .build();
        assert_eq!(Quote::parse(&bytes).unwrap().trailing_zeros(), size);
    }
    let raw = RawQuote {
        trailing: vec![0; MAX_TRAILING_ZEROS + 1],
        ..RawQuote::v3()
    };
    assert_eq!(
        refusal(&raw),
        QuoteError::TrailingPadding {
            size: 4097,
            limit: 4096
        }
    );
}

#[test]
fn anything_but_zeros_after_the_quote_is_refused() {
    for position in [0, 1, 4095] {
        let mut raw = RawQuote {
            trailing: vec![0; 4096],
            ..RawQuote::v3()
        };
        let size = raw.build().len() - 4096;
        raw.trailing[position] = 1;
        assert_eq!(
            refusal(&raw),
            QuoteError::TrailingData {
                offset: size + position
            }
        );
    }
}

#[test]
fn a_prefix_hands_back_what_follows() {
    let raw = RawQuote {
        trailing: b"claims".to_vec(),
        ..RawQuote::v3()
    };
    let bytes = raw.build();
    let (quote, trailing) = Quote::parse_prefix(&bytes).unwrap();
    assert_eq!((quote.version(), trailing), (3, &b"claims"[..]));
}

#[test]
fn a_huge_input_is_refused_before_it_is_read() {
    let error = Quote::parse(&vec![0; MAX_QUOTE_SIZE + 1]).unwrap_err();
    assert_eq!(
        error,
        QuoteError::TooLarge {
            size: 65_537,
            limit: 65_536
        }
    );
}

#[test]
fn a_length_beyond_the_input_is_a_truncation() {
    let raw = RawQuote::v3();
    let mut bytes = raw.build();
    bytes[432..436].copy_from_slice(&u32::MAX.to_le_bytes());
    let left = bytes.len() - 436;
    let needed = usize::try_from(u32::MAX).unwrap();
    let expected = QuoteError::Truncated {
        part: "signature data",
        offset: 436,
        needed,
        left,
    };
    assert_eq!(Quote::parse(&bytes).unwrap_err(), expected);
}

#[test]
fn a_refusal_says_stage_code_field_expected_and_found() {
    let explanation = header_refusal(&RawQuote::v3(), 0, &[9, 0]).explain();
    assert_eq!(explanation.stage, crate::rejection::Stage::Parse);
    assert_eq!(explanation.code, "quote_version");
    assert_eq!(explanation.field, "quote.header.version");
    assert_eq!((&*explanation.expected, &*explanation.found), ("3, 4 or 5", "9"));
    assert!(!explanation.hint.is_empty());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = Quote::parse(&bytes);
    }

    #[test]
    fn damaged_quotes_never_panic(kind in 0_usize..7, at in any::<prop::sample::Index>(), value: [u8; 4]) {
        let mut bytes = every_kind()[kind].build();
        let at = at.index(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&value);
        let _ = Quote::parse(&bytes);
    }
}
