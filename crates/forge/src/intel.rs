//! An Intel-shaped world: root, PCK authorities and certificates, TCB signing, collateral, SGX and TDX
//! quotes and their Open Enclave wrappings.
//!
//! [`IntelForge`] holds the hierarchy; specifications taken from it are good and have public fields.
//!
//! ```
//! use attestry_forge::{Seed, intel::{IntelForge, Tee}};
//!
//! let forge = IntelForge::new(Seed::default(), 1_768_435_200);
//! let root = forge.root_certificate_der();
//! let collateral = forge.collateral(Tee::Sgx);
//! let mut quote = forge.sgx_quote_spec();
//! quote.bind_runtime_data(b"the relying party's bytes");
//! quote.set("report.isvsvn", "7").unwrap();
//! let quote = quote.mint(&forge);
//! # assert!(quote.len() > 1000 && !root.is_empty() && !collateral.tcb_info.is_empty());
//! ```

mod collateral;
mod documents;
mod hierarchy;
mod pck;

pub use collateral::{Collateral, CollateralSpec, CrlForm, UpdateSet, split_envelope};
pub use documents::{
    EnclaveIdentitySpec, EvaluationNumber, EvaluationNumbersSpec, SvnLevel, Tcb, TcbInfoSpec, TcbLevel,
    TdxModule, TdxModuleIdentity, sign_document,
};
pub use hierarchy::IntelForge;
pub use pck::{PckCa, PckConfiguration, PckSpec};

pub(crate) use collateral::{EARLY_NUMBER, OLDEST_NUMBER, QE_ISVSVN, STANDARD_NUMBER, enclave_product_id};
pub(crate) use pck::DEFAULT_FMSPC;

/// Which kind of trusted execution environment evidence and collateral are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tee {
    /// An SGX enclave.
    Sgx,
    /// A TDX virtual machine (trust domain).
    Tdx,
}

#[cfg(test)]
mod tests;
