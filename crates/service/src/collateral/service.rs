//! The collateral service: what the request path asks.

use std::sync::Arc;

use attestry_evidence::dcap::{CollateralDocuments, Staleness, Tee, VerifiedCollateral, VerifiedPck};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;

use super::flights::Flights;
use super::floors::Floors;
use super::intake::{has_number, key_of};
use super::numbers::NumberLists;
use super::slot::Held;
use super::slots::Slots;
use super::{Baseline, CollateralKey, CollateralUnavailable, Edition, ImportError, PckCache, Source};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

/// What a [`CollateralService`] works with.
pub struct CollateralOptions {
    /// Roots that collateral and PCK chains must end in.
    pub anchors: Arc<TrustAnchors>,
    /// The rule that documents are taken in by; a provider may be stricter, not laxer.
    pub staleness: Staleness,
    /// Where documents come from, in the order in which they are asked.
    pub sources: Vec<Source>,
    /// Whether the early edition is kept beside the standard one.
    pub early: bool,
    /// Most platforms that documents are held for.
    pub max_platforms: usize,
}

/// Obtains, holds and refreshes collateral. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct CollateralService(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) options: CollateralOptions,
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) pck_cache: PckCache,
    pub(super) numbers: NumberLists,
    pub(super) slots: Slots,
    pub(super) flights: Flights<CollateralKey, CollateralUnavailable>,
    pub(super) floors: Floors,
}

impl CollateralService {
    /// Starts with what the store holds, as far as it can be used at `now`: no source is asked.
    pub async fn open(
        options: CollateralOptions,
        store: Store,
        metrics: Arc<Metrics>,
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let inner = Inner {
            pck_cache: PckCache::new(Arc::clone(&options.anchors)),
            slots: Slots::new(options.max_platforms),
            options,
            store,
            metrics,
            numbers: NumberLists::default(),
            flights: Flights::default(),
            floors: Floors::default(),
        };
        let service = Self(Arc::new(inner));
        service.reload(now).await?;
        Ok(service)
    }

    /// Takes in what the store holds and this process does not, for example what another one has imported.
    /// Nothing is taken in that is worse than what was taken before.
    pub async fn reload(&self, now: UnixTime) -> Result<(), StoreError> {
        // Those of before: sets that were stored side by side do not stand in each other's way.
        let floors = self.0.floors.clone();
        for record in self.0.store.collateral_list().await? {
            let key = key_of(&record)?;
            let flight = self.0.flights.of(key);
            let _flight = flight.lock().await;
            self.0.take_stored(key, record, &floors, now).await;
        }
        Ok(())
    }

    /// The collateral for the platform of a verified PCK certificate, by `baseline`. Answers from memory
    /// when the set is held and has not expired, or may be used nevertheless and is not due; asks the sources
    /// otherwise, once for all who wait.
    pub async fn obtain(
        &self,
        pck: &VerifiedPck,
        tee: Tee,
        baseline: &Baseline,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let key = standard_key(pck, tee);
        match *baseline {
            Baseline::Latest => self.edition(key, now).await,
            Baseline::Early => self.edition(key.with_edition(Edition::Early), now).await,
            Baseline::Number(number) => self.number(key, number, now).await,
            Baseline::AtLeast(number) => self.at_least(key, number, *baseline, now).await,
            Baseline::Since(date) => {
                let standard = self.edition(key, now).await?;
                let number = self.0.first_number_since(&standard, date, now).await;
                let number =
                    number.ok_or(CollateralUnavailable::BaselineNotOffered { baseline: *baseline })?;
                self.at_least(key, number, *baseline, now).await
            }
        }
    }

    /// What [`CollateralService::obtain`] would answer without asking or waiting for anybody; `None` when it
    /// would have to, or would fail.
    pub fn held(
        &self,
        pck: &VerifiedPck,
        tee: Tee,
        baseline: &Baseline,
        now: UnixTime,
    ) -> Option<Arc<VerifiedCollateral>> {
        let key = standard_key(pck, tee);
        let ready = |edition| self.0.ready(&key.with_edition(edition), now);
        let at_least = |number| {
            // In this order: the early set is asked for only when the standard one is known to be too old.
            let standard = ready(Edition::Standard)?;
            if standard.evaluation_number() >= number {
                return Some(standard);
            }
            ready(Edition::Early).filter(|early| early.evaluation_number() >= number)
        };
        match *baseline {
            Baseline::Latest => ready(Edition::Standard),
            Baseline::Early => ready(Edition::Early),
            Baseline::Number(number) => self.0.ready_number(key, number, now),
            Baseline::AtLeast(number) => at_least(number),
            Baseline::Since(date) => {
                let standard = ready(Edition::Standard)?;
                at_least(self.0.known_first_number_since(&standard, date, now)?)
            }
        }
    }

    /// The cache of verified PCK chains.
    pub fn pck_cache(&self) -> &PckCache {
        &self.0.pck_cache
    }

    /// Takes documents that an operator hands over, under the edition given. They must verify and must not
    /// be worse than those taken before.
    pub async fn import(
        &self,
        tee: Tee,
        edition: Edition,
        documents: CollateralDocuments,
        source: &str,
        now: UnixTime,
    ) -> Result<CollateralKey, ImportError> {
        self.0.import(Err((tee, edition)), documents, source, now).await
    }

    /// As [`CollateralService::import`], of documents that say what they are for: they must be for `key`.
    pub async fn import_labelled(
        &self,
        key: CollateralKey,
        documents: CollateralDocuments,
        source: &str,
        now: UnixTime,
    ) -> Result<(), ImportError> {
        self.0.import(Ok(key), documents, source, now).await.map(drop)
    }

    /// Every set held, for export.
    pub(super) fn held_sets(&self) -> Vec<(CollateralKey, Arc<Held>)> {
        let mut held: Vec<_> = self
            .0
            .slots
            .all()
            .iter()
            .filter_map(|slot| Some((slot.key, slot.held()?)))
            .collect();
        held.sort_by_key(|(key, _)| key.to_string());
        held
    }

    async fn edition(
        &self,
        key: CollateralKey,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        if let Some(collateral) = self.0.ready(&key, now) {
            return Ok(collateral);
        }
        self.0.slots.room(&key)?;
        // A task of its own: a client that goes away must not take the others' answer with it.
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move { inner.fill(key, now).await })
            .await
            .unwrap_or(Err(CollateralUnavailable::Stopping))
    }

    /// The set with exactly this evaluation number. One of the two usual editions has it more often than not.
    /// Otherwise it is asked for only if Intel offers it: the number may be anybody's invention.
    async fn number(
        &self,
        key: CollateralKey,
        number: u32,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        if let Some(collateral) = self.0.ready_number(key, number, now) {
            return Ok(collateral);
        }
        // The list is verified with it; and who does not know the platform does not know its numbers.
        let standard = self.edition(key, now).await?;
        if has_number(&standard, number) {
            return Ok(standard);
        }
        let not_offered = CollateralUnavailable::BaselineNotOffered {
            baseline: Baseline::Number(number),
        };
        if self.0.offers(&standard, number, now).await == Some(false) {
            return Err(not_offered);
        }
        self.edition(key.with_edition(Edition::Number(number)), now)
            .await
            .map_err(|error| match error {
                CollateralUnavailable::UnknownPlatform { .. } => not_offered,
                error => error,
            })
    }

    /// The standard set if it is new enough, else the early one: there is none newer.
    async fn at_least(
        &self,
        key: CollateralKey,
        number: u32,
        baseline: Baseline,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        for edition in [Edition::Standard, Edition::Early] {
            let collateral = self.edition(key.with_edition(edition), now).await?;
            if collateral.evaluation_number() >= number {
                return Ok(collateral);
            }
        }
        Err(CollateralUnavailable::BaselineNotOffered { baseline })
    }
}

/// The key of the standard edition for a platform.
fn standard_key(pck: &VerifiedPck, tee: Tee) -> CollateralKey {
    CollateralKey {
        tee,
        fmspc: pck.fmspc(),
        ca: pck.ca(),
        edition: Edition::Standard,
    }
}

impl Inner {
    /// The set held under `key`, if nobody need be asked for another one first.
    fn ready(&self, key: &CollateralKey, now: UnixTime) -> Option<Arc<VerifiedCollateral>> {
        self.slots.get(key)?.ready(now, self.options.staleness)
    }

    /// As [`Inner::ready`], whichever edition has exactly this number.
    fn ready_number(
        &self,
        key: CollateralKey,
        number: u32,
        now: UnixTime,
    ) -> Option<Arc<VerifiedCollateral>> {
        [Edition::Standard, Edition::Early, Edition::Number(number)]
            .into_iter()
            .filter_map(|edition| self.ready(&key.with_edition(edition), now))
            .find(|collateral| has_number(collateral, number))
    }

    /// Obtains a current set for a key that has none; failing that, a stale one if the rule allows it.
    async fn fill(
        &self,
        key: CollateralKey,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let flight = self.flights.of(key);
        let usable = || self.slots.get(&key)?.usable(now, self.options.staleness);
        let _flight = match (flight.try_lock(), usable()) {
            (Ok(flight), _) => flight,
            // Somebody is asking already, and there is something to go on with.
            (Err(_), Some(stale)) => return Ok(stale),
            (Err(_), None) => flight.lock().await,
        };
        // Somebody else's flight may have landed while this one waited.
        if let Some(collateral) = self.ready(&key, now) {
            return Ok(collateral);
        }
        let error = match self.flights.recent_failure(&key) {
            Some(error) => error,
            None => match self.fetch(key, now).await {
                Ok(collateral) => return Ok(collateral),
                Err(error) => error,
            },
        };
        if let Some(stale) = usable() {
            return Ok(stale);
        }
        match self.slots.get(&key).and_then(|slot| slot.held()) {
            Some(held) => Err(CollateralUnavailable::Expired {
                key,
                valid_until: held.collateral.valid_until(),
            }),
            None => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
