//! How many requests are in flight at a time, and how long one of them may wait.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

/// Bounds on attest requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttestLimits {
    /// Requests at a time, those whose bodies are still arriving included.
    pub in_flight: usize,
    /// Of them, how many may wait for collateral at a time.
    pub waiting: usize,
    /// How long a request waits for its platform's collateral, whatever the sources need.
    pub collateral_wait: Duration,
}

impl Default for AttestLimits {
    fn default() -> Self {
        Self {
            in_flight: MAX_IN_FLIGHT,
            waiting: MAX_WAITING,
            collateral_wait: COLLATERAL_WAIT,
        }
    }
}

/// A place among the requests in flight, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn new(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit }
    }
}

/// Of memory: a body of 1 MiB, the data decoded from it and its JSON values (see `attestry_api::json::MAX_VALUES`)
/// take some 4 MiB at most, all of them together 1 GiB. Of work: at a millisecond each, the last of them waits a
/// quarter of a second.
const MAX_IN_FLIGHT: usize = 256;
/// A quarter of the places, so that a source that hangs leaves room for the platforms that are known.
const MAX_WAITING: usize = 64;
/// A source that is well answers within a second or two. Clients of MAA give up after a minute or more; the fetch
/// goes on, and their next attempt finds its result.
const COLLATERAL_WAIT: Duration = Duration::from_secs(20);
