use std::collections::BTreeSet;

use super::*;

#[test]
fn every_refusal_is_told_in_full_and_under_its_own_code() {
    let errors = [
        OpenEnclaveError::TooLarge { size: 2, limit: 1 },
        OpenEnclaveError::Truncated {
            part: "header",
            offset: 0,
            needed: 2,
            left: 1,
        },
        OpenEnclaveError::Surplus {
            part: "report",
            offset: 0,
            size: 9,
        },
        OpenEnclaveError::HeaderVersion { found: 9 },
        OpenEnclaveError::ReportType { found: 9 },
        OpenEnclaveError::UnknownFormat { found: [9; 16] },
        OpenEnclaveError::FormatNotRemote { format: Format::Eeid },
        OpenEnclaveError::FormatTee {
            format: Format::TdxQuote,
            expected: Tee::Tdx,
            found: Tee::Sgx,
        },
        OpenEnclaveError::Quote(QuoteError::Version { found: 9 }),
        OpenEnclaveError::CustomClaimsHash,
        OpenEnclaveError::CustomClaimsVersion { found: 9 },
        OpenEnclaveError::CustomClaimsCount { found: 9, limit: 1 },
        OpenEnclaveError::CustomClaimName { index: 9 },
        OpenEnclaveError::EndorsementsVersion { found: 9 },
        OpenEnclaveError::EndorsementsEnclaveType { found: 9 },
        OpenEnclaveError::EndorsementsItemCount { found: 8 },
        OpenEnclaveError::EndorsementsOffset {
            index: 1,
            start: 9,
            end: 8,
            size: 7,
        },
        OpenEnclaveError::EndorsementsItemsVersion { found: vec![9] },
        OpenEnclaveError::EndorsementsCreationTime { found: vec![9] },
        OpenEnclaveError::EndorsementsTeeType { found: 9 },
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
