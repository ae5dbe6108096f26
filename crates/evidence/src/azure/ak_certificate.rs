//! The certificate of a virtual TPM's attestation key as the TPM keeps it: DER, padded with zeros to the size of its NV
//! index 0x01C101D0. Owns the cutting; what a certificate says is read elsewhere.

use der::{Decode, Header, Reader, SliceReader, Tag};

use crate::rejection::{Explanation, Stage};
use crate::x509::{MAX_CERTIFICATE_BYTES, Told};

/// The buffer does not hold one certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AkCertificateError {
    /// More bytes than any genuine certificate with its padding takes.
    #[error("the AK certificate has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size of the buffer in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The buffer does not begin with a complete DER SEQUENCE.
    #[error("the AK certificate is not DER")]
    NotDer,
    /// Something else than zeros follows the certificate.
    #[error("the AK certificate is followed by other bytes at offset {offset}")]
    Tail {
        /// Where the first of them is.
        offset: usize,
    },
}

/// The DER of the certificate at the start of `buffer`, when only zeros follow it.
pub fn ak_certificate(buffer: &[u8]) -> Result<&[u8], AkCertificateError> {
    if buffer.len() > MAX_CERTIFICATE_BYTES {
        return Err(AkCertificateError::TooLarge {
            size: buffer.len(),
            limit: MAX_CERTIFICATE_BYTES,
        });
    }
    let (certificate, tail) = certificate_size(buffer)
        .and_then(|size| buffer.split_at_checked(size))
        .ok_or(AkCertificateError::NotDer)?;
    match tail.iter().position(|byte| *byte != 0) {
        None => Ok(certificate),
        Some(position) => Err(AkCertificateError::Tail {
            offset: certificate.len().saturating_add(position),
        }),
    }
}

/// The size of the DER SEQUENCE at the start of `buffer`, its header included.
fn certificate_size(buffer: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(buffer).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    header.tag().assert_eq(Tag::Sequence).ok()?;
    let contents = usize::try_from(header.length()).ok()?;
    usize::try_from(reader.position()).ok()?.checked_add(contents)
}

impl AkCertificateError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told =
            Told::new("ak_certificate").hint("send the content of the virtual TPM's NV index 0x01C101D0");
        match self {
            Self::TooLarge { size, limit } => told
                .code("ak_certificate_too_large")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes")),
            Self::NotDer => told
                .code("ak_certificate_not_der")
                .expected("a certificate in DER")
                .found("something else"),
            Self::Tail { offset } => told
                .code("ak_certificate_tail")
                .expected("zeros behind the certificate")
                .found(format!("another value at offset {offset}")),
        }
        .at(Stage::Parse)
    }
}

#[cfg(test)]
mod tests;
