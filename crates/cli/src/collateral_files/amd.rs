//! AMD's endorsements as they lie on a disk: certificates of chips' keys, also in THIM's JSON, and revocation lists.

use std::path::Path;

use attestry_api::thim::ThimCertificates;
use attestry_evidence::snp::{Product, SuppliedChain};
use attestry_evidence::x509::VendorCrl;
use attestry_service::collateral::{AmdEntries, VekId};

use crate::failure::Failure;
use crate::input;

/// One endorsement, and where it came from.
pub struct AmdEntry {
    pub source: String,
    pub item: AmdItem,
}

/// What it is and, where the file says so, what for.
pub enum AmdItem {
    /// The certificate of a chip's key, with or without those above.
    Vek { label: Option<VekId>, chain: Vec<u8> },
    /// A revocation list.
    Crl { label: Option<Product>, list: Vec<u8> },
}

impl AmdEntry {
    /// What it is, by its label or, without one, by where it came from.
    pub fn name(&self) -> String {
        match &self.item {
            AmdItem::Vek { label: Some(id), .. } => vek_name(id),
            AmdItem::Crl {
                label: Some(product), ..
            } => crl_name(*product),
            _ => self.source.clone(),
        }
    }
}

/// How a certificate is called in lists: `vcek-milan-a1b2...-db18000000000004`.
pub fn vek_name(id: &VekId) -> String {
    format!(
        "vcek-{}-{}-{}",
        id.product().name().to_ascii_lowercase(),
        id.chip_id_hex(),
        id.tcb_hex()
    )
}

/// How a revocation list is called in lists: `crl-milan`.
pub fn crl_name(product: Product) -> String {
    format!("crl-{}", product.name().to_ascii_lowercase())
}

/// The certificates in a file that is PEM, DER or THIM's JSON, and for the latter which TCB version it says they are for.
pub fn vek_chain(bytes: Vec<u8>, path: &Path) -> Result<(Vec<u8>, Option<u64>), Failure> {
    if !ThimCertificates::is_likely(&bytes) {
        return Ok((bytes, None));
    }
    let thim = ThimCertificates::from_json(&bytes)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(path))))?;
    Ok((thim.chain().into_bytes(), Some(thim.tcb)))
}

/// What a file holds, if it is of AMD's.
pub(super) fn entry(bytes: &[u8], path: &Path) -> Result<Option<AmdEntry>, Failure> {
    let source = path.display().to_string();
    if VendorCrl::parse(bytes).is_ok() {
        let (label, list) = (None, bytes.to_vec());
        let item = AmdItem::Crl { label, list };
        return Ok(Some(AmdEntry { source, item }));
    }
    if ThimCertificates::is_likely(bytes) && ThimCertificates::from_json(bytes).is_err() {
        return Ok(None);
    }
    let (chain, thim_tcb) = vek_chain(bytes.to_vec(), path)?;
    let Ok(supplied) = SuppliedChain::parse(&chain) else {
        return Ok(None);
    };
    let label = VekId::of_certificate(supplied.vek());
    let found = label.map(|id| id.tcb_version().raw);
    if thim_tcb.is_some() && thim_tcb != found {
        return Err(Failure::refused(format!(
            "the certificate in {} is for another TCB version than its `tcbm` says",
            input::name(path)
        )));
    }
    let item = AmdItem::Vek { label, chain };
    Ok(Some(AmdEntry { source, item }))
}

/// What a bundle has.
pub(super) fn of_bundle(entries: AmdEntries) -> Vec<AmdEntry> {
    let crls = entries.crls.into_iter().map(|entry| AmdEntry {
        source: entry.source,
        item: AmdItem::Crl {
            label: Some(entry.product),
            list: entry.crl,
        },
    });
    let veks = entries.veks.into_iter().map(|entry| AmdEntry {
        source: entry.source,
        item: AmdItem::Vek {
            label: Some(entry.id),
            chain: entry.certificate,
        },
    });
    crls.chain(veks).collect()
}
