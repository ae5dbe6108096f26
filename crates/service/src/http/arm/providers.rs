//! `.../attestationProviders`: providers as resources.

use axum::{
    Json as Answer,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{
    ArmError,
    request::{ArmCaller, Json, ProviderBody, Segments},
    shape,
    version::ArmVersion,
};
use crate::{
    authz::{Operation, Role, Target},
    control::{Allowed, ControlError, GroupId, ProviderId, Resource},
    http::App,
};

pub(super) async fn get(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let resource = readable(&app, &segments.provider()?, &caller, Operation::ReadProvider).await?;
    Ok(Answer(shape::provider(&resource, version)))
}

/// Creates a provider, for which the caller needs a role in the group, or changes the one that is there. What a caller
/// creates is theirs if the group is: an operator, who changes nobody's policies, creates for others.
pub(super) async fn put(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    caller: ArmCaller,
    request: Request,
) -> Result<Response, ArmError> {
    let id = segments.provider()?;
    let existing = app.control.find(&id).await?;
    let allowed = allowed(&caller, Operation::WriteProvider, existing.as_ref(), &id)?;
    let Json(body) = Json::<ProviderBody>::from_request(request, &app).await?;
    let (asked, actor) = (body.put()?, caller.begin_change().await?);
    let owner = caller
        .holds(Role::Owner, &in_group(&id.group))
        .then(|| actor.clone());
    let put = app
        .control
        .put(id.clone(), asked, allowed, owner, actor)
        .await
        .map_err(|error| gone(error, &id))?;
    let shown = Answer(shape::provider(&put.resource, version));
    if !put.created {
        return Ok(shown.into_response());
    }
    let mut response = (StatusCode::CREATED, shown).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("{}/", put.resource.attest_uri)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn patch(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    caller: ArmCaller,
    request: Request,
) -> Result<Answer<Value>, ArmError> {
    let id = segments.provider()?;
    let resource = readable(&app, &id, &caller, Operation::WriteProvider).await?;
    let Json(body) = Json::<ProviderBody>::from_request(request, &app).await?;
    let (asked, actor) = (body.patch()?, caller.begin_change().await?);
    let changed = app.control.patch(&resource, asked, actor).await;
    let changed = changed.map_err(|error| gone(error, &id))?;
    Ok(Answer(shape::provider(&changed, version)))
}

pub(super) async fn delete(
    State(app): State<App>,
    segments: Segments,
    _: ArmVersion,
    caller: ArmCaller,
) -> Result<StatusCode, ArmError> {
    let id = segments.provider()?;
    let existing = app.control.find(&id).await?;
    let allowed = allowed(&caller, Operation::DeleteProvider, existing.as_ref(), &id)?;
    let actor = caller.begin_change().await?;
    Ok(if app.control.delete(id, allowed, actor).await? {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    })
}

pub(super) async fn list_of_subscription(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let all = app.control.list(&segments.subscription()?, None).await?;
    Ok(list(&all, version, &caller))
}

pub(super) async fn list_of_group(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let GroupId { subscription, group } = segments.group()?;
    let all = app.control.list(&subscription, Some(&group)).await?;
    Ok(list(&all, version, &caller))
}

/// What the caller may read of these.
fn list(all: &[Resource], version: ArmVersion, caller: &ArmCaller) -> Answer<Value> {
    let shown: Vec<_> = all
        .iter()
        .filter(|resource| caller.may(Operation::ReadProvider, &resource.target()).is_ok())
        .map(|resource| shape::provider(resource, version))
        .collect();
    Answer(json!({ "value": shown }))
}

/// The provider, if the caller may do this to it. Whether there is one is told only to those who may do it in its group
/// or are its owners.
pub(super) async fn readable(
    app: &App,
    id: &ProviderId,
    caller: &ArmCaller,
    operation: Operation,
) -> Result<Resource, ArmError> {
    let Some(resource) = app.control.find(id).await? else {
        caller.may(operation, &in_group(&id.group))?;
        return Err(ArmError::no_provider(id));
    };
    caller.may(operation, &resource.target())?;
    Ok(resource)
}

/// A provider that went away between two looks was not there.
pub(super) fn gone(error: ControlError, id: &ProviderId) -> ArmError {
    match error {
        ControlError::NotFound => ArmError::no_provider(id),
        other => other.into(),
    }
}

/// Whether the caller may do this to the provider, or in its group when there is none.
fn allowed(
    caller: &ArmCaller,
    operation: Operation,
    existing: Option<&Resource>,
    id: &ProviderId,
) -> Result<Allowed, ArmError> {
    if let Some(resource) = existing {
        caller.may(operation, &resource.target())?;
        return Ok(Allowed::only(resource));
    }
    caller.may(operation, &in_group(&id.group))?;
    Ok(Allowed::Group)
}

fn in_group(group: &GroupId) -> Target<'_> {
    Target {
        subscription: Some(group.subscription.as_str()),
        resource_group: Some(&group.group),
        ..Target::default()
    }
}
