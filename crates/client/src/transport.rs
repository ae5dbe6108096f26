//! HTTPS to one service: which endpoints are allowed, whom TLS trusts, how much of an answer is read, and how a
//! failed exchange becomes a [`ClientError`]. It must not know what is asked for.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use attestry_api::error::{ErrorBody, InnerError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, Identity, Method, Response, Url, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ClientError;

/// The largest answer that is read. Tokens repeat runtime data, which the service takes up to 1 MiB of request.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// A connection pool to one service.
#[derive(Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
    bearer: Option<String>,
    timeout: Duration,
}

/// How to reach a service and as whom.
#[derive(Clone)]
pub(crate) struct Options {
    /// The only authorities that TLS trusts, PEM; the system's when there are none.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// Certificate and private key of this client, PEM.
    pub(crate) identity_pem: Option<Vec<u8>>,
    /// Bearer token of every request.
    pub(crate) bearer: Option<String>,
    /// How long a request may take.
    pub(crate) timeout: Duration,
}

/// What a request carries.
pub(crate) enum Content<'a> {
    Nothing,
    Json(&'a Value),
    /// Text that is not JSON: a bare JWS.
    Text(&'a str),
}

/// An answer with a status of success.
pub(crate) struct Answer {
    url: String,
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    /// HTTP status, 200 to 299.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|error| self.malformed(&error))
    }

    /// That the body is not what it should be.
    pub(crate) fn malformed(&self, reason: &(impl ToString + ?Sized)) -> ClientError {
        ClientError::Malformed {
            url: self.url.clone(),
            reason: reason.to_string(),
        }
    }
}

impl Transport {
    pub(crate) fn new(endpoint: &str, options: Options) -> Result<Self, ClientError> {
        let base = base_url(endpoint)?;
        let mut builder = reqwest::Client::builder()
            // An answer from anywhere else than the endpoint is not an answer of the service.
            .redirect(redirect::Policy::none())
            .timeout(options.timeout)
            .user_agent(concat!("attestry-client/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &options.ca_pem {
            builder = builder.tls_certs_only(authorities(pem)?);
        }
        if let Some(pem) = &options.identity_pem {
            builder = builder.identity(identity(pem)?);
        }
        let http = builder
            .build()
            .map_err(|error| ClientError::CertificateAuthority {
                reason: innermost(&error),
            })?;
        Ok(Self {
            http,
            base,
            bearer: options.bearer,
            timeout: options.timeout,
        })
    }

    /// The endpoint without a trailing slash: the form of the issuer.
    pub(crate) fn endpoint(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.send(Method::GET, path, Content::Nothing).await?.json()
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ClientError> {
        self.send(Method::POST, path, Content::Json(body)).await?.json()
    }

    /// Sends a request and reads the answer; one that is not of success is an error.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content: Content<'_>,
    ) -> Result<Answer, ClientError> {
        let url = format!("{}/{path}", self.endpoint());
        let mut request = self.http.request(method, &url);
        request = match content {
            Content::Nothing => request,
            Content::Json(body) => request.json(body),
            Content::Text(text) => request.header(CONTENT_TYPE, "text/plain").body(text.to_owned()),
        };
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.transport_error(&url, &error))?;
        let status = response.status().as_u16();
        let request_id = header(&response, "x-ms-request-id");
        let retry_after = header(&response, "retry-after").and_then(|text| text.parse().ok());
        let body = self.body(response, &url).await?;
        if !matches!(status, 200..=299) {
            return Err(service_error(status, &body, request_id, retry_after));
        }
        Ok(Answer { url, status, body })
    }

    async fn body(&self, mut response: Response, url: &str) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport_error(url, &error))?
        {
            if body.len().saturating_add(chunk.len()) > MAX_ANSWER {
                let reason = format!("it is larger than {MAX_ANSWER} bytes");
                return Err(ClientError::Malformed {
                    url: url.to_owned(),
                    reason,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn transport_error(&self, url: &str, error: &reqwest::Error) -> ClientError {
        if error.is_timeout() {
            ClientError::TimedOut {
                url: url.to_owned(),
                seconds: self.timeout.as_secs(),
            }
        } else {
            ClientError::Unreachable {
                url: url.to_owned(),
                reason: innermost(error),
            }
        }
    }
}

/// The endpoint as a URL without query and fragment; plain HTTP only where nobody can listen in.
fn base_url(endpoint: &str) -> Result<Url, ClientError> {
    let refuse = |reason: &str| ClientError::Endpoint {
        endpoint: endpoint.to_owned(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(endpoint).map_err(|error| refuse(&error.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(refuse("plain http is only allowed on a loopback address")),
        _ => return Err(refuse("it must start with https://")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(refuse("it must be a base URL without user, query or fragment"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, ClientError> {
    let refuse = |reason: String| ClientError::CertificateAuthority { reason };
    let certificates = Certificate::from_pem_bundle(pem).map_err(|error| refuse(innermost(&error)))?;
    if certificates.is_empty() {
        return Err(refuse("there is no PEM certificate in it".to_owned()));
    }
    Ok(certificates)
}

fn identity(pem: &[u8]) -> Result<Identity, ClientError> {
    Identity::from_pem(pem).map_err(|error| ClientError::Identity {
        reason: innermost(&error),
    })
}

fn service_error(
    status: u16,
    body: &[u8],
    request_id: Option<String>,
    retry_after: Option<u64>,
) -> ClientError {
    let (code, message, inner): (String, String, Option<InnerError>) = match serde_json::from_slice(body) {
        Ok(ErrorBody { error }) => (error.code, error.message, error.innererror),
        Err(_) => (
            String::new(),
            "an error that is not in the service's form".to_owned(),
            None,
        ),
    };
    ClientError::Service {
        status,
        code,
        message,
        inner: inner.map(Box::new),
        request_id,
        retry_after,
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// A text as one segment of a path, whatever is in it.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, NOT_UNRESERVED).to_string()
}

/// All but the characters that RFC 3986, 2.3 leaves alone.
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The last cause in the chain: "connection refused" says more than "error sending request".
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests;
