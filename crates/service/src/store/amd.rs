//! AMD's endorsements: certificates of chips' keys and revocation lists, whole and as received.

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// The certificate of one key. The three key members are the texts that the collateral module gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmdVekRecord {
    /// The product line.
    pub product: String,
    /// The chip's identifier, hexadecimal.
    pub chip_id: String,
    /// The TCB version, 16 hexadecimal digits.
    pub tcb: String,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Since when it is valid.
    pub not_before: UnixTime,
    /// Name of the source that gave it.
    pub source: String,
    /// When.
    pub fetched_at: UnixTime,
    /// Whether an operator handed it over.
    pub imported: bool,
}

/// The last revocation list of one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmdCrlRecord {
    /// The product line.
    pub product: String,
    /// Which root signed it, hexadecimal.
    pub root: String,
    /// The list, DER.
    pub crl: Vec<u8>,
    /// When it was issued.
    pub this_update: UnixTime,
    /// Name of the source that gave it.
    pub source: String,
    /// When.
    pub fetched_at: UnixTime,
}

impl Store {
    /// Keeps `record` as the certificate of its key. `false`, and nothing is changed, when one is kept that was issued
    /// later. Of those that were fetched only the `most` latest stay.
    pub async fn amd_vek_put(&self, record: &AmdVekRecord, most: u32) -> Result<bool, StoreError> {
        let mut change = self.change().await?;
        let changed = sqlx::query(
            "INSERT INTO amd_vek (product, chip_id, tcb, certificate, not_before, source, fetched_at, imported) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (product, chip_id, tcb) DO UPDATE SET \
               certificate = excluded.certificate, \
               not_before = excluded.not_before, \
               source = excluded.source, \
               fetched_at = excluded.fetched_at, \
               imported = MAX(excluded.imported, amd_vek.imported) \
             WHERE excluded.not_before >= amd_vek.not_before",
        )
        .bind(&record.product)
        .bind(&record.chip_id)
        .bind(&record.tcb)
        .bind(record.certificate.as_slice())
        .bind(record.not_before.seconds())
        .bind(&record.source)
        .bind(record.fetched_at.seconds())
        .bind(record.imported)
        .execute(&mut *change)
        .await?
        .rows_affected();
        sqlx::query(
            "DELETE FROM amd_vek WHERE imported = 0 AND (product, chip_id, tcb) IN ( \
               SELECT product, chip_id, tcb FROM amd_vek WHERE imported = 0 \
               ORDER BY fetched_at DESC LIMIT -1 OFFSET ?1)",
        )
        .bind(most)
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(changed > 0)
    }

    /// The certificate kept for a key.
    pub async fn amd_vek(
        &self,
        product: &str,
        chip_id: &str,
        tcb: &str,
    ) -> Result<Option<AmdVekRecord>, StoreError> {
        sqlx::query(
            "SELECT product, chip_id, tcb, certificate, not_before, source, fetched_at, imported \
             FROM amd_vek WHERE product = ?1 AND chip_id = ?2 AND tcb = ?3",
        )
        .bind(product)
        .bind(chip_id)
        .bind(tcb)
        .fetch_optional(&self.pool)
        .await?
        .as_ref()
        .map(vek_record)
        .transpose()
    }

    /// The certificates kept, those of operators first, then by age, `most` of them.
    pub async fn amd_vek_list(&self, most: u32) -> Result<Vec<AmdVekRecord>, StoreError> {
        sqlx::query(
            "SELECT product, chip_id, tcb, certificate, not_before, source, fetched_at, imported \
             FROM amd_vek ORDER BY imported DESC, fetched_at DESC, product, chip_id, tcb LIMIT ?1",
        )
        .bind(most)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(vek_record)
        .collect()
    }

    /// How many certificates are kept.
    pub async fn amd_vek_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM amd_vek")
            .fetch_one(&self.pool)
            .await?;
        u64::try_from(count).map_err(|_| StoreError::Malformed { what: "count" })
    }

    /// Keeps `record` as the last list of its root. `false`, and nothing is changed, when a later one is kept.
    pub async fn amd_crl_put(&self, record: &AmdCrlRecord) -> Result<bool, StoreError> {
        let mut change = self.change().await?;
        let changed = sqlx::query(
            "INSERT INTO amd_crl (product, root, crl, this_update, source, fetched_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (product, root) DO UPDATE SET \
               crl = excluded.crl, \
               this_update = excluded.this_update, \
               source = excluded.source, \
               fetched_at = excluded.fetched_at \
             WHERE excluded.this_update >= amd_crl.this_update",
        )
        .bind(&record.product)
        .bind(&record.root)
        .bind(record.crl.as_slice())
        .bind(record.this_update.seconds())
        .bind(&record.source)
        .bind(record.fetched_at.seconds())
        .execute(&mut *change)
        .await?
        .rows_affected();
        change.commit().await?;
        Ok(changed > 0)
    }

    /// The lists kept.
    pub async fn amd_crl_list(&self) -> Result<Vec<AmdCrlRecord>, StoreError> {
        sqlx::query(
            "SELECT product, root, crl, this_update, source, fetched_at FROM amd_crl ORDER BY product, root",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| {
            Ok(AmdCrlRecord {
                product: row.try_get("product")?,
                root: row.try_get("root")?,
                crl: row.try_get("crl")?,
                this_update: UnixTime::new(row.try_get("this_update")?),
                source: row.try_get("source")?,
                fetched_at: UnixTime::new(row.try_get("fetched_at")?),
            })
        })
        .collect()
    }
}

fn vek_record(row: &SqliteRow) -> Result<AmdVekRecord, StoreError> {
    Ok(AmdVekRecord {
        product: row.try_get("product")?,
        chip_id: row.try_get("chip_id")?,
        tcb: row.try_get("tcb")?,
        certificate: row.try_get("certificate")?,
        not_before: UnixTime::new(row.try_get("not_before")?),
        source: row.try_get("source")?,
        fetched_at: UnixTime::new(row.try_get("fetched_at")?),
        imported: row.try_get("imported")?,
    })
}

#[cfg(test)]
mod tests;
