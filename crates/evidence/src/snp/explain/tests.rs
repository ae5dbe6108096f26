use super::*;
use crate::snp::{Product, SigningKey};
use crate::time::UnixTime;
use crate::x509::{CrlError, EncodingError};

const NOW: UnixTime = UnixTime::new(1_768_435_200);

/// Every refusal, with its stage, its code and the field that it points at.
fn refusals() -> Vec<(SnpError, Stage, &'static str, &'static str)> {
    use SnpError as E;
    use Stage::{Appraisal, Collateral, Parse, Platform};
    let text = || "found".to_owned();
    let product = Product::Milan;
    let serial = || crate::x509::Serial::from_magnitude(&[1, 0, 1]).unwrap();
    vec![
        (E::Size { found: 3 }, Parse, "snp_report_size", "snp_report"),
        (
            E::Version {
                found: 9,
                expected: vec![2, 3],
            },
            Parse,
            "snp_report_version",
            "snp_report.version",
        ),
        (
            E::Reserved {
                field: "reserved_18b",
            },
            Parse,
            "snp_report_reserved",
            "snp_report.reserved_18b",
        ),
        (
            E::SignatureAlgorithm { found: 0 },
            Parse,
            "snp_signature_algorithm",
            "snp_report.signature_algo",
        ),
        (
            E::ChipKeyMasked,
            Parse,
            "snp_chip_key_masked",
            "snp_report.key_info.mask_chip_key",
        ),
        (
            E::SigningKey { found: 7 },
            Parse,
            "snp_signing_key",
            "snp_report.key_info.signing_key",
        ),
        (
            E::GuestPolicy { found: 0 },
            Parse,
            "snp_guest_policy",
            "snp_report.policy",
        ),
        (
            E::UnknownProcessor {
                family: 1,
                model: 2,
                stepping: 3,
            },
            Parse,
            "snp_unknown_processor",
            "snp_report.cpuid",
        ),
        (
            E::Encoding(EncodingError::SignatureAlgorithmMismatch),
            Platform,
            "x509_signature_algorithm_mismatch",
            "vcek_cert_chain.tbs.signature",
        ),
        (E::VekCount { found: 2 }, Platform, "vek_count", "vcek_cert_chain"),
        (
            E::VekName { found: text() },
            Platform,
            "vek_name",
            "vcek_cert_chain.vek.subject.common_name",
        ),
        (
            E::OtherKey {
                stated: SigningKey::Vcek,
                found: SigningKey::Vlek,
            },
            Platform,
            "vek_other_key",
            "vcek_cert_chain.vek.subject.common_name",
        ),
        (
            E::VekKey,
            Platform,
            "vek_public_key",
            "vcek_cert_chain.vek.subject_public_key_info",
        ),
        (
            E::VekExtension {
                extension: "hwID",
                found: "missing",
            },
            Platform,
            "vek_extension",
            "vcek_cert_chain.vek.hwID",
        ),
        (
            E::OtherProduct {
                expected: product,
                found: text(),
            },
            Platform,
            "vek_other_product",
            "vcek_cert_chain.vek.product_name",
        ),
        (
            E::UntrustedIssuer { found: text() },
            Platform,
            "vek_untrusted_issuer",
            "vcek_cert_chain.vek.issuer",
        ),
        (
            E::OtherAuthority {
                kind: SigningKey::Vcek,
                issuer: text(),
            },
            Platform,
            "vek_other_authority",
            "vcek_cert_chain.vek.issuer",
        ),
        (
            E::VekSignature { issuer: text() },
            Platform,
            "vek_signature",
            "vcek_cert_chain.vek.signature",
        ),
        (
            E::ForeignCertificate {
                found: text(),
                product,
            },
            Platform,
            "vek_foreign_certificate",
            "vcek_cert_chain",
        ),
        (
            E::NotYetValid {
                subject: "SEV-VCEK".to_owned(),
                not_before: NOW,
                now: NOW,
            },
            Platform,
            "vek_not_yet_valid",
            "vcek_cert_chain.SEV-VCEK.not_before",
        ),
        (
            E::Expired {
                subject: "SEV-Milan".to_owned(),
                not_after: NOW,
                now: NOW,
            },
            Platform,
            "vek_expired",
            "vcek_cert_chain.SEV-Milan.not_after",
        ),
        (
            E::CrlUnreadable {
                error: EncodingError::UnsupportedVersion { structure: "CRL" }.into(),
            },
            Collateral,
            "x509_version",
            "crl.version",
        ),
        (
            E::Crl {
                product,
                error: CrlError::Signature,
            },
            Collateral,
            "crl_signature",
            "crl.Milan.signature",
        ),
        (
            E::CrlIssuer { found: text() },
            Collateral,
            "crl_issuer_untrusted",
            "crl.issuer",
        ),
        (E::CrlMissing { product }, Collateral, "crl_missing", "crl.Milan"),
        (
            E::Revoked {
                subject: "SEV-Milan".to_owned(),
                serial: serial(),
            },
            Platform,
            "vek_authority_revoked",
            "vcek_cert_chain.SEV-Milan.serial_number",
        ),
        (
            E::TcbMismatch {
                component: "snp",
                certificate: 1,
                report: 2,
            },
            Appraisal,
            "snp_tcb_mismatch",
            "snp_report.reported_tcb.snp",
        ),
        (
            E::TcbReserved { field: "launch_tcb" },
            Appraisal,
            "snp_tcb_reserved",
            "snp_report.launch_tcb",
        ),
        (
            E::ChipIdMismatch,
            Appraisal,
            "snp_chip_id_mismatch",
            "snp_report.chip_id",
        ),
        (
            E::ChipIdMasked,
            Appraisal,
            "snp_chip_id_masked",
            "snp_report.chip_id",
        ),
        (
            E::ChipIdUnexpected,
            Appraisal,
            "snp_chip_id_unexpected",
            "snp_report.chip_id",
        ),
        (
            E::UnknownCsp { found: text() },
            Platform,
            "vek_unknown_csp",
            "vcek_cert_chain.vek.cspID",
        ),
        (
            E::TcbOrder {
                component: "tee",
                above: "reported_tcb",
                found: 2,
                below: "committed_tcb",
                limit: 1,
            },
            Appraisal,
            "snp_tcb_order",
            "snp_report.reported_tcb.tee",
        ),
        (E::Signature, Appraisal, "snp_signature", "snp_report.signature"),
    ]
}

#[test]
fn every_refusal_is_told_in_full() {
    for (error, stage, code, field) in refusals() {
        let told = error.explain();
        assert_eq!((told.stage, told.code, told.field.as_str()), (stage, code, field));
        for text in [&told.expected, &told.found, &told.hint] {
            assert!(!text.is_empty(), "{told:?}");
        }
    }
}

#[test]
fn every_refusal_has_a_code_and_a_sentence_of_its_own() {
    let mut codes: Vec<_> = refusals().into_iter().map(|(.., code, _)| code).collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    for (error, ..) in refusals() {
        let sentence = error.to_string();
        assert!(
            !sentence.ends_with('.') && !sentence.contains("  ") && !sentence.contains('\n'),
            "{sentence}"
        );
    }
}
