//! JSON at the edge: a strict reader for what clients send, a canonical writer for what tokens carry.
//!
//! The reader refuses duplicate members, deep nesting, too many values and numbers that it would change, so
//! that what a policy or a relying party sees is the only possible reading of the bytes, and takes little more
//! memory than they do.

mod numbers;

use std::{cell::Cell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub use numbers::compare as compare_numbers;

/// Levels of arrays and objects a client may nest. The deepest document known from real clients (the
/// runtime data of an Azure confidential VM) has four.
pub const MAX_DEPTH: u8 = 32;

/// Values a document may have, those inside others included. A value takes about 100 bytes once it is read, and
/// two in the text, so that without a limit a request of 1 MiB would take 50 MiB; with it, it takes 1.6 MiB.
/// The largest runtime data known from real clients have some dozens.
pub const MAX_VALUES: u32 = 16_384;

/// The text is not the JSON we accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line}, column {column}")]
pub struct JsonError {
    /// What is wrong, in lower case.
    pub reason: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1 (0 when the fault is the end of a line).
    pub column: usize,
}

/// Parses one JSON document, refusing duplicate members, more than [`MAX_DEPTH`] levels or [`MAX_VALUES`]
/// values, integers beyond 64 bits and other numbers that do not come out as they went in.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    let seen = Seen {
        values_left: Cell::new(MAX_VALUES),
        floats: Cell::new(false),
    };
    let strict = Strict {
        levels_left: MAX_DEPTH,
        seen: &seen,
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| describe(&error))?;
    // Integers beyond 64 bits are read as floats, too.
    if seen.floats.get()
        && let Some((offset, reason)) = numbers::first_changed(bytes)
    {
        return Err(at_offset(reason, bytes, offset));
    }
    Ok(value)
}

/// Compact JSON with the members of every object sorted by their UTF-8 bytes, whatever map type
/// `serde_json` was built with. Tokens are written in this form.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

/// Text of a client as messages show it: one line, and no longer than a name may reasonably be.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 64;
    shown_within(text, LONGEST)
}

/// Text of a client as messages show it: one line, cut after so many characters.
pub fn shown_within(text: &str, longest: usize) -> String {
    let mut shown: String = text.chars().take(longest).flat_map(char::escape_debug).collect();
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(name, out);
                out.push(':');
                write_canonical(member, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::String(text) => write_string(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn write_string(text: &str, out: &mut String) {
    // What JSON has to escape (RFC 8259, 7); names and claims hardly ever contain it.
    let escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    if text.bytes().any(escaped) {
        out.push_str(&Value::from(text).to_string());
    } else {
        out.extend(["\"", text, "\""]);
    }
}

/// Splits serde_json's message from the position it appends.
fn describe(error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let reason = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
    JsonError {
        reason,
        line: error.line(),
        column: error.column(),
    }
}

fn at_offset(reason: &str, bytes: &[u8], offset: usize) -> JsonError {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let lines = before.split(|byte| *byte == b'\n');
    let column = lines.clone().next_back().map_or(0, <[u8]>::len).saturating_add(1);
    JsonError {
        reason: reason.to_owned(),
        line: lines.count(),
        column,
    }
}

/// What is known about a document so far.
struct Seen {
    values_left: Cell<u32>,
    floats: Cell<bool>,
}

/// Builds a [`Value`], counting levels and values down and refusing duplicate members.
#[derive(Clone, Copy)]
struct Strict<'s> {
    levels_left: u8,
    seen: &'s Seen,
}

impl Strict<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        self.levels_left
            .checked_sub(1)
            .map(|levels_left| Self { levels_left, ..self })
            .ok_or_else(|| E::custom(format_args!("more than {MAX_DEPTH} nested levels")))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = &self.seen.values_left;
        let left = values.get().checked_sub(1);
        values.set(left.ok_or_else(|| de::Error::custom(format_args!("more than {MAX_VALUES} values")))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        self.seen.floats.set(true);
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let member = access.next_value_seed(inner)?;
            if members.contains_key(&name) {
                let name = shown(&name);
                return Err(de::Error::custom(format_args!(
                    "the member `{name}` occurs twice"
                )));
            }
            members.insert(name, member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests;
