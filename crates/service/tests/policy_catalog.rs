//! The catalog of claims that policy authors are shown is what the service offers to policies.
#![cfg(test)]

use std::collections::BTreeSet;

use attestry_evidence::dcap::{
    CollateralDocuments, Quote, Staleness, VerifiedCollateral, VerifiedPck, appraise,
};
use attestry_evidence::snp::{self, AmdAnchors, AmdCrls, ClaimProfile, SuppliedChain, VerifiedVek};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine, SnpEvidence};
use attestry_forge::intel::{IntelForge, Tee};
use attestry_forge::pki::CertificateSpec;
use attestry_forge::quote::TdBody;
use attestry_policy::ClaimSet;
use attestry_policy::catalog::{self, Subject};
use attestry_service::attest::{Findings, policy_claims};

/// 2026-01-15T00:00:00Z.
const NOW: i64 = 1_768_435_200;

/// What good evidence on the forge's platform does not give.
const UNSTATED: [&str; 2] = ["x-attestry-advisory", "x-attestry-warnings"];

/// The reference values of confidential virtual machines are an operator's.
const REFERENCE: [&str; 4] = [
    "x-ms-compliance-status",
    "x-attestry-reference-version",
    "x-attestry-reference-current",
    "x-attestry-reference-matched",
];

/// Those of SEV-SNP guests alone, and what their endorsements say.
const SNP_REFERENCE: [&str; 7] = [
    "x-attestry-snp-product-refused",
    "x-attestry-snp-tcb-floor-met",
    "x-attestry-snp-chip-listed",
    "x-attestry-snp-chip-denied",
    "x-attestry-uvm-issuer",
    "x-attestry-uvm-feed",
    "x-attestry-uvm-svn",
];

#[test]
fn an_enclave_gives_the_claims_of_the_catalog() {
    let forge = forge();
    let mut quote = forge.sgx_quote_spec();
    quote.report.set_kss(true);
    let claims = claims_of(&forge, Tee::Sgx, &forge.sgx_quote(&quote));
    for subject in [Subject::SgxEnclave, Subject::OpenEnclave] {
        check(subject, &claims, &[]);
    }
}

#[test]
fn a_trust_domain_gives_the_claims_of_the_catalog() {
    let forge = forge();
    let quote = forge.tdx_quote(&forge.tdx_quote_spec(TdBody::Td15Extended));
    let claims = claims_of(&forge, Tee::Tdx, &quote);
    check(Subject::TdxVm, &claims, &REFERENCE);
}

#[test]
fn an_snp_guest_gives_the_claims_of_the_catalog() {
    for line in ProductLine::ALL {
        let forge = AmdForge::new(Seed::default(), NOW);
        let mut evidence = forge.snp_evidence(line);
        // Either kind of key gives claims that the other does not.
        let of_chip = snp_claims(&forge, &evidence);
        evidence.use_vlek(&forge, "cloud.example", line.default_tcb());
        let of_provider = snp_claims(&forge, &evidence);
        let fmc = [
            "x-attestry-snp-fmc-svn",
            "x-attestry-snp-current-fmc-svn",
            "x-attestry-snp-committed-fmc-svn",
            "x-attestry-snp-launch-fmc-svn",
        ];
        let mut unstated = [&REFERENCE[..], &SNP_REFERENCE[..]].concat();
        if line != ProductLine::Turin {
            unstated.extend(fmc);
        }
        check(Subject::SevSnpVm, &of_provider, &unstated);
        unstated.push("x-attestry-snp-csp-id");
        check(Subject::SevSnpVm, &of_chip, &unstated);
    }
}

fn snp_claims(forge: &AmdForge, evidence: &SnpEvidence) -> ClaimSet {
    let line = forge.line(evidence.vek.line);
    let ders = [&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der);
    let anchors = AmdAnchors::from_certificates(&ders).unwrap();
    let settings = snp::Settings::default();
    let bytes = evidence.to_report_bytes();
    let report = snp::Report::read(&bytes).unwrap().admit(&settings).unwrap();
    let chain = SuppliedChain::parse(&evidence.vek_der(forge)).unwrap();
    let vek = VerifiedVek::verify(&chain, &anchors).unwrap();
    let appraisal = snp::appraise(
        &report,
        &vek,
        None,
        &AmdCrls::none(),
        UnixTime::new(NOW),
        &settings,
    )
    .unwrap();
    // A token of the first profile leaves most to be asked as facts.
    policy_claims(&Findings::of_report(&appraisal, ClaimProfile::Of2022))
}

fn forge() -> IntelForge {
    IntelForge::new(Seed::default(), NOW)
}

fn claims_of(forge: &IntelForge, tee: Tee, evidence: &[u8]) -> ClaimSet {
    let now = UnixTime::new(NOW);
    let anchors = TrustAnchors::from_certificates(&[forge.root_certificate_der()]).unwrap();
    let minted = forge.collateral(tee);
    let documents = CollateralDocuments {
        tcb_info: minted.tcb_info,
        tcb_info_issuer_chain: minted.tcb_info_issuer_chain,
        qe_identity: minted.qe_identity,
        qe_identity_issuer_chain: minted.qe_identity_issuer_chain,
        root_ca_crl: minted.root_ca_crl,
        pck_crl: minted.pck_crl,
        pck_crl_issuer_chain: minted.pck_crl_issuer_chain,
    };
    let quote = Quote::parse(evidence).unwrap();
    let collateral =
        VerifiedCollateral::verify(documents, quote.tee(), &anchors, now, Staleness::Strict).unwrap();
    let pck = VerifiedPck::verify(&quote.certification_data(), &anchors, now).unwrap();
    let appraisal = appraise(&quote, &pck, &collateral, now, Staleness::Strict).unwrap();
    policy_claims(&Findings::of_quote(&appraisal, &collateral, evidence))
}

/// Every claim is in the catalog with its type and in its bounds, and every entry of the catalog is among
/// the claims, but for those that this evidence does not state.
fn check(subject: Subject, claims: &ClaimSet, unstated: &[&str]) {
    for claim in claims {
        let name = &*claim.claim_type;
        let entry = catalog::claim(name).unwrap_or_else(|| panic!("the catalog has no `{name}`"));
        assert!(entry.is_given_by(subject), "{name} of {subject}");
        assert_eq!(entry.value_type, claim.value.value_type(), "{name}");
        if let (Some(maximum), attestry_policy::Value::Integer(value)) = (entry.maximum, &claim.value) {
            assert!((0..=maximum).contains(value), "{name}: {value}");
        }
    }
    let given: BTreeSet<&str> = claims.iter().map(|claim| &*claim.claim_type).collect();
    let missing: Vec<&str> = catalog::claims(subject)
        .map(|entry| entry.name)
        .filter(|name| !given.contains(name) && !UNSTATED.contains(name) && !unstated.contains(name))
        .collect();
    assert!(missing.is_empty(), "{subject} does not give {missing:?}");
}
