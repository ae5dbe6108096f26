//! Whether data handed over beside evidence is the data that the evidence vouches for.

use crate::rejection::Explanation;

/// The data is not what the evidence vouches for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {}

impl BindingError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match *self {}
    }
}
