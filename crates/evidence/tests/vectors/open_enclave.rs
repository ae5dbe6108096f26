//! Recorded Open Enclave reports and endorsements.

use attestry_evidence::dcap::{Quote, Tee, VerifiedPck};
use attestry_evidence::openenclave::{Endorsements, Evidence, Format, OpenEnclaveError};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::{CertificateError, CertificateRole, TrustAnchors};
use serde_json::Value;

use crate::pool::{self, vectors};

#[test]
fn a_recorded_report_wraps_the_recorded_quote() {
    let mut reports = 0;
    let vectors = vectors("sets");
    for vector in &vectors {
        let Some(report) = vector.file("oe_report.bin") else {
            continue;
        };
        let evidence = Evidence::parse(&report).unwrap();
        assert_eq!(evidence.format(), Format::Report, "{}", vector.name);
        assert_eq!(evidence.quote(), vector.quote, "{}", vector.name);
        assert_eq!(Evidence::parse_with_or_without_header(&report), Ok(evidence));
        for size in 0..report.len() {
            let error = Evidence::parse(&report[..size]).unwrap_err();
            assert!(
                matches!(error, OpenEnclaveError::Truncated { .. }),
                "{}: {size} bytes",
                vector.name
            );
        }
        reports += 1;
    }
    assert!(reports > 0 || vectors.is_empty());
}

#[test]
fn a_recorded_quote_without_a_wrapper_is_told_from_evidence() {
    for vector in vectors("sets") {
        let Ok(quote) = Quote::parse(&vector.quote) else {
            continue;
        };
        let evidence = Evidence::parse_with_or_without_header(&vector.quote).unwrap();
        let expected = match quote.tee() {
            // Made by oe_get_evidence without custom claims: the report data is the SHA-256 of nothing.
            Tee::Sgx if quote.report_data().starts_with(&[0xe3, 0xb0, 0xc4, 0x42]) => Format::SgxEcdsa,
            Tee::Sgx => Format::RawSgxQuote,
            Tee::Tdx => Format::TdxQuote,
        };
        assert_eq!(evidence.format(), expected, "{}", vector.name);
        assert_eq!(evidence.quote(), vector.quote);
    }
}

#[test]
fn recorded_tdx_endorsements_hold_the_recorded_collateral() {
    let vectors = vectors("sets");
    let Some((vector, bytes)) = vectors
        .iter()
        .find_map(|vector| Some((vector, vector.file("oe_tdx_endorsements.bin")?)))
    else {
        return;
    };
    let endorsements = Endorsements::parse(&bytes).unwrap();
    assert_eq!(endorsements.tee, Tee::Tdx);
    let recorded: Value = serde_json::from_slice(&vector.file("collateral.json").unwrap()).unwrap();
    let text = |name: &str| recorded[name].as_str().unwrap();
    let envelope = |member: &str, name: &str| {
        let signature = text(&format!("{name}_signature"));
        format!(r#"{{"{member}":{},"signature":"{signature}"}}"#, text(name)).into_bytes()
    };
    let documents = endorsements.documents;
    assert_eq!(documents.tcb_info, envelope("tcbInfo", "tcb_info"));
    assert_eq!(documents.qe_identity, envelope("enclaveIdentity", "qe_identity"));
    for (document, name) in [
        (documents.tcb_info_issuer_chain, "tcb_info_issuer_chain"),
        (documents.qe_identity_issuer_chain, "qe_identity_issuer_chain"),
        (documents.root_ca_crl, "root_ca_crl"),
        (documents.pck_crl, "pck_crl"),
        (documents.pck_crl_issuer_chain, "pck_crl_issuer_chain"),
    ] {
        let document = String::from_utf8(document).unwrap();
        assert!(document.eq_ignore_ascii_case(text(name)), "{name}");
    }
    for size in 0..bytes.len() {
        assert!(Endorsements::parse(&bytes[..size]).is_err(), "{size} bytes");
    }
}

#[test]
fn a_report_that_open_enclave_refuses_is_not_accepted_either() {
    let Some(report) = pool::file("dcap/oe/sgx_report_bad.bin") else {
        return;
    };
    let evidence = Evidence::parse(&report).unwrap();
    let quote = Quote::parse(evidence.quote()).unwrap();
    let now = UnixTime::parse_rfc3339_z("2021-01-01T00:00:00Z").unwrap();
    let refusal = VerifiedPck::verify(&quote.certification_data(), &TrustAnchors::intel(), now).unwrap_err();
    // Its chain does not hold the certificate that issued the platform's.
    assert_eq!(
        refusal,
        CertificateError::IssuerMissing {
            role: CertificateRole::Pck
        }
    );
}
