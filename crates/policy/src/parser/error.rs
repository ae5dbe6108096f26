//! What the parser finds: errors of the grammar, and forms outside it that are accepted.

use thiserror::Error;

use crate::diagnostic::{Finding, Severity};

/// Text that is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ParseError {
    #[error("the policy has {found} bytes, at most {allowed} are accepted")]
    PolicyTooLong { allowed: u32, found: u32 },
    #[error("the policy has more than {allowed} rules")]
    TooManyRules { allowed: u32 },
    #[error("the rule has more than {allowed} conditions")]
    TooManyConditions { allowed: u32 },
    #[error("the expression is nested more than {allowed} levels deep")]
    NestedTooDeeply { allowed: u32 },
    #[error("expected {}, found {}", expected_text(expected), found_text(found))]
    Unexpected {
        found: String,
        expected: Vec<&'static str>,
    },
    #[error("unknown section `{name}`")]
    UnknownSection {
        name: String,
        suggestion: Option<&'static str>,
    },
    #[error("unknown property `{name}`")]
    UnknownProperty {
        name: String,
        suggestion: Option<&'static str>,
    },
    #[error("unknown action `{name}`")]
    UnknownAction {
        name: String,
        suggestion: Option<&'static str>,
    },
}

impl Finding for ParseError {
    fn code(&self) -> &'static str {
        match self {
            Self::PolicyTooLong { .. } => "policy-too-long",
            Self::TooManyRules { .. } => "too-many-rules",
            Self::TooManyConditions { .. } => "too-many-conditions",
            Self::NestedTooDeeply { .. } => "nested-too-deeply",
            Self::Unexpected { .. } => "unexpected-symbol",
            Self::UnknownSection { .. } => "unknown-section",
            Self::UnknownProperty { .. } => "unknown-property",
            Self::UnknownAction { .. } => "unknown-action",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownSection { suggestion, .. } => Some(did_you_mean(*suggestion).unwrap_or_else(|| {
                "the sections are `configurationrules`, `authorizationrules` and `issuancerules`".to_owned()
            })),
            Self::UnknownProperty { suggestion, .. } => {
                Some(did_you_mean(*suggestion).unwrap_or_else(|| {
                    "the properties of a claim are `type`, `value`, `valueType` and `issuer`".to_owned()
                }))
            }
            Self::UnknownAction { suggestion, .. } => Some(did_you_mean(*suggestion).unwrap_or_else(|| {
                "the actions are `permit`, `deny`, `add`, `issue` and `issueproperty`".to_owned()
            })),
            _ => None,
        }
    }

    fn expected(&self) -> &[&'static str] {
        match self {
            Self::Unexpected { expected, .. } => expected,
            _ => &[],
        }
    }
}

/// Forms outside the grammar that occur in published policies and cannot be misread.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Leniency {
    #[error("a condition compares with `==`; the single `=` is read as one")]
    SingleEquals,
    #[error("the claim type of `{action}` is given without `type=`")]
    PositionalType { action: &'static str },
    #[error("`{usual}` is usually written in lower case")]
    UnusualCase { usual: &'static str },
}

impl Finding for Leniency {
    fn code(&self) -> &'static str {
        match self {
            Self::SingleEquals => "single-equals",
            Self::PositionalType { .. } => "positional-type",
            Self::UnusualCase { .. } => "unusual-case",
        }
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::SingleEquals => Some("write `==`".to_owned()),
            Self::PositionalType { .. } => Some("write `type=` before it".to_owned()),
            Self::UnusualCase { usual } => Some(format!("write `{usual}`")),
        }
    }
}

pub(crate) fn did_you_mean(suggestion: Option<&str>) -> Option<String> {
    suggestion.map(|name| format!("did you mean `{name}`?"))
}

fn expected_text(expected: &[&'static str]) -> String {
    let quoted: Vec<String> = expected
        .iter()
        .map(|symbol| match *symbol {
            "string" => "a string".to_owned(),
            "integer" => "an integer".to_owned(),
            "identifier" => "an identifier".to_owned(),
            "digits" => "digits".to_owned(),
            symbol => format!("`{symbol}`"),
        })
        .collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}

fn found_text(found: &str) -> String {
    if found == "<EOF>" {
        "the end of the policy".to_owned()
    } else {
        format!("`{found}`")
    }
}
