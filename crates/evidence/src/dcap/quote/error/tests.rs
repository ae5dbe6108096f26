use std::collections::BTreeSet;

use super::*;

#[test]
fn every_refusal_is_told_in_full_and_under_its_own_code() {
    let errors = [
        QuoteError::TooLarge { size: 2, limit: 1 },
        QuoteError::Truncated {
            part: "header",
            offset: 0,
            needed: 2,
            left: 1,
        },
        QuoteError::Version { found: 9 },
        QuoteError::AttestationKeyType { found: 9 },
        QuoteError::TeeType { version: 3, found: 9 },
        QuoteError::QeVendorId { found: [9; 16] },
        QuoteError::BodyType { found: 9 },
        QuoteError::BodySize {
            body_type: 1,
            expected: 384,
            found: 9,
        },
        QuoteError::BodyTee {
            body_type: 1,
            tee: Tee::Tdx,
        },
        QuoteError::AttestationKeyNotOnCurve,
        QuoteError::OuterCertificationType { found: 9 },
        QuoteError::CertificationType { found: 9 },
        QuoteError::CertificationSize {
            kind: 1,
            expected: 36,
            found: 9,
        },
        QuoteError::Surplus {
            part: "signature data",
            offset: 1,
            size: 9,
        },
        QuoteError::TrailingData { offset: 9 },
        QuoteError::TrailingPadding { size: 9, limit: 1 },
    ];
    let mut codes = BTreeSet::new();
    for error in errors {
        let told = error.explain();
        assert!(codes.insert(told.code), "{}", told.code);
        for text in [
            &told.field,
            &told.expected,
            &told.found,
            &told.hint,
            &error.to_string(),
        ] {
            assert!(
                !text.is_empty() && !text.ends_with('.') && !text.contains('\n'),
                "{told:?}"
            );
        }
        assert_ne!(told.expected, told.found);
    }
}

#[test]
fn what_is_expected_depends_on_what_the_quote_says_of_itself() {
    let expected = |error: QuoteError| error.explain().expected;
    assert_eq!(
        expected(QuoteError::TeeType {
            version: 3,
            found: 0x81
        }),
        "0x0 (SGX)"
    );
    assert_eq!(
        expected(QuoteError::TeeType { version: 4, found: 1 }),
        "0x0 (SGX) or 0x81 (TDX)"
    );
    assert_eq!(
        expected(QuoteError::BodyTee {
            body_type: 1,
            tee: Tee::Tdx
        }),
        "2, 3 or 4 (the header says TDX)"
    );
    assert_eq!(
        expected(QuoteError::BodyTee {
            body_type: 2,
            tee: Tee::Sgx
        }),
        "1 (the header says SGX)"
    );
}
