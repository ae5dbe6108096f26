//! The key that signs reports, of a chip (VCEK) or of a cloud provider (VLEK), and its certificate
//! (AMD VCEK Certificate and KDS Interface Specification 57230, section 3.1, tables 8 and 9).

use attestry_api::{der, hex};

use crate::{
    Seed,
    field::{Named, Slot},
    pki::{AnyKey, CertificateSpec, Extension, Name, P384KeyPair, RsaHash, RsaScheme},
};

use super::{AmdForge, ProductLine, Tcb, hierarchy::DAY};

/// Which key signs a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VekKind {
    /// Versioned chip endorsement key.
    Vcek,
    /// Versioned loaded endorsement key.
    Vlek,
}

/// A VEK as its certificate describes it.
#[derive(Clone, Debug)]
pub struct VekSpec {
    /// Chip or provider: decides issuer, subject and the last extension.
    pub kind: VekKind,
    /// The line: decides issuer and which extensions there are.
    pub line: ProductLine,
    /// The certified key.
    pub key: P384KeyPair,
    /// Serial number, big-endian, unsigned: AMD's are zero.
    pub serial: Vec<u8>,
    /// Subject name.
    pub subject: Name,
    /// Start of validity, unix seconds.
    pub not_before: i64,
    /// End of validity, unix seconds.
    pub not_after: i64,
    /// structVersion.
    pub struct_version: u64,
    /// productName, such as `Milan-B0`.
    pub product_name: String,
    /// fmcSPL; written for Turin only.
    pub fmc: u64,
    /// blSPL.
    pub bootloader: u64,
    /// teeSPL.
    pub tee: u64,
    /// snpSPL.
    pub snp: u64,
    /// spl4; not written for Turin.
    pub spl_4: u64,
    /// spl5.
    pub spl_5: u64,
    /// spl6.
    pub spl_6: u64,
    /// spl7.
    pub spl_7: u64,
    /// ucodeSPL.
    pub microcode: u64,
    /// hwID of a VCEK: 64 bytes, of Turin 8.
    pub hw_id: Vec<u8>,
    /// Whether hwID is wrapped in an OCTET STRING of its own, as in some of AMD's issues.
    pub wraps_hw_id: bool,
    /// cspID of a VLEK.
    pub csp_id: String,
    /// Whether the signature's algorithm spells out the trailer field, as AMD's older issues do.
    pub spells_trailer: bool,
}

/// Arcs of the extensions; all are below AMD's 1.3.6.1.4.1.3704.1.
pub mod vek_extension {
    /// structVersion.
    pub const STRUCT_VERSION: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 1];
    /// productName.
    pub const PRODUCT_NAME: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 2];
    /// blSPL.
    pub const BOOTLOADER: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 1];
    /// teeSPL.
    pub const TEE: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 2];
    /// snpSPL.
    pub const SNP: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 3];
    /// spl4.
    pub const SPL_4: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 4];
    /// spl5.
    pub const SPL_5: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 5];
    /// spl6.
    pub const SPL_6: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 6];
    /// spl7.
    pub const SPL_7: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 7];
    /// ucodeSPL.
    pub const MICROCODE: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 8];
    /// fmcSPL.
    pub const FMC: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 3, 9];
    /// hwID.
    pub const HW_ID: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 4];
    /// cspID.
    pub const CSP_ID: &[u64] = &[1, 3, 6, 1, 4, 1, 3704, 1, 5];
}

impl VekSpec {
    /// The VCEK of a chip at a TCB. The same chip and TCB have the same key in every process.
    pub fn vcek(forge: &AmdForge, line: ProductLine, hw_id: &[u8], tcb: Tcb) -> Self {
        let key = vek_key(&forge.seed, "vcek", line, &hex::encode(hw_id), tcb);
        Self {
            hw_id: hw_id.to_vec(),
            ..Self::new(forge, VekKind::Vcek, line, key, tcb)
        }
    }

    /// The VLEK of a provider at a TCB. The same provider and TCB have the same key in every process.
    pub fn vlek(forge: &AmdForge, line: ProductLine, csp_id: &str, tcb: Tcb) -> Self {
        let key = vek_key(&forge.seed, "vlek", line, csp_id, tcb);
        Self {
            csp_id: csp_id.to_owned(),
            ..Self::new(forge, VekKind::Vlek, line, key, tcb)
        }
    }

    fn new(forge: &AmdForge, kind: VekKind, line: ProductLine, key: P384KeyPair, tcb: Tcb) -> Self {
        let not_before = forge.now.saturating_sub(VEK_AGE);
        let (common_name, life) = match kind {
            VekKind::Vcek => ("SEV-VCEK", VCEK_LIFE),
            VekKind::Vlek => ("SEV-VLEK", VLEK_LIFE),
        };
        Self {
            kind,
            line,
            key,
            serial: vec![0],
            subject: Name::forged_amd(common_name),
            not_before,
            not_after: not_before.saturating_add(life),
            struct_version: u64::from(line.has_fmc()),
            product_name: match line {
                ProductLine::Milan => "Milan-B0".to_owned(),
                ProductLine::Genoa | ProductLine::Turin => line.name().to_owned(),
            },
            fmc: tcb.fmc.into(),
            bootloader: tcb.bootloader.into(),
            tee: tcb.tee.into(),
            snp: tcb.snp.into(),
            spl_4: 0,
            spl_5: 0,
            spl_6: 0,
            spl_7: 0,
            microcode: tcb.microcode.into(),
            hw_id: Vec::new(),
            wraps_hw_id: false,
            csp_id: String::new(),
            spells_trailer: false,
        }
    }

    /// The certificate, to be changed or minted: by the line's ASK or ASVK.
    pub fn certificate(&self, forge: &AmdForge) -> CertificateSpec<AnyKey> {
        let issuer = forge.line(self.line).vek_issuer(self.kind);
        let issuer_key = match &issuer.subject_key {
            AnyKey::Rsa(key) => AnyKey::Rsa(key.with_scheme(RsaScheme::Pss {
                hash: RsaHash::Sha384,
                spells_trailer: self.spells_trailer,
            })),
            other => other.clone(),
        };
        CertificateSpec {
            serial: self.serial.clone(),
            issuer: issuer.subject.clone(),
            subject: self.subject.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            subject_key: self.key.clone().into(),
            issuer_key,
            extensions: self.extensions(),
        }
    }

    /// The extensions in AMD's order, which is not that of their identifiers.
    pub fn extensions(&self) -> Vec<Extension> {
        let number = |oid: &[u64], number: u64| Extension::new(oid, false, der::integer(number));
        let name = Extension::new(
            vek_extension::PRODUCT_NAME,
            false,
            der::ia5_string(&self.product_name),
        );
        let mut extensions = vec![number(vek_extension::STRUCT_VERSION, self.struct_version), name];
        if self.line.has_fmc() {
            extensions.push(number(vek_extension::FMC, self.fmc));
        }
        extensions.push(number(vek_extension::BOOTLOADER, self.bootloader));
        extensions.push(number(vek_extension::TEE, self.tee));
        if self.line.has_fmc() {
            extensions.push(number(vek_extension::SNP, self.snp));
        } else {
            extensions.push(number(vek_extension::SPL_4, self.spl_4));
        }
        extensions.push(number(vek_extension::SPL_5, self.spl_5));
        extensions.push(number(vek_extension::SPL_6, self.spl_6));
        extensions.push(number(vek_extension::SPL_7, self.spl_7));
        if !self.line.has_fmc() {
            extensions.push(number(vek_extension::SNP, self.snp));
        }
        extensions.push(number(vek_extension::MICROCODE, self.microcode));
        extensions.push(match self.kind {
            VekKind::Vcek if self.wraps_hw_id => {
                Extension::new(vek_extension::HW_ID, false, der::octet_string(&self.hw_id))
            }
            VekKind::Vcek => Extension::new(vek_extension::HW_ID, false, self.hw_id.clone()),
            VekKind::Vlek => Extension::new(vek_extension::CSP_ID, false, der::ia5_string(&self.csp_id)),
        });
        extensions
    }

    pub(super) fn fields(&mut self) -> Vec<Named<'_>> {
        vec![
            ("serial", Slot::Data(&mut self.serial)),
            ("not_before", Slot::Time(&mut self.not_before)),
            ("not_after", Slot::Time(&mut self.not_after)),
            ("struct_version", Slot::U64(&mut self.struct_version)),
            ("product_name", Slot::Text(&mut self.product_name)),
            ("fmc", Slot::U64(&mut self.fmc)),
            ("bootloader", Slot::U64(&mut self.bootloader)),
            ("tee", Slot::U64(&mut self.tee)),
            ("snp", Slot::U64(&mut self.snp)),
            ("spl_4", Slot::U64(&mut self.spl_4)),
            ("spl_5", Slot::U64(&mut self.spl_5)),
            ("spl_6", Slot::U64(&mut self.spl_6)),
            ("spl_7", Slot::U64(&mut self.spl_7)),
            ("microcode", Slot::U64(&mut self.microcode)),
            ("hw_id", Slot::Data(&mut self.hw_id)),
            ("wraps_hw_id", Slot::Flag(&mut self.wraps_hw_id)),
            ("csp_id", Slot::Text(&mut self.csp_id)),
            ("spells_trailer", Slot::Flag(&mut self.spells_trailer)),
        ]
    }
}

/// The key that firmware would derive from its secret and the TCB.
fn vek_key(seed: &Seed, kind: &str, line: ProductLine, owner: &str, tcb: Tcb) -> P384KeyPair {
    seed.p384_key(&format!("{kind} {} {owner} {:016x}", line.name(), tcb.raw(line)))
}

/// How long ago VEK certificates were issued.
const VEK_AGE: i64 = 30 * DAY;
/// Seven years, with two leap days.
const VCEK_LIFE: i64 = 2557 * DAY;
const VLEK_LIFE: i64 = 365 * DAY;
