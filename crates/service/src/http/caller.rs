//! The caller of an operation that needs one, and what they may do.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use reqwest::Url;

use super::{ApiError, App, limit::admit, listener::ClientCertificate, recording::Note};
use crate::{
    authn::{AuthnError, Credentials, Principal},
    authz::{Denied, Operation, Role, Target, authorize, holds},
    provider::{Provider, ProviderMode},
};
use attestry_api::error::ErrorCode;

/// A caller whose credentials were verified.
#[derive(Debug)]
pub(super) struct Caller {
    principal: Principal,
    /// Where requests are recorded.
    note: Option<Note>,
}

impl Caller {
    /// Makes sure that the change the caller may make will be recorded, and answers who they are in histories. Bodies
    /// are read before it.
    pub(super) async fn begin_change(&self) -> Result<String, ApiError> {
        if let Some(note) = &self.note {
            let reserved = note.reserve().await;
            reserved.map_err(|reason| ApiError::unrecorded(&reason))?;
        }
        Ok(self.principal.id())
    }

    /// Says in the request's record which resource it is about.
    pub(super) fn concerns(&self, resource_id: String) {
        if let Some(note) = &self.note {
            note.set_resource(resource_id);
        }
    }

    /// Whether the caller was given this role there.
    pub(super) fn holds(&self, role: Role, target: &Target<'_>) -> bool {
        holds(&self.principal, role, target)
    }

    /// Whether the caller may do this at the target.
    pub(super) fn permission(&self, operation: Operation, target: &Target<'_>) -> Result<(), Denied> {
        authorize(&self.principal, operation, target)?;
        if let Some(note) = &self.note {
            note.permit();
        }
        Ok(())
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
        self.permission(operation, target).map_err(|denied| {
            let message = denied.to_string();
            if app.unauthorized_for_missing_role {
                challenged(app, &message, Token::Good)
            } else {
                ApiError::new(ErrorCode::Forbidden, message)
            }
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
        return match caller {
            Err(refusal) if refusal.is_throttled() => Err(refusal),
            _ => Ok(()),
        };
    }
    caller?.may(app, Operation::ReadPolicies, provider)
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let credentials = Credentials {
            bearer: bearer(&parts.headers).map_err(|message| challenged(app, message, Token::Bad))?,
            client_certificate: parts
                .extensions
                .get::<ClientCertificate>()
                .map(|certificate| certificate.0.as_ref()),
        };
        let principal = app
            .authenticator
            .authenticate(credentials, app.token_clock.now())
            .await;
        let principal = match principal {
            Ok(principal) => principal,
            Err(error) => {
                admit(app, parts, None)?;
                return Err(unknown(app, &error));
            }
        };
        admit(app, parts, Some(&principal.id()))?;
        if credentials.bearer.is_none() {
            refuse_other_sites(parts, app)?;
        }
        let note = parts.extensions.get::<Note>().cloned();
        if let Some(note) = &note {
            note.set_caller(&principal);
        }
        Ok(Self { principal, note })
    }
}

/// Refuses a caller known by a certificate alone when a web page made their browser ask: it shows the certificate by
/// itself, whosever page it is, and needs nobody's leave for the simplest requests (Fetch standard, "CORS protocol and
/// credentials"). Browsers tell whose page it is (Fetch Metadata, 2.3; RFC 6454, 7); other clients send neither.
fn refuse_other_sites(parts: &Parts, app: &App) -> Result<(), ApiError> {
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    let base = origin(&app.control.addressing().base_url);
    let provider = parts.extensions.get::<Arc<Provider>>();
    let provider = provider.and_then(|provider| origin(provider.url()));
    let is_own = |value: &HeaderValue| {
        let sender = value.to_str().ok().and_then(origin);
        sender.is_some() && (sender == base || sender == provider)
    };
    let own_site = |site: &HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
    let headers = &parts.headers;
    if headers.get_all(SEC_FETCH_SITE).iter().all(own_site)
        && headers.get_all(header::ORIGIN).iter().all(is_own)
    {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::Forbidden,
        "a client certificate does not count for requests that a web page of another origin makes",
    ))
}

/// The token of `Authorization: Bearer` (RFC 6750, 2.1); several such headers say nothing.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err("the request has several `Authorization` headers");
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
        .ok_or("the `Authorization` header is not `Bearer <token>`")
}

/// The refusal of a caller who is not known. Whether a token of an issuer that cannot be reached holds is not for the
/// caller to mend.
fn unknown(app: &App, error: &AuthnError) -> ApiError {
    match error {
        AuthnError::IssuerUnavailable => {
            ApiError::new(ErrorCode::ServiceUnavailable, error.to_string()).retry_after(RETRY_AFTER_ISSUER)
        }
        // RFC 6750, 3.1: without credentials there is nothing wrong with them.
        AuthnError::Missing | AuthnError::NotConfigured => challenged(app, &error.to_string(), Token::None),
        _ => challenged(app, &error.to_string(), Token::Bad),
    }
}

/// A refusal that tells how to authenticate: where to get a token and for what, in the form of Azure's services, and
/// what is wrong with the one that came (RFC 6750, 3).
fn challenged(app: &App, message: &str, token: Token) -> ApiError {
    let (issuer, audience) = app.authenticator.invitation();
    let mut parameters = Vec::new();
    if let Some(issuer) = issuer {
        // Clients take it for the authority, to which they add the version themselves.
        let authority = issuer.trim_end_matches('/').trim_end_matches("/v2.0");
        parameters.push(format!(r#"authorization="{authority}""#));
    }
    parameters.push(format!(r#"resource="{audience}""#));
    if token == Token::Bad {
        // The characters that RFC 6750, 3 allows there.
        let description: String = message
            .chars()
            .filter(|character| matches!(character, ' '..='~') && !matches!(character, '"' | '\\'))
            .take(MAX_DESCRIPTION)
            .collect();
        parameters.push(r#"error="invalid_token""#.to_owned());
        parameters.push(format!(r#"error_description="{description}""#));
    }
    let challenge = format!("Bearer {}", parameters.join(", "));
    let error = ApiError::new(ErrorCode::Unauthorized, message);
    match HeaderValue::from_str(&challenge) {
        Ok(challenge) => error.challenging(challenge),
        Err(_) => error,
    }
}

/// What a refusal says of the caller's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    Good,
    Bad,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Seconds after which an issuer that cannot be reached is worth another try.
const RETRY_AFTER_ISSUER: u16 = 5;

/// Most characters of a description in a header.
const MAX_DESCRIPTION: usize = 200;
