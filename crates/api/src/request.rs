//! The body of an attest request, bound to one type whatever client sent it.
//!
//! Member names ignore case, because real clients differ (`inittimeData`, `Quote`); members that are not
//! known are ignored, `null` means absent, and no member may be given twice in any spelling.

use serde_json::{Map, Value};

use self::members::Members;
use crate::{AttestationType, b64::Base64Error, json::JsonError};

pub(crate) mod members;

/// A parsed attest request. Nothing in it is trusted yet.
#[derive(Clone, Debug, PartialEq)]
pub struct AttestRequest {
    /// The quote, report or evidence, as bytes.
    pub evidence: Vec<u8>,
    /// Data whose hash the evidence carries as report data.
    pub runtime_data: Option<AttestedData>,
    /// Data whose hash was fixed when the environment was launched.
    pub init_time_data: Option<AttestedData>,
    /// Text of a policy to evaluate instead of the provider's; the token is then unsigned.
    pub draft_policy: Option<String>,
    /// Copied into the token's claim `nonce`.
    pub nonce: Option<String>,
}

/// `RuntimeData` and `InitTimeData` of the REST interface.
#[derive(Clone, Debug, PartialEq)]
pub struct AttestedData {
    /// The bytes that the evidence is bound to, exactly as the client encoded them.
    pub bytes: Vec<u8>,
    /// How the data enters the token.
    pub content: DataContent,
}

/// `DataType` of the REST interface.
#[derive(Clone, Debug, PartialEq)]
pub enum DataContent {
    /// `Binary`: the token carries base64url of the bytes.
    Binary,
    /// `JSON`: the token carries this object.
    Json(Map<String, Value>),
}

/// Why a request body is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The body is not JSON of the form we accept.
    #[error("the request body is not valid JSON: {0}")]
    Json(JsonError),
    /// The body is JSON, but not an object.
    #[error("the request body must be a JSON object")]
    NotAnObject,
    /// Two members whose names differ at most in case.
    #[error("the member `{member}` is given twice")]
    Duplicate {
        /// The second spelling.
        member: String,
    },
    /// A member that must be there is not.
    #[error("the member `{member}` is missing")]
    Missing {
        /// Its name.
        member: String,
    },
    /// A member has the wrong JSON type.
    #[error("the member `{member}` must be {expected}, not {found}")]
    Type {
        /// Its name, dotted when nested.
        member: String,
        /// The type it must have.
        expected: &'static str,
        /// The type it has.
        found: &'static str,
    },
    /// A byte field is not base64.
    #[error("the member `{member}` is not base64 or base64url: {error}")]
    Base64 {
        /// Its name, dotted when nested.
        member: String,
        /// What is wrong with it.
        error: Base64Error,
    },
    /// `dataType` is neither `Binary` nor `JSON`.
    #[error("the member `{member}` must be `Binary` or `JSON`, not `{found}`")]
    DataType {
        /// Its name, dotted.
        member: String,
        /// The value given.
        found: String,
    },
    /// The data is declared as JSON and is not a JSON object.
    #[error(
        "the member `{member}` is declared as JSON, but is not a JSON object that a token can carry: {reason}"
    )]
    NotJsonData {
        /// Its name, dotted.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More endorsements than any genuine request carries.
    #[error("the member `{member}` has {found} entries, more than {limit}")]
    TooMany {
        /// Its name, dotted.
        member: String,
        /// How many there are.
        found: usize,
        /// The largest number accepted.
        limit: usize,
    },
    /// No request body is defined for the type.
    #[error("attest requests for `{kind}` are not supported by this release")]
    Unsupported {
        /// The attestation type.
        kind: AttestationType,
    },
}

impl AttestRequest {
    /// Reads the body of `POST /attest/{kind}`.
    pub fn from_json(body: &[u8], kind: AttestationType) -> Result<Self, RequestError> {
        let evidence = evidence_member(kind)?;
        let members = Members::of_body(body)?;
        Ok(Self {
            evidence: members.required_bytes(evidence)?,
            runtime_data: members.attested_data("runtimeData")?,
            init_time_data: members.attested_data("initTimeData")?,
            draft_policy: members.text("draftPolicyForAttestation")?.map(str::to_owned),
            nonce: members.nonce()?,
        })
    }

    /// Reads the body of the 2018 preview, `{"Quote", "EnclaveHeldData"}`, the same for every kind whose evidence is a
    /// quote.
    pub fn from_json_2018(body: &[u8], kind: AttestationType) -> Result<Self, RequestError> {
        evidence_member(kind)?;
        if kind == AttestationType::SevSnpVm {
            return Err(RequestError::Unsupported { kind });
        }
        let members = Members::of_body(body)?;
        let held = members.bytes("enclaveHeldData")?;
        Ok(Self {
            evidence: members.required_bytes("quote")?,
            runtime_data: held.map(|bytes| AttestedData {
                bytes,
                content: DataContent::Binary,
            }),
            init_time_data: None,
            draft_policy: None,
            nonce: None,
        })
    }
}

/// Where the evidence stands in the body of a request for a type that this release attests.
fn evidence_member(kind: AttestationType) -> Result<&'static str, RequestError> {
    match kind {
        AttestationType::SgxEnclave | AttestationType::TdxVm => Ok("quote"),
        AttestationType::OpenEnclave | AttestationType::SevSnpVm => Ok("report"),
        AttestationType::AzureGuest | AttestationType::Tpm => Err(RequestError::Unsupported { kind }),
    }
}

impl RequestError {
    /// The member at fault, dotted when nested; empty for the body as a whole.
    pub fn member(&self) -> &str {
        match self {
            Self::Json(_) | Self::NotAnObject | Self::Unsupported { .. } => "",
            Self::Duplicate { member }
            | Self::Missing { member }
            | Self::Type { member, .. }
            | Self::Base64 { member, .. }
            | Self::DataType { member, .. }
            | Self::TooMany { member, .. }
            | Self::NotJsonData { member, .. } => member,
        }
    }

    /// A stable code in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "invalid_json",
            Self::NotAnObject => "not_an_object",
            Self::Duplicate { .. } => "duplicate_member",
            Self::Missing { .. } => "missing_member",
            Self::Type { .. } => "wrong_type",
            Self::Base64 { .. } => "invalid_base64",
            Self::DataType { .. } => "unknown_data_type",
            Self::NotJsonData { .. } => "invalid_json_data",
            Self::TooMany { .. } => "too_many_entries",
            Self::Unsupported { .. } => "unsupported_type",
        }
    }
}

#[cfg(test)]
mod tests;
