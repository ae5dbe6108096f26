//! Sources of collateral: the services of Intel and Azure, cache servers, directories, signed bundles.
//!
//! A source is trusted for nothing but its availability: what it gives is verified afterwards.

mod bundle_file;
mod remote;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::dcap::{CollateralDocuments, Tee};
use thiserror::Error;

use self::bundle_file::BundleFile;
use self::remote::Remote;
use super::{CollateralKey, Edition, directory};
use crate::config::{SourceConfig, SourceKind};
use crate::operator::OperatorKey;
use crate::outbound::ClientError;

/// One source.
#[derive(Debug)]
pub struct Source {
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Remote(Box<Remote>),
    Directory(PathBuf),
    Bundle(Arc<BundleFile>),
}

/// A list of evaluation numbers as received: its text and the chain of its signer.
#[derive(Debug, Clone)]
pub(super) struct SignedNumbers {
    pub(super) document: Vec<u8>,
    pub(super) issuer_chain: Vec<u8>,
}

/// Why a source gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It does not know the platform, or does not offer the edition.
    #[error("the source does not have these documents")]
    Unknown,
    /// It could not be reached, or did not answer in time.
    #[error("the source could not be reached")]
    Unreachable,
    /// It answered with an unexpected status.
    #[error("the source answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A document is larger than the limit.
    #[error("the source gave a document of more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A part of the answer is missing or cannot be read.
    #[error("the source gave no usable {what}")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
}

/// Why a configured source cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceBuildError {
    /// A file cannot be read.
    #[error("the file `{}` cannot be read ({kind})", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What kind of failure the system reported.
        kind: ErrorKind,
    },
    /// A file does not hold what it should.
    #[error("the file `{}` holds no usable PEM {what}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `public key`.
        what: &'static str,
    },
    /// The URL or the API key cannot be used.
    #[error("`{what}` of the source cannot be used")]
    Value {
        /// Name of the setting.
        what: &'static str,
    },
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client,
}

impl From<ClientError> for SourceBuildError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::File { path, kind } => Self::File { path, kind },
            ClientError::NotPem { path } => Self::NotPem {
                path,
                what: "certificate",
            },
            ClientError::Client => Self::Client,
        }
    }
}

impl Source {
    /// Makes a source from its configuration. Nothing is asked yet.
    pub fn from_config(
        config: &SourceConfig,
        request_timeout: Duration,
        attempts: u32,
    ) -> Result<Self, SourceBuildError> {
        let (name, kind) = match config.kind {
            SourceKind::IntelPcs | SourceKind::Pccs | SourceKind::AzureThim => {
                let remote = Remote::from_config(config, request_timeout, attempts)?;
                (remote.name(), Kind::Remote(Box::new(remote)))
            }
            SourceKind::Directory => (
                format!("directory {}", config.path.display()),
                Kind::Directory(config.path.clone()),
            ),
            SourceKind::Bundle => {
                let verifier = operator_key(&config.signer)?;
                let name = format!("bundle {}", config.path.display());
                let file = BundleFile::new(config.path.clone(), verifier);
                (name, Kind::Bundle(Arc::new(file)))
            }
        };
        Ok(Self { name, kind })
    }

    /// The source's name in logs, metrics and the status.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The documents for `key` as the source has them, unverified.
    pub async fn documents(&self, key: &CollateralKey) -> Result<CollateralDocuments, SourceError> {
        match &self.kind {
            Kind::Remote(remote) => remote.documents(key).await,
            Kind::Directory(path) => {
                let path = path.join(key.to_string());
                off_the_workers(move || directory::read_documents(&path).map_err(|error| error.as_source()))
                    .await
            }
            Kind::Bundle(file) => {
                let (file, key) = (Arc::clone(file), *key);
                off_the_workers(move || file.documents(&key)).await
            }
        }
    }

    /// Intel's list of evaluation numbers as the source has it, unverified.
    pub(super) async fn evaluation_numbers(&self, tee: Tee) -> Result<SignedNumbers, SourceError> {
        match &self.kind {
            Kind::Remote(remote) => remote.evaluation_numbers(tee).await,
            Kind::Directory(_) | Kind::Bundle(_) => Err(SourceError::Unknown),
        }
    }
}

/// The key that a bundle must be signed with.
fn operator_key(path: &Path) -> Result<OperatorKey, SourceBuildError> {
    let pem = std::fs::read(path).map_err(|error| SourceBuildError::File {
        path: path.to_owned(),
        kind: error.kind(),
    })?;
    OperatorKey::from_pem(&pem).map_err(|_| SourceBuildError::NotPem {
        path: path.to_owned(),
        what: "public key",
    })
}

async fn off_the_workers<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(SourceError::Unreachable))
}

/// The query of an edition (Intel PCS API v4).
fn edition_query(edition: Edition) -> Option<(&'static str, String)> {
    match edition {
        Edition::Standard => None,
        Edition::Early => Some(("update", "early".to_owned())),
        Edition::Number(number) => Some(("tcbEvaluationDataNumber", number.to_string())),
    }
}
