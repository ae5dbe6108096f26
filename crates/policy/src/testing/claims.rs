//! Claims as people write them: a list of claims with their properties, or a table from type to value. Owns both
//! forms and their limits; must not know what the claims are for.

use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::claim::{Claim, Issuer, Value, ValueType};
use crate::diagnostic::quotable;
use crate::limits;

/// Claims in one list: as many as an evaluation takes by default.
const LIST_CLAIMS: usize = 1024;
const _: () = assert!(limits::CLAIMS == 1024, "lists hold what an evaluation takes");

/// Readers of TOML hand over a date as a table with one member whose name starts so.
const DATE_MARK: &str = "$__toml_private_datetime";

/// Claims that cannot be used. Readers add where in the file it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClaimListError {
    /// More claims than an evaluation takes.
    #[error("a list has at most {allowed} claims")]
    TooMany {
        /// How many are allowed.
        allowed: usize,
    },
    /// A table has a type twice.
    #[error("claim `{claim_type}` stands there twice; write its values as a list")]
    Repeated {
        /// The type.
        claim_type: String,
    },
    /// A type is empty text.
    #[error("the type of a claim is empty")]
    EmptyType,
    /// Issuers have three names.
    #[error("unknown issuer `{found}`, expected `AttestationService`, `AttestationPolicy` or `CustomClaim`")]
    UnknownIssuer {
        /// The name in the file.
        found: String,
    },
    /// Value types have three names.
    #[error("unknown value type `{found}`, expected `Boolean`, `Integer` or `String`")]
    UnknownValueType {
        /// The name in the file.
        found: String,
    },
    /// The value type does not agree with the value.
    #[error("claim `{claim_type}` has a value of type {found}, its `valueType` says {expected}")]
    ValueTypeMismatch {
        /// The claim's type.
        claim_type: String,
        /// What `valueType` says.
        expected: ValueType,
        /// What the value is.
        found: ValueType,
    },
    /// Numbers are signed 64-bit integers.
    #[error("`{found}` is not a 64-bit integer")]
    NotAnInteger {
        /// The number in the file.
        found: String,
    },
    /// Dates are no values of the language.
    #[error("a date is no value of a claim; write it as text")]
    Date,
}

/// Claims to give to a policy, in the order of the file.
///
/// Either a list of `{"type", "value", "issuer"?, "valueType"?}`, where the issuer is `AttestationService` when
/// it is not given, or an object `{type: value | [values]}` of claims by that issuer. A value is a boolean, an
/// integer or text; an object stands for its JSON text. At most 1024 claims.
///
/// ```
/// use attestry_policy::testing::ClaimList;
/// use attestry_policy::{Claim, Issuer};
///
/// let list: ClaimList = serde_json::from_str(r#"{"svn": [1, 2]}"#).unwrap();
/// assert_eq!(list.as_slice(), [Claim::from_service("svn", 1), Claim::from_service("svn", 2)]);
///
/// let list: ClaimList = serde_json::from_str(r#"[{"type": "hello", "value": "world", "issuer": "CustomClaim"}]"#).unwrap();
/// assert_eq!(list.as_slice(), [Claim::new("hello", "world", Issuer::CustomClaim)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimList(Vec<Claim>);

impl ClaimList {
    /// The claims.
    pub fn as_slice(&self) -> &[Claim] {
        &self.0
    }

    /// The claims, owned.
    pub fn into_vec(self) -> Vec<Claim> {
        self.0
    }
}

impl<'de> Deserialize<'de> for ClaimList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = ClaimList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims as a table `{type: value}` or a list of `{type, value}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<ClaimList, A::Error> {
        let mut claims = Vec::new();
        while let Some(entry) = entries.next_element::<Entry>()? {
            let issuer = entry.issuer().map_err(A::Error::custom)?;
            let value_type = entry.value_type().map_err(A::Error::custom)?;
            let claim_type = named(&entry.claim_type).map_err(A::Error::custom)?;
            for value in entry.value.0 {
                let value = value.into_value();
                check_value_type(&claim_type, &value, value_type).map_err(A::Error::custom)?;
                push(&mut claims, Claim::new(Arc::clone(&claim_type), value, issuer))
                    .map_err(A::Error::custom)?;
            }
        }
        Ok(ClaimList(claims))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ClaimList, A::Error> {
        let mut claims: Vec<Claim> = Vec::new();
        let mut types: Vec<Arc<str>> = Vec::new();
        while let Some((name, values)) = members.next_entry::<String, WrittenValues>()? {
            let claim_type = named(&name).map_err(A::Error::custom)?;
            push(&mut types, Arc::clone(&claim_type)).map_err(A::Error::custom)?;
            for value in values.0 {
                let claim = Claim::from_service(Arc::clone(&claim_type), value.into_value());
                push(&mut claims, claim).map_err(A::Error::custom)?;
            }
        }
        refuse_repeated(&mut types).map_err(A::Error::custom)?;
        Ok(ClaimList(claims))
    }
}

/// The list form's element.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    claim_type: String,
    value: WrittenValues,
    issuer: Option<String>,
    #[serde(rename = "valueType")]
    value_type: Option<String>,
}

impl Entry {
    fn issuer(&self) -> Result<Issuer, ClaimListError> {
        let Some(name) = &self.issuer else {
            return Ok(Issuer::AttestationService);
        };
        Issuer::from_name(name).ok_or_else(|| ClaimListError::UnknownIssuer {
            found: quotable(name),
        })
    }

    fn value_type(&self) -> Result<Option<ValueType>, ClaimListError> {
        let Some(name) = &self.value_type else {
            return Ok(None);
        };
        let found = ValueType::ALL
            .into_iter()
            .find(|value_type| value_type.name() == name);
        let unknown = || ClaimListError::UnknownValueType {
            found: quotable(name),
        };
        found.map(Some).ok_or_else(unknown)
    }
}

fn check_value_type(
    claim_type: &str,
    value: &Value,
    expected: Option<ValueType>,
) -> Result<(), ClaimListError> {
    let found = value.value_type();
    match expected {
        Some(expected) if expected != found => Err(ClaimListError::ValueTypeMismatch {
            claim_type: quotable(claim_type),
            expected,
            found,
        }),
        _ => Ok(()),
    }
}

fn named(claim_type: &str) -> Result<Arc<str>, ClaimListError> {
    if claim_type.is_empty() {
        return Err(ClaimListError::EmptyType);
    }
    Ok(Arc::from(claim_type))
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), ClaimListError> {
    if list.len() >= LIST_CLAIMS {
        return Err(ClaimListError::TooMany { allowed: LIST_CLAIMS });
    }
    list.push(item);
    Ok(())
}

fn refuse_repeated(types: &mut [Arc<str>]) -> Result<(), ClaimListError> {
    types.sort_unstable();
    let repeated = types.array_windows().find(|[before, after]| before == after);
    repeated.map_or(Ok(()), |[claim_type, _]| {
        Err(ClaimListError::Repeated {
            claim_type: quotable(claim_type),
        })
    })
}

/// Values that a policy is expected to issue: `{type: value | [values]}`. At most 1024 types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedClaims(Vec<(Arc<str>, Vec<ExpectedValue>)>);

impl ExpectedClaims {
    /// The types and the values each must have, in the order of the file. The order of values does not matter.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[ExpectedValue])> {
        self.0.iter().map(|(name, values)| (&**name, values.as_slice()))
    }

    /// Whether `claim_type` is among the types.
    pub fn has(&self, claim_type: &str) -> bool {
        self.0.iter().any(|(name, _)| **name == *claim_type)
    }
}

impl<'de> Deserialize<'de> for ExpectedClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ExpectedVisitor)
    }
}

struct ExpectedVisitor;

impl<'de> Visitor<'de> for ExpectedVisitor {
    type Value = ExpectedClaims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected claims as a table `{type: value}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<ExpectedClaims, A::Error> {
        let mut claims = Vec::new();
        let mut types = Vec::new();
        while let Some((name, values)) = members.next_entry::<String, WrittenValues>()? {
            let claim_type = named(&name).map_err(A::Error::custom)?;
            push(&mut types, Arc::clone(&claim_type)).map_err(A::Error::custom)?;
            claims.push((claim_type, values.0));
        }
        refuse_repeated(&mut types).map_err(A::Error::custom)?;
        Ok(ExpectedClaims(claims))
    }
}

/// One value as it is written in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectedValue {
    /// A boolean, an integer or text.
    Exactly(Value),
    /// Text that is JSON of this meaning, whatever its white space and the order of its members.
    Json(serde_json::Value),
}

impl ExpectedValue {
    /// Whether a claim's value is the one meant.
    pub fn accepts(&self, found: &Value) -> bool {
        match (self, found) {
            (Self::Exactly(expected), found) => expected == found,
            (Self::Json(expected), Value::String(text)) => {
                serde_json::from_str::<serde_json::Value>(text).is_ok_and(|found| found == *expected)
            }
            (Self::Json(_), _) => false,
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Exactly(value) => value,
            Self::Json(json) => Value::from(json.to_string()),
        }
    }
}

impl fmt::Display for ExpectedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(value) => write!(f, "{value}"),
            Self::Json(json) => write!(f, "JSON {json}"),
        }
    }
}

impl Serialize for ExpectedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exactly(Value::Boolean(value)) => serializer.serialize_bool(*value),
            Self::Exactly(Value::Integer(value)) => serializer.serialize_i64(*value),
            Self::Exactly(Value::String(value)) => serializer.serialize_str(value),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

/// One value, or a list of them.
struct WrittenValues(Vec<ExpectedValue>);

impl<'de> Deserialize<'de> for WrittenValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = WrittenValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, an integer, text, an object or a list of these")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<WrittenValues, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element::<ExpectedValue>()? {
            push(&mut values, value).map_err(A::Error::custom)?;
        }
        Ok(WrittenValues(values))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<WrittenValues, E> {
        ValueVisitor.visit_bool(value).map(one)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<WrittenValues, E> {
        ValueVisitor.visit_i64(value).map(one)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<WrittenValues, E> {
        ValueVisitor.visit_u64(value).map(one)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<WrittenValues, E> {
        ValueVisitor.visit_f64(value).map(one)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<WrittenValues, E> {
        ValueVisitor.visit_str(value).map(one)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<WrittenValues, A::Error> {
        ValueVisitor.visit_map(members).map(one)
    }
}

fn one(value: ExpectedValue) -> WrittenValues {
    WrittenValues(vec![value])
}

impl<'de> Deserialize<'de> for ExpectedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = ExpectedValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, an integer, text or an object")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<ExpectedValue, E> {
        Ok(ExpectedValue::Exactly(value.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<ExpectedValue, E> {
        Ok(ExpectedValue::Exactly(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<ExpectedValue, E> {
        let fits = i64::try_from(value).map_err(|_| not_an_integer(value))?;
        self.visit_i64(fits)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<ExpectedValue, E> {
        Err(not_an_integer(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<ExpectedValue, E> {
        Ok(ExpectedValue::Exactly(value.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ExpectedValue, A::Error> {
        let json = serde_json::Value::deserialize(MapAccessDeserializer::new(members))?;
        if json.get(DATE_MARK).is_some() {
            return Err(A::Error::custom(ClaimListError::Date));
        }
        Ok(ExpectedValue::Json(json))
    }
}

fn not_an_integer<E: serde::de::Error>(found: impl fmt::Display) -> E {
    E::custom(ClaimListError::NotAnInteger {
        found: found.to_string(),
    })
}
