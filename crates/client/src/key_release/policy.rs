//! A key release policy: which claims of which issuer release a key (Key Vault documentation, "Azure Key Vault secure key
//! release policy grammar"). It owns the form; [`super::evaluation`] knows what the conditions mean.

mod parse;

use std::fmt::{self, Display};

use attestry_api::b64::{self, Base64Error};
use attestry_api::json::JsonError;
use serde_json::{Number, Value, json};

/// Bytes of a policy. The longest published one, with an authority for each of MAA's regions, has 11 KiB.
pub(super) const MAX_POLICY_BYTES: usize = 128 * 1024;
/// Authorities in a policy. The published one has 26.
pub(super) const MAX_AUTHORITIES: usize = 256;
/// Conditions and lists of conditions in a policy. The published one has 104.
pub(super) const MAX_CONDITIONS: usize = 2_048;
/// Lists of conditions inside one another, the authority's own included. Published policies have two, the documentation
/// shows three.
pub(super) const MAX_NESTING: usize = 12;
/// Bytes of a claim's path. The longest of Azure's claims has some 80.
pub(super) const MAX_CLAIM_BYTES: usize = 512;

/// The media type of a policy in its wire form.
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// A policy that says which token releases a key.
///
/// ```
/// use attestry_client::key_release::ReleasePolicy;
///
/// let policy = ReleasePolicy::from_json(br#"{
///     "version": "1.0.0",
///     "anyOf": [{
///         "authority": "https://attest.example",
///         "allOf": [{"claim": "x-ms-isolation-tee.x-ms-compliance-status", "equals": "azure-compliant-cvm"}]
///     }]
/// }"#)?;
/// assert_eq!(policy.issuers().collect::<Vec<_>>(), ["https://attest.example"]);
/// # Ok::<(), attestry_client::key_release::ReleasePolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ReleasePolicy {
    text: Vec<u8>,
    immutable: bool,
    pub(super) authorities: Vec<Authority>,
}

/// Whose claims, and what they must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Authority {
    pub(super) place: String,
    pub(super) issuer: String,
    pub(super) conditions: Group,
}

/// Several conditions of which all or one must be met; never empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) kind: GroupKind,
    pub(super) members: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupKind {
    All,
    Any,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Group(Group),
    Claim(ClaimCondition),
}

/// What one claim must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClaimCondition {
    /// Where it stands in the policy, for example `anyOf[0].allOf[2]`.
    pub(super) place: String,
    /// Names of members with dots between them; none is empty.
    pub(super) claim: String,
    pub(super) test: Test,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// Whether there is such a claim.
    Exists(bool),
    /// How the claim's value relates to another value.
    Compare(Operator, Literal),
}

/// A value in a policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(Number),
    Boolean(bool),
}

/// What a condition asks of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The same value.
    Equals,
    /// Another value of the same type.
    NotEquals,
    /// A smaller number, or a text that comes before.
    Less,
    /// Not a larger number, nor a text that comes after.
    LessOrEquals,
    /// A larger number, or a text that comes after.
    Greater,
    /// Not a smaller number, nor a text that comes before.
    GreaterOrEquals,
    /// Present, or absent.
    Exists,
}

/// Why a policy is refused. Each place is a path in the policy, for example `anyOf[0].allOf[2]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleasePolicyError {
    /// More bytes than are read.
    #[error("the release policy has {found} bytes, {MAX_POLICY_BYTES} at most are read")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// Not JSON, or JSON that can be read in two ways.
    #[error("the release policy is not usable JSON: {0}")]
    Json(JsonError),
    /// The wire form names another content type.
    #[error("the release policy's content type is `{found}`, `{CONTENT_TYPE}` is expected")]
    ContentType {
        /// `contentType`.
        found: String,
    },
    /// `data` of the wire form is not base64url.
    #[error("the release policy's `data` is not unpadded base64url: {0}")]
    Encoding(Base64Error),
    /// A value is not of the type that its place needs.
    #[error("{place} is not {expected}")]
    Type {
        /// Where.
        place: String,
        /// What is needed there.
        expected: &'static str,
    },
    /// A member is absent.
    #[error("{place} has no `{member}`")]
    Missing {
        /// Where.
        place: String,
        /// Its name.
        member: &'static str,
    },
    /// A member that is not part of the grammar.
    #[error("{place} has the unknown member `{member}`; {expected}")]
    Unknown {
        /// Where.
        place: String,
        /// Its name.
        member: String,
        /// What is known there.
        expected: &'static str,
    },
    /// Another version of the grammar.
    #[error("the release policy's version is `{found}`, `1.0.0` or `0.2` is expected")]
    Version {
        /// `version`.
        found: String,
    },
    /// A list of nothing: all of it would always be met, and any of it never.
    #[error("{place} is empty, at least one element is needed")]
    Empty {
        /// Where.
        place: String,
    },
    /// Not exactly one of `allOf` and `anyOf`.
    #[error("{place} needs `allOf` or `anyOf`, and not both")]
    Choice {
        /// Where.
        place: String,
    },
    /// A condition on a claim without an operator, or with several.
    #[error("{place} has {found} operators, exactly one is needed")]
    Operators {
        /// Where.
        place: String,
        /// Operators found.
        found: usize,
    },
    /// A path to a claim that leads nowhere.
    #[error("the claim `{claim}` of {place} is no path: {reason}")]
    Path {
        /// Where.
        place: String,
        /// The path as it stands there.
        claim: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `exists` asks for something that is neither true nor false.
    #[error("`exists` of {place} is neither true nor false")]
    Exists {
        /// Where.
        place: String,
    },
    /// More of something than is read.
    #[error("there are more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
    /// Lists of conditions inside lists of conditions, too deep.
    #[error("{place} is more than {MAX_NESTING} lists of conditions deep")]
    TooDeep {
        /// Where.
        place: String,
    },
}

impl ReleasePolicy {
    /// Reads a policy, or its wire form `{contentType, data, immutable}`, as vaults take and give it.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ReleasePolicyError> {
        parse::policy(bytes)
    }

    /// The issuers that the policy names, as they stand there.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.authorities.iter().map(|authority| authority.issuer.as_str())
    }

    /// Whether the wire form says that the policy is never to change.
    pub fn is_immutable(&self) -> bool {
        self.immutable
    }

    /// The wire form: `contentType`, `data` with the very bytes that were read, and `immutable` when it is.
    pub fn to_wire(&self) -> Value {
        let mut wire = json!({"contentType": CONTENT_TYPE, "data": b64::encode_url(&self.text)});
        if let (true, Some(members)) = (self.immutable, wire.as_object_mut()) {
            members.insert("immutable".to_owned(), true.into());
        }
        wire
    }
}

impl Operator {
    const ALL: [Self; 7] = [
        Self::Equals,
        Self::NotEquals,
        Self::Less,
        Self::LessOrEquals,
        Self::Greater,
        Self::GreaterOrEquals,
        Self::Exists,
    ];

    /// Its name in a policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "notEquals",
            Self::Less => "less",
            Self::LessOrEquals => "lessOrEquals",
            Self::Greater => "greater",
            Self::GreaterOrEquals => "greaterOrEquals",
            Self::Exists => "exists",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str() == name)
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Test {
    pub(super) fn operator(&self) -> Operator {
        match self {
            Self::Exists(_) => Operator::Exists,
            Self::Compare(operator, _) => *operator,
        }
    }

    /// The value beside the operator.
    pub(super) fn expected(&self) -> Value {
        match self {
            Self::Exists(present) => (*present).into(),
            Self::Compare(_, Literal::Text(text)) => text.clone().into(),
            Self::Compare(_, Literal::Number(number)) => number.clone().into(),
            Self::Compare(_, Literal::Boolean(value)) => (*value).into(),
        }
    }
}

#[cfg(test)]
mod tests;
