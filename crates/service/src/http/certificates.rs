//! `/certificates`: the policy signing certificates of an isolated provider.

use attestry_api::{claim, error::ErrorCode, jwk::JwkSet};
use axum::{
    extract::{FromRequest, Request, State},
    response::Response,
};
use serde_json::Map;

use super::{
    ApiError, App,
    address::ForProvider,
    api_version::Version,
    caller::{Caller, may_read},
    changes::waiting,
    policies::answer,
    signed_body::SignedBody,
};
use crate::{
    administration::{Change, Outcome},
    authz::Operation,
    store::SignerOperation,
};

/// Answers the certificates in a signed token; none for a provider that is not isolated.
pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Result<Caller, ApiError>,
) -> Result<Response, ApiError> {
    may_read(&app, caller, &provider)?;
    let keys = provider
        .signers()
        .iter()
        .map(|certificate| certificate.jwk().clone());
    let set = serde_json::to_value(JwkSet { keys: keys.collect() })
        .map_err(|_| ApiError::new(ErrorCode::InternalError, "the service failed to answer"))?;
    let claims = Map::from_iter([(claim::POLICY_CERTIFICATES.to_owned(), set)]);
    answer(&app, &provider, claims)
}

pub(super) async fn add(
    app: State<App>,
    provider: ForProvider,
    version: Version,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    change(app, provider, version, caller, request, SignerOperation::Add).await
}

pub(super) async fn remove(
    app: State<App>,
    provider: ForProvider,
    version: Version,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    change(app, provider, version, caller, request, SignerOperation::Remove).await
}

async fn change(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Caller,
    request: Request,
    operation: SignerOperation,
) -> Result<Response, ApiError> {
    let (needed, result) = match operation {
        SignerOperation::Add => (Operation::WritePolicies, "IsPresent"),
        SignerOperation::Remove => (Operation::DeletePolicies, "IsAbsent"),
    };
    caller.may(&app, needed, &provider)?;
    let SignedBody(envelope) = SignedBody::from_request(request, &app).await?;
    let change = Change::Signer {
        action: operation,
        envelope,
    };
    let actor = caller.begin_change().await?;
    let done = match app.administration.submit(&provider, change, &actor).await? {
        Outcome::Applied(done) => done,
        Outcome::Waiting(record) => return Ok(waiting(&provider, &record)),
    };
    let thumbprint = done.thumbprint.unwrap_or_default();
    let claims = Map::from_iter([
        (claim::CERTIFICATE_THUMBPRINT.to_owned(), thumbprint.into()),
        (claim::CERTIFICATE_RESULT.to_owned(), result.into()),
    ]);
    answer(&app, &provider, claims)
}
