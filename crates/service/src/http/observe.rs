//! Around every request: an identifier, the headers each answer has, one log line, counters.

use std::time::Instant;

use attestry_api::hex;
use aws_lc_rs::rand;
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::{Instrument, info, info_span};

use super::{
    ApiError, App,
    recording::Recording,
    routes::{self, Class, RouteOperation},
};
use crate::telemetry::metrics::RequestLabels;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const SERVICE_VERSION: HeaderName = HeaderName::from_static("x-ms-maa-service-version");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const RETURN_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-return-client-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON_UTF_8: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

pub(super) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let found = matched.and_then(|pattern| routes::find(pattern, &method));
    // Labels come from the table only, so that no client can make the registry grow.
    let route = found.map_or("other", |(route, _)| route.pattern);
    let operation = found.and_then(|(_, operation)| operation);
    let id = request_id(request.headers());
    let echo = client_request_id(request.headers());
    app.metrics.in_flight.inc();
    // Counted down also when the client goes away and this future is dropped.
    let _in_flight = InFlight(&app);
    let span = info_span!("request", request.id = %id);
    let answer = answer(&app, request, operation, id.clone(), next);
    let mut response = answer.instrument(span.clone()).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    app.metrics
        .requests
        .get_or_create(&RequestLabels { route, status })
        .inc();
    app.metrics.request_duration.observe(elapsed.as_secs_f64());
    span.in_scope(|| {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        info!(http.method = %method, http.route = route, http.status = status, duration_us = micros, "answered");
    });
    finish(response.headers_mut(), &id, echo);
    response
}

/// Answers a request. A change goes to its end, and its record says how it ended, whether or not the caller still
/// waits.
async fn answer(
    app: &App,
    mut request: Request,
    operation: Option<&'static RouteOperation>,
    id: String,
    next: Next,
) -> Response {
    if let Some(operation) = operation {
        request.extensions_mut().insert(operation.class);
    }
    let recorded = record(app.clone(), request, operation, id, next);
    if operation.is_none_or(|operation| operation.class != Class::Change) {
        return recorded.await;
    }
    let change = app.changes.spawn(recorded.in_current_span());
    change
        .await
        .unwrap_or_else(|error| ApiError::internal(&error).into_response())
}

/// Answers a request and records it; probes of the service's health are no operations of anybody.
async fn record(
    app: App,
    mut request: Request,
    operation: Option<&RouteOperation>,
    id: String,
    next: Next,
) -> Response {
    let probe = operation.is_some_and(|operation| operation.class == Class::Health);
    let log = app.diagnostics.as_ref().filter(|_| !probe);
    let Some(log) = log else {
        return next.run(request).await;
    };
    let trace = trace_id(&id).unwrap_or_default();
    let recording = Recording::begin(log, &mut request, operation, trace);
    let response = next.run(request).await;
    match recording.finish(&response).await {
        Ok(()) => response,
        Err(reason) => ApiError::record_lost(&reason).into_response(),
    }
}

struct InFlight<'a>(&'a App);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.metrics.in_flight.dec();
    }
}

fn finish(headers: &mut HeaderMap, id: &str, echo: Option<HeaderValue>) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(
        SERVICE_VERSION,
        HeaderValue::from_static(env!("CARGO_PKG_VERSION")),
    );
    if let Some(echo) = echo {
        headers.insert(CLIENT_REQUEST_ID, echo);
    }
    if headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/json")
    {
        headers.insert(header::CONTENT_TYPE, JSON_UTF_8);
    }
}

/// The identifier in the form of W3C Trace Context, continuing the caller's trace if it sent one.
fn request_id(headers: &HeaderMap) -> String {
    let trace = headers
        .get(TRACEPARENT)
        .and_then(|value| trace_id(value.to_str().ok()?));
    let trace = trace.map_or_else(random_hex::<16>, str::to_owned);
    format!("00-{trace}-{}-00", random_hex::<8>())
}

/// The trace id of a `traceparent` (W3C Trace Context, 3.2): 32 lower-case digits, not all zero.
fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let usable = digits(version, 2)
        && version != "ff"
        && digits(trace, 32)
        && digits(parent, 16)
        && trace.bytes().any(|byte| byte != b'0');
    usable.then_some(trace)
}

/// Random digits for identifiers; zeros, which identify nothing, if the system has no randomness to give.
fn random_hex<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    if rand::fill(&mut bytes).is_err() {
        bytes = [0; BYTES];
    }
    hex::encode(&bytes)
}

/// The client's own identifier, when it asks for it back.
fn client_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = headers.get(RETURN_CLIENT_REQUEST_ID)?;
    wanted
        .as_bytes()
        .eq_ignore_ascii_case(b"true")
        .then(|| headers.get(CLIENT_REQUEST_ID).cloned())
        .flatten()
}

#[cfg(test)]
mod tests;
