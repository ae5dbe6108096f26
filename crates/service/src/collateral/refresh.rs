//! The background refresh: an idempotent step that is told the time.

use std::sync::Arc;

use attestry_evidence::time::UnixTime;
use tokio::task::JoinSet;
use tracing::warn;

use super::Edition;
use super::service::{CollateralService, Inner};
use super::slot::Slot;
use super::status::seconds_between;

impl CollateralService {
    /// Looks for newer documents wherever half of the remaining life has passed, and for the early edition
    /// where it is missing; then brings the gauges up to date. Returns how many sets were replaced.
    pub async fn refresh_step(&self, now: UnixTime) -> usize {
        self.add_early_editions();
        let slots = self.0.slots.all();
        let mut flights = JoinSet::new();
        let mut replaced = 0;
        for slot in slots.into_iter().filter(|slot| slot.is_due(now)) {
            if flights.len() >= MAX_FLIGHTS {
                replaced += usize::from(
                    flights
                        .join_next()
                        .await
                        .is_some_and(|done| done.unwrap_or(false)),
                );
            }
            let inner = Arc::clone(&self.0);
            flights.spawn(async move { inner.refresh(&slot, now).await });
        }
        while let Some(done) = flights.join_next().await {
            replaced += usize::from(done.unwrap_or(false));
        }
        self.0.update_gauges(now);
        replaced
    }

    /// Every platform with a standard edition in use gets an early one beside it.
    fn add_early_editions(&self) {
        if !self.0.options.early || self.0.options.sources.is_empty() {
            return;
        }
        for slot in self.0.slots.all() {
            if slot.key.edition == Edition::Standard && slot.held().is_some() {
                // The platform is held already: there is room for its editions.
                let _ = self.0.slots.get_or_add(slot.key.with_edition(Edition::Early));
            }
        }
    }
}

impl Inner {
    async fn refresh(&self, slot: &Slot, now: UnixTime) -> bool {
        let flight = self.flights.of(slot.key);
        let _flight = flight.lock().await;
        // A request may have filled the slot while this waited.
        if !slot.is_due(now) {
            return false;
        }
        match self.fetch(slot.key, now).await {
            Ok(_) => true,
            Err(error) => {
                warn!(collateral.key = %slot.key, error = %error, "collateral was not refreshed");
                false
            }
        }
    }
}

/// Half of the remaining life after `fetched_at`, give or take a tenth of it.
pub(super) fn refresh_at(fetched_at: UnixTime, valid_until: UnixTime) -> UnixTime {
    let half = seconds_between(fetched_at, valid_until).max(0) / 2;
    fetched_at
        .add_seconds(spread(half).max(MIN_REFRESH_SECONDS))
        .unwrap_or(valid_until)
}

/// When the background asks again after a failure at `now`.
pub(super) fn retry_at(now: UnixTime) -> Option<UnixTime> {
    now.add_seconds(spread(RETRY_SECONDS))
}

/// `seconds`, give or take a tenth: nodes that were started together must not ask together for ever.
fn spread(seconds: i64) -> i64 {
    let mut random = [0; 2];
    if aws_lc_rs::rand::fill(&mut random).is_err() {
        return seconds;
    }
    let fifth = seconds / 5;
    let part = fifth.saturating_mul(i64::from(u16::from_le_bytes(random))) / i64::from(u16::MAX);
    seconds.saturating_sub(fifth / 2).saturating_add(part)
}

/// How many keys are refreshed at a time: considerate of a source, quick enough for a few hundred platforms.
const MAX_FLIGHTS: usize = 4;

/// Pause before the background asks again after a failure.
const RETRY_SECONDS: i64 = 300;

/// A set that was stale when it came is looked after at this pace.
const MIN_REFRESH_SECONDS: i64 = 600;

#[cfg(test)]
mod tests;
