//! The reviewed table: where the two verifiers are known to differ, and why Attestry decides as it does.

use attestry_forge::{
    intel::{SvnLevel, Tee},
    pki::{CertificateSpec, CrlSpec, Extension, Name, oid},
};

use super::world::{Link, Outcome, World};

/// One known difference.
pub struct Difference {
    /// What differs.
    pub name: &'static str,
    /// Why Attestry decides as it does.
    pub reason: &'static str,
    /// How the outcomes differ.
    pub shape: Shape,
    /// Whether a case is one of these.
    pub applies: fn(&mut World) -> bool,
}

/// How outcomes differ.
pub enum Shape {
    /// We refuse with one of these codes or codes and fields, they accept.
    OnlyWe(&'static [&'static str]),
    /// They refuse with a message that contains one of these, we accept.
    OnlyThey(&'static [&'static str]),
    /// Both appraise, and the results differ: status, advisories, or that there is no level at all.
    Result,
}

impl Difference {
    /// Whether this difference is the reason for these two outcomes.
    pub fn explains(&self, world: &mut World, ours: &Outcome, theirs: &Outcome) -> bool {
        let shape = match (&self.shape, ours, theirs) {
            (Shape::OnlyWe(codes), Outcome::Refused(code), Outcome::Accepted { .. }) => {
                codes.iter().any(|known| code.starts_with(known))
            }
            (Shape::OnlyThey(parts), Outcome::Accepted { .. }, Outcome::Refused(message)) => {
                parts.iter().any(|part| message.contains(part))
            }
            (Shape::Result, Outcome::Accepted { .. }, Outcome::Accepted { .. }) => true,
            (Shape::Result, Outcome::Refused(code), Outcome::Accepted { .. }) => code.starts_with("tcb_"),
            (Shape::Result, Outcome::Accepted { .. }, Outcome::Refused(message)) => {
                NO_LEVEL.iter().any(|part| message.contains(part))
            }
            _ => false,
        };
        shape && (self.applies)(world)
    }
}

macro_rules! differences {
    ($($name:literal: $reason:literal, $shape:expr, $applies:expr;)*) => {
        &[$(Difference { name: $name, reason: $reason, shape: $shape, applies: $applies }),*]
    };
}

/// All of them.
pub const DIFFERENCES: &[Difference] = differences! {
    // The quote.
    "sgx in versions 4 and 5": "the format allows it, and so does Intel's library",
        Shape::OnlyThey(&["SGX TEE quote must have version 3"]),
        |w| w.quote.tee() == Tee::Sgx && w.quote.header().version > 3;
    "outer certification type": "the signed-over structure is named by type 6; Intel's library refuses others",
        Shape::OnlyWe(&["quote_outer_certification_type"]),
        |w| *w.quote.outer_certification_type() != 6;
    "slack inside the authentication data": "bytes that nobody signed and nobody reads do not belong into evidence",
        Shape::OnlyWe(&["quote_surplus"]),
        |w| !w.quote.slack().is_empty();
    "bytes after the quote": "only zero padding occurs on real platforms",
        Shape::OnlyWe(&["quote_trailing_data"]),
        |w| w.quote.trailing().iter().any(|&byte| byte != 0);
    "qe authentication data of other lengths than 32": "the format gives it a length of its own",
        Shape::OnlyThey(&["Invalid QE auth data length"]),
        |w| w.quote.qe_auth_data().len() != 32;
    "second half of the QE's report data": "Intel's QE writes zeros there; anything else was not made by it",
        Shape::OnlyWe(&["qe_report_data"]),
        |w| !*w.quote.binds_attestation_key();
    "td attributes": "facts for a policy; Azure's guests run with SEPT_VE_DISABLE off",
        Shape::OnlyThey(&[
            "Reserved bits in TD attributes are set",
            "SEPT_VE_DISABLE is not enabled",
            "SERVTD_EXT is enabled",
            "TD migration is enabled",
        ]),
        |w| w.quote.tdx().is_some_and(|spec| spec.report.td_attributes != 1 << 28);
    "flipped bits that no signature covers": "all of a quote is read and judged, the root's copy of its chain too",
        Shape::OnlyWe(&["certificate_", "x509_", "quote_outer_certification_type", "quote_surplus", "quote_trailing_data"]),
        |w| !w.flips.is_empty();
    // Certificates.
    "order of chains": "the order in a chain is no security property; Intel's library sorts as well",
        Shape::OnlyThey(&["CaUsedAsEndEntity"]),
        |w| w.chain.first() != Some(&Link::Leaf) || w.collateral.signing_chain.first().is_some_and(is_root);
    "second or foreign root in a chain": "a chain has one root, and it is the trusted one or left out",
        Shape::OnlyWe(&["certificate_chain_roots", "certificate_untrusted_root", "x509_too_many_certificates"]),
        |w| w.chain.contains(&Link::ForeignRoot) || w.chain.iter().filter(|link| **link == Link::Root).count() > 1;
    "names in the hierarchy": "the certificates of the hierarchy have fixed names; a PCK certificate may not sign TCB info",
        Shape::OnlyWe(&["certificate_common_name", "certificate_issuer_missing", "certificate_chain_roots"]),
        |w| w.quote.pck().subject != Name::forged("Intel SGX PCK Certificate")
            || w.forge.tcb_signing.subject != Name::forged("Intel SGX TCB Signing");
    "key usage": "digitalSignature of leaves and keyCertSign of authorities are in the certificate profile",
        Shape::OnlyWe(&["certificate_key_usage"]),
        |w| { let leaf = w.leaf(); has_other_usage(&leaf) || has_other_usage(w.forge.pck_ca(w.quote.pck().ca)) };
    "an extension twice": "a certificate must not have it twice (RFC 5280, 4.2), an unknown one neither",
        Shape::OnlyWe(&["x509_duplicate_extension"]),
        |w| {
            let certificates = certificates(w);
            let certificates = certificates.iter().map(|certificate| &certificate.extensions);
            certificates.chain(lists(w).map(|list| &list.extensions)).any(|extensions| has_twice(extensions))
        };
    "validity of the root": "a certificate out of its time is refused, the root's as well; webpki does not look at anchors",
        Shape::OnlyWe(&["certificate_expired", "certificate_not_yet_valid"]),
        |w| w.forge.root.not_after < w.now || w.forge.root.not_before > w.now;
    "clock skew before a certificate's time": "five minutes are granted where a clock may be behind",
        Shape::OnlyThey(&["CertNotValidYet"]),
        |w| certificates(w).iter().any(|certificate| is_just_ahead(certificate.not_before, w.now));
    "size of the PPID and PCEID, SGX type": "the extension is of fixed sizes and known values",
        Shape::OnlyWe(&["sgx_extension pck_certificate_chain.pck.sgx_extension"]),
        |w| w.quote.pck().ppid.len() != 16 || w.quote.pck().pce_id.len() != 2 || w.quote.pck().sgx_type > 2;
    "component SVNs of the SGX extension": "sixteen components of one byte each",
        Shape::OnlyWe(&["sgx_extension pck_certificate_chain.pck.sgx_extension.tcb.component_svn"]),
        |w| w.quote.pck().component_svns.len() != 16 || w.quote.pck().component_svns.contains(&256);
    "PCESVN from 0x8000 on": "an INTEGER of 16 unsigned bits takes three bytes",
        Shape::OnlyThey(&["PceSvn length mismatch"]),
        |w| w.quote.pck().pce_svn >= 0x8000;
    "component SVNs against the raw CPUSVN": "levels are compared with the components that Intel certifies, not with the raw CPUSVN",
        Shape::Result,
        |w| { let pck = w.quote.pck(); !pck.component_svns.iter().copied().eq(pck.cpu_svn.iter().map(|&svn| u64::from(svn))) };
    // Revocation lists.
    "extensions of lists": "cRLNumber and authorityKeyIdentifier are in the profile; without a number a rollback goes unseen",
        Shape::OnlyWe(&["crl_missing_extension"]),
        |w| w.collateral.root_crl.extensions.len() < 2
            || w.collateral.pck_crl.extensions.len() < 2
            || has_unknown_for_missing(&w.collateral.root_crl)
            || has_unknown_for_missing(&w.collateral.pck_crl);
    "lists of the future": "a list that is not issued yet is not one",
        Shape::OnlyWe(&["crl_not_yet_valid"]),
        |w| lists(w).iter().any(|list| list.this_update > w.now);
    "lists at the second of their next update": "nextUpdate is the last second of a list",
        Shape::OnlyThey(&["CrlExpired"]),
        |w| lists(w).iter().any(|list| list.next_update == Some(w.now));
    // TCB info.
    "tcb info version 2": "older services and recorded endorsements still have it",
        Shape::OnlyThey(&["missing field `sgxtcbcomponents`"]),
        |w| w.collateral.tcb_info.version == 2;
    "tcb info version 4": "an unknown version may mean anything",
        Shape::OnlyWe(&["collateral_field tcb_info.tcbInfo.version"]),
        |w| w.collateral.tcb_info.version > 3;
    "tcb type": "an unknown type of TCB is compared in an unknown way",
        Shape::OnlyWe(&["collateral_field tcb_info.tcbInfo.tcbType"]),
        |w| w.collateral.tcb_info.tcb_type != 0;
    "pce id": "TCB info is for one provisioning enclave as for one family of processors",
        Shape::OnlyWe(&["pce_id_mismatch"]),
        |w| w.quote.pck().pce_id != w.collateral.tcb_info.pce_id;
    "dates with an offset": "the documents have one date form",
        Shape::OnlyWe(&["collateral_field tcb_info.tcbInfo.issueDate"]),
        |w| w.tcb_info_edit.is_some();
    "documents at the second of their next update": "nextUpdate is when the next one is due, no longer this one's time",
        Shape::OnlyWe(&["collateral_expired tcb_info.nextUpdate", "collateral_expired qe_identity.nextUpdate"]),
        |w| { let now = date(w.now); w.collateral.tcb_info.next_update == now || w.collateral.qe_identity.next_update == now };
    "clock skew before a document's time": "five minutes are granted where a clock may be behind",
        Shape::OnlyThey(&["TCBInfo issue date is in the future", "QE Identity issue date is in the future"]),
        |w| (1..=SKEW).any(|ahead| {
            let issued = date(w.now + ahead);
            w.collateral.tcb_info.issue_date == issued || w.collateral.qe_identity.issue_date == issued
        });
    "levels that are the same": "of two equal levels one is a mistake; Intel's library refuses as well",
        Shape::OnlyWe(&["collateral_field tcb_info.tcbInfo.tcbLevels"]),
        |w| has_equal_pair(w.collateral.tcb_info.tcb_levels.iter().map(|level| format!("{:?}", level.tcb)).collect());
    "levels that are malformed but not reached": "a document is read whole before a part of it is believed",
        Shape::OnlyWe(&["collateral_field tcb_info.tcbInfo.tcbLevels"]),
        |w| { let tee = w.quote.tee(); w.collateral.tcb_info.tcb_levels.iter().any(|level| {
            level.tcb.sgx_components.len() != 16
                || (tee == Tee::Tdx && level.tcb.tdx_components.is_none())
                || !PLATFORM_STATUSES.contains(&level.tcb_status.as_str())
        }) };
    // TDX modules and the quoting enclave.
    "order of module levels": "levels are sorted, not believed to be in order",
        Shape::Result,
        |w| w.collateral.tcb_info.tdx_module_identities.iter().flatten().any(|identity| is_unsorted(&identity.tcb_levels));
    "module levels that are malformed but not reached": "a document is read whole before a part of it is believed",
        Shape::OnlyWe(&["collateral_field tcb_info.tcbInfo.tdxModuleIdentities"]),
        |w| w.collateral.tcb_info.tdx_module_identities.iter().flatten().any(|identity| are_malformed(&identity.tcb_levels));
    "order of identity levels": "levels are sorted, not believed to be in order",
        Shape::Result,
        |w| is_unsorted(&w.collateral.qe_identity.tcb_levels);
    "identity levels that are malformed but not reached": "a document is read whole before a part of it is believed; Intel's parser knows three statuses",
        Shape::OnlyWe(&["collateral_field qe_identity.enclaveIdentity.tcbLevels"]),
        |w| are_malformed(&w.collateral.qe_identity.tcb_levels);
    "identity version 3": "not published",
        Shape::OnlyWe(&["collateral_field qe_identity.enclaveIdentity.version"]),
        |w| w.collateral.qe_identity.version == 3;
    "identity bits outside their mask": "a value that can never match is a mistake or a trap",
        Shape::OnlyWe(&["collateral_field qe_identity.enclaveIdentity.attributes", "collateral_field qe_identity.enclaveIdentity.miscselect"]),
        |w| {
            let identity = &w.collateral.qe_identity;
            has_bits_outside(&identity.attributes, &identity.attributes_mask)
                || has_bits_outside(&identity.miscselect, &identity.miscselect_mask)
        };
};

fn certificates(world: &mut World) -> Vec<CertificateSpec> {
    let mut all = vec![world.leaf(), world.forge.pck_ca(world.quote.pck().ca).clone()];
    all.extend(world.collateral.signing_chain.iter().cloned());
    all
}

fn lists(world: &World) -> [&CrlSpec; 2] {
    [&world.collateral.root_crl, &world.collateral.pck_crl]
}

/// Whether an unknown extension has taken the place of a missing one.
fn has_unknown_for_missing(list: &CrlSpec) -> bool {
    [oid::CRL_NUMBER, oid::AUTHORITY_KEY_IDENTIFIER]
        .iter()
        .any(|known| !list.extensions.iter().any(|extension| extension.oid == *known))
}

fn has_twice(extensions: &[Extension]) -> bool {
    has_equal_pair(
        extensions
            .iter()
            .map(|extension| format!("{:?}", extension.oid))
            .collect(),
    )
}

fn is_root(certificate: &CertificateSpec) -> bool {
    certificate.issuer == certificate.subject
}

fn is_just_ahead(time: i64, now: i64) -> bool {
    time > now && time <= now + SKEW
}

fn has_other_usage(certificate: &CertificateSpec) -> bool {
    let usages = [Extension::key_usage(&[0, 1]), Extension::key_usage(&[5, 6])];
    !certificate
        .extensions
        .iter()
        .any(|extension| usages.contains(extension))
}

fn has_equal_pair(mut values: Vec<String>) -> bool {
    let count = values.len();
    values.sort();
    values.dedup();
    values.len() < count
}

fn is_unsorted(levels: &[SvnLevel]) -> bool {
    !levels.is_sorted_by(|above, below| above.isvsvn() > below.isvsvn())
}

fn are_malformed(levels: &[SvnLevel]) -> bool {
    has_equal_pair(levels.iter().map(|level| level.isvsvn().to_string()).collect())
        || levels
            .iter()
            .any(|level| !ENCLAVE_STATUSES.contains(&level.tcb_status.as_str()))
}

fn has_bits_outside(value: &[u8], mask: &[u8]) -> bool {
    value.iter().zip(mask).any(|(value, mask)| value & !mask != 0)
}

fn date(unix_seconds: i64) -> String {
    attestry_api::calendar::UtcDateTime::from_unix(unix_seconds).to_string()
}

/// Seconds that Attestry grants before a start of validity.
const SKEW: i64 = 300;
const PLATFORM_STATUSES: [&str; 7] = [
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
];
const ENCLAVE_STATUSES: [&str; 3] = ["UpToDate", "OutOfDate", "Revoked"];
/// What they say where we find another level.
const NO_LEVEL: [&str; 3] = [
    "TCB status is invalid: Revoked",
    "No matching TCB level found",
    "is below minimum required",
];
