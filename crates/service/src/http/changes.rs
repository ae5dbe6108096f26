//! `/attestry/v1/changes`: changes that wait for a second person.

use attestry_api::error::ErrorCode;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{ApiError, App, address::ForProvider, caller::Caller, path::Segment};
use crate::{administration::Change, authz::Operation, provider::Provider, store::ChangeRecord};

/// Changes shown at a time: those that wait, and as many decided ones.
const LISTED: u32 = 200;

/// The answer to a request for a change that waits: accepted, and not made (RFC 9110, 15.3.3).
pub(super) fn waiting(provider: &Provider, record: &ChangeRecord) -> Response {
    let location = format!("{}/attestry/v1/changes/{}", provider.url(), record.id);
    let body = Json(json!({ "change": shown(record) }));
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], body).into_response()
}

pub(super) async fn list(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
) -> Result<Json<Value>, ApiError> {
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    let changes = app.administration.changes(&provider.name, LISTED).await?;
    Ok(Json(
        json!({ "changes": changes.iter().map(shown).collect::<Vec<_>>() }),
    ))
}

pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Json<Value>, ApiError> {
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    let change = app.administration.change(&provider.name, &id).await?;
    Ok(Json(json!({ "change": shown(&change) })))
}

/// `{id}:approve` makes the change, `{id}:reject` drops it.
pub(super) async fn decide(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Segment(segment): Segment,
) -> Result<Json<Value>, ApiError> {
    caller.may(&app, Operation::WritePolicies, &provider)?;
    let (id, action) = segment.rsplit_once(':').unwrap_or((&segment, ""));
    match action {
        "approve" => {
            // To approve a removal needs what the removal itself needs.
            caller.may(&app, Operation::DeletePolicies, &provider)?;
            let actor = caller.begin_change().await?;
            let applied = app.administration.approve(&provider, id, &actor).await?;
            let change = app.administration.change(&provider.name, id).await?;
            Ok(Json(
                json!({ "change": shown(&change), "revision": applied.revision }),
            ))
        }
        "reject" => {
            let actor = caller.begin_change().await?;
            let change = app.administration.reject(&provider, id, &actor).await?;
            Ok(Json(json!({ "change": shown(&change) })))
        }
        _ => Err(ApiError::new(
            ErrorCode::NotFound,
            "the actions on a change are `:approve` and `:reject`",
        )),
    }
}

fn shown(record: &ChangeRecord) -> Value {
    let change: Option<Change> = serde_json::from_str(&record.operation).ok();
    json!({
        "id": record.id,
        "state": record.state.name(),
        "change": change,
        "base": record.base,
        "actor": record.actor,
        "createdAt": record.created_at.to_string(),
        "decidedBy": record.decided_by,
        "decidedAt": record.decided_at.map(|at| at.to_string()),
    })
}
