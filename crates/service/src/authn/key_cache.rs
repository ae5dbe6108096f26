//! The keys of an issuer as they were last fetched, and when they are fetched again.
//!
//! One attempt is in flight at a time. Tokens decide when keys are needed, and strangers write tokens, so attempts keep
//! a distance from each other whatever is asked for.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use attestry_api::access_token::IssuerKeys;
use attestry_evidence::time::UnixTime;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::{info, warn};

use super::published_keys::PublishedKeys;
use crate::config::IssuerConfig;

/// The cache of one issuer's keys.
#[derive(Debug)]
pub(super) struct KeyCache {
    issuer: String,
    place: PublishedKeys,
    times: Times,
    held: ArcSwapOption<Held>,
    /// Locked while an attempt is made.
    attempt: Arc<Mutex<Option<Attempt>>>,
}

/// No keys that are recent enough are at hand, and none can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoKeys;

#[derive(Debug)]
struct Held {
    keys: Arc<IssuerKeys>,
    at: UnixTime,
}

/// The last attempt to fetch.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    at: UnixTime,
    failed: bool,
}

/// In seconds.
#[derive(Debug, Clone, Copy)]
struct Times {
    refresh: i64,
    outage: i64,
    pause: i64,
}

impl KeyCache {
    pub(super) fn new(config: &IssuerConfig, place: PublishedKeys) -> Arc<Self> {
        Arc::new(Self {
            issuer: config.issuer.clone(),
            place,
            times: Times {
                refresh: config.refresh_seconds.into(),
                outage: config.outage_seconds.into(),
                pause: config.unknown_key_pause_seconds.into(),
            },
            held: ArcSwapOption::empty(),
            attempt: Arc::default(),
        })
    }

    /// The keys to verify a token with that names the key `kid`: at once those at hand, while they are recent enough
    /// and the key is among them, else after an attempt to fetch them.
    pub(super) async fn keys(
        self: &Arc<Self>,
        kid: Option<&str>,
        now: UnixTime,
    ) -> Result<Arc<IssuerKeys>, NoKeys> {
        if let Some(held) = self.usable(now).filter(|held| held.keys.has(kid)) {
            if held.age(now) > self.times.refresh {
                self.refresh_aside(now);
            }
            return Ok(Arc::clone(&held.keys));
        }
        let mut attempt = Arc::clone(&self.attempt).lock_owned().await;
        // Somebody else's attempt may have ended while this request waited for the lock.
        let known = |held: &Arc<Held>| held.keys.has(kid);
        if !self.usable(now).as_ref().is_some_and(known) && self.is_due(*attempt, now) {
            // Apart from the request, which may be given up.
            let fetched = tokio::spawn(Arc::clone(self).fetch(attempt, now)).await;
            attempt = fetched.map_err(|_| NoKeys)?;
        }
        let failed = attempt.is_some_and(|attempt| attempt.failed);
        // After a failure, a key that is not at hand may well be a new one: that is no fault of the token.
        let usable = self.usable(now).filter(|held| known(held) || !failed);
        usable.map(|held| Arc::clone(&held.keys)).ok_or(NoKeys)
    }

    fn usable(&self, now: UnixTime) -> Option<Arc<Held>> {
        self.held
            .load_full()
            .filter(|held| held.age(now) <= self.times.outage)
    }

    /// Fetches beside the request, unless somebody does already.
    fn refresh_aside(self: &Arc<Self>, now: UnixTime) {
        if let Ok(attempt) = Arc::clone(&self.attempt).try_lock_owned()
            && self.is_due(*attempt, now)
        {
            tokio::spawn(Arc::clone(self).fetch(attempt, now));
        }
    }

    fn is_due(&self, last: Option<Attempt>, now: UnixTime) -> bool {
        last.is_none_or(|last| {
            let pause = if last.failed {
                self.times.pause.min(FAILURE_PAUSE)
            } else {
                self.times.pause
            };
            seconds_between(last.at, now) >= pause
        })
    }

    async fn fetch(
        self: Arc<Self>,
        mut attempt: OwnedMutexGuard<Option<Attempt>>,
        now: UnixTime,
    ) -> OwnedMutexGuard<Option<Attempt>> {
        let fetched = self.place.fetch().await;
        *attempt = Some(Attempt {
            at: now,
            failed: fetched.is_err(),
        });
        match fetched {
            Ok(keys) => {
                info!(
                    issuer.name = self.issuer,
                    keys.left_out = keys.left_out(),
                    "fetched the keys of an issuer"
                );
                let keys = Arc::new(keys);
                self.held.store(Some(Arc::new(Held { keys, at: now })));
            }
            Err(error) => {
                warn!(issuer.name = self.issuer, error = %error, "the keys of an issuer cannot be fetched");
            }
        }
        attempt
    }
}

impl Held {
    fn age(&self, now: UnixTime) -> i64 {
        seconds_between(self.at, now)
    }
}

fn seconds_between(earlier: UnixTime, later: UnixTime) -> i64 {
    later.seconds().saturating_sub(earlier.seconds())
}

/// Seconds after a failed attempt before the next: an issuer that comes back is noticed soon, and one that is down is
/// not made busier.
const FAILURE_PAUSE: i64 = 5;
