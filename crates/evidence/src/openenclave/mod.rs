//! Open Enclave wrappers around Intel evidence (Open Enclave SDK): reports, evidence with its custom claims, and
//! the endorsements that may accompany them. Owns the wrapping and the binding of custom claims to the quote; what a
//! quote says and whether it is genuine is decided elsewhere.

mod custom_claims;
mod endorsements;
mod error;
mod evidence;
mod format;

pub use custom_claims::{CustomClaim, MAX_CUSTOM_CLAIMS, parse_custom_claims};
pub use endorsements::{Endorsements, MAX_ENDORSEMENTS_SIZE};
pub use error::OpenEnclaveError;
pub use evidence::{Evidence, MAX_EVIDENCE_SIZE};
pub use format::Format;

use crate::reader::{EndOfInput, LeftOver};

fn truncated(part: &'static str) -> impl Copy + Fn(EndOfInput) -> OpenEnclaveError {
    move |EndOfInput { offset, needed, left }| OpenEnclaveError::Truncated {
        part,
        offset,
        needed,
        left,
    }
}

fn surplus(part: &'static str) -> impl Copy + Fn(LeftOver) -> OpenEnclaveError {
    move |LeftOver { offset, size }| OpenEnclaveError::Surplus { part, offset, size }
}
