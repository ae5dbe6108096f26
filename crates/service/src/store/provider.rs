//! Providers that were created by requests, as resources, and the append-only history of what happened to them.

use attestry_evidence::time::UnixTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use super::signer::{append_signers, forget_signers};
use super::{NewSigner, Store, StoreError, policy};

/// A provider as a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRecord {
    /// The name in lower case, unique in the service.
    pub name: String,
    /// The name as its creator spelled it.
    pub given_name: String,
    /// The subscription, as its creator spelled it.
    pub subscription: String,
    /// The resource group, as its creator spelled it.
    pub resource_group: String,
    /// The location, normalised: `eastus`.
    pub location: String,
    /// Whether policies must be signed; for ever.
    pub isolated: bool,
    /// Tags, a JSON object of strings.
    pub tags: String,
    /// Whether it is reached from everywhere; `None`: nobody said.
    pub public_network_access: Option<bool>,
    /// Whether TPM attestation needs a caller; `None`: nobody said.
    pub tpm_attestation_authentication: Option<bool>,
    /// Whether its deletion is refused.
    pub protected: bool,
    /// Settings of its own, a JSON text whose meaning the provider module owns.
    pub settings: String,
    /// Whose it is; `None`: nobody's.
    pub owner: Option<String>,
    /// Which of all providers that ever had the name it is: random, for each creation another.
    pub creation: String,
    /// Who created it.
    pub created_by: String,
    /// When.
    pub created_at: UnixTime,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: UnixTime,
    /// When it was deleted; such a provider can be restored until it is purged.
    pub deleted_at: Option<UnixTime>,
}

/// What happened to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderOperation {
    /// It was created.
    Create,
    /// Tags or switches were changed.
    Update,
    /// It was deleted, and can be restored.
    Delete,
    /// It was restored.
    Restore,
    /// It was deleted for good.
    Purge,
    /// Its deletion is refused from now on.
    Protect,
    /// Its deletion is allowed again.
    Unprotect,
    /// It was given other settings.
    Settings,
    /// A private endpoint connection was made or changed.
    PutConnection,
    /// A private endpoint connection was taken away.
    DeleteConnection,
}

/// An entry of a provider's history, to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewProviderChange<'a> {
    /// What happens.
    pub operation: ProviderOperation,
    /// What the provider, or the connection, is afterwards; JSON.
    pub detail: &'a str,
    /// Who does it.
    pub actor: &'a str,
    /// When.
    pub at: UnixTime,
}

/// How a change was asked for, beyond who asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The JWS, if there is one.
    pub request: Option<&'a str>,
    /// Its `iat`, if it has one.
    pub issued_at: Option<i64>,
    /// The second person, where two are needed.
    pub approver: Option<&'a str>,
}

/// An entry of a provider's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderChange {
    /// Grows with every change to any provider of this store.
    pub revision: i64,
    /// The provider's name, in lower case.
    pub provider: String,
    /// What happened ([`ProviderOperation::name`]).
    pub operation: String,
    /// What the provider, or the connection, was afterwards; JSON.
    pub detail: String,
    /// Who did it.
    pub actor: String,
    /// The second person, where two were needed.
    pub approver: Option<String>,
    /// The JWS that asked, if there was one.
    pub request: Option<String>,
    /// When.
    pub created_at: UnixTime,
}

impl ProviderOperation {
    /// As the history spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Purge => "purge",
            Self::Protect => "protect",
            Self::Unprotect => "unprotect",
            Self::Settings => "settings",
            Self::PutConnection => "put-connection",
            Self::DeleteConnection => "delete-connection",
        }
    }
}

impl Store {
    /// Creates a provider with its signers. What policies and signers an earlier provider of the name left stays in
    /// the history and counts no more.
    pub async fn provider_create(
        &self,
        record: &ProviderRecord,
        signers: &[NewSigner<'_>],
        history: &NewProviderChange<'_>,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "INSERT INTO provider (name, given_name, subscription, resource_group, location, trust_model, tags, \
             public_network_access, tpm_attestation_authentication, protected, settings, created_by, created_at, \
             updated_by, updated_at, owner, creation) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?15, ?11, ?12, ?13, ?14, ?16, ?17)",
        )
        .bind(&record.name)
        .bind(&record.given_name)
        .bind(&record.subscription)
        .bind(&record.resource_group)
        .bind(&record.location)
        .bind(if record.isolated { ISOLATED } else { "AAD" })
        .bind(&record.tags)
        .bind(record.public_network_access)
        .bind(record.tpm_attestation_authentication)
        .bind(record.protected)
        .bind(&record.created_by)
        .bind(record.created_at.seconds())
        .bind(&record.updated_by)
        .bind(record.updated_at.seconds())
        .bind(&record.settings)
        .bind(record.owner.as_deref().unwrap_or_default())
        .bind(&record.creation)
        .execute(&mut *change)
        .await?;
        forget(&mut change, &record.name, history).await?;
        append_signers(&mut change, signers, history.at).await?;
        append(&mut change, &record.name, history).await?;
        Ok(change.commit().await?)
    }

    /// Replaces what can change of a provider.
    pub async fn provider_update(
        &self,
        record: &ProviderRecord,
        history: &NewProviderChange<'_>,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "UPDATE provider SET tags = ?2, public_network_access = ?3, tpm_attestation_authentication = ?4, \
             protected = ?5, updated_by = ?6, updated_at = ?7, deleted_at = ?8 WHERE name = ?1",
        )
        .bind(&record.name)
        .bind(&record.tags)
        .bind(record.public_network_access)
        .bind(record.tpm_attestation_authentication)
        .bind(record.protected)
        .bind(&record.updated_by)
        .bind(record.updated_at.seconds())
        .bind(record.deleted_at.map(UnixTime::seconds))
        .execute(&mut *change)
        .await?;
        append(&mut change, &record.name, history).await?;
        Ok(change.commit().await?)
    }

    /// Gives a provider other settings of its own (the entry's detail), and returns the number of the entry.
    pub async fn provider_settings_put(
        &self,
        name: &str,
        history: &NewProviderChange<'_>,
        asked: &Asked<'_>,
    ) -> Result<i64, StoreError> {
        let mut change = self.change().await?;
        sqlx::query("UPDATE provider SET settings = ?2, updated_by = ?3, updated_at = ?4 WHERE name = ?1")
            .bind(name)
            .bind(history.detail)
            .bind(history.actor)
            .bind(history.at.seconds())
            .execute(&mut *change)
            .await?;
        let revision = append_asked(&mut change, name, history, asked).await?;
        change.commit().await?;
        Ok(revision)
    }

    /// The newest entry of a provider's history; 0 when it has none.
    pub async fn provider_newest(&self, name: &str) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT coalesce(max(revision), 0) FROM provider_change WHERE provider = ?1")
                .bind(name)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// The latest `iat` of all JWSs that changed a provider's settings; `None` when none had one.
    pub async fn provider_latest_issue(&self, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT max(issued_at) FROM provider_change WHERE provider = ?1")
                .bind(name)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// Deletes a provider for good, with its connections; its name is free. Its policies and signers stay in the
    /// history and count no more.
    pub async fn provider_purge(
        &self,
        name: &str,
        history: &NewProviderChange<'_>,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query("DELETE FROM private_endpoint_connection WHERE provider = ?1")
            .bind(name)
            .execute(&mut *change)
            .await?;
        sqlx::query("DELETE FROM provider WHERE name = ?1")
            .bind(name)
            .execute(&mut *change)
            .await?;
        forget(&mut change, name, history).await?;
        append(&mut change, name, history).await?;
        Ok(change.commit().await?)
    }

    /// The provider of this name (in lower case), deleted or not.
    pub async fn provider_get(&self, name: &str) -> Result<Option<ProviderRecord>, StoreError> {
        let row = sqlx::query("SELECT * FROM provider WHERE name = ?1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(record).transpose()
    }

    /// The providers of a subscription, or of one of its resource groups, or all; deleted ones among them; by name.
    pub async fn provider_list(
        &self,
        subscription: Option<&str>,
        resource_group: Option<&str>,
    ) -> Result<Vec<ProviderRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM provider WHERE (?1 IS NULL OR subscription = ?1 COLLATE NOCASE) \
             AND (?2 IS NULL OR resource_group = ?2 COLLATE NOCASE) ORDER BY name",
        )
        .bind(subscription)
        .bind(resource_group)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }

    /// How many providers there are, deleted ones among them.
    pub async fn provider_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM provider")
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Number of providers of a subscription, deleted ones that were not purged among them.
    pub async fn provider_count_of(&self, subscription: &str) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM provider WHERE subscription = ?1 COLLATE NOCASE")
                .bind(subscription)
                .fetch_one(&self.pool)
                .await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The history of a provider, and of earlier ones of its name, oldest first.
    pub async fn provider_change_list(&self, name: &str) -> Result<Vec<ProviderChange>, StoreError> {
        sqlx::query("SELECT * FROM provider_change WHERE provider = ?1 ORDER BY revision")
            .bind(name)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| {
                Ok(ProviderChange {
                    revision: row.try_get("revision")?,
                    provider: row.try_get("provider")?,
                    operation: row.try_get("operation")?,
                    detail: row.try_get("detail")?,
                    actor: row.try_get("actor")?,
                    approver: row.try_get("approver")?,
                    request: row.try_get("request")?,
                    created_at: UnixTime::new(row.try_get("created_at")?),
                })
            })
            .collect()
    }
}

const ISOLATED: &str = "Isolated";

/// Appends an entry to a provider's history.
pub(super) async fn append(
    change: &mut Transaction<'static, Sqlite>,
    provider: &str,
    history: &NewProviderChange<'_>,
) -> Result<(), StoreError> {
    append_asked(change, provider, history, &Asked::default()).await?;
    Ok(())
}

async fn append_asked(
    change: &mut Transaction<'static, Sqlite>,
    provider: &str,
    history: &NewProviderChange<'_>,
    asked: &Asked<'_>,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO provider_change (provider, operation, detail, actor, created_at, request, approver, issued_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING revision",
    )
    .bind(provider)
    .bind(history.operation.name())
    .bind(history.detail)
    .bind(history.actor)
    .bind(history.at.seconds())
    .bind(asked.request)
    .bind(asked.approver)
    .bind(asked.issued_at)
    .fetch_one(&mut **change)
    .await?)
}

/// Ends what an earlier provider of the name left: its policies and signers stay in their histories and count no more,
/// its proposed changes and recorded decisions go.
async fn forget(
    change: &mut Transaction<'static, Sqlite>,
    provider: &str,
    history: &NewProviderChange<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO policy (provider, attestation_type, operation, actor, created_at) \
         SELECT provider, attestation_type, ?2, ?3, ?4 FROM policy WHERE operation <> ?2 AND revision IN \
           (SELECT max(revision) FROM policy WHERE provider = ?1 GROUP BY attestation_type)",
    )
    .bind(provider)
    .bind(policy::FORGET)
    .bind(history.actor)
    .bind(history.at.seconds())
    .execute(&mut **change)
    .await?;
    sqlx::query(
        "INSERT INTO policy_signer (provider, operation, thumbprint, certificate, actor, created_at) \
         SELECT provider, 'remove', thumbprint, certificate, ?2, ?3 FROM policy_signer \
         WHERE operation = 'add' AND revision IN \
           (SELECT max(revision) FROM policy_signer WHERE provider = ?1 GROUP BY thumbprint)",
    )
    .bind(provider)
    .bind(history.actor)
    .bind(history.at.seconds())
    .execute(&mut **change)
    .await?;
    forget_signers(change, provider).await?;
    for statement in [
        "DELETE FROM pending_change WHERE provider = ?1",
        "DELETE FROM recorded_decision WHERE provider = ?1",
    ] {
        sqlx::query(statement)
            .bind(provider)
            .execute(&mut **change)
            .await?;
    }
    Ok(())
}

fn record(row: &SqliteRow) -> Result<ProviderRecord, StoreError> {
    let trust_model: String = row.try_get("trust_model")?;
    let deleted_at: Option<i64> = row.try_get("deleted_at")?;
    let owner: String = row.try_get("owner")?;
    Ok(ProviderRecord {
        name: row.try_get("name")?,
        given_name: row.try_get("given_name")?,
        subscription: row.try_get("subscription")?,
        resource_group: row.try_get("resource_group")?,
        location: row.try_get("location")?,
        isolated: trust_model == ISOLATED,
        tags: row.try_get("tags")?,
        public_network_access: row.try_get("public_network_access")?,
        tpm_attestation_authentication: row.try_get("tpm_attestation_authentication")?,
        protected: row.try_get("protected")?,
        settings: row.try_get("settings")?,
        owner: Some(owner).filter(|owner| !owner.is_empty()),
        creation: row.try_get("creation")?,
        created_by: row.try_get("created_by")?,
        created_at: UnixTime::new(row.try_get("created_at")?),
        updated_by: row.try_get("updated_by")?,
        updated_at: UnixTime::new(row.try_get("updated_at")?),
        deleted_at: deleted_at.map(UnixTime::new),
    })
}
