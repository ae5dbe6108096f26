//! The one place where the service reads the time.
//!
//! Everything else is handed a [`UnixTime`]. The live clock never runs backwards within a process: evidence
//! and collateral that were refused as expired must not become acceptable again because somebody set the
//! system clock back. It knows nothing about what the time is used for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use attestry_evidence::time::UnixTime;

/// The source of the current time: the guarded system clock, or one fixed instant.
#[derive(Clone)]
pub struct Clock(Kind);

impl Clock {
    /// The system's wall clock, guarded against jumps backwards.
    ///
    /// A jump forwards is followed (a suspended machine wakes up later than it believes). After a jump
    /// backwards the clock goes on from the latest time it has shown, at the speed of the monotonic clock.
    pub fn live() -> Self {
        Self(Kind::Live(Arc::new(Guard::new(wall_millis()))))
    }

    /// A clock that always shows `at`, to judge old evidence as of its day.
    pub fn fixed(at: UnixTime) -> Self {
        Self(Kind::Fixed(at))
    }

    /// The current time.
    pub fn now(&self) -> UnixTime {
        match &self.0 {
            Kind::Live(guard) => {
                // Wall time first: being suspended between the two readings then never moves the anchor.
                let wall = wall_millis();
                UnixTime::new(guard.observe(wall, guard.elapsed_millis()).div_euclid(1_000))
            }
            Kind::Fixed(at) => *at,
        }
    }

    /// Whether the clock shows one fixed instant.
    pub fn is_fixed(&self) -> bool {
        matches!(self.0, Kind::Fixed(_))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Live(_) => f.write_str("Clock::live()"),
            Kind::Fixed(at) => write!(f, "Clock::fixed({at})"),
        }
    }
}

#[derive(Clone)]
enum Kind {
    Live(Arc<Guard>),
    Fixed(UnixTime),
}

/// Wall time minus monotonic time may only grow: that difference is the anchor.
struct Guard {
    started: Instant,
    /// Largest seen difference of wall time and time since `started`, in milliseconds.
    anchor: AtomicI64,
}

impl Guard {
    fn new(wall: i64) -> Self {
        Self {
            started: Instant::now(),
            anchor: AtomicI64::new(wall),
        }
    }

    fn elapsed_millis(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn observe(&self, wall: i64, elapsed: i64) -> i64 {
        let seen = wall.saturating_sub(elapsed);
        let before = self.anchor.fetch_max(seen, Ordering::Relaxed);
        before.max(seen).saturating_add(elapsed)
    }
}

fn wall_millis() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        // Before 1970: certificates of no vendor are valid then, so everything is refused.
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests;
