//! The generations of TCB levels that platforms can be judged by: those on Intel's list and those held.

use std::collections::BTreeMap;
use std::sync::Arc;

use attestry_evidence::dcap::{EvaluationNumbers, Tee, VerifiedCollateral};
use attestry_evidence::time::UnixTime;

use super::{Baseline, CollateralService, Edition};

/// What is known of the generations for one TEE at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generations {
    /// TCB date by evaluation number; `None` for a number that is held and not on a list.
    by_number: BTreeMap<u32, Option<UnixTime>>,
    standard: Option<u32>,
    early: Option<u32>,
}

impl Generations {
    /// Every known number with its TCB date, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, Option<UnixTime>)> {
        self.by_number.iter().map(|(number, date)| (*number, *date))
    }

    /// The TCB date of a number, if it is known.
    pub fn date_of(&self, number: u32) -> Option<UnixTime> {
        self.by_number.get(&number).copied().flatten()
    }

    /// The number that a platform is judged by under `baseline`, as far as it is known without a platform.
    pub fn in_force(&self, baseline: Baseline) -> Option<u32> {
        match baseline {
            Baseline::Latest => self.standard,
            Baseline::Early => self.early,
            Baseline::Number(number) => Some(number),
            Baseline::AtLeast(number) => self.at_least(number),
            Baseline::Since(date) => {
                let first = self.iter().find(|(_, of)| of.is_some_and(|of| of >= date));
                self.at_least(first?.0)
            }
        }
    }

    /// As when evidence is judged: the standard set if it is new enough, else the early one.
    fn at_least(&self, number: u32) -> Option<u32> {
        [self.standard, self.early]
            .into_iter()
            .flatten()
            .find(|held| *held >= number)
    }
}

impl CollateralService {
    /// The generations known for `tee`. Where a set is held, Intel's list is asked for when it is due; without one,
    /// nothing is known.
    pub async fn generations(&self, tee: Tee, now: UnixTime) -> Generations {
        let held = self.held_sets();
        let of_tee = || held.iter().filter(|(key, _)| key.tee == tee);
        let newest = |edition| {
            let of_edition = of_tee().filter(|(key, _)| key.edition == edition);
            of_edition
                .map(|(_, held)| held.collateral.evaluation_number())
                .max()
        };
        let mut generations = Generations {
            by_number: of_tee()
                .map(|(_, held)| (held.collateral.evaluation_number(), None))
                .collect(),
            standard: newest(Edition::Standard),
            early: newest(Edition::Early),
        };
        let standard = of_tee().find(|(key, _)| key.edition == Edition::Standard);
        if let Some((_, held)) = standard
            && let Some(list) = self.list(&held.collateral, now).await
        {
            let offered = list.numbers().iter();
            generations
                .by_number
                .extend(offered.map(|entry| (entry.number, Some(entry.tcb_date))));
        }
        generations
    }

    /// In a task of its own: a client that goes away must not take the others' answer with it.
    async fn list(
        &self,
        collateral: &Arc<VerifiedCollateral>,
        now: UnixTime,
    ) -> Option<Arc<EvaluationNumbers>> {
        let (inner, collateral) = (Arc::clone(&self.0), Arc::clone(collateral));
        tokio::spawn(async move { inner.list(&collateral, now).await })
            .await
            .ok()
            .flatten()
    }
}

#[cfg(test)]
mod tests;
