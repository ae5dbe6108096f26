//! Policy signing certificates: an append-only history per provider, whose sum is what is trusted now.

use attestry_evidence::time::UnixTime;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use super::{Store, StoreError};

/// A change to the signers of a provider, to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSigner<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// Whether the certificate is added or removed.
    pub operation: SignerOperation,
    /// Upper-case hexadecimal SHA-1 of the certificate.
    pub thumbprint: &'a str,
    /// The certificate, a JWK with x5c as JSON.
    pub certificate: &'a str,
    /// The JWS that asks; `None`: given with the provider.
    pub request: Option<&'a str>,
    /// `iat` of the JWS, if it has one.
    pub issued_at: Option<i64>,
    /// Who makes the change.
    pub actor: &'a str,
    /// The second person, where two are needed.
    pub approver: Option<&'a str>,
}

/// What happens to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SignerOperation {
    /// It is trusted from now on.
    Add,
    /// It is trusted no more.
    Remove,
}

/// One change to the signers of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerRecord {
    /// Grows with every change to any signer of this store.
    pub revision: i64,
    /// The provider's name.
    pub provider: String,
    /// Whether the certificate was added or removed.
    pub operation: SignerOperation,
    /// Upper-case hexadecimal SHA-1 of the certificate.
    pub thumbprint: String,
    /// The certificate, a JWK with x5c as JSON.
    pub certificate: String,
    /// The JWS that asked; `None`: given with the provider.
    pub request: Option<String>,
    /// `iat` of the JWS, if it has one.
    pub issued_at: Option<i64>,
    /// Who made the change.
    pub actor: String,
    /// The second person, where two were needed.
    pub approver: Option<String>,
    /// When.
    pub created_at: UnixTime,
}

impl<'a> NewSigner<'a> {
    /// A certificate that is given with a new provider.
    pub fn given(provider: &'a str, thumbprint: &'a str, certificate: &'a str, actor: &'a str) -> Self {
        Self {
            provider,
            operation: SignerOperation::Add,
            thumbprint,
            certificate,
            request: None,
            issued_at: None,
            actor,
            approver: None,
        }
    }
}

impl SignerOperation {
    /// As stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }
}

impl Store {
    /// Appends changes to signers, all or none, and returns the number of the last.
    pub async fn signer_put(&self, changes: &[NewSigner<'_>], now: UnixTime) -> Result<i64, StoreError> {
        let mut change = self.change().await?;
        let revision = append_signers(&mut change, changes, now).await?;
        change.commit().await?;
        Ok(revision)
    }

    /// The changes to the signers of a provider that are older than the revision `before`, newest first; what an earlier
    /// provider of the name left is not among them.
    pub async fn signer_page(
        &self,
        provider: &str,
        before: i64,
        limit: u32,
    ) -> Result<Vec<SignerRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM policy_signer WHERE provider = ?1 AND revision < ?2 AND revision > \
             coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = ?3), 0) \
             ORDER BY revision DESC LIMIT ?4",
        )
        .bind(provider)
        .bind(before)
        .bind(floor_of(provider))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }

    /// The newest revision of the signers of a provider; 0 when it has none.
    pub async fn signer_newest(&self, provider: &str) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT coalesce(max(revision), 0) FROM policy_signer WHERE provider = ?1")
                .bind(provider)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// The latest `iat` of all JWSs that changed the signers of a provider; `None` when none had one.
    pub async fn signer_latest_issue(&self, provider: &str) -> Result<Option<i64>, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT max(issued_at) FROM policy_signer WHERE provider = ?1")
                .bind(provider)
                .fetch_one(&self.pool)
                .await?,
        )
    }

    /// The changes to the signers of every provider, or of one, oldest first.
    pub async fn signer_list(&self, provider: Option<&str>) -> Result<Vec<SignerRecord>, StoreError> {
        sqlx::query("SELECT * FROM policy_signer WHERE ?1 IS NULL OR provider = ?1 ORDER BY revision")
            .bind(provider)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(record)
            .collect()
    }
}

/// Appends changes within a larger change, and returns the number of the last.
pub(super) async fn append_signers(
    change: &mut Transaction<'static, Sqlite>,
    changes: &[NewSigner<'_>],
    now: UnixTime,
) -> Result<i64, StoreError> {
    let mut revision = 0;
    for new in changes {
        revision = sqlx::query_scalar(
            "INSERT INTO policy_signer (provider, operation, thumbprint, certificate, request, issued_at, \
             actor, approver, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING revision",
        )
        .bind(new.provider)
        .bind(new.operation.name())
        .bind(new.thumbprint)
        .bind(new.certificate)
        .bind(new.request)
        .bind(new.issued_at)
        .bind(new.actor)
        .bind(new.approver)
        .bind(now.seconds())
        .fetch_one(&mut **change)
        .await?;
    }
    Ok(revision)
}

/// What is there of a provider's signers belongs to an earlier one of its name from now on.
pub(super) async fn forget_signers(
    change: &mut Transaction<'static, Sqlite>,
    provider: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) \
         SELECT ?2, CAST(coalesce(max(revision), 0) AS TEXT) FROM policy_signer WHERE provider = ?1 \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(provider)
    .bind(floor_of(provider))
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Name of the value that ends the history of the signers of earlier providers.
fn floor_of(provider: &str) -> String {
    format!("signers of {provider} begin after")
}

fn record(row: &SqliteRow) -> Result<SignerRecord, StoreError> {
    let operation: String = row.try_get("operation")?;
    Ok(SignerRecord {
        revision: row.try_get("revision")?,
        provider: row.try_get("provider")?,
        operation: if operation == SignerOperation::Add.name() {
            SignerOperation::Add
        } else {
            SignerOperation::Remove
        },
        thumbprint: row.try_get("thumbprint")?,
        certificate: row.try_get("certificate")?,
        request: row.try_get("request")?,
        issued_at: row.try_get("issued_at")?,
        actor: row.try_get("actor")?,
        approver: row.try_get("approver")?,
        created_at: UnixTime::new(row.try_get("created_at")?),
    })
}
