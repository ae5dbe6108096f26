//! What the checker finds.

use thiserror::Error;

use crate::claim::ValueType;
use crate::configuration::ConfigurationError;
use crate::diagnostic::{Finding, Severity};
use crate::functions::FunctionError;
use crate::parser::did_you_mean;
use crate::program::{Function, Property, Relation, SectionKind};

/// A policy that reads well and cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum CheckError {
    #[error("unknown policy version `{found}`")]
    UnknownVersion { found: String },
    #[error("{feature} needs policy version {needed}")]
    NeedsVersion {
        feature: &'static str,
        needed: &'static str,
    },
    #[error("`{name}` appears twice")]
    RepeatedSection { name: &'static str },
    #[error("`{name}` has to stand before `{before}`")]
    SectionOrder {
        name: &'static str,
        before: &'static str,
    },
    #[error("the policy has no `authorizationrules`")]
    MissingAuthorization,
    #[error("`authorizationrules` is empty, so nothing would be permitted")]
    EmptyAuthorization,
    #[error("`{action}` is not allowed in `{section}`")]
    MisplacedAction {
        action: &'static str,
        section: &'static str,
        allowed: &'static [SectionKind],
    },
    #[error("no earlier condition of the rule is named `{name}`")]
    UnknownIdentifier {
        name: String,
        suggestion: Option<String>,
    },
    #[error("two conditions of the rule are named `{name}`")]
    RepeatedName { name: String },
    #[error("`{name}` is a word of the language and cannot name a condition")]
    ReservedName { name: String },
    #[error("a negated condition matches no claims that `{name}` could name")]
    NegatedBinding { name: String },
    #[error("`{relation}` compares integers, found a value of type {found}")]
    OrderOfNonInteger { relation: Relation, found: ValueType },
    #[error("`{relation}` compares integers, and `{property}` is text")]
    OrderOfText { relation: Relation, property: Property },
    #[error("`{property}` is text, found a value of type {found}")]
    TextExpected { property: Property, found: ValueType },
    #[error("`{property}` is given twice")]
    RepeatedAssignment { property: Property },
    #[error("`{action}` needs both `type` and `value`")]
    IncompleteClaim { action: &'static str },
    #[error("the claim type is empty")]
    EmptyClaimType,
    #[error("the value has type {expected}, `valueType` says {found}")]
    ValueTypeMismatch { expected: ValueType, found: String },
    #[error("unknown function `{name}`")]
    UnknownFunction {
        name: String,
        suggestion: Option<&'static str>,
    },
    #[error("`{function}` takes {}, found {found}", counted(function.parameters().len(), "argument"))]
    ArgumentCount { function: Function, found: usize },
    #[error("{0}")]
    Call(FunctionError),
    #[error("the claim type has {found} bytes, at most {allowed} are allowed")]
    ClaimTypeTooLong { allowed: u32, found: usize },
}

impl Finding for CheckError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownVersion { .. } => "unknown-version",
            Self::NeedsVersion { .. } => "needs-version",
            Self::RepeatedSection { .. } => "repeated-section",
            Self::SectionOrder { .. } => "section-order",
            Self::MissingAuthorization => "missing-authorization",
            Self::EmptyAuthorization => "empty-authorization",
            Self::MisplacedAction { .. } => "misplaced-action",
            Self::UnknownIdentifier { .. } => "unknown-identifier",
            Self::RepeatedName { .. } => "repeated-identifier",
            Self::ReservedName { .. } => "reserved-identifier",
            Self::NegatedBinding { .. } => "negated-identifier",
            Self::OrderOfNonInteger { .. } | Self::OrderOfText { .. } => "order-of-non-integer",
            Self::TextExpected { .. } => "text-expected",
            Self::RepeatedAssignment { .. } => "repeated-assignment",
            Self::IncompleteClaim { .. } => "incomplete-claim",
            Self::EmptyClaimType => "empty-claim-type",
            Self::ValueTypeMismatch { .. } => "value-type-mismatch",
            Self::UnknownFunction { .. } => "unknown-function",
            Self::ArgumentCount { .. } => "argument-count",
            Self::Call(FunctionError::Query(_)) => "invalid-query",
            Self::Call(_) => "invalid-argument",
            Self::ClaimTypeTooLong { .. } => "claim-type-too-long",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownVersion { .. } => Some("the versions are 1.0, 1.1 and 1.2".to_owned()),
            Self::NeedsVersion { needed, .. } => Some(format!("declare `version={needed};`")),
            Self::MissingAuthorization | Self::EmptyAuthorization => {
                Some("`authorizationrules{ => permit(); };` accepts whatever has been verified".to_owned())
            }
            Self::MisplacedAction { allowed, .. } => {
                let names: Vec<String> = allowed.iter().map(|section| format!("`{section}`")).collect();
                Some(format!("it belongs in {}", names.join(" or ")))
            }
            Self::UnknownFunction { suggestion, .. } => {
                Some(did_you_mean(*suggestion).unwrap_or_else(|| {
                    let names = Function::ALL.map(|function| format!("`{function}`"));
                    format!("the functions are {}", names.join(", "))
                }))
            }
            Self::ArgumentCount { function, .. } => Some(format!(
                "write `{function}({})`",
                function.parameters().join(", ")
            )),
            Self::Call(error) => error.help(),
            Self::UnknownIdentifier { suggestion, .. } => Some(
                did_you_mean(suggestion.as_deref())
                    .unwrap_or_else(|| "name a condition by writing `c:` before its `[`".to_owned()),
            ),
            _ => None,
        }
    }
}

impl Finding for ConfigurationError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } => "unknown-configuration-key",
            Self::ValueType { .. } | Self::PcrMask { .. } => "configuration-value",
            Self::PropertyType { .. } | Self::ReportValidity { .. } => "token-property-value",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownKey { suggestion, .. } => did_you_mean(*suggestion),
            Self::ValueType { .. }
            | Self::PcrMask { .. }
            | Self::PropertyType { .. }
            | Self::ReportValidity { .. } => None,
        }
    }
}

/// A policy that works, though probably not as meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Lint {
    #[error("no rule of `authorizationrules` permits, so every evidence is refused")]
    NeverPermits,
    #[error("no claim has the {property} `{name}`")]
    UnknownName {
        property: Property,
        name: String,
        known: [&'static str; 3],
        suggestion: Option<&'static str>,
    },
    #[error("the issuer of a claim that a policy makes is `AttestationPolicy`; this one is ignored")]
    IssuerIgnored,
    #[error("`{name}` is not a property of tokens")]
    UnknownTokenProperty {
        name: String,
        suggestion: Option<&'static str>,
    },
}

impl Finding for Lint {
    fn code(&self) -> &'static str {
        match self {
            Self::NeverPermits => "never-permits",
            Self::UnknownName { .. } => "unknown-name",
            Self::IssuerIgnored => "issuer-ignored",
            Self::UnknownTokenProperty { .. } => "unknown-token-property",
        }
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownName {
                known, suggestion, ..
            } => Some(
                did_you_mean(*suggestion).unwrap_or_else(|| format!("it is one of `{}`", known.join("`, `"))),
            ),
            Self::UnknownTokenProperty { suggestion, .. } => did_you_mean(*suggestion),
            Self::NeverPermits | Self::IssuerIgnored => None,
        }
    }
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
