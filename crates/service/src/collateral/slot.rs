//! What is held for one key.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use attestry_evidence::dcap::{Staleness, VerifiedCollateral};
use attestry_evidence::time::UnixTime;

use super::{Alarm, CollateralKey};

/// The state of one key. The snapshot is replaced whole; everything else is bookkeeping off the request path.
pub(super) struct Slot {
    pub(super) key: CollateralKey,
    held: ArcSwapOption<Held>,
    record: Mutex<Record>,
}

/// A set in use.
pub(super) struct Held {
    pub(super) collateral: Arc<VerifiedCollateral>,
    pub(super) source: String,
    pub(super) fetched_at: UnixTime,
    /// When the background looks for a newer one.
    pub(super) refresh_at: UnixTime,
}

/// The rest.
#[derive(Default)]
pub(super) struct Record {
    pub(super) alarm: Option<Alarm>,
    /// Why the last attempt to obtain documents failed.
    pub(super) failure: Option<String>,
    /// Not before then does the background try again.
    pub(super) retry_at: Option<UnixTime>,
}

impl Slot {
    pub(super) fn new(key: CollateralKey) -> Self {
        Self {
            key,
            held: ArcSwapOption::empty(),
            record: Mutex::default(),
        }
    }

    pub(super) fn held(&self) -> Option<Arc<Held>> {
        self.held.load_full()
    }

    /// The held set, if nobody need be asked for another one before it is used: it has not expired, or may be
    /// used nevertheless and is not due.
    pub(super) fn ready(&self, now: UnixTime, staleness: Staleness) -> Option<Arc<VerifiedCollateral>> {
        let held = self.held.load();
        let collateral = &held.as_ref()?.collateral;
        let ready = now < collateral.valid_until()
            || (!self.is_due(now) && collateral.is_usable_at(now, staleness).is_ok());
        ready.then(|| Arc::clone(collateral))
    }

    /// The held set, if it may be used.
    pub(super) fn usable(&self, now: UnixTime, staleness: Staleness) -> Option<Arc<VerifiedCollateral>> {
        let held = self.held.load();
        let collateral = &held.as_ref()?.collateral;
        let usable = collateral.is_usable_at(now, staleness).is_ok();
        usable.then(|| Arc::clone(collateral))
    }

    /// Whether newer documents are to be looked for.
    pub(super) fn is_due(&self, now: UnixTime) -> bool {
        if self.record().retry_at.is_some_and(|retry_at| now < retry_at) {
            return false;
        }
        self.held
            .load()
            .as_ref()
            .is_none_or(|held| held.refresh_at <= now)
    }

    /// Puts a set in use and forgets what went wrong before it.
    pub(super) fn hold(&self, held: Held) {
        *self.record() = Record::default();
        self.held.store(Some(Arc::new(held)));
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
