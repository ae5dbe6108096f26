//! Requests that the service makes itself: a client that is bounded in time and follows no redirects, and bodies that
//! are bounded in size. What is asked, and how often, is decided by whoever asks.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, Response, redirect};
use thiserror::Error;

/// Why there is no client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The file of certificate authorities cannot be read.
    #[error("the file `{}` cannot be read ({kind})", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What kind of failure the system reported.
        kind: ErrorKind,
    },
    /// The file of certificate authorities holds none.
    #[error("the file `{}` holds no usable PEM certificate", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The connection failed, or the time was up.
    Broken,
    /// It is longer than the limit.
    TooLarge,
}

/// A client whose requests take `request_timeout` at most, and that trusts the authorities in `ca_file`, or those that
/// the system trusts.
pub(crate) fn client(ca_file: Option<&Path>, request_timeout: Duration) -> Result<Client, ClientError> {
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .connect_timeout(request_timeout.min(MAX_CONNECT_TIME))
        .timeout(request_timeout);
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|error| ClientError::File {
            path: path.to_owned(),
            kind: error.kind(),
        })?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| ClientError::NotPem {
            path: path.to_owned(),
        })?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|_| ClientError::Client)
}

/// Reads a body up to `limit` bytes: a length that the server announces is not believed.
pub(crate) async fn body(response: &mut Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| BodyError::Broken)? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

const MAX_CONNECT_TIME: Duration = Duration::from_secs(5);

const USER_AGENT: &str = concat!("attestry/", env!("CARGO_PKG_VERSION"));
