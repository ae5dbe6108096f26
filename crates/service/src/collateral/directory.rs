//! The directory form of collateral.
//!
//! A set of documents is a directory with the seven files of [`FILES`]. A directory of sets, as a source reads
//! it, has one such directory for each key, named after it: `sgx-00906ed50000-processor-standard`.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use attestry_evidence::dcap::CollateralDocuments;
use thiserror::Error;

use super::fetch::MAX_DOCUMENT_BYTES;
use super::source::SourceError;

/// The files of a set. Chains are PEM; CRLs are PEM, DER or hexadecimal DER; the two JSON files hold the whole
/// response of Intel's service, with its signature.
pub const FILES: [&str; 7] = [
    "tcb_info.json",
    "tcb_info_issuer_chain.pem",
    "qe_identity.json",
    "qe_identity_issuer_chain.pem",
    "root_ca.crl",
    "pck.crl",
    "pck_crl_issuer_chain.pem",
];

/// A file of a set cannot be read or written, or is larger than 1 MiB.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the collateral file `{}` cannot be used ({kind})", path.display())]
pub struct DirectoryError {
    /// The file.
    pub path: PathBuf,
    /// What kind of failure; `FileTooLarge` for a file above the limit.
    pub kind: ErrorKind,
}

impl DirectoryError {
    pub(super) fn as_source(&self) -> SourceError {
        match self.kind {
            ErrorKind::NotFound => SourceError::Unknown,
            ErrorKind::FileTooLarge => SourceError::TooLarge {
                limit: MAX_DOCUMENT_BYTES,
            },
            _ => SourceError::Unreachable,
        }
    }
}

/// Reads the set in `directory`, unverified.
pub fn read_documents(directory: &Path) -> Result<CollateralDocuments, DirectoryError> {
    let [
        tcb_info,
        tcb_info_chain,
        qe_identity,
        qe_identity_chain,
        root_crl,
        pck_crl,
        pck_crl_chain,
    ] = FILES;
    let read = |name| read_bounded(&directory.join(name));
    Ok(CollateralDocuments {
        tcb_info: read(tcb_info)?,
        tcb_info_issuer_chain: read(tcb_info_chain)?,
        qe_identity: read(qe_identity)?,
        qe_identity_issuer_chain: read(qe_identity_chain)?,
        root_ca_crl: read(root_crl)?,
        pck_crl: read(pck_crl)?,
        pck_crl_issuer_chain: read(pck_crl_chain)?,
    })
}

/// Writes a set into `directory`, which is created when it is not there.
pub fn write_documents(directory: &Path, documents: &CollateralDocuments) -> Result<(), DirectoryError> {
    let contents = [
        &documents.tcb_info,
        &documents.tcb_info_issuer_chain,
        &documents.qe_identity,
        &documents.qe_identity_issuer_chain,
        &documents.root_ca_crl,
        &documents.pck_crl,
        &documents.pck_crl_issuer_chain,
    ];
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| DirectoryError {
            path,
            kind: error.kind(),
        }
    };
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    for (name, content) in FILES.iter().zip(contents) {
        let path = directory.join(name);
        std::fs::write(&path, content).map_err(failed(&path))?;
    }
    Ok(())
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, DirectoryError> {
    let failed = |kind| DirectoryError {
        path: path.to_owned(),
        kind,
    };
    let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
    let file = std::fs::File::open(path).map_err(|error| failed(error.kind()))?;
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| failed(error.kind()))?;
    if content.len() > MAX_DOCUMENT_BYTES {
        return Err(failed(ErrorKind::FileTooLarge));
    }
    Ok(content)
}

#[cfg(test)]
mod tests;
