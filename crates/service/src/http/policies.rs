//! `/policies/{type}`: the policy of an attestation type.

use attestry_api::{AttestationType, claim, error::ErrorCode, policy_envelope::EMPTY_ENVELOPE};
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Map, Value, json};

use super::{ApiError, App, address::ForProvider, api_version::Version};
use crate::provider::StoredPolicy;

/// Answers the stored envelope exactly as it was set, in a signed token. A type without a policy gets the
/// empty envelope.
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
    let envelope = provider
        .policies
        .get(&kind)
        .map_or(EMPTY_ENVELOPE, StoredPolicy::envelope);
    let claims = Map::from_iter([(claim::POLICY.to_owned(), Value::from(envelope))]);
    let token = provider.tokens.management(claims, app.token_clock.now())?;
    Ok(Json(json!({ "token": token })))
}

/// `Name:reset` is one segment: the action stands behind the last colon.
fn split_action(segment: &str) -> (&str, Option<&str>) {
    segment
        .rsplit_once(':')
        .map_or((segment, None), |(name, action)| (name, Some(action)))
}
