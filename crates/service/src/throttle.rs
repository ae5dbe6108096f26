//! How often callers may ask: a bucket for every caller of a provider and one for every provider, for attestations and
//! for administration apart.
//!
//! It owns the buckets and their bounds. Who a caller is, and which requests are asked about, is decided above. Load
//! that the service as a whole cannot bear is turned away elsewhere; this keeps callers from each other.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use thiserror::Error;

/// How often something may happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate {
    /// Times a minute in the long run; 0: as often as anybody likes.
    pub per_minute: u32,
    /// Times at once after a pause; at least 1.
    pub burst: u32,
}

/// The rates of one kind of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Of each caller of a provider.
    pub caller: Rate,
    /// Of a provider, all callers together; for administration, all callers who were verified.
    pub provider: Rate,
}

/// The rates of all kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThrottleOptions {
    /// Attestations.
    pub attest: Rates,
    /// Reading and changing policies, signers and providers.
    pub administration: Rates,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Demand {
    /// An attestation.
    Attest,
    /// An administrative operation, or a read of what administrators see.
    Administration,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker<'a> {
    /// Somebody whose credentials were verified, by what identifies them.
    Known(&'a str),
    /// Somebody at an address. One machine may have a whole /64 of IPv6 addresses (RFC 4291, 2.5.1), which count as
    /// one.
    At(IpAddr),
}

/// Asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many requests, the next one is taken in {} seconds", seconds(*.wait))]
pub struct Throttled {
    /// Until the next one is taken.
    pub wait: Duration,
    /// Whether all callers of the provider together were too many, not this one alone.
    pub by_provider: bool,
}

impl Throttled {
    /// Whole seconds until the next one is taken, rounded up.
    pub fn seconds(&self) -> u64 {
        seconds(self.wait)
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// Counts who asks how often. There is no lock that all requests share.
#[derive(Debug)]
pub struct Throttle {
    options: ThrottleOptions,
    started: Instant,
    hasher: RandomState,
    /// By a keyed hash of what they are for: nobody can choose to share somebody else's.
    buckets: Cache<u64, Arc<Bucket>>,
}

impl Throttle {
    /// Buckets for these rates, all full.
    pub fn new(options: ThrottleOptions) -> Self {
        let rates = [options.attest, options.administration];
        let rates = rates.iter().flat_map(|rates| [rates.caller, rates.provider]);
        let longest = rates.filter_map(Rate::pace).map(|pace| pace.fill).max();
        Self {
            options,
            started: Instant::now(),
            hasher: RandomState::new(),
            buckets: Cache::builder()
                .max_capacity(MAX_BUCKETS)
                // A stranger must always get a bucket, at the cost of whoever has been away longest.
                .eviction_policy(EvictionPolicy::lru())
                // By then it is full again, as a new one.
                .time_to_idle(Duration::from_nanos(longest.unwrap_or(1)).max(LEAST_LIFE))
                .build(),
        }
    }

    /// Takes one from the caller's bucket and one from the provider's; `provider` `None`: the request is for none.
    pub fn take(&self, demand: Demand, provider: Option<&str>, asker: Asker<'_>) -> Result<(), Throttled> {
        self.take_at(demand, provider, asker, self.started.elapsed())
    }

    fn take_at(
        &self,
        demand: Demand,
        provider: Option<&str>,
        asker: Asker<'_>,
        now: Duration,
    ) -> Result<(), Throttled> {
        let rates = match demand {
            Demand::Attest => self.options.attest,
            Demand::Administration => self.options.administration,
        };
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        if let Some(pace) = rates.caller.pace() {
            let bucket = self.bucket(&(demand, provider, Some(asker.widened())));
            bucket.take(pace, now).map_err(|wait| Throttled {
                wait,
                by_provider: false,
            })?;
        }
        // Strangers must not be able to take an administrator's turn: there, what all callers share is for those only
        // who were verified.
        if demand == Demand::Administration && matches!(asker, Asker::At(_)) {
            return Ok(());
        }
        // After the caller's own: one who asks too often takes nothing from the others.
        if let (Some(pace), Some(_)) = (rates.provider.pace(), provider) {
            let bucket = self.bucket(&(demand, provider, None::<Asker<'_>>));
            bucket.take(pace, now).map_err(|wait| Throttled {
                wait,
                by_provider: true,
            })?;
        }
        Ok(())
    }

    fn bucket(&self, owner: &(Demand, Option<&str>, Option<Asker<'_>>)) -> Arc<Bucket> {
        self.buckets
            .get_with(self.hasher.hash_one(owner), Arc::<Bucket>::default)
    }
}

impl Asker<'_> {
    fn widened(self) -> Self {
        match self {
            Self::At(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(mapped) => Self::At(IpAddr::V4(mapped)),
                None => Self::At(IpAddr::V6(Ipv6Addr::from_bits(
                    address.to_bits() & (u128::MAX << 64),
                ))),
            },
            other => other,
        }
    }
}

/// A rate in the terms of the generic cell rate algorithm (ITU-T I.371, annex A).
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Nanoseconds from one to the next in the long run.
    interval: u64,
    /// Nanoseconds in which an empty bucket fills.
    fill: u64,
}

impl Rate {
    fn pace(self) -> Option<Pace> {
        let interval = NANOS_PER_MINUTE.checked_div(u64::from(self.per_minute))?;
        Some(Pace {
            interval,
            fill: interval.saturating_mul(u64::from(self.burst.max(1))),
        })
    }
}

/// When the bucket will be full, in nanoseconds since the start: the theoretical arrival time of the algorithm.
#[derive(Debug, Default)]
struct Bucket(AtomicU64);

impl Bucket {
    fn take(&self, pace: Pace, now: u64) -> Result<(), Duration> {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let full_at = full_at.max(now).saturating_add(pace.interval);
                (full_at.saturating_sub(now) <= pace.fill).then_some(full_at)
            });
        taken.map(drop).map_err(|full_at| {
            let over = full_at.saturating_add(pace.interval).saturating_sub(pace.fill);
            Duration::from_nanos(over.saturating_sub(now))
        })
    }
}

const NANOS_PER_MINUTE: u64 = 60_000_000_000;
/// Buckets kept: some 200 bytes each. Beyond that, those of callers who have been away longest are forgotten.
const MAX_BUCKETS: u64 = 65_536;
/// Buckets live at least as long as this, so that tiny ones are not made over and over.
const LEAST_LIFE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests;
