//! Why bytes are not an HCL report.

use super::HardwareKind;
use crate::hex;
use crate::rejection::{Explanation, Stage};
use crate::x509::Told;

/// The bytes are not an HCL report that this verifier accepts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HclError {
    /// More bytes than any genuine report takes.
    #[error("the HCL report has {size} bytes, more than the limit of {limit}")]
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
        /// Bytes left.
        left: usize,
    },
    /// The report does not begin with `HCLA`.
    #[error("an HCL report begins with `HCLA`, found `{}`", hex::encode(found))]
    Signature {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// The header has an unknown version.
    #[error("HCL report version {found} is not supported")]
    HeaderVersion {
        /// The version found.
        found: u32,
    },
    /// The size of the whole does not agree with that of the runtime data.
    #[error("the HCL report states a size of {found} bytes around {data} bytes of runtime data")]
    ReportSize {
        /// The size stated in the header.
        found: u32,
        /// The size of the runtime data with its header.
        data: u32,
    },
    /// The report was made for an unknown request.
    #[error("HCL report request type {found} is not known")]
    RequestType {
        /// The type found.
        found: u32,
    },
    /// The paravisor reports a failure.
    #[error("the HCL report has status {found:#x}")]
    Status {
        /// The status found.
        found: u32,
    },
    /// Bytes are set that have no meaning.
    #[error("the {part} is set at offset {offset}")]
    NotZero {
        /// Which bytes.
        part: &'static str,
        /// Where the first set byte is, from the start of the report.
        offset: usize,
    },
    /// The runtime data have an unknown version.
    #[error("runtime data version {found} is not supported")]
    DataVersion {
        /// The version found.
        found: u32,
    },
    /// The hardware report is of no kind that can be attested remotely.
    #[error("HCL report type {found} is not supported")]
    ReportType {
        /// The type found.
        found: u32,
    },
    /// The hash is not one of the known ones.
    #[error("HCL report hash type {found} is not known")]
    HashType {
        /// The type found.
        found: u32,
    },
    /// The size of the runtime data does not agree with that of the claims.
    #[error("the runtime data state a size of {found} bytes around {claims} bytes of claims")]
    DataSize {
        /// The size stated.
        found: u32,
        /// The size of the claims in bytes.
        claims: u32,
    },
    /// The hardware report is not of the kind that the runtime data state.
    #[error("the HCL report states an {expected}, found {}", name(*found))]
    HardwareReport {
        /// The kind stated.
        expected: HardwareKind,
        /// The kind that the report's first bytes show, if any.
        found: Option<HardwareKind>,
    },
}

impl HclError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = Told::new("hcl_report").hint(self.hint());
        match self {
            Self::TooLarge { size, limit } => told
                .code("hcl_too_large")
                .member("size")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes")),
            Self::Truncated {
                part,
                offset,
                needed,
                left,
            } => told
                .code("hcl_truncated")
                .member("size")
                .expected(format!("{needed} bytes of {part} at offset {offset}"))
                .found(format!("{left} bytes")),
            Self::Signature { found } => told
                .code("hcl_signature")
                .member("header.signature")
                .expected("48434c41 (HCLA)")
                .found(hex::encode(found)),
            Self::HeaderVersion { found } => told
                .code("hcl_header_version")
                .member("header.version")
                .expected("1 or 2")
                .found(found),
            Self::ReportSize { found, data } => told
                .code("hcl_report_size")
                .member("header.report_size")
                .expected(format!("1216 more than the {data} bytes of runtime data"))
                .found(found),
            Self::RequestType { found } => told
                .code("hcl_request_type")
                .member("header.request_type")
                .expected("1 (key release), 2 (AK certificate) or 3 (wrapped key)")
                .found(found),
            Self::Status { found } => told
                .code("hcl_status")
                .member("header.status")
                .expected("0")
                .found(format!("{found:#x}")),
            Self::NotZero { part, offset } => told
                .code("hcl_not_zero")
                .member("padding")
                .expected(format!("zeros in the {part}"))
                .found(format!("another value at offset {offset}")),
            Self::DataVersion { found } => told
                .code("hcl_data_version")
                .member("runtime_data.version")
                .expected("1")
                .found(found),
            Self::ReportType { found } => told
                .code("hcl_report_type")
                .member("runtime_data.report_type")
                .expected("2 (SNP) or 4 (TDX)")
                .found(report_type(*found)),
            Self::HashType { found } => told
                .code("hcl_hash_type")
                .member("runtime_data.hash_type")
                .expected("1 (SHA-256), 2 (SHA-384) or 3 (SHA-512)")
                .found(found),
            Self::DataSize { found, claims } => told
                .code("hcl_data_size")
                .member("runtime_data.size")
                .expected(format!("20 more than the {claims} bytes of claims"))
                .found(found),
            Self::HardwareReport { expected, found } => told
                .code("hcl_hardware_report")
                .member("hardware_report")
                .expected(format!("{expected}, as the report type states"))
                .found(name(*found)),
        }
        .at(Stage::Parse)
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::ReportType { .. } => {
                "only VMs on AMD SEV-SNP or Intel TDX have a report that the hardware vouches for"
            }
            _ => "send the content of the virtual TPM's NV index 0x01400001, unchanged",
        }
    }
}

fn name(kind: Option<HardwareKind>) -> String {
    kind.map_or_else(
        || "neither an SNP report nor a TDREPORT".to_owned(),
        |kind| kind.to_string(),
    )
}

/// OpenHCL, `ReportType`.
fn report_type(number: u32) -> String {
    let name = match number {
        0 => "invalid",
        1 => "VBS",
        3 => "trusted launch",
        5 => "CCA",
        _ => return number.to_string(),
    };
    format!("{number} ({name})")
}
