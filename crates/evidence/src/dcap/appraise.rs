//! The appraisal of a quote.

use crate::rejection::Explanation;

/// The evidence does not prove what it states.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppraisalError {}

impl AppraisalError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match *self {}
    }
}
