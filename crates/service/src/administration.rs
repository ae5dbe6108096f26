//! Changes to what a provider trusts: its policies and the certificates that may sign them.
//!
//! It owns the order of a change: check it against the provider as it is, make it durable, let requests see it,
//! answer. One change to a provider at a time; a change that has begun is finished whether or not its caller still
//! waits. Who may ask is decided above, what a policy means below.

mod envelope;
mod error;

use std::sync::Arc;

use attestry_api::{
    AttestationType, certificate_envelope::CertificateEnvelope, policy_envelope::PolicyEnvelope,
    signed_envelope::Signer,
};
use attestry_evidence::time::UnixTime;
use attestry_policy::{Diagnostic, lint};

pub use self::envelope::{Binding, BindingError};
pub use self::error::AdministrationError;
use crate::{
    attest::WorkPool,
    clock::Clock,
    provider::{
        Changing, Directory, PolicyCertificate, PolicySigners, Provider, ProviderMode, StoredPolicy,
        UntrustedSigner, subject,
    },
    store::{NewPolicy, NewSigner, PolicyOperation, SignerOperation, Store},
};

/// Makes changes.
#[derive(Debug, Clone)]
pub struct Administration {
    store: Store,
    directory: Arc<Directory>,
    clock: Clock,
    pool: WorkPool,
}

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The caller ([`crate::authn::Principal::id`]).
    pub id: String,
    /// The second person who approved it, where two are needed.
    pub approver: Option<String>,
}

/// How the policy stands in its JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyForm {
    /// base64url, as since 2020-10-01.
    Current,
    /// Also as it is, as in the 2018 preview.
    Preview2018,
}

/// A policy was set.
#[derive(Debug, Clone)]
pub struct PolicySet {
    /// Number of the revision.
    pub revision: i64,
    /// Whose signature verified; `None` for an unsigned policy.
    pub signer: Option<Signer>,
    /// What the linter has to say about the policy; none of it kept it from being set.
    pub warnings: Vec<Diagnostic>,
}

/// A certificate was added or removed, or was already there or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerSet {
    /// Thumbprint of the certificate.
    pub thumbprint: String,
    /// Number of the revision; `None` when nothing had to change.
    pub revision: Option<i64>,
}

impl Administration {
    /// Changes the providers of `directory`, dated by `clock`; policies are compiled and tested on `pool`.
    pub fn new(store: Store, directory: Arc<Directory>, clock: Clock, pool: WorkPool) -> Self {
        Self {
            store,
            directory,
            clock,
            pool,
        }
    }

    /// Sets the policy of a type to the one in `envelope`.
    pub async fn set_policy(
        &self,
        provider: &str,
        kind: AttestationType,
        envelope: String,
        form: PolicyForm,
        actor: Actor,
    ) -> Result<PolicySet, AdministrationError> {
        let this = self.clone();
        self.finish(provider, move |changing| async move {
            this.set_policy_in(&changing, kind, envelope, form, &actor).await
        })
        .await
    }

    async fn set_policy_in(
        &self,
        changing: &Changing,
        kind: AttestationType,
        envelope: String,
        form: PolicyForm,
        actor: &Actor,
    ) -> Result<PolicySet, AdministrationError> {
        let provider = changing.current();
        let now = self.clock.now();
        let checked = self.check_policy(&provider, kind, envelope, form, now).await?;
        self.check_order(&provider, kind, checked.binding).await?;
        let new = NewPolicy {
            provider: &provider.name,
            attestation_type: kind.name(),
            change: PolicyOperation::Set(checked.policy.envelope()),
            issued_at: checked.binding.issued_at,
            actor: &actor.id,
            approver: actor.approver.as_deref(),
        };
        let revision = self.store.policy_put(&new, now).await?;
        let signer = checked.policy.signer().cloned();
        changing.replace(Provider::clone(&provider).with_policy(kind, Some(Arc::new(checked.policy))));
        Ok(PolicySet {
            revision,
            signer,
            warnings: checked.warnings,
        })
    }

    /// What [`Administration::set_policy`] would refuse or warn of, without changing anything.
    pub async fn check_policy(
        &self,
        provider: &Arc<Provider>,
        kind: AttestationType,
        envelope: String,
        form: PolicyForm,
        now: UnixTime,
    ) -> Result<CheckedPolicy, AdministrationError> {
        let provider = Arc::clone(provider);
        self.pool
            .run(move || check_policy(&provider, kind, &envelope, form, now))
            .await?
    }

    /// Resets the policy of a type to the default one, as `envelope` asks.
    pub async fn reset_policy(
        &self,
        provider: &str,
        kind: AttestationType,
        envelope: String,
        actor: Actor,
    ) -> Result<i64, AdministrationError> {
        let this = self.clone();
        self.finish(provider, move |changing| async move {
            let provider = changing.current();
            let now = this.clock.now();
            let binding = check_reset(&provider, kind, &envelope, now)?;
            this.check_order(&provider, kind, binding).await?;
            let default = default_policy(&provider, kind)?;
            let new = NewPolicy {
                provider: &provider.name,
                attestation_type: kind.name(),
                change: PolicyOperation::Reset(&envelope),
                issued_at: binding.issued_at,
                actor: &actor.id,
                approver: actor.approver.as_deref(),
            };
            let revision = this.store.policy_put(&new, now).await?;
            changing.replace(Provider::clone(&provider).with_policy(kind, default));
            Ok(revision)
        })
        .await
    }

    /// Adds a policy signing certificate, or removes one, as `envelope` asks.
    pub async fn change_signer(
        &self,
        provider: &str,
        operation: SignerOperation,
        envelope: String,
        actor: Actor,
    ) -> Result<SignerSet, AdministrationError> {
        let this = self.clone();
        self.finish(provider, move |changing| async move {
            this.change_signer_in(&changing, operation, &envelope, &actor)
                .await
        })
        .await
    }

    async fn change_signer_in(
        &self,
        changing: &Changing,
        operation: SignerOperation,
        envelope: &str,
        actor: &Actor,
    ) -> Result<SignerSet, AdministrationError> {
        let provider = changing.current();
        let now = self.clock.now();
        let checked = check_signer(&provider, operation, envelope, now)?;
        let Some(signers) = checked.signers else {
            return Ok(SignerSet {
                thumbprint: checked.thumbprint,
                revision: None,
            });
        };
        if let Some(issued_at) = checked.binding.issued_at {
            let history = self.store.signer_list(Some(&provider.name)).await?;
            envelope::check_order(
                issued_at,
                history.iter().filter_map(|record| record.issued_at).max(),
            )?;
        }
        let new = NewSigner {
            provider: &provider.name,
            operation,
            thumbprint: &checked.thumbprint,
            certificate: &checked.certificate,
            request: Some(envelope),
            issued_at: checked.binding.issued_at,
            actor: &actor.id,
            approver: actor.approver.as_deref(),
        };
        let revision = self.store.signer_put(&[new], now).await?;
        changing.replace(Provider::clone(&provider).with_signers(signers));
        Ok(SignerSet {
            thumbprint: checked.thumbprint,
            revision: Some(revision),
        })
    }

    /// A JWS that says when it was issued must be newer than the last one that changed the same thing, so that no
    /// old one can be presented again.
    async fn check_order(
        &self,
        provider: &Provider,
        kind: AttestationType,
        binding: Binding,
    ) -> Result<(), AdministrationError> {
        if let Some(issued_at) = binding.issued_at {
            let latest = self
                .store
                .policy_latest_issue(&provider.name, kind.name())
                .await?;
            envelope::check_order(issued_at, latest)?;
        }
        Ok(())
    }

    /// Runs a change in a task of its own while holding the provider: when a caller goes away, what is durable must
    /// still become visible.
    async fn finish<T, F>(
        &self,
        provider: &str,
        change: impl FnOnce(Changing) -> F + Send + 'static,
    ) -> Result<T, AdministrationError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AdministrationError>> + Send + 'static,
    {
        let changing = self.directory.change(provider).await;
        let changing = changing.ok_or(AdministrationError::Gone)?;
        tokio::spawn(async move { change(changing).await })
            .await
            .map_err(|error| AdministrationError::Internal(error.to_string()))?
    }
}

/// A policy that may be set.
#[derive(Debug)]
pub struct CheckedPolicy {
    /// The policy.
    pub policy: StoredPolicy,
    /// What the linter has to say.
    pub warnings: Vec<Diagnostic>,
    /// What the JWS says about its own use.
    pub binding: Binding,
}

/// Signer, form, tests and lints of a policy; only lints do not keep it from being set.
fn check_policy(
    provider: &Provider,
    kind: AttestationType,
    envelope: &str,
    form: PolicyForm,
    now: UnixTime,
) -> Result<CheckedPolicy, AdministrationError> {
    check_writable(provider)?;
    let opened = PolicyEnvelope::open(envelope)?;
    check_signature(provider, opened.signer(), now)?;
    let binding = Binding::check(
        opened.payload(),
        opened.signer().is_some(),
        provider,
        &format!("policies/{kind}"),
        now,
    )?;
    let text = opened.policy().ok_or(AdministrationError::NoPolicy)?;
    if opened.is_plain_text() && form == PolicyForm::Current {
        return Err(AdministrationError::PlainText);
    }
    let limits = &provider.settings.policy_limits;
    let policy = StoredPolicy::from_envelope(envelope, limits)?.accepted(kind, &provider.tests, limits)?;
    Ok(CheckedPolicy {
        policy,
        warnings: lint::lint(text, Some(subject(kind))),
        binding,
    })
}

fn check_reset(
    provider: &Provider,
    kind: AttestationType,
    envelope: &str,
    now: UnixTime,
) -> Result<Binding, AdministrationError> {
    check_writable(provider)?;
    let opened = PolicyEnvelope::open_reset(envelope)?;
    check_signature(provider, opened.signer(), now)?;
    Ok(Binding::check(
        opened.payload(),
        opened.signer().is_some(),
        provider,
        &format!("policies/{kind}:reset"),
        now,
    )?)
}

/// A change to the signers that may be made; `signers` `None`: nothing has to change.
struct CheckedSigner {
    thumbprint: String,
    /// The certificate, JSON.
    certificate: String,
    signers: Option<PolicySigners>,
    binding: Binding,
}

fn check_signer(
    provider: &Provider,
    operation: SignerOperation,
    envelope: &str,
    now: UnixTime,
) -> Result<CheckedSigner, AdministrationError> {
    if provider.mode != ProviderMode::Isolated {
        return Err(AdministrationError::NotIsolated);
    }
    let opened = CertificateEnvelope::open(envelope)?;
    check_signature(provider, opened.signer(), now)?;
    let action = match operation {
        SignerOperation::Add => "certificates:add",
        SignerOperation::Remove => "certificates:remove",
    };
    let binding = Binding::check(opened.payload(), true, provider, action, now)?;
    let thumbprint = attestry_api::jwk::thumbprint(opened.leaf());
    let present = provider.signers().contains(&thumbprint);
    let signers = match operation {
        SignerOperation::Add if present => None,
        SignerOperation::Add => {
            let certificate = PolicyCertificate::from_jwk(opened.certificate())?;
            Some(provider.signers().with(certificate)?)
        }
        SignerOperation::Remove if !present => None,
        SignerOperation::Remove => {
            let fewer = provider.signers().without(&thumbprint);
            if !fewer.can_sign() {
                return Err(AdministrationError::LastCertificate);
            }
            Some(fewer)
        }
    };
    Ok(CheckedSigner {
        thumbprint,
        certificate: serde_json::to_string(opened.certificate()).unwrap_or_default(),
        signers,
        binding,
    })
}

fn check_writable(provider: &Provider) -> Result<(), AdministrationError> {
    if provider.mode == ProviderMode::Shared {
        return Err(AdministrationError::Shared);
    }
    Ok(())
}

/// Anybody with the role may change an AAD provider, whoever signed; an isolated one only listens to those who hold
/// the key of a trusted certificate or were certified by one.
fn check_signature(
    provider: &Provider,
    signer: Option<&Signer>,
    now: UnixTime,
) -> Result<(), UntrustedSigner> {
    if provider.mode != ProviderMode::Isolated {
        return Ok(());
    }
    let signer = signer.ok_or(UntrustedSigner::Unsigned)?;
    provider.signers().authority_of(signer, Some(now)).map(|_| ())
}

fn default_policy(
    provider: &Provider,
    kind: AttestationType,
) -> Result<Option<Arc<StoredPolicy>>, AdministrationError> {
    let limits = &provider.settings.policy_limits;
    StoredPolicy::default_for(kind, provider.mode, limits)
        .map(|policy| policy.and_then(|policy| policy.accepted(kind, &provider.tests, limits)))
        .transpose()
        .map(|policy| policy.map(Arc::new))
        .map_err(AdministrationError::from)
}

#[cfg(test)]
mod tests;
