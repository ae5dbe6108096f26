//! What Intel SGX and Intel TDX share (Intel SGX and TDX DCAP): the quote container, the platform's certificates,
//! the collateral documents and the appraisal of a quote against them.

mod appraise;
mod collateral;
mod enclave_identity;
mod evaluation_numbers;
mod json;
mod pck;
pub mod quote;
mod supplemental;
mod tcb;
mod tcb_info;
#[cfg(test)]
pub(crate) mod world;

pub use appraise::{
    Appraisal, AppraisalError, ComponentVerdict, Shortfall, SvnComponent, TcbComponent, TcbMoment, TeeName,
    Warning, appraise, check_signatures,
};
pub use collateral::{
    Baseline, CollateralDocuments, CollateralError, CollateralHashes, Document, Freshness, Staleness,
    VerifiedCollateral,
};
pub use evaluation_numbers::{EvaluationNumber, EvaluationNumbers, EvaluationNumbersError};
pub use pck::{PckCa, SgxType, VerifiedPck};
pub use quote::{CertificationData, Quote, QuoteBody, QuoteError, Tee};
pub use supplemental::Supplemental;
pub use tcb::{TcbStatus, UnknownTcbStatus};
