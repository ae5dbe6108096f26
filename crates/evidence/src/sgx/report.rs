//! The report body of an enclave (Intel SDM volume 3D, 38.15 "REPORT"; the same 384 bytes inside a quote). Owns the
//! layout and the meaning of the attribute bits; judges nothing.

use crate::reader::{EndOfInput, Reader};

/// What an enclave's report states. All byte arrays are in memory order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SgxReportBody {
    /// CPUSVN: security versions of the processor's components, in a form only the platform understands.
    pub cpu_svn: [u8; 16],
    /// MISCSELECT: which extra exception information the enclave asked for.
    pub misc_select: [u8; 4],
    /// ISVEXTPRODID, meaningful with KSS only.
    pub isv_ext_prod_id: [u8; 16],
    /// ATTRIBUTES: flags and XFRM.
    pub attributes: Attributes,
    /// MRENCLAVE: the measurement of the enclave's code and data.
    pub mrenclave: [u8; 32],
    /// MRSIGNER: SHA-256 of the modulus of the key that signed the enclave.
    pub mrsigner: [u8; 32],
    /// CONFIGID, meaningful with KSS only.
    pub config_id: [u8; 64],
    /// ISVPRODID: the product number its author gave the enclave.
    pub isv_prod_id: u16,
    /// ISVSVN: the security version its author gave the enclave.
    pub isv_svn: u16,
    /// CONFIGSVN, meaningful with KSS only.
    pub config_svn: u16,
    /// ISVFAMILYID, meaningful with KSS only.
    pub isv_family_id: [u8; 16],
    /// REPORTDATA: 64 bytes the enclave chose.
    pub report_data: [u8; 64],
}

impl SgxReportBody {
    /// Size in bytes.
    pub const SIZE: usize = 384;

    /// Reads a report body. Reserved bytes are not looked at: the signature covers them and no verifier gives them
    /// a meaning.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, EndOfInput> {
        let cpu_svn = *reader.array()?;
        let misc_select = *reader.array()?;
        reader.take(12)?;
        let isv_ext_prod_id = *reader.array()?;
        let attributes = Attributes(*reader.array()?);
        let mrenclave = *reader.array()?;
        reader.take(32)?;
        let mrsigner = *reader.array()?;
        reader.take(32)?;
        let config_id = *reader.array()?;
        let isv_prod_id = reader.u16_le()?;
        let isv_svn = reader.u16_le()?;
        let config_svn = reader.u16_le()?;
        reader.take(42)?;
        let isv_family_id = *reader.array()?;
        let report_data = *reader.array()?;
        Ok(Self {
            cpu_svn,
            misc_select,
            isv_ext_prod_id,
            attributes,
            mrenclave,
            mrsigner,
            config_id,
            isv_prod_id,
            isv_svn,
            config_svn,
            isv_family_id,
            report_data,
        })
    }
}

/// ATTRIBUTES of an enclave: eight bytes of flags, eight bytes of XFRM (Intel SDM volume 3D, 38.7.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attributes(pub [u8; 16]);

impl Attributes {
    /// The flags as a number; bit 0 is INIT.
    pub fn flags(&self) -> u64 {
        let [flags @ .., _, _, _, _, _, _, _, _] = self.0;
        u64::from_le_bytes(flags)
    }

    /// XFRM: which extended processor state the enclave may use.
    pub fn xfrm(&self) -> u64 {
        let [_, _, _, _, _, _, _, _, xfrm @ ..] = self.0;
        u64::from_le_bytes(xfrm)
    }

    /// Bit 0, INIT: the enclave was initialised.
    pub fn init(&self) -> bool {
        self.flag(0)
    }

    /// Bit 1, DEBUG: a debugger may read and write the enclave's memory.
    pub fn debug(&self) -> bool {
        self.flag(1)
    }

    /// Bit 2, MODE64BIT.
    pub fn mode64bit(&self) -> bool {
        self.flag(2)
    }

    /// Bit 4, PROVISIONKEY: the enclave may derive the provisioning key.
    pub fn provision_key(&self) -> bool {
        self.flag(4)
    }

    /// Bit 5, EINITTOKEN_KEY: the enclave may derive the launch token key.
    pub fn einittoken_key(&self) -> bool {
        self.flag(5)
    }

    /// Bit 7, KSS: key separation and sharing is on, and its fields carry a meaning.
    pub fn kss(&self) -> bool {
        self.flag(7)
    }

    /// Bit 10, AEXNOTIFY: the enclave may ask to be told of interrupts.
    pub fn aex_notify(&self) -> bool {
        self.flag(10)
    }

    fn flag(&self, bit: u32) -> bool {
        self.flags()
            .checked_shr(bit)
            .is_some_and(|shifted| shifted & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
