//! The body of an attest request, bound to one type whatever client sent it.
//!
//! Member names ignore case, because real clients differ (`inittimeData`, `Quote`); members that are not
//! known are ignored, `null` means absent, and no member may be given twice in any spelling.

use serde_json::{Map, Value};

use crate::{
    AttestationType,
    b64::{self, Base64Error},
    json::{self, JsonError},
};

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

    /// Reads the body of the 2018 preview, `{"Quote", "EnclaveHeldData"}`, the same for every kind that
    /// [`AttestRequest::from_json`] reads.
    pub fn from_json_2018(body: &[u8], kind: AttestationType) -> Result<Self, RequestError> {
        evidence_member(kind)?;
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
        AttestationType::OpenEnclave => Ok("report"),
        AttestationType::SevSnpVm | AttestationType::AzureGuest | AttestationType::Tpm => {
            Err(RequestError::Unsupported { kind })
        }
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
            Self::Unsupported { .. } => "unsupported_type",
        }
    }
}

/// The members of an object, looked up without regard to case.
struct Members {
    prefix: &'static str,
    members: Map<String, Value>,
}

impl Members {
    fn of_body(body: &[u8]) -> Result<Self, RequestError> {
        match json::parse_strict(body).map_err(RequestError::Json)? {
            Value::Object(members) => Self::new("", members),
            _ => Err(RequestError::NotAnObject),
        }
    }

    /// Folds member names to lower case; `null` members are dropped.
    fn new(prefix: &'static str, members: Map<String, Value>) -> Result<Self, RequestError> {
        let mut folded = Map::new();
        for (name, value) in members {
            if folded.insert(name.to_ascii_lowercase(), value).is_some() {
                return Err(RequestError::Duplicate {
                    member: dotted(prefix, &json::shown(&name)),
                });
            }
        }
        folded.retain(|_, value| !value.is_null());
        Ok(Self {
            prefix,
            members: folded,
        })
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(&name.to_ascii_lowercase())
    }

    fn wrong_type(&self, name: &str, expected: &'static str, found: &Value) -> RequestError {
        RequestError::Type {
            member: dotted(self.prefix, name),
            expected,
            found: kind_of(found),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&str>, RequestError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        value
            .as_str()
            .map(Some)
            .ok_or_else(|| self.wrong_type(name, "a string", value))
    }

    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, RequestError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        b64::decode_lenient(text)
            .map(Some)
            .map_err(|error| RequestError::Base64 {
                member: dotted(self.prefix, name),
                error,
            })
    }

    fn required_bytes(&self, name: &str) -> Result<Vec<u8>, RequestError> {
        self.bytes(name)?.ok_or_else(|| RequestError::Missing {
            member: dotted(self.prefix, name),
        })
    }

    /// The specification's nonce is a string; the confidential containers sidecar sends a number, 0 when
    /// it has none.
    fn nonce(&self) -> Result<Option<String>, RequestError> {
        match self.value("nonce") {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(None),
            Some(Value::Number(number)) if number.is_u64() || number.is_i64() => Ok(Some(number.to_string())),
            Some(other) => Err(self.wrong_type("nonce", "a string or an integer", other)),
        }
    }

    /// `{"data", "dataType"}`. Sidecars send both empty for "none".
    fn attested_data(&self, name: &'static str) -> Result<Option<AttestedData>, RequestError> {
        let inner = match self.value(name) {
            None => return Ok(None),
            Some(Value::Object(members)) => Self::new(name, members.clone())?,
            Some(other) => return Err(self.wrong_type(name, "an object", other)),
        };
        let data_type = inner.text("dataType")?.unwrap_or_default();
        let bytes = inner.bytes("data")?;
        if data_type.is_empty() && bytes.as_ref().is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        let bytes = bytes.ok_or_else(|| RequestError::Missing {
            member: dotted(name, "data"),
        })?;
        let content = match data_type.to_ascii_lowercase().as_str() {
            "" | "binary" => DataContent::Binary,
            "json" => DataContent::Json(json_object(&bytes, name)?),
            _ => {
                let member = dotted(name, "dataType");
                return Err(RequestError::DataType {
                    member,
                    found: json::shown(data_type),
                });
            }
        };
        Ok(Some(AttestedData { bytes, content }))
    }
}

fn json_object(bytes: &[u8], name: &str) -> Result<Map<String, Value>, RequestError> {
    let not_json = |reason| RequestError::NotJsonData {
        member: dotted(name, "data"),
        reason,
    };
    match json::parse_strict(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => Err(not_json(format!("it is {}", kind_of(&other)))),
        Err(error) => Err(not_json(error.to_string())),
    }
}

fn dotted(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
