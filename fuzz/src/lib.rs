//! What the fuzz targets run. Parsers get the bytes as they are. What lies behind a signature gets bytes that the
//! forge has signed, so that fuzzing reaches it by the same way as real documents do. A target fails when something
//! panics, or when evidence is accepted that should not be.

pub mod amd;
pub mod azure;
pub mod bearer;
pub mod eventlog;
pub mod release;
pub mod wire;
mod world;

use attestry_evidence::dcap::Quote;
use attestry_evidence::inspect;
use attestry_evidence::openenclave::{Endorsements, Evidence, parse_custom_claims};
use attestry_evidence::reference::{ReferenceValues, Standing};
use attestry_evidence::x509::{Certificate, Crl};

pub use world::{Part, Parts, World};

/// Any bytes as a quote.
pub fn quote(data: &[u8]) {
    if let Ok(quote) = Quote::parse(data) {
        assert!(quote.signed_bytes().len() < data.len());
    }
}

/// Any bytes as Open Enclave evidence, with or without a header.
pub fn oe_evidence(data: &[u8]) {
    let _ = Evidence::parse(data);
    if let Ok(evidence) = Evidence::parse_with_or_without_header(data) {
        assert!(evidence.quote().len() + evidence.custom_claims_buffer().len() <= data.len());
    }
}

/// Any bytes as Open Enclave endorsements.
pub fn oe_endorsements(data: &[u8]) {
    let _ = Endorsements::parse(data);
}

/// Any bytes as a list of custom claims.
pub fn oe_claims(data: &[u8]) {
    if let Ok(claims) = parse_custom_claims(data) {
        let size: usize = claims
            .iter()
            .map(|claim| claim.name.len() + claim.value.len())
            .sum();
        assert!(size <= data.len());
    }
}

/// Any bytes as a certificate, in DER or PEM.
pub fn certificate(data: &[u8]) {
    let _ = Certificate::parse(data);
    let _ = Certificate::from_der(data);
}

/// Any bytes as a CRL, in DER, PEM or hexadecimal.
pub fn crl(data: &[u8]) {
    let _ = Crl::parse(data);
}

/// Any bytes as an issuer chain.
pub fn pem_chain(data: &[u8]) {
    let _ = Certificate::parse_chain(data);
}

/// Any bytes as the SGX extension of a PCK certificate that its authority has signed.
pub fn sgx_extension(data: &[u8]) {
    let world = World::shared();
    let _ = world.pck_with_extension(data);
}

/// Any text as TCB info that Intel's key has signed.
pub fn tcb_info(data: &[u8]) {
    let world = World::shared();
    let _ = world.collateral_with(Part::TcbInfo, data);
}

/// Any text as an enclave identity that Intel's key has signed.
pub fn enclave_identity(data: &[u8]) {
    let world = World::shared();
    let _ = world.collateral_with(Part::QeIdentity, data);
}

/// Any bytes as reference values. What is read counts from its issue to its expiry, and at no other time.
pub fn reference_values(data: &[u8]) {
    if let Ok(values) = ReferenceValues::parse(data) {
        assert!(values.version() > 0 && values.issued() < values.expires());
        assert_eq!(values.standing(values.issued()), Standing::Current);
        assert_ne!(values.standing(values.expires()), Standing::Current);
    }
}

/// Edits of good evidence and collateral: a byte that selects a part, then for each edit two bytes of position and
/// one of value. What comes out may be accepted only if it states what the good evidence states.
pub fn appraise(data: &[u8]) {
    let world = World::shared();
    let mut parts = world.good_parts();
    let Some((selector, edits)) = data.split_first() else {
        return;
    };
    let part = parts.select(*selector);
    for edit in edits.chunks_exact(3) {
        let position = usize::from(u16::from_le_bytes([edit[0], edit[1]]));
        if let Some(byte) = part.get_mut(position) {
            *byte = edit[2];
        }
    }
    if let Ok(appraisal) = world.appraise(&parts) {
        assert_eq!(appraisal.body(), world.good_appraisal().body());
        assert_eq!(appraisal.status(), world.good_appraisal().status());
        assert_eq!(appraisal.supplemental(), world.good_appraisal().supplemental());
    }
}

/// Any bytes in every tree that people can look at.
pub fn inspect(data: &[u8]) {
    let _ = inspect::quote(data);
    let _ = inspect::open_enclave(data);
    let _ = inspect::endorsements(data);
    let _ = inspect::certificate_chain(data);
    let _ = inspect::crl(data);
    let _ = inspect::snp_report(data);
    let _ = inspect::hcl_report(data);
    let _ = inspect::json("document", data);
}
