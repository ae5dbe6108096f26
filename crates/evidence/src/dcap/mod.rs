//! What Intel SGX and Intel TDX share (Intel SGX and TDX DCAP): the quote container, the platform's certificates,
//! the collateral documents and the appraisal of a quote against them.

mod appraise;
mod collateral;
mod enclave_identity;
mod pck;
pub mod quote;
mod supplemental;
mod tcb;
mod tcb_info;

pub use appraise::AppraisalError;
pub use collateral::{CollateralDocuments, CollateralError, CollateralHashes};
pub use quote::{CertificationData, Quote, QuoteBody, QuoteError, Tee};
