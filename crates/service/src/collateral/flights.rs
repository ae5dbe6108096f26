//! Flights: one at a time for a key, few at a time in all, and a short memory of those that failed.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What is locked while documents for a key are obtained or taken in.
pub(super) type Flight = Arc<tokio::sync::Mutex<()>>;

/// The flights of all keys, also of keys that nothing is held for: these leave nothing behind.
pub(super) struct Flights<K, E> {
    by_key: Mutex<HashMap<K, Weak<tokio::sync::Mutex<()>>>>,
    outbound: Semaphore,
    failures: Cache<K, E>,
}

impl<K, E> Default for Flights<K, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self {
            by_key: Mutex::default(),
            outbound: Semaphore::new(MAX_OUTBOUND),
            failures: Cache::builder()
                .max_capacity(MAX_FAILURES)
                .time_to_live(FAILURE_LIFE)
                .build(),
        }
    }
}

impl<K, E> Flights<K, E>
where
    K: Copy + Hash + Eq + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// The flight of `key`: the same for everybody while anybody has it.
    pub(super) fn of(&self, key: K) -> Flight {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = by_key.get(&key).and_then(Weak::upgrade) {
            return flight;
        }
        if by_key.len() >= by_key.capacity() {
            by_key.retain(|_, flight| flight.strong_count() > 0);
        }
        let flight = Flight::default();
        by_key.insert(key, Arc::downgrade(&flight));
        flight
    }

    /// Waits until a source may be asked. The semaphore is never closed.
    pub(super) async fn outbound(&self) -> Option<SemaphorePermit<'_>> {
        self.outbound.acquire().await.ok()
    }

    /// The last failure, while it is recent enough to stand for another attempt.
    pub(super) fn recent_failure(&self, key: &K) -> Option<E> {
        self.failures.get(key)
    }

    pub(super) fn failed(&self, key: K, error: E) {
        self.failures.insert(key, error);
    }

    pub(super) fn landed(&self, key: &K) {
        self.failures.invalidate(key);
    }
}

/// How many sources are asked at a time, for whatever: considerate of them, and a bound on what requests for
/// ever new keys can set going.
const MAX_OUTBOUND: usize = 8;

/// How many failures are remembered: more than keys can fail in [`FAILURE_LIFE`] with so few flights.
const MAX_FAILURES: u64 = 1_024;

/// How long a failure answers further requests: long enough that a burst of requests is one attempt, short
/// enough that nobody waits for a source that has recovered.
pub(super) const FAILURE_LIFE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
