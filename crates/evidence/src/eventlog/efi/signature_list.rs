//! The contents of PK, KEK, db, dbx and dbt: `EFI_SIGNATURE_LIST`, one after another (UEFI Specification, "Signature
//! Database"). Owns the layout and the names of types; which keys are good is for reference values to say.

use super::Guid;
use super::error::{EfiError, Structure};
use crate::reader::Reader;

/// Entries of one type and size.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignatureList<'a> {
    /// What the entries are: `SignatureType`.
    pub signature_type: Guid,
    /// `SignatureHeader`; empty for every type that is in use.
    pub header: &'a [u8],
    /// The entries.
    pub signatures: Vec<Signature<'a>>,
}

/// One key, certificate or hash: `EFI_SIGNATURE_DATA`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature<'a> {
    /// Who put it there: `SignatureOwner`.
    pub owner: Guid,
    /// A certificate in DER, a hash, or what the type says.
    pub data: &'a [u8],
}

impl<'a> SignatureList<'a> {
    /// All lists in the contents of a variable. An empty variable has none.
    pub fn parse_all(variable: &'a [u8]) -> Result<Vec<Self>, EfiError> {
        let mut reader = Reader::new(variable);
        let mut lists = Vec::new();
        let mut signatures_left = MAX_SIGNATURES;
        while reader.remaining() > 0 {
            if lists.len() >= MAX_LISTS {
                return Err(LIST.too_many("lists", MAX_LISTS));
            }
            lists.push(Self::read(&mut reader, &mut signatures_left)?);
        }
        Ok(lists)
    }

    fn read(reader: &mut Reader<'a>, signatures_left: &mut usize) -> Result<Self, EfiError> {
        let offset = reader.offset();
        let signature_type = Guid(*reader.array().map_err(LIST.end("SignatureType"))?);
        let list_size = reader.size_u32_le().map_err(LIST.end("SignatureListSize"))?;
        let header_size = reader.size_u32_le().map_err(LIST.end("SignatureHeaderSize"))?;
        let signature_size = reader.size_u32_le().map_err(LIST.end("SignatureSize"))?;
        let wrong = |part, found, expected| EfiError::Size {
            structure: LIST.0,
            part,
            offset,
            found,
            expected,
        };
        let rest = list_size.checked_sub(LIST_HEADER_BYTES).ok_or_else(|| {
            wrong(
                "SignatureListSize",
                list_size,
                "at least the 28 bytes of the list itself",
            )
        })?;
        let mut inside = reader.sub(rest).map_err(LIST.end("Signatures"))?;
        let header = inside.take(header_size).map_err(LIST.end("SignatureHeader"))?;
        let all = inside.remaining();
        let count = all
            .checked_div(signature_size)
            .filter(|_| signature_size > OWNER_BYTES)
            .ok_or_else(|| {
                wrong(
                    "SignatureSize",
                    signature_size,
                    "more than the 16 bytes of the owner",
                )
            })?;
        if all.checked_rem(signature_size) != Some(0) {
            return Err(wrong(
                "SignatureSize",
                signature_size,
                "a size of which the list holds a whole number",
            ));
        }
        *signatures_left = signatures_left
            .checked_sub(count)
            .ok_or_else(|| LIST.too_many("signatures", MAX_SIGNATURES))?;
        let mut signatures = Vec::with_capacity(count);
        for _ in 0..count {
            let mut entry = inside.sub(signature_size).map_err(LIST.end("Signatures"))?;
            signatures.push(Signature {
                owner: Guid(*entry.array().map_err(LIST.end("SignatureOwner"))?),
                data: entry.rest(),
            });
        }
        Ok(Self {
            signature_type,
            header,
            signatures,
        })
    }

    /// The specification's name of the type; `None` for a type that it does not define.
    pub fn type_name(&self) -> Option<&'static str> {
        TYPES
            .iter()
            .find(|(guid, _)| *guid == self.signature_type)
            .map(|(_, name)| *name)
    }
}

const LIST: Structure = Structure("EFI_SIGNATURE_LIST");
/// The type's GUID and three sizes.
const LIST_HEADER_BYTES: usize = 28;
const OWNER_BYTES: usize = 16;
/// The most lists in a variable. Each certificate is a list by itself; db has about ten.
const MAX_LISTS: usize = 1024;
/// The most entries in a variable: as many hashes as fit into the largest event. A dbx has about five hundred.
const MAX_SIGNATURES: usize = 8192;

impl Guid {
    /// Entries are certificates in DER: `EFI_CERT_X509_GUID`.
    pub const CERT_X509: Self = Self([
        0xA1, 0x59, 0xC0, 0xA5, 0xE4, 0x94, 0xA7, 0x4A, 0x87, 0xB5, 0xAB, 0x15, 0x5C, 0x2B, 0xF0, 0x72,
    ]);
    /// Entries are SHA-256 hashes of images: `EFI_CERT_SHA256_GUID`.
    pub const CERT_SHA256: Self = Self([
        0x26, 0x16, 0xC4, 0xC1, 0x4C, 0x50, 0x92, 0x40, 0xAC, 0xA9, 0x41, 0xF9, 0x36, 0x93, 0x43, 0x28,
    ]);
}

/// UEFI Specification, "EFI_SIGNATURE_DATA", and "EFI_CERT_TYPE_PKCS7_GUID".
const TYPES: [(Guid, &str); 13] = [
    (Guid::CERT_X509, "EFI_CERT_X509_GUID"),
    (Guid::CERT_SHA256, "EFI_CERT_SHA256_GUID"),
    (
        Guid([
            0xE8, 0x66, 0x57, 0x3C, 0x9C, 0x26, 0x34, 0x4E, 0xAA, 0x14, 0xED, 0x77, 0x6E, 0x85, 0xB3, 0xB6,
        ]),
        "EFI_CERT_RSA2048_GUID",
    ),
    (
        Guid([
            0x90, 0x61, 0xB3, 0xE2, 0x9B, 0x87, 0x3D, 0x4A, 0xAD, 0x8D, 0xF2, 0xE7, 0xBB, 0xA3, 0x27, 0x84,
        ]),
        "EFI_CERT_RSA2048_SHA256_GUID",
    ),
    (
        Guid([
            0x12, 0xA5, 0x6C, 0x82, 0x10, 0xCF, 0xC9, 0x4A, 0xB1, 0x87, 0xBE, 0x01, 0x49, 0x66, 0x31, 0xBD,
        ]),
        "EFI_CERT_SHA1_GUID",
    ),
    (
        Guid([
            0x4F, 0x44, 0xF8, 0x67, 0x43, 0x87, 0xF1, 0x48, 0xA3, 0x28, 0x1E, 0xAA, 0xB8, 0x73, 0x60, 0x80,
        ]),
        "EFI_CERT_RSA2048_SHA1_GUID",
    ),
    (
        Guid([
            0x33, 0x52, 0x6E, 0x0B, 0x5C, 0xA6, 0xC9, 0x44, 0x94, 0x07, 0xD9, 0xAB, 0x83, 0xBF, 0xC8, 0xBD,
        ]),
        "EFI_CERT_SHA224_GUID",
    ),
    (
        Guid([
            0x07, 0x53, 0x3E, 0xFF, 0xD0, 0x9F, 0xC9, 0x48, 0x85, 0xF1, 0x8A, 0xD5, 0x6C, 0x70, 0x1E, 0x01,
        ]),
        "EFI_CERT_SHA384_GUID",
    ),
    (
        Guid([
            0xAE, 0x0F, 0x3E, 0x09, 0xC4, 0xA6, 0x50, 0x4F, 0x9F, 0x1B, 0xD4, 0x1E, 0x2B, 0x89, 0xC1, 0x9A,
        ]),
        "EFI_CERT_SHA512_GUID",
    ),
    (
        Guid([
            0x92, 0xA4, 0xD2, 0x3B, 0xC0, 0x96, 0x79, 0x40, 0xB4, 0x20, 0xFC, 0xF9, 0x8E, 0xF1, 0x03, 0xED,
        ]),
        "EFI_CERT_X509_SHA256_GUID",
    ),
    (
        Guid([
            0x6E, 0x87, 0x76, 0x70, 0xC2, 0x80, 0xE6, 0x4E, 0xAA, 0xD2, 0x28, 0xB3, 0x49, 0xA6, 0x86, 0x5B,
        ]),
        "EFI_CERT_X509_SHA384_GUID",
    ),
    (
        Guid([
            0x63, 0xBF, 0x6D, 0x44, 0x02, 0x25, 0xDA, 0x4C, 0xBC, 0xFA, 0x24, 0x65, 0xD2, 0xB0, 0xFE, 0x9D,
        ]),
        "EFI_CERT_X509_SHA512_GUID",
    ),
    (
        Guid([
            0x9D, 0xD2, 0xAF, 0x4A, 0xDF, 0x68, 0xEE, 0x49, 0x8A, 0xA9, 0x34, 0x7D, 0x37, 0x56, 0x65, 0xA7,
        ]),
        "EFI_CERT_TYPE_PKCS7_GUID",
    ),
];

#[cfg(test)]
mod tests;
