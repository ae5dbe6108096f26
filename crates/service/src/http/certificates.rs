//! `/certificates`: the policy signing certificates of an isolated provider.

use attestry_api::{claim, error::ErrorCode, jwk::JwkSet};
use axum::{
    extract::{FromRequest, Request, State},
    response::Response,
};
use serde_json::{Map, Value};

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
    provider::Provider,
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
    let claims = Map::from_iter([(claim::POLICY_CERTIFICATES.to_owned(), key_set(&provider)?)]);
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
    let done = match submit(&app, &provider, &caller, request, operation).await? {
        Outcome::Applied(done) => done,
        Outcome::Waiting(record) => return Ok(waiting(&provider, &record)),
    };
    let result = match operation {
        SignerOperation::Add => "IsPresent",
        SignerOperation::Remove => "IsAbsent",
    };
    let thumbprint = done.thumbprint.unwrap_or_default();
    let claims = Map::from_iter([
        (claim::CERTIFICATE_THUMBPRINT.to_owned(), thumbprint.into()),
        (claim::CERTIFICATE_RESULT.to_owned(), result.into()),
    ]);
    answer(&app, &provider, claims)
}

/// Asks for a change to the signers, if the caller may.
pub(super) async fn submit(
    app: &App,
    provider: &Provider,
    caller: &Caller,
    request: Request,
    action: SignerOperation,
) -> Result<Outcome, ApiError> {
    let needed = match action {
        SignerOperation::Add => Operation::WritePolicies,
        SignerOperation::Remove => Operation::DeletePolicies,
    };
    caller.may(app, needed, provider)?;
    let SignedBody(envelope) = SignedBody::from_request(request, app).await?;
    let actor = caller.begin_change().await?;
    let change = Change::Signer { action, envelope };
    Ok(app.administration.submit(provider, change, &actor).await?)
}

/// The provider's policy signing certificates, a JWK set.
pub(super) fn key_set(provider: &Provider) -> Result<Value, ApiError> {
    let keys = provider.signers().iter();
    let keys = keys.map(|certificate| certificate.jwk().clone()).collect();
    serde_json::to_value(JwkSet { keys })
        .map_err(|_| ApiError::new(ErrorCode::InternalError, "the service failed to answer"))
}
