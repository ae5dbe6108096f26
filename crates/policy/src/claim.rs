//! Claims: what a policy reads and what it produces. Owns the value types and the ordered set without
//! duplicates; must not know where claims come from or how they end up in a token.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::fuel::{Exceeded, Fuel};
use crate::json::Json;
use crate::json::text::string_length;

pub use text::Text;

#[cfg(test)]
mod tests;
mod text;

/// One statement about the attested environment (MAA documentation, "claim sets").
///
/// ```
/// use attestry_policy::{Claim, Issuer, Value, ValueType};
///
/// let claim = Claim::from_service("x-ms-sgx-svn", 2);
/// assert_eq!(claim.value, Value::Integer(2));
/// assert_eq!(claim.value.value_type(), ValueType::Integer);
/// assert_eq!(claim.issuer, Issuer::AttestationService);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Claim {
    /// The claim's name; any text, compared byte for byte.
    pub claim_type: Arc<str>,
    /// The one value; a claim with several values is several claims of one type.
    pub value: Value,
    /// Who states it.
    pub issuer: Issuer,
    /// What a policy may look at, but not put into a token.
    read_only: ReadOnly,
}

/// Which parts of a claim come from what does not leave the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ReadOnly {
    pub(crate) claim_type: bool,
    pub(crate) value: bool,
}

impl ReadOnly {
    pub(crate) const fn any(self) -> bool {
        self.claim_type || self.value
    }
}

/// Claims of the service whose values do not leave it: PCR values (MAA documentation, "policy version
/// 1.2") and the keys that a TPM request attests, which tokens carry as claims of their own.
pub const READ_ONLY: [&str; 3] = ["pcrs", "x-ms-tpm-request-key", "x-ms-tpm-other-keys"];

/// Bytes of the longest integer as JSON.
const SCALAR_LENGTH: u64 = 20;

/// Bytes of a character of one byte that JSON escapes.
const ESCAPED_LENGTH: u64 = 6;

impl Claim {
    /// A claim of any issuer. Those of the service that are named in [`READ_ONLY`] are read-only.
    pub fn new(claim_type: impl Into<Arc<str>>, value: impl Into<Value>, issuer: Issuer) -> Self {
        let claim_type = claim_type.into();
        Self {
            read_only: ReadOnly {
                claim_type: false,
                value: issuer == Issuer::AttestationService && READ_ONLY.contains(&&*claim_type),
            },
            claim_type,
            value: value.into(),
            issuer,
        }
    }

    /// A claim that a policy makes.
    pub(crate) fn from_policy(claim_type: Arc<str>, value: Value, read_only: ReadOnly) -> Self {
        Self {
            claim_type,
            value,
            issuer: Issuer::AttestationPolicy,
            read_only,
        }
    }

    /// Whether a policy may look at the claim, but not issue it: it is one of [`READ_ONLY`], or a policy
    /// derived its value or its type from one.
    pub const fn is_read_only(&self) -> bool {
        self.read_only.any()
    }

    /// [`Claim::json_length`] if every character had to be escaped.
    pub(crate) fn json_length_at_most(&self) -> u64 {
        let name = u64::try_from(self.claim_type.len()).unwrap_or(u64::MAX);
        let text = name.saturating_add(self.value.text_length());
        text.saturating_mul(ESCAPED_LENGTH).saturating_add(SCALAR_LENGTH)
    }

    /// Bytes of the claim as a member of a JSON object.
    pub(crate) fn json_length(&self) -> u64 {
        let value = match &self.value {
            Value::String(text) => string_length(text),
            Value::Integer(_) | Value::Boolean(_) => SCALAR_LENGTH,
        };
        string_length(&self.claim_type).saturating_add(value)
    }

    pub(crate) const fn read_only(&self) -> ReadOnly {
        self.read_only
    }

    /// A claim that the service derived from evidence.
    pub fn from_service(claim_type: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        Self::new(claim_type, value, Issuer::AttestationService)
    }
}

/// The value of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A signed 64-bit integer.
    Integer(i64),
    /// Text, or a JSON document as text.
    String(Text),
}

impl Value {
    /// The type of this value, as the property `valueType` shows it.
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Boolean(_) => ValueType::Boolean,
            Self::Integer(_) => ValueType::Integer,
            Self::String(_) => ValueType::String,
        }
    }

    /// A copy that shares no reference count with the program, which every thread of a service uses.
    pub(crate) fn unshared(&self) -> Self {
        match self {
            Self::String(text) => Self::String(text.unshared()),
            Self::Boolean(_) | Self::Integer(_) => self.clone(),
        }
    }

    /// Bytes of text that the value holds.
    pub(crate) fn text_length(&self) -> u64 {
        match self {
            Self::String(text) => text.text_length(),
            Self::Boolean(_) | Self::Integer(_) => 0,
        }
    }
}

/// Written as the policy language writes it: text is quoted and escaped.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::String(value) => write_quoted(f, value),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<u16> for Value {
    fn from(value: u16) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::String(value.into())
    }
}

/// The document as text; queries over it do not read it again.
impl From<Json> for Value {
    fn from(document: Json) -> Self {
        Self::String(document.into())
    }
}

/// The type of a value, compared in policies as the property `valueType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// `"Boolean"`
    Boolean,
    /// `"Integer"`
    Integer,
    /// `"String"`
    String,
}

impl ValueType {
    /// Every value type.
    pub const ALL: [Self; 3] = [Self::Boolean, Self::Integer, Self::String];

    /// The name in policies and claims files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::String => "String",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who states a claim, compared in policies as the property `issuer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// The service, from evidence.
    AttestationService,
    /// The policy itself (`add`, `issue`, `issueproperty`).
    AttestationPolicy,
    /// The client, unverified.
    CustomClaim,
}

impl Issuer {
    /// Every issuer.
    pub const ALL: [Self; 3] = [
        Self::AttestationService,
        Self::AttestationPolicy,
        Self::CustomClaim,
    ];

    /// The name in policies and claims files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AttestationService => "AttestationService",
            Self::AttestationPolicy => "AttestationPolicy",
            Self::CustomClaim => "CustomClaim",
        }
    }

    /// The issuer of that name; names are case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|issuer| issuer.name() == name)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Claims in the order in which they came, none of them twice (same type, value and issuer).
///
/// A set is searched from front to back: sets are small (tens of claims), and evaluation charges its
/// step budget for every claim looked at. Whoever fills a set from outside bounds the number of claims.
///
/// ```
/// use attestry_policy::{Claim, ClaimSet};
///
/// let mut claims = ClaimSet::new();
/// assert!(claims.insert(Claim::from_service("x-ms-sgx-svn", 2)));
/// assert!(!claims.insert(Claim::from_service("x-ms-sgx-svn", 2)));
/// assert!(claims.insert(Claim::from_service("x-ms-sgx-svn", 3)));
/// assert_eq!(claims.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimSet(Vec<Claim>);

impl ClaimSet {
    /// An empty set.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends `claim` unless the set has it; says whether it did. A claim that came both read-only and
    /// not is not: its value is known without the secret.
    pub fn insert(&mut self, claim: Claim) -> bool {
        let same = |held: &&mut Claim| {
            held.claim_type == claim.claim_type && held.issuer == claim.issuer && held.value == claim.value
        };
        if let Some(held) = self.0.iter_mut().find(same) {
            held.read_only.claim_type &= claim.read_only.claim_type;
            held.read_only.value &= claim.read_only.value;
            return false;
        }
        self.0.push(claim);
        true
    }

    /// As [`ClaimSet::insert`], paying for text that is compared.
    pub(crate) fn insert_paying(&mut self, claim: Claim, fuel: &mut Fuel<'_>) -> Result<bool, Exceeded> {
        for held in &mut self.0 {
            if held.claim_type != claim.claim_type || held.issuer != claim.issuer {
                continue;
            }
            let length = claim.value.text_length();
            if held.value.text_length() != length {
                continue;
            }
            fuel.spend_reading(length)?;
            if held.value == claim.value {
                held.read_only.claim_type &= claim.read_only.claim_type;
                held.read_only.value &= claim.read_only.value;
                return Ok(false);
            }
        }
        self.0.push(claim);
        Ok(true)
    }

    pub(crate) fn reserve(&mut self, claims: usize) {
        self.0.reserve(claims);
    }

    /// Appends a claim that the set does not have.
    pub(crate) fn push(&mut self, claim: Claim) {
        self.0.push(claim);
    }

    /// The number of claims.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no claim.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claims in order.
    pub fn as_slice(&self) -> &[Claim] {
        &self.0
    }

    /// The claims in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Claim> {
        self.0.iter()
    }

    /// The claims in order, owned.
    pub fn into_vec(self) -> Vec<Claim> {
        self.0
    }

    /// Forgets every claim after the first `length`.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }
}

impl FromIterator<Claim> for ClaimSet {
    fn from_iter<I: IntoIterator<Item = Claim>>(claims: I) -> Self {
        let mut set = Self::new();
        set.extend(claims);
        set
    }
}

impl Extend<Claim> for ClaimSet {
    fn extend<I: IntoIterator<Item = Claim>>(&mut self, claims: I) {
        for claim in claims {
            self.insert(claim);
        }
    }
}

impl<'a> IntoIterator for &'a ClaimSet {
    type Item = &'a Claim;
    type IntoIter = std::slice::Iter<'a, Claim>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for ClaimSet {
    type Item = Claim;
    type IntoIter = std::vec::IntoIter<Claim>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The values of each claim type, types and values in order of first appearance: one value becomes a
/// scalar in a token, several become an array.
///
/// ```
/// use attestry_policy::{Claim, Value, values_by_type};
///
/// let claims = [Claim::from_service("a", 1), Claim::from_service("b", true), Claim::from_service("a", 2)];
/// assert_eq!(
///     values_by_type(&claims),
///     [("a", vec![&Value::Integer(1), &Value::Integer(2)]), ("b", vec![&Value::Boolean(true)])]
/// );
/// ```
pub fn values_by_type(claims: &[Claim]) -> Vec<(&str, Vec<&Value>)> {
    let mut groups: Vec<(&str, Vec<&Value>)> = Vec::new();
    let mut group_of: HashMap<&str, usize> = HashMap::new();
    for claim in claims {
        let group = *group_of.entry(&claim.claim_type).or_insert_with(|| {
            groups.push((&claim.claim_type, Vec::new()));
            groups.len().saturating_sub(1)
        });
        if let Some((_, values)) = groups.get_mut(group) {
            values.push(&claim.value);
        }
    }
    groups
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    use fmt::Write as _;
    f.write_char('"')?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    f.write_char('"')
}
