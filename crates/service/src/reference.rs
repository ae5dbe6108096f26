//! Reference values between an operator's file and the providers: signed files, the history of versions, and which
//! values are in force. What a value means is decided where evidence is verified; this module owns that no version
//! comes back once a newer one was taken in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use attestry_evidence::hex;
use attestry_evidence::reference::{MAX_REFERENCE_BYTES, ReferenceError, ReferenceValues};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest;
use thiserror::Error;
use tracing::{info, warn};

use crate::config::Config;
use crate::operator::{OperatorKey, OperatorSigner, SignedFileError, is_signed_file};
use crate::store::{ReferenceRecord, Store, StoreError};

/// A file of reference values that was read and found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceFile {
    values: Arc<ReferenceValues>,
    document: Vec<u8>,
    /// The file as it was signed, if it was.
    envelope: Option<Vec<u8>>,
    digest: String,
}

/// Why a file of reference values is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReferenceFileError {
    /// The envelope is malformed, or not signed by the operator.
    #[error(transparent)]
    Envelope(#[from] SignedFileError),
    /// An operator's key is given, and nothing is signed with it.
    #[error("the reference values are not signed, and have to be by the operator's key")]
    Unsigned,
    /// The file is signed, and no key is given to check that with.
    #[error("the reference values are signed, and no public key of the operator is given")]
    KeyMissing,
    /// The content is not reference values.
    #[error(transparent)]
    Values(#[from] ReferenceError),
}

impl ReferenceFile {
    /// Reads a file: with a key, one that is signed with it; without, plain JSON.
    pub fn read(file: &[u8], key: Option<&OperatorKey>) -> Result<Self, ReferenceFileError> {
        let signed = is_signed_file(file);
        let document = match key {
            Some(key) if signed => key.open(file, &[PAYLOAD_TYPE], MAX_SIGNED_BYTES)?.payload,
            Some(_) => return Err(ReferenceFileError::Unsigned),
            None if signed => return Err(ReferenceFileError::KeyMissing),
            None => file.to_vec(),
        };
        let values = Arc::new(ReferenceValues::parse(&document)?);
        let digest = hex::encode(digest::digest(&digest::SHA256, &document).as_ref());
        Ok(Self {
            values,
            document,
            envelope: signed.then(|| file.to_vec()),
            digest,
        })
    }

    /// The values.
    pub fn values(&self) -> &ReferenceValues {
        &self.values
    }

    /// SHA-256 of the values as they were signed, 64 lower-case hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The values as a file that the operator signed.
    pub fn seal(&self, signer: &OperatorSigner) -> Result<Vec<u8>, SignedFileError> {
        signer.seal(PAYLOAD_TYPE, &self.document)
    }
}

/// What became of values that were offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// They are in force now.
    New,
    /// They were in force before.
    Known,
}

/// Why values are not taken in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TakeError {
    /// A newer version was taken in before: an old list must not bring back what a new one withdrew.
    #[error("version {offered} is older than version {held}, which was taken in before")]
    Older {
        /// The newest version so far.
        held: i64,
        /// The one that is offered.
        offered: i64,
    },
    /// The same version says something else.
    #[error("version {version} was taken in with another content; give the changed values a greater version")]
    Changed {
        /// The version.
        version: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes values in for a scope: a provider's name, or empty for all without their own. `source` says where they come
/// from, for the history.
pub async fn take(
    store: &Store,
    scope: &str,
    file: &ReferenceFile,
    source: &str,
    now: UnixTime,
) -> Result<Taken, TakeError> {
    // The file's limit keeps versions far below.
    let offered = i64::try_from(file.values.version()).unwrap_or(i64::MAX);
    let record = ReferenceRecord {
        scope: scope.to_owned(),
        version: offered,
        digest: file.digest.clone(),
        document: Some(file.document.clone()),
        envelope: file.envelope.clone(),
        source: source.to_owned(),
        issued_at: file.values.issued(),
        expires_at: file.values.expires(),
        imported_at: now,
    };
    if store.reference_put(&record).await? {
        return Ok(Taken::New);
    }
    let newest = store.reference_newest(scope).await?;
    match newest {
        Some(newest) if newest.version > offered => Err(TakeError::Older {
            held: newest.version,
            offered,
        }),
        Some(newest) if newest.digest != file.digest => Err(TakeError::Changed { version: offered }),
        Some(newest) if file.envelope.is_some() && newest.envelope != file.envelope => {
            let envelope = file.envelope.as_deref().unwrap_or_default();
            store
                .reference_put_envelope(scope, offered, &file.digest, envelope)
                .await?;
            Ok(Taken::Known)
        }
        _ => Ok(Taken::Known),
    }
}

/// The values in force, as one snapshot.
#[derive(Debug, Clone, Default)]
pub struct References {
    common: Option<Arc<ReferenceValues>>,
    own: BTreeMap<String, Arc<ReferenceValues>>,
}

/// Why the values in force are not known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read ({kind})")]
    File {
        /// As configured.
        path: String,
        /// What kind of failure the system reported.
        kind: std::io::ErrorKind,
    },
    /// A file is refused.
    #[error("`{path}`: {error}")]
    Refused {
        /// As configured.
        path: String,
        /// What is wrong.
        error: ReferenceFileError,
    },
    /// The values in a file are not taken in.
    #[error("`{path}`: {error}")]
    NotTaken {
        /// As configured.
        path: String,
        /// Why.
        error: TakeError,
    },
    /// What the store holds is not signed with the configured key, or was written by a later release.
    #[error(
        "the stored reference values of version {version} do not count: {error}; take in their signed file again, or a newer one"
    )]
    Stored {
        /// Their version.
        version: i64,
        /// What is wrong.
        error: ReferenceFileError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl References {
    /// Takes in the files that the configuration names, and gives what is in force then.
    pub async fn load(config: &Config, store: &Store, now: UnixTime) -> Result<Self, LoadError> {
        let key = operator_key(&config.reference_values.signer)?;
        let common = in_force(store, "", &config.reference_values.file, key.as_ref(), now).await?;
        let mut own = BTreeMap::new();
        for provider in &config.provider {
            let path = &provider.reference_values;
            let values = in_force(store, &provider.name, path, key.as_ref(), now).await?;
            own.extend(values.map(|values| (provider.name.clone(), values)));
        }
        Ok(Self { common, own })
    }

    /// Those of a provider: its own, or the common ones.
    pub fn of(&self, provider: &str) -> Option<Arc<ReferenceValues>> {
        self.own.get(provider).or(self.common.as_ref()).cloned()
    }
}

/// The newest values of a scope, once its file is taken in.
async fn in_force(
    store: &Store,
    scope: &str,
    path: &Path,
    key: Option<&OperatorKey>,
    now: UnixTime,
) -> Result<Option<Arc<ReferenceValues>>, LoadError> {
    if !path.as_os_str().is_empty() {
        take_file(store, scope, path, key, now).await?;
    }
    let Some(record) = store.reference_newest(scope).await? else {
        return Ok(None);
    };
    let file = stored(&record, key).map_err(|error| LoadError::Stored {
        version: record.version,
        error,
    })?;
    let values = file.values;
    info!(
        provider.name = scope,
        reference.version = values.version(),
        reference.expires = %values.expires(),
        "reference values in force"
    );
    Ok(Some(values))
}

/// What the store holds counts as a file does: where an operator's key is configured, as far as it is signed with it,
/// so that whoever can write to the store cannot add a value; what was signed before they can bring back, for the history
/// of versions is the store's. Without a key the store itself is trusted.
fn stored(record: &ReferenceRecord, key: Option<&OperatorKey>) -> Result<ReferenceFile, ReferenceFileError> {
    let held = match key {
        Some(_) => record.envelope.as_ref().or(record.document.as_ref()),
        None => record.document.as_ref(),
    };
    ReferenceFile::read(held.map_or(&[], Vec::as_slice), key)
}

/// A file that is older than what the store holds is passed over: a newer one was imported since.
async fn take_file(
    store: &Store,
    scope: &str,
    path: &Path,
    key: Option<&OperatorKey>,
    now: UnixTime,
) -> Result<(), LoadError> {
    let shown = path.display().to_string();
    let file = ReferenceFile::read(&read(path)?, key).map_err(|error| LoadError::Refused {
        path: shown.clone(),
        error,
    })?;
    match take(store, scope, &file, &format!("file {shown}"), now).await {
        Ok(_) => Ok(()),
        Err(TakeError::Older { held, offered }) => {
            warn!(
                reference.file = shown,
                reference.version = offered,
                reference.held = held,
                "the file has older reference values than were taken in before, and is not used"
            );
            Ok(())
        }
        Err(error) => Err(LoadError::NotTaken { path: shown, error }),
    }
}

fn operator_key(path: &Path) -> Result<Option<OperatorKey>, LoadError> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let key = OperatorKey::from_pem(&read(path)?).map_err(|error| LoadError::Refused {
        path: path.display().to_string(),
        error: error.into(),
    })?;
    Ok(Some(key))
}

/// The operator names the file, and its size is checked where it is read.
fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|error| LoadError::File {
        path: path.display().to_string(),
        kind: error.kind(),
    })
}

/// The payload's media type, covered by the signature.
const PAYLOAD_TYPE: &str = "application/vnd.attestry.reference-values.v1+json";
/// The largest signed file read: base64 makes four bytes of three, and the rest is the envelope.
const MAX_SIGNED_BYTES: usize = MAX_REFERENCE_BYTES / 3 * 4 + 64 * 1024;

#[cfg(test)]
mod tests;
