//! The collateral service: what the request path asks.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use attestry_evidence::dcap::{
    CollateralDocuments, CollateralError, Staleness, Tee, VerifiedCollateral, VerifiedPck,
};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use tracing::{error, info, warn};

use super::alarm::{Alarm, Floor, Regression};
use super::numbers::NumberLists;
use super::slot::{Failure, Held, Slot};
use super::source::SourceError;
use super::{Baseline, CollateralKey, CollateralUnavailable, Edition, ImportError, PckCache, Source};
use crate::store::{CollateralRecord, Store, StoreError};
use crate::telemetry::Metrics;
use crate::telemetry::metrics::FetchLabels;

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
    /// Read without a lock on the request path; replaced whole, under `growth`, when a key is added.
    slots: ArcSwap<HashMap<CollateralKey, Arc<Slot>>>,
    growth: Mutex<()>,
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
            options,
            store,
            metrics,
            numbers: NumberLists::default(),
            slots: ArcSwap::default(),
            growth: Mutex::default(),
        };
        let service = Self(Arc::new(inner));
        service.reload(now).await?;
        Ok(service)
    }

    /// Takes in what the store holds and this process does not, for example what another one has imported.
    pub async fn reload(&self, now: UnixTime) -> Result<(), StoreError> {
        for record in self.0.store.collateral_list().await? {
            let key = CollateralKey::from_texts(&record.tee, &record.fmspc, &record.ca, &record.edition)?;
            // Kept already, so the limit on platforms has no say.
            let slot = self.0.slot_unlimited(key);
            let _flight = slot.flight.lock().await;
            if slot
                .held()
                .is_some_and(|held| held.collateral.documents() == &record.documents)
            {
                continue;
            }
            slot.record()
                .floor
                .get_or_insert_with(|| Floor::of_record(&record));
            match self.0.verified(record.documents, key.tee, now).await {
                Ok(collateral) => slot.hold(held(Arc::new(collateral), record.source, record.fetched_at)),
                Err(error) => {
                    info!(collateral.key = %key, error = %error, "stored collateral cannot be used now");
                }
            }
        }
        Ok(())
    }

    /// The collateral for the platform of a verified PCK certificate, by `baseline`. Answers from memory
    /// when the set is held and has not expired; asks the sources otherwise, once for all who wait.
    pub async fn obtain(
        &self,
        pck: &VerifiedPck,
        tee: Tee,
        baseline: &Baseline,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let key = CollateralKey {
            tee,
            fmspc: pck.fmspc(),
            ca: pck.ca(),
            edition: Edition::Standard,
        };
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
        let key = CollateralKey {
            tee,
            fmspc: pck.fmspc(),
            ca: pck.ca(),
            edition: Edition::Standard,
        };
        let current = |edition| self.0.existing_slot(&key.with_edition(edition))?.current(now);
        let at_least = |number| {
            // In this order: the early set is asked for only when the standard one is known to be too old.
            let standard = current(Edition::Standard)?;
            if standard.evaluation_number() >= number {
                return Some(standard);
            }
            current(Edition::Early).filter(|early| early.evaluation_number() >= number)
        };
        match *baseline {
            Baseline::Latest => current(Edition::Standard),
            Baseline::Early => current(Edition::Early),
            Baseline::Number(number) => [Edition::Standard, Edition::Early, Edition::Number(number)]
                .into_iter()
                .filter_map(current)
                .find(|collateral| has_number(collateral, number)),
            Baseline::AtLeast(number) => at_least(number),
            Baseline::Since(date) => at_least(self.0.known_first_number_since(tee, date, now)?),
        }
    }

    /// The cache of verified PCK chains.
    pub fn pck_cache(&self) -> &PckCache {
        &self.0.pck_cache
    }

    /// Takes documents that an operator hands over, under the edition given. They must verify and must not
    /// be worse than those held.
    pub async fn import(
        &self,
        tee: Tee,
        edition: Edition,
        documents: CollateralDocuments,
        source: &str,
        now: UnixTime,
    ) -> Result<CollateralKey, ImportError> {
        let collateral = self
            .0
            .verified(documents, tee, now)
            .await
            .map_err(ImportError::Refused)?;
        let key = CollateralKey {
            tee,
            fmspc: collateral.fmspc(),
            ca: collateral.ca(),
            edition,
        };
        if let Some(found) = mislabelled(&collateral, &key) {
            return Err(ImportError::Mislabelled { expected: key, found });
        }
        let slot = self
            .0
            .slot(key)
            .map_err(|limit| ImportError::TooManyPlatforms { limit })?;
        let _flight = slot.flight.lock().await;
        if let Some(regression) = regression(&slot, &collateral) {
            return Err(ImportError::Regressed { key, regression });
        }
        self.0.keep(&slot, &Arc::new(collateral), source, now).await?;
        Ok(key)
    }

    /// Every set held, for export.
    pub(super) fn held_sets(&self) -> Vec<(CollateralKey, Arc<Held>)> {
        let mut held: Vec<_> = self
            .0
            .slots()
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
        let slot = self
            .0
            .slot(key)
            .map_err(|limit| CollateralUnavailable::TooManyPlatforms { limit })?;
        if let Some(collateral) = slot.current(now) {
            return Ok(collateral);
        }
        // A task of its own: a client that goes away must not take the others' answer with it.
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move { inner.fill(&slot, now).await })
            .await
            .unwrap_or(Err(CollateralUnavailable::Stopping))
    }

    /// The set with exactly this evaluation number. One of the two usual editions has it more often than not.
    async fn number(
        &self,
        key: CollateralKey,
        number: u32,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        for edition in [Edition::Standard, Edition::Early] {
            let slot = self.0.existing_slot(&key.with_edition(edition));
            if let Some(collateral) = slot.and_then(|slot| slot.current(now))
                && has_number(&collateral, number)
            {
                return Ok(collateral);
            }
        }
        self.edition(key.with_edition(Edition::Number(number)), now)
            .await
            .map_err(|error| match error {
                CollateralUnavailable::UnknownPlatform { .. } => CollateralUnavailable::BaselineNotOffered {
                    baseline: Baseline::Number(number),
                },
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

impl Inner {
    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        self.slots.load().values().cloned().collect()
    }

    pub(super) fn existing_slot(&self, key: &CollateralKey) -> Option<Arc<Slot>> {
        self.slots.load().get(key).cloned()
    }

    /// The slot of `key`, new if need be and if there is room; the limit otherwise.
    pub(super) fn slot(&self, key: CollateralKey) -> Result<Arc<Slot>, usize> {
        if let Some(slot) = self.existing_slot(&key) {
            return Ok(slot);
        }
        let limit = self.options.max_platforms;
        let platform = key.with_edition(Edition::Standard);
        let slots = self.slots.load();
        let platforms: HashSet<_> = slots
            .keys()
            .map(|key| key.with_edition(Edition::Standard))
            .collect();
        if platforms.len() >= limit && !platforms.contains(&platform) {
            return Err(limit);
        }
        Ok(self.slot_unlimited(key))
    }

    fn slot_unlimited(&self, key: CollateralKey) -> Arc<Slot> {
        let _growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = self.existing_slot(&key) {
            return slot;
        }
        let slot = Arc::new(Slot::new(key));
        let mut slots = HashMap::clone(&self.slots.load());
        slots.insert(key, Arc::clone(&slot));
        self.slots.store(Arc::new(slots));
        slot
    }

    /// Obtains a current set for a slot that has none; failing that, a stale one if the rule allows it.
    async fn fill(
        &self,
        slot: &Arc<Slot>,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let _flight = slot.flight.lock().await;
        // Somebody else's flight may have landed while this one waited.
        if let Some(collateral) = slot.current(now) {
            return Ok(collateral);
        }
        let error = match slot.recent_failure() {
            Some(error) => error,
            None => match self.fetch(slot, now).await {
                Ok(collateral) => return Ok(collateral),
                Err(error) => error,
            },
        };
        let Some(held) = slot.held() else {
            return Err(error);
        };
        match held.collateral.is_usable_at(now, self.options.staleness) {
            Ok(_) => Ok(Arc::clone(&held.collateral)),
            Err(_) => Err(CollateralUnavailable::Expired {
                key: slot.key,
                valid_until: held.collateral.valid_until(),
            }),
        }
    }

    /// Asks the sources in turn. The caller holds the slot's flight.
    pub(super) async fn fetch(
        &self,
        slot: &Slot,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let key = slot.key;
        let mut failure = CollateralUnavailable::UnknownPlatform { key };
        for source in &self.options.sources {
            let (outcome, error) = match source.documents(&key).await {
                Ok(documents) => match self.take(slot, documents, source.name(), now).await {
                    Ok(collateral) => {
                        self.count_fetch(source, "ok");
                        return Ok(collateral);
                    }
                    Err(error) => ("refused", error),
                },
                Err(SourceError::Unknown) => ("unknown", CollateralUnavailable::UnknownPlatform { key }),
                Err(error) => {
                    warn!(
                        collateral.key = %key,
                        collateral.source = source.name(),
                        error = %error,
                        "a collateral source failed",
                    );
                    ("unavailable", CollateralUnavailable::Unreachable { key })
                }
            };
            self.count_fetch(source, outcome);
            failure = more_telling(failure, error);
        }
        slot.record().failure = Some(Failure {
            at: std::time::Instant::now(),
            error: failure.clone(),
        });
        Err(failure)
    }

    /// Verifies what a source gave and puts it in use unless it is worse than what is held.
    async fn take(
        &self,
        slot: &Slot,
        documents: CollateralDocuments,
        source: &str,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let key = slot.key;
        let collateral = match self.verified(documents, key.tee, now).await {
            Ok(collateral) => collateral,
            Err(error) => {
                self.raise(slot, source, error.to_string(), now);
                return Err(CollateralUnavailable::Refused { key, error });
            }
        };
        if let Some(found) = mislabelled(&collateral, &key) {
            self.raise(slot, source, format!("the documents are for {found}"), now);
            return Err(CollateralUnavailable::UnknownPlatform { key });
        }
        if let Some(regression) = regression(slot, &collateral) {
            self.raise(slot, source, regression.to_string(), now);
            return Err(CollateralUnavailable::Regressed { key, regression });
        }
        let collateral = Arc::new(collateral);
        if let Err(error) = self.keep(slot, &collateral, source, now).await {
            // Good collateral is not thrown away because the disk is full.
            error!(collateral.key = %key, error = %error, "collateral could not be stored");
            slot.hold(held(Arc::clone(&collateral), source.to_owned(), now));
        }
        Ok(collateral)
    }

    /// Stores a set, and only then puts it in use.
    async fn keep(
        &self,
        slot: &Slot,
        collateral: &Arc<VerifiedCollateral>,
        source: &str,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.store
            .collateral_put(&record(&slot.key, collateral, source, now))
            .await?;
        slot.hold(held(Arc::clone(collateral), source.to_owned(), now));
        info!(
            collateral.key = %slot.key,
            collateral.source = source,
            collateral.evaluation_number = collateral.evaluation_number(),
            collateral.valid_until = %collateral.valid_until(),
            "collateral taken into use",
        );
        Ok(())
    }

    /// Off the async workers: a set takes some nine signature verifications.
    pub(super) async fn verified(
        &self,
        documents: CollateralDocuments,
        tee: Tee,
        now: UnixTime,
    ) -> Result<VerifiedCollateral, CollateralError> {
        let (anchors, staleness) = (Arc::clone(&self.options.anchors), self.options.staleness);
        let verify = move || VerifiedCollateral::verify(documents, tee, &anchors, now, staleness);
        match tokio::task::spawn_blocking(verify).await {
            Ok(verified) => verified,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn raise(&self, slot: &Slot, source: &str, reason: String, now: UnixTime) {
        error!(
            collateral.key = %slot.key,
            collateral.source = source,
            reason,
            "a collateral source gave documents that are refused; what is held stays in use",
        );
        self.metrics
            .collateral_alarms
            .get_or_create(&slot.key.labels())
            .inc();
        slot.record().alarm = Some(Alarm {
            raised_at: now,
            source: source.to_owned(),
            reason,
        });
    }

    fn count_fetch(&self, source: &Source, outcome: &'static str) {
        let labels = FetchLabels {
            source: source.name().to_owned(),
            outcome,
        };
        self.metrics.collateral_fetches.get_or_create(&labels).inc();
    }
}

fn held(collateral: Arc<VerifiedCollateral>, source: String, fetched_at: UnixTime) -> Held {
    let refresh_at = super::refresh::refresh_at(fetched_at, collateral.valid_until());
    Held {
        collateral,
        source,
        fetched_at,
        refresh_at,
    }
}

fn record(
    key: &CollateralKey,
    collateral: &VerifiedCollateral,
    source: &str,
    now: UnixTime,
) -> CollateralRecord {
    CollateralRecord {
        tee: key.tee_name().to_owned(),
        fmspc: key.fmspc_hex(),
        ca: key.ca_name().to_owned(),
        edition: key.edition.to_string(),
        documents: collateral.documents().clone(),
        source: source.to_owned(),
        fetched_at: now,
        tcb_info_evaluation_number: collateral.tcb_info_evaluation_number(),
        qe_identity_evaluation_number: collateral.qe_identity_evaluation_number(),
        pck_crl_number: collateral.pck_crl_number(),
        root_crl_number: collateral.root_crl_number(),
    }
}

fn regression(slot: &Slot, offered: &VerifiedCollateral) -> Option<Regression> {
    let floor = slot.record().floor?;
    floor.regression(&Floor::of(offered))
}

/// What the documents are for, if that is not `key`.
fn mislabelled(collateral: &VerifiedCollateral, key: &CollateralKey) -> Option<CollateralKey> {
    let mut found = CollateralKey {
        tee: collateral.tee(),
        fmspc: collateral.fmspc(),
        ca: collateral.ca(),
        edition: key.edition,
    };
    if let Edition::Number(number) = key.edition
        && !has_number(collateral, number)
    {
        found.edition = Edition::Number(collateral.evaluation_number());
    }
    (found != *key).then_some(found)
}

/// Documents fetched by number must both have it (Intel PCS API v4, `tcbEvaluationDataNumber`).
fn has_number(collateral: &VerifiedCollateral, number: u32) -> bool {
    collateral.tcb_info_evaluation_number() == number && collateral.qe_identity_evaluation_number() == number
}

/// Of two sources' failures the one that says more: a refusal over silence, silence over not knowing.
fn more_telling(one: CollateralUnavailable, other: CollateralUnavailable) -> CollateralUnavailable {
    let rank = |error: &CollateralUnavailable| match error {
        CollateralUnavailable::Refused { .. } => 3,
        CollateralUnavailable::Regressed { .. } => 2,
        CollateralUnavailable::Unreachable { .. } => 1,
        _ => 0,
    };
    if rank(&other) > rank(&one) { other } else { one }
}

#[cfg(test)]
mod tests;
