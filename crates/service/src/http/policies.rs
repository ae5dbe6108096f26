//! `/policies/{type}`: the policy of an attestation type.

use std::borrow::Cow;

use attestry_api::{
    ApiVersion, AttestationType, claim,
    error::ErrorCode,
    jwk::Jwk,
    policy_envelope::{EMPTY_ENVELOPE, wrap_unsigned},
    policy_token_hash,
    signed_envelope::Signer,
};
use attestry_policy::Diagnostic;
use axum::{
    Json,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{
    ApiError, App,
    address::ForProvider,
    api_version::Version,
    caller::{Caller, may_read},
    changes::waiting,
    path::Segment,
    signed_body::SignedBody,
};
use crate::{
    administration::{Change, Outcome, PolicyForm},
    authz::Operation,
    provider::{Provider, default_text},
};

/// Answers the stored envelope exactly as it was set, in a signed token.
pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Result<Caller, ApiError>,
    Segment(segment): Segment,
) -> Result<Response, ApiError> {
    let kind = whole(&segment)?;
    may_read(&app, caller, &provider)?;
    let claims = Map::from_iter([(claim::POLICY.to_owned(), envelope(&provider, kind).into())]);
    answer(&app, &provider, claims)
}

/// Sets the policy. The answer carries the hash over the JWS as it came and, of a signed one, its signer.
pub(super) async fn put(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    Version(version): Version,
    caller: Caller,
    Segment(segment): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    caller.may(&app, Operation::WritePolicies, &provider)?;
    let kind = whole(&segment)?;
    let SignedBody(envelope) = SignedBody::from_request(request, &app).await?;
    let hash = policy_token_hash(&envelope);
    let form = form_of(version);
    let change = Change::SetPolicy { kind, envelope, form };
    let actor = caller.begin_change().await?;
    let set = match app.administration.submit(&provider, change, &actor).await? {
        Outcome::Applied(set) => set,
        Outcome::Waiting(record) => return Ok(waiting(&provider, &record)),
    };
    let mut claims = Map::from_iter([
        (claim::POLICY_RESULT.to_owned(), "Updated".into()),
        (claim::POLICY_TOKEN_HASH.to_owned(), hash.into()),
    ]);
    if let Some(signer) = &set.signer {
        claims.insert(claim::POLICY_SIGNER.to_owned(), shown(signer));
    }
    let mut answer = answer(&app, &provider, claims)?;
    if let Some(warnings) = warnings_header(&set.warnings) {
        answer.headers_mut().insert(POLICY_WARNINGS, warnings);
    }
    Ok(answer)
}

/// How policies may be written in their JWS under an api-version.
pub(super) fn form_of(version: ApiVersion) -> PolicyForm {
    if version.is_preview_2018() {
        PolicyForm::Preview2018
    } else {
        PolicyForm::Current
    }
}

/// What the linter found in a policy that was set all the same: `code@line:column`, several of them, for people; MAA's
/// answer has no place for it.
const POLICY_WARNINGS: HeaderName = HeaderName::from_static("x-attestry-policy-warnings");
/// Findings in the header; a dry run tells them all.
const MAX_WARNINGS: usize = 16;

fn warnings_header(warnings: &[Diagnostic]) -> Option<HeaderValue> {
    let shown = warnings.iter().take(MAX_WARNINGS);
    let shown = shown.map(|finding| format!("{}@{}:{}", finding.code, finding.line, finding.column));
    let text = shown.collect::<Vec<_>>().join(", ");
    HeaderValue::from_str(&text)
        .ok()
        .filter(|value| !value.is_empty())
}

/// Resets the policy to the default one.
pub(super) async fn post(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Caller,
    Segment(segment): Segment,
    request: Request,
) -> Result<Response, ApiError> {
    let (name, action) = split_action(&segment);
    match action {
        Some(RESET) => {}
        Some(_) => {
            return Err(ApiError::new(
                ErrorCode::NotFound,
                "the only action on policies is `:reset`",
            ));
        }
        None => {
            return Err(ApiError::new(
                ErrorCode::MethodNotAllowed,
                "a policy takes GET and PUT, its action `:reset` takes POST",
            ));
        }
    }
    caller.may(&app, Operation::DeletePolicies, &provider)?;
    let kind = kind_of(name)?;
    let SignedBody(envelope) = SignedBody::from_request(request, &app).await?;
    let change = Change::ResetPolicy { kind, envelope };
    let actor = caller.begin_change().await?;
    if let Outcome::Waiting(record) = app.administration.submit(&provider, change, &actor).await? {
        return Ok(waiting(&provider, &record));
    }
    let claims = Map::from_iter([(claim::POLICY_RESULT.to_owned(), "Removed".into())]);
    answer(&app, &provider, claims)
}

/// A signed answer to a policy or certificate operation.
pub(super) fn answer(
    app: &App,
    provider: &Provider,
    claims: Map<String, Value>,
) -> Result<Response, ApiError> {
    let token = provider.management_token(claims, app.token_clock.now())?;
    Ok(Json(json!({ "token": token })).into_response())
}

/// MAA shows the signer of a policy operation with `alg` and `use`, and in attestation tokens without.
fn shown(signer: &Signer) -> Value {
    let jwk = signer.jwk();
    let shown = Jwk {
        alg: Some(signer.key().kind().algorithm_name().to_owned()),
        key_use: Some("sig".to_owned()),
        ..jwk.clone()
    };
    serde_json::to_value(shown).unwrap_or_default()
}

const RESET: &str = "reset";

/// The type of a segment that names no action.
fn whole(segment: &str) -> Result<AttestationType, ApiError> {
    match split_action(segment) {
        (name, None) => kind_of(name),
        _ => Err(ApiError::new(
            ErrorCode::MethodNotAllowed,
            "actions on policies take POST only",
        )),
    }
}

/// The type of that name.
pub(super) fn kind_of(name: &str) -> Result<AttestationType, ApiError> {
    name.parse()
        .map_err(|error| ApiError::parameter("unknown_type", "type", error))
}

/// The policy as it was set, else the default one, which MAA has also for types that are not attested here; the empty
/// envelope for types without.
pub(super) fn envelope(provider: &Provider, kind: AttestationType) -> Cow<'_, str> {
    match (provider.policies().get(&kind), default_text(kind, provider.mode)) {
        (Some(policy), _) => policy.envelope().into(),
        (None, Some(text)) => wrap_unsigned(text).into(),
        (None, None) => EMPTY_ENVELOPE.into(),
    }
}

/// `Name:reset` is one segment: the action stands behind the last colon.
fn split_action(segment: &str) -> (&str, Option<&str>) {
    segment
        .rsplit_once(':')
        .map_or((segment, None), |(name, action)| (name, Some(action)))
}
