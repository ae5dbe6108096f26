//! Fetching an issuer's keys: its metadata (OpenID Connect Discovery 1.0, section 4; RFC 8414) and its key set. One
//! bounded attempt; when to make one is decided by the cache.

use std::time::Duration;

use attestry_api::{access_token::IssuerKeys, json, jwk::JwkError};
use http::StatusCode;
use reqwest::{Client, Url};
use serde_json::Value;
use thiserror::Error;

use crate::config::IssuerConfig;
use crate::outbound::{self, BodyError, ClientError};

/// Where an issuer publishes its keys.
#[derive(Debug)]
pub(super) struct PublishedKeys {
    client: Client,
    place: Place,
    /// Whether plain HTTP will do, which is for development.
    plain_http: bool,
}

#[derive(Debug)]
enum Place {
    /// Its metadata say.
    Metadata {
        issuer: String,
        url: Url,
    },
    KeySet(Url),
}

/// Why no keys were fetched.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The issuer could not be reached, or did not answer in time.
    #[error("the issuer could not be reached")]
    Unreachable,
    /// It answered with an unexpected status.
    #[error("the issuer answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A document is larger than the limit.
    #[error("the issuer gave a document of more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The metadata are not the JSON they must be.
    #[error("the issuer's metadata have no usable `{member}`")]
    Metadata {
        /// The member that is missing or wrong.
        member: &'static str,
    },
    /// The metadata are another issuer's (OpenID Connect Discovery 1.0, 4.3).
    #[error("the metadata are those of the issuer `{found}`")]
    OtherIssuer {
        /// `issuer` of the metadata.
        found: String,
    },
    /// The key set is malformed.
    #[error("the issuer's key set cannot be used: {0}")]
    Keys(#[from] JwkError),
    /// The key set has no key that tokens can be verified with.
    #[error("the issuer's key set has no usable key")]
    NoKeys,
}

/// Why a configured issuer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// An address is no URL, or not https.
    #[error("`{url}` is not an https URL")]
    Address {
        /// The address.
        url: String,
    },
    /// The file of keys cannot be read.
    #[error("the file `{}` cannot be read ({kind})", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What kind of failure the system reported.
        kind: std::io::ErrorKind,
    },
    /// The file of keys is larger than the limit.
    #[error("the file `{}` has more than {MAX_DOCUMENT_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The file holds no usable keys.
    #[error("the file `{}` holds no usable keys: {reason}", path.display())]
    Keys {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl PublishedKeys {
    pub(super) fn new(config: &IssuerConfig, plain_http: bool) -> Result<Self, IssuerError> {
        let ca_file = Some(config.ca_file.as_path()).filter(|path| !path.as_os_str().is_empty());
        let timeout = Duration::from_secs(config.request_timeout_seconds);
        let client = outbound::client(ca_file, timeout)?;
        let address = |url: String| acceptable(&url, plain_http).ok_or(IssuerError::Address { url });
        let place = if config.jwks_uri.is_empty() {
            let url = format!(
                "{}/.well-known/openid-configuration",
                config.issuer.trim_end_matches('/')
            );
            Place::Metadata {
                issuer: config.issuer.clone(),
                url: address(url)?,
            }
        } else {
            Place::KeySet(address(config.jwks_uri.clone())?)
        };
        Ok(Self {
            client,
            place,
            plain_http,
        })
    }

    /// The keys as they are published now.
    pub(super) async fn fetch(&self) -> Result<IssuerKeys, FetchError> {
        let keys = match &self.place {
            Place::KeySet(url) => self.document(url).await?,
            Place::Metadata { issuer, url } => {
                let metadata = self.document(url).await?;
                let url = key_set_url(&metadata, issuer, self.plain_http)?;
                self.document(&url).await?
            }
        };
        let keys = IssuerKeys::from_json(&keys)?;
        if keys.is_empty() {
            return Err(FetchError::NoKeys);
        }
        Ok(keys)
    }

    async fn document(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let response = self.client.get(url.clone()).send().await;
        let mut response = response.map_err(|_| FetchError::Unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status {
                status: response.status().as_u16(),
            });
        }
        let body = outbound::body(&mut response, MAX_DOCUMENT_BYTES).await;
        body.map_err(|error| match error {
            BodyError::Broken => FetchError::Unreachable,
            BodyError::TooLarge => FetchError::TooLarge {
                limit: MAX_DOCUMENT_BYTES,
            },
        })
    }
}

/// `jwks_uri` of the metadata, once it is clear that they are the issuer's own.
fn key_set_url(metadata: &[u8], issuer: &str, plain_http: bool) -> Result<Url, FetchError> {
    let metadata = json::parse_strict(metadata).unwrap_or_default();
    let text = |member: &'static str| {
        let value = metadata.get(member).and_then(Value::as_str);
        value.ok_or(FetchError::Metadata { member })
    };
    let found = text("issuer")?;
    if found != issuer {
        return Err(FetchError::OtherIssuer {
            found: found.to_owned(),
        });
    }
    acceptable(text("jwks_uri")?, plain_http).ok_or(FetchError::Metadata { member: "jwks_uri" })
}

fn acceptable(url: &str, plain_http: bool) -> Option<Url> {
    let url: Url = url.parse().ok()?;
    let secure = url.scheme() == "https" || (plain_http && url.scheme() == "http");
    let anonymous = url.username().is_empty() && url.password().is_none();
    (secure && anonymous).then_some(url)
}

/// Largest document taken from an issuer: Entra ID's key set, with certificates, has some 20 KiB.
pub(super) const MAX_DOCUMENT_BYTES: usize = 262_144;
