//! Changes for which a provider wants two persons: one asks, another one approves.

use attestry_api::hex;
use attestry_evidence::time::UnixTime;
use aws_lc_rs::rand;

use super::{Actor, Administration, AdministrationError, Applied, Change};
use crate::{
    provider::Provider,
    store::{ChangeRecord, ChangeState},
};

/// How long a change waits: a week, so that a forgotten one does not surprise anybody later.
pub const CHANGE_LIFE_SECONDS: i64 = 7 * 24 * 3_600;
/// The most changes of one provider that wait at a time: more than people can have an opinion on.
pub const MAX_PENDING_CHANGES: i64 = 100;

impl Administration {
    /// Keeps a change that was checked until a second person decides.
    pub(super) async fn keep(
        &self,
        provider: &Provider,
        change: &Change,
        actor: String,
    ) -> Result<ChangeRecord, AdministrationError> {
        let oldest = self.clock.now().seconds().saturating_sub(CHANGE_LIFE_SECONDS);
        let waiting = self.store.change_count_pending(&provider.name, oldest).await?;
        if waiting >= MAX_PENDING_CHANGES {
            return Err(AdministrationError::TooManyPending);
        }
        let mut id = [0; 16];
        rand::fill(&mut id).map_err(|_| AdministrationError::Internal("no randomness".to_owned()))?;
        let operation = serde_json::to_string(change)
            .map_err(|error| AdministrationError::Internal(error.to_string()))?;
        let record = ChangeRecord {
            id: hex::encode(&id),
            provider: provider.name.clone(),
            operation,
            base: self.newest(&provider.name, change).await?,
            actor,
            created_at: self.clock.now(),
            state: ChangeState::Pending,
            decided_by: None,
            decided_at: None,
        };
        self.store.change_put(&record).await?;
        Ok(record)
    }

    /// The newest changes of a provider, decided ones among them.
    pub async fn changes(
        &self,
        provider: &str,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, AdministrationError> {
        Ok(self.store.change_list(provider, limit).await?)
    }

    /// One change of a provider.
    pub async fn change(&self, provider: &str, id: &str) -> Result<ChangeRecord, AdministrationError> {
        let found = self.store.change_get(provider, id).await?;
        found.ok_or(AdministrationError::UnknownChange)
    }

    /// Approves a change and makes it, if it is still good and nothing else has happened to what it changes.
    pub async fn approve(
        &self,
        provider: &Provider,
        id: &str,
        approver: &str,
    ) -> Result<Applied, AdministrationError> {
        let this = self.clone();
        let (id, approver) = (id.to_owned(), approver.to_owned());
        self.finish(provider, move |changing| async move {
            let provider = changing.current();
            let record = this.pending(&provider.name, &id).await?;
            if is_over(&record, this.clock.now()) {
                return Err(AdministrationError::TooLate);
            }
            if record.actor == approver {
                return Err(AdministrationError::SamePerson);
            }
            let change: Change = serde_json::from_str(&record.operation)
                .map_err(|error| AdministrationError::Internal(error.to_string()))?;
            if this.newest(&provider.name, &change).await? != record.base {
                return Err(AdministrationError::Overtaken);
            }
            let checked = this.check(&provider, &change).await?;
            let actor = Actor {
                id: record.actor,
                approver: Some(approver.clone()),
            };
            let applied = this.apply(&changing, &change, checked, &actor).await?;
            let now = this.clock.now();
            // Were this lost, the change could not be made twice all the same: it is overtaken by itself.
            this.store
                .change_decide(&id, ChangeState::Applied, &approver, now)
                .await?;
            Ok(applied)
        })
        .await
    }

    /// Rejects a change; whoever asked for it withdraws it so.
    pub async fn reject(
        &self,
        provider: &Provider,
        id: &str,
        by: &str,
    ) -> Result<ChangeRecord, AdministrationError> {
        let this = self.clone();
        let (id, by) = (id.to_owned(), by.to_owned());
        self.finish(provider, move |changing| async move {
            let name = &changing.current().name;
            this.pending(name, &id).await?;
            this.store
                .change_decide(&id, ChangeState::Rejected, &by, this.clock.now())
                .await?;
            this.change(name, &id).await
        })
        .await
    }

    async fn pending(&self, provider: &str, id: &str) -> Result<ChangeRecord, AdministrationError> {
        let record = self.change(provider, id).await?;
        if record.state != ChangeState::Pending {
            return Err(AdministrationError::Decided { state: record.state });
        }
        Ok(record)
    }

    /// The newest revision of what a change changes.
    async fn newest(&self, provider: &str, change: &Change) -> Result<i64, AdministrationError> {
        Ok(match (change.kind(), change) {
            (Some(kind), _) => self.store.policy_newest(provider, kind.name()).await?,
            (None, Change::Settings { .. }) => self.store.provider_newest(provider).await?,
            (None, _) => self.store.signer_newest(provider).await?,
        })
    }
}

/// Whether a change has waited too long.
fn is_over(record: &ChangeRecord, now: UnixTime) -> bool {
    let waited = now.seconds().saturating_sub(record.created_at.seconds());
    waited >= CHANGE_LIFE_SECONDS
}
