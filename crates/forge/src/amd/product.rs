//! Product lines, processors and security versions (AMD SEV-SNP Firmware ABI Specification 56860, TCB_VERSION;
//! AMD VCEK Certificate and KDS Interface Specification 57230, section 3.1).

/// A family of processors under one root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProductLine {
    /// Third generation EPYC.
    Milan,
    /// Fourth generation EPYC, with Bergamo and Siena.
    Genoa,
    /// Fifth generation EPYC.
    Turin,
}

impl ProductLine {
    /// All lines, oldest first.
    pub const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

    /// The name in certificates and in paths of AMD's key distribution service.
    pub fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// Whether security versions are laid out with the field FMC, and hardware identifiers have 8 bytes.
    pub fn has_fmc(self) -> bool {
        self == Self::Turin
    }

    /// Size of a hardware identifier in bytes.
    pub fn hw_id_size(self) -> usize {
        if self.has_fmc() { 8 } else { 64 }
    }

    /// The processor that the line is named after.
    pub fn processor(self) -> Processor {
        match self {
            Self::Milan => Processor::Milan,
            Self::Genoa => Processor::Genoa,
            Self::Turin => Processor::Turin,
        }
    }

    /// The TCB that good evidence has.
    pub fn default_tcb(self) -> Tcb {
        let (fmc, bootloader, tee, snp, microcode) = match self {
            Self::Milan => (0, 4, 0, 24, 219),
            Self::Genoa => (0, 10, 0, 23, 84),
            Self::Turin => (1, 1, 1, 4, 81),
        };
        Tcb {
            fmc,
            bootloader,
            tee,
            snp,
            microcode,
        }
    }
}

/// A processor as CPUID tells it (PPR of each family, Fn0000_0001_EAX).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Processor {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004.
    Genoa,
    /// EPYC 97x4; certified as Genoa.
    Bergamo,
    /// EPYC 8004; certified as Genoa.
    Siena,
    /// EPYC 9005.
    Turin,
    /// The next generation; its own hierarchy is not published, here it is certified as Turin.
    Venice,
}

impl Processor {
    /// Family, model and stepping.
    pub fn cpuid(self) -> (u8, u8, u8) {
        match self {
            Self::Milan => (0x19, 0x01, 1),
            Self::Genoa => (0x19, 0x11, 1),
            Self::Bergamo => (0x19, 0xA0, 1),
            Self::Siena => (0x19, 0xA0, 2),
            Self::Turin => (0x1A, 0x02, 1),
            Self::Venice => (0x1A, 0x50, 0),
        }
    }

    /// The line whose keys certify it.
    pub fn line(self) -> ProductLine {
        match self {
            Self::Milan => ProductLine::Milan,
            Self::Genoa | Self::Bergamo | Self::Siena => ProductLine::Genoa,
            Self::Turin | Self::Venice => ProductLine::Turin,
        }
    }
}

/// Security versions of a platform's components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tcb {
    /// The first mutable code; Turin only.
    pub fmc: u8,
    /// The boot loader of the secure processor.
    pub bootloader: u8,
    /// The operating system of the secure processor.
    pub tee: u8,
    /// The SNP firmware.
    pub snp: u8,
    /// The microcode of the lowest patch level.
    pub microcode: u8,
}

impl Tcb {
    /// TCB_VERSION as the number whose little-endian bytes a report carries.
    pub fn raw(self, line: ProductLine) -> u64 {
        u64::from_le_bytes(if line.has_fmc() {
            [
                self.fmc,
                self.bootloader,
                self.tee,
                self.snp,
                0,
                0,
                0,
                self.microcode,
            ]
        } else {
            [self.bootloader, self.tee, 0, 0, 0, 0, self.snp, self.microcode]
        })
    }

    /// The components of TCB_VERSION; reserved bytes are ignored.
    pub fn from_raw(raw: u64, line: ProductLine) -> Self {
        let [first, second, third, fourth, _, _, seventh, microcode] = raw.to_le_bytes();
        if line.has_fmc() {
            Self {
                fmc: first,
                bootloader: second,
                tee: third,
                snp: fourth,
                microcode,
            }
        } else {
            Self {
                fmc: 0,
                bootloader: first,
                tee: second,
                snp: seventh,
                microcode,
            }
        }
    }
}
