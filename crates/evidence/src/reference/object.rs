//! Objects of the file, read member by member with their path, so that every error can name what it is about. Owns
//! the strict reading of JSON: a member that is not asked for is an error.

use serde_json::{Map, Value};

use super::error::ReferenceError;
use crate::hex;
use crate::json::abridged;
use crate::snp::Product;
use crate::time::UnixTime;

/// An object and the path that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// The object at `path`, if it has no other members than the known ones.
    pub(super) fn new(path: String, value: &'a Value, known: &[&str]) -> Result<Self, ReferenceError> {
        let Value::Object(members) = value else {
            return Err(ReferenceError::Field {
                field: if path.is_empty() { "$".to_owned() } else { path },
                expected: "an object",
                found: abridged(&value.to_string()),
            });
        };
        let object = Self { path, members };
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(object),
            Some(name) => Err(ReferenceError::UnknownMember {
                field: abridged(&object.path_of(name)),
                known: known.join(", "),
            }),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The error that `name` is not what belongs there.
    pub(super) fn wrong(&self, name: &str, expected: &'static str) -> ReferenceError {
        wrong(self.path_of(name), expected, self.members.get(name))
    }

    /// The error that what `name` states is stated already.
    pub(super) fn duplicate(&self, name: &str, value: &str) -> ReferenceError {
        ReferenceError::Duplicate {
            field: self.path_of(name),
            value: abridged(value),
        }
    }

    pub(super) fn text(&self, name: &str, expected: &'static str) -> Result<&'a str, ReferenceError> {
        self.members
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| self.wrong(name, expected))
    }

    /// A text that may be absent, and is empty then.
    pub(super) fn text_or_empty(&self, name: &str) -> Result<&'a str, ReferenceError> {
        if self.has(name) {
            self.text(name, "a string")
        } else {
            Ok("")
        }
    }

    pub(super) fn date(&self, name: &str) -> Result<UnixTime, ReferenceError> {
        let expected = "a date in the form YYYY-MM-DDThh:mm:ssZ";
        UnixTime::parse_rfc3339_z(self.text(name, expected)?).ok_or_else(|| self.wrong(name, expected))
    }

    pub(super) fn number<T: TryFrom<u64>>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<T, ReferenceError> {
        self.members
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| self.wrong(name, expected))
    }

    /// A number that may be absent.
    pub(super) fn optional_number<T: TryFrom<u64>>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<T>, ReferenceError> {
        self.has(name).then(|| self.number(name, expected)).transpose()
    }

    /// A flag that may be absent, and is not set then.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ReferenceError> {
        match self.members.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// `N` bytes in hexadecimal that may be absent.
    pub(super) fn bytes<const N: usize>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<[u8; N]>, ReferenceError> {
        if !self.has(name) {
            return Ok(None);
        }
        let bytes = hex::decode_array(self.text(name, expected)?);
        bytes.map(Some).ok_or_else(|| self.wrong(name, expected))
    }

    /// As `bytes`, of what is zero where there is none: zero would match exactly those that have none.
    pub(super) fn identity<const N: usize>(
        &self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<[u8; N]>, ReferenceError> {
        match self.bytes::<N>(name, expected)? {
            Some(bytes) if bytes == [0; N] => Err(self.wrong(name, expected)),
            bytes => Ok(bytes),
        }
    }

    /// The objects of a list that may be absent.
    pub(super) fn objects(
        &self,
        name: &str,
        known: &[&str],
        limit: usize,
    ) -> Result<Vec<Object<'a>>, ReferenceError> {
        let path = self.path_of(name);
        self.elements(name, limit)?
            .iter()
            .enumerate()
            .map(|(index, value)| Object::new(format!("{path}[{index}]"), value, known))
            .collect()
    }

    /// The texts of a list that may be absent, each with its path.
    pub(super) fn texts(&self, name: &str, limit: usize) -> Result<Vec<(String, &'a str)>, ReferenceError> {
        let path = self.path_of(name);
        self.elements(name, limit)?
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let path = format!("{path}[{index}]");
                match value {
                    Value::String(text) => Ok((path, text.as_str())),
                    other => Err(wrong(path, "a string", Some(other))),
                }
            })
            .collect()
    }

    /// The object `name`; `None` when it is absent.
    pub(super) fn object(&self, name: &str, known: &[&str]) -> Result<Option<Object<'a>>, ReferenceError> {
        self.members
            .get(name)
            .map(|value| Object::new(self.path_of(name), value, known))
            .transpose()
    }

    /// The product lines of a list that may be absent; no line twice.
    pub(super) fn products(&self, name: &str) -> Result<Vec<Product>, ReferenceError> {
        let mut products = Vec::new();
        for (path, text) in self.texts(name, Product::ALL.len())? {
            let product = Product::ALL.into_iter().find(|product| product.name() == text);
            match product {
                None => return Err(wrong(path, PRODUCTS, Some(&Value::from(text)))),
                Some(product) if products.contains(&product) => {
                    return Err(ReferenceError::Duplicate {
                        field: path,
                        value: text.to_owned(),
                    });
                }
                Some(product) => products.push(product),
            }
        }
        Ok(products)
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn elements(&self, name: &str, limit: usize) -> Result<&'a [Value], ReferenceError> {
        match self.members.get(name) {
            None => Ok(&[]),
            Some(Value::Array(elements)) if elements.len() > limit => Err(ReferenceError::TooMany {
                field: self.path_of(name),
                found: elements.len(),
                limit,
            }),
            Some(Value::Array(elements)) => Ok(elements),
            Some(_) => Err(self.wrong(name, "a list")),
        }
    }
}

/// The error that something else than what is expected is at `field`.
pub(super) fn wrong(field: String, expected: &'static str, found: Option<&Value>) -> ReferenceError {
    let found = found.map_or_else(
        || "nothing".to_owned(),
        |value| match value {
            Value::String(text) => abridged(text),
            other => abridged(&other.to_string()),
        },
    );
    ReferenceError::Field {
        field,
        expected,
        found,
    }
}

const PRODUCTS: &str = "Milan, Genoa, Turin or Venice";
