//! The forms of the wire: requests, tokens, keys and policy envelopes, as strangers send them.

use attestry_api::AttestationType;
use attestry_api::certificate_chain::ChainCertificate;
use attestry_api::certificate_envelope::CertificateEnvelope;
use attestry_api::json::{canonical_json, parse_strict};
use attestry_api::jwk::JwkSet;
use attestry_api::jws::CompactJws;
use attestry_api::policy_envelope::PolicyEnvelope;
use attestry_api::request::AttestRequest;
use attestry_api::snp_evidence::SnpEvidence;
use attestry_api::thim::ThimCertificates;
use attestry_evidence::dcap::CollateralDocuments;
use attestry_evidence::snp::SuppliedChain;

/// Any bytes as the body of an attest request of each type, also of the preview of 2018.
pub fn attest_request(data: &[u8]) {
    for kind in [
        AttestationType::SgxEnclave,
        AttestationType::OpenEnclave,
        AttestationType::TdxVm,
        AttestationType::SevSnpVm,
    ] {
        if let Ok(request) = AttestRequest::from_json(data, kind) {
            assert!(request.evidence.len() <= data.len());
            if kind == AttestationType::SevSnpVm {
                snp_evidence(&request.evidence);
            }
        }
        let _ = AttestRequest::from_json_2018(data, kind);
    }
}

/// Any bytes as the JSON inside a request. What was read reads the same when it is written again.
fn snp_evidence(data: &[u8]) {
    if let Ok(evidence) = SnpEvidence::from_json(data) {
        let again = SnpEvidence::from_json(evidence.to_json().as_bytes());
        assert_eq!(again.as_ref(), Ok(&evidence));
    }
}

/// Any text as a compact JWS, as a policy envelope, and as a token against a set of keys. Unsigned bytes never
/// validate.
pub fn jws(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = CompactJws::parse(text);
    let _ = PolicyEnvelope::open(text);
    let keys = JwkSet { keys: Vec::new() };
    assert!(attestry_api::jwt::validate(text, &keys, &attestry_api::jwt::Validation::default(), 0).is_err());
}

/// Any text as the JWS of a change to policies or signers, as each of the operations reads it. What one of them takes
/// for a policy, no other takes for a certificate.
pub fn signed_envelope(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let policy = PolicyEnvelope::open(text).is_ok_and(|opened| opened.policy().is_some());
    let reset = PolicyEnvelope::open_reset(text).is_ok();
    let certificate = CertificateEnvelope::open(text).is_ok();
    assert!(u8::from(policy) + u8::from(reset) + u8::from(certificate) <= 1);
}

/// Any bytes as a certificate of a signer's chain; none issues itself unless its signature says so.
pub fn chain_certificate(data: &[u8]) {
    if let Ok(certificate) = ChainCertificate::from_der(data) {
        let _ = certificate.check_dates(Some(1_800_000_000));
        let _ = certificate.check_issued_by(&certificate, 0);
    }
}

/// Any bytes as THIM's answer, and what it says are certificates as those of a signing key.
pub fn thim_json(data: &[u8]) {
    if let Ok(answer) = ThimCertificates::from_json(data) {
        assert!(answer.vcek.len() + answer.issuers.len() <= data.len());
        let _ = SuppliedChain::parse(answer.chain().as_bytes());
    }
}

/// Any bytes as a set of keys, each of them used.
pub fn jwks(data: &[u8]) {
    if let Ok(set) = JwkSet::from_json(data) {
        for key in &set.keys {
            let _ = key.certificates();
            let _ = key.spki();
        }
    }
}

/// Any bytes as JSON; what is read has one canonical form.
pub fn json(data: &[u8]) {
    if let Ok(value) = parse_strict(data) {
        let canonical = canonical_json(&value);
        let again = parse_strict(canonical.as_bytes()).expect("canonical JSON is JSON");
        assert_eq!(canonical, canonical_json(&again));
    }
}

/// Any bytes as a set of collateral in one file.
pub fn collateral_json(data: &[u8]) {
    let _ = CollateralDocuments::from_json(data);
}
