//! JSON documents as policies query them. Owns reading, writing, comparing and the bounds of size and
//! depth; must not know queries or claims.
//!
//! A [`Json`] is immutable and cheap to clone: strings, arrays and objects are shared. Arrays and
//! objects know the length of their text and their depth, so that whoever builds values out of shared
//! parts can tell what they would come to before writing them out.
//!
//! ```
//! use attestry_policy::json::{Json, JsonLimits};
//!
//! let document = Json::parse(r#"{"PCRs": [{"Index": 0}, {"Index": 7.0}]}"#, &JsonLimits::default()).unwrap();
//! assert_eq!(document.to_string(), r#"{"PCRs":[{"Index":0},{"Index":7}]}"#);
//! assert_eq!(document.text_length(), 34);
//! ```

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

pub use array::Array;
pub use number::Number;
pub use object::Object;

mod array;
pub(crate) mod index;
mod number;
mod object;
mod parse;
pub(crate) mod text;

#[cfg(test)]
mod tests;

/// Levels of arrays and objects in one value. The JSON of evidence nests less than ten; `serde_json`
/// itself refuses 128. Every recursion over a value is bounded by it.
pub const JSON_DEPTH: u32 = 120;

/// Bytes of one JSON text. The events of a Windows boot take some 100 KiB as JSON; a value in memory
/// takes up to some twenty times its text.
pub const JSON_BYTES: u64 = 4 * 1024 * 1024;

/// Any JSON value.
///
/// Equality is by value: objects whatever the order of their members, numbers exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string, without quotes and escapes.
    String(Arc<str>),
    /// An array.
    Array(Array),
    /// An object.
    Object(Object),
}

/// How much JSON is read at once. The default has the constants of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// Bytes of text.
    pub bytes: u64,
    /// Levels of arrays and objects; not more than [`JSON_DEPTH`] in any case.
    pub depth: u32,
}

/// Why there is no [`Json`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text does not follow RFC 8259, or something follows the value.
    #[error("not JSON: {problem} at line {line} column {column}")]
    Syntax {
        /// What is wrong, in the reader's words.
        problem: String,
        /// Line of the text, from 1.
        line: usize,
        /// Column in the line, from 1, in bytes.
        column: usize,
    },
    /// Two members of one object have one name; readers differ in which they take.
    #[error("the member `{name}` stands twice in one JSON object")]
    DuplicateMember {
        /// The name, shortened when it is long.
        name: String,
    },
    /// Longer than [`JsonLimits::bytes`].
    #[error("the JSON has {found} bytes, {limit} are allowed")]
    TooLong {
        /// Bytes of the text.
        found: u64,
        /// Bytes that are allowed.
        limit: u64,
    },
    /// More levels than [`JsonLimits::depth`].
    #[error("the JSON nests deeper than {limit} levels")]
    TooDeep {
        /// Levels that are allowed.
        limit: u32,
    },
    /// An object with more members than can be counted in 32 bits.
    #[error("the JSON object has too many members")]
    TooManyMembers,
}

/// The six types of JSON, by the names that JMESPath gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number, with or without fraction.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self {
            bytes: JSON_BYTES,
            depth: JSON_DEPTH,
        }
    }
}

impl Json {
    /// Reads the whole `text`. Member names that stand twice and anything after the value are refused.
    pub fn parse(text: &str, limits: &JsonLimits) -> Result<Self, JsonError> {
        parse::parse(text, limits)
    }

    /// The type of the value.
    pub fn json_type(&self) -> JsonType {
        match self {
            Self::Null => JsonType::Null,
            Self::Boolean(_) => JsonType::Boolean,
            Self::Number(_) => JsonType::Number,
            Self::String(_) => JsonType::String,
            Self::Array(_) => JsonType::Array,
            Self::Object(_) => JsonType::Object,
        }
    }

    /// Bytes of the compact text that [`fmt::Display`] writes. Arrays and objects know it; strings are
    /// looked through for what must be escaped.
    pub fn text_length(&self) -> u64 {
        match self {
            Self::Null => 4,
            Self::Boolean(value) => text::boolean_length(*value),
            Self::Number(number) => number.text_length(),
            Self::String(value) => text::string_length(value),
            Self::Array(array) => array.text_length(),
            Self::Object(object) => object.text_length(),
        }
    }

    /// Levels of arrays and objects: 0 for anything else, 1 for an array of such.
    pub fn depth(&self) -> u32 {
        match self {
            Self::Array(array) => array.depth(),
            Self::Object(object) => object.depth(),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::String(_) => 0,
        }
    }

    /// The same value, sharing nothing with this one. For values that many threads hold: a copy of
    /// one's own spares them the contention for its reference counts.
    #[must_use]
    pub fn unshared(&self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Boolean(value) => Self::Boolean(*value),
            Self::Number(number) => Self::Number(*number),
            Self::String(value) => Self::String(Arc::from(&**value)),
            Self::Array(array) => Self::Array(array.unshared()),
            Self::Object(object) => Self::Object(object.unshared()),
        }
    }
}

/// Compact text: no white space, members in their order, only `"`, `\` and control characters escaped.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(value) => text::write_string(f, value),
            Self::Array(array) => write!(f, "{array}"),
            Self::Object(object) => write!(f, "{object}"),
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        })
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(Number::from(value))
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::String(Arc::from(value))
    }
}
