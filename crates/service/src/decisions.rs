//! Recorded decisions, and what another policy would have made of them.
//!
//! A provider may want its attestations recorded, evidence and all, so that a new policy can be tried on them before it
//! counts. They are sealed before they are stored and bounded in number; recording never delays an attestation, and
//! what cannot be written is counted. Refusals before the policy are not recorded: no policy would change them.

mod replay;

use std::sync::Arc;

use attestry_api::{AttestationType, b64};
use attestry_evidence::time::UnixTime;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;

pub use self::replay::{Difference, Replay, replay};
use crate::{
    attest::{AttestError, Attested, RequestForm},
    clock::Clock,
    provider::Provider,
    store::{NewDecision, Store, StoreError},
    telemetry::Metrics,
};

/// Decisions that may wait to be written: a few seconds' worth, of some 20 KiB each.
const QUEUE: usize = 512;
/// Decisions written in one transaction.
const BATCH: usize = 64;
/// The largest request recorded. Larger ones are runtime data; a hundred of them would fill the queue's memory.
const MAX_BODY_BYTES: usize = 128 * 1024;

/// Policies that are tried at a time, of all providers: each takes a core for as long as it lasts.
const TRIALS: usize = 2;

/// The decisions that were recorded, and the way to record more.
#[derive(Debug, Clone)]
pub struct Decisions {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    queue: mpsc::Sender<NewDecision>,
    trials: Arc<Semaphore>,
}

/// What is kept of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    form: RequestForm,
    /// The request's body, base64url.
    body: String,
    /// `permit`, or the code of the refusal.
    outcome: String,
}

/// A recorded decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its number.
    pub id: i64,
    /// When it was decided.
    pub at: UnixTime,
    /// `permit`, or what the policy did instead.
    pub outcome: String,
    form: RequestForm,
    body: Vec<u8>,
}

impl Decisions {
    /// Starts to write what is offered, until `stop`; what waits then is written still.
    pub fn start(
        store: Store,
        clock: Clock,
        metrics: Arc<Metrics>,
        jobs: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        jobs.spawn(write(waiting, store.clone(), Arc::clone(&metrics), stop));
        Self {
            store,
            clock,
            metrics,
            queue,
            trials: Arc::new(Semaphore::new(TRIALS)),
        }
    }

    /// Records a decision of a provider that wants it, unless there is too much to write.
    pub fn offer(
        &self,
        provider: &Provider,
        kind: AttestationType,
        form: RequestForm,
        body: &[u8],
        outcome: &Result<Attested, AttestError>,
    ) {
        let Some(outcome) = outcome_of(outcome) else {
            return;
        };
        let content = Content {
            form,
            body: b64::encode_url(body),
            outcome: outcome.to_owned(),
        };
        let new = NewDecision {
            provider: provider.name.clone(),
            creation: provider.creation().unwrap_or_default().to_owned(),
            attestation_type: kind.name(),
            content: serde_json::to_vec(&content).unwrap_or_default(),
            keep: provider.settings.recorded_decisions,
            created_at: self.clock.now(),
        };
        if body.len() > MAX_BODY_BYTES || self.queue.try_send(new).is_err() {
            self.metrics.decisions_lost.inc();
        }
    }

    /// The right to try a policy on recorded decisions; `None` when too many are being tried.
    pub fn trial(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.trials).try_acquire_owned().ok()
    }

    /// Numbers of the newest recorded decisions of a provider and type, newest first.
    pub async fn newest(
        &self,
        provider: &str,
        kind: AttestationType,
        limit: u32,
    ) -> Result<Vec<i64>, StoreError> {
        self.store.decision_numbers(provider, kind.name(), limit).await
    }

    /// One recorded decision; `None` when it was forgotten in the meantime.
    pub async fn get(
        &self,
        provider: &str,
        kind: AttestationType,
        id: i64,
    ) -> Result<Option<Decision>, StoreError> {
        let Some(record) = self.store.decision_get(provider, kind.name(), id).await? else {
            return Ok(None);
        };
        let content: Option<Content> = serde_json::from_slice(&record.content).ok();
        Ok(content.and_then(|content| {
            Some(Decision {
                id: record.id,
                at: record.created_at,
                outcome: content.outcome,
                form: content.form,
                body: b64::decode_url(&content.body).ok()?,
            })
        }))
    }
}

/// What the policy decided; `None` when it was not asked, or the request brought a policy of its own.
fn outcome_of(outcome: &Result<Attested, AttestError>) -> Option<&'static str> {
    match outcome {
        Ok(attested) if attested.token.ends_with('.') => None,
        Ok(_) => Some("permit"),
        Err(AttestError::Denied(_)) => Some("deny"),
        Err(AttestError::Evaluation(_)) => Some("error"),
        Err(_) => None,
    }
}

async fn write(
    mut waiting: mpsc::Receiver<NewDecision>,
    store: Store,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let stopping = stop
            .run_until_cancelled(waiting.recv_many(&mut batch, BATCH))
            .await
            .is_none();
        if stopping {
            waiting.close();
            while let Ok(last) = waiting.try_recv() {
                batch.push(last);
            }
        }
        if !batch.is_empty()
            && let Err(error) = store.decision_put(&batch).await
        {
            error!(error = %error, "recorded decisions could not be stored");
            metrics
                .decisions_lost
                .inc_by(u64::try_from(batch.len()).unwrap_or(u64::MAX));
        }
        if stopping || (batch.is_empty() && waiting.is_closed()) {
            return;
        }
        batch.clear();
    }
}
