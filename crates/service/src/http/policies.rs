//! `/policies/{type}`: the policy of an attestation type.

use std::borrow::Cow;

use attestry_api::{
    AttestationType, claim,
    error::ErrorCode,
    policy_envelope::{EMPTY_ENVELOPE, wrap_unsigned},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Map, Value, json};

use super::{ApiError, App, address::ForProvider, api_version::Version};
use crate::provider::{Provider, default_text};

/// Answers the stored envelope exactly as it was set, in a signed token.
pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    Path(segment): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (name, action) = split_action(&segment);
    if action.is_some() {
        return Err(ApiError::new(
            ErrorCode::MethodNotAllowed,
            "actions on policies take POST only",
        ));
    }
    let kind: AttestationType = name
        .parse()
        .map_err(|error| ApiError::parameter("unknown_type", "type", error))?;
    let claims = Map::from_iter([(claim::POLICY.to_owned(), envelope(&provider, kind).into())]);
    let token = provider.management_token(claims, app.token_clock.now())?;
    Ok(Json(json!({ "token": token })))
}

/// The policy as it was set, else the default one, which MAA has also for types that are not attested here; the empty
/// envelope for types without.
fn envelope(provider: &Provider, kind: AttestationType) -> Cow<'_, str> {
    match (provider.policies.get(&kind), default_text(kind, provider.mode)) {
        (Some(policy), _) => policy.envelope().into(),
        (None, Some(text)) => wrap_unsigned(text).into(),
        (None, None) => EMPTY_ENVELOPE.into(),
    }
}

/// `Name:reset` is one segment: the action stands behind the last colon.
fn split_action(segment: &str) -> (&str, Option<&str>) {
    segment
        .rsplit_once(':')
        .map_or((segment, None), |(name, action)| (name, Some(action)))
}
