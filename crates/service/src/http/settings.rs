//! `/attestry/v1/settings`: the settings of a provider that are its administrators' to choose.

use attestry_api::json;
use axum::{
    Json,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    ApiError, App, address::ForProvider, body::Body, caller::Caller, changes::waiting, signed_body::jws_in,
};
use crate::{
    administration::{AdministrationError, Change, Outcome, settings_in},
    authz::Operation,
    provider::{OwnSettings, Provider},
};

pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
) -> Result<Json<Value>, ApiError> {
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    Ok(Json(shown(&provider)))
}

/// Replaces all of them: the body is `{"settings": {...}}`, or a JWS with that payload; an isolated provider needs one.
pub(super) async fn put(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    caller.may(&app, Operation::WritePolicies, &provider)?;
    let Body(body) = Body::from_request(request, &app).await?;
    let (settings, envelope) = asked(&body)?;
    let change = Change::Settings { settings, envelope };
    let actor = caller.begin_change().await?;
    if let Outcome::Waiting(record) = app.administration.submit(&provider, change, &actor).await? {
        return Ok(waiting(&provider, &record));
    }
    let now = app.directory.current().get(&provider.name).unwrap_or(provider);
    Ok(Json(shown(&now)).into_response())
}

fn asked(body: &[u8]) -> Result<(OwnSettings, Option<String>), ApiError> {
    if json::parse_strict(body).is_ok_and(|value| value.get("settings").is_some()) {
        return Ok((settings_in(body)?, None));
    }
    let jws = jws_in(body)?;
    let payload = jws
        .split('.')
        .nth(1)
        .and_then(|part| attestry_api::b64::decode_url(part).ok());
    // Believed only once the signature is verified.
    let settings = settings_in(&payload.ok_or(AdministrationError::SettingsPayload)?)?;
    Ok((settings, Some(jws)))
}

fn shown(provider: &Provider) -> Value {
    let settings = &provider.settings;
    let statuses: Vec<_> = settings
        .accepted_tcb_statuses
        .iter()
        .map(|status| status.name())
        .collect();
    json!({
        "settings": {
            "acceptedTcbStatuses": statuses,
            "explain": settings.explain,
            "tokenExtensions": settings.token_extensions,
            "requireBoundSignatures": settings.bound_signatures,
            "twoPersonChanges": settings.two_person,
            "recordDecisions": settings.recorded_decisions,
        },
        "changeable": provider.resource.is_some(),
    })
}
