//! A policy tried out: whether it could be set, what the linter says, and how recorded decisions would have changed.

use std::sync::Arc;

use attestry_api::AttestationType;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, App, explanation};
use crate::{
    administration::{AdministrationError, Change, Effect, PolicyForm},
    attest::WorkPoolError,
    decisions::replay,
    provider::Provider,
};

/// Recorded decisions that are made again when the caller does not say how many.
const DEFAULT_DECISIONS: u32 = 100;

/// What the caller wants to know.
#[derive(Debug, Deserialize)]
pub(super) struct Options {
    /// How many recorded decisions to make again.
    decisions: Option<u32>,
}

/// Tries the policy in `envelope`; nothing changes.
pub(super) async fn run(
    app: &App,
    provider: &Arc<Provider>,
    kind: AttestationType,
    envelope: String,
    options: Options,
) -> Result<Value, ApiError> {
    let _trial = app
        .decisions
        .trial()
        .ok_or(AdministrationError::Pool(WorkPoolError::Overloaded))?;
    let change = Change::SetPolicy {
        kind,
        envelope,
        form: PolicyForm::Current,
    };
    let checked = match app.administration.check(provider, &change).await {
        Ok(checked) => checked,
        Err(refused) => return refusal(refused),
    };
    let Effect::SetPolicy { policy, warnings } = checked.effect else {
        return Err(ApiError::new(
            attestry_api::error::ErrorCode::InternalError,
            "the service failed to answer",
        ));
    };
    let hash = policy.hash().to_owned();
    let candidate = Arc::new(Provider::clone(provider).with_policy(kind, Some(policy)));
    let limit = options.decisions.unwrap_or(DEFAULT_DECISIONS);
    let limit = limit.min(provider.settings.recorded_decisions);
    let replay = replay(&app.attestor, &app.decisions, provider, &candidate, kind, limit)
        .await
        .map_err(AdministrationError::from)?;
    // Another tenant's evidence, should the name be another tenant's by now, is not for this caller.
    let now = app.directory.current().get(&provider.name);
    if !now.is_some_and(|now| now.is_same(provider)) {
        return Err(AdministrationError::Gone.into());
    }
    Ok(json!({
        "accepted": true,
        "policyHash": hash,
        "needsApproval": provider.settings.two_person,
        "recording": provider.settings.recorded_decisions > 0,
        "diagnostics": warnings.iter().map(explanation::of_finding).collect::<Vec<_>>(),
        "replay": replay,
    }))
}

/// A policy that would be refused is an answer, not an error; a fault of the service is an error.
fn refusal(refused: AdministrationError) -> Result<Value, ApiError> {
    let error = ApiError::from(refused);
    if !error.is_the_callers() {
        return Err(error);
    }
    Ok(json!({ "accepted": false, "refusal": error.into_body().error }))
}
