//! What an endorsement says: the launch measurement of one build of a utility VM and its security version number.
//! Owns the two forms of the payload; who says it is decided elsewhere.

use serde_json::{Map, Value};

use super::UvmError;
use super::cose::{Content, Envelope};
use crate::hex;
use crate::json::{self, AmbiguityError, JsonLimits, abridged};

/// The statement of an endorsement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Statement {
    /// The SNP report's MEASUREMENT of the build.
    pub(super) measurement: [u8; 48],
    /// The build's security version number.
    pub(super) svn: u64,
    /// The version of MAA's API that the early form was written for.
    pub(super) maa_api_version: Option<String>,
}

impl Statement {
    /// Reads the payload of an envelope and the claims about it.
    pub(super) fn read(envelope: &Envelope<'_>) -> Result<Self, UvmError> {
        let claimed = envelope.headers.svn;
        match envelope.headers.content {
            Content::Json => Self::from_json(envelope.payload, claimed),
            Content::Measurement => Ok(Self {
                measurement: envelope
                    .payload
                    .try_into()
                    .map_err(|_| wrong("measurement", "48 bytes", &hex::encode(envelope.payload)))?,
                svn: claimed.ok_or_else(|| wrong("svn", "a number", "nothing"))?,
                maa_api_version: None,
            }),
        }
    }

    fn from_json(payload: &[u8], claimed: Option<u64>) -> Result<Self, UvmError> {
        let syntax = |reason| UvmError::PayloadSyntax { reason };
        json::check_unambiguous(payload, LIMITS).map_err(|error| match error {
            AmbiguityError::TooLarge { size, limit } => syntax(format!("{size} bytes, more than {limit}")),
            AmbiguityError::Syntax { reason } => syntax(reason),
        })?;
        let members: Map<String, Value> =
            serde_json::from_slice(payload).map_err(|error| syntax(error.to_string()))?;
        let value = members.get(MEASUREMENT);
        let measurement = value
            .and_then(Value::as_str)
            .and_then(hex::decode_array)
            .ok_or_else(|| unreadable(MEASUREMENT, "48 bytes in hexadecimal", value))?;
        Ok(Self {
            measurement,
            svn: svn(&members, claimed)?,
            maa_api_version: maa_api_version(&members)?,
        })
    }
}

/// The number stands in the payload as text, in later ones also as a number, and it may be a claim about the payload.
/// Where it stands more than once it has to be the same.
fn svn(members: &Map<String, Value>, claimed: Option<u64>) -> Result<u64, UvmError> {
    let mut found = claimed;
    for name in [SVN, SVN_NUMBER] {
        let Some(value) = members.get(name) else {
            continue;
        };
        let number = value
            .as_u64()
            .or_else(|| value.as_str().and_then(decimal))
            .ok_or_else(|| unreadable(name, "a number", Some(value)))?;
        if found.is_some_and(|known| known != number) {
            return Err(unreadable(name, "the number stated elsewhere", Some(value)));
        }
        found = Some(number);
    }
    found.ok_or_else(|| unreadable(SVN, "a number", None))
}

/// Digits only: no sign, no space.
fn decimal(text: &str) -> Option<u64> {
    text.bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn maa_api_version(members: &Map<String, Value>) -> Result<Option<String>, UvmError> {
    match members.get(API_VERSION) {
        None => Ok(None),
        Some(Value::String(version)) => Ok(Some(abridged(version))),
        other => Err(unreadable(API_VERSION, "a string", other)),
    }
}

fn unreadable(field: &'static str, expected: &'static str, found: Option<&Value>) -> UvmError {
    let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
    wrong(field, expected, &found)
}

fn wrong(field: &'static str, expected: &'static str, found: &str) -> UvmError {
    UvmError::Payload {
        field,
        expected,
        found: abridged(found),
    }
}

/// Genuine statements have about 200 bytes and are flat.
const LIMITS: JsonLimits = JsonLimits {
    bytes: 16 * 1024,
    depth: 4,
};
const MEASUREMENT: &str = "x-ms-sevsnpvm-launchmeasurement";
const SVN: &str = "x-ms-sevsnpvm-guestsvn";
const SVN_NUMBER: &str = "x-ms-sevsnpvm-guestsvn-int";
const API_VERSION: &str = "x-ms-maa-api-version";

#[cfg(test)]
mod tests;
