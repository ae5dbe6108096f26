//! Why the Azure form of evidence is refused: the sum of its parts.

use super::{AkCertificateError, HclError, RuntimeBindingError, RuntimeError};
use crate::rejection::Explanation;

/// The Azure form of evidence is not acceptable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AzureError {
    /// The HCL report is not well-formed.
    #[error(transparent)]
    Hcl(#[from] HclError),
    /// The runtime claims are not well-formed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The hardware does not vouch for the runtime claims, or they not for a key.
    #[error(transparent)]
    Binding(#[from] RuntimeBindingError),
    /// The certificate of the attestation key cannot be cut out.
    #[error(transparent)]
    AkCertificate(#[from] AkCertificateError),
}

impl AzureError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Hcl(error) => error.explain(),
            Self::Runtime(error) => error.explain(),
            Self::Binding(error) => error.explain(),
            Self::AkCertificate(error) => error.explain(),
        }
    }
}
