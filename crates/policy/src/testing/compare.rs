//! Expected against found.

use std::fmt;

use super::claims::{ExpectedClaims, ExpectedValue};
use super::suite::{Decided, Expect, ExpectedDenial, ExpectedPermit};
use crate::claim::{Claim, Value, values_by_type};
use crate::eval::EvaluationError;
use crate::outcome::{Decision, DenyReason, NearMiss, Outcome, RuleLocation};

/// One thing that is not as expected. `Display` is one line for people.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// The evidence gave no claims.
    Evidence {
        /// Why.
        message: String,
    },
    /// The evaluation ended otherwise.
    Decision {
        /// How it was to end.
        expected: Decided,
        /// How it ended.
        found: Decided,
        /// The reason for a denial, or the error.
        because: Option<String>,
    },
    /// A claim has other values.
    Values {
        /// Where the claim is.
        place: IssuedTo,
        /// Its type.
        claim_type: String,
        /// The values it was to have, in any order.
        expected: Vec<ExpectedValue>,
        /// The values it has; empty when there is no such claim.
        found: Vec<Value>,
    },
    /// A claim that was not to be there.
    Unexpected {
        /// Where the claim is.
        place: IssuedTo,
        /// Its type.
        claim_type: String,
        /// Its values.
        found: Vec<Value>,
    },
    /// The rule that denied, or came nearest to permitting, has another number.
    DenialRule {
        /// The number expected.
        expected: u32,
        /// The rule found; `None` when no rule came near.
        found: Option<RuleLocation>,
    },
    /// The rule that denied, or came nearest to permitting, is on another line.
    DenialLine {
        /// The line expected.
        expected: u32,
        /// The rule found; `None` when no rule came near.
        found: Option<RuleLocation>,
    },
    /// The reason reads otherwise.
    DenialReason {
        /// Text it was to have.
        expected: String,
        /// The reason.
        found: String,
    },
    /// The denial is not for want of the claim.
    DenialMissing {
        /// The claim type that was to be missing.
        expected: String,
        /// The reason.
        found: String,
    },
    /// The error reads otherwise.
    ErrorText {
        /// Text it was to have.
        expected: String,
        /// The error.
        found: String,
    },
}

/// What holds the claims that a policy issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuedTo {
    /// The token.
    Token,
    /// The token's properties.
    Properties,
    /// The settings of the verification.
    Configuration,
}

impl IssuedTo {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "issued claim",
            Self::Properties => "property",
            Self::Configuration => "setting",
        }
    }
}

impl Difference {
    /// A stable name of the kind of difference, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Evidence { .. } => "evidence",
            Self::Decision { .. } => "decision",
            Self::Values { .. } => "values",
            Self::Unexpected { .. } => "unexpected",
            Self::DenialRule { .. } => "denial-rule",
            Self::DenialLine { .. } => "denial-line",
            Self::DenialReason { .. } => "denial-reason",
            Self::DenialMissing { .. } => "denial-missing",
            Self::ErrorText { .. } => "error-text",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = |found: &Option<RuleLocation>| {
            found.map_or_else(|| "no rule".to_owned(), |found| found.to_string())
        };
        match self {
            Self::Evidence { message } => write!(f, "the evidence gives no claims: {message}"),
            Self::Decision {
                expected,
                found,
                because,
            } => {
                write!(f, "expected {expected}, found {found}")?;
                because
                    .as_ref()
                    .map_or(Ok(()), |because| write!(f, ": {because}"))
            }
            Self::Values {
                place,
                claim_type,
                expected,
                found,
            } => {
                write!(f, "{} `{claim_type}`: expected ", place.name())?;
                write_list(f, expected)?;
                f.write_str(", found ")?;
                write_list(f, found)
            }
            Self::Unexpected {
                place,
                claim_type,
                found,
            } => {
                write!(f, "{} `{claim_type}`: expected none, found ", place.name())?;
                write_list(f, found)
            }
            Self::DenialRule { expected, found } => {
                write!(f, "expected a denial by rule {expected}, found {}", rule(found))
            }
            Self::DenialLine { expected, found } => {
                write!(
                    f,
                    "expected a denial by the rule on line {expected}, found {}",
                    rule(found)
                )
            }
            Self::DenialReason { expected, found } => {
                write!(f, "expected a reason with `{expected}`, found: {found}")
            }
            Self::DenialMissing { expected, found } => {
                write!(
                    f,
                    "expected a denial for want of claim `{expected}`, found: {found}"
                )
            }
            Self::ErrorText { expected, found } => {
                write!(f, "expected an error with `{expected}`, found: {found}")
            }
        }
    }
}

fn write_list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, values: &[T]) -> fmt::Result {
    match values {
        [] => f.write_str("none"),
        [one] => write!(f, "{one}"),
        several => {
            f.write_str("[")?;
            for (index, value) in several.iter().enumerate() {
                let lead = if index == 0 { "" } else { ", " };
                write!(f, "{lead}{value}")?;
            }
            f.write_str("]")
        }
    }
}

/// Where an evaluation is not as expected.
pub(super) fn differences(expect: &Expect, outcome: &Result<Outcome, EvaluationError>) -> Vec<Difference> {
    match (expect, outcome) {
        (Expect::Error { contains }, Err(error)) => contains
            .iter()
            .filter_map(|expected| {
                let found = error.to_string();
                (!found.contains(expected)).then(|| Difference::ErrorText {
                    expected: expected.clone(),
                    found,
                })
            })
            .collect(),
        (Expect::Permit(expected), Ok(outcome)) if outcome.decision.is_permit() => {
            permit_differences(expected, outcome)
        }
        (Expect::Deny(expected), Ok(outcome)) => match &outcome.decision {
            Decision::Deny(reason) => denial_differences(expected, reason),
            Decision::Permit => vec![other_decision(Decided::Deny, Decided::Permit, None)],
        },
        (expect, Err(error)) => {
            vec![other_decision(
                expect.decided(),
                Decided::Error,
                Some(error.to_string()),
            )]
        }
        (expect, Ok(outcome)) => vec![match &outcome.decision {
            Decision::Permit => other_decision(expect.decided(), Decided::Permit, None),
            Decision::Deny(reason) => {
                other_decision(expect.decided(), Decided::Deny, Some(reason.to_string()))
            }
        }],
    }
}

/// Where the policy's settings are not as expected.
pub(super) fn configuration_differences(
    expected: Option<&ExpectedClaims>,
    settings: &Result<Vec<Claim>, EvaluationError>,
) -> Vec<Difference> {
    let Some(expected) = expected else {
        return Vec::new();
    };
    match settings {
        Ok(settings) => {
            let mut differences = claim_differences(IssuedTo::Configuration, expected, settings);
            differences.extend(unexpected(IssuedTo::Configuration, settings, |name| {
                !expected.has(name)
            }));
            differences
        }
        Err(error) => vec![other_decision(
            Decided::Permit,
            Decided::Error,
            Some(error.to_string()),
        )],
    }
}

fn other_decision(expected: Decided, found: Decided, because: Option<String>) -> Difference {
    Difference::Decision {
        expected,
        found,
        because,
    }
}

fn permit_differences(expected: &ExpectedPermit, outcome: &Outcome) -> Vec<Difference> {
    let mut differences = claim_differences(IssuedTo::Token, &expected.issued, &outcome.outgoing);
    differences.extend(unexpected(IssuedTo::Token, &outcome.outgoing, |name| {
        let forbidden = expected.not_issued.iter().any(|not_issued| not_issued == name);
        forbidden || (expected.nothing_else && !expected.issued.has(name))
    }));
    if let Some(properties) = &expected.properties {
        differences.extend(claim_differences(
            IssuedTo::Properties,
            properties,
            &outcome.properties,
        ));
        differences.extend(unexpected(IssuedTo::Properties, &outcome.properties, |name| {
            !properties.has(name)
        }));
    }
    differences
}

/// Types whose values are not exactly those expected, in any order.
fn claim_differences(place: IssuedTo, expected: &ExpectedClaims, issued: &[Claim]) -> Vec<Difference> {
    let issued = values_by_type(issued);
    let found_of = |name: &str| {
        let group = issued.iter().find(|(found, _)| *found == name);
        group.map(|(_, values)| values.as_slice()).unwrap_or_default()
    };
    expected
        .iter()
        .filter_map(|(name, values)| {
            let found = found_of(name);
            let same = values.len() == found.len()
                && values
                    .iter()
                    .all(|value| found.iter().any(|found| value.accepts(found)))
                && found
                    .iter()
                    .all(|found| values.iter().any(|value| value.accepts(found)));
            (!same).then(|| Difference::Values {
                place,
                claim_type: name.to_owned(),
                expected: values.to_vec(),
                found: found.iter().map(|value| (*value).clone()).collect(),
            })
        })
        .collect()
}

fn unexpected(place: IssuedTo, issued: &[Claim], is_unexpected: impl Fn(&str) -> bool) -> Vec<Difference> {
    values_by_type(issued)
        .into_iter()
        .filter(|(name, _)| is_unexpected(name))
        .map(|(name, values)| Difference::Unexpected {
            place,
            claim_type: name.to_owned(),
            found: values.into_iter().cloned().collect(),
        })
        .collect()
}

fn denial_differences(expected: &ExpectedDenial, reason: &DenyReason) -> Vec<Difference> {
    let (found, nearest) = match reason {
        DenyReason::DenyRule { rule, .. } => (Some(*rule), None),
        DenyReason::NoPermit { nearest } => (nearest.as_ref().map(|near| near.rule), nearest.as_ref()),
    };
    let mut differences = Vec::new();
    if let Some(expected) = expected
        .rule
        .filter(|number| found.is_none_or(|rule| rule.number != *number))
    {
        differences.push(Difference::DenialRule { expected, found });
    }
    let other_line = |line: &u32| found.is_none_or(|rule| rule.position.line != *line);
    if let Some(expected) = expected.line.filter(other_line) {
        differences.push(Difference::DenialLine { expected, found });
    }
    let text = reason.to_string();
    if let Some(wanted) = expected.reason.as_ref().filter(|wanted| !text.contains(*wanted)) {
        differences.push(Difference::DenialReason {
            expected: wanted.clone(),
            found: text.clone(),
        });
    }
    if let Some(claim_type) = expected
        .missing
        .as_ref()
        .filter(|name| !is_missing(nearest, name))
    {
        differences.push(Difference::DenialMissing {
            expected: claim_type.clone(),
            found: text,
        });
    }
    differences
}

fn is_missing(nearest: Option<&NearMiss>, claim_type: &str) -> bool {
    nearest.is_some_and(|near| {
        near.misses.iter().any(|miss| {
            let missing =
                !miss.negated && miss.found.is_empty() && miss.claim_type.as_deref() == Some(claim_type);
            // A claim that the policy makes may be missing for want of another.
            missing || is_missing(miss.because.as_deref(), claim_type)
        })
    })
}
