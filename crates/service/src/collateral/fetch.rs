//! Bounded requests to collateral services.

use std::path::Path;
use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use reqwest::{Client, Response, Url};
use tracing::debug;

use super::source::{SourceBuildError, SourceError};
use crate::outbound::{self, BodyError};

/// A client for one service: bounded in time, size and attempts, and without redirects, which no such
/// service needs.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    client: Client,
    /// The service itself.
    base: Url,
    /// Sent to the service itself and to nobody else: a subscription key may be among them.
    headers: HeaderMap,
    attempts: u32,
}

/// A service's address as configured. Addresses are logged, so there is no password in one.
pub(super) fn base_url(text: &str) -> Result<Url, SourceBuildError> {
    let has_credentials = |url: &Url| !url.username().is_empty() || url.password().is_some();
    text.trim_end_matches('/')
        .parse()
        .ok()
        .filter(|url: &Url| !url.cannot_be_a_base() && !has_credentials(url))
        .ok_or(SourceBuildError::Value { what: "url" })
}

/// The path, unless it is empty as paths that are not configured are.
pub(super) fn named(path: &Path) -> Option<&Path> {
    Some(path).filter(|path| !path.as_os_str().is_empty())
}

/// An answer with status 200.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    headers: HeaderMap,
}

impl Fetcher {
    pub(super) fn new(
        base: Url,
        headers: HeaderMap,
        ca_file: Option<&Path>,
        request_timeout: Duration,
        attempts: u32,
    ) -> Result<Self, SourceBuildError> {
        let client = outbound::client(ca_file, request_timeout)?;
        Ok(Self {
            client,
            base,
            headers,
            attempts,
        })
    }

    /// Asks until there is an answer that another attempt would not change.
    pub(super) async fn get(&self, url: &Url) -> Result<Answer, SourceError> {
        let mut attempt = 1;
        loop {
            let (error, wait) = match self.attempt(url).await {
                Ok(answer) => return Ok(answer),
                Err(Failed::Finally(error)) => return Err(error),
                Err(Failed::ForNow(error, wait)) => (error, wait),
            };
            if attempt >= self.attempts {
                return Err(error);
            }
            let pause = wait.unwrap_or_else(|| FIRST_PAUSE.saturating_mul(1 << attempt.min(6)));
            debug!(http.url = %url, error = %error, retry.pause_seconds = pause.as_secs_f64(), "trying again");
            tokio::time::sleep(pause.min(MAX_PAUSE)).await;
            attempt = attempt.saturating_add(1);
        }
    }

    /// Asks once.
    pub(super) async fn attempt(&self, url: &Url) -> Result<Answer, Failed> {
        let unreachable = |_| Failed::ForNow(SourceError::Unreachable, None);
        let mut request = self.client.get(url.clone());
        if url.origin() == self.base.origin() {
            request = request.headers(self.headers.clone());
        }
        let response = request.send().await.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => bounded(response).await,
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Failed::Finally(SourceError::Unknown)),
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => Err(Failed::ForNow(
                SourceError::Status {
                    status: status.as_u16(),
                },
                retry_after(&response),
            )),
            status if status.is_server_error() => Err(Failed::ForNow(
                SourceError::Status {
                    status: status.as_u16(),
                },
                retry_after(&response),
            )),
            status => Err(Failed::Finally(SourceError::Status {
                status: status.as_u16(),
            })),
        }
    }
}

impl Answer {
    /// The percent-encoded PEM chain in the first of `names` that is there: its name differs between versions
    /// of the interface.
    pub(super) fn issuer_chain(&self, names: &[HeaderName]) -> Result<Vec<u8>, SourceError> {
        let missing = || SourceError::Malformed {
            what: "issuer chain header",
        };
        let value = names
            .iter()
            .find_map(|name| self.headers.get(name))
            .ok_or_else(missing)?;
        let text = HeaderValue::to_str(value).map_err(|_| missing())?;
        Ok(percent_decode_str(text).collect())
    }
}

/// Why one attempt gave no answer.
pub(super) enum Failed {
    /// Another attempt may succeed, not before the time given.
    ForNow(SourceError, Option<Duration>),
    Finally(SourceError),
}

async fn bounded(mut response: Response) -> Result<Answer, Failed> {
    let body = outbound::body(&mut response, MAX_DOCUMENT_BYTES).await;
    Ok(Answer {
        body: body.map_err(|error| match error {
            BodyError::Broken => Failed::ForNow(SourceError::Unreachable, None),
            BodyError::TooLarge => Failed::Finally(SourceError::TooLarge {
                limit: MAX_DOCUMENT_BYTES,
            }),
        })?,
        headers: std::mem::take(response.headers_mut()),
    })
}

/// The delay in seconds that the service asks for (RFC 9110, 10.2.3); its date form is treated as absent.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Largest document taken from a source: the verifier's own limit for a document is the same, and the largest
/// of Intel's, a PCK CRL, had 5 KiB in 2026.
pub(super) const MAX_DOCUMENT_BYTES: usize = 1_048_576;

/// The pause doubles from here with each attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A request may be waiting: no service is waited for longer than this, whatever it asks for.
const MAX_PAUSE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
