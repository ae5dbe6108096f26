//! Intel's lists of TCB evaluation data numbers: from a date to the number that stands for it.

use std::sync::{Arc, Mutex, PoisonError};

use attestry_evidence::dcap::{EvaluationNumbers, Tee, VerifiedCollateral};
use attestry_evidence::time::UnixTime;
use tracing::warn;

use super::service::Inner;

/// The verified lists, SGX's and TDX's, used until their next update.
#[derive(Default)]
pub(super) struct NumberLists {
    sgx: NumberList,
    tdx: NumberList,
}

#[derive(Default)]
struct NumberList {
    held: Mutex<Option<Arc<EvaluationNumbers>>>,
    flight: tokio::sync::Mutex<()>,
}

impl NumberLists {
    fn of(&self, tee: Tee) -> &NumberList {
        match tee {
            Tee::Sgx => &self.sgx,
            Tee::Tdx => &self.tdx,
        }
    }
}

impl NumberList {
    fn current(&self, now: UnixTime) -> Option<Arc<EvaluationNumbers>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|list| now < list.next_update())
    }
}

impl Inner {
    /// As [`Inner::first_number_since`], from the list held.
    pub(super) fn known_first_number_since(&self, tee: Tee, date: UnixTime, now: UnixTime) -> Option<u32> {
        self.numbers.of(tee).current(now)?.first_since(date)
    }

    /// The smallest offered number whose TCB date is `date` or later.
    /// `collateral` is a verified set for the same TEE: its root CRL applies to the list's signer.
    pub(super) async fn first_number_since(
        &self,
        collateral: &VerifiedCollateral,
        date: UnixTime,
        now: UnixTime,
    ) -> Option<u32> {
        let lists = self.numbers.of(collateral.tee());
        if let Some(list) = lists.current(now) {
            return list.first_since(date);
        }
        let _flight = lists.flight.lock().await;
        if let Some(list) = lists.current(now) {
            return list.first_since(date);
        }
        let list = self.fetch_numbers(collateral, now).await?;
        *lists.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&list));
        list.first_since(date)
    }

    async fn fetch_numbers(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
    ) -> Option<Arc<EvaluationNumbers>> {
        for source in &self.options.sources {
            let Ok(signed) = source.evaluation_numbers(collateral.tee()).await else {
                continue;
            };
            let verified = EvaluationNumbers::verify(
                &signed.document,
                &signed.issuer_chain,
                collateral,
                &self.options.anchors,
                now,
            );
            match verified {
                Ok(list) => return Some(Arc::new(list)),
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
