//! The hash algorithms of PCR banks, names and signatures (TCG Algorithm Registry, "TPM_ALG_ID"). Owns their numbers,
//! sizes and computation; which of them are good enough is for settings to say.

use std::fmt;

use aws_lc_rs::digest;

/// A hash algorithm that PCR banks and signatures use.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HashAlgorithm {
    /// TPM_ALG_SHA1, 0x0004. Collisions are cheap: good only where a setting says so.
    Sha1,
    /// TPM_ALG_SM3_256, 0x0012. Known by name; nothing here computes it.
    Sm3,
    /// TPM_ALG_SHA256, 0x000B.
    Sha256,
    /// TPM_ALG_SHA384, 0x000C.
    Sha384,
    /// TPM_ALG_SHA512, 0x000D.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, weakest first.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sm3, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithm of a TPM_ALG_ID.
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == id)
    }

    /// Its TPM_ALG_ID.
    pub const fn id(self) -> u16 {
        match self {
            Self::Sha1 => 0x0004,
            Self::Sha256 => 0x000B,
            Self::Sha384 => 0x000C,
            Self::Sha512 => 0x000D,
            Self::Sm3 => 0x0012,
        }
    }

    /// Size of a digest in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 | Self::Sm3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Its name in lower case, without a hyphen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sm3 => "sm3_256",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The digest of the parts as one; `None` for an algorithm that is not computed here.
    pub fn digest(self, parts: &[&[u8]]) -> Option<digest::Digest> {
        let mut context = digest::Context::new(match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sm3 => return None,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        });
        for part in parts {
            context.update(part);
        }
        Some(context.finish())
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
