//! Measuring: processor time of small pieces of work in turns, and ratios with limits.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Rounds of a comparison; everything compared takes its turn in each.
pub const ROUNDS: usize = 31;
const SLICE: Duration = Duration::from_millis(40);

/// Ratios with a limit; the run fails when one is exceeded.
#[derive(Debug)]
pub struct Limits {
    /// Whether all were kept so far.
    pub kept: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { kept: true }
    }
}

impl Limits {
    /// Prints a ratio that must not be above `limit`.
    pub fn at_most(&mut self, name: &str, ratio: f64, limit: f64) {
        self.line(name, ratio, limit, "at most", ratio <= limit);
    }

    /// Prints a ratio that must not be below `limit`.
    pub fn at_least(&mut self, name: &str, ratio: f64, limit: f64) {
        self.line(name, ratio, limit, "at least", ratio >= limit);
    }

    fn line(&mut self, name: &str, ratio: f64, limit: f64, word: &str, kept: bool) {
        println!(
            "  {name:<66} {ratio:>6.2}   {word} {limit:.2}{}",
            if kept { "" } else { "   EXCEEDED" }
        );
        self.kept &= kept;
    }
}

/// The mean processor time of one call: what other programs take away does not count.
pub fn microseconds_each(work: &dyn Fn()) -> f64 {
    let (start, started, mut calls) = (Instant::now(), thread_time(), 0_u32);
    while start.elapsed() < SLICE {
        // So that looking at the clock does not count for the shortest work.
        for _ in 0..BATCH {
            work();
        }
        calls += BATCH;
    }
    thread_time().saturating_sub(started).as_secs_f64() * 1e6 / f64::from(calls)
}

const BATCH: u32 = 8;

/// As [`microseconds_each`], of work that uses something up, which is made beforehand and not counted.
pub fn microseconds_each_of<T>(make: &dyn Fn() -> T, work: &dyn Fn(T)) -> f64 {
    const PREPARED: u32 = 64;
    let (start, mut spent, mut calls) = (Instant::now(), Duration::ZERO, 0_u32);
    while start.elapsed() < SLICE {
        let prepared: Vec<T> = (0..PREPARED).map(|_| make()).collect();
        let started = thread_time();
        for item in prepared {
            work(item);
        }
        spent += thread_time().saturating_sub(started);
        calls += PREPARED;
    }
    spent.as_secs_f64() * 1e6 / f64::from(calls)
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
