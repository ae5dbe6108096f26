//! Signed offline bundles: everything an air-gapped service needs, in one file under an operator's signature.
//!
//! The operator's signature says who chose the documents; the vendor's signatures inside are verified on import all
//! the same.

mod amd;

use attestry_evidence::dcap::CollateralDocuments;
use attestry_evidence::time::UnixTime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::amd::AmdText;
pub use self::amd::{AmdCrlEntry, AmdEntries, AmdVekEntry};
use super::service::CollateralService;
use super::{CollateralKey, ImportError};
use crate::operator::{OperatorKey, OperatorSigner, SignedFileError};

/// The payload's media type, covered by the signature.
const PAYLOAD_TYPE: &str = "application/vnd.attestry.collateral-bundle.v1+json";

/// That of a payload with AMD's endorsements: releases that do not know them refuse it rather than leave them out.
const PAYLOAD_TYPE_WITH_AMD: &str = "application/vnd.attestry.collateral-bundle.v2+json";

/// Largest bundle read: a thousand sets of documents take less.
pub const MAX_BUNDLE_BYTES: usize = 134_217_728;

/// The content of a bundle.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// When it was made.
    pub created_at: UnixTime,
    /// The sets in it.
    pub entries: Vec<BundleEntry>,
    /// AMD's endorsements in it.
    pub amd: AmdEntries,
}

/// One set of documents.
#[derive(Debug, Clone)]
pub struct BundleEntry {
    /// What it is for.
    pub key: CollateralKey,
    /// Where it came from.
    pub source: String,
    /// When it was obtained.
    pub fetched_at: UnixTime,
    /// The documents, unverified.
    pub documents: CollateralDocuments,
}

/// Why a bundle cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The envelope cannot be made or opened, or is not signed by the operator.
    #[error(transparent)]
    Envelope(#[from] SignedFileError),
    /// The payload is not a bundle.
    #[error("the bundle cannot be read: {what}")]
    Malformed {
        /// Which part is wrong.
        what: &'static str,
    },
}

impl Bundle {
    /// The signed file.
    pub fn seal(&self, signer: &OperatorSigner) -> Result<Vec<u8>, BundleError> {
        let payload_type = if self.amd.is_empty() {
            PAYLOAD_TYPE
        } else {
            PAYLOAD_TYPE_WITH_AMD
        };
        let payload = Payload {
            created_at: self.created_at.to_string(),
            entries: self.entries.iter().map(EntryText::from).collect(),
            amd: (!self.amd.is_empty()).then(|| AmdText::from(&self.amd)),
        };
        let payload = serde_json::to_vec(&payload).map_err(|_| BundleError::Malformed { what: "payload" })?;
        Ok(signer.seal(payload_type, &payload)?)
    }

    /// Reads a file and checks the operator's signature. The documents are not verified by this.
    pub fn open(file: &[u8], key: &OperatorKey) -> Result<Self, BundleError> {
        let opened = key.open(file, &[PAYLOAD_TYPE, PAYLOAD_TYPE_WITH_AMD], MAX_BUNDLE_BYTES)?;
        let malformed = |what| BundleError::Malformed { what };
        let with_amd = opened.payload_type == PAYLOAD_TYPE_WITH_AMD;
        let payload: Payload = serde_json::from_slice(&opened.payload).map_err(|_| malformed("payload"))?;
        if payload.amd.is_some() != with_amd {
            return Err(malformed("payload"));
        }
        Ok(Self {
            amd: payload
                .amd
                .as_ref()
                .map(AmdEntries::try_from)
                .transpose()?
                .unwrap_or_default(),
            created_at: time(&payload.created_at)?,
            entries: payload
                .entries
                .iter()
                .map(BundleEntry::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl CollateralService {
    /// Everything held, as a bundle without AMD's endorsements.
    pub fn export(&self, now: UnixTime) -> Bundle {
        let entries = self.held_sets().into_iter().map(|(key, held)| BundleEntry {
            key,
            source: held.source.clone(),
            fetched_at: held.fetched_at,
            documents: held.collateral.documents().clone(),
        });
        Bundle {
            created_at: now,
            entries: entries.collect(),
            amd: AmdEntries::default(),
        }
    }

    /// Imports every set of Intel's in a bundle; gives what became of each.
    pub async fn import_bundle(
        &self,
        bundle: Bundle,
        now: UnixTime,
    ) -> Vec<(CollateralKey, Result<(), ImportError>)> {
        let mut outcomes = Vec::with_capacity(bundle.entries.len());
        for entry in bundle.entries {
            let key = entry.key;
            let outcome = self
                .import_labelled(key, entry.documents, &entry.source, now)
                .await;
            outcomes.push((key, outcome));
        }
        outcomes
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    created_at: String,
    entries: Vec<EntryText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amd: Option<AmdText>,
}

/// A set as JSON; the documents in base64, because hashes in tokens are over their exact bytes.
#[derive(Serialize, Deserialize)]
struct EntryText {
    tee: String,
    fmspc: String,
    ca: String,
    edition: String,
    source: String,
    fetched_at: String,
    tcb_info: String,
    tcb_info_issuer_chain: String,
    qe_identity: String,
    qe_identity_issuer_chain: String,
    root_ca_crl: String,
    pck_crl: String,
    pck_crl_issuer_chain: String,
}

impl From<&BundleEntry> for EntryText {
    fn from(entry: &BundleEntry) -> Self {
        let documents = &entry.documents;
        Self {
            tee: entry.key.tee_name().to_owned(),
            fmspc: entry.key.fmspc_hex(),
            ca: entry.key.ca_name().to_owned(),
            edition: entry.key.edition.to_string(),
            source: entry.source.clone(),
            fetched_at: entry.fetched_at.to_string(),
            tcb_info: STANDARD.encode(&documents.tcb_info),
            tcb_info_issuer_chain: STANDARD.encode(&documents.tcb_info_issuer_chain),
            qe_identity: STANDARD.encode(&documents.qe_identity),
            qe_identity_issuer_chain: STANDARD.encode(&documents.qe_identity_issuer_chain),
            root_ca_crl: STANDARD.encode(&documents.root_ca_crl),
            pck_crl: STANDARD.encode(&documents.pck_crl),
            pck_crl_issuer_chain: STANDARD.encode(&documents.pck_crl_issuer_chain),
        }
    }
}

impl TryFrom<&EntryText> for BundleEntry {
    type Error = BundleError;

    fn try_from(text: &EntryText) -> Result<Self, BundleError> {
        let malformed = || BundleError::Malformed { what: "entry" };
        let bytes = |text: &String| STANDARD.decode(text).map_err(|_| malformed());
        Ok(Self {
            key: CollateralKey::from_texts(&text.tee, &text.fmspc, &text.ca, &text.edition)
                .map_err(|_| malformed())?,
            source: text.source.clone(),
            fetched_at: time(&text.fetched_at)?,
            documents: CollateralDocuments {
                tcb_info: bytes(&text.tcb_info)?,
                tcb_info_issuer_chain: bytes(&text.tcb_info_issuer_chain)?,
                qe_identity: bytes(&text.qe_identity)?,
                qe_identity_issuer_chain: bytes(&text.qe_identity_issuer_chain)?,
                root_ca_crl: bytes(&text.root_ca_crl)?,
                pck_crl: bytes(&text.pck_crl)?,
                pck_crl_issuer_chain: bytes(&text.pck_crl_issuer_chain)?,
            },
        })
    }
}

fn time(text: &str) -> Result<UnixTime, BundleError> {
    UnixTime::parse_rfc3339_z(text).ok_or(BundleError::Malformed { what: "time" })
}

#[cfg(test)]
mod tests;
