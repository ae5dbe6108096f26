//! Changes to what a provider trusts: its policies and the certificates that may sign them.
//!
//! It owns the order of a change: check it against the provider as it is, make it durable, let requests see it,
//! answer. One change to a provider at a time; a change that has begun is finished whether or not its caller still
//! waits. Who may ask is decided above, what a policy means below.

mod change;
mod check;
mod durable;
mod envelope;
mod error;
mod second_person;

use std::sync::Arc;

use attestry_api::{AttestationType, signed_envelope::Signer};
use attestry_policy::Diagnostic;

pub use self::change::{Change, PolicyForm};
pub use self::check::{Checked, Effect, settings_in};
pub use self::envelope::{Binding, BindingError};
pub use self::error::AdministrationError;
pub use self::second_person::{CHANGE_LIFE_SECONDS, MAX_PENDING_CHANGES};
use crate::{
    attest::WorkPool,
    clock::Clock,
    provider::{Changing, Directory, Provider},
    store::{ChangeRecord, PolicyRecord, SignerRecord, Store},
};

/// Makes changes.
#[derive(Debug, Clone)]
pub struct Administration {
    store: Store,
    directory: Arc<Directory>,
    clock: Clock,
    pool: WorkPool,
    history_bytes: u64,
}

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The caller ([`crate::authn::Principal::id`]).
    pub id: String,
    /// The second person who approved it, where two are needed.
    pub approver: Option<String>,
}

/// What became of a request for a change.
#[derive(Debug)]
pub enum Outcome {
    /// It was made.
    Applied(Applied),
    /// It is good, and waits for a second person.
    Waiting(ChangeRecord),
}

/// A change that was made.
#[derive(Debug)]
pub struct Applied {
    /// Number of the revision; `None` when nothing had to change.
    pub revision: Option<i64>,
    /// Of a policy that was set: whose signature verified, if it was signed.
    pub signer: Option<Signer>,
    /// Of a policy that was set: what the linter has to say.
    pub warnings: Vec<Diagnostic>,
    /// Of a change to the signers: the certificate's thumbprint.
    pub thumbprint: Option<String>,
}

impl Administration {
    /// Changes the providers of `directory`, dated by `clock`; policies are compiled and tested on `pool`.
    pub fn new(store: Store, directory: Arc<Directory>, clock: Clock, pool: WorkPool) -> Self {
        Self {
            store,
            directory,
            clock,
            pool,
            history_bytes: HISTORY_BYTES,
        }
    }

    /// The same with other bounds on the bytes that the history of a provider's policies takes.
    #[must_use]
    pub fn with_history_bytes(self, history_bytes: u64) -> Self {
        Self {
            history_bytes,
            ..self
        }
    }

    /// Makes a change to the provider that its caller may change, or keeps it for a second person where the provider
    /// wants one.
    pub async fn submit(
        &self,
        provider: &Provider,
        change: Change,
        actor: &str,
    ) -> Result<Outcome, AdministrationError> {
        let this = self.clone();
        let actor = actor.to_owned();
        self.finish(provider, move |changing| async move {
            let provider = changing.current();
            let checked = this.check(&provider, &change).await?;
            if provider.settings.two_person && !checked.effect.is_nothing() {
                return this.keep(&provider, &change, actor).await.map(Outcome::Waiting);
            }
            let actor = Actor {
                id: actor,
                approver: None,
            };
            this.apply(&changing, &change, checked, &actor)
                .await
                .map(Outcome::Applied)
        })
        .await
    }

    /// Whether a change could be made now, without making it.
    pub async fn check(
        &self,
        provider: &Arc<Provider>,
        change: &Change,
    ) -> Result<Checked, AdministrationError> {
        let restored = match change {
            Change::Rollback { kind, revision, .. } => {
                self.store
                    .policy_get(&provider.name, kind.name(), *revision)
                    .await?
            }
            _ => None,
        };
        let kept = restored.as_ref().and_then(|record| record.token.as_ref());
        let kept = kept.map_or(0, String::len);
        let now = self.clock.now();
        let (of, change_again) = (Arc::clone(provider), change.clone());
        let checked = self
            .pool
            .run(move || check::check(&of, &change_again, restored.as_ref(), now))
            .await??;
        self.check_room(provider, change, kept).await?;
        if let Some(issued_at) = checked.binding.issued_at {
            envelope::check_order(issued_at, self.latest_issue(provider, change).await?)?;
        }
        Ok(checked)
    }

    /// Nothing of a history is ever removed, so it must not grow without end. `kept`: bytes of the JWS that a roll-back
    /// brings back.
    async fn check_room(
        &self,
        provider: &Provider,
        change: &Change,
        kept: usize,
    ) -> Result<(), AdministrationError> {
        if change.kind().is_none() {
            return Ok(());
        }
        let sent = change.envelope().map_or(0, str::len);
        let added = u64::try_from(sent.saturating_add(kept)).unwrap_or(u64::MAX);
        let bytes = self
            .store
            .policy_bytes(&provider.name)
            .await?
            .saturating_add(added);
        let limit = match change {
            // Nobody must be stuck with a policy because the history is full.
            Change::ResetPolicy { .. } => self.history_bytes.saturating_mul(2),
            _ => self.history_bytes,
        };
        if bytes > limit {
            return Err(AdministrationError::HistoryFull { bytes, limit });
        }
        Ok(())
    }

    /// The latest `iat` of all JWSs that changed the same thing: no older one can be presented again.
    async fn latest_issue(
        &self,
        provider: &Provider,
        change: &Change,
    ) -> Result<Option<i64>, AdministrationError> {
        let (store, name) = (&self.store, &provider.name);
        Ok(match (change.kind(), change) {
            (Some(kind), _) => store.policy_latest_issue(name, kind.name()).await?,
            (None, Change::Settings { .. }) => store.provider_latest_issue(name).await?,
            (None, _) => store.signer_latest_issue(name).await?,
        })
    }

    /// Makes a checked change durable, then visible.
    async fn apply(
        &self,
        changing: &Changing,
        change: &Change,
        checked: Checked,
        actor: &Actor,
    ) -> Result<Applied, AdministrationError> {
        let provider = changing.current();
        let Checked { binding, effect } = checked;
        let revision = self
            .make_durable(&provider, change, &effect, binding, actor)
            .await?;
        Ok(show(changing, change, effect, revision))
    }

    /// The revisions of one policy that are older than `before`, newest first.
    pub async fn policy_history(
        &self,
        provider: &str,
        kind: AttestationType,
        before: i64,
        limit: u32,
    ) -> Result<Vec<PolicyRecord>, AdministrationError> {
        Ok(self
            .store
            .policy_page(provider, kind.name(), before, limit)
            .await?)
    }

    /// One revision of a policy.
    pub async fn policy_revision(
        &self,
        provider: &str,
        kind: AttestationType,
        revision: i64,
    ) -> Result<PolicyRecord, AdministrationError> {
        let found = self.store.policy_get(provider, kind.name(), revision).await?;
        found.ok_or(AdministrationError::UnknownRevision { revision })
    }

    /// The changes to a provider's signers that are older than `before`, newest first.
    pub async fn signer_history(
        &self,
        provider: &str,
        before: i64,
        limit: u32,
    ) -> Result<Vec<SignerRecord>, AdministrationError> {
        Ok(self.store.signer_page(provider, before, limit).await?)
    }

    /// Runs a change in a task of its own while holding the provider: when a caller goes away, what is durable must
    /// still become visible. Another provider may have got the name since `provider` was seen; whoever may change the
    /// one may not change the other.
    async fn finish<T, F>(
        &self,
        provider: &Provider,
        change: impl FnOnce(Changing) -> F + Send + 'static,
    ) -> Result<T, AdministrationError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AdministrationError>> + Send + 'static,
    {
        let changing = self.directory.change(&provider.name).await;
        let changing = changing.filter(|changing| changing.current().is_same(provider));
        let changing = changing.ok_or(AdministrationError::Gone)?;
        tokio::spawn(change(changing))
            .await
            .map_err(|error| AdministrationError::Internal(error.to_string()))?
    }
}

impl Effect {
    /// Whether nothing would change.
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Signers { signers: None, .. })
    }
}

/// Lets requests see what is durable now.
fn show(changing: &Changing, change: &Change, effect: Effect, revision: Option<i64>) -> Applied {
    let mut applied = Applied {
        revision,
        signer: None,
        warnings: Vec::new(),
        thumbprint: None,
    };
    let provider = Provider::clone(&changing.current());
    match (effect, change.kind()) {
        (Effect::SetPolicy { policy, warnings }, Some(kind)) => {
            applied.signer = policy.signer().cloned();
            applied.warnings = warnings;
            changing.replace(provider.with_policy(kind, Some(policy)));
        }
        (Effect::Reset { default: policy } | Effect::Rollback { policy, .. }, Some(kind)) => {
            changing.replace(provider.with_policy(kind, policy));
        }
        (Effect::Settings { settings, .. }, _) => {
            let mut provider = provider;
            provider.settings = *settings;
            changing.replace(provider);
        }
        (
            Effect::Signers {
                thumbprint, signers, ..
            },
            _,
        ) => {
            applied.thumbprint = Some(thumbprint);
            if let Some(signers) = signers {
                changing.replace(provider.with_signers(signers));
            }
        }
        _ => {}
    }
    applied
}

/// Bytes of a provider's history when nothing is said: a thousand policies of the largest size.
pub const HISTORY_BYTES: u64 = 268_435_456;
