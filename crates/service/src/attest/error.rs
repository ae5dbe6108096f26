//! What can stand between a request and its token, ordered by whose matter it is.

use std::time::Duration;

use attestry_api::{AttestationType, request::RequestError};
use attestry_evidence::{dcap::Tee, rejection::Rejected};
use attestry_policy::EvaluationError;
use thiserror::Error;

use super::{Denial, TcbRefusal, WorkPoolError};
use crate::{
    collateral::{CollateralUnavailable, VekUnavailable},
    provider::{PolicyError, UntrustedSigner},
    token::TokenError,
};

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AttestError {
    /// The request is not well formed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The policy sent along does not compile.
    #[error("the draft policy is refused: {0}")]
    DraftPolicy(#[from] PolicyError),
    /// The provider's policy was set once and cannot be used any more.
    #[error("the policy of this provider cannot be used: {0}")]
    UnusablePolicy(Box<PolicyError>),
    /// The evidence is of another kind than the request says.
    #[error("`{kind}` evidence must be a quote of {}, this is one of {}", expected.name(), found.name())]
    OtherTee {
        /// The type that was asked for.
        kind: AttestationType,
        /// What its quotes come from.
        expected: Tee,
        /// What this quote comes from.
        found: Tee,
    },
    /// The evidence does not verify.
    #[error(transparent)]
    Rejected(Box<Rejected>),
    /// The evidence verifies, at a TCB status that the provider does not accept.
    #[error("{0}")]
    TcbStatus(Box<TcbRefusal>),
    /// The policy denied.
    #[error("the policy denies: {}", .0.reason)]
    Denied(Box<Denial>),
    /// The policy gave no decision.
    #[error("the policy cannot be evaluated: {0}")]
    Evaluation(#[from] EvaluationError),
    /// The policy asks for a baseline that this service does not know.
    #[error("the policy asks for the unknown TCB baseline `{identifier}`")]
    UnknownBaseline {
        /// Value of `x-ms-sgx-tcbidentifier`.
        identifier: String,
    },
    /// The provider has no policy for the type.
    #[error("a policy for `{kind}` has not been set on this provider")]
    NoPolicy {
        /// The type.
        kind: AttestationType,
    },
    /// The provider's policy was signed by somebody whom the provider does not trust (any more).
    #[error("the policy for `{kind}` does not count: {reason}")]
    UntrustedPolicy {
        /// The type.
        kind: AttestationType,
        /// What stands against the signer.
        reason: Box<UntrustedSigner>,
    },
    /// There is no collateral to judge the evidence by.
    #[error(transparent)]
    Collateral(Box<CollateralUnavailable>),
    /// The certificate of the key that signed the report is not to be had.
    #[error(transparent)]
    Vek(Box<VekUnavailable>),
    /// The sources took too long. The documents are still being fetched.
    #[error("the collateral for this platform did not arrive within {} seconds", waited.as_secs())]
    CollateralLate {
        /// How long the request waited.
        waited: Duration,
    },
    /// Too much work at a time, or work that was lost.
    #[error(transparent)]
    Pool(#[from] WorkPoolError),
    /// The token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl From<Rejected> for AttestError {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(Box::new(rejected))
    }
}

impl From<CollateralUnavailable> for AttestError {
    fn from(unavailable: CollateralUnavailable) -> Self {
        Self::Collateral(Box::new(unavailable))
    }
}

impl AttestError {
    /// The stage that refused, for metrics: one of a fixed set.
    pub fn stage(&self) -> &'static str {
        use attestry_evidence::rejection::Stage;
        match self {
            Self::Request(_) => "request",
            Self::OtherTee { .. } => "parse",
            Self::Rejected(rejected) => match rejected.explain().stage {
                Stage::Parse => "parse",
                Stage::Collateral => "collateral",
                Stage::Platform => "platform",
                Stage::Binding => "binding",
                _ => "appraisal",
            },
            Self::TcbStatus(_) => "appraisal",
            Self::DraftPolicy(_)
            | Self::UnusablePolicy(_)
            | Self::Denied(_)
            | Self::Evaluation(_)
            | Self::UnknownBaseline { .. }
            | Self::NoPolicy { .. }
            | Self::UntrustedPolicy { .. } => "policy",
            Self::Collateral(_) | Self::Vek(_) | Self::CollateralLate { .. } => "collateral",
            Self::Pool(_) => "pool",
            Self::Token(_) => "token",
        }
    }
}
