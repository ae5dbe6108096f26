//! JSON texts that have one meaning: a member named twice, surplus depth and surplus size are refused before anything
//! is read from a text. Owns that check and the shortening of values for errors; it must not know any document.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// What a kind of document may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonLimits {
    /// The largest text, in bytes.
    pub(crate) bytes: usize,
    /// The most arrays and objects inside one another.
    pub(crate) depth: u8,
}

/// A text has no meaning, or more than one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum AmbiguityError {
    /// More bytes than any genuine document takes.
    TooLarge { size: usize, limit: usize },
    /// Not JSON, or ambiguous.
    Syntax { reason: String },
}

/// Refuses what is too large, too deep, not JSON, or names a member of one object twice.
pub(crate) fn check_unambiguous(bytes: &[u8], limits: JsonLimits) -> Result<(), AmbiguityError> {
    if bytes.len() > limits.bytes {
        return Err(AmbiguityError::TooLarge {
            size: bytes.len(),
            limit: limits.bytes,
        });
    }
    let syntax = |error: serde_json::Error| AmbiguityError::Syntax {
        reason: error.to_string(),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Unambiguous {
        depth_left: limits.depth,
        limit: limits.depth,
    }
    .deserialize(&mut deserializer)
    .map_err(syntax)?;
    deserializer.end().map_err(syntax)
}

/// At most so much of a value that is not what it should be as an error has room for, on one line.
pub(crate) fn abridged(text: &str) -> String {
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
    limit: u8,
}

impl Unambiguous {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.depth_left
            .checked_sub(1)
            .map(|depth_left| Self { depth_left, ..self })
            .ok_or_else(|| E::custom(format_args!("more than {} levels deep", self.limit)))
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
            // The library reads an object with such a member as something else than its text says.
            if name.starts_with(LIBRARY_PREFIX) {
                return Err(A::Error::custom(format_args!("member `{name}` is not accepted")));
            }
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

/// How serde_json names the members by which its own types pass through its parser, raw values among them.
const LIBRARY_PREFIX: &str = "$serde_json::private::";
/// A PEM line's worth, enough to recognise a value.
const MAX_SHOWN_CHARACTERS: usize = 64;

#[cfg(test)]
mod tests;
