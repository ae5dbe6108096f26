//! A checked change, on its way into the store.

use super::{Actor, Administration, AdministrationError, Binding, Change, Effect};
use crate::{
    provider::Provider,
    store::{Asked, NewPolicy, NewProviderChange, NewSigner, PolicyOperation, ProviderOperation},
};

impl Administration {
    /// Appends a change to the history it belongs to, and returns the number of its revision; `None` when nothing has
    /// to change.
    pub(super) async fn make_durable(
        &self,
        provider: &Provider,
        change: &Change,
        effect: &Effect,
        binding: Binding,
        actor: &Actor,
    ) -> Result<Option<i64>, AdministrationError> {
        let revision = match (effect, change) {
            (Effect::SetPolicy { policy, .. }, Change::SetPolicy { .. }) => {
                let operation = PolicyOperation::Set(policy.envelope());
                self.put_policy(provider, change, operation, binding, actor)
                    .await?
            }
            (Effect::Reset { .. }, Change::ResetPolicy { envelope, .. }) => {
                let operation = PolicyOperation::Reset(envelope);
                self.put_policy(provider, change, operation, binding, actor)
                    .await?
            }
            (Effect::Rollback { revision, token, .. }, Change::Rollback { .. }) => {
                let operation = PolicyOperation::Rollback {
                    restored: *revision,
                    token: token.as_deref(),
                };
                self.put_policy(provider, change, operation, binding, actor)
                    .await?
            }
            (Effect::Settings { settings, text }, Change::Settings { .. }) => {
                let entry = NewProviderChange {
                    operation: ProviderOperation::Settings,
                    detail: text,
                    actor: &actor.id,
                    at: self.clock.now(),
                };
                let asked = Asked {
                    request: change.envelope(),
                    issued_at: binding.issued_at,
                    approver: actor.approver.as_deref(),
                };
                let revision = self
                    .store
                    .provider_settings_put(&provider.name, &entry, &asked)
                    .await?;
                if settings.recorded_decisions == 0 {
                    self.store.decision_forget(&provider.name).await?;
                }
                revision
            }
            (Effect::Signers { signers: None, .. }, Change::Signer { .. }) => return Ok(None),
            (
                Effect::Signers {
                    thumbprint,
                    certificate,
                    ..
                },
                Change::Signer { action, envelope },
            ) => {
                let new = NewSigner {
                    provider: &provider.name,
                    operation: *action,
                    thumbprint,
                    certificate,
                    request: Some(envelope),
                    issued_at: binding.issued_at,
                    actor: &actor.id,
                    approver: actor.approver.as_deref(),
                };
                self.store.signer_put(&[new], self.clock.now()).await?
            }
            _ => {
                let fault = "a change was checked as another one".to_owned();
                return Err(AdministrationError::Internal(fault));
            }
        };
        Ok(Some(revision))
    }

    async fn put_policy(
        &self,
        provider: &Provider,
        change: &Change,
        operation: PolicyOperation<'_>,
        binding: Binding,
        actor: &Actor,
    ) -> Result<i64, AdministrationError> {
        let kind = change.kind();
        let kind = kind.ok_or_else(|| AdministrationError::Internal("a policy of no type".to_owned()))?;
        let new = NewPolicy {
            provider: &provider.name,
            attestation_type: kind.name(),
            change: operation,
            issued_at: binding.issued_at,
            actor: &actor.id,
            approver: actor.approver.as_deref(),
        };
        Ok(self.store.policy_put(&new, self.clock.now()).await?)
    }
}
