//! Collateral as it lies on a disk: a signed bundle, a directory, one JSON file with Intel's nine documents; of AMD's a
//! certificate or a revocation list.
//!
//! Nothing is verified here but the operator's signature of a bundle.

mod amd;

use std::path::Path;

use attestry_evidence::dcap::{CollateralDocuments, Tee};
use attestry_service::collateral::{Bundle, CollateralKey, Edition, read_documents};
use attestry_service::operator::OperatorKey;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::input;

pub use self::amd::{AmdEntry, AmdItem, crl_name, vek_chain, vek_name};

/// What there is at a path.
#[derive(Default)]
pub struct Contents {
    /// Of Intel's.
    pub sets: Vec<Entry>,
    /// Of AMD's.
    pub amd: Vec<AmdEntry>,
}

/// One set of documents and, where the file says so, what it is for.
pub struct Entry {
    pub key: Option<CollateralKey>,
    pub source: String,
    pub documents: CollateralDocuments,
}

impl Entry {
    /// Whose documents they are: as labelled, else as the TCB info says of itself.
    pub fn tee(&self) -> Tee {
        self.key.map_or_else(|| tee_of(&self.documents), |key| key.tee)
    }

    /// Under which edition the documents are kept; `standard` unless labelled otherwise.
    pub fn edition(&self) -> Edition {
        self.key.map_or(Edition::Standard, |key| key.edition)
    }
}

/// Every set of Intel's at `path`. A bundle needs the public key of the operator who signed it.
pub fn load(path: &Path, bundle_key: Option<&Path>) -> Result<Vec<Entry>, Failure> {
    let sets = load_all(path, bundle_key)?.sets;
    if sets.is_empty() {
        let name = input::name(path);
        return Err(Failure::usage(format!(
            "{name} has no collateral for Intel's platforms"
        )));
    }
    Ok(sets)
}

/// Everything at `path`. A bundle needs the public key of the operator who signed it.
pub fn load_all(path: &Path, bundle_key: Option<&Path>) -> Result<Contents, Failure> {
    if path.is_dir() {
        let sets = from_directory(path)?;
        let amd = Vec::new();
        Ok(Contents { sets, amd })
    } else {
        from_file(path, bundle_key)
    }
}

/// The file form of nine texts that verification tools exchange: documents and their signatures apart, lists in
/// hexadecimal.
pub fn to_json(documents: &CollateralDocuments) -> Result<String, Failure> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let list = |bytes: &[u8]| match bytes {
        // DER begins with a SEQUENCE, the text forms with a letter, a digit or a dash.
        [0x30, 0x80..=0xff, ..] => attestry_api::hex::encode(bytes),
        _ => text(bytes),
    };
    let tcb_info: TcbInfoEnvelope = envelope("TCB info", &documents.tcb_info)?;
    let qe_identity: QeIdentityEnvelope = envelope("QE identity", &documents.qe_identity)?;
    let file = json!({
        "pck_crl_issuer_chain": text(&documents.pck_crl_issuer_chain),
        "root_ca_crl": list(&documents.root_ca_crl),
        "pck_crl": list(&documents.pck_crl),
        "tcb_info_issuer_chain": text(&documents.tcb_info_issuer_chain),
        "tcb_info": tcb_info.document.get(),
        "tcb_info_signature": tcb_info.signature,
        "qe_identity_issuer_chain": text(&documents.qe_identity_issuer_chain),
        "qe_identity": qe_identity.document.get(),
        "qe_identity_signature": qe_identity.signature,
    });
    Ok(format!("{file:#}\n"))
}

/// Intel PCS API: the signed object exactly as it was signed, and its signature.
#[derive(Deserialize)]
struct TcbInfoEnvelope<'a> {
    #[serde(rename = "tcbInfo", borrow)]
    document: &'a RawValue,
    signature: String,
}

/// As [`TcbInfoEnvelope`].
#[derive(Deserialize)]
struct QeIdentityEnvelope<'a> {
    #[serde(rename = "enclaveIdentity", borrow)]
    document: &'a RawValue,
    signature: String,
}

fn envelope<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::environment(format!("the {what} is not in Intel's form: {error}")))
}

fn from_file(path: &Path, bundle_key: Option<&Path>) -> Result<Contents, Failure> {
    let bytes = input::read(path)?;
    let name = input::name(path);
    if let Some(entry) = amd::entry(&bytes, path)? {
        let (sets, amd) = (Vec::new(), vec![entry]);
        return Ok(Contents { sets, amd });
    }
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::usage(format!("{name} is not a collateral file: {error}")))?;
    if value.get("payloadType").is_some() {
        return from_bundle(&bytes, path, bundle_key);
    }
    let documents = CollateralDocuments::from_json(&bytes)
        .map_err(|error| Failure::usage(format!("{name} is not a collateral file: {error}")))?;
    let sets = vec![Entry {
        key: None,
        source: path.display().to_string(),
        documents,
    }];
    let amd = Vec::new();
    Ok(Contents { sets, amd })
}

fn from_bundle(bytes: &[u8], path: &Path, bundle_key: Option<&Path>) -> Result<Contents, Failure> {
    let name = input::name(path);
    let Some(key) = bundle_key else {
        return Err(Failure::usage(format!("{name} is a signed bundle"))
            .hint("give the public key of the operator who signed it with --bundle-key"));
    };
    let verifier = OperatorKey::from_pem(&input::read(key)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(key))))?;
    let bundle =
        Bundle::open(bytes, &verifier).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    let entry = |entry: attestry_service::collateral::BundleEntry| Entry {
        key: Some(entry.key),
        source: entry.source,
        documents: entry.documents,
    };
    Ok(Contents {
        sets: bundle.entries.into_iter().map(entry).collect(),
        amd: amd::of_bundle(bundle.amd),
    })
}

/// One set, or a directory of sets that are named after their keys.
fn from_directory(path: &Path) -> Result<Vec<Entry>, Failure> {
    let unreadable = |error: &dyn std::error::Error| Failure::usage(error.to_string());
    if path.join("tcb_info.json").exists() {
        let documents = read_documents(path).map_err(|error| unreadable(&error))?;
        return Ok(vec![Entry {
            key: None,
            source: path.display().to_string(),
            documents,
        }]);
    }
    let listing = std::fs::read_dir(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", input::name(path))))?;
    let mut entries = Vec::new();
    for item in listing.flatten() {
        let Some(key) = item.file_name().to_str().and_then(key_from_name) else {
            continue;
        };
        let documents = read_documents(&item.path()).map_err(|error| unreadable(&error))?;
        entries.push(Entry {
            key: Some(key),
            source: item.path().display().to_string(),
            documents,
        });
    }
    if entries.is_empty() {
        return Err(Failure::usage(format!("there is no collateral in {}", input::name(path)))
            .hint("a set is the seven files tcb_info.json, tcb_info_issuer_chain.pem, ..., in the directory itself or in \
                   one named like sgx-00906ed50000-processor-standard"));
    }
    entries.sort_by_key(|entry| entry.source.clone());
    Ok(entries)
}

/// `sgx-00906ed50000-processor-standard`.
fn key_from_name(name: &str) -> Option<CollateralKey> {
    let mut parts = name.splitn(4, '-');
    CollateralKey::from_texts(parts.next()?, parts.next()?, parts.next()?, parts.next()?).ok()
}

/// Intel PCS API: the TCB info of version 3 names its `id`, `SGX` or `TDX`; version 2 is SGX alone.
fn tee_of(documents: &CollateralDocuments) -> Tee {
    let tcb_info: Value = serde_json::from_slice(&documents.tcb_info).unwrap_or_default();
    match tcb_info.pointer("/tcbInfo/id").and_then(Value::as_str) {
        Some("TDX") => Tee::Tdx,
        _ => Tee::Sgx,
    }
}
