//! Intel's signed JSON documents: the envelope, and fields read one by one with their path, so that every error can
//! name what it is about. Ambiguous texts (a member twice) are refused, unknown members are ignored. Owns JSON; what
//! the fields mean is decided where a document is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::hex;
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
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(JsonError::TooLarge {
            size: bytes.len(),
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    let syntax = |error: serde_json::Error| JsonError::Syntax {
        reason: error.to_string(),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Unambiguous {
        depth_left: MAX_DEPTH,
    }
    .deserialize(&mut deserializer)
    .map_err(syntax)?;
    deserializer.end().map_err(syntax)
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

/// At most so much of a value that is not what it should be as an error has room for, on one line.
pub(super) fn abridged(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown = String::new();
    for character in characters.by_ref().take(MAX_SHOWN_CHARACTERS) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Walks a JSON text without keeping it.
#[derive(Clone, Copy)]
struct Unambiguous {
    depth_left: u8,
}

impl Unambiguous {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.depth_left
            .checked_sub(1)
            .map(|depth_left| Self { depth_left })
            .ok_or_else(|| E::custom(format_args!("more than {MAX_DEPTH} levels deep")))
    }
}

impl<'de> DeserializeSeed<'de> for Unambiguous {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let below = self.deeper()?;
        while elements.next_element_seed(below)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let below = self.deeper()?;
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(below)?;
            if let Some(name) = seen.replace(name) {
                return Err(A::Error::custom(format_args!(
                    "member `{}` appears twice",
                    name.escape_debug()
                )));
            }
        }
        Ok(())
    }
}

/// The largest document read. Intel's longest TCB info takes about 20 KB; a service limit of one mebibyte leaves room
/// for documents to grow fifty-fold.
pub(super) const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;
/// Intel's documents nest seven levels deep (envelope, TCB info, levels, level, TCB, components, component).
const MAX_DEPTH: u8 = 16;
/// A PEM line's worth, enough to recognise a value.
const MAX_SHOWN_CHARACTERS: usize = 64;

#[cfg(test)]
mod tests;
