//! The body of a request to release a key (Key Vault REST interface, "Release", parameters `target`, `enc`, `nonce`).

use attestry_api::b64;
use attestry_api::json::{self, JsonError, shown};
use serde_json::{Map, Value, json};

use super::wrapping::{KeyEncryption, WrapError};

/// Bytes of a request. A token has some 5 KiB; event logs that a policy issues make it longer.
const MAX_REQUEST_BYTES: usize = 256 * 1024;
/// Bytes of a nonce. Nobody needs more than a hash.
const MAX_NONCE_BYTES: usize = 1_024;
/// Random bytes in a nonce of our own: too many to meet twice.
const NEW_NONCE_BYTES: usize = 16;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseRequestError {
    /// More bytes than are read.
    #[error("the request has {found} bytes, {MAX_REQUEST_BYTES} at most are read")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// Not JSON.
    #[error("the request is not usable JSON: {0}")]
    Json(JsonError),
    /// Something is not there, or not of its type.
    #[error("{what} is not {expected}")]
    Type {
        /// The request, or one of its members.
        what: &'static str,
        /// What is needed.
        expected: &'static str,
    },
    /// A member that is not part of a request.
    #[error("the request has the unknown member `{member}`; `target`, `enc` and `nonce` are known")]
    Unknown {
        /// Its name.
        member: String,
    },
    /// `enc` is no algorithm.
    #[error(transparent)]
    Algorithm(WrapError),
    /// The operating system gives no random bytes.
    #[error("there are no random bytes for the nonce")]
    Random,
    /// The nonce is too long.
    #[error("the nonce has {found} bytes, {MAX_NONCE_BYTES} at most are read")]
    Nonce {
        /// Its size.
        found: usize,
    },
}

/// What a workload asks a vault for, beside the key's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// The attestation token.
    pub target: String,
    /// How the key is to be wrapped.
    pub enc: KeyEncryption,
    /// A text that the answer must repeat.
    pub nonce: Option<String>,
}

impl ReleaseRequest {
    /// A request with a random nonce, so that no answer to an earlier one can stand in for its answer.
    pub fn new(target: impl Into<String>, enc: KeyEncryption) -> Result<Self, ReleaseRequestError> {
        let mut nonce = [0; NEW_NONCE_BYTES];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| ReleaseRequestError::Random)?;
        Ok(Self {
            target: target.into(),
            enc,
            nonce: Some(b64::encode_url(&nonce)),
        })
    }

    /// Reads a request's body.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReleaseRequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(ReleaseRequestError::TooLarge { found: bytes.len() });
        }
        let Value::Object(members) = json::parse_strict(bytes).map_err(ReleaseRequestError::Json)? else {
            return Err(ReleaseRequestError::Type {
                what: "the request",
                expected: "a JSON object",
            });
        };
        let unknown = members
            .keys()
            .find(|name| !["target", "enc", "nonce"].contains(&name.as_str()));
        if let Some(member) = unknown {
            return Err(ReleaseRequestError::Unknown {
                member: shown(member),
            });
        }
        let target = text(&members, "target", "`target`")?.ok_or(ReleaseRequestError::Type {
            what: "`target`",
            expected: "there, it must hold the attestation token",
        })?;
        let enc = text(&members, "enc", "`enc`")?;
        let nonce = text(&members, "nonce", "`nonce`")?;
        if let Some(nonce) = nonce.filter(|nonce| nonce.len() > MAX_NONCE_BYTES) {
            return Err(ReleaseRequestError::Nonce { found: nonce.len() });
        }
        Ok(Self {
            target: target.to_owned(),
            enc: enc.map_or(Ok(KeyEncryption::default()), |name| {
                name.parse().map_err(ReleaseRequestError::Algorithm)
            })?,
            nonce: nonce.map(str::to_owned),
        })
    }

    /// The body to send.
    pub fn to_json(&self) -> Value {
        let mut body = json!({"target": self.target, "enc": self.enc.as_str()});
        if let (Some(nonce), Some(members)) = (&self.nonce, body.as_object_mut()) {
            members.insert("nonce".to_owned(), nonce.clone().into());
        }
        body
    }
}

/// A member that may be left out or null.
fn text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    what: &'static str,
) -> Result<Option<&'a str>, ReleaseRequestError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ReleaseRequestError::Type {
            what,
            expected: "a string",
        }),
    }
}

#[cfg(test)]
mod tests;
