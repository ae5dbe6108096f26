//! What Azure adds to the hardware's evidence of a confidential VM: the HCL report that the paravisor keeps in the
//! virtual TPM, the runtime claims in it, their binding to the hardware report and to the TPM's attestation key. Owns
//! these forms and bindings; whether the hardware report is genuine is decided where the hardware is known, and
//! whether a paravisor is one of Azure's is for reference values to say.

mod ak_certificate;
mod binding;
mod error;
#[cfg(test)]
mod fixture;
mod hcl;
mod runtime;
pub mod uvm;

pub use ak_certificate::{AkCertificateError, ak_certificate};
pub use binding::{BoundRuntime, RuntimeBindingError, bind_snp, bind_tdx};
pub use error::AzureError;
pub use hcl::{
    HardwareKind, HardwareReport, HashType, HclError, HclReport, MAX_HCL_REPORT_BYTES, RequestType,
    SNP_REPORT_BYTES, TDREPORT_BYTES,
};
pub use runtime::{MAX_RUNTIME_BYTES, RuntimeClaims, RuntimeError, looks_like_paravisor};
