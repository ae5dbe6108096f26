//! `POST /attest/{type}`: evidence in, token out.

use std::sync::Arc;

use attestry_api::{AttestationType, request::AttestRequest};
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{ApiError, App, address::ForProvider, api_version::Version, body::Body};
use crate::{
    attest::{AttestError, Attested, WorkPoolError},
    provider::Provider,
    telemetry::metrics::AttestationLabels,
};

/// The form of all versions since 2020-10-01.
pub(super) async fn post(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    Version(version): Version,
    Path(name): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    if version.is_preview_2018() {
        return preview_2018(&app, &provider, &name, &body).await;
    }
    let kind = kind_of(&name)?;
    let token = attest(&app, &provider, kind, AttestRequest::from_json(&body, kind)).await?;
    Ok(Json(json!({ "token": token })))
}

/// The form of the 2018 preview, whatever version is named: other members, and a bare string as answer.
pub(super) async fn post_2018(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    Path(name): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    preview_2018(&app, &provider, &name, &body).await
}

async fn preview_2018(
    app: &App,
    provider: &Arc<Provider>,
    name: &str,
    body: &[u8],
) -> Result<Json<Value>, ApiError> {
    let kind = kind_of(name)?;
    attest(app, provider, kind, AttestRequest::from_json_2018(body))
        .await
        .map(|token| Json(token.into()))
}

fn kind_of(name: &str) -> Result<AttestationType, ApiError> {
    name.parse()
        .map_err(|error| ApiError::parameter("unknown_type", "type", error))
}

async fn attest(
    app: &App,
    provider: &Arc<Provider>,
    kind: AttestationType,
    request: Result<AttestRequest, attestry_api::request::RequestError>,
) -> Result<String, ApiError> {
    let outcome = match request {
        Ok(request) => app.attestor.attest(Arc::clone(provider), kind, request).await,
        Err(error) => Err(error.into()),
    };
    count(app, kind, &outcome);
    outcome
        .map(|attested| attested.token)
        .map_err(|error| ApiError::from_attest(&error, provider.settings.explain))
}

fn count(app: &App, kind: AttestationType, outcome: &Result<Attested, AttestError>) {
    let (outcome, tcb_status) = match outcome {
        Ok(attested) => ("token", attested.tcb_status),
        Err(AttestError::TcbStatus(refusal)) => ("appraisal", refusal.status.name()),
        Err(error) => {
            if matches!(error, AttestError::Pool(WorkPoolError::Overloaded)) {
                app.metrics.shed.inc();
            }
            (error.stage(), "")
        }
    };
    let labels = AttestationLabels {
        attestation_type: kind.name(),
        outcome,
        tcb_status,
    };
    app.metrics.attestations.get_or_create(&labels).inc();
}
