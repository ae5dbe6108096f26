//! Collateral: the last good documents of each key, whole and as received.

use attestry_evidence::dcap::CollateralDocuments;
use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// The documents of one key. The four key members are the texts that the collateral module gives them.
#[derive(Debug, Clone)]
pub struct CollateralRecord {
    /// `sgx` or `tdx`.
    pub tee: String,
    /// FMSPC, 12 lower-case hexadecimal digits.
    pub fmspc: String,
    /// The PCK certificate authority, `processor` or `platform`.
    pub ca: String,
    /// Which of the sets kept side by side: `standard`, `early`, or an evaluation number.
    pub edition: String,
    /// Which root the documents descend from.
    pub root: String,
    /// The documents as received.
    pub documents: CollateralDocuments,
    /// Name of the source that gave them.
    pub source: String,
    /// When.
    pub fetched_at: UnixTime,
    /// `tcbEvaluationDataNumber` of the TCB info.
    pub tcb_info_evaluation_number: u32,
    /// `tcbEvaluationDataNumber` of the enclave identity.
    pub qe_identity_evaluation_number: u32,
    /// CRL number of the PCK CRL.
    pub pck_crl_number: u64,
    /// CRL number of the root CRL.
    pub root_crl_number: u64,
}

impl Store {
    /// Keeps `record` as the last good documents of its key. `false`, and nothing is changed, when documents of
    /// the same root are kept that have a higher number: another process may have stored them a moment ago.
    pub async fn collateral_put(&self, record: &CollateralRecord) -> Result<bool, StoreError> {
        let documents = &record.documents;
        let mut change = self.change().await?;
        let changed = sqlx::query(
            "INSERT INTO collateral (tee, fmspc, ca, edition, tcb_info, tcb_info_issuer_chain, qe_identity, \
               qe_identity_issuer_chain, root_ca_crl, pck_crl, pck_crl_issuer_chain, source, fetched_at, \
               tcb_info_evaluation_number, qe_identity_evaluation_number, pck_crl_number, root_crl_number, \
               root) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
             ON CONFLICT (tee, fmspc, ca, edition) DO UPDATE SET \
               tcb_info = excluded.tcb_info, \
               tcb_info_issuer_chain = excluded.tcb_info_issuer_chain, \
               qe_identity = excluded.qe_identity, \
               qe_identity_issuer_chain = excluded.qe_identity_issuer_chain, \
               root_ca_crl = excluded.root_ca_crl, \
               pck_crl = excluded.pck_crl, \
               pck_crl_issuer_chain = excluded.pck_crl_issuer_chain, \
               source = excluded.source, \
               fetched_at = excluded.fetched_at, \
               tcb_info_evaluation_number = excluded.tcb_info_evaluation_number, \
               qe_identity_evaluation_number = excluded.qe_identity_evaluation_number, \
               pck_crl_number = excluded.pck_crl_number, \
               root_crl_number = excluded.root_crl_number, \
               root = excluded.root \
             WHERE collateral.root NOT IN ('', excluded.root) OR ( \
               excluded.tcb_info_evaluation_number >= collateral.tcb_info_evaluation_number \
               AND excluded.qe_identity_evaluation_number >= collateral.qe_identity_evaluation_number \
               AND excluded.pck_crl_number >= collateral.pck_crl_number \
               AND excluded.root_crl_number >= collateral.root_crl_number)",
        )
        .bind(&record.tee)
        .bind(&record.fmspc)
        .bind(&record.ca)
        .bind(&record.edition)
        .bind(documents.tcb_info.as_slice())
        .bind(documents.tcb_info_issuer_chain.as_slice())
        .bind(documents.qe_identity.as_slice())
        .bind(documents.qe_identity_issuer_chain.as_slice())
        .bind(documents.root_ca_crl.as_slice())
        .bind(documents.pck_crl.as_slice())
        .bind(documents.pck_crl_issuer_chain.as_slice())
        .bind(&record.source)
        .bind(record.fetched_at.seconds())
        .bind(record.tcb_info_evaluation_number)
        .bind(record.qe_identity_evaluation_number)
        .bind(integer(record.pck_crl_number)?)
        .bind(integer(record.root_crl_number)?)
        .bind(&record.root)
        .execute(&mut *change)
        .await?
        .rows_affected();
        change.commit().await?;
        Ok(changed > 0)
    }

    /// All kept collateral, by key.
    pub async fn collateral_list(&self) -> Result<Vec<CollateralRecord>, StoreError> {
        sqlx::query(
            "SELECT tee, fmspc, ca, edition, tcb_info, tcb_info_issuer_chain, qe_identity, \
               qe_identity_issuer_chain, root_ca_crl, pck_crl, pck_crl_issuer_chain, source, fetched_at, \
               tcb_info_evaluation_number, qe_identity_evaluation_number, pck_crl_number, root_crl_number, \
               root \
             FROM collateral ORDER BY tee, fmspc, ca, edition",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }
}

fn record(row: &SqliteRow) -> Result<CollateralRecord, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    Ok(CollateralRecord {
        tee: text("tee")?,
        fmspc: text("fmspc")?,
        ca: text("ca")?,
        edition: text("edition")?,
        root: text("root")?,
        documents: CollateralDocuments {
            tcb_info: row.try_get("tcb_info")?,
            tcb_info_issuer_chain: row.try_get("tcb_info_issuer_chain")?,
            qe_identity: row.try_get("qe_identity")?,
            qe_identity_issuer_chain: row.try_get("qe_identity_issuer_chain")?,
            root_ca_crl: row.try_get("root_ca_crl")?,
            pck_crl: row.try_get("pck_crl")?,
            pck_crl_issuer_chain: row.try_get("pck_crl_issuer_chain")?,
        },
        source: text("source")?,
        fetched_at: UnixTime::new(row.try_get("fetched_at")?),
        tcb_info_evaluation_number: row.try_get("tcb_info_evaluation_number")?,
        qe_identity_evaluation_number: row.try_get("qe_identity_evaluation_number")?,
        pck_crl_number: unsigned(row.try_get("pck_crl_number")?)?,
        root_crl_number: unsigned(row.try_get("root_crl_number")?)?,
    })
}

/// SQLite's integers are signed.
fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Malformed { what: "CRL number" })
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Malformed { what: "CRL number" })
}
