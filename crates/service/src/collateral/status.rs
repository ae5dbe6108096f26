//! What is held, how old it is and when it expires: for operators and gauges.

use attestry_evidence::time::UnixTime;
use serde::{Serialize, Serializer};

use super::service::{CollateralService, Inner};
use super::slot::Slot;
use super::{Alarm, CollateralKey};

/// The state of all collateral at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CollateralStatus {
    /// When this was true.
    #[serde(serialize_with = "rfc3339")]
    pub now: UnixTime,
    /// Every known key, by TEE, FMSPC, authority and edition.
    pub keys: Vec<KeyStatus>,
}

/// The state of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyStatus {
    /// `sgx` or `tdx`.
    pub tee: &'static str,
    /// The FMSPC, lower-case hexadecimal.
    pub fmspc: String,
    /// `processor` or `platform`.
    pub ca: &'static str,
    /// `standard`, `early` or an evaluation number.
    pub edition: String,
    /// The set in use; none when nothing usable was ever obtained.
    pub held: Option<HeldStatus>,
    /// The last refusal of fresh documents, unless good ones came after it.
    pub alarm: Option<Alarm>,
    /// Why the last attempt to obtain documents failed, unless one succeeded after it.
    pub failure: Option<String>,
}

/// A set in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldStatus {
    /// Where it came from.
    pub source: String,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub fetched_at: UnixTime,
    /// Seconds since then.
    pub age_seconds: i64,
    /// Start of the time that all its documents are valid in.
    #[serde(serialize_with = "rfc3339")]
    pub valid_from: UnixTime,
    /// The earliest next update or expiry among its documents.
    #[serde(serialize_with = "rfc3339")]
    pub valid_until: UnixTime,
    /// Seconds until then, negative afterwards.
    pub expires_in_seconds: i64,
    /// When a newer set is looked for.
    #[serde(serialize_with = "rfc3339")]
    pub refresh_at: UnixTime,
    /// Whether evidence can be judged by it now, under the configured staleness.
    pub usable: bool,
    /// `tcbEvaluationDataNumber` of the TCB info.
    pub tcb_info_evaluation_number: u32,
    /// `tcbEvaluationDataNumber` of the enclave identity.
    pub qe_identity_evaluation_number: u32,
    /// CRL number of the PCK CRL.
    pub pck_crl_number: u64,
    /// CRL number of the root CRL.
    pub root_crl_number: u64,
}

impl CollateralService {
    /// The state of everything held.
    pub fn status(&self, now: UnixTime) -> CollateralStatus {
        let mut slots = self.0.slots.all();
        slots.sort_by_key(|slot| slot.key.to_string());
        CollateralStatus {
            now,
            keys: slots.iter().map(|slot| self.0.key_status(slot, now)).collect(),
        }
    }
}

impl Inner {
    fn key_status(&self, slot: &Slot, now: UnixTime) -> KeyStatus {
        let key = slot.key;
        let record = slot.record();
        KeyStatus {
            tee: key.tee_name(),
            fmspc: key.fmspc_hex(),
            ca: key.ca_name(),
            edition: key.edition.to_string(),
            held: self.held_status(slot, now),
            alarm: record.alarm.clone(),
            failure: record.failure.clone(),
        }
    }

    fn held_status(&self, slot: &Slot, now: UnixTime) -> Option<HeldStatus> {
        let held = slot.held()?;
        let collateral = &held.collateral;
        Some(HeldStatus {
            source: held.source.clone(),
            fetched_at: held.fetched_at,
            age_seconds: seconds_between(held.fetched_at, now),
            valid_from: collateral.valid_from(),
            valid_until: collateral.valid_until(),
            expires_in_seconds: seconds_between(now, collateral.valid_until()),
            refresh_at: held.refresh_at,
            usable: collateral.is_usable_at(now, self.options.staleness).is_ok(),
            tcb_info_evaluation_number: collateral.tcb_info_evaluation_number(),
            qe_identity_evaluation_number: collateral.qe_identity_evaluation_number(),
            pck_crl_number: collateral.pck_crl_number(),
            root_crl_number: collateral.root_crl_number(),
        })
    }

    /// Brings the gauges up to date.
    pub(super) fn update_gauges(&self, now: UnixTime) {
        for slot in self.slots.all() {
            let Some(held) = slot.held() else { continue };
            let labels = CollateralKey::labels(&slot.key);
            let (age, expires_in) = (&self.metrics.collateral_age, &self.metrics.collateral_expires_in);
            age.get_or_create(&labels)
                .set(seconds_between(held.fetched_at, now));
            expires_in
                .get_or_create(&labels)
                .set(seconds_between(now, held.collateral.valid_until()));
        }
    }
}

pub(super) fn seconds_between(from: UnixTime, to: UnixTime) -> i64 {
    to.seconds().saturating_sub(from.seconds())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
pub(super) fn rfc3339<S: Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
