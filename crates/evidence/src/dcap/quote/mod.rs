//! Quotes of Intel SGX and Intel TDX (Intel SGX ECDSA quote library API, appendix A, version 3; Intel TDX DCAP quote
//! generation library, appendix A, versions 4 and 5). Owns the container, from the first byte to the padding; it
//! verifies no signature and knows no collateral.

mod error;
#[cfg(test)]
pub(crate) mod fixture;
mod signature_data;

use aws_lc_rs::signature::ParsedPublicKey;

pub use error::QuoteError;
pub use signature_data::CertificationData;

use self::signature_data::SignatureData;
use crate::reader::{EndOfInput, Reader};
use crate::sgx::SgxReportBody;
use crate::tdx::TdReportBody;

/// A well-formed quote. Nothing in it is verified.
#[derive(Debug)]
pub struct Quote<'a> {
    header: QuoteHeader,
    body: QuoteBody,
    signed_bytes: &'a [u8],
    signature_data: SignatureData<'a>,
    trailing_zeros: usize,
}

/// The header of a quote, 48 bytes on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct QuoteHeader {
    /// 3, 4 or 5.
    pub version: u16,
    /// Attestation key type; always 2, ECDSA over P-256.
    pub attestation_key_type: u16,
    /// What was quoted.
    pub tee: Tee,
    /// QE SVN in version 3, reserved in later ones.
    pub qe_svn: u16,
    /// PCE SVN in version 3, reserved in later ones.
    pub pce_svn: u16,
    /// The quoting enclave's vendor; always Intel's.
    pub qe_vendor_id: [u8; 16],
    /// Chosen by the quoting enclave; Intel's puts a platform identifier into the first 16 bytes.
    pub user_data: [u8; 20],
}

/// The kind of trusted execution environment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Tee {
    /// An Intel SGX enclave.
    Sgx,
    /// An Intel TDX trust domain.
    Tdx,
}

impl Tee {
    /// The environment's name: `SGX` or `TDX`, as TCB info documents spell it in their `id`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgx => "SGX",
            Self::Tdx => "TDX",
        }
    }
}

/// What the quote is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "plain bytes, copied twice in a verification"
)]
pub enum QuoteBody {
    /// The report of an enclave.
    Sgx(SgxReportBody),
    /// The report of a trust domain.
    Tdx(TdReportBody),
}

impl<'a> Quote<'a> {
    /// Reads a quote that may be followed by zero padding, as fixed-size device buffers leave it, and by nothing
    /// else.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, QuoteError> {
        let (quote, trailing) = Self::parse_prefix(bytes)?;
        if let Some(position) = trailing.iter().position(|byte| *byte != 0) {
            let end = bytes.len().saturating_sub(trailing.len());
            return Err(QuoteError::TrailingData {
                offset: end.saturating_add(position),
            });
        }
        if trailing.len() > MAX_TRAILING_ZEROS {
            return Err(QuoteError::TrailingPadding {
                size: trailing.len(),
                limit: MAX_TRAILING_ZEROS,
            });
        }
        Ok(Self {
            trailing_zeros: trailing.len(),
            ..quote
        })
    }

    /// Reads a quote at the start of `bytes` and hands back what follows it, for containers in which the quote's
    /// own lengths mark its end.
    pub fn parse_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), QuoteError> {
        if bytes.len() > MAX_QUOTE_SIZE {
            return Err(QuoteError::TooLarge {
                size: bytes.len(),
                limit: MAX_QUOTE_SIZE,
            });
        }
        let mut reader = Reader::new(bytes);
        let header = QuoteHeader::read(&mut reader)?;
        let body = QuoteBody::read(&mut reader, &header)?;
        let signed_bytes = bytes.get(..reader.offset()).unwrap_or_default();
        let signature_data_size = reader.size_u32_le().map_err(truncated("signature data size"))?;
        let part = reader
            .sub(signature_data_size)
            .map_err(truncated("signature data"))?;
        let signature_data = SignatureData::read(part, header.version)?;
        Ok((
            Self {
                header,
                body,
                signed_bytes,
                signature_data,
                trailing_zeros: 0,
            },
            reader.rest(),
        ))
    }

    /// The quote's format version: 3, 4 or 5.
    pub fn version(&self) -> u16 {
        self.header.version
    }

    /// What was quoted.
    pub fn tee(&self) -> Tee {
        self.header.tee
    }

    /// The header.
    pub fn header(&self) -> &QuoteHeader {
        &self.header
    }

    /// The report that was quoted.
    pub fn body(&self) -> &QuoteBody {
        &self.body
    }

    /// The bytes that [`Quote::signature`] covers: header and body, in version 5 with the body descriptor.
    pub fn signed_bytes(&self) -> &'a [u8] {
        self.signed_bytes
    }

    /// ECDSA signature by the attestation key, `r` then `s`, each 32 bytes big-endian.
    pub fn signature(&self) -> &'a [u8; 64] {
        self.signature_data.signature
    }

    /// The attestation key's point, `x` then `y`, each 32 bytes big-endian; it lies on P-256.
    pub fn attestation_key(&self) -> &'a [u8; 64] {
        self.signature_data.attestation_key
    }

    /// The attestation key, ready for ECDSA P-256 with SHA-256 and fixed-length signatures.
    pub fn attestation_public_key(&self) -> &ParsedPublicKey {
        &self.signature_data.attestation_public_key
    }

    /// The quoting enclave's report.
    pub fn qe_report(&self) -> &SgxReportBody {
        &self.signature_data.qe_report
    }

    /// The quoting enclave's report as it was signed.
    pub fn qe_report_bytes(&self) -> &'a [u8; SgxReportBody::SIZE] {
        self.signature_data.qe_report_bytes
    }

    /// ECDSA signature of the QE report by the PCK, `r` then `s`, each 32 bytes big-endian.
    pub fn qe_report_signature(&self) -> &'a [u8; 64] {
        self.signature_data.qe_report_signature
    }

    /// QE authentication data, 0 to 65,535 bytes that the quoting enclave binds to its attestation key.
    pub fn qe_auth_data(&self) -> &'a [u8] {
        self.signature_data.qe_auth_data
    }

    /// How the quote identifies the platform's certificate.
    pub fn certification_data(&self) -> CertificationData<'a> {
        self.signature_data.certification_data
    }

    /// The 64 bytes that the enclave or trust domain chose.
    pub fn report_data(&self) -> &[u8; 64] {
        match &self.body {
            QuoteBody::Sgx(body) => &body.report_data,
            QuoteBody::Tdx(body) => &body.report_data,
        }
    }

    /// The number of zero bytes after the quote.
    pub fn trailing_zeros(&self) -> usize {
        self.trailing_zeros
    }
}

impl QuoteHeader {
    fn read(reader: &mut Reader<'_>) -> Result<Self, QuoteError> {
        let end = truncated("header");
        let version = reader.u16_le().map_err(end)?;
        if !(3..=5).contains(&version) {
            return Err(QuoteError::Version { found: version });
        }
        let attestation_key_type = reader.u16_le().map_err(end)?;
        if attestation_key_type != ECDSA_P256 {
            return Err(QuoteError::AttestationKeyType {
                found: attestation_key_type,
            });
        }
        let tee = match (version, reader.u32_le().map_err(end)?) {
            (_, TEE_TYPE_SGX) => Tee::Sgx,
            (4 | 5, TEE_TYPE_TDX) => Tee::Tdx,
            (version, found) => return Err(QuoteError::TeeType { version, found }),
        };
        let qe_svn = reader.u16_le().map_err(end)?;
        let pce_svn = reader.u16_le().map_err(end)?;
        let qe_vendor_id = *reader.array().map_err(end)?;
        if qe_vendor_id != INTEL_QE_VENDOR_ID {
            return Err(QuoteError::QeVendorId { found: qe_vendor_id });
        }
        let user_data = *reader.array().map_err(end)?;
        Ok(Self {
            version,
            attestation_key_type,
            tee,
            qe_svn,
            pce_svn,
            qe_vendor_id,
            user_data,
        })
    }
}

impl QuoteBody {
    fn read(reader: &mut Reader<'_>, header: &QuoteHeader) -> Result<Self, QuoteError> {
        let kind = match (header.version, header.tee) {
            (5, tee) => BodyKind::read_descriptor(reader, tee)?,
            (_, Tee::Sgx) => BodyKind::Sgx,
            (_, Tee::Tdx) => BodyKind::Td10,
        };
        match kind {
            BodyKind::Sgx => SgxReportBody::read(reader).map(Self::Sgx),
            BodyKind::Td10 => TdReportBody::read(reader).map(Self::Tdx),
            BodyKind::Td15 => TdReportBody::read_1_5(reader).map(Self::Tdx),
            BodyKind::Td15Extended => TdReportBody::read_1_5_extended(reader).map(Self::Tdx),
        }
        .map_err(truncated("body"))
    }
}

/// Body types of a version 5 quote (Intel TDX DCAP, A.3.2 "Quote body descriptor").
#[derive(Clone, Copy)]
enum BodyKind {
    Sgx,
    Td10,
    Td15,
    Td15Extended,
}

impl BodyKind {
    fn read_descriptor(reader: &mut Reader<'_>, tee: Tee) -> Result<Self, QuoteError> {
        let end = truncated("body descriptor");
        let body_type = reader.u16_le().map_err(end)?;
        let found = reader.size_u32_le().map_err(end)?;
        let (kind, expected, body_tee) = match body_type {
            1 => (Self::Sgx, SgxReportBody::SIZE, Tee::Sgx),
            2 => (Self::Td10, TdReportBody::SIZE_1_0, Tee::Tdx),
            3 => (Self::Td15, TdReportBody::SIZE_1_5, Tee::Tdx),
            4 => (Self::Td15Extended, TdReportBody::SIZE_1_5_EXTENDED, Tee::Tdx),
            found => return Err(QuoteError::BodyType { found }),
        };
        if found != expected {
            return Err(QuoteError::BodySize {
                body_type,
                expected,
                found,
            });
        }
        if tee != body_tee {
            return Err(QuoteError::BodyTee { body_type, tee });
        }
        Ok(kind)
    }
}

fn truncated(part: &'static str) -> impl Copy + Fn(EndOfInput) -> QuoteError {
    move |EndOfInput { offset, needed, left }| QuoteError::Truncated {
        part,
        offset,
        needed,
        left,
    }
}

/// The largest input looked at. Real quotes have 4 to 8 KiB; the format's only open-ended parts are 64 KiB of QE
/// authentication data and the certificate chain, about 4 KiB.
pub const MAX_QUOTE_SIZE: usize = 64 * 1024;

/// The most padding accepted after a quote. Cloud guests hand over device buffers of 8,000 bytes in which quotes of
/// about 4,935 bytes lie; a page covers them.
pub const MAX_TRAILING_ZEROS: usize = 4096;

const ECDSA_P256: u16 = 2;
const TEE_TYPE_SGX: u32 = 0;
const TEE_TYPE_TDX: u32 = 0x81;

/// 939a7233-f79c-4ca9-940a-0db3957f0607, Intel's quoting enclaves.
const INTEL_QE_VENDOR_ID: [u8; 16] = [
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
];

#[cfg(test)]
mod tests;
