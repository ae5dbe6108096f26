//! Policies: an append-only history per provider and attestation type.

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// A revision of a policy to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPolicy<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The attestation type's name, for example `SgxEnclave`.
    pub attestation_type: &'a str,
    /// What is done.
    pub change: PolicyOperation<'a>,
    /// `iat` of the JWS, if it has one.
    pub issued_at: Option<i64>,
    /// Who makes the change.
    pub actor: &'a str,
    /// The second person, where two are needed.
    pub approver: Option<&'a str>,
}

/// What a revision does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOperation<'a> {
    /// Sets a policy, a compact JWS.
    Set(&'a str),
    /// Resets to the default policy, as this JWS asks.
    Reset(&'a str),
    /// Brings an earlier revision back.
    Rollback {
        /// Which.
        restored: i64,
        /// Its policy; `None`: it was a reset.
        token: Option<&'a str>,
    },
}

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
    /// `set`, `reset`, `rollback`, or `forget` where a provider was purged.
    pub operation: String,
    /// The JWS that asked for a reset.
    pub request: Option<String>,
    /// The revision that a rollback brought back.
    pub restored: Option<i64>,
    /// `iat` of the JWS, if it has one.
    pub issued_at: Option<i64>,
    /// Who made the change.
    pub actor: String,
    /// The second person, where two were needed.
    pub approver: Option<String>,
    /// When.
    pub created_at: UnixTime,
}

/// Operation of the revision that ends the history of a provider that was purged: nothing before it is the next one's.
pub(super) const FORGET: &str = "forget";

impl<'a> NewPolicy<'a> {
    /// A change by one person, of a JWS that does not say when it was issued.
    pub fn new(
        provider: &'a str,
        attestation_type: &'a str,
        change: PolicyOperation<'a>,
        actor: &'a str,
    ) -> Self {
        Self {
            provider,
            attestation_type,
            change,
            issued_at: None,
            actor,
            approver: None,
        }
    }
}

impl PolicyOperation<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Reset(_) => "reset",
            Self::Rollback { .. } => "rollback",
        }
    }
}

impl Store {
    /// Appends a revision and returns its number.
    pub async fn policy_put(&self, new: &NewPolicy<'_>, now: UnixTime) -> Result<i64, StoreError> {
        let (token, request, restored) = match new.change {
            PolicyOperation::Set(token) => (Some(token), None, None),
            PolicyOperation::Reset(request) => (None, Some(request), None),
            PolicyOperation::Rollback { restored, token } => (token, None, Some(restored)),
        };
        let mut change = self.change().await?;
        let revision = sqlx::query_scalar(
            "INSERT INTO policy (provider, attestation_type, token, operation, request, restored, issued_at, \
             actor, approver, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING revision",
        )
        .bind(new.provider)
        .bind(new.attestation_type)
        .bind(token)
        .bind(new.change.name())
        .bind(request)
        .bind(restored)
        .bind(new.issued_at)
        .bind(new.actor)
        .bind(new.approver)
        .bind(now.seconds())
        .fetch_one(&mut *change)
        .await?;
        change.commit().await?;
        Ok(revision)
    }

    /// The history of one policy, oldest first; what an earlier provider of the name left is not a part of it.
    pub async fn policy_list(
        &self,
        provider: &str,
        attestation_type: &str,
    ) -> Result<Vec<PolicyRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM policy WHERE provider = ?1 AND attestation_type = ?2 AND revision > \
             (SELECT coalesce(max(revision), 0) FROM policy \
              WHERE provider = ?1 AND attestation_type = ?2 AND operation = ?3) ORDER BY revision",
        )
        .bind(provider)
        .bind(attestation_type)
        .bind(FORGET)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }

    /// The newest revision of every policy of every provider, or of one. A type that is not listed, or whose newest
    /// revision has no token, has the default policy.
    pub async fn policy_current(&self, provider: Option<&str>) -> Result<Vec<PolicyRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM policy WHERE revision IN \
               (SELECT max(revision) FROM policy WHERE ?1 IS NULL OR provider = ?1 \
                GROUP BY provider, attestation_type) \
             ORDER BY provider, attestation_type",
        )
        .bind(provider)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }

    /// The revisions of one policy that are older than `before`, newest first; what an earlier provider of the name left
    /// is not among them.
    pub async fn policy_page(
        &self,
        provider: &str,
        attestation_type: &str,
        before: i64,
        limit: u32,
    ) -> Result<Vec<PolicyRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM policy WHERE provider = ?1 AND attestation_type = ?2 AND revision < ?5 AND revision > \
             (SELECT coalesce(max(revision), 0) FROM policy \
              WHERE provider = ?1 AND attestation_type = ?2 AND operation = ?3) ORDER BY revision DESC LIMIT ?4",
        )
        .bind(provider)
        .bind(attestation_type)
        .bind(FORGET)
        .bind(limit)
        .bind(before)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }

    /// One revision of the history of one policy.
    pub async fn policy_get(
        &self,
        provider: &str,
        attestation_type: &str,
        revision: i64,
    ) -> Result<Option<PolicyRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM policy WHERE provider = ?1 AND attestation_type = ?2 AND revision = ?4 AND revision > \
             (SELECT coalesce(max(revision), 0) FROM policy \
              WHERE provider = ?1 AND attestation_type = ?2 AND operation = ?3)",
        )
        .bind(provider)
        .bind(attestation_type)
        .bind(FORGET)
        .bind(revision)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(record)
        .transpose()
    }

    /// The newest revision of one policy; 0 when nobody has set it.
    pub async fn policy_newest(&self, provider: &str, attestation_type: &str) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT coalesce(max(revision), 0) FROM policy WHERE provider = ?1 AND attestation_type = ?2",
        )
        .bind(provider)
        .bind(attestation_type)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Bytes of all JWSs in the histories of a provider's policies.
    pub async fn policy_bytes(&self, provider: &str) -> Result<u64, StoreError> {
        let bytes: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(octet_length(coalesce(token, '')) + octet_length(coalesce(request, ''))), 0) \
             FROM policy WHERE provider = ?1",
        )
        .bind(provider)
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(bytes).unwrap_or_default())
    }

    /// The latest `iat` of all JWSs that changed one policy; `None` when none had one.
    pub async fn policy_latest_issue(
        &self,
        provider: &str,
        attestation_type: &str,
    ) -> Result<Option<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT max(issued_at) FROM policy WHERE provider = ?1 AND attestation_type = ?2",
        )
        .bind(provider)
        .bind(attestation_type)
        .fetch_one(&self.pool)
        .await?)
    }
}

fn record(row: &SqliteRow) -> Result<PolicyRecord, StoreError> {
    Ok(PolicyRecord {
        revision: row.try_get("revision")?,
        provider: row.try_get("provider")?,
        attestation_type: row.try_get("attestation_type")?,
        token: row.try_get("token")?,
        operation: row.try_get("operation")?,
        request: row.try_get("request")?,
        restored: row.try_get("restored")?,
        issued_at: row.try_get("issued_at")?,
        actor: row.try_get("actor")?,
        approver: row.try_get("approver")?,
        created_at: UnixTime::new(row.try_get("created_at")?),
    })
}
