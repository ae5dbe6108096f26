//! GUIDs as UEFI stores and writes them (UEFI Specification, appendix A). Owns nothing else.

use std::fmt;

/// A GUID in the order of memory: the first three parts have their least significant byte first.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// Variables that the UEFI Specification defines: `EFI_GLOBAL_VARIABLE`.
    pub const GLOBAL_VARIABLE: Self = Self([
        0x61, 0xDF, 0xE4, 0x8B, 0xCA, 0x93, 0xD2, 0x11, 0xAA, 0x0D, 0x00, 0xE0, 0x98, 0x03, 0x2B, 0x8C,
    ]);

    /// The signature databases `db` and `dbx`: `EFI_IMAGE_SECURITY_DATABASE_GUID`.
    pub const IMAGE_SECURITY_DATABASE: Self = Self([
        0xCB, 0xB2, 0x19, 0xD7, 0x3A, 0x3D, 0x96, 0x45, 0xA3, 0xBC, 0xDA, 0xD0, 0x0E, 0x67, 0x65, 0x6F,
    ]);
}

/// In upper case without braces.
impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = self.0;
        let data1 = u32::from_le_bytes([a0, a1, a2, a3]);
        let data2 = u16::from_le_bytes([b0, b1]);
        let data3 = u16::from_le_bytes([c0, c1]);
        write!(f, "{data1:08X}-{data2:04X}-{data3:04X}-")?;
        for (index, byte) in rest.iter().enumerate() {
            if index == 2 {
                f.write_str("-")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guid({self})")
    }
}

#[cfg(test)]
mod tests;
