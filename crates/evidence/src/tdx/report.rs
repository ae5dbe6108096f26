//! The report body of a trust domain in a quote (Intel TDX DCAP quoting library API, "TD quote body": version 1.0
//! with 584 bytes, 1.5 with 648, 1.5 extended with 885). Owns the layout and the meaning of the attribute bits;
//! judges nothing.

use crate::reader::{EndOfInput, Reader};

/// What a trust domain's report states. All byte arrays are in memory order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TdReportBody {
    /// TEE_TCB_SVN at launch: `[0]` TDX module minor, `[1]` TDX module major, `[2]` SEAM loader.
    pub tee_tcb_svn: [u8; 16],
    /// MRSEAM: SHA-384 of the TDX module.
    pub mrseam: [u8; 48],
    /// MRSIGNERSEAM: who signed the TDX module; zero for Intel's.
    pub mrsignerseam: [u8; 48],
    /// SEAMATTRIBUTES of the TDX module.
    pub seam_attributes: [u8; 8],
    /// TDATTRIBUTES.
    pub td_attributes: TdAttributes,
    /// XFAM: which extended processor state the domain may use.
    pub xfam: [u8; 8],
    /// MRTD: the measurement of the domain's initial contents.
    pub mrtd: [u8; 48],
    /// MRCONFIGID: configuration chosen by the host at launch.
    pub mrconfigid: [u8; 48],
    /// MROWNER.
    pub mrowner: [u8; 48],
    /// MROWNERCONFIG.
    pub mrownerconfig: [u8; 48],
    /// RTMR0 to RTMR3: measurements extended at run time.
    pub rtmrs: [[u8; 48]; 4],
    /// REPORTDATA: 64 bytes the domain chose.
    pub report_data: [u8; 64],
    /// What TDX 1.5 adds; `None` for a body of version 1.0.
    pub td15: Option<Td15>,
}

/// What the body of TDX 1.5 adds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Td15 {
    /// TEE_TCB_SVN_2: as TEE_TCB_SVN, of the TDX module that is loaded now.
    pub tee_tcb_svn_2: [u8; 16],
    /// MRSERVICETD: digest over the bound service domains (migration), zero without any.
    pub mrservicetd: [u8; 48],
    /// What the extended body adds.
    pub extended: Option<Td15Extended>,
}

/// What the extended body of TDX 1.5 adds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Td15Extended {
    /// The virtual machine's number within the domain.
    pub vm_id: u8,
    /// The domain's identifier.
    pub td_id: [u8; 32],
    /// Digest over assigned devices.
    pub device_info: [u8; 48],
    /// Digest over the service domains bound at first launch.
    pub initial_servtd_hash: [u8; 48],
    /// Attributes of the service domains bound at first launch.
    pub initial_servtd_attributes: [u8; 8],
    /// CPUSVN of the platform the domain was first launched on.
    pub initial_cpu_svn: [u8; 16],
    /// TEE_TCB_SVN of the platform the domain was first launched on.
    pub initial_tee_tcb_svn: [u8; 16],
    /// FMSPC of the platform the domain was first launched on.
    pub initial_fmspc: [u8; 12],
    /// Digest over the service domains bound now.
    pub current_servtd_hash: [u8; 48],
    /// Attributes of the service domains bound now.
    pub current_servtd_attributes: [u8; 8],
}

impl TdReportBody {
    /// Size of the body of version 1.0 in bytes.
    pub const SIZE_1_0: usize = 584;
    /// Size of the body of version 1.5 in bytes.
    pub const SIZE_1_5: usize = 648;
    /// Size of the extended body of version 1.5 in bytes.
    pub const SIZE_1_5_EXTENDED: usize = 885;

    /// Reads a body of version 1.0.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, EndOfInput> {
        Ok(Self {
            tee_tcb_svn: *reader.array()?,
            mrseam: *reader.array()?,
            mrsignerseam: *reader.array()?,
            seam_attributes: *reader.array()?,
            td_attributes: TdAttributes(*reader.array()?),
            xfam: *reader.array()?,
            mrtd: *reader.array()?,
            mrconfigid: *reader.array()?,
            mrowner: *reader.array()?,
            mrownerconfig: *reader.array()?,
            rtmrs: [
                *reader.array()?,
                *reader.array()?,
                *reader.array()?,
                *reader.array()?,
            ],
            report_data: *reader.array()?,
            td15: None,
        })
    }

    /// Reads a body of version 1.5.
    pub fn read_1_5(reader: &mut Reader<'_>) -> Result<Self, EndOfInput> {
        let body = Self::read(reader)?;
        Ok(Self {
            td15: Some(Td15::read(reader)?),
            ..body
        })
    }

    /// Reads an extended body of version 1.5.
    pub fn read_1_5_extended(reader: &mut Reader<'_>) -> Result<Self, EndOfInput> {
        let body = Self::read(reader)?;
        let td15 = Td15::read(reader)?;
        let extended = Some(Td15Extended::read(reader)?);
        Ok(Self {
            td15: Some(Td15 { extended, ..td15 }),
            ..body
        })
    }
}

impl Td15 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, EndOfInput> {
        Ok(Self {
            tee_tcb_svn_2: *reader.array()?,
            mrservicetd: *reader.array()?,
            extended: None,
        })
    }
}

impl Td15Extended {
    fn read(reader: &mut Reader<'_>) -> Result<Self, EndOfInput> {
        Ok(Self {
            vm_id: reader.u8()?,
            td_id: *reader.array()?,
            device_info: *reader.array()?,
            initial_servtd_hash: *reader.array()?,
            initial_servtd_attributes: *reader.array()?,
            initial_cpu_svn: *reader.array()?,
            initial_tee_tcb_svn: *reader.array()?,
            initial_fmspc: *reader.array()?,
            current_servtd_hash: *reader.array()?,
            current_servtd_attributes: *reader.array()?,
        })
    }
}

/// TDATTRIBUTES (Intel TDX module base architecture specification, "TD attributes").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TdAttributes(pub [u8; 8]);

impl TdAttributes {
    /// The attributes as a number; bit 0 is DEBUG.
    pub fn bits(self) -> u64 {
        u64::from_le_bytes(self.0)
    }

    /// Bit 0, DEBUG: the host may read and write the domain's memory and state.
    pub fn debug(self) -> bool {
        self.flag(0)
    }

    /// Bit 28, SEPT_VE_DISABLE: pending pages do not raise an exception inside the domain.
    pub fn septve_disable(self) -> bool {
        self.flag(28)
    }

    /// Bit 29, MIGRATABLE: a service domain may move this domain to another platform.
    pub fn migratable(self) -> bool {
        self.flag(29)
    }

    /// Bit 30, PKS: supervisor protection keys.
    pub fn protection_keys(self) -> bool {
        self.flag(30)
    }

    /// Bit 31, KL: key locker.
    pub fn key_locker(self) -> bool {
        self.flag(31)
    }

    /// Bit 63, PERFMON: the domain may use performance counters.
    pub fn perfmon(self) -> bool {
        self.flag(63)
    }

    /// Whether a bit without a defined meaning is set, which genuine hardware does not do.
    pub fn reserved_set(self) -> bool {
        self.bits() & !DEFINED_BITS != 0
    }

    fn flag(self, bit: u32) -> bool {
        self.bits()
            .checked_shr(bit)
            .is_some_and(|shifted| shifted & 1 == 1)
    }
}

/// DEBUG, three profiling bits, ICSSD, SERVTD_EXT, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL, TPA, PERFMON.
const DEFINED_BITS: u64 = 0xC000_0000_F803_0071;

#[cfg(test)]
mod tests;
