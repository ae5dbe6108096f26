//! `.../privateEndpointConnections` and `.../privateLinkResources` of a provider.

use axum::{
    Json as Answer,
    extract::{FromRequest, Request, State},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    ArmError,
    providers::{gone, readable},
    request::{ArmCaller, ConnectionBody, Json, Segments},
    shape,
    version::ArmVersion,
};
use crate::{authz::Operation, http::App};

pub(super) async fn list(
    State(app): State<App>,
    segments: Segments,
    _: ArmVersion,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let resource = readable(&app, &segments.provider()?, &caller, Operation::ReadProvider).await?;
    let connections = resource.connections.iter();
    let shown: Vec<_> = connections.map(|one| shape::connection(&resource, one)).collect();
    Ok(Answer(json!({ "value": shown })))
}

pub(super) async fn get(
    State(app): State<App>,
    segments: Segments,
    _: ArmVersion,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let resource = readable(&app, &segments.provider()?, &caller, Operation::ReadProvider).await?;
    let name = segments.connection()?;
    let found = resource
        .connections
        .iter()
        .find(|connection| connection.name == name.key());
    let found = found.ok_or_else(|| ArmError::no_connection(name.given()))?;
    Ok(Answer(shape::connection(&resource, found)))
}

pub(super) async fn put(
    State(app): State<App>,
    segments: Segments,
    _: ArmVersion,
    caller: ArmCaller,
    request: Request,
) -> Result<Answer<Value>, ArmError> {
    let id = segments.provider()?;
    let resource = readable(&app, &id, &caller, Operation::WriteProvider).await?;
    let name = segments.connection()?;
    let Json(body) = Json::<ConnectionBody>::from_request(request, &app).await?;
    let (asked, actor) = (body.put()?, caller.begin_change().await?);
    let put = app.control.put_connection(&resource, name, asked, actor).await;
    let connection = put.map_err(|error| gone(error, &id))?;
    Ok(Answer(shape::connection(&resource, &connection)))
}

pub(super) async fn delete(
    State(app): State<App>,
    segments: Segments,
    _: ArmVersion,
    caller: ArmCaller,
) -> Result<StatusCode, ArmError> {
    let id = segments.provider()?;
    let resource = readable(&app, &id, &caller, Operation::WriteProvider).await?;
    let (name, actor) = (segments.connection()?, caller.begin_change().await?);
    let deleted = app.control.delete_connection(&resource, name, actor).await;
    let deleted = deleted.map_err(|error| gone(error, &id))?;
    Ok(if deleted {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    })
}

pub(super) async fn link_resources(
    State(app): State<App>,
    segments: Segments,
    _: ArmVersion,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let resource = readable(&app, &segments.provider()?, &caller, Operation::ReadProvider).await?;
    let base_domain = app.control.addressing().base_domain;
    Ok(Answer(shape::link_resources(&resource, &base_domain)))
}
