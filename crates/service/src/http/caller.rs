//! The caller of an operation that needs one, and what they may do.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, header, request::Parts};

use super::{ApiError, App, listener::ClientCertificate};
use crate::{
    authn::{Credentials, Principal},
    authz::{Operation, Target, authorize},
    provider::{Provider, ProviderMode},
};
use attestry_api::error::ErrorCode;

/// A caller whose credentials were verified.
#[derive(Debug)]
pub(super) struct Caller(pub(super) Principal);

impl Caller {
    /// The caller as histories name it.
    pub(super) fn id(&self) -> String {
        self.0.id()
    }

    /// Refuses the caller unless they may do this at the provider.
    pub(super) fn may(&self, app: &App, operation: Operation, provider: &Provider) -> Result<(), ApiError> {
        self.may_at(app, operation, &provider.target())
    }

    /// Refuses the caller unless they may do this at the target.
    pub(super) fn may_at(
        &self,
        app: &App,
        operation: Operation,
        target: &Target<'_>,
    ) -> Result<(), ApiError> {
        authorize(&self.0, operation, target).map_err(|denied| {
            let code = if app.unauthorized_for_missing_role {
                ErrorCode::Unauthorized
            } else {
                ErrorCode::Forbidden
            };
            ApiError::new(code, denied.to_string())
        })
    }
}

/// Refuses a caller who may not read the provider's policies. Those of a shared provider are nobody's secret: it is read
/// with any token, a bad one, or none (MAA documentation, "Regional shared provider").
pub(super) fn may_read(
    app: &App,
    caller: Result<Caller, ApiError>,
    provider: &Provider,
) -> Result<(), ApiError> {
    if provider.mode == ProviderMode::Shared {
        return Ok(());
    }
    caller?.may(app, Operation::ReadPolicies, provider)
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let credentials = Credentials {
            bearer: bearer(&parts.headers)?,
            client_certificate: parts
                .extensions
                .get::<ClientCertificate>()
                .map(|certificate| certificate.0.as_ref()),
        };
        let principal = app
            .authenticator
            .authenticate(credentials, app.token_clock.now())
            .await;
        principal
            .map(Self)
            .map_err(|error| unauthorized(error.to_string()))
    }
}

/// The token of `Authorization: Bearer` (RFC 6750, 2.1); several such headers say nothing.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(unauthorized("the request has several `Authorization` headers"));
    }
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    token
        .filter(|token| !token.is_empty())
        .map(Some)
        .ok_or_else(|| unauthorized("the `Authorization` header is not `Bearer <token>`"))
}

/// A refusal that tells how to authenticate (RFC 6750, 3).
fn unauthorized(message: impl Into<String>) -> ApiError {
    const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"Bearer resource="https://attest.azure.net""#);
    ApiError::new(ErrorCode::Unauthorized, message).challenging(CHALLENGE)
}
