//! AMD's part: the key distribution service (VCEK Certificate and KDS Interface Specification 57230, section 4),
//! Azure's cache of it, and what Azure's metadata service (THIM) tells a machine about itself.

use std::collections::{BTreeMap, BTreeSet};

use attestry_api::hex;
use serde_json::json;

use crate::{
    amd::{AmdForge, ProductLine, Tcb, VekKind, VekSpec},
    pki::pem_chain,
};

use super::{
    documents::{Answer, JSON},
    request::{BAD_REQUEST, NOT_FOUND, Query},
};

/// A document asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// The certificate of a chip at a TCB, DER.
    Vcek {
        line: ProductLine,
        hw_id: Vec<u8>,
        tcb: Tcb,
    },
    /// Issuer and root, PEM.
    Chain { line: ProductLine, kind: VekKind },
    /// The root's revocation list, DER.
    Crl { line: ProductLine },
    /// The certificate of a chip with its chain, PEM: Azure's cache, which knows a chip's line.
    Cached { chip_id: Vec<u8>, tcb: u64 },
    /// The same for the machine that asks, JSON.
    Own,
}

/// What AMD's documents say, and which chips there are.
#[derive(Clone, Debug)]
pub struct AmdContent {
    /// Serial numbers on the lists of all lines.
    pub revoked_serials: Vec<Vec<u8>>,
    /// Hardware identifiers that nobody has heard of.
    pub unknown_chips: BTreeSet<Vec<u8>>,
    /// The lines of the chips (CHIP_ID, 64 bytes) in Azure's cache, beside the forge's own.
    pub cached_chips: BTreeMap<Vec<u8>, ProductLine>,
    /// The line of the machine that asks the metadata service.
    pub own_line: ProductLine,
}

impl Default for AmdContent {
    fn default() -> Self {
        Self {
            revoked_serials: Vec::new(),
            unknown_chips: BTreeSet::new(),
            cached_chips: BTreeMap::new(),
            own_line: ProductLine::Milan,
        }
    }
}

/// Understands a request for a document of AMD's; `None` if it is for somebody else's.
pub(super) fn parse(path: &str, query: &Query<'_>, has_metadata_header: bool) -> Option<Result<Wanted, u16>> {
    let parts: Vec<_> = path.split('/').skip(1).collect();
    Some(match parts.as_slice() {
        ["metadata", "THIM", "amd", "certification"] if has_metadata_header => Ok(Wanted::Own),
        ["metadata", "THIM", "amd", ..] => Err(BAD_REQUEST),
        ["SevSnpVM", "certificates", chip_id, tcb] => cached(chip_id, tcb, query),
        ["vcek", "v1", line, rest] => by_line(VekKind::Vcek, line, rest, query),
        ["vlek", "v1", line, rest] => by_line(VekKind::Vlek, line, rest, query),
        ["vcek" | "vlek" | "SevSnpVM", ..] => Err(NOT_FOUND),
        _ => return None,
    })
}

fn cached(chip_id: &str, tcb: &str, query: &Query<'_>) -> Result<Wanted, u16> {
    query.get("api-version").ok_or(BAD_REQUEST)?;
    let chip_id = hex::decode(chip_id).filter(|bytes| bytes.len() == CHIP_ID_SIZE);
    let tcb = hex::decode(tcb).and_then(|bytes| bytes.try_into().ok());
    match (chip_id, tcb) {
        (Some(chip_id), Some(tcb)) => Ok(Wanted::Cached {
            chip_id,
            tcb: u64::from_be_bytes(tcb),
        }),
        _ => Err(BAD_REQUEST),
    }
}

fn by_line(kind: VekKind, line: &str, rest: &str, query: &Query<'_>) -> Result<Wanted, u16> {
    let line = ProductLine::ALL.into_iter().find(|known| known.name() == line);
    let line = line.ok_or(NOT_FOUND)?;
    match rest {
        "cert_chain" => Ok(Wanted::Chain { line, kind }),
        "crl" => Ok(Wanted::Crl { line }),
        // VLEKs are given to cloud providers only.
        _ if kind == VekKind::Vlek => Err(NOT_FOUND),
        hw_id => {
            let hw_id = hex::decode(hw_id).filter(|bytes| bytes.len() == line.hw_id_size());
            let hw_id = hw_id.ok_or(BAD_REQUEST)?;
            let number = |name| {
                query
                    .get(name)
                    .and_then(|text| text.parse().ok())
                    .ok_or(BAD_REQUEST)
            };
            let tcb = Tcb {
                fmc: if line.has_fmc() { number("fmcSPL")? } else { 0 },
                bootloader: number("blSPL")?,
                tee: number("teeSPL")?,
                snp: number("snpSPL")?,
                microcode: number("ucodeSPL")?,
            };
            Ok(Wanted::Vcek { line, hw_id, tcb })
        }
    }
}

impl Wanted {
    /// Whether there are few such documents. Certificates of chips are as many as callers can think of.
    pub(super) fn can_be_kept(&self) -> bool {
        matches!(self, Self::Chain { .. } | Self::Crl { .. } | Self::Own)
    }

    /// Whether AMD's service counts the request against its limit.
    pub(super) fn is_limited(&self) -> bool {
        matches!(self, Self::Vcek { .. } | Self::Chain { .. } | Self::Crl { .. })
    }
}

/// The answer to a request, as of the forge's time. With `bad_signatures` the wrong authority signs.
pub(super) fn answer(
    wanted: &Wanted,
    forge: &AmdForge,
    content: &AmdContent,
    bad_signatures: bool,
) -> Answer {
    let vcek = |line: ProductLine, hw_id: &[u8], tcb: Tcb| {
        let mut certificate = VekSpec::vcek(forge, line, hw_id, tcb).certificate(forge);
        if bad_signatures {
            certificate.issuer_key = forge.line(line).asvk.subject_key.clone();
        }
        certificate.to_der()
    };
    match wanted {
        Wanted::Vcek { line, hw_id, tcb } if !content.unknown_chips.contains(hw_id) => {
            Answer::document("application/pkix-cert", vcek(*line, hw_id, *tcb))
        }
        Wanted::Vcek { .. } => Answer::refusal(NOT_FOUND),
        Wanted::Chain { line, kind } => Answer::document(PEM, chain(forge, *line, *kind)),
        Wanted::Crl { line } => {
            let mut list = forge.crl(*line);
            for serial in &content.revoked_serials {
                list.revoke(serial);
            }
            if bad_signatures {
                list.issuer_key = forge.line(*line).asvk.subject_key.clone();
            }
            Answer::document("application/pkix-crl", list.to_der())
        }
        Wanted::Cached { chip_id, tcb } => {
            let Some((line, hw_id)) = cached_chip(chip_id, forge, content) else {
                return Answer::refusal(NOT_FOUND);
            };
            let leaf = pem_chain([vcek(line, hw_id, Tcb::from_raw(*tcb, line))]);
            Answer::document(PEM, leaf + &chain(forge, line, VekKind::Vcek))
        }
        Wanted::Own => {
            let line = content.own_line;
            let (hw_id, tcb) = (forge.chip_id(line), line.default_tcb());
            let hw_id = hw_id.get(..line.hw_id_size()).unwrap_or_default();
            let body = json!({
                "vcekCert": pem_chain([vcek(line, hw_id, tcb)]),
                "tcbm": format!("{:016X}", tcb.raw(line)),
                "certificateChain": chain(forge, line, VekKind::Vcek),
                "cacheControl": "86400",
            });
            Answer::document(JSON, body.to_string())
        }
    }
}

/// Issuer, then root.
fn chain(forge: &AmdForge, line: ProductLine, kind: VekKind) -> String {
    let certificates = forge.line(line);
    pem_chain([certificates.vek_issuer(kind).to_der(), certificates.ark.to_der()])
}

/// The line of a chip in the cache, and its hardware identifier.
fn cached_chip<'a>(
    chip_id: &'a [u8],
    forge: &AmdForge,
    content: &AmdContent,
) -> Option<(ProductLine, &'a [u8])> {
    let own = |line: &ProductLine| forge.chip_id(*line) == chip_id;
    let line = content
        .cached_chips
        .get(chip_id)
        .copied()
        .or_else(|| ProductLine::ALL.into_iter().find(own))?;
    let hw_id = chip_id.get(..line.hw_id_size())?;
    (!content.unknown_chips.contains(hw_id)).then_some((line, hw_id))
}

const PEM: &str = "application/x-pem-file";
/// Size of CHIP_ID in a report.
const CHIP_ID_SIZE: usize = 64;
