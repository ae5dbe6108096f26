//! Liveness, readiness and metrics. They say what is so: a service that cannot answer is not ready.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use attestry_api::error::ErrorCode;
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{ApiError, App, api_version::OptionalVersion};
use crate::{diagnostics::DiagnosticLog, store::Store};

/// The process answers, and says when it is not to be relied on.
pub(super) async fn live(State(app): State<App>) -> &'static str {
    let providers = app.directory.current();
    if providers.iter().any(|provider| provider.settings.development) {
        "ok\ndevelopment mode\n"
    } else {
        "ok\n"
    }
}

/// The service can do its job: the store answers, some provider has a key to sign with, requests can be recorded, and
/// it is not about to stop.
pub(super) async fn ready(State(app): State<App>, Extension(probe): Extension<Arc<StoreProbe>>) -> Response {
    let health = Health::of(&app, &probe).await;
    let status = if health.ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health.report())).into_response()
}

/// MAA's own probe (`ServiceHealth_Get` of 2026-03-11-preview): 204 when ready.
pub(super) async fn service(
    State(app): State<App>,
    Extension(probe): Extension<Arc<StoreProbe>>,
    _: OptionalVersion,
) -> Result<StatusCode, ApiError> {
    if Health::of(&app, &probe).await.ready() {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::new(
        ErrorCode::ServiceUnavailable,
        "the service is not ready",
    ))
}

/// What readiness depends on.
#[expect(clippy::struct_excessive_bools, reason = "the report has them one by one")]
struct Health {
    store: bool,
    providers: bool,
    diagnostics: bool,
    draining: bool,
}

impl Health {
    async fn of(app: &App, probe: &StoreProbe) -> Self {
        Self {
            store: probe.answers(Instant::now()).await,
            providers: !app.directory.current().is_empty(),
            diagnostics: !app.diagnostics.as_ref().is_some_and(DiagnosticLog::is_failing),
            draining: app.draining.is_cancelled(),
        }
    }

    fn ready(&self) -> bool {
        self.store && self.providers && self.diagnostics && !self.draining
    }

    fn report(&self) -> Value {
        json!({
            "ready": self.ready(),
            "store": self.store,
            "providers": self.providers,
            "diagnostics": self.diagnostics,
            "draining": self.draining,
        })
    }
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
