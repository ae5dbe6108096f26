//! Product lines: which of AMD's hierarchies certifies a processor, and how its TCB version is laid out.

use std::fmt;
use std::str::FromStr;

/// A line of processors that share one key hierarchy and one layout of the TCB version.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Product {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004 and 8004: Genoa, Bergamo and Siena, which all use the hierarchy called Genoa.
    Genoa,
    /// EPYC 9005.
    Turin,
    /// The line after Turin. AMD has not published its hierarchy: only anchors of one's own can certify it.
    Venice,
}

impl Product {
    /// Every line.
    pub const ALL: [Self; 4] = [Self::Milan, Self::Genoa, Self::Turin, Self::Venice];

    /// The name in certificates and in paths of the key server.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
            Self::Venice => "Venice",
        }
    }

    /// The line of a processor by its CPUID family and model (`Fn0000_0001_EAX`, extended parts added; AMD
    /// publication 57230, "Product name"). `None` for processors that are not known to have SEV-SNP.
    pub const fn from_cpuid(family: u8, model: u8) -> Option<Self> {
        match (family, model) {
            (0x19, 0x00..=0x0f) => Some(Self::Milan),
            (0x19, 0x10..=0x1f | 0xa0..=0xaf) => Some(Self::Genoa),
            (0x1a, 0x00..=0x11) => Some(Self::Turin),
            (0x1a, 0x50..=0x57 | 0x90..=0xaf | 0xc0..=0xc7) => Some(Self::Venice),
            _ => None,
        }
    }

    /// The line of a certificate's product name, which may bear a stepping: `Milan-B0`.
    pub fn from_product_name(name: &str) -> Option<Self> {
        match name.split_once('-').map_or(name, |(name, _)| name) {
            "Milan" => Some(Self::Milan),
            "Genoa" | "Bergamo" | "Siena" => Some(Self::Genoa),
            "Turin" => Some(Self::Turin),
            "Venice" => Some(Self::Venice),
            _ => None,
        }
    }

    /// Whether the TCB version has a component for the FMC, and a certificate 8 bytes of chip identifier (AMD
    /// publication 57230, "Turin").
    pub const fn has_fmc(self) -> bool {
        matches!(self, Self::Turin | Self::Venice)
    }

    /// `structVersion` of the line's certificates.
    pub const fn certificate_version(self) -> u8 {
        if self.has_fmc() { 1 } else { 0 }
    }

    /// How many bytes of the chip identifier are set; the rest of the 64 are zero.
    pub const fn chip_id_bytes(self) -> usize {
        if self.has_fmc() { 8 } else { 64 }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Product {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|product| product.name().eq_ignore_ascii_case(text))
            .ok_or(())
    }
}

/// A TCB version, eight bytes that bear no tag: what they mean depends on the product line (AMD publication 56860,
/// "TCB_VERSION"; 57230 for Turin).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TcbVersion {
    /// As it stands in the report, the first byte lowest.
    pub raw: u64,
    /// Security version of the firmware's first mutable code; `None` on lines that have none.
    pub fmc: Option<u8>,
    /// Security version of the boot loader.
    pub bootloader: u8,
    /// Security version of the secure processor's operating system.
    pub tee: u8,
    /// Security version of the SNP firmware.
    pub snp: u8,
    /// The microcode's patch level.
    pub microcode: u8,
    /// Whether a byte that has no meaning is set.
    pub reserved_set: bool,
}

impl TcbVersion {
    /// The version of these eight bytes on that line.
    pub const fn of(product: Product, bytes: [u8; 8]) -> Self {
        let raw = u64::from_le_bytes(bytes);
        if product.has_fmc() {
            let [fmc, bootloader, tee, snp, r0, r1, r2, microcode] = bytes;
            Self {
                raw,
                fmc: Some(fmc),
                bootloader,
                tee,
                snp,
                microcode,
                reserved_set: r0 | r1 | r2 != 0,
            }
        } else {
            let [bootloader, tee, r0, r1, r2, r3, snp, microcode] = bytes;
            Self {
                raw,
                fmc: None,
                bootloader,
                tee,
                snp,
                microcode,
                reserved_set: r0 | r1 | r2 | r3 != 0,
            }
        }
    }

    /// The components by the names of the certificate extensions, without those that the line has not.
    pub fn components(&self) -> impl Iterator<Item = (&'static str, u8)> + use<> {
        let fmc = self.fmc.map(|fmc| ("fmc", fmc));
        fmc.into_iter().chain([
            ("bootloader", self.bootloader),
            ("tee", self.tee),
            ("snp", self.snp),
            ("microcode", self.microcode),
        ])
    }

    /// The first component that is above its counterpart in `limit`: its name, its value and the limit.
    pub fn exceeds(&self, limit: &Self) -> Option<(&'static str, u8, u8)> {
        self.components()
            .zip(limit.components())
            .find(|((_, found), (_, limit))| found > limit)
            .map(|((name, found), (_, limit))| (name, found, limit))
    }
}

#[cfg(test)]
mod tests;
