//! A signed bundle as a source: read and checked again only when the file has changed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use attestry_evidence::dcap::CollateralDocuments;

use super::SourceError;
use crate::collateral::bundle::MAX_BUNDLE_BYTES;
use crate::collateral::{Bundle, CollateralKey};
use crate::operator::OperatorKey;

/// The file, and what was in it.
#[derive(Debug)]
pub(super) struct BundleFile {
    path: PathBuf,
    verifier: OperatorKey,
    /// Locked while the file is read: whoever else wants something of it waits instead of reading it too.
    read: Mutex<Option<(Stamp, Content)>>,
}

/// What tells one content of the file from another.
type Stamp = (u64, Option<SystemTime>);

type Content = Result<Arc<HashMap<CollateralKey, CollateralDocuments>>, SourceError>;

impl BundleFile {
    pub(super) fn new(path: PathBuf, verifier: OperatorKey) -> Self {
        Self {
            path,
            verifier,
            read: Mutex::default(),
        }
    }

    /// The documents for `key`. Blocks.
    pub(super) fn documents(&self, key: &CollateralKey) -> Result<CollateralDocuments, SourceError> {
        self.content()?.get(key).cloned().ok_or(SourceError::Unknown)
    }

    fn content(&self) -> Content {
        let file = File::open(&self.path).map_err(|_| SourceError::Unreachable)?;
        let metadata = file.metadata().map_err(|_| SourceError::Unreachable)?;
        let stamp = stamp(&metadata);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, content)) = &*read
            && *known == stamp
        {
            return content.clone();
        }
        let content = self.parse(file);
        *read = Some((stamp, content.clone()));
        content
    }

    fn parse(&self, file: File) -> Content {
        let limit = u64::try_from(MAX_BUNDLE_BYTES).unwrap_or(u64::MAX);
        let mut text = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut text)
            .map_err(|_| SourceError::Unreachable)?;
        let bundle = Bundle::open(&text, &self.verifier).map_err(|_| SourceError::Malformed {
            what: "signed bundle",
        })?;
        let entries = bundle
            .entries
            .into_iter()
            .map(|entry| (entry.key, entry.documents));
        Ok(Arc::new(entries.collect()))
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.modified().ok())
}

#[cfg(test)]
mod tests;
