//! From a source, an operator or the store into use: what documents must stand before they are held.

use std::sync::Arc;

use attestry_evidence::dcap::{CollateralDocuments, CollateralError, Tee, VerifiedCollateral};
use attestry_evidence::time::UnixTime;
use tracing::{error, info, warn};

use super::floors::{Floors, Numbers, RootId};
use super::refresh;
use super::service::Inner;
use super::slot::{Held, Slot};
use super::slots::Full;
use super::source::SourceError;
use super::{Alarm, CollateralKey, CollateralUnavailable, Edition, ImportError, Regression, Source};
use crate::store::{CollateralRecord, StoreError};
use crate::telemetry::metrics::FetchLabels;

/// Why a good set is not kept.
pub(super) enum NotKept {
    Full(Full),
    Regressed(Regression),
    Store(StoreError),
}

impl Inner {
    /// Asks the sources in turn. The caller has the key's flight.
    pub(super) async fn fetch(
        &self,
        key: CollateralKey,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let mut failure = CollateralUnavailable::UnknownPlatform { key };
        for source in &self.options.sources {
            let documents = {
                let _outbound = self.flights.outbound().await;
                source.documents(&key).await
            };
            let (outcome, error) = match documents {
                Ok(documents) => match self.take(key, documents, source.name(), now).await {
                    Ok(collateral) => {
                        self.count_fetch(source, "ok");
                        self.flights.landed(&key);
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
        self.flights.failed(key, failure.clone());
        if let Some(slot) = self.slots.get(&key) {
            let mut record = slot.record();
            record.failure = Some(failure.to_string());
            record.retry_at = refresh::retry_at(now);
        }
        Err(failure)
    }

    /// Verifies what a source gave and puts it in use unless it is worse than what was taken before.
    async fn take(
        &self,
        key: CollateralKey,
        documents: CollateralDocuments,
        source: &str,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
        let collateral = match self.verified(documents, key.tee, now).await {
            Ok(collateral) => Arc::new(collateral),
            Err(error) => {
                self.raise(key, source, error.to_string(), now);
                return Err(CollateralUnavailable::Refused { key, error });
            }
        };
        if let Some(found) = mislabelled(&collateral, &key) {
            self.raise(key, source, format!("the documents are for {found}"), now);
            return Err(CollateralUnavailable::UnknownPlatform { key });
        }
        match self.keep(key, &collateral, source, now).await {
            Ok(()) => Ok(collateral),
            Err(NotKept::Full(full)) => Err(full.into()),
            Err(NotKept::Regressed(regression)) => {
                self.raise(key, source, regression.to_string(), now);
                Err(CollateralUnavailable::Regressed { key, regression })
            }
            Err(NotKept::Store(error)) => {
                // Good collateral is not thrown away because the disk is full.
                error!(collateral.key = %key, error = %error, "collateral could not be stored");
                let slot = self.slots.get_or_add(key)?;
                self.hold(&slot, &collateral, source, now);
                Ok(collateral)
            }
        }
    }

    /// Takes documents that an operator hands over, under `label` or, without one, under what they say.
    pub(super) async fn import(
        &self,
        label: Result<CollateralKey, (Tee, Edition)>,
        documents: CollateralDocuments,
        source: &str,
        now: UnixTime,
    ) -> Result<CollateralKey, ImportError> {
        let (tee, edition) = label.map_or_else(|unlabelled| unlabelled, |key| (key.tee, key.edition));
        let collateral = self
            .verified(documents, tee, now)
            .await
            .map_err(ImportError::Refused)?;
        let key = label.unwrap_or(CollateralKey {
            tee,
            fmspc: collateral.fmspc(),
            ca: collateral.ca(),
            edition,
        });
        if let Some(found) = mislabelled(&collateral, &key) {
            return Err(ImportError::Mislabelled { expected: key, found });
        }
        let flight = self.flights.of(key);
        let _flight = flight.lock().await;
        match self.keep(key, &Arc::new(collateral), source, now).await {
            Ok(()) => {
                self.flights.landed(&key);
                Ok(key)
            }
            Err(NotKept::Full(full)) => Err(full.into()),
            Err(NotKept::Regressed(regression)) => Err(ImportError::Regressed { key, regression }),
            Err(NotKept::Store(error)) => Err(error.into()),
        }
    }

    /// Stores a set unless it is worse than what was taken before, and only then puts it in use.
    async fn keep(
        &self,
        key: CollateralKey,
        collateral: &Arc<VerifiedCollateral>,
        source: &str,
        now: UnixTime,
    ) -> Result<(), NotKept> {
        let numbers = Numbers::of(key, collateral);
        if let Some(regression) = self.regression(&self.floors, &numbers, now) {
            return Err(NotKept::Regressed(regression));
        }
        let slot = self.slots.get_or_add(key).map_err(NotKept::Full)?;
        let stored = self
            .store
            .collateral_put(&record(&key, collateral, source, now))
            .await
            .map_err(NotKept::Store)?;
        if !stored {
            // Another process has stored better ones meanwhile.
            self.restore(key, now).await.map_err(NotKept::Store)?;
            let regression = self.regression(&self.floors, &numbers, now);
            return Err(regression.map_or(NotKept::Store(NOT_STORED), NotKept::Regressed));
        }
        self.hold(&slot, collateral, source, now);
        info!(
            collateral.key = %key,
            collateral.source = source,
            collateral.evaluation_number = collateral.evaluation_number(),
            collateral.valid_until = %collateral.valid_until(),
            "collateral taken into use",
        );
        Ok(())
    }

    /// Why a set with these numbers would be a step back. A set of another trusted root is one as long as what
    /// is held can be used: whoever has the key of one root must not displace what another has issued.
    fn regression(&self, floors: &Floors, offered: &Numbers, now: UnixTime) -> Option<Regression> {
        let usable = self
            .slots
            .get(&offered.key)
            .and_then(|slot| slot.usable(now, self.options.staleness));
        let root = usable.map(|collateral| RootId::of(collateral.documents()));
        match root {
            Some(root) if root != offered.root => Some(Regression {
                field: "root_ca",
                held: root.to_hex(),
                offered: offered.root.to_hex(),
            }),
            _ => floors.regression(offered),
        }
    }

    fn hold(&self, slot: &Slot, collateral: &Arc<VerifiedCollateral>, source: &str, now: UnixTime) {
        self.floors.raise(&Numbers::of(slot.key, collateral));
        slot.hold(held(Arc::clone(collateral), source.to_owned(), now));
    }

    /// Takes in what the store has for `key`. The caller has the key's flight.
    async fn restore(&self, key: CollateralKey, now: UnixTime) -> Result<(), StoreError> {
        let floors = self.floors.clone();
        for record in self.store.collateral_list().await? {
            if key_of(&record)? == key {
                self.take_stored(key, record, &floors, now).await;
            }
        }
        Ok(())
    }

    /// Takes a stored set into use, as far as it can be used at `now` and is above `floors`. Its numbers count
    /// also when it has expired. The caller has the key's flight.
    pub(super) async fn take_stored(
        &self,
        key: CollateralKey,
        stored: CollateralRecord,
        floors: &Floors,
        now: UnixTime,
    ) {
        // Kept already, so the limits have no say.
        let slot = self.slots.restore(key);
        let known = slot.held();
        if known.is_some_and(|held| held.collateral.documents() == &stored.documents) {
            return;
        }
        let numbers = Numbers::of_record(key, &stored);
        let collateral = match self.verified(stored.documents, key.tee, now).await {
            Ok(collateral) => collateral,
            Err(error) => {
                info!(collateral.key = %key, error = %error, "stored collateral cannot be used now");
                self.floors.raise(&numbers);
                return;
            }
        };
        if let Some(found) = mislabelled(&collateral, &key) {
            self.raise(key, STORE, format!("the documents are for {found}"), now);
            return;
        }
        let numbers = Numbers::of(key, &collateral);
        if let Some(regression) = self.regression(floors, &numbers, now) {
            self.raise(key, STORE, regression.to_string(), now);
            return;
        }
        self.floors.raise(&numbers);
        slot.hold(held(Arc::new(collateral), stored.source, stored.fetched_at));
        self.flights.landed(&key);
    }

    /// Off the async workers: a set takes some nine signature verifications.
    async fn verified(
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

    fn raise(&self, key: CollateralKey, source: &str, reason: String, now: UnixTime) {
        error!(
            collateral.key = %key,
            collateral.source = source,
            reason,
            "a collateral source gave documents that are refused; what is held stays in use",
        );
        let slot = self.slots.get(&key);
        // A number that nothing is held for may be anybody's invention: it gets no counter of its own.
        let counted = match key.edition {
            Edition::Number(_) if slot.is_none() => key.with_edition(Edition::Standard),
            _ => key,
        };
        let alarms = &self.metrics.collateral_alarms;
        alarms.get_or_create(&counted.labels()).inc();
        if let Some(slot) = slot {
            slot.record().alarm = Some(Alarm {
                raised_at: now,
                source: source.to_owned(),
                reason,
            });
        }
    }

    fn count_fetch(&self, source: &Source, outcome: &'static str) {
        let labels = FetchLabels {
            source: source.name().to_owned(),
            outcome,
        };
        self.metrics.collateral_fetches.get_or_create(&labels).inc();
    }
}

/// The key that a record is stored under.
pub(super) fn key_of(record: &CollateralRecord) -> Result<CollateralKey, StoreError> {
    CollateralKey::from_texts(&record.tee, &record.fmspc, &record.ca, &record.edition)
}

fn held(collateral: Arc<VerifiedCollateral>, source: String, fetched_at: UnixTime) -> Held {
    let refresh_at = refresh::refresh_at(fetched_at, collateral.valid_until());
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
        root: RootId::of(collateral.documents()).to_hex(),
        documents: collateral.documents().clone(),
        source: source.to_owned(),
        fetched_at: now,
        tcb_info_evaluation_number: collateral.tcb_info_evaluation_number(),
        qe_identity_evaluation_number: collateral.qe_identity_evaluation_number(),
        pck_crl_number: collateral.pck_crl_number(),
        root_crl_number: collateral.root_crl_number(),
    }
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
pub(super) fn has_number(collateral: &VerifiedCollateral, number: u32) -> bool {
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

/// The name that the store goes by where sources are named.
const STORE: &str = "store";

/// The store refused a set although it is not worse than what the store has.
const NOT_STORED: StoreError = StoreError::Malformed { what: "collateral" };
