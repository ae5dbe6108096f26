//! `POST /attest/{type}`: evidence in, token out.

use std::sync::Arc;

use attestry_api::AttestationType;
use axum::{
    Json,
    extract::{FromRequestParts, State},
};
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};
use tracing::info;

use super::{
    ApiError, App, address::ForProvider, api_version::Version, body::Body, limit::Admitted, path::Segment,
};
use crate::{
    attest::{AttestError, Attested, Place, RequestForm, WorkPoolError},
    provider::{ExplainLevel, Provider},
    telemetry::{metrics::AttestationLabels, one_line},
};

/// The form of all versions since 2020-10-01, and under this path also the one before.
pub(super) async fn post(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    Version(version): Version,
    Segment(name): Segment,
    _: Admitted,
    _place: Place,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    if version.is_preview_2018() {
        return attest(&app, provider, &name, RequestForm::Preview2018, body)
            .await
            .map(|token| Json(token.into()));
    }
    let token = attest(&app, provider, &name, RequestForm::Current, body).await?;
    Ok(Json(json!({ "token": token })))
}

/// The form of the 2018 preview, whatever version is named: other members, and a bare string as answer.
pub(super) async fn post_2018(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    Segment(name): Segment,
    _: Admitted,
    _place: Place,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    attest(&app, provider, &name, RequestForm::Preview2018, body)
        .await
        .map(|token| Json(token.into()))
}

/// Taken before the body is read, which is the extractor after this one.
impl FromRequestParts<App> for Place {
    type Rejection = ApiError;

    async fn from_request_parts(_parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.attestor.place().map_err(|error| {
            app.metrics.shed.inc();
            ApiError::from_attest(&error, ExplainLevel::None)
        })
    }
}

async fn attest(
    app: &App,
    provider: Arc<Provider>,
    name: &str,
    form: RequestForm,
    body: Bytes,
) -> Result<String, ApiError> {
    let kind: AttestationType = name
        .parse()
        .map_err(|error| ApiError::parameter("unknown_type", "type", error))?;
    let recorded = (provider.settings.recorded_decisions > 0).then(|| body.clone());
    let outcome = app.attestor.attest(Arc::clone(&provider), kind, form, body).await;
    record(app, &provider, kind, &outcome);
    if let Some(body) = recorded {
        app.decisions.offer(&provider, kind, form, &body, &outcome);
    }
    outcome
        .map(|attested| attested.token)
        .map_err(|error| ApiError::from_attest(&error, provider.settings.explain))
}

/// The decision, for the log and the metrics: never evidence, data or tokens.
fn record(app: &App, provider: &Provider, kind: AttestationType, outcome: &Result<Attested, AttestError>) {
    let (label, tcb_status) = match outcome {
        Ok(attested) => ("token", attested.tcb_status),
        Err(AttestError::TcbStatus(refusal)) => ("appraisal", refusal.status.name()),
        Err(error) => (error.stage(), ""),
    };
    if matches!(outcome, Err(AttestError::Pool(WorkPoolError::Overloaded))) {
        app.metrics.shed.inc();
    }
    let refusal = outcome.as_ref().err().map(|error| one_line(&error.to_string()));
    let refusal = refusal.as_ref().map(tracing::field::display);
    info!(
        provider.name = provider.name,
        attest.type = kind.name(),
        attest.outcome = label,
        attest.tcb_status = tcb_status,
        attest.refusal = refusal,
        "decided"
    );
    let labels = AttestationLabels {
        attestation_type: kind.name(),
        outcome: label,
        tcb_status,
    };
    app.metrics.attestations.get_or_create(&labels).inc();
}
