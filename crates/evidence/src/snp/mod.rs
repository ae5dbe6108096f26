//! AMD SEV-SNP attestation reports (AMD publication 56860, "SEV Secure Nested Paging Firmware ABI Specification") and
//! the certificates that sign them (AMD publication 57230, "VCEK Certificate and KDS Interface Specification").
//!
//! The order of a verification is fixed: [`Report::read`], [`Report::admit`] (form), [`VekCertificate::parse`] and
//! [`VerifiedVek::verify`] (the chain up to pinned authorities), [`appraise`]. Whatever a policy
//! may want to decide (debugging, privilege level, versions of the firmware) is a fact of the [`Appraisal`], not a
//! reason to refuse. This module must not know what a hypervisor vendor puts into the report data.

mod anchors;
mod appraise;
mod claims;
mod crl;
mod error;
mod explain;
mod product;
mod report;
mod vek;
#[cfg(test)]
pub(crate) mod world;

pub use anchors::{AmdAnchors, AnchorError, Authority};
pub use appraise::{Appraisal, Settings, SignatureProof, UnknownPolicyBits, Warning, appraise};
pub use claims::{ClaimProfile, UnknownClaimProfile, policy_facts, token_claims};
pub use crl::{AmdCrl, AmdCrls, RevocationPolicy};
pub use error::SnpError;
pub use product::{Product, TcbVersion};
pub use report::{AdmittedReport, GuestPolicy, PlatformInfo, REPORT_BYTES, Report, ReportBody, SigningKey};
pub use vek::{SuppliedChain, VekCertificate, VekKind, VerifiedVek};
