//! What Azure puts above a hardware report: the paravisor's HCL report with its runtime claims, and endorsements
//! of utility VMs.
//!
//! [`HclReport`] holds a hardware report of the modules `amd` or `quote` and binds the claims to it;
//! [`UvmEndorsement`] is signed by a [`UvmAuthority`].
//!
//! ```
//! use attestry_forge::{Seed, amd::{AmdForge, ProductLine}, azure::{HclReport, VtpmKeys}};
//!
//! let forge = AmdForge::new(Seed::default(), 1_768_435_200);
//! let hcl = HclReport::snp(forge.snp_evidence(ProductLine::Milan), &VtpmKeys::new(&forge.seed));
//! let minted = hcl.mint();
//! assert_eq!(minted.hcl_report.len(), 2600);
//! assert!(minted.runtime_claims.starts_with(b"{\"keys\":[{\"kid\":\"HCLAkPub\""));
//! ```

mod cbor;
mod hcl;
mod keys;
mod runtime;
mod td_report;
mod time_stamp;
mod uvm;
mod uvm_authority;

pub use cbor::Cbor;
pub use hcl::{HardwareReport, HclReport, MintedHcl};
pub use keys::VtpmKeys;
pub use runtime::{RuntimeClaims, RuntimeKey, VmConfiguration};
pub use td_report::td_report_bytes;
pub use time_stamp::TimeStamp;
pub use uvm::{UvmEndorsement, UvmForm};
pub use uvm_authority::UvmAuthority;

#[cfg(test)]
mod tests;
