//! Policies: an append-only history per provider and attestation type.

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// One revision of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRecord {
    /// Grows with every change to any policy of this store.
    pub revision: i64,
    /// The provider's name.
    pub provider: String,
    /// The attestation type's name, for example `SgxEnclave`.
    pub attestation_type: String,
    /// The policy as stored, a compact JWS; `None`: this revision reset the policy to the default.
    pub token: Option<String>,
    /// Who made the change.
    pub actor: String,
    /// When.
    pub created_at: UnixTime,
}

impl Store {
    /// Appends a revision and returns its number. `token` `None` resets to the default policy.
    pub async fn policy_put(
        &self,
        provider: &str,
        attestation_type: &str,
        token: Option<&str>,
        actor: &str,
        now: UnixTime,
    ) -> Result<i64, StoreError> {
        let mut change = self.change().await?;
        let revision = sqlx::query_scalar(
            "INSERT INTO policy (provider, attestation_type, token, actor, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5) RETURNING revision",
        )
        .bind(provider)
        .bind(attestation_type)
        .bind(token)
        .bind(actor)
        .bind(now.seconds())
        .fetch_one(&mut *change)
        .await?;
        change.commit().await?;
        Ok(revision)
    }

    /// The whole history of one policy, oldest first.
    pub async fn policy_list(
        &self,
        provider: &str,
        attestation_type: &str,
    ) -> Result<Vec<PolicyRecord>, StoreError> {
        sqlx::query(
            "SELECT revision, provider, attestation_type, token, actor, created_at FROM policy \
             WHERE provider = ?1 AND attestation_type = ?2 ORDER BY revision",
        )
        .bind(provider)
        .bind(attestation_type)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }

    /// The newest revision of every policy of `provider`, by attestation type. A type that is not listed, or
    /// whose newest revision has no token, has the default policy.
    pub async fn policy_current(&self, provider: &str) -> Result<Vec<PolicyRecord>, StoreError> {
        sqlx::query(
            "SELECT revision, provider, attestation_type, token, actor, created_at FROM policy \
             WHERE revision IN \
               (SELECT max(revision) FROM policy WHERE provider = ?1 GROUP BY attestation_type) \
             ORDER BY attestation_type",
        )
        .bind(provider)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }
}

fn record(row: &SqliteRow) -> Result<PolicyRecord, StoreError> {
    Ok(PolicyRecord {
        revision: row.try_get("revision")?,
        provider: row.try_get("provider")?,
        attestation_type: row.try_get("attestation_type")?,
        token: row.try_get("token")?,
        actor: row.try_get("actor")?,
        created_at: UnixTime::new(row.try_get("created_at")?),
    })
}
