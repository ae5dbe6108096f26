//! Why a change is not made.

use attestry_api::{
    certificate_envelope::CertificateEnvelopeError, policy_envelope::PolicyEnvelopeError,
    signed_envelope::EnvelopeError,
};
use thiserror::Error;

use super::BindingError;
use crate::{
    attest::WorkPoolError,
    provider::{OwnSettingsError, PolicyCertificateError, PolicyError, UntrustedSigner},
    store::{ChangeState, StoreError},
};

/// Why a change is not made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdministrationError {
    /// The provider is not there any more.
    #[error("the attestation provider does not exist any more")]
    Gone,
    /// Nobody changes a shared provider.
    #[error("this is a shared provider: its policies are the default ones and cannot be changed")]
    Shared,
    /// The provider has no signers to change.
    #[error("policy signing certificates can be changed on a provider in isolated mode only")]
    NotIsolated,
    /// The JWS that carries a policy is refused.
    #[error(transparent)]
    Envelope(#[from] PolicyEnvelopeError),
    /// The JWS that asks for a rollback is refused.
    #[error(transparent)]
    RollbackEnvelope(#[from] EnvelopeError),
    /// The JWS that asks for a rollback names another revision, or none.
    #[error("the payload of the JWS must be `{{\"revision\": {revision}}}`, the revision that is asked for")]
    RollbackPayload {
        /// The revision that is asked for.
        revision: i64,
    },
    /// The policy never had this revision.
    #[error("this policy has no revision {revision}")]
    UnknownRevision {
        /// The revision that is asked for.
        revision: i64,
    },
    /// The provider's settings are not its administrators'.
    #[error("the settings of this provider are in the service's configuration")]
    Configured,
    /// The JWS that asks for settings names others, or none.
    #[error("the payload of the JWS must be `{{\"settings\": {{...}}}}`")]
    SettingsPayload,
    /// The settings mean nothing.
    #[error(transparent)]
    Settings(#[from] OwnSettingsError),
    /// The provider has no such change.
    #[error("this provider has no such change")]
    UnknownChange,
    /// The change was decided already.
    #[error("the change is {} already", state.name())]
    Decided {
        /// How.
        state: ChangeState,
    },
    /// The change has waited longer than changes may.
    #[error("the change has waited for more than 7 days; ask for it again")]
    TooLate,
    /// What it changes was changed otherwise since.
    #[error("what the change is about was changed since it was asked for; look at it and ask again")]
    Overtaken,
    /// Whoever asked wants to approve.
    #[error("somebody else must approve the change than who asked for it")]
    SamePerson,
    /// Too many changes of the provider wait.
    #[error("too many changes of this provider wait for approval; approve or reject some first")]
    TooManyPending,
    /// The history of the provider's policies is full.
    #[error(
        "the history of this provider's policies would take {bytes} bytes, and {limit} are allowed; the operator can allow more"
    )]
    HistoryFull {
        /// Bytes with this change.
        bytes: u64,
        /// Bytes that are allowed.
        limit: u64,
    },
    /// The JWS that carries a certificate is refused.
    #[error(transparent)]
    CertificateEnvelope(#[from] CertificateEnvelopeError),
    /// The policy stands in the JWS as it is, which only the 2018 preview allowed.
    #[error(
        "`AttestationPolicy` must be base64url of the policy; plain text is accepted with api-version 2018-09-01-preview only"
    )]
    PlainText,
    /// The JWS carries no policy.
    #[error(
        "Could not find \"AttestationPolicy\" claim in policy token; to return to the default policy, use `:reset`"
    )]
    NoPolicy,
    /// Whoever signed may not.
    #[error(transparent)]
    Untrusted(#[from] UntrustedSigner),
    /// The JWS was made for another use, or is too old.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The certificate cannot be trusted.
    #[error(transparent)]
    Certificate(#[from] PolicyCertificateError),
    /// An isolated provider keeps one certificate that may sign, or nobody could ever change it again.
    #[error("the last policy signing certificate cannot be removed: no other one could sign a change")]
    LastCertificate,
    /// Too much work at a time, or work that was lost.
    #[error(transparent)]
    Pool(#[from] WorkPoolError),
    /// The change could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of the service.
    #[error("{0}")]
    Internal(String),
}
