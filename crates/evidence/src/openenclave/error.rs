//! Why bytes are not an Open Enclave wrapper, or why what they wrap does not hold together.

use super::Format;
use crate::dcap::{QuoteError, Tee};
use crate::hex;
use crate::rejection::{Explanation, Stage};

/// The bytes are not Open Enclave evidence or endorsements that this verifier accepts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenEnclaveError {
    /// The input is larger than any evidence or endorsements.
    #[error("the open enclave data has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size of the input in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The input, or a length inside it, ends too early.
    #[error("the {part} needs {needed} bytes at offset {offset}, {left} are left")]
    Truncated {
        /// What was being read.
        part: &'static str,
        /// Where, in bytes from the start of the input.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left in the input or in the enclosing length.
        left: usize,
    },
    /// A length covers less than there is.
    #[error("the {part} is followed by {size} unused bytes at offset {offset}")]
    Surplus {
        /// The structure that ended.
        part: &'static str,
        /// Where the unused bytes begin.
        offset: usize,
        /// Their number.
        size: usize,
    },
    /// Neither the header of a report nor that of evidence.
    #[error("open enclave header version {found} is not supported")]
    HeaderVersion {
        /// The version found.
        found: u32,
    },
    /// Neither a local nor a remote report.
    #[error("open enclave report type {found} is not supported")]
    ReportType {
        /// The type found.
        found: u32,
    },
    /// The format UUID is not one of Open Enclave's.
    #[error("open enclave format `{}` is not known", hex::encode(found))]
    UnknownFormat {
        /// The UUID found, its bytes in order.
        found: [u8; 16],
    },
    /// A known format that remote attestation over DCAP cannot judge.
    #[error("open enclave evidence of format {format} cannot be verified remotely")]
    FormatNotRemote {
        /// The format found.
        format: Format,
    },
    /// The quote is of another environment than its format says.
    #[error("open enclave evidence of format {format} contains {} data", found.name())]
    FormatTee {
        /// The format in the header.
        format: Format,
        /// The environment of that format.
        expected: Tee,
        /// The environment found.
        found: Tee,
    },
    /// The quote inside is not well-formed; positions count from the start of the quote.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The quote does not vouch for the custom claims beside it.
    #[error("the quote's report data does not begin with the sha-256 of the custom claims")]
    CustomClaimsHash,
    /// The list of custom claims has an unknown version.
    #[error("custom claims version {found} is not supported")]
    CustomClaimsVersion {
        /// The version found.
        found: u64,
    },
    /// The list of custom claims is too long.
    #[error("there are {found} custom claims, more than the limit of {limit}")]
    CustomClaimsCount {
        /// The number of claims.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A custom claim's name is not UTF-8 text that ends with its only zero byte.
    #[error("the name of custom claim {index} is not text that ends with a zero byte")]
    CustomClaimName {
        /// Which claim, counted from 0.
        index: usize,
    },
    /// Neither SGX endorsements nor a TDX collateral structure.
    #[error("endorsements version {found} is not supported")]
    EndorsementsVersion {
        /// The version found.
        found: u32,
    },
    /// Endorsements of version 1 that are not for SGX.
    #[error("endorsements for enclave type {found} are not supported")]
    EndorsementsEnclaveType {
        /// The enclave type found.
        found: u32,
    },
    /// SGX endorsements without exactly nine items.
    #[error("sgx endorsements have 9 items, found {found}")]
    EndorsementsItemCount {
        /// The number of items found.
        found: u32,
    },
    /// The items of SGX endorsements do not lie one after the other in their buffer.
    #[error("endorsements item {index} lies from {start} to {end} in {size} bytes")]
    EndorsementsOffset {
        /// Which item, counted from 0.
        index: usize,
        /// Where it begins.
        start: usize,
        /// Where it ends.
        end: usize,
        /// The size of all items in bytes.
        size: usize,
    },
    /// The items of SGX endorsements have an unknown version.
    #[error("endorsements items of version `{}` are not supported", hex::encode(found))]
    EndorsementsItemsVersion {
        /// The version item.
        found: Vec<u8>,
    },
    /// SGX endorsements do not say when they were collected.
    #[error("the endorsements' creation time is not a date")]
    EndorsementsCreationTime {
        /// The creation time item.
        found: Vec<u8>,
    },
    /// A collateral structure that is not for TDX.
    #[error("a collateral structure for tee type {found:#x} is not supported")]
    EndorsementsTeeType {
        /// The TEE type found.
        found: u32,
    },
}

impl OpenEnclaveError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        if let Self::Quote(error) = self {
            return error.explain();
        }
        let (code, field, expected, found) = self.tell();
        Explanation {
            stage: Stage::Parse,
            code,
            field: format!("open_enclave.{field}"),
            expected,
            found,
            hint: self.hint().into(),
        }
    }

    fn tell(&self) -> (&'static str, &'static str, String, String) {
        match self {
            Self::TooLarge { size, limit } => (
                "oe_too_large",
                "size",
                format!("at most {limit} bytes"),
                format!("{size} bytes"),
            ),
            Self::Truncated {
                part,
                offset,
                needed,
                left,
            } => (
                "oe_truncated",
                "size",
                format!("{needed} bytes of {part} at offset {offset}"),
                format!("{left} bytes"),
            ),
            Self::Surplus { part, offset, size } => (
                "oe_surplus",
                "size",
                format!("nothing after the {part}"),
                format!("{size} bytes at offset {offset}"),
            ),
            Self::HeaderVersion { found } => (
                "oe_header_version",
                "header.version",
                "1 (report) or 3 (evidence)".into(),
                found.to_string(),
            ),
            Self::ReportType { found } => (
                "oe_report_type",
                "header.report_type",
                "2 (remote)".into(),
                found.to_string(),
            ),
            Self::UnknownFormat { found } => (
                "oe_unknown_format",
                "header.format_id",
                REMOTE_FORMATS.into(),
                hex::encode(found),
            ),
            Self::FormatNotRemote { format } => (
                "oe_format_not_remote",
                "header.format_id",
                REMOTE_FORMATS.into(),
                format.to_string(),
            ),
            Self::FormatTee {
                format,
                expected,
                found,
            } => (
                "oe_format_tee",
                "header.format_id",
                format!("{} data ({format})", expected.name()),
                format!("{} data", found.name()),
            ),
            Self::Quote(error) => {
                let Explanation {
                    code,
                    expected,
                    found,
                    ..
                } = error.explain();
                (code, "quote", expected, found)
            }
            Self::CustomClaimsHash => (
                "oe_custom_claims_hash",
                "report_data[0..32]",
                "the sha-256 of the custom claims buffer".into(),
                "another value".into(),
            ),
            Self::CustomClaimsVersion { found } => (
                "oe_custom_claims_version",
                "custom_claims.version",
                "1".into(),
                found.to_string(),
            ),
            Self::CustomClaimsCount { found, limit } => (
                "oe_custom_claims_count",
                "custom_claims.count",
                format!("at most {limit}"),
                found.to_string(),
            ),
            Self::CustomClaimName { index } => (
                "oe_custom_claim_name",
                "custom_claims.name",
                "utf-8 text that ends with its only zero byte".into(),
                format!("something else in claim {index}"),
            ),
            Self::EndorsementsVersion { found } => (
                "oe_endorsements_version",
                "endorsements.version",
                "1 (sgx) or 4 (tdx collateral 4.0)".into(),
                found.to_string(),
            ),
            Self::EndorsementsEnclaveType { found } => (
                "oe_endorsements_enclave_type",
                "endorsements.enclave_type",
                "2 (sgx)".into(),
                found.to_string(),
            ),
            Self::EndorsementsItemCount { found } => (
                "oe_endorsements_item_count",
                "endorsements.num_elements",
                "9".into(),
                found.to_string(),
            ),
            Self::EndorsementsOffset {
                index,
                start,
                end,
                size,
            } => (
                "oe_endorsements_offset",
                "endorsements.offsets",
                format!("items in order within {size} bytes"),
                format!("item {index} from {start} to {end}"),
            ),
            Self::EndorsementsItemsVersion { found } => (
                "oe_endorsements_items_version",
                "endorsements.items.version",
                "01000000".into(),
                hex::encode(found),
            ),
            Self::EndorsementsCreationTime { found } => (
                "oe_endorsements_creation_time",
                "endorsements.items.creation_datetime",
                "YYYY-MM-DDThh:mm:ssZ and a zero byte".into(),
                hex::encode(found),
            ),
            Self::EndorsementsTeeType { found } => (
                "oe_endorsements_tee_type",
                "endorsements.tee_type",
                "0x81 (TDX)".into(),
                format!("{found:#x}"),
            ),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::HeaderVersion { .. } => {
                "send what oe_get_report or oe_get_evidence returned; a raw quote is attested under its own type"
            }
            Self::ReportType { .. } | Self::FormatNotRemote { .. } => {
                "ask open enclave for remote evidence over ecdsa"
            }
            Self::CustomClaimsHash => {
                "send the custom claims that the enclave passed to oe_get_evidence, unchanged"
            }
            _ => "send the data exactly as open enclave returned it",
        }
    }
}

const REMOTE_FORMATS: &str = "sgx ecdsa, report, raw sgx quote or tdx quote";

#[cfg(test)]
mod tests;
