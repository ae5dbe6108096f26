//! Which key of which chip is meant.

use std::fmt;

use attestry_evidence::hex;
use attestry_evidence::snp::{AdmittedReport, Product, SigningKey, TcbVersion, VekCertificate};

use super::VekUnavailable;

/// The key that a chip derives for one TCB version. There is only one way to write each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VekId {
    product: Product,
    chip_id: [u8; 64],
    tcb: [u8; 8],
}

impl VekId {
    /// Of the key that the report says signed it.
    pub fn of(report: &AdmittedReport<'_>) -> Result<Self, VekUnavailable> {
        let body = report.body();
        if report.signing_key() == SigningKey::Vlek {
            return Err(VekUnavailable::ProviderKey);
        }
        let version = body.version;
        let product = report
            .product()
            .ok_or(VekUnavailable::UnknownProduct { version })?;
        Self::new(product, &body.chip_id, body.reported_tcb)
    }

    /// Of the chip with this identifier, padded with zeros or not, at the TCB version whose eight bytes are `tcb`, as
    /// in a report.
    pub fn new(product: Product, chip_id: &[u8], tcb: [u8; 8]) -> Result<Self, VekUnavailable> {
        if chip_id.iter().all(|byte| *byte == 0) {
            return Err(VekUnavailable::MaskedChip);
        }
        let none = VekUnavailable::NoSuchKey { product };
        let mut padded = [0; 64];
        let (own, rest) = chip_id
            .split_at_checked(product.chip_id_bytes())
            .ok_or(none.clone())?;
        if rest.iter().any(|byte| *byte != 0) || TcbVersion::of(product, tcb).reserved_set {
            return Err(none);
        }
        for (to, from) in padded.iter_mut().zip(own) {
            *to = *from;
        }
        Ok(Self {
            product,
            chip_id: padded,
            tcb,
        })
    }

    /// Of the key that a certificate is for; `None` for a provider's.
    pub fn of_certificate(vek: &VekCertificate) -> Option<Self> {
        let component = |wanted| {
            let mut components = vek.tcb();
            let found = components.find(|(name, _)| *name == wanted);
            found.map_or(0, |(_, version)| version)
        };
        let (bootloader, tee, snp, microcode) = (
            component("bootloader"),
            component("tee"),
            component("snp"),
            component("microcode"),
        );
        // As TcbVersion reads them.
        let tcb = if vek.product().has_fmc() {
            [component("fmc"), bootloader, tee, snp, 0, 0, 0, microcode]
        } else {
            [bootloader, tee, 0, 0, 0, 0, snp, microcode]
        };
        Self::new(vek.product(), vek.hardware_id()?, tcb).ok()
    }

    /// Reads the three texts that [`VekId::product`], [`VekId::chip_id_hex`] and [`VekId::tcb_hex`] are written as.
    pub fn from_texts(product: &str, chip_id: &str, tcb: &str) -> Option<Self> {
        let tcb: [u8; 8] = hex::decode_array(tcb)?;
        let chip_id = hex::decode(chip_id.as_bytes())?;
        let raw = u64::from_be_bytes(tcb);
        Self::new(product.parse().ok()?, &chip_id, raw.to_le_bytes()).ok()
    }

    /// The product line.
    pub const fn product(&self) -> Product {
        self.product
    }

    /// The chip's identifier in lower-case hexadecimal, as long as the line's are.
    pub fn chip_id_hex(&self) -> String {
        let own = self.chip_id.get(..self.product.chip_id_bytes());
        hex::encode(own.unwrap_or_default())
    }

    /// CHIP_ID, all 64 bytes of it, in lower-case hexadecimal, which is how Azure asks for chips of every line.
    pub(super) fn padded_chip_id_hex(&self) -> String {
        hex::encode(&self.chip_id)
    }

    /// The TCB version as a number in 16 hexadecimal digits, which is how Azure writes it (`tcbm`).
    pub fn tcb_hex(&self) -> String {
        format!("{:016x}", self.tcb_version().raw)
    }

    /// The TCB version.
    pub const fn tcb_version(&self) -> TcbVersion {
        TcbVersion::of(self.product, self.tcb)
    }
}

/// `Milan chip 0a1b2c3d4e5f6071... at db18000000000004`: enough of the identifier to tell chips apart.
impl fmt::Display for VekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chip = hex::encode(self.chip_id.get(..8).unwrap_or_default());
        write!(f, "{} chip {chip}... at {}", self.product, self.tcb_hex())
    }
}

#[cfg(test)]
mod tests;
