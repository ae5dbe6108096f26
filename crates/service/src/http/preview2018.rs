//! `/operations/policy/...`: policies and their signers as in the preview of 2018, which old scripts still ask for. The
//! type stands in the query, the policy may stand in its JWS as it is, and answers are bare JWTs. What the operations
//! do is what their successors do.

use attestry_api::{ApiVersion, AttestationType, claim, hex, policy_envelope::PolicyEnvelope};
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Json,
    extract::{FromRequest, Query, Request, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ApiError, App,
    address::ForProvider,
    api_version::Version,
    caller::{Caller, may_read},
    certificates,
    changes::waiting,
    policies,
    signed_body::SignedBody,
};
use crate::{
    administration::{Change, Outcome},
    authz::Operation,
    provider::Provider,
    store::SignerOperation,
};

/// Hash of a policy, hexadecimal, as the preview's tokens named it.
const POLICY_HASH: &str = "maa-policyHash";
/// Both names under which the preview's clients look for the certificates.
const CERTIFICATES: [&str; 2] = ["aas-policyCertificates", "maa-policyCertificates"];

/// The attestation type a request is about.
pub(super) struct Tee(AttestationType);

#[derive(Deserialize)]
struct Parameters {
    tee: Option<String>,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Tee {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, ApiError> {
        let refused = |message: String| ApiError::parameter("unknown_type", "tee", message);
        let query = Query::<Parameters>::try_from_uri(&parts.uri);
        let name = query
            .ok()
            .and_then(|Query(parameters)| parameters.tee)
            .ok_or_else(|| refused("the query parameter `tee` is needed, once".to_owned()))?;
        let older = OLDER_NAMES
            .iter()
            .find(|(older, _)| older.eq_ignore_ascii_case(&name))
            .map(|(_, kind)| *kind);
        match older {
            Some(kind) => Ok(Self(kind)),
            None => name
                .parse::<AttestationType>()
                .map(Self)
                .map_err(|error| refused(error.to_string())),
        }
    }
}

/// Evidence of virtualization-based security is attested by the TPM that measured it.
const OLDER_NAMES: [(&str, AttestationType); 3] = [
    ("VSMEnclave", AttestationType::Tpm),
    ("VBSEnclave", AttestationType::Tpm),
    ("CyResComponent", AttestationType::Tpm),
];

pub(super) async fn get_policy(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Result<Caller, ApiError>,
    Tee(kind): Tee,
) -> Result<Json<Value>, ApiError> {
    may_read(&app, caller, &provider)?;
    Ok(Json(json!({ "Policy": policies::envelope(&provider, kind) })))
}

/// Looks whether a policy could be set, and answers the hash by which it can be recognised.
pub(super) async fn prepare(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    Version(version): Version,
    caller: Caller,
    Tee(kind): Tee,
    request: Request,
) -> Result<Response, ApiError> {
    caller.may(&app, Operation::WritePolicies, &provider)?;
    let SignedBody(envelope) = SignedBody::from_request(request, &app).await?;
    let hash = hash_of(&envelope);
    let change = set(kind, envelope, version);
    app.administration.check(&provider, &change).await?;
    answer(&app, &provider, [(POLICY_HASH.to_owned(), hash.into())])
}

pub(super) async fn set_policy(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    Version(version): Version,
    caller: Caller,
    Tee(kind): Tee,
    request: Request,
) -> Result<Response, ApiError> {
    caller.may(&app, Operation::WritePolicies, &provider)?;
    let SignedBody(envelope) = SignedBody::from_request(request, &app).await?;
    let hash = hash_of(&envelope);
    let actor = caller.begin_change().await?;
    let done = app
        .administration
        .submit(&provider, set(kind, envelope, version), &actor)
        .await?;
    if let Outcome::Waiting(record) = done {
        return Ok(waiting(&provider, &record));
    }
    let claims = [
        (claim::POLICY_RESULT.to_owned(), "Updated".into()),
        (POLICY_HASH.to_owned(), hash.into()),
    ];
    answer(&app, &provider, claims)
}

pub(super) async fn reset_policy(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Caller,
    Tee(kind): Tee,
    request: Request,
) -> Result<Response, ApiError> {
    caller.may(&app, Operation::DeletePolicies, &provider)?;
    let SignedBody(envelope) = SignedBody::from_request(request, &app).await?;
    let change = Change::ResetPolicy { kind, envelope };
    let actor = caller.begin_change().await?;
    let done = app.administration.submit(&provider, change, &actor).await?;
    if let Outcome::Waiting(record) = done {
        return Ok(waiting(&provider, &record));
    }
    answer(
        &app,
        &provider,
        [(claim::POLICY_RESULT.to_owned(), "Removed".into())],
    )
}

pub(super) async fn get_certificates(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Result<Caller, ApiError>,
) -> Result<Response, ApiError> {
    may_read(&app, caller, &provider)?;
    answer_certificates(&app, &provider)
}

pub(super) async fn add_certificate(
    app: State<App>,
    provider: ForProvider,
    version: Version,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    change_certificates(app, provider, version, caller, request, SignerOperation::Add).await
}

pub(super) async fn remove_certificate(
    app: State<App>,
    provider: ForProvider,
    version: Version,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    change_certificates(app, provider, version, caller, request, SignerOperation::Remove).await
}

async fn change_certificates(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    _: Version,
    caller: Caller,
    request: Request,
    action: SignerOperation,
) -> Result<Response, ApiError> {
    let done = certificates::submit(&app, &provider, &caller, request, action).await?;
    if let Outcome::Waiting(record) = done {
        return Ok(waiting(&provider, &record));
    }
    // The snapshot of this request is older than its own change.
    let current = app.directory.current().get(&provider.name);
    let changed = current.filter(|current| current.is_same(&provider));
    answer_certificates(&app, changed.as_deref().unwrap_or(&provider))
}

fn answer_certificates(app: &App, provider: &Provider) -> Result<Response, ApiError> {
    let set = certificates::key_set(provider)?;
    answer(
        app,
        provider,
        CERTIFICATES.map(|name| (name.to_owned(), set.clone())),
    )
}

/// A signed answer, which in the preview is a bare string.
fn answer(
    app: &App,
    provider: &Provider,
    claims: impl IntoIterator<Item = (String, Value)>,
) -> Result<Response, ApiError> {
    let claims = Map::from_iter(claims);
    let token = provider.management_token(claims, app.token_clock.now())?;
    Ok(Json(token).into_response())
}

fn set(kind: AttestationType, envelope: String, version: ApiVersion) -> Change {
    Change::SetPolicy {
        kind,
        envelope,
        form: policies::form_of(version),
    }
}

/// Over the policy's text in base64url, whichever way it stood in the JWS; empty for what is no policy, which is
/// refused a moment later.
fn hash_of(envelope: &str) -> String {
    let opened = PolicyEnvelope::open(envelope);
    let text = opened.ok().and_then(|opened| opened.policy().map(str::to_owned));
    text.map_or_else(String::new, |text| {
        let encoded = attestry_api::b64::encode_url(text.as_bytes());
        hex::encode(digest(&SHA256, encoded.as_bytes()).as_ref())
    })
}
