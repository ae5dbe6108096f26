//! What is held for one key.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use attestry_evidence::dcap::VerifiedCollateral;
use attestry_evidence::time::UnixTime;

use super::alarm::{Alarm, Floor};
use super::{CollateralKey, CollateralUnavailable};

/// The state of one key. The snapshot is replaced whole; everything else is bookkeeping off the request path.
pub(super) struct Slot {
    pub(super) key: CollateralKey,
    held: ArcSwapOption<Held>,
    /// Held while documents are obtained or taken in: one flight a key.
    pub(super) flight: tokio::sync::Mutex<()>,
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
    /// Numbers of the best set ever taken, also when it cannot be used any more.
    pub(super) floor: Option<Floor>,
    pub(super) alarm: Option<Alarm>,
    pub(super) failure: Option<Failure>,
    /// Not before then does the background try again.
    pub(super) retry_at: Option<UnixTime>,
}

/// The last failure to obtain documents.
pub(super) struct Failure {
    pub(super) at: Instant,
    pub(super) error: CollateralUnavailable,
}

impl Slot {
    pub(super) fn new(key: CollateralKey) -> Self {
        Self {
            key,
            held: ArcSwapOption::empty(),
            flight: tokio::sync::Mutex::new(()),
            record: Mutex::default(),
        }
    }

    pub(super) fn held(&self) -> Option<Arc<Held>> {
        self.held.load_full()
    }

    /// The held set, if it has not expired.
    pub(super) fn current(&self, now: UnixTime) -> Option<Arc<VerifiedCollateral>> {
        let held = self.held.load();
        let collateral = &held.as_ref()?.collateral;
        (now < collateral.valid_until()).then(|| Arc::clone(collateral))
    }

    /// Puts a set in use and forgets what went wrong before it.
    pub(super) fn hold(&self, held: Held) {
        let mut record = self.record();
        record.floor = Some(Floor::of(&held.collateral));
        record.failure = None;
        record.retry_at = None;
        record.alarm = None;
        self.held.store(Some(Arc::new(held)));
    }

    /// The last failure, while it is recent enough to stand for another attempt.
    pub(super) fn recent_failure(&self) -> Option<CollateralUnavailable> {
        let record = self.record();
        let failure = record.failure.as_ref()?;
        (failure.at.elapsed() < FAILURE_LIFE).then(|| failure.error.clone())
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a failure answers further requests: long enough that a burst of requests is one attempt, short
/// enough that nobody waits for a source that has recovered.
const FAILURE_LIFE: Duration = Duration::from_secs(5);
