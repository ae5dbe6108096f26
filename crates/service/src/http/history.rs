//! `/attestry/v1/policies/{type}/...`: what a policy was, who changed it, how one revision differs from another, and the
//! way back.

use std::time::Duration;

use attestry_api::{
    AttestationType,
    error::ErrorCode,
    jwk::{Jwk, thumbprint},
    policy_envelope::{PolicyEnvelope, policy_token_hash},
};
use axum::{
    Json,
    extract::{FromRequest, Request, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use similar::TextDiff;

use super::{
    ApiError, App,
    address::ForProvider,
    body::Body,
    caller::Caller,
    changes::waiting,
    dry_run,
    path::{Parameters, Segment},
    policies::kind_of,
    signed_body::jws_in,
};
use crate::{
    administration::{Change, Outcome},
    authz::Operation,
    provider::{Provider, default_text},
    store::{PolicyRecord, SignerRecord},
};

/// Revisions shown at a time when the caller does not say how many.
const DEFAULT_LIMIT: u32 = 50;
/// The most revisions shown at a time. Each is opened for its hash and signer: of the largest policies, a hundred take a
/// fifth of a second and some 50 MB.
const MAX_LIMIT: u32 = 100;
/// How long two revisions are compared before what differs is told more coarsely.
const COMPARE_TIME: Duration = Duration::from_millis(200);

/// Which revisions to list: those older than `before`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    before: Option<i64>,
    limit: Option<u32>,
}

impl Page {
    fn before(&self) -> i64 {
        self.before.unwrap_or(i64::MAX)
    }

    fn limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT)
    }
}

/// Which revisions to compare; the newest with the one before it when nothing is said, and 0 is the default policy.
#[derive(Debug, Deserialize)]
pub(super) struct Pair {
    from: Option<i64>,
    to: Option<i64>,
}

/// The history of a policy, newest first.
pub(super) async fn list(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Segment(kind): Segment,
    Parameters(page): Parameters<Page>,
) -> Result<Json<Value>, ApiError> {
    let kind = kind_of(&kind)?;
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    // One more than is shown, which the last one replaced.
    let history = app
        .administration
        .policy_history(
            &provider.name,
            kind,
            page.before(),
            page.limit().saturating_add(1),
        )
        .await?;
    let shown = apart(move || {
        let previous = history.iter().skip(1).map(|record| Some(record.revision));
        let previous = previous.chain(std::iter::once(None));
        let all = history.iter().zip(previous);
        let shown = all.take(usize::try_from(page.limit()).unwrap_or(usize::MAX));
        shown
            .map(|(record, previous)| Value::Object(revision(record, previous)))
            .collect::<Vec<_>>()
    })
    .await?;
    Ok(Json(json!({ "type": kind, "revisions": shown })))
}

/// One revision with its JWS and text.
pub(super) async fn get(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Segment((kind, number)): Segment<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let kind = kind_of(&kind)?;
    let number: i64 = number.parse().map_err(|_| unknown())?;
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    let record = app
        .administration
        .policy_revision(&provider.name, kind, number)
        .await?;
    let previous = app
        .administration
        .policy_history(&provider.name, kind, number, 1)
        .await?;
    let previous = previous.first().map(|record| record.revision);
    let mut shown = revision(&record, previous);
    shown.insert("policy".to_owned(), text_of(&record).into());
    shown.insert("token".to_owned(), record.token.into());
    shown.insert("request".to_owned(), record.request.into());
    Ok(Json(shown.into()))
}

/// How the text of one revision differs from that of another: a unified diff.
pub(super) async fn diff(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Segment(kind): Segment,
    Parameters(pair): Parameters<Pair>,
) -> Result<Json<Value>, ApiError> {
    let kind = kind_of(&kind)?;
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    let before = pair.to.map_or(i64::MAX, |to| to.saturating_add(1));
    let newest = app
        .administration
        .policy_history(&provider.name, kind, before, 2)
        .await?;
    let number = |place: usize| newest.get(place).map_or(0, |record| record.revision);
    let (to, from) = (pair.to.unwrap_or(number(0)), pair.from.unwrap_or(number(1)));
    let old = text_at(&app, &provider, kind, from).await?;
    let new = text_at(&app, &provider, kind, to).await?;
    let unified = apart(move || {
        TextDiff::configure()
            .timeout(COMPARE_TIME)
            .diff_lines(&old, &new)
            .unified_diff()
            .header(&format!("revision {from}"), &format!("revision {to}"))
            .to_string()
    })
    .await?;
    Ok(Json(
        json!({ "type": kind, "from": from, "to": to, "diff": unified }),
    ))
}

/// Runs work of milliseconds away from the threads that answer.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ApiError::new(ErrorCode::InternalError, "the service failed to answer"))
}

/// The history of the signers, newest first.
pub(super) async fn signers(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Json<Value>, ApiError> {
    caller.may(&app, Operation::ReadPolicies, &provider)?;
    let history = app
        .administration
        .signer_history(&provider.name, page.before(), page.limit())
        .await?;
    let shown: Vec<_> = history.iter().map(signer_change).collect();
    Ok(Json(json!({ "changes": shown })))
}

/// `{type}:rollback` brings an earlier revision back, `{type}:dryrun` tries a policy.
pub(super) async fn act(
    State(app): State<App>,
    ForProvider(provider): ForProvider,
    caller: Caller,
    Segment(segment): Segment,
    Parameters(options): Parameters<dry_run::Options>,
    request: Request,
) -> Result<Response, ApiError> {
    let (name, action) = segment.rsplit_once(':').unwrap_or((&segment, ""));
    match action {
        "rollback" => rollback(app, &provider, &caller, kind_of(name)?, request).await,
        "dryrun" => {
            caller.may(&app, Operation::WritePolicies, &provider)?;
            let Body(body) = Body::from_request(request, &app).await?;
            let report = dry_run::run(&app, &provider, kind_of(name)?, jws_in(&body)?, options).await?;
            Ok(Json(report).into_response())
        }
        _ => Err(ApiError::new(
            ErrorCode::NotFound,
            "the actions on a policy are `:rollback` and `:dryRun`",
        )),
    }
}

/// The body is `{"revision": N}`, or a JWS with that payload: an isolated provider needs one.
async fn rollback(
    app: App,
    provider: &Provider,
    caller: &Caller,
    kind: AttestationType,
    request: Request,
) -> Result<Response, ApiError> {
    caller.may(&app, Operation::WritePolicies, provider)?;
    let Body(body) = Body::from_request(request, &app).await?;
    let (revision, envelope) = asked_revision(&body)?;
    let change = Change::Rollback {
        kind,
        revision,
        envelope,
    };
    let actor = caller.begin_change().await?;
    let applied = match app.administration.submit(provider, change, &actor).await? {
        Outcome::Applied(applied) => applied,
        Outcome::Waiting(record) => return Ok(waiting(provider, &record)),
    };
    Ok(Json(json!({ "type": kind, "restored": revision, "revision": applied.revision })).into_response())
}

fn asked_revision(body: &[u8]) -> Result<(i64, Option<String>), ApiError> {
    let revision = |payload: &[u8]| {
        let value = attestry_api::json::parse_strict(payload).ok()?;
        value.get("revision")?.as_i64()
    };
    if let Some(revision) = revision(body) {
        return Ok((revision, None));
    }
    let jws = jws_in(body)?;
    let payload = jws
        .split('.')
        .nth(1)
        .and_then(|part| attestry_api::b64::decode_url(part).ok());
    // Believed only once the signature is verified.
    let asked = payload.and_then(|payload| revision(&payload));
    let asked = asked.ok_or_else(|| {
        let message = "the body must be `{\"revision\": N}`, or a JWS with that payload";
        ApiError::parameter("missing_revision", "revision", message)
    })?;
    Ok((asked, Some(jws)))
}

fn revision(record: &PolicyRecord, previous: Option<i64>) -> Map<String, Value> {
    let opened = record
        .token
        .as_deref()
        .and_then(|token| PolicyEnvelope::open(token).ok());
    let signer = opened.as_ref().and_then(|opened| opened.signer());
    let shown = json!({
        "revision": record.revision,
        "previous": previous,
        "operation": record.operation,
        "restored": record.restored,
        "actor": record.actor,
        "approver": record.approver,
        "createdAt": record.created_at.to_string(),
        "policyHash": opened.as_ref().map(PolicyEnvelope::policy_hash),
        "tokenHash": record.token.as_deref().map(policy_token_hash),
        "signer": signer.and_then(|signer| signer.certificates().first()).map(|leaf| thumbprint(leaf)),
    });
    match shown {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn signer_change(record: &SignerRecord) -> Value {
    let certificate: Option<Jwk> = serde_json::from_str(&record.certificate).ok();
    json!({
        "revision": record.revision,
        "operation": record.operation.name(),
        "thumbprint": record.thumbprint,
        "certificate": certificate,
        "request": record.request,
        "requestHash": record.request.as_deref().map(policy_token_hash),
        "actor": record.actor,
        "approver": record.approver,
        "createdAt": record.created_at.to_string(),
    })
}

fn text_of(record: &PolicyRecord) -> Option<String> {
    let opened = PolicyEnvelope::open(record.token.as_deref()?).ok()?;
    opened.policy().map(str::to_owned)
}

/// Text of a revision; the default policy's for 0 and for resets.
async fn text_at(
    app: &App,
    provider: &Provider,
    kind: AttestationType,
    number: i64,
) -> Result<String, ApiError> {
    let default = || default_text(kind, provider.mode).unwrap_or_default().to_owned();
    if number == 0 {
        return Ok(default());
    }
    let record = app
        .administration
        .policy_revision(&provider.name, kind, number)
        .await?;
    Ok(text_of(&record).unwrap_or_else(default))
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "this policy has no such revision")
}
