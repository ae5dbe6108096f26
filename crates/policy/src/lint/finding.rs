//! What the lints find: codes, words and advice.

use thiserror::Error;

use crate::catalog::Subject;
use crate::diagnostic::{Finding, Severity};
use crate::parser::did_you_mean;
use crate::program::Property;

/// The code of every lint. `docs/lints` has a page for each.
pub const CODES: [&str; 18] = [
    "always-true",
    "comment-hides-rule",
    "deprecated-claim",
    "duplicate-rule",
    "json-query",
    "needs-1.2",
    "never-fires",
    "permits-debug",
    "read-only-claim",
    "redundant-permit",
    "reserved-claim",
    "setting-of-another-type",
    "type-comparison",
    "unconditional-deny",
    "unknown-claim",
    "unreachable-deny",
    "unreachable-permit",
    "unused-identifier",
];

/// A policy that is accepted, and probably does something else than its author meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Lint {
    #[error("no evidence{} gives the claim `{name}`, and no earlier rule makes it", of_subject(*subject))]
    UnknownClaim {
        name: String,
        subject: Option<Subject>,
        help: Option<String>,
    },
    #[error("the condition never holds: {why}")]
    NeverFires { why: Never },
    #[error("the negated condition always holds: {why}")]
    AlwaysHolds { why: Never },
    #[error("the comparison is always true: `{claim}` is between 0 and {maximum}")]
    AlwaysTrue { claim: String, maximum: i64 },
    #[error(
        "`{claim}` has values of type {expected}, which are never in a relation with one of type {found}"
    )]
    TypeComparison {
        claim: String,
        expected: &'static str,
        found: &'static str,
    },
    #[error("policies see the claim `{name}` from version 1.2 on only")]
    NeedsVersion { name: &'static str },
    #[error("the claim `{name}` is deprecated")]
    Deprecated {
        name: &'static str,
        successor: &'static str,
    },
    #[error("an earlier rule denies whatever the evidence says, so this permits nothing")]
    UnreachablePermit,
    #[error("another rule denies whatever the evidence says, so this makes no difference")]
    UnreachableDeny,
    #[error("this denies whatever the evidence says, so the rules that permit are in vain")]
    UnconditionalDeny,
    #[error("another rule permits whatever the evidence says, so this makes no difference")]
    RedundantPermit,
    #[error("the comment holds {what}, which is not evaluated")]
    CommentHidesRule { what: Hidden },
    #[error(
        "the token's claim `{name}` is the service's own; what a policy issues under that name is left out"
    )]
    ReservedClaim { name: String },
    #[error("the {property} comes from the read-only claim `{name}`, which cannot be issued")]
    ReadOnlyClaim { property: Property, name: String },
    #[error("the {kind} `{name}` has no effect for type {subject}")]
    SettingOfAnotherType {
        kind: Setting,
        name: &'static str,
        subject: Subject,
        honoured_by: &'static [Subject],
    },
    #[error("{what} is permitted: no rule refuses the value {value} of `{claim}`")]
    PermitsDebug {
        what: &'static str,
        claim: &'static str,
        value: String,
    },
    #[error("the query {0}")]
    Query(Query),
    #[error("the claims that `{name}` names are not used")]
    UnusedIdentifier { name: String },
    #[error("the rule is the same as that in line {line}, and adds nothing to it")]
    DuplicateRule { line: u32 },
}

/// Why no claim can meet a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Never {
    #[error("no claim can meet this comparison and those before it")]
    Contradiction,
    #[error("no earlier rule makes the claim `{name}`")]
    NotMade { name: String, help: Option<String> },
    #[error("only a later rule makes the claim `{name}`")]
    MadeLater { name: String },
    #[error("configuration rules see no claims of evidence")]
    Configuration,
    #[error("requests for {subject} bring no claims of their own")]
    NoCustomClaims { subject: Subject },
    #[error("the claim `{name}` is made by a rule, not given by evidence")]
    NotGiven { name: String },
    #[error("the claim `{name}` has values of type {found}")]
    ValueType { name: String, found: &'static str },
    #[error("`{name}` is between 0 and {maximum}")]
    Range { name: String, maximum: i64 },
}

/// What `issueproperty` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Setting {
    /// In configuration rules.
    #[error("setting")]
    Verification,
    /// In issuance rules.
    #[error("token property")]
    Token,
}

/// What a comment hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Hidden {
    #[error("a rule")]
    Rule,
    #[error("a condition of the next rule")]
    Condition,
}

/// What is suspicious about a JMESPath query that is valid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Query {
    #[error("starts with `{found}`, and evidence has `{known}`: JMESPath heeds case")]
    LowerCase {
        found: &'static str,
        known: &'static str,
    },
    #[error("compares with the text `{found}`, which no number is equal to")]
    QuotedNumber { found: String },
    #[error("compares with a member named `{found}`, not with the value")]
    BareWord { found: &'static str },
}

impl Finding for Lint {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownClaim { .. } => "unknown-claim",
            Self::NeverFires { .. } => "never-fires",
            Self::AlwaysHolds { .. } | Self::AlwaysTrue { .. } => "always-true",
            Self::TypeComparison { .. } => "type-comparison",
            Self::NeedsVersion { .. } => "needs-1.2",
            Self::Deprecated { .. } => "deprecated-claim",
            Self::UnreachablePermit => "unreachable-permit",
            Self::UnreachableDeny => "unreachable-deny",
            Self::UnconditionalDeny => "unconditional-deny",
            Self::RedundantPermit => "redundant-permit",
            Self::CommentHidesRule { .. } => "comment-hides-rule",
            Self::ReservedClaim { .. } => "reserved-claim",
            Self::ReadOnlyClaim { .. } => "read-only-claim",
            Self::SettingOfAnotherType { .. } => "setting-of-another-type",
            Self::PermitsDebug { .. } => "permits-debug",
            Self::Query(_) => "json-query",
            Self::UnusedIdentifier { .. } => "unused-identifier",
            Self::DuplicateRule { .. } => "duplicate-rule",
        }
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::UnknownClaim { help, .. } => return help.clone(),
            Self::NeverFires { why } | Self::AlwaysHolds { why } => return why.help(),
            Self::AlwaysTrue { .. } => "leave it out, or ask for a value that not every claim has".to_owned(),
            Self::TypeComparison { expected, .. } => match *expected {
                "String" => "write the value in double quotes".to_owned(),
                "Integer" => "write the number without quotes".to_owned(),
                _ => "write `true` or `false` without quotes".to_owned(),
            },
            Self::NeedsVersion { .. } => "declare `version=1.2;`".to_owned(),
            Self::Deprecated { successor, .. } => format!("write `{successor}`"),
            Self::UnreachablePermit | Self::UnreachableDeny => {
                "a denial overrides every permission, wherever it stands".to_owned()
            }
            Self::UnconditionalDeny => {
                "evidence that no rule permits is refused without it; leave it out".to_owned()
            }
            Self::RedundantPermit => "leave out the rule that permits everything, or this one".to_owned(),
            Self::CommentHidesRule { .. } => {
                "start a new line before the rule; to switch it off, let the comment start with it".to_owned()
            }
            Self::ReservedClaim { .. } => "issue it under another name".to_owned(),
            Self::ReadOnlyClaim { .. } => {
                "issue whether it is what you expect, or a value of your own".to_owned()
            }
            Self::SettingOfAnotherType { honoured_by, .. } => {
                format!("leave it out; it is for {}", subject_names(honoured_by))
            }
            Self::PermitsDebug { claim, value, .. } => {
                format!("add `[type==\"{claim}\", value=={value}] => deny();`")
            }
            Self::Query(query) => query.help(),
            Self::UnusedIdentifier { name } => format!("leave out `{name}:`"),
            Self::DuplicateRule { .. } => "leave it out".to_owned(),
        })
    }
}

impl Never {
    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Contradiction => {
                "alternatives are rules of their own; claims of two types are two conditions joined with `&&`"
                    .to_owned()
            }
            Self::MadeLater { .. } => "move the rule that makes it up".to_owned(),
            Self::Configuration => {
                "they are evaluated before the evidence is verified; leave out the condition".to_owned()
            }
            Self::NotGiven { .. } => "ask for the issuer `AttestationPolicy`, or for none".to_owned(),
            Self::NotMade { help, .. } => return help.clone(),
            Self::NoCustomClaims { .. } | Self::ValueType { .. } | Self::Range { .. } => return None,
        })
    }
}

impl Query {
    fn help(&self) -> String {
        match self {
            Self::LowerCase { known, .. } => format!("write `{known}`"),
            Self::QuotedNumber { found } => {
                format!("in JMESPath the number is written `{found}`, backticks included")
            }
            Self::BareWord { found } => {
                format!("in JMESPath the value is written `{found}`, backticks included")
            }
        }
    }
}

/// The help of a name that is nearly another.
pub(super) fn nearest(suggestion: Option<&str>) -> Option<String> {
    did_you_mean(suggestion)
}

/// Attestation types as sentences have them.
pub(super) fn subject_names(subjects: &[Subject]) -> String {
    let names: Vec<&str> = subjects.iter().map(|subject| subject.name()).collect();
    names.join(", ")
}

fn of_subject(subject: Option<Subject>) -> String {
    subject.map_or_else(String::new, |subject| format!(" of type {subject}"))
}
