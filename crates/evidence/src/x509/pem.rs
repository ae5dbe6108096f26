//! PEM (RFC 7468), read with the tolerance that transports of Intel's documents need and written in the one
//! canonical form that hashes are taken over. Owns text framing; it must not look into what is framed.

use der::pem::{LineEnding, decode_vec, encode_string};
use der::{Reader, SliceReader};

use super::encoding::EncodingError;
use super::{MAX_CERTIFICATE_BYTES, MAX_CHAIN_CERTIFICATES, MAX_CRL_BYTES};

/// The DER of every certificate in `text`, in the order given. Line ends may be LF or CRLF; white space and NUL bytes
/// may stand around the blocks (quotes end their chain with NUL, Intel SGX DCAP, certification data type 5).
/// Anything else outside the blocks is refused.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, EncodingError> {
    check_size("certificate chain", text, MAX_CHAIN_TEXT_BYTES)?;
    let mut found = Vec::new();
    let mut rest = text.trim_ascii_or_nul();
    while !rest.is_empty() {
        if found.len() == MAX_CHAIN_CERTIFICATES {
            return Err(EncodingError::TooManyCertificates {
                limit: MAX_CHAIN_CERTIFICATES,
            });
        }
        let (der, after) = block(CERTIFICATE, rest)?;
        found.push(der);
        rest = after.trim_ascii_or_nul();
    }
    if found.is_empty() {
        Err(EncodingError::Pem {
            problem: "no certificate",
        })
    } else {
        Ok(found)
    }
}

/// The DER of the only certificate in `input`, which is PEM or already DER.
pub(super) fn certificate(input: &[u8]) -> Result<Vec<u8>, EncodingError> {
    if input.first() == Some(&DER_SEQUENCE) {
        return Ok(input.to_vec());
    }
    match <[Vec<u8>; 1]>::try_from(certificates(input)?) {
        Ok([der]) => Ok(der),
        Err(_) => Err(EncodingError::TooManyCertificates { limit: 1 }),
    }
}

/// The DER of a CRL given as PEM, DER or hexadecimal DER, the three forms in which Intel's services and libraries
/// hand it out (Intel SGX DCAP, `sgx_ql_qve_collateral_t` versions 1.0, 3.0 and 3.1).
pub(super) fn crl(input: &[u8]) -> Result<Vec<u8>, EncodingError> {
    check_size("CRL", input, MAX_CRL_TEXT_BYTES)?;
    if input.first() == Some(&DER_SEQUENCE) {
        return without_trailing_nul(input).map(<[u8]>::to_vec);
    }
    let text = input.trim_ascii_or_nul();
    if text.starts_with(b"-----") {
        let (der, after) = block(CRL, text)?;
        return match after.trim_ascii_or_nul() {
            [] => Ok(der),
            _ => Err(EncodingError::Pem {
                problem: "text after the CRL",
            }),
        };
    }
    crate::hex::decode(text)
        .filter(|der| !der.is_empty())
        .ok_or(EncodingError::Pem {
            problem: "neither PEM, DER nor hexadecimal",
        })
}

/// The DER value at the start of `input`, when only NUL bytes follow it.
fn without_trailing_nul(input: &[u8]) -> Result<&[u8], EncodingError> {
    let malformed = |_| EncodingError::Malformed { field: "CRL" };
    let mut reader = SliceReader::new(input).map_err(malformed)?;
    let value = reader.tlv_bytes().map_err(malformed)?;
    let after = input.get(value.len()..).unwrap_or_default();
    if after.iter().all(|byte| *byte == 0) {
        Ok(value)
    } else {
        Err(EncodingError::Malformed { field: "CRL" })
    }
}

/// Certificates as PEM with 64 columns, LF line ends and a final LF.
pub(crate) fn certificates_to_pem<'a>(ders: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    ders.into_iter()
        .map(|der| encode_string(CERTIFICATE, LineEnding::LF, der).ok())
        .collect()
}

/// A CRL as PEM with 64 columns, LF line ends and a final LF.
pub(crate) fn crl_to_pem(der: &[u8]) -> Option<String> {
    encode_string(CRL, LineEnding::LF, der).ok()
}

/// Takes one block with this label off the front of `text`.
fn block<'a>(label: &str, text: &'a [u8]) -> Result<(Vec<u8>, &'a [u8]), EncodingError> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let body = text.strip_prefix(begin.as_bytes()).ok_or(EncodingError::Pem {
        problem: "text outside the blocks",
    })?;
    let size = body
        .windows(end.len())
        .position(|window| window == end.as_bytes())
        .ok_or(EncodingError::Pem {
            problem: "no end line",
        })?;
    let (base64, after) = body.split_at_checked(size).ok_or(EncodingError::Pem {
        problem: "no end line",
    })?;
    let after = after.strip_prefix(end.as_bytes()).ok_or(EncodingError::Pem {
        problem: "no end line",
    })?;
    // The decoder wants lines of exactly 64 columns; services differ in how they wrap.
    let base64: Vec<u8> = base64
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let mut canonical = begin.into_bytes();
    for line in base64.chunks(PEM_COLUMNS) {
        canonical.push(b'\n');
        canonical.extend_from_slice(line);
    }
    canonical.push(b'\n');
    canonical.extend_from_slice(end.as_bytes());
    canonical.push(b'\n');
    let (_, der) = decode_vec(&canonical).map_err(|_| EncodingError::Pem {
        problem: "not base64",
    })?;
    Ok((der, after))
}

fn check_size(structure: &'static str, input: &[u8], limit: usize) -> Result<(), EncodingError> {
    if input.len() > limit {
        Err(EncodingError::TooLarge {
            structure,
            size: input.len(),
            limit,
        })
    } else {
        Ok(())
    }
}

trait TrimNul {
    /// Without white space and NUL bytes at either end.
    fn trim_ascii_or_nul(&self) -> &Self;
}

impl TrimNul for [u8] {
    fn trim_ascii_or_nul(&self) -> &Self {
        let mut rest = self;
        while let [byte, after @ ..] = rest
            && is_blank(*byte)
        {
            rest = after;
        }
        while let [before @ .., byte] = rest
            && is_blank(*byte)
        {
            rest = before;
        }
        rest
    }
}

fn is_blank(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace()
}

const CERTIFICATE: &str = "CERTIFICATE";
const CRL: &str = "X509 CRL";
/// The tag of a DER SEQUENCE. Neither PEM nor hexadecimal text begins with this byte, the character `0`: DER in
/// hexadecimal begins with `3`.
const DER_SEQUENCE: u8 = 0x30;
/// RFC 7468, 2: generators wrap at exactly 64 characters.
const PEM_COLUMNS: usize = 64;
/// Base64 takes 4/3 of the certificates' size, line ends and labels some more: twice is ample.
const MAX_CHAIN_TEXT_BYTES: usize = 2 * MAX_CHAIN_CERTIFICATES * MAX_CERTIFICATE_BYTES;
/// Hexadecimal doubles the size; PEM takes less.
const MAX_CRL_TEXT_BYTES: usize = 2 * MAX_CRL_BYTES + 64;

#[cfg(test)]
mod tests;
