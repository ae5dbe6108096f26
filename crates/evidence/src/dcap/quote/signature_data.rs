//! The signature data at the end of a quote: the attestation key, what certifies it, and how the platform's
//! certificate is found. Owns the two layouts (version 3; versions 4 and 5).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};

use super::{QuoteError, truncated};
use crate::reader::{LeftOver, Reader};
use crate::sgx::SgxReportBody;

#[derive(Debug)]
pub(super) struct SignatureData<'a> {
    pub(super) signature: &'a [u8; 64],
    pub(super) attestation_key: &'a [u8; 64],
    pub(super) attestation_public_key: ParsedPublicKey,
    pub(super) qe_report: SgxReportBody,
    pub(super) qe_report_bytes: &'a [u8; SgxReportBody::SIZE],
    pub(super) qe_report_signature: &'a [u8; 64],
    pub(super) qe_auth_data: &'a [u8],
    pub(super) certification_data: CertificationData<'a>,
}

/// How a quote identifies the platform's certificate (Intel SGX ECDSA quote library API, A.4 "QE certification
/// data").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CertificationData<'a> {
    /// 1 plain PPID, 2 PPID encrypted to an RSA-2048 key, 3 to an RSA-3072 key (each followed by CPUSVN, PCESVN and
    /// PCEID), 4 the PCK leaf certificate, 5 the PCK certificate chain in PEM.
    pub kind: u16,
    /// The data of that kind.
    pub data: &'a [u8],
}

impl<'a> SignatureData<'a> {
    /// Reads signature data that must fill `reader` exactly.
    pub(super) fn read(mut reader: Reader<'a>, version: u16) -> Result<Self, QuoteError> {
        let signature = reader.array().map_err(truncated("quote signature"))?;
        let attestation_key = reader.array().map_err(truncated("attestation key"))?;
        let attestation_public_key = parse_point(attestation_key)?;
        let mut certification = match version {
            3 => reader,
            _ => qe_report_certification_data(reader)?,
        };
        let qe_report_bytes = certification.array().map_err(truncated("QE report"))?;
        let qe_report =
            SgxReportBody::read(&mut Reader::new(qe_report_bytes)).map_err(truncated("QE report"))?;
        let qe_report_signature = certification.array().map_err(truncated("QE report signature"))?;
        let qe_auth_size = certification
            .size_u16_le()
            .map_err(truncated("QE authentication data size"))?;
        let qe_auth_data = certification
            .take(qe_auth_size)
            .map_err(truncated("QE authentication data"))?;
        let certification_data = CertificationData::read(certification)?;
        Ok(Self {
            signature,
            attestation_key,
            attestation_public_key,
            qe_report,
            qe_report_bytes,
            qe_report_signature,
            qe_auth_data,
            certification_data,
        })
    }
}

impl<'a> CertificationData<'a> {
    fn read(mut reader: Reader<'a>) -> Result<Self, QuoteError> {
        let (kind, data) = read_typed(&mut reader)?;
        reader.finish().map_err(surplus("signature data"))?;
        let expected = match kind {
            1 => Some(16 + PLATFORM_TCB_SIZE),
            2 => Some(256 + PLATFORM_TCB_SIZE),
            3 => Some(384 + PLATFORM_TCB_SIZE),
            4 | 5 => None,
            found => return Err(QuoteError::CertificationType { found }),
        };
        match expected {
            Some(expected) if data.remaining() != expected => Err(QuoteError::CertificationSize {
                kind,
                expected,
                found: data.remaining(),
            }),
            _ => Ok(Self {
                kind,
                data: data.clone().rest(),
            }),
        }
    }
}

/// Versions 4 and 5 wrap everything after the attestation key once more (Intel TDX DCAP, A.3.8 and A.3.11).
fn qe_report_certification_data(mut reader: Reader<'_>) -> Result<Reader<'_>, QuoteError> {
    let (kind, data) = read_typed(&mut reader)?;
    if kind != QE_REPORT_CERTIFICATION_DATA {
        return Err(QuoteError::OuterCertificationType { found: kind });
    }
    reader.finish().map_err(surplus("signature data"))?;
    Ok(data)
}

fn read_typed<'a>(reader: &mut Reader<'a>) -> Result<(u16, Reader<'a>), QuoteError> {
    let kind = reader.u16_le().map_err(truncated("certification data type"))?;
    let size = reader
        .size_u32_le()
        .map_err(truncated("certification data size"))?;
    let data = reader.sub(size).map_err(truncated("certification data"))?;
    Ok((kind, data))
}

fn parse_point(coordinates: &[u8; 64]) -> Result<ParsedPublicKey, QuoteError> {
    // SEC 1, 2.3.3: 04 announces an uncompressed point.
    let mut point = [0x04; 65];
    for (to, from) in point.iter_mut().skip(1).zip(coordinates) {
        *to = *from;
    }
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| QuoteError::AttestationKeyNotOnCurve)
}

fn surplus(part: &'static str) -> impl Fn(LeftOver) -> QuoteError {
    move |LeftOver { offset, size }| QuoteError::Surplus { part, offset, size }
}

const QE_REPORT_CERTIFICATION_DATA: u16 = 6;

/// CPUSVN (16), PCESVN (2) and PCEID (2) behind a PPID.
const PLATFORM_TCB_SIZE: usize = 20;
