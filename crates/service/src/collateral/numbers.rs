//! Intel's lists of TCB evaluation data numbers: which are on offer, and from a date to the number that stands
//! for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use attestry_evidence::dcap::{EvaluationNumbers, Tee, VerifiedCollateral};
use attestry_evidence::time::UnixTime;
use tracing::warn;

use super::flights::FAILURE_LIFE;
use super::floors::RootId;
use super::service::Inner;

/// The verified lists, one for each root and TEE, used until their next update.
#[derive(Default)]
pub(super) struct NumberLists(Mutex<HashMap<(RootId, Tee), Arc<NumberList>>>);

#[derive(Default)]
struct NumberList {
    state: Mutex<State>,
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Arc<EvaluationNumbers>>,
    /// When it came.
    fetched_at: Option<UnixTime>,
    failed_at: Option<Instant>,
}

impl NumberLists {
    /// The list that goes with a verified set.
    fn of(&self, collateral: &VerifiedCollateral) -> Arc<NumberList> {
        let key = (RootId::of(collateral.documents()), collateral.tee());
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lists.entry(key).or_default())
    }
}

impl NumberList {
    fn current(&self, now: UnixTime) -> Option<Arc<EvaluationNumbers>> {
        self.state().held.clone().filter(|list| now < list.next_update())
    }

    /// The current list, if it came recently enough to say that a number is not offered.
    fn recent(&self, now: UnixTime) -> Option<Arc<EvaluationNumbers>> {
        let until = self.state().fetched_at?.add_seconds(RECENT_SECONDS)?;
        self.current(now).filter(|_| now < until)
    }

    fn has_failed_recently(&self) -> bool {
        let failed_at = self.state().failed_at;
        failed_at.is_some_and(|at| at.elapsed() < FAILURE_LIFE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// As [`Inner::first_number_since`], from the list held.
    pub(super) fn known_first_number_since(
        &self,
        collateral: &VerifiedCollateral,
        date: UnixTime,
        now: UnixTime,
    ) -> Option<u32> {
        self.numbers.of(collateral).current(now)?.first_since(date)
    }

    /// The smallest offered number whose TCB date is `date` or later.
    /// `collateral` is a verified set for the same TEE: its root CRL applies to the list's signer.
    pub(super) async fn first_number_since(
        &self,
        collateral: &VerifiedCollateral,
        date: UnixTime,
        now: UnixTime,
    ) -> Option<u32> {
        self.list(collateral, now).await?.first_since(date)
    }

    /// The current list, asked for when none is held; `collateral` as for [`Inner::first_number_since`].
    pub(super) async fn list(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
    ) -> Option<Arc<EvaluationNumbers>> {
        let list = self.numbers.of(collateral);
        match list.current(now) {
            Some(current) => Some(current),
            None => self.newer_list(&list, collateral, now).await,
        }
    }

    /// Whether Intel offers `number`; `None` if no list can be had.
    pub(super) async fn offers(
        &self,
        collateral: &VerifiedCollateral,
        number: u32,
        now: UnixTime,
    ) -> Option<bool> {
        let has = |list: &EvaluationNumbers| list.numbers().iter().any(|entry| entry.number == number);
        let list = self.numbers.of(collateral);
        if list.current(now).is_some_and(|current| has(&current)) {
            return Some(true);
        }
        let newest = match list.recent(now) {
            Some(recent) => recent,
            None => self.newer_list(&list, collateral, now).await?,
        };
        Some(has(&newest))
    }

    /// Asks for the list, once for all who wait and once in a while after a failure; the one held, if it is
    /// still current, when none comes.
    async fn newer_list(
        &self,
        list: &NumberList,
        collateral: &VerifiedCollateral,
        now: UnixTime,
    ) -> Option<Arc<EvaluationNumbers>> {
        let _flight = list.flight.lock().await;
        if let Some(recent) = list.recent(now) {
            return Some(recent);
        }
        if list.has_failed_recently() {
            return list.current(now);
        }
        let fetched = self.fetch_numbers(collateral, now).await;
        let mut state = list.state();
        match fetched {
            Some(fetched) => {
                *state = State {
                    held: Some(Arc::new(fetched)),
                    fetched_at: Some(now),
                    failed_at: None,
                };
            }
            None => state.failed_at = Some(Instant::now()),
        }
        drop(state);
        list.current(now)
    }

    async fn fetch_numbers(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
    ) -> Option<EvaluationNumbers> {
        for source in &self.options.sources {
            let signed = {
                let _outbound = self.flights.outbound().await;
                source.evaluation_numbers(collateral.tee()).await
            };
            let Ok(signed) = signed else { continue };
            let verified = EvaluationNumbers::verify(
                &signed.document,
                &signed.issuer_chain,
                collateral,
                &self.options.anchors,
                now,
            );
            match verified {
                Ok(list) => return Some(list),
                Err(error) => warn!(
                    collateral.source = source.name(),
                    error = %error,
                    "a list of TCB evaluation data numbers was refused",
                ),
            }
        }
        None
    }
}

/// A number that is not on a list as old as this may have been added since.
const RECENT_SECONDS: i64 = 3_600;
