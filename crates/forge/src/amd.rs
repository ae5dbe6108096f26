//! An AMD-shaped world: the key hierarchies of the SEV-SNP product lines, revocation lists, and attestation
//! reports with the certificates that go with them.
//!
//! [`AmdForge`] holds the hierarchies; [`SnpEvidence`] taken from it is good and has public fields.
//!
//! ```
//! use attestry_forge::{Seed, amd::{AmdForge, ProductLine}};
//!
//! let forge = AmdForge::new(Seed::default(), 1_768_435_200);
//! let mut evidence = forge.snp_evidence(ProductLine::Milan);
//! evidence.bind_runtime_data(b"the relying party's bytes");
//! evidence.set("report.vmpl", "1").unwrap();
//! assert_eq!(evidence.to_report_bytes().len(), 1184);
//! let body = evidence.to_json(&forge);
//! # assert!(body.starts_with("{\"SnpReport\":"));
//! ```

mod evidence;
mod hierarchy;
mod keys;
mod product;
mod report;
mod vek;

pub use evidence::{LineEnds, SnpEvidence, maa_report};
pub use hierarchy::{AmdForge, LineCertificates};
pub use product::{Processor, ProductLine, Tcb};
pub use report::SnpReport;
pub use vek::{VekKind, VekSpec, vek_extension};

#[cfg(test)]
mod tests;
