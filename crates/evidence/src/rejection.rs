//! How a refusal is told: every stage has its own error enum, and each error explains itself as the same five
//! facts. Owns that form and the sum of all stages; it must not know HTTP statuses or the words of a response.

use serde::Serialize;

use crate::azure::AzureError;
use crate::azure::uvm::UvmError;
use crate::binding::BindingError;
use crate::dcap::{AppraisalError, CollateralError, QuoteError};
use crate::eventlog::TcgLogError;
use crate::openenclave::OpenEnclaveError;
use crate::snp::SnpError;
use crate::x509::CertificateError;

/// The step of the verification that refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// The bytes are not well-formed evidence.
    Parse,
    /// A reference document (TCB info, identity, CRL, issuer chain) is not acceptable.
    Collateral,
    /// The platform's own certificates are not acceptable.
    Platform,
    /// Well-formed evidence does not prove what it states.
    Appraisal,
    /// Data handed over beside the evidence is not the data the evidence vouches for.
    Binding,
}

/// One refusal, told in full.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Explanation {
    /// The step that refused.
    pub stage: Stage,
    /// A stable identifier of the check, in snake case.
    pub code: &'static str,
    /// What was looked at, for instance `quote.header.version`.
    pub field: String,
    /// What would have been accepted.
    pub expected: String,
    /// What was there.
    pub found: String,
    /// What the sender or the operator can do about it.
    pub hint: String,
}

/// Why evidence was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The quote is not well-formed.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The Open Enclave wrapper is not well-formed or does not hold together.
    #[error(transparent)]
    OpenEnclave(#[from] OpenEnclaveError),
    /// The platform's certificates are not acceptable.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A reference document is not acceptable.
    #[error(transparent)]
    Collateral(#[from] CollateralError),
    /// The evidence does not prove what it states.
    #[error(transparent)]
    Appraisal(#[from] AppraisalError),
    /// The SNP report or its certificate is not acceptable.
    #[error(transparent)]
    Snp(#[from] SnpError),
    /// The data handed over is not what the evidence vouches for.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The Azure form around the evidence is not acceptable.
    #[error(transparent)]
    Azure(#[from] AzureError),
    /// The endorsements of a utility VM are not acceptable.
    #[error(transparent)]
    Uvm(#[from] UvmError),
    /// The log of a measured boot is not well-formed.
    #[error(transparent)]
    TcgLog(#[from] TcgLogError),
}

impl Rejected {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Quote(error) => error.explain(),
            Self::OpenEnclave(error) => error.explain(),
            Self::Certificate(error) => error.explain(),
            Self::Collateral(error) => error.explain(),
            Self::Appraisal(error) => error.explain(),
            Self::Snp(error) => error.explain(),
            Self::Binding(error) => error.explain(),
            Self::Azure(error) => error.explain(),
            Self::Uvm(error) => error.explain(),
            Self::TcgLog(error) => error.explain(),
        }
    }
}
