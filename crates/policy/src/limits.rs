//! How much a policy may cost. Owns the numbers; the parser and the evaluator enforce them.

use std::fmt;

use crate::jmespath::QueryLimits;
use crate::json::{JSON_BYTES, JSON_DEPTH, JsonLimits};

/// Bytes of policy text. No limit is documented for MAA; its longest published policy has 15 KiB, and
/// a policy of this size still compiles in milliseconds.
pub const POLICY_BYTES: u32 = 256 * 1024;

/// Rules in one policy. The longest published policy has fewer than 150.
pub const RULES: u32 = 4096;

/// Conditions in one rule. Published policies use at most six.
pub const CONDITIONS: u32 = 64;

/// Depth of nested expressions. Published policies nest three calls.
pub const NESTING: u32 = 64;

/// Steps of one evaluation. The default SGX policy over its claims takes about two hundred, the
/// Windows health policy over a real log some tens of thousands; a million steps are some tens of
/// milliseconds at worst.
pub const STEPS: u64 = 1_000_000;

/// Claims in one set. Evidence gives some tens of claims, a long Windows log some hundreds.
pub const CLAIMS: u32 = 1024;

/// Bytes of the text of all claims that a policy makes in one evaluation.
pub const TEXT_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes of the claims of one token as JSON. The longest are event logs that a policy issues.
pub const ISSUED_BYTES: u64 = 1024 * 1024;

/// Bytes of the type of a claim that a policy makes. Published names have up to 40.
pub const CLAIM_TYPE_BYTES: u32 = 1024;

/// Bounds of compiling and evaluating a policy. The default has the constants of this module.
///
/// ```
/// use attestry_policy::{Limits, Policy};
///
/// let limits = Limits { policy_bytes: 10, ..Limits::default() };
/// let refused = Policy::compile_within("version=1.0; authorizationrules{=> permit();};", &limits).unwrap_err();
/// assert_eq!(refused[0].code, "policy-too-long");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of policy text.
    pub policy_bytes: u32,
    /// Rules in one policy.
    pub rules: u32,
    /// Conditions in one rule.
    pub conditions: u32,
    /// Depth of nested expressions, those of JMESPath queries included.
    pub nesting: u32,
    /// Steps of one evaluation: a claim compared with one property of a condition, or with a claim
    /// that is being added; a function called; a value visited by a query; four bytes of JSON or of a
    /// computed query read; sixteen bytes of text compared or written.
    pub steps: u64,
    /// Claims in the incoming set, those that the policy adds included.
    pub claims: u32,
    /// Bytes of one JSON document, and of any value that a query builds.
    pub json_bytes: u64,
    /// Bytes of the text of all claims that the policy makes.
    pub text_bytes: u64,
    /// Bytes of the claims that the policy issues, as JSON.
    pub issued_bytes: u64,
}

impl Limits {
    pub(crate) const fn json_limits(&self) -> JsonLimits {
        JsonLimits {
            bytes: self.json_bytes,
            depth: JSON_DEPTH,
        }
    }

    pub(crate) const fn query_limits(&self) -> QueryLimits {
        QueryLimits {
            bytes: self.policy_bytes,
            nesting: self.nesting,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            policy_bytes: POLICY_BYTES,
            rules: RULES,
            conditions: CONDITIONS,
            nesting: NESTING,
            steps: STEPS,
            claims: CLAIMS,
            json_bytes: JSON_BYTES,
            text_bytes: TEXT_BYTES,
            issued_bytes: ISSUED_BYTES,
        }
    }
}

/// Which limit an evaluation met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::steps`]
    Steps,
    /// [`Limits::claims`]
    Claims,
    /// [`Limits::json_bytes`]
    Json,
    /// [`Limits::text_bytes`]
    Text,
    /// [`Limits::issued_bytes`]
    Issued,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "evaluation steps",
            Self::Claims => "claims",
            Self::Json => "bytes of JSON",
            Self::Text => "bytes of text in claims",
            Self::Issued => "bytes of claims for the token",
        })
    }
}
