//! Signed offline bundles: everything an air-gapped service needs, in one file under an operator's signature.
//!
//! The file is a DSSE envelope (Dead Simple Signing Envelope, protocol 1.0): JSON with the payload in base64
//! and Ed25519 or ECDSA P-256 signatures over its pre-authentication encoding. The operator's signature says
//! who chose the documents; the vendor's signatures inside are verified on import all the same.

mod amd;

use std::path::Path;

use attestry_evidence::dcap::CollateralDocuments;
use attestry_evidence::time::UnixTime;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::amd::AmdText;
pub use self::amd::{AmdCrlEntry, AmdEntries, AmdVekEntry};
use super::service::CollateralService;
use super::source::SourceBuildError;
use super::{CollateralKey, ImportError};

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
    /// The file is larger than the limit.
    #[error("the bundle has more than {MAX_BUNDLE_BYTES} bytes")]
    TooLarge,
    /// The file is not an envelope, or its payload is not a bundle.
    #[error("the bundle cannot be read: {what}")]
    Malformed {
        /// Which part is wrong.
        what: &'static str,
    },
    /// No signature is by the operator's key.
    #[error("the bundle is not signed with the operator's key")]
    Signature,
    /// The operator's private key cannot be used.
    #[error("the operator's private key is not an Ed25519 or P-256 key in PKCS #8 PEM")]
    PrivateKey,
    /// The operator's public key cannot be used.
    #[error("the operator's public key is not an Ed25519 or P-256 key in PEM")]
    PublicKey,
}

/// The operator's key for signing bundles. Does not show itself.
pub struct BundleSigner(SigningKey);

enum SigningKey {
    Ed25519(Ed25519KeyPair),
    EcdsaP256(EcdsaKeyPair),
}

impl BundleSigner {
    /// Reads a private key, PKCS #8 PEM, Ed25519 or P-256.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BundleError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| BundleError::PrivateKey)?;
        let pkcs8 = key.secret_pkcs8_der();
        if let Ok(key) = Ed25519KeyPair::from_pkcs8(pkcs8) {
            return Ok(Self(SigningKey::Ed25519(key)));
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8)
            .map(|key| Self(SigningKey::EcdsaP256(key)))
            .map_err(|_| BundleError::PrivateKey)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BundleError> {
        let signature = match &self.0 {
            SigningKey::Ed25519(key) => key.try_sign(message),
            SigningKey::EcdsaP256(key) => key.sign(&SystemRandom::new(), message),
        };
        Ok(signature.map_err(|_| BundleError::PrivateKey)?.as_ref().to_vec())
    }
}

/// The operator's public key, which bundles must be signed with.
#[derive(Debug, Clone)]
pub struct BundleVerifier(ParsedPublicKey);

impl BundleVerifier {
    /// Reads a public key, SubjectPublicKeyInfo PEM, Ed25519 or P-256.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BundleError> {
        let key = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| BundleError::PublicKey)?;
        ParsedPublicKey::new(&ED25519, &key)
            .or_else(|_| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key))
            .map(Self)
            .map_err(|_| BundleError::PublicKey)
    }

    pub(super) fn from_file(path: &Path) -> Result<Self, SourceBuildError> {
        let pem = std::fs::read(path).map_err(|error| SourceBuildError::File {
            path: path.to_owned(),
            kind: error.kind(),
        })?;
        Self::from_pem(&pem).map_err(|_| SourceBuildError::NotPem {
            path: path.to_owned(),
            what: "public key",
        })
    }
}

impl Bundle {
    /// The signed file.
    pub fn seal(&self, signer: &BundleSigner) -> Result<Vec<u8>, BundleError> {
        let malformed = |_| BundleError::Malformed { what: "payload" };
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
        let payload = serde_json::to_vec(&payload).map_err(malformed)?;
        let signature = signer.sign(&pre_authentication_encoding(payload_type, &payload))?;
        let envelope = Envelope {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(&payload),
            signatures: vec![Signature {
                sig: STANDARD.encode(signature),
            }],
        };
        serde_json::to_vec_pretty(&envelope).map_err(malformed)
    }

    /// Reads a file and checks the operator's signature. The documents are not verified by this.
    pub fn open(file: &[u8], verifier: &BundleVerifier) -> Result<Self, BundleError> {
        if file.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        let malformed = |what| BundleError::Malformed { what };
        let envelope: Envelope = serde_json::from_slice(file).map_err(|_| malformed("envelope"))?;
        let with_amd = match envelope.payload_type.as_str() {
            PAYLOAD_TYPE => false,
            PAYLOAD_TYPE_WITH_AMD => true,
            _ => return Err(malformed("payload type")),
        };
        let payload = STANDARD
            .decode(&envelope.payload)
            .map_err(|_| malformed("payload"))?;
        let message = pre_authentication_encoding(&envelope.payload_type, &payload);
        let signed = envelope.signatures.iter().take(MAX_SIGNATURES).any(|signature| {
            STANDARD
                .decode(&signature.sig)
                .is_ok_and(|signature| verifier.0.verify_sig(&message, &signature).is_ok())
        });
        if !signed {
            return Err(BundleError::Signature);
        }
        let payload: Payload = serde_json::from_slice(&payload).map_err(|_| malformed("payload"))?;
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

/// DSSE protocol, "PAE".
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    sig: String,
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

/// Several operators may sign; more signatures than this are somebody playing.
const MAX_SIGNATURES: usize = 8;

#[cfg(test)]
mod tests;
