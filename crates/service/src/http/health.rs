//! Liveness, readiness and metrics. They say what is so: a service that cannot answer is not ready.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use super::App;

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// The service can do its job: the store answers, some provider has a key to sign with, and it is not about
/// to stop.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let store = app.store.probe().await.is_ok();
    let providers = app.directory.current().iter().count() > 0;
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
