//! `.../defaultProviders`: the providers of the service's own. Every caller may see them.

use axum::{Json as Answer, extract::State};
use serde_json::{Value, json};

use super::{
    ArmError,
    request::{ArmCaller, Segments},
    shape,
    version::ArmVersion,
};
use crate::{control::ControlError, http::App, location::Location};

pub(super) async fn list(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    _: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    segments.subscription()?;
    let shown: Vec<_> = app
        .control
        .defaults()
        .iter()
        .map(|shared| shape::default_provider(shared, version))
        .collect();
    Ok(Answer(json!({ "value": shown })))
}

pub(super) async fn at_location(
    State(app): State<App>,
    segments: Segments,
    version: ArmVersion,
    _: ArmCaller,
) -> Result<Answer<Value>, ArmError> {
    segments.subscription()?;
    let location = Location::parse(segments.at(5)).map_err(ControlError::from)?;
    let shared = app.control.default_at(&location).ok_or_else(|| {
        ArmError::not_found(format!(
            "there is no default attestation provider in location `{location}`"
        ))
    })?;
    Ok(Answer(shape::default_provider(&shared, version)))
}
