//! Deletion that can be undone for a time, and protection against it.

use attestry_evidence::time::UnixTime;
use tracing::{info, warn};

use super::{
    Allowed, Belongings, ControlError, ControlPlane, ProviderId, ProviderName, Resource, assemble, detail,
    entry, finish,
};
use crate::store::{ProviderOperation, ProviderRecord};

const SECONDS_PER_DAY: i64 = 86_400;

/// Whom the history names when the retention time purged a provider.
pub(super) const RETENTION: &str = "retention";

impl ControlPlane {
    /// Deletes a provider: nobody reaches it any more, and it can be restored for the retention time. `false` when
    /// there was none that the caller may delete.
    pub async fn delete(
        &self,
        id: ProviderId,
        allowed: Allowed,
        actor: String,
    ) -> Result<bool, ControlError> {
        let this = self.clone();
        finish(async move {
            let restructuring = this.directory.restructure().await;
            let stored = this.stored(&id).await?;
            let Some(mut record) = stored.filter(|record| allowed.covers(record)) else {
                return Ok(false);
            };
            if record.protected {
                return Err(ControlError::Protected(record.given_name));
            }
            if this.config.retention_days == 0 {
                this.purge_record(&record, &actor).await?;
            } else {
                record.deleted_at = Some(this.clock.now());
                this.update(&mut record, ProviderOperation::Delete, &actor)
                    .await?;
            }
            restructuring.remove(&record.name);
            Ok(true)
        })
        .await
    }

    /// The deleted providers that can be restored, by name.
    pub async fn deleted(&self) -> Result<Vec<Resource>, ControlError> {
        let now = self.clock.now();
        let records = self.store.provider_list(None, None).await?;
        Ok(records
            .into_iter()
            .filter(|record| self.is_restorable(record, now))
            .map(|record| self.resource(record, Vec::new()))
            .collect())
    }

    /// The deleted provider of this name, while it can be restored.
    pub async fn find_deleted(&self, name: &ProviderName) -> Result<Option<Resource>, ControlError> {
        let now = self.clock.now();
        let record = self.store.provider_get(name.key()).await?;
        let record = record.filter(|record| self.is_restorable(record, now));
        Ok(record.map(|record| self.resource(record, Vec::new())))
    }

    /// The provider of this name that is not deleted, wherever it is.
    pub async fn find_by_name(&self, name: &ProviderName) -> Result<Option<Resource>, ControlError> {
        let record = self.store.provider_get(name.key()).await?;
        let record = record.filter(|record| record.deleted_at.is_none());
        Ok(record.map(|record| self.resource(record, Vec::new())))
    }

    /// Until when a deleted provider can be restored.
    pub fn restorable_until(&self, record: &ProviderRecord) -> UnixTime {
        let days = i64::from(self.config.retention_days);
        let deleted = record.deleted_at.unwrap_or(record.updated_at);
        deleted
            .add_seconds(days.saturating_mul(SECONDS_PER_DAY))
            .unwrap_or(UnixTime::new(i64::MAX))
    }

    /// Restores a deleted provider with its policies, signers and connections.
    pub async fn restore(&self, deleted: &Resource, actor: String) -> Result<Resource, ControlError> {
        let this = self.clone();
        let seen = deleted.record.clone();
        finish(async move {
            let restructuring = this.directory.restructure().await;
            let now = this.clock.now();
            let same =
                |record: &ProviderRecord| record.creation == seen.creation && this.is_restorable(record, now);
            let record = this.store.provider_get(&seen.name).await?;
            let mut record = record.filter(same).ok_or(ControlError::NotFound)?;
            record.deleted_at = None;
            let name = Some(record.name.as_str());
            let belongings = Belongings {
                policies: this.store.policy_current(name).await?,
                signers: this.store.signer_list(name).await?,
                connections: this.store.connection_list(name).await?,
            };
            let provider = assemble(
                &this.assembly.load(),
                &record,
                &belongings,
                &this.config.private_endpoint,
            )?;
            this.update(&mut record, ProviderOperation::Restore, &actor)
                .await?;
            restructuring.put(provider)?;
            Ok(this.resource(record, belongings.connections))
        })
        .await
    }

    /// Deletes a deleted provider for good; its name is free then.
    pub async fn purge(&self, name: ProviderName, actor: String) -> Result<(), ControlError> {
        let this = self.clone();
        finish(async move {
            let _restructuring = this.directory.restructure().await;
            let record = this.store.provider_get(name.key()).await?;
            let record = record.filter(|record| record.deleted_at.is_some());
            this.purge_record(&record.ok_or(ControlError::NotFound)?, &actor)
                .await
        })
        .await
    }

    /// Purges the providers whose retention time is over.
    pub async fn purge_step(&self) {
        let now = self.clock.now();
        let records = match self.store.provider_list(None, None).await {
            Ok(records) => records,
            Err(error) => {
                warn!(error = %error, "deleted providers could not be read");
                return;
            }
        };
        let over = |record: &ProviderRecord| record.deleted_at.is_some() && !self.is_restorable(record, now);
        for record in records.iter().filter(|record| over(record)) {
            let Ok(name) = ProviderName::parse(&record.name) else {
                continue;
            };
            match self.purge(name, RETENTION.to_owned()).await {
                Ok(()) => info!(provider.name = record.name, "a deleted provider is purged"),
                Err(error) => {
                    warn!(provider.name = record.name, error = %error, "a deleted provider could not be purged");
                }
            }
        }
    }

    /// Refuses the deletion of a provider from now on, or allows it again.
    pub async fn protect(
        &self,
        provider: &Resource,
        protected: bool,
        actor: String,
    ) -> Result<Resource, ControlError> {
        let this = self.clone();
        let seen = provider.record.clone();
        finish(async move {
            let changing = this.directory.change(&seen.name).await;
            let _changing = changing.ok_or(ControlError::NotFound)?;
            let mut record = this.again(&seen).await?;
            record.protected = protected;
            let operation = if protected {
                ProviderOperation::Protect
            } else {
                ProviderOperation::Unprotect
            };
            this.update(&mut record, operation, &actor).await?;
            Ok(this.resource(record, Vec::new()))
        })
        .await
    }

    pub(super) fn is_restorable(&self, record: &ProviderRecord, now: UnixTime) -> bool {
        record.deleted_at.is_some() && now < self.restorable_until(record)
    }

    pub(super) async fn purge_record(
        &self,
        record: &ProviderRecord,
        actor: &str,
    ) -> Result<(), ControlError> {
        let detail = detail(record);
        let history = entry(ProviderOperation::Purge, &detail, actor, self.clock.now());
        self.store.provider_purge(&record.name, &history).await?;
        Ok(())
    }
}
