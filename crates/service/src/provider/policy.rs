//! A provider's policy for one attestation type: what was stored, and the program compiled from it.

use attestry_api::{
    AttestationType,
    policy_envelope::{PolicyEnvelope, PolicyEnvelopeError, policy_hash, wrap_unsigned},
    signed_envelope::Signer,
};
use attestry_policy::{Diagnostic, Limits, Policy, defaults, maa_message};
use thiserror::Error;

use super::{NotAccepted, PolicySigners, PolicyTests, ProviderMode, UntrustedSigner};

/// A policy of a provider.
#[derive(Debug)]
pub struct StoredPolicy {
    envelope: String,
    hash: String,
    signer: Option<Signer>,
    /// Nobody set it.
    default: bool,
    program: Result<Policy, PolicyError>,
}

/// A stored policy cannot be used.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The envelope is malformed or its signature does not verify.
    #[error("the policy's envelope is refused: {0}")]
    Envelope(#[from] PolicyEnvelopeError),
    /// The envelope holds no policy.
    #[error("the envelope holds no policy")]
    Empty,
    /// The text does not compile.
    #[error("{}", maa_message(.0))]
    Text(Vec<Diagnostic>),
    /// The provider's tests are not passed.
    #[error(transparent)]
    NotAccepted(#[from] NotAccepted),
}

/// The text of the default policy of a type, as `GET /policies` answers it; `None` for types without one. Having
/// a text does not make a type attestable.
pub fn default_text(kind: AttestationType, mode: ProviderMode) -> Option<&'static str> {
    match (kind, mode) {
        (AttestationType::SgxEnclave | AttestationType::OpenEnclave, ProviderMode::Shared) => {
            Some(defaults::SGX_SHARED)
        }
        (AttestationType::SgxEnclave | AttestationType::OpenEnclave, _) => Some(defaults::SGX),
        (AttestationType::TdxVm, _) => Some(defaults::TDX),
        (AttestationType::SevSnpVm, _) => Some(defaults::SNP),
        (AttestationType::AzureGuest | AttestationType::Tpm, _) => None,
    }
}

impl StoredPolicy {
    /// Opens and compiles a stored envelope.
    pub fn from_envelope(envelope: &str, limits: &Limits) -> Result<Self, PolicyError> {
        let opened = PolicyEnvelope::open(envelope)?;
        let text = opened.policy().ok_or(PolicyError::Empty)?;
        Ok(Self {
            program: Ok(Policy::compile_within(text, limits).map_err(PolicyError::Text)?),
            envelope: envelope.to_owned(),
            hash: opened.policy_hash(),
            signer: opened.signer().cloned(),
            default: false,
        })
    }

    /// A policy that was set once, maybe under other limits and tests than today's. One that cannot be used any
    /// more is kept with the reason: its tenant's evidence is refused, and everybody else is served.
    pub fn from_store(envelope: &str, kind: AttestationType, tests: &PolicyTests, limits: &Limits) -> Self {
        let usable =
            Self::from_envelope(envelope, limits).and_then(|policy| policy.accepted(kind, tests, limits));
        usable.unwrap_or_else(|reason| {
            let opened = PolicyEnvelope::open(envelope).ok();
            Self {
                envelope: envelope.to_owned(),
                hash: opened
                    .as_ref()
                    .map(PolicyEnvelope::policy_hash)
                    .unwrap_or_default(),
                signer: opened.and_then(|opened| opened.signer().cloned()),
                default: false,
                program: Err(reason),
            }
        })
    }

    /// A policy given as text: a draft, or a default.
    pub fn from_text(text: &str, limits: &Limits) -> Result<Self, PolicyError> {
        Ok(Self {
            program: Ok(Policy::compile_within(text, limits).map_err(PolicyError::Text)?),
            envelope: wrap_unsigned(text),
            hash: policy_hash(text),
            signer: None,
            default: false,
        })
    }

    /// The policy of a provider on which nobody has set one; `None` for types that this release does not attest.
    pub fn default_for(
        kind: AttestationType,
        mode: ProviderMode,
        limits: &Limits,
    ) -> Option<Result<Self, PolicyError>> {
        match kind {
            AttestationType::SgxEnclave
            | AttestationType::OpenEnclave
            | AttestationType::TdxVm
            | AttestationType::SevSnpVm => {
                let policy = default_text(kind, mode).map(|text| Self::from_text(text, limits));
                policy.map(|policy| {
                    policy.map(|policy| Self {
                        default: true,
                        ..policy
                    })
                })
            }
            AttestationType::AzureGuest | AttestationType::Tpm => None,
        }
    }

    /// The policy, when it passes the provider's tests for its type.
    pub fn accepted(
        self,
        kind: AttestationType,
        tests: &PolicyTests,
        limits: &Limits,
    ) -> Result<Self, PolicyError> {
        self.check(kind, tests, limits)?;
        Ok(self)
    }

    /// Whether the policy passes the provider's tests for its type.
    pub fn check(
        &self,
        kind: AttestationType,
        tests: &PolicyTests,
        limits: &Limits,
    ) -> Result<(), PolicyError> {
        // Opening an envelope verifies its signature: thousands of providers without tests start in less time.
        if tests.accept_everything() {
            return Ok(());
        }
        let opened = PolicyEnvelope::open(&self.envelope)?;
        Ok(tests.check(kind, opened.policy().ok_or(PolicyError::Empty)?, limits)?)
    }

    /// The JWS exactly as it was stored.
    pub fn envelope(&self) -> &str {
        &self.envelope
    }

    /// `x-ms-policy-hash`.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Whether it is the built-in policy, which nobody set.
    pub fn is_default(&self) -> bool {
        self.default
    }

    /// Whether its signer may still sign for a provider with these certificates. The dates of the signer's own
    /// certificates were judged when the policy came.
    pub fn check_signer(&self, signers: &PolicySigners) -> Result<(), UntrustedSigner> {
        let signer = self.signer.as_ref().ok_or(UntrustedSigner::Unsigned)?;
        signers.authority_of(signer, None).map(|_| ())
    }

    /// Whose signature verified, of a signed policy.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// The compiled policy, or why it cannot be used.
    pub fn program(&self) -> Result<&Policy, &PolicyError> {
        self.program.as_ref()
    }
}
