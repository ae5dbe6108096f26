//! What Azure's Trusted Hardware Identity Management answers about the chip that a guest runs on (Azure documentation,
//! "Trusted Hardware Identity Management", "AMD certificates"): the certificate of its key, those above, and for which
//! TCB version. Owns the form; certificates are texts here.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::json::{self, JsonError};

/// The answer. Nothing in it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThimCertificates {
    /// `vcekCert`: the certificate of the chip's key, PEM.
    pub vcek: String,
    /// `certificateChain`: the certificates above it, PEM.
    pub issuers: String,
    /// `tcbm`: the TCB version that the key belongs to, as a report's eight bytes are read, the first one lowest.
    pub tcb: u64,
    /// `cacheControl`: for how many seconds the answer may be kept; absent where a cache leaves it out.
    pub cache_seconds: Option<u64>,
}

/// Why a text is not such an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ThimError {
    /// It is longer than any answer.
    #[error("the THIM answer has {found} bytes, more than {MAX_THIM_BYTES}")]
    TooLarge {
        /// Bytes found.
        found: usize,
    },
    /// It is not JSON.
    #[error("the THIM answer is not JSON: {0}")]
    Json(JsonError),
    /// It is JSON of another kind.
    #[error("the THIM answer is not a JSON object")]
    NotAnObject,
    /// A member is not there.
    #[error("the THIM answer has no `{member}`")]
    Missing {
        /// The member.
        member: &'static str,
    },
    /// A member is not a text of its form.
    #[error("`{member}` of the THIM answer is not {expected}")]
    Member {
        /// The member.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// Largest answer: real ones have 7 KiB, of three certificates.
pub const MAX_THIM_BYTES: usize = 64 * 1024;

impl ThimCertificates {
    /// Whether a text must be such an answer if it is certificates at all: PEM and DER begin otherwise.
    pub fn is_likely(text: &[u8]) -> bool {
        text.trim_ascii_start().starts_with(b"{")
    }

    /// Reads the JSON text. Members beyond these four are left alone.
    pub fn from_json(text: &[u8]) -> Result<Self, ThimError> {
        if text.len() > MAX_THIM_BYTES {
            return Err(ThimError::TooLarge { found: text.len() });
        }
        let Value::Object(members) = json::parse_strict(text).map_err(ThimError::Json)? else {
            return Err(ThimError::NotAnObject);
        };
        let pem = |member| {
            let text = required(&members, member)?;
            if text.trim_start().starts_with(PEM_BEGIN) {
                return Ok(text.to_owned());
            }
            Err(ThimError::Member {
                member,
                expected: "a PEM certificate",
            })
        };
        Ok(Self {
            vcek: pem("vcekCert")?,
            issuers: pem("certificateChain")?,
            tcb: tcb(required(&members, "tcbm")?)?,
            cache_seconds: members.get("cacheControl").map(cache_seconds).transpose()?,
        })
    }

    /// All certificates as one PEM text, the chip's first.
    pub fn chain(&self) -> String {
        format!("{}\n{}", self.vcek.trim_end(), self.issuers)
    }
}

fn required<'m>(members: &'m Map<String, Value>, member: &'static str) -> Result<&'m str, ThimError> {
    match members.get(member) {
        None | Some(Value::Null) => Err(ThimError::Missing { member }),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ThimError::Member {
            member,
            expected: "a string",
        }),
    }
}

/// 16 hexadecimal digits of the number; leading zeros may be left out.
fn tcb(text: &str) -> Result<u64, ThimError> {
    let digits = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
    number.ok_or(ThimError::Member {
        member: "tcbm",
        expected: "a number of up to 16 hexadecimal digits",
    })
}

/// A number of seconds, as Azure writes it in a string.
fn cache_seconds(value: &Value) -> Result<u64, ThimError> {
    let seconds = match value {
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    };
    seconds.ok_or(ThimError::Member {
        member: "cacheControl",
        expected: "a number of seconds",
    })
}

const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";

#[cfg(test)]
mod tests;
