//! Liveness, readiness and metrics. They say what is so: a service that cannot answer is not ready.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;
use tokio::sync::Mutex;

use super::App;
use crate::store::Store;

/// The process answers, and says when it is not to be relied on.
pub(super) async fn live(State(app): State<App>) -> &'static str {
    let providers = app.directory.current();
    if providers.iter().any(|provider| provider.settings.development) {
        "ok\ndevelopment mode\n"
    } else {
        "ok\n"
    }
}

/// The service can do its job: the store answers, some provider has a key to sign with, and it is not about
/// to stop.
pub(super) async fn ready(State(app): State<App>, Extension(probe): Extension<Arc<StoreProbe>>) -> Response {
    let store = probe.answers(Instant::now()).await;
    let providers = !app.directory.current().is_empty();
    let draining = app.draining.is_cancelled();
    let ready = store && providers && !draining;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let report = json!({ "ready": ready, "store": store, "providers": providers, "draining": draining });
    (status, Json(report)).into_response()
}

/// All metrics as OpenMetrics text.
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, OPEN_METRICS)], app.metrics.render())
}

/// Whether the store answers, asked at most once a second whoever wants to know: a probe takes the write lock, which
/// strangers must not keep from those who write.
pub(super) struct StoreProbe {
    store: Store,
    last: Mutex<Option<(Instant, bool)>>,
}

impl StoreProbe {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            last: Mutex::default(),
        }
    }

    async fn answers(&self, now: Instant) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, answered)) = *last
            && now.saturating_duration_since(at) < PROBE_LIFE
        {
            return answered;
        }
        let answers = self.store.probe().await.is_ok();
        *last = Some((now, answers));
        answers
    }
}

const PROBE_LIFE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
