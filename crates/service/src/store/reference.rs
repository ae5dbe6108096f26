//! Reference values: the newest version of each scope whole, earlier ones as history.

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// One version of the reference values of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRecord {
    /// A provider's name, or empty for all providers without values of their own.
    pub scope: String,
    /// Their version.
    pub version: i64,
    /// SHA-256 of the document, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// The document, JSON; `None` once there is a newer version.
    pub document: Option<Vec<u8>>,
    /// The signed file that the document came in, if it was signed; `None` once there is a newer version.
    pub envelope: Option<Vec<u8>>,
    /// Where it came from.
    pub source: String,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// When it expires.
    pub expires_at: UnixTime,
    /// When it was taken in.
    pub imported_at: UnixTime,
}

impl Store {
    /// Keeps `record` as the newest of its scope. `false`, and nothing is changed, when that version or a newer one is
    /// kept already: another process may have stored it a moment ago.
    pub async fn reference_put(&self, record: &ReferenceRecord) -> Result<bool, StoreError> {
        let mut change = self.change().await?;
        let inserted = sqlx::query(
            "INSERT INTO reference_values (scope, version, digest, document, envelope, source, issued_at, \
               expires_at, imported_at) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 \
             WHERE NOT EXISTS (SELECT 1 FROM reference_values WHERE scope = ?1 AND version >= ?2)",
        )
        .bind(&record.scope)
        .bind(record.version)
        .bind(&record.digest)
        .bind(record.document.as_deref())
        .bind(record.envelope.as_deref())
        .bind(&record.source)
        .bind(record.issued_at.seconds())
        .bind(record.expires_at.seconds())
        .bind(record.imported_at.seconds())
        .execute(&mut *change)
        .await?
        .rows_affected();
        if inserted == 0 {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE reference_values SET document = NULL, envelope = NULL WHERE scope = ?1 AND version < ?2",
        )
        .bind(&record.scope)
        .bind(record.version)
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(true)
    }

    /// Keeps the signed file of a version whose document is known already: it was signed since, or by another key.
    pub async fn reference_put_envelope(
        &self,
        scope: &str,
        version: i64,
        digest: &str,
        envelope: &[u8],
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "UPDATE reference_values SET envelope = ?4 \
             WHERE scope = ?1 AND version = ?2 AND digest = ?3 AND document IS NOT NULL",
        )
        .bind(scope)
        .bind(version)
        .bind(digest)
        .bind(envelope)
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(())
    }

    /// The newest version of a scope.
    pub async fn reference_newest(&self, scope: &str) -> Result<Option<ReferenceRecord>, StoreError> {
        let rows = self.reference_history(scope, 1).await?;
        Ok(rows.into_iter().next())
    }

    /// The versions of a scope, newest first.
    pub async fn reference_history(
        &self,
        scope: &str,
        limit: u32,
    ) -> Result<Vec<ReferenceRecord>, StoreError> {
        sqlx::query(
            "SELECT scope, version, digest, document, envelope, source, issued_at, expires_at, imported_at \
             FROM reference_values WHERE scope = ?1 ORDER BY version DESC LIMIT ?2",
        )
        .bind(scope)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }
}

fn record(row: &SqliteRow) -> Result<ReferenceRecord, StoreError> {
    let time = |column| Ok::<_, StoreError>(UnixTime::new(row.try_get(column)?));
    Ok(ReferenceRecord {
        scope: row.try_get("scope")?,
        version: row.try_get("version")?,
        digest: row.try_get("digest")?,
        document: row.try_get("document")?,
        envelope: row.try_get("envelope")?,
        source: row.try_get("source")?,
        issued_at: time("issued_at")?,
        expires_at: time("expires_at")?,
        imported_at: time("imported_at")?,
    })
}
