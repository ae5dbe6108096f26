//! Open Enclave wrappers around Intel evidence.

use crate::rejection::Explanation;

/// The wrapper is not well-formed or does not hold together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenEnclaveError {}

impl OpenEnclaveError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match *self {}
    }
}
