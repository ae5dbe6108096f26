//! The members of a JSON object that a client wrote, looked up without regard to case, each told by its name when it
//! is not what it should be. It must not know which members a request has.

use serde_json::{Map, Value};

use super::{AttestedData, DataContent, RequestError};
use crate::{b64, json};

/// The members of an object, looked up without regard to case.
pub(crate) struct Members {
    prefix: &'static str,
    members: Map<String, Value>,
}

impl Members {
    pub(crate) fn of_body(body: &[u8]) -> Result<Self, RequestError> {
        match json::parse_strict(body).map_err(RequestError::Json)? {
            Value::Object(members) => Self::new("", members),
            _ => Err(RequestError::NotAnObject),
        }
    }

    /// The members of the JSON text that the member `name` holds.
    pub(crate) fn nested(text: &[u8], name: &'static str) -> Result<Self, RequestError> {
        match json_object(text, name) {
            Ok(members) => Self::new(name, members),
            Err(RequestError::NotJsonData { reason, .. }) => Err(RequestError::NotJsonData {
                member: name.to_owned(),
                reason,
            }),
            Err(other) => Err(other),
        }
    }

    /// Folds member names to lower case; `null` members are dropped.
    pub(crate) fn new(prefix: &'static str, members: Map<String, Value>) -> Result<Self, RequestError> {
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

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(&name.to_ascii_lowercase())
    }

    pub(crate) fn wrong_type(&self, name: &str, expected: &'static str, found: &Value) -> RequestError {
        RequestError::Type {
            member: dotted(self.prefix, name),
            expected,
            found: kind_of(found),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, RequestError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        value
            .as_str()
            .map(Some)
            .ok_or_else(|| self.wrong_type(name, "a string", value))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, RequestError> {
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

    pub(crate) fn required_bytes(&self, name: &str) -> Result<Vec<u8>, RequestError> {
        self.bytes(name)?.ok_or_else(|| RequestError::Missing {
            member: dotted(self.prefix, name),
        })
    }

    /// The specification's nonce is a string; the confidential containers sidecar sends a number, 0 when
    /// it has none.
    pub(crate) fn nonce(&self) -> Result<Option<String>, RequestError> {
        match self.value("nonce") {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(None),
            Some(Value::Number(number)) if number.is_u64() || number.is_i64() => Ok(Some(number.to_string())),
            Some(other) => Err(self.wrong_type("nonce", "a string or an integer", other)),
        }
    }

    /// `{"data", "dataType"}`. Sidecars send both empty for "none".
    pub(crate) fn attested_data(&self, name: &'static str) -> Result<Option<AttestedData>, RequestError> {
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

pub(crate) fn dotted(prefix: &str, name: &str) -> String {
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
