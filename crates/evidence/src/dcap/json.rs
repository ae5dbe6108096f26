//! Intel's signed JSON documents: the envelope, and fields read one by one with their path, so that every error can
//! name what it is about. Ambiguous texts (a member twice) are refused, unknown members are ignored. Owns JSON; what
//! the fields mean is decided where a document is read.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::hex;
use crate::json::{AmbiguityError, JsonLimits, abridged};
use crate::time::UnixTime;

/// A document or one of its fields cannot be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum JsonError {
    /// More bytes than any genuine document takes.
    TooLarge { size: usize, limit: usize },
    /// Not JSON, or ambiguous.
    Syntax { reason: String },
    /// A field that is missing or not what belongs there.
    Field {
        field: String,
        expected: &'static str,
        found: String,
    },
}

/// An envelope `{"<member>":{...},"signature":"<128 hexadecimal digits>"}`.
pub(super) struct SignedDocument<'a> {
    /// The object that is signed, exactly as it stands in the envelope.
    pub(super) text: &'a str,
    /// ECDSA signature over the SHA-256 of `text`: r, then s, each 32 bytes big-endian.
    pub(super) signature: [u8; 64],
}

impl<'a> SignedDocument<'a> {
    /// Opens an envelope; NUL bytes after it, as C interfaces leave them, are ignored.
    pub(super) fn open(bytes: &'a [u8], member: &str) -> Result<Self, JsonError> {
        let bytes = without_trailing_nul(bytes);
        check_unambiguous(bytes)?;
        let syntax = |error: serde_json::Error| JsonError::Syntax {
            reason: error.to_string(),
        };
        let members: BTreeMap<String, &'a RawValue> = serde_json::from_slice(bytes).map_err(syntax)?;
        let raw = |name: &str| {
            members
                .get(name)
                .map(|value| value.get())
                .ok_or_else(|| JsonError::Field {
                    field: name.to_owned(),
                    expected: "a member of the envelope",
                    found: "nothing".to_owned(),
                })
        };
        let (text, signature) = (raw(member)?, raw("signature")?);
        let signature = serde_json::from_str::<String>(signature)
            .ok()
            .and_then(|digits| hex::decode_array(&digits))
            .ok_or_else(|| JsonError::Field {
                field: "signature".to_owned(),
                expected: "64 bytes in hexadecimal",
                found: abridged(signature),
            })?;
        Ok(Self { text, signature })
    }

    /// The signed object's members.
    pub(super) fn parse(&self) -> Result<Value, JsonError> {
        serde_json::from_str(self.text).map_err(|error| JsonError::Syntax {
            reason: error.to_string(),
        })
    }
}

pub(super) fn without_trailing_nul(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [before @ .., 0] = bytes {
        bytes = before;
    }
    bytes
}

/// Refuses what is too large, too deep, not JSON, or names a member of one object twice.
pub(super) fn check_unambiguous(bytes: &[u8]) -> Result<(), JsonError> {
    const LIMITS: JsonLimits = JsonLimits {
        bytes: MAX_DOCUMENT_BYTES,
        depth: MAX_DEPTH,
    };
    crate::json::check_unambiguous(bytes, LIMITS).map_err(|error| match error {
        AmbiguityError::TooLarge { size, limit } => JsonError::TooLarge { size, limit },
        AmbiguityError::Syntax { reason } => JsonError::Syntax { reason },
    })
}

/// An object of a document and the path that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    pub(super) fn new(path: &str, value: &'a Value) -> Result<Self, JsonError> {
        let path = path.to_owned();
        match value {
            Value::Object(members) => Ok(Self { path, members }),
            other => Err(JsonError::Field {
                field: path,
                expected: "an object",
                found: abridged(&other.to_string()),
            }),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The error that `name` is not what belongs there.
    pub(super) fn wrong(&self, name: &str, expected: &'static str) -> JsonError {
        let found = self
            .members
            .get(name)
            .map_or_else(|| "nothing".to_owned(), |value| abridged(&value.to_string()));
        JsonError::Field {
            field: self.path_of(name),
            expected,
            found,
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, JsonError> {
        self.members
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| self.wrong(name, "a string"))
    }

    /// `N` bytes in hexadecimal, upper or lower case: services differ.
    pub(super) fn bytes<const N: usize>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<[u8; N], JsonError> {
        hex::decode_array(self.text(name)?).ok_or_else(|| self.wrong(name, expected))
    }

    pub(super) fn date(&self, name: &str) -> Result<UnixTime, JsonError> {
        UnixTime::parse_rfc3339_z(self.text(name)?)
            .ok_or_else(|| self.wrong(name, "a date in the form YYYY-MM-DDThh:mm:ssZ"))
    }

    pub(super) fn number<T: TryFrom<u64>>(&self, name: &str, expected: &'static str) -> Result<T, JsonError> {
        self.members
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| self.wrong(name, expected))
    }

    pub(super) fn object(&self, name: &str) -> Result<Object<'a>, JsonError> {
        let value = self
            .members
            .get(name)
            .ok_or_else(|| self.wrong(name, "an object"))?;
        Object::new(&self.path_of(name), value)
    }

    /// The objects of an array.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Object<'a>>, JsonError> {
        let values = self
            .members
            .get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| self.wrong(name, "an array"))?;
        let path = self.path_of(name);
        values
            .iter()
            .enumerate()
            .map(|(index, value)| Object::new(&format!("{path}[{index}]"), value))
            .collect()
    }

    /// The strings of an array that may be absent.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, JsonError> {
        let wrong = || self.wrong(name, "an array of strings");
        let Some(value) = self.members.get(name) else {
            return Ok(Vec::new());
        };
        let values = value.as_array().ok_or_else(wrong)?;
        values
            .iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect()
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }
}

/// The largest document read. Intel's longest TCB info takes about 20 KB; a service limit of one mebibyte leaves room
/// for documents to grow fifty-fold.
pub(super) const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;
/// Intel's documents nest seven levels deep (envelope, TCB info, levels, level, TCB, components, component).
const MAX_DEPTH: u8 = 16;

#[cfg(test)]
mod tests;
