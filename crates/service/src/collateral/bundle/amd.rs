//! AMD's endorsements in a bundle.

use attestry_evidence::snp::Product;
use attestry_evidence::time::UnixTime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{BundleError, time};
use crate::collateral::{AmdCollateral, VekId};
use crate::store::StoreError;

/// AMD's endorsements in a bundle, unverified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmdEntries {
    /// Certificates of chips' keys.
    pub veks: Vec<AmdVekEntry>,
    /// Revocation lists.
    pub crls: Vec<AmdCrlEntry>,
}

/// The certificate of a chip's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmdVekEntry {
    /// Which key it is for.
    pub id: VekId,
    /// Where it came from.
    pub source: String,
    /// When it was obtained.
    pub fetched_at: UnixTime,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

/// A revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmdCrlEntry {
    /// Which line it is for.
    pub product: Product,
    /// Where it came from.
    pub source: String,
    /// When it was obtained.
    pub fetched_at: UnixTime,
    /// The list, DER.
    pub crl: Vec<u8>,
}

impl AmdEntries {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.veks.is_empty() && self.crls.is_empty()
    }
}

impl AmdCollateral {
    /// The lists in use and the certificates that are kept, those of operators first: as many as a bundle takes.
    pub async fn export(&self, now: UnixTime) -> Result<AmdEntries, StoreError> {
        let crls = self.crls_with_origins(now).into_iter();
        let crls = crls.map(|(crl, source, fetched_at)| AmdCrlEntry {
            product: crl.product(),
            source,
            fetched_at,
            crl: crl.list().der().to_vec(),
        });
        let malformed = || StoreError::Malformed { what: "AMD key" };
        let records = self.stored_veks(MAX_EXPORTED_VEKS).await?.into_iter();
        let veks = records.map(|record| {
            Ok(AmdVekEntry {
                id: VekId::from_texts(&record.product, &record.chip_id, &record.tcb).ok_or_else(malformed)?,
                source: record.source,
                fetched_at: record.fetched_at,
                certificate: record.certificate,
            })
        });
        Ok(AmdEntries {
            veks: veks.collect::<Result<_, StoreError>>()?,
            crls: crls.collect(),
        })
    }
}

/// The entries as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AmdText {
    veks: Vec<VekText>,
    crls: Vec<CrlText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VekText {
    product: String,
    chip_id: String,
    tcb: String,
    source: String,
    fetched_at: String,
    certificate: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrlText {
    product: String,
    source: String,
    fetched_at: String,
    crl: String,
}

impl From<&AmdEntries> for AmdText {
    fn from(entries: &AmdEntries) -> Self {
        let vek = |entry: &AmdVekEntry| VekText {
            product: entry.id.product().name().to_owned(),
            chip_id: entry.id.chip_id_hex(),
            tcb: entry.id.tcb_hex(),
            source: entry.source.clone(),
            fetched_at: entry.fetched_at.to_string(),
            certificate: STANDARD.encode(&entry.certificate),
        };
        let crl = |entry: &AmdCrlEntry| CrlText {
            product: entry.product.name().to_owned(),
            source: entry.source.clone(),
            fetched_at: entry.fetched_at.to_string(),
            crl: STANDARD.encode(&entry.crl),
        };
        Self {
            veks: entries.veks.iter().map(vek).collect(),
            crls: entries.crls.iter().map(crl).collect(),
        }
    }
}

impl TryFrom<&AmdText> for AmdEntries {
    type Error = BundleError;

    fn try_from(text: &AmdText) -> Result<Self, BundleError> {
        let malformed = || BundleError::Malformed { what: "AMD entry" };
        let vek = |text: &VekText| {
            Ok(AmdVekEntry {
                id: VekId::from_texts(&text.product, &text.chip_id, &text.tcb).ok_or_else(malformed)?,
                source: text.source.clone(),
                fetched_at: time(&text.fetched_at)?,
                certificate: STANDARD.decode(&text.certificate).map_err(|_| malformed())?,
            })
        };
        let crl = |text: &CrlText| {
            Ok(AmdCrlEntry {
                product: text.product.parse().map_err(|()| malformed())?,
                source: text.source.clone(),
                fetched_at: time(&text.fetched_at)?,
                crl: STANDARD.decode(&text.crl).map_err(|_| malformed())?,
            })
        };
        Ok(Self {
            veks: text.veks.iter().map(vek).collect::<Result<_, BundleError>>()?,
            crls: text.crls.iter().map(crl).collect::<Result<_, BundleError>>()?,
        })
    }
}

/// With some 2 KiB of text each, half of the largest bundle.
const MAX_EXPORTED_VEKS: u32 = 32_768;
