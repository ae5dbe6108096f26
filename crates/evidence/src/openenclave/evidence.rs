//! Open Enclave reports and evidence: from the wrapper to the quote and the custom claims inside.

use super::custom_claims::{CustomClaim, parse_custom_claims};
use super::{Format, OpenEnclaveError, surplus, truncated};
use crate::binding::commits_to;
use crate::dcap::quote::MAX_QUOTE_SIZE;
use crate::dcap::{Quote, QuoteError, Tee};
use crate::reader::Reader;

/// Evidence taken out of its Open Enclave wrapper. The quote itself is not verified; custom claims are those that
/// the quote vouches for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evidence<'a> {
    format: Format,
    quote: &'a [u8],
    custom_claims_buffer: &'a [u8],
    custom_claims: Vec<CustomClaim<'a>>,
}

impl<'a> Evidence<'a> {
    /// Reads an Open Enclave report (`oe_get_report`, 16-byte header) or evidence (`oe_get_evidence`, 28-byte
    /// header). In SGX ECDSA evidence the first half of the quote's report data must be the SHA-256 of the custom
    /// claims buffer.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, OpenEnclaveError> {
        check_size(bytes)?;
        let mut reader = Reader::new(bytes);
        match reader.u32_le().map_err(truncated("header"))? {
            REPORT_HEADER_VERSION => Self::read_report(reader),
            ATTESTATION_HEADER_VERSION => Self::read_evidence(reader),
            found => Err(OpenEnclaveError::HeaderVersion { found }),
        }
    }

    /// As [`Evidence::parse`], and also evidence whose header was left away: a quote, followed by nothing but the
    /// custom claims buffer that it vouches for, or by padding. Only a caller that knows from the context that it
    /// handles Open Enclave evidence may use this.
    pub fn parse_with_or_without_header(bytes: &'a [u8]) -> Result<Self, OpenEnclaveError> {
        match bytes {
            // The versions of the two headers, which no quote begins with: it goes on with its key type, 2.
            [1 | 3, 0, 0, 0, ..] => Self::parse(bytes),
            _ => Self::parse_without_header(bytes),
        }
    }

    /// What kind of evidence it is. Evidence without a header is [`Format::SgxEcdsa`] when the quote vouches for
    /// what follows it, and [`Format::RawSgxQuote`] or [`Format::TdxQuote`] otherwise.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The quote, with any zero padding after it.
    pub fn quote(&self) -> &'a [u8] {
        self.quote
    }

    /// The custom claims buffer as it was hashed; empty when there is none.
    pub fn custom_claims_buffer(&self) -> &'a [u8] {
        self.custom_claims_buffer
    }

    /// The custom claims; none when the buffer is empty or is not a serialised list, since an enclave may put any
    /// bytes there.
    pub fn custom_claims(&self) -> &[CustomClaim<'a>] {
        &self.custom_claims
    }

    fn read_report(mut reader: Reader<'a>) -> Result<Self, OpenEnclaveError> {
        let end = truncated("report header");
        match reader.u32_le().map_err(end)? {
            REPORT_TYPE_REMOTE => {}
            REPORT_TYPE_LOCAL => {
                return Err(OpenEnclaveError::FormatNotRemote {
                    format: Format::SgxLocal,
                });
            }
            found => return Err(OpenEnclaveError::ReportType { found }),
        }
        let size = reader.size_u64_le().map_err(end)?;
        let quote = reader.take(size).map_err(truncated("report"))?;
        reader.finish().map_err(surplus("report"))?;
        Ok(Self::without_claims(Format::Report, quote))
    }

    fn read_evidence(reader: Reader<'a>) -> Result<Self, OpenEnclaveError> {
        let (format, mut data) = read_attestation_header(reader)?;
        match format {
            Format::SgxEcdsa => Self::read_sgx_ecdsa(data.rest()),
            Format::Report => match data.u32_le().map_err(truncated("report header"))? {
                REPORT_HEADER_VERSION => Self::read_report(data),
                found => Err(OpenEnclaveError::HeaderVersion { found }),
            },
            Format::RawSgxQuote => Self::read_bare_quote(format, Tee::Sgx, data.rest()),
            Format::TdxQuote => Self::read_bare_quote(format, Tee::Tdx, data.rest()),
            Format::SgxLocal
            | Format::LegacySgxLocal
            | Format::SgxEpidLinkable
            | Format::SgxEpidUnlinkable
            | Format::Eeid => Err(OpenEnclaveError::FormatNotRemote { format }),
        }
    }

    fn read_sgx_ecdsa(data: &'a [u8]) -> Result<Self, OpenEnclaveError> {
        let (quote, buffer) = Quote::parse_prefix(data)?;
        check_tee(Format::SgxEcdsa, Tee::Sgx, quote.tee())?;
        if !commits_to(quote.report_data(), buffer) {
            return Err(OpenEnclaveError::CustomClaimsHash);
        }
        Ok(Self::with_claims(data, buffer))
    }

    fn read_bare_quote(format: Format, expected: Tee, data: &'a [u8]) -> Result<Self, OpenEnclaveError> {
        check_tee(format, expected, Quote::parse(data)?.tee())?;
        Ok(Self::without_claims(format, data))
    }

    fn parse_without_header(bytes: &'a [u8]) -> Result<Self, OpenEnclaveError> {
        check_size(bytes)?;
        let (quote, trailing) = Quote::parse_prefix(bytes)?;
        match quote.tee() {
            Tee::Sgx if commits_to(quote.report_data(), trailing) => Ok(Self::with_claims(bytes, trailing)),
            tee => {
                let quote = Quote::parse(bytes).map_err(|error| unbound_claims(error, tee))?;
                let format = match quote.tee() {
                    Tee::Sgx => Format::RawSgxQuote,
                    Tee::Tdx => Format::TdxQuote,
                };
                Ok(Self::without_claims(format, bytes))
            }
        }
    }

    fn with_claims(data: &'a [u8], buffer: &'a [u8]) -> Self {
        let quote_size = data.len().saturating_sub(buffer.len());
        Self {
            format: Format::SgxEcdsa,
            quote: data.get(..quote_size).unwrap_or_default(),
            custom_claims_buffer: buffer,
            custom_claims: parse_custom_claims(buffer).unwrap_or_default(),
        }
    }

    fn without_claims(format: Format, quote: &'a [u8]) -> Self {
        Self {
            format,
            quote,
            custom_claims_buffer: &[],
            custom_claims: Vec::new(),
        }
    }
}

/// Reads what follows the version of a 28-byte header: the format and its data, which must be all there is.
pub(super) fn read_attestation_header(
    mut reader: Reader<'_>,
) -> Result<(Format, Reader<'_>), OpenEnclaveError> {
    let end = truncated("attestation header");
    let uuid = reader.array().map_err(end)?;
    let format = Format::from_uuid(uuid).ok_or(OpenEnclaveError::UnknownFormat { found: *uuid })?;
    let size = reader.size_u64_le().map_err(end)?;
    let data = reader.sub(size).map_err(truncated("attestation data"))?;
    reader.finish().map_err(surplus("attestation data"))?;
    Ok((format, data))
}

fn check_size(bytes: &[u8]) -> Result<(), OpenEnclaveError> {
    match bytes.len() {
        size if size > MAX_EVIDENCE_SIZE => Err(OpenEnclaveError::TooLarge {
            size,
            limit: MAX_EVIDENCE_SIZE,
        }),
        _ => Ok(()),
    }
}

fn check_tee(format: Format, expected: Tee, found: Tee) -> Result<(), OpenEnclaveError> {
    if expected == found {
        Ok(())
    } else {
        Err(OpenEnclaveError::FormatTee {
            format,
            expected,
            found,
        })
    }
}

fn unbound_claims(error: QuoteError, tee: Tee) -> OpenEnclaveError {
    match (error, tee) {
        (QuoteError::TrailingData { .. }, Tee::Sgx) => OpenEnclaveError::CustomClaimsHash,
        (error, _) => error.into(),
    }
}

/// The largest input looked at: a header of 28 bytes, and a quote with its custom claims no larger than a quote may
/// be alone. Real evidence with three claims has 5 KiB.
pub const MAX_EVIDENCE_SIZE: usize = 28 + MAX_QUOTE_SIZE;

/// Open Enclave SDK, `OE_REPORT_HEADER_VERSION`.
const REPORT_HEADER_VERSION: u32 = 1;
const REPORT_TYPE_LOCAL: u32 = 1;
const REPORT_TYPE_REMOTE: u32 = 2;

/// Open Enclave SDK, `OE_ATTESTATION_HEADER_VERSION`.
pub(super) const ATTESTATION_HEADER_VERSION: u32 = 3;

#[cfg(test)]
mod tests;
