//! Serial numbers of certificates, comparable with the entries of a CRL.

use std::fmt;

use crate::hex;

/// A certificate's serial number: a non-negative integer of at most 20 octets (RFC 5280, 4.1.2.2), kept
/// right-aligned, so that equal numbers are equal values.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Serial([u8; Serial::MAX_OCTETS]);

impl Serial {
    /// RFC 5280, 4.1.2.2: "Conforming CAs MUST NOT use serialNumber values longer than 20 octets".
    pub const MAX_OCTETS: usize = 20;

    /// The number whose big-endian magnitude is `magnitude`; `None` when it has more than 20 octets.
    pub(crate) fn from_magnitude(magnitude: &[u8]) -> Option<Self> {
        let mut octets = [0; Self::MAX_OCTETS];
        let start = Self::MAX_OCTETS.checked_sub(magnitude.len())?;
        octets.get_mut(start..)?.copy_from_slice(magnitude);
        Some(Self(octets))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = hex::encode(&self.0);
        let digits = text.trim_start_matches("00");
        f.write_str(if digits.is_empty() { "00" } else { digits })
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}
