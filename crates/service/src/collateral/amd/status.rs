//! Which of AMD's endorsements are held, how old they are and when they expire: for operators.

use attestry_evidence::snp::{AmdCrl, SuppliedChain, VerifiedVek};
use attestry_evidence::time::UnixTime;
use serde::Serialize;

use super::AmdCollateral;
use crate::collateral::status::{rfc3339, seconds_between};
use crate::store::{AmdVekRecord, StoreError};

/// The state of AMD's endorsements at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AmdStatus {
    /// When this was true.
    #[serde(serialize_with = "rfc3339")]
    pub now: UnixTime,
    /// The revocation lists in use, by line.
    pub crls: Vec<CrlStatus>,
    /// The certificates kept, those that operators handed over first; as many as are listed.
    pub veks: Vec<VekStatus>,
    /// How many certificates are kept in all.
    pub vek_count: u64,
}

/// A revocation list in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CrlStatus {
    /// The product line.
    pub product: &'static str,
    /// Where it came from.
    pub source: String,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub fetched_at: UnixTime,
    /// When it was issued.
    #[serde(serialize_with = "rfc3339")]
    pub this_update: UnixTime,
    /// When its successor is due.
    #[serde(serialize_with = "rfc3339")]
    pub next_update: UnixTime,
    /// Seconds until then, negative afterwards.
    pub expires_in_seconds: i64,
    /// How many authorities are revoked.
    pub revoked: usize,
}

/// A certificate that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VekStatus {
    /// The product line.
    pub product: String,
    /// The chip's identifier, lower-case hexadecimal.
    pub chip_id: String,
    /// The TCB version, 16 hexadecimal digits.
    pub tcb: String,
    /// Where it came from.
    pub source: String,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub fetched_at: UnixTime,
    /// Whether an operator handed it over.
    pub imported: bool,
    /// When it expires; none when it does not verify under the authorities that are trusted now.
    #[serde(serialize_with = "optional_rfc3339")]
    pub not_after: Option<UnixTime>,
    /// Seconds until then, negative afterwards.
    pub expires_in_seconds: Option<i64>,
}

impl AmdCollateral {
    /// The state of everything held. Verifies what it lists.
    pub async fn status(&self, now: UnixTime) -> Result<AmdStatus, StoreError> {
        let mut crls: Vec<_> = self
            .crls_with_origins(now)
            .into_iter()
            .map(|(crl, source, fetched_at)| {
                let list = crl.list();
                CrlStatus {
                    product: crl.product().name(),
                    source,
                    fetched_at,
                    this_update: list.this_update(),
                    next_update: list.next_update(),
                    expires_in_seconds: seconds_between(now, list.next_update()),
                    revoked: list.revoked_count(),
                }
            })
            .collect();
        crls.sort_by_key(|crl| (crl.product, crl.this_update));
        let records = self.stored_veks(MAX_LISTED).await?;
        let vek_count = match &self.0.store {
            Some(store) => store.amd_vek_count().await?,
            None => 0,
        };
        let veks = records.into_iter().map(|record| {
            let verified = SuppliedChain::parse(&record.certificate)
                .and_then(|chain| VerifiedVek::verify(&chain, self.anchors()));
            let not_after = verified.ok().map(|vek| vek.vek().certificate().not_after());
            VekStatus {
                product: record.product,
                chip_id: record.chip_id,
                tcb: record.tcb,
                source: record.source,
                fetched_at: record.fetched_at,
                imported: record.imported,
                not_after,
                expires_in_seconds: not_after.map(|until| seconds_between(now, until)),
            }
        });
        Ok(AmdStatus {
            now,
            crls,
            veks: veks.collect(),
            vek_count,
        })
    }

    /// The lists in use, with the source of each and when it was obtained.
    pub(in crate::collateral) fn crls_with_origins(&self, now: UnixTime) -> Vec<(AmdCrl, String, UnixTime)> {
        let with_origin = |crl: &AmdCrl| {
            let origin = self.0.lists.origin(crl);
            let origin = origin.map(|origin| (origin.source, origin.fetched_at));
            let (source, fetched_at) = origin.unwrap_or((String::new(), now));
            (crl.clone(), source, fetched_at)
        };
        self.crls().iter().map(with_origin).collect()
    }

    /// The certificates kept, those of operators first, `most` of them.
    pub(in crate::collateral) async fn stored_veks(
        &self,
        most: u32,
    ) -> Result<Vec<AmdVekRecord>, StoreError> {
        match &self.0.store {
            Some(store) => store.amd_vek_list(most).await,
            None => Ok(Vec::new()),
        }
    }
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn optional_rfc3339<S: serde::Serializer>(time: &Option<UnixTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => rfc3339(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// How many certificates a status lists: each is verified, which takes some tenths of a millisecond.
const MAX_LISTED: u32 = 1_024;
