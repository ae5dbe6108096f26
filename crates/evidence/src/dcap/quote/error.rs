//! Why bytes are not a quote.

use super::Tee;
use crate::hex;
use crate::rejection::{Explanation, Stage};

/// The bytes are not a quote this verifier accepts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuoteError {
    /// The input is larger than any quote.
    #[error("the quote has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size of the input in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The input, or a length inside it, ends too early.
    #[error("the quote's {part} needs {needed} bytes at offset {offset}, {left} are left")]
    Truncated {
        /// What was being read.
        part: &'static str,
        /// Where, in bytes from the start of the quote.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left in the quote or in the enclosing length.
        left: usize,
    },
    /// Neither 3, 4 nor 5.
    #[error("quote version {found} is not supported")]
    Version {
        /// The version in the header.
        found: u16,
    },
    /// Not ECDSA over P-256.
    #[error("attestation key type {found} is not supported")]
    AttestationKeyType {
        /// The key type in the header.
        found: u16,
    },
    /// Neither SGX nor TDX, or not SGX in version 3.
    #[error("tee type {found:#x} is not supported in a version {version} quote")]
    TeeType {
        /// The quote's version.
        version: u16,
        /// The TEE type in the header.
        found: u32,
    },
    /// The quoting enclave is not Intel's.
    #[error("the quoting enclave's vendor id `{}` is not Intel's", hex::encode(found))]
    QeVendorId {
        /// The vendor id in the header.
        found: [u8; 16],
    },
    /// The body type of a version 5 quote is unknown.
    #[error("quote body type {found} is not supported")]
    BodyType {
        /// The type in the body descriptor.
        found: u16,
    },
    /// The body size of a version 5 quote is not that of its type.
    #[error("a quote body of type {body_type} has {expected} bytes, the descriptor says {found}")]
    BodySize {
        /// The type in the body descriptor.
        body_type: u16,
        /// The size of that type in bytes.
        expected: usize,
        /// The size in the descriptor.
        found: usize,
    },
    /// The body type of a version 5 quote contradicts its header.
    #[error("a quote body of type {body_type} contradicts the header's tee type {}", tee.name())]
    BodyTee {
        /// The type in the body descriptor.
        body_type: u16,
        /// The TEE in the header.
        tee: Tee,
    },
    /// The attestation key is no point on P-256.
    #[error("the attestation key is not a point on P-256")]
    AttestationKeyNotOnCurve,
    /// Version 4 and 5: what follows the attestation key is not QE report certification data.
    #[error("the outer certification data has type {found}, not 6")]
    OuterCertificationType {
        /// The type found.
        found: u16,
    },
    /// The (inner) certification data identifies no PCK certificate.
    #[error("certification data of type {found} does not identify a PCK certificate")]
    CertificationType {
        /// The type found.
        found: u16,
    },
    /// Certification data of a fixed-size type has another size.
    #[error("certification data of type {kind} has {expected} bytes, found {found}")]
    CertificationSize {
        /// The certification data type.
        kind: u16,
        /// The size of that type in bytes.
        expected: usize,
        /// The size found.
        found: usize,
    },
    /// A length covers more than the structure in it.
    #[error("the quote's {part} has {size} unused bytes at offset {offset}")]
    Surplus {
        /// The structure whose length is too large.
        part: &'static str,
        /// Where the unused bytes begin.
        offset: usize,
        /// Their number.
        size: usize,
    },
    /// Something other than zero bytes follows the quote.
    #[error("the quote is followed by other data at offset {offset}")]
    TrailingData {
        /// The first byte that is not zero.
        offset: usize,
    },
    /// More zero bytes follow the quote than any device buffer leaves.
    #[error("the quote is followed by {size} zero bytes, more than the limit of {limit}")]
    TrailingPadding {
        /// The number of zero bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

impl QuoteError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = self.tell();
        Explanation {
            stage: Stage::Parse,
            code: told.code,
            field: told.field.into(),
            expected: told.expected,
            found: told.found,
            hint: told.hint.into(),
        }
    }

    fn tell(&self) -> Told {
        let told = |code, field, expected: String, found: String, hint| Told {
            code,
            field,
            expected,
            found,
            hint,
        };
        match self {
            Self::TooLarge { size, limit } => told(
                "quote_too_large",
                "quote",
                format!("at most {limit} bytes"),
                format!("{size} bytes"),
                HINT_WHOLE,
            ),
            Self::Truncated {
                part,
                offset,
                needed,
                left,
            } => told(
                "quote_truncated",
                "quote",
                format!("{needed} bytes of {part} at offset {offset}"),
                format!("{left} bytes"),
                HINT_WHOLE,
            ),
            Self::Version { found } => told(
                "quote_version",
                "quote.header.version",
                "3, 4 or 5".into(),
                found.to_string(),
                HINT_RAW,
            ),
            Self::AttestationKeyType { found } => told(
                "quote_attestation_key_type",
                "quote.header.attestation_key_type",
                "2 (ECDSA P-256)".into(),
                found.to_string(),
                "configure the platform's quote provider for ECDSA P-256 attestation keys",
            ),
            Self::TeeType { version, found } => told(
                "quote_tee_type",
                "quote.header.tee_type",
                if *version == 3 {
                    "0x0 (SGX)"
                } else {
                    "0x0 (SGX) or 0x81 (TDX)"
                }
                .into(),
                format!("{found:#x}"),
                HINT_RAW,
            ),
            Self::QeVendorId { found } => told(
                "quote_qe_vendor_id",
                "quote.header.qe_vendor_id",
                "939a7233f79c4ca9940a0db3957f0607 (Intel)".into(),
                hex::encode(found),
                "only Intel's quoting enclaves are certified by Intel's collateral",
            ),
            Self::BodyType { found } => told(
                "quote_body_type",
                "quote.body.type",
                "1, 2, 3 or 4".into(),
                found.to_string(),
                HINT_RAW,
            ),
            Self::BodySize {
                body_type,
                expected,
                found,
            } => told(
                "quote_body_size",
                "quote.body.size",
                format!("{expected} (type {body_type})"),
                found.to_string(),
                HINT_RAW,
            ),
            Self::BodyTee { body_type, tee } => told(
                "quote_body_tee",
                "quote.body.type",
                match tee {
                    Tee::Sgx => "1 (the header says SGX)",
                    Tee::Tdx => "2, 3 or 4 (the header says TDX)",
                }
                .into(),
                body_type.to_string(),
                HINT_RAW,
            ),
            Self::AttestationKeyNotOnCurve => told(
                "quote_attestation_key",
                "quote.attestation_key",
                "a point on P-256".into(),
                "another pair of numbers".into(),
                "the quote is damaged or was not made by a quoting enclave",
            ),
            Self::OuterCertificationType { found } => told(
                "quote_outer_certification_type",
                "quote.certification_data.type",
                "6 (QE report certification data)".into(),
                found.to_string(),
                HINT_RAW,
            ),
            Self::CertificationType { found } => told(
                "quote_certification_type",
                "quote.certification_data.type",
                "1 to 5".into(),
                found.to_string(),
                "configure the platform's quote provider to embed the PCK certificate chain (type 5)",
            ),
            Self::CertificationSize {
                kind,
                expected,
                found,
            } => told(
                "quote_certification_size",
                "quote.certification_data.size",
                format!("{expected} (type {kind})"),
                found.to_string(),
                HINT_RAW,
            ),
            Self::Surplus { part, offset, size } => told(
                "quote_surplus",
                "quote",
                format!("{part} that fills its length"),
                format!("{size} unused bytes at offset {offset}"),
                "the quote was altered after it was made",
            ),
            Self::TrailingData { offset } => told(
                "quote_trailing_data",
                "quote",
                "nothing but zero padding after the quote".into(),
                format!("other bytes at offset {offset}"),
                "send the quote alone; data beside it belongs into the runtime data",
            ),
            Self::TrailingPadding { size, limit } => told(
                "quote_trailing_padding",
                "quote",
                format!("at most {limit} zero bytes after the quote"),
                format!("{size} zero bytes"),
                "send the quote without its buffer",
            ),
        }
    }
}

struct Told {
    code: &'static str,
    field: &'static str,
    expected: String,
    found: String,
    hint: &'static str,
}

const HINT_WHOLE: &str = "send the quote exactly as the quote provider returned it";
const HINT_RAW: &str = "send a raw DCAP quote; an Open Enclave report is attested under its own type";

#[cfg(test)]
mod tests;
