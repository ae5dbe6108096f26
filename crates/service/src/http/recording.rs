//! From a request and its answer to a record of the diagnostic log.
//!
//! It owns what of a request may be recorded: never a header that authenticates, never a body, no value in the query
//! but those known to be harmless. The record's form is [`crate::diagnostics`]'s.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use attestry_api::AttestationType;
use axum::{
    extract::{ConnectInfo, OriginalUri, Request},
    response::Response,
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use jiff::Timestamp;

use super::{
    error::ERROR_CODE,
    routes::{Class, RouteOperation},
};
use crate::{
    authn::Principal,
    diagnostics::{Category, DiagnosticLog, DiagnosticsError, Failure, Identity, Received, Record, Reserved},
    provider::{Placement, Provider},
};

/// What whoever answers a request tells its record. In the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Note(Arc<Noted>);

#[derive(Debug)]
struct Noted {
    log: DiagnosticLog,
    caller: OnceLock<Identity>,
    permitted: AtomicBool,
    resource: OnceLock<String>,
    /// Of changes, once they begin.
    place: Mutex<Option<Reserved>>,
}

impl Note {
    fn new(log: DiagnosticLog) -> Self {
        Self(Arc::new(Noted {
            log,
            caller: OnceLock::new(),
            permitted: AtomicBool::new(false),
            resource: OnceLock::new(),
            place: Mutex::new(None),
        }))
    }

    /// Notes who called; the first one counts.
    pub(super) fn set_caller(&self, caller: &Principal) {
        let _ = self.0.caller.set(Identity {
            name: caller.display_name.clone(),
            object_id: caller.object_id.clone(),
            tenant_id: caller.tenant_id.clone(),
            id: caller.id(),
        });
    }

    /// Notes that the caller may do what they ask for.
    pub(super) fn permit(&self) {
        self.0.permitted.store(true, Ordering::Release);
    }

    /// Notes the resource that the request turned out to be about; the first one counts.
    pub(super) fn set_resource(&self, id: String) {
        let _ = self.0.resource.set(id);
    }

    /// Makes sure that a change can be recorded: if not, it must not be made. Strangers never get this far, and no
    /// body is waited for after it, so nobody holds places for long.
    pub(super) async fn reserve(&self) -> Result<(), DiagnosticsError> {
        let place = self.0.log.reserve().await?;
        *self.place() = Some(place);
        Ok(())
    }

    fn place(&self) -> MutexGuard<'_, Option<Reserved>> {
        self.0.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the record of an answer says about a refusal. In the answer's extensions.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// Public codes.
    pub(super) codes: String,
    /// Whether the request was too malformed to be processed.
    pub(super) malformed: bool,
}

/// A request that will be recorded, also when its future is dropped before there is an answer.
pub(super) struct Recording {
    log: DiagnosticLog,
    started: Instant,
    /// Taken when it is written.
    record: Option<Record>,
    note: Note,
}

impl Recording {
    /// Begins the record of a request.
    pub(super) fn begin(
        log: &DiagnosticLog,
        request: &mut Request,
        operation: Option<&RouteOperation>,
        trace_id: &str,
    ) -> Self {
        let note = Note::new(log.clone());
        request.extensions_mut().insert(note.clone());
        Self {
            log: log.clone(),
            started: Instant::now(),
            record: Some(describe(request, operation, trace_id)),
            note,
        }
    }

    /// Writes the record. That of an administrative operation by somebody who may do it is on disk when this returns;
    /// an error says that something may have been changed without a record.
    pub(super) fn finish(
        mut self,
        answer: &Response,
    ) -> impl Future<Output = Result<(), DiagnosticsError>> + use<> {
        let record = self
            .record
            .take()
            .map(|record| self.complete_with(record, answer));
        let (log, place) = (self.log.clone(), self.note.place().take());
        let permitted = self.note.0.permitted.load(Ordering::Acquire);
        let refused = !answer.status().is_success();
        async move {
            match (record, place) {
                (None, _) => Ok(()),
                (Some(record), Some(place)) => place.write(&record).await,
                (Some(record), None) if record.administrative && permitted => {
                    let written = write_late(&log, &record).await;
                    if refused { Ok(()) } else { written }
                }
                (Some(record), None) => {
                    log.record(&record);
                    Ok(())
                }
            }
        }
    }

    fn complete_with(&self, mut record: Record, answer: &Response) -> Record {
        self.complete(&mut record, answer.status().as_u16());
        let status = answer.status();
        if !status.is_client_error() && !status.is_server_error() {
            return record;
        }
        let refusal = answer.extensions().get::<Refusal>();
        let code = || text_of(answer.headers(), &ERROR_CODE).unwrap_or_default();
        record.failure = Some(Failure {
            category: category_of(status),
            details: cut(refusal.map_or_else(code, |refusal| &refusal.codes), MAX_TEXT),
        });
        if refusal.is_some_and(|refusal| refusal.malformed) {
            record.category = Category::NotProcessed;
        }
        record
    }

    fn complete(&self, record: &mut Record, status: u16) {
        record.status = status;
        record.duration = self.started.elapsed();
        record.identity = self.note.0.caller.get().cloned();
        if let Some(resource) = self.note.0.resource.get() {
            record.resource_id.clone_from(resource);
        }
    }
}

impl Drop for Recording {
    /// The client went away, or the service stopped before there was an answer.
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else {
            return;
        };
        self.complete(&mut record, CUT);
        record.failure = Some(Failure {
            category: "Connection",
            details: "the connection ended before the answer".to_owned(),
        });
        match self.note.place().take() {
            Some(place) => place.leave(&record),
            None => self.log.record(&record),
        }
    }
}

/// Writes the record of an operation that began no change.
async fn write_late(log: &DiagnosticLog, record: &Record) -> Result<(), DiagnosticsError> {
    match log.reserve().await {
        Ok(place) => place.write(record).await,
        Err(reason) => {
            // The other file may be writable.
            log.record(record);
            Err(reason)
        }
    }
}

/// No answer was sent; servers commonly note this number for it.
const CUT: u16 = 499;

fn category_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "AzureAuthorization",
        status if status.is_server_error() => "Service",
        _ => "Request",
    }
}

/// What is known before the answer.
fn describe(request: &Request, operation: Option<&RouteOperation>, trace_id: &str) -> Record {
    let headers = request.headers();
    let provider = request.extensions().get::<Arc<Provider>>();
    let location = provider.and_then(|provider| provider.location.as_ref());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let asked = request.extensions().get::<OriginalUri>();
    let asked = asked.map_or_else(|| request.uri(), |OriginalUri(uri)| uri);
    Record {
        time: Timestamp::now(),
        operation: name_of(operation, request.method(), request.uri().path()),
        category: if operation.is_some() {
            Category::Operational
        } else {
            Category::NotProcessed
        },
        administrative: operation.is_some_and(|operation| operation.class == Class::Change),
        status: 0,
        duration: Duration::ZERO,
        caller_address: peer.map(|ConnectInfo(peer)| peer.ip()),
        trace_id: trace_id.to_owned(),
        parent_id: parent_id(headers),
        identity: None,
        uri: shown(asked, headers),
        resource_id: resource_id(provider.map(Arc::as_ref), request.uri().path()),
        location: location.map_or_else(String::new, ToString::to_string),
        failure: None,
        received: received(headers),
    }
}

fn name_of(operation: Option<&RouteOperation>, method: &Method, path: &str) -> String {
    let Some(operation) = operation else {
        // What browsers ask before they let a page call.
        let preflight = *method == Method::OPTIONS;
        return if preflight { "Preflight" } else { "Unknown" }.to_owned();
    };
    let kind = || path.rsplit('/').next()?.parse::<AttestationType>().ok();
    match (operation.class, kind()) {
        (Class::Attest, Some(kind)) => format!("{}{kind}", operation.name),
        _ => operation.name.to_owned(),
    }
}

/// A provider's id in Azure Resource Manager's form; without a subscription when it was created in none.
fn resource_id(provider: Option<&Provider>, path: &str) -> String {
    match provider {
        // The management operations name their resource themselves.
        _ if path.starts_with("/subscriptions/") => cut(path, MAX_TEXT),
        None => "/providers/Microsoft.Attestation".to_owned(),
        Some(Provider { name, resource, .. }) => match resource.as_deref() {
            None => format!("{PROVIDERS}/{name}"),
            Some(Placement {
                subscription,
                resource_group,
                ..
            }) => created_id(subscription, resource_group, name),
        },
    }
}

/// The id of a provider that was created in a group.
pub(super) fn created_id(subscription: &str, group: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}{PROVIDERS}/{name}")
}

const PROVIDERS: &str = "/providers/Microsoft.Attestation/attestationProviders";

/// The URL without a user name, and with those values in the query only that are no secret.
fn shown(uri: &Uri, headers: &HeaderMap) -> String {
    let host = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| text_of(headers, &header::HOST))
        .unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let mut text = format!("{host}{}", uri.path());
    if let Some(query) = uri.query() {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _))
                if !SHOWN_PARAMETERS
                    .iter()
                    .any(|shown| shown.eq_ignore_ascii_case(name)) =>
            {
                format!("{name}=***")
            }
            _ => pair.to_owned(),
        });
        text.push('?');
        text.push_str(&pairs.collect::<Vec<_>>().join("&"));
    }
    format!("https://{}", cut(&text, MAX_URI))
}

/// Parameters of our own operations, none of them secret.
const SHOWN_PARAMETERS: [&str; 2] = ["api-version", "tee"];

fn received(headers: &HeaderMap) -> Received {
    let text = |name: &HeaderName| cut(text_of(headers, name).unwrap_or_default(), MAX_TEXT);
    let cookies = headers.get_all(header::COOKIE).iter();
    Received {
        user_agent: text(&header::USER_AGENT),
        header_count: headers.len(),
        content_type: text(&header::CONTENT_TYPE),
        content_length: text_of(headers, &header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        cookie_count: cookies
            .map(|cookies| cookies.as_bytes().split(|&byte| byte == b';').count())
            .sum(),
        traceparent: text(&HeaderName::from_static("traceparent")),
    }
}

/// The caller's span: the third part of a `traceparent` (W3C Trace Context, 3.2).
fn parent_id(headers: &HeaderMap) -> String {
    let sent = text_of(headers, &HeaderName::from_static("traceparent"));
    let parent = sent.and_then(|sent| sent.split('-').nth(2));
    parent
        .filter(|parent| parent.len() == 16 && parent.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .unwrap_or_default()
        .to_owned()
}

fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Most characters of a recorded header, resource or code: real user agents have up to some hundred.
const MAX_TEXT: usize = 1_024;
/// Most characters of a recorded URL: our own have some hundred.
const MAX_URI: usize = 4_096;

#[cfg(test)]
mod tests;
