//! Reading JSON text. Owns the limits while reading; the syntax itself is `serde_json`'s.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Array, JSON_DEPTH, Json, JsonError, JsonLimits, Number, Object, text};

pub(super) fn parse(text: &str, limits: &JsonLimits) -> Result<Json, JsonError> {
    let found = text::length(text.len());
    if found > limits.bytes {
        return Err(JsonError::TooLong {
            found,
            limit: limits.bytes,
        });
    }
    let limit = limits.depth.min(JSON_DEPTH);
    let refused = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let levels = Levels {
        left: limit,
        limit,
        refused: &refused,
    };
    let json = levels.deserialize(&mut deserializer);
    json.and_then(|json| deserializer.end().map(|()| json))
        .map_err(|error| refused.take().unwrap_or_else(|| syntax(&error)))
}

fn syntax(error: &serde_json::Error) -> JsonError {
    let text = error.to_string();
    let problem = text.split(" at line ").next().unwrap_or_default();
    JsonError::Syntax {
        problem: problem.to_owned(),
        line: error.line(),
        column: error.column(),
    }
}

/// How many levels may still be opened, and where our own refusals are put: the reader's error type
/// holds only text.
#[derive(Clone, Copy)]
struct Levels<'r> {
    left: u32,
    limit: u32,
    refused: &'r Cell<Option<JsonError>>,
}

impl Levels<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(self.refuse(JsonError::TooDeep { limit: self.limit })),
        }
    }

    fn refuse<E: serde::de::Error>(&self, error: JsonError) -> E {
        let shown = E::custom(&error);
        self.refused.set(Some(error));
        shown
    }
}

impl<'de> DeserializeSeed<'de> for Levels<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Levels<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(Number::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(Number::from(value)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(Arc::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(inner)? {
            elements.push(element);
        }
        Array::new(elements)
            .map(Json::Array)
            .map_err(|error| self.refuse(error))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let inner = self.inner()?;
        let mut members = Vec::new();
        while let Some(name) = access.next_key::<Name>()? {
            members.push((name.0, access.next_value_seed(inner)?));
        }
        Object::new(members)
            .map(Json::Object)
            .map_err(|error| self.refuse(error))
    }
}

/// A member name, shared from the start.
struct Name(Arc<str>);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_str<E>(self, value: &str) -> Result<Name, E> {
                Ok(Name(Arc::from(value)))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}
