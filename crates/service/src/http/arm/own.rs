//! `/attestry/v1/`: deleted providers, protection against deletion, and the history of a provider as a resource.

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    ArmError,
    request::{ArmCaller, Segments},
    shape,
    version::ArmVersion,
};
use crate::{
    authz::{Operation, Target},
    control::{ProviderName, Resource},
    http::App,
};

/// The deleted providers that the caller may read, with the time until which each can be restored.
pub(super) async fn list_deleted(
    State(app): State<App>,
    _: Segments,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let deleted = app.control.deleted().await?;
    let shown: Vec<_> = deleted
        .iter()
        .filter(|resource| caller.may(Operation::ReadProvider, &resource.target()).is_ok())
        .map(|resource| {
            json!({
                "provider": shape::provider(resource, ArmVersion::Current),
                "deletedAt": resource.record.deleted_at.map(|at| at.to_string()),
                "restorableUntil": app.control.restorable_until(&resource.record).to_string(),
            })
        })
        .collect();
    Ok(Answer(json!({ "value": shown })))
}

/// `{name}:restore` and `{name}:purge`.
pub(super) async fn post_deleted(
    State(app): State<App>,
    segments: Segments,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let (name, action) = split(segments.at(3))?;
    let found = app.control.find_deleted(&name).await?;
    match action {
        "restore" => {
            let deleted = allowed(&caller, Operation::DeleteProvider, found.as_ref(), &name)?;
            let actor = caller.begin_change().await?;
            let restored = app.control.restore(deleted, actor).await?;
            Ok(Answer(shape::provider(&restored, ArmVersion::Current)))
        }
        "purge" => {
            caller.may(Operation::Operate, &Target::default())?;
            if let Some(resource) = &found {
                caller.concerns(resource);
            }
            let actor = caller.begin_change().await?;
            app.control.purge(name, actor).await?;
            Ok(Answer(json!({})))
        }
        _ => Err(no_action("`:restore` and `:purge`")),
    }
}

/// `{name}:protect` and `{name}:unprotect`.
pub(super) async fn post(
    State(app): State<App>,
    segments: Segments,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let (name, action) = split(segments.at(3))?;
    let protected = match action {
        "protect" => true,
        "unprotect" => false,
        _ => return Err(no_action("`:protect` and `:unprotect`")),
    };
    let found = app.control.find_by_name(&name).await?;
    let provider = allowed(&caller, Operation::DeleteProvider, found.as_ref(), &name)?;
    let actor = caller.begin_change().await?;
    let resource = app.control.protect(provider, protected, actor).await?;
    Ok(Answer(json!({
        "provider": shape::provider(&resource, ArmVersion::Current),
        "protected": resource.record.protected,
    })))
}

/// What happened to a provider, oldest first. What happened to earlier providers of the name is the operator's alone.
pub(super) async fn changes(
    State(app): State<App>,
    segments: Segments,
    caller: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    let name = ProviderName::parse(segments.at(3))?;
    let history = app.control.history(&name).await?;
    let operator = caller.may(Operation::Operate, &Target::default()).is_ok();
    let mut begin = 0;
    if !operator {
        let found = app.control.find_by_name(&name).await?;
        allowed(&caller, Operation::ReadProvider, found.as_ref(), &name)?;
        let created = history.iter().rposition(|change| change.operation == "create");
        begin = created.unwrap_or_default();
    }
    let shown: Vec<_> = history
        .iter()
        .skip(begin)
        .map(|change| {
            json!({
                "revision": change.revision,
                "operation": change.operation,
                "actor": change.actor,
                "approver": change.approver,
                "request": change.request,
                "at": change.created_at.to_string(),
                "after": serde_json::from_str::<Value>(&change.detail).unwrap_or_default(),
            })
        })
        .collect();
    Ok(Answer(json!({ "value": shown })))
}

/// The provider, if the caller may do this to it; whether there is one is told to those only who may do it everywhere.
fn allowed<'r>(
    caller: &ArmCaller,
    operation: Operation,
    found: Option<&'r Resource>,
    name: &ProviderName,
) -> Result<&'r Resource, ArmError> {
    if let Some(resource) = found {
        caller.concerns(resource);
        caller.may(operation, &resource.target())?;
        return Ok(resource);
    }
    caller.may(operation, &Target::default())?;
    Err(ArmError::not_found(format!(
        "there is no such attestation provider: `{name}`"
    )))
}

/// `name:action`.
fn split(segment: &str) -> Result<(ProviderName, &str), ArmError> {
    let (name, action) = segment
        .rsplit_once(':')
        .ok_or_else(|| ArmError::not_found("nothing is served at this path"))?;
    Ok((ProviderName::parse(name)?, action))
}

fn no_action(known: &str) -> ArmError {
    ArmError::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        format!("the actions here are {known}"),
    )
}
