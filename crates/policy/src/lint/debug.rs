//! The lint about policies that permit what can be debugged, whose memory is no secret.
//!
//! The authorization rules are run in thought over evidence of which only that is known. A rule may fire
//! for certain, possibly, or not at all; the policy is told of when a permission may come and no denial
//! comes for certain.

use std::collections::HashSet;

use super::Linter;
use super::constraint::Constraint;
use super::finding::Lint;
use super::knowledge::{MadeType, assigned, bound, made_type};
use crate::ast::{ActionBody, ClaimArgument, Condition, Expression, ExpressionKind, Policy, Rule};
use crate::catalog::{self, ClaimEntry, Subject};
use crate::claim::{Issuer, Value};
use crate::program::{Function, Property, SectionKind};
use crate::source::Span;

/// How many claims of the policy's own are known with their values; of further ones only the types are. An
/// author makes a few before deciding, and a hostile text must not have each condition compared with
/// thousands.
const MADE_CLAIMS: usize = 256;

/// The claim of Azure guests that says whether all three kinds of debugging are off, each of which has a
/// claim of its own (MAA documentation, "claim sets", Azure guests).
const DEBUGGERS_DISABLED: &str = "x-ms-azurevm-debuggersdisabled";

pub(super) fn lint(linter: &mut Linter<'_, '_>, policy: &Policy<'_>, subject: Subject) {
    let what = match subject {
        Subject::SgxEnclave | Subject::OpenEnclave => "a debuggable enclave",
        Subject::TdxVm | Subject::SevSnpVm => "a debuggable virtual machine",
        Subject::AzureGuest => "a debuggable operating system",
        // Claims of TPM evidence tell of boot debugging only, and not every platform has them.
        Subject::Tpm => return,
    };
    let Some((entry, value)) = debug_claims(subject).next() else {
        return;
    };
    let permission = debuggable_states(subject)
        .into_iter()
        .find_map(|state| permission(policy, Claims::new(subject, state)));
    if let Some(span) = permission {
        let lint = Lint::PermitsDebug {
            what,
            claim: entry.name,
            value: value.to_string(),
        };
        linter.report(&lint, span, "authRules");
    }
}

fn debug_claims(subject: Subject) -> impl Iterator<Item = (&'static ClaimEntry, Value)> {
    catalog::claims(subject).filter_map(|entry| Some((entry, entry.debuggable_when?.into())))
}

/// The debug claims of evidence that can be debugged. An Azure guest can be in three ways, and a policy has
/// to refuse each; elsewhere all claims say the same.
fn debuggable_states(subject: Subject) -> Vec<Vec<(&'static str, Value)>> {
    let all: Vec<(&str, Value)> = debug_claims(subject)
        .map(|(entry, value)| (entry.name, value))
        .collect();
    if subject != Subject::AzureGuest {
        return vec![all];
    }
    all.iter()
        .filter(|(name, _)| *name != DEBUGGERS_DISABLED)
        .map(|(enabled, _)| {
            all.iter()
                .map(|(name, _)| (*name, Value::from(name == enabled)))
                .collect()
        })
        .collect()
}

/// Where the policy permits evidence with these claims, if it may.
fn permission<'a>(policy: &'a Policy<'a>, mut claims: Claims<'a>) -> Option<Span> {
    let mut permission = None;
    let rules = policy
        .sections
        .iter()
        .filter(|section| section.kind == SectionKind::Authorization)
        .flat_map(|section| &section.rules);
    for rule in rules {
        let fires = rule
            .conditions
            .iter()
            .map(|condition| claims.holds(condition))
            .min()
            .unwrap_or(Truth::Yes);
        match rule.action.kind {
            ActionBody::Deny if fires == Truth::Yes => return None,
            ActionBody::Permit if fires != Truth::No => {
                permission = permission.or(Some(rule.action.span));
            }
            _ => claims.learn(rule, fires),
        }
    }
    permission
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    No,
    Perhaps,
    Yes,
}

/// What is known of the incoming claims.
struct Claims<'a> {
    subject: Subject,
    /// Claims that are there.
    certain: Vec<(&'a str, Value, Issuer)>,
    /// Types of claims that may be there, beyond the catalog's.
    possible: HashSet<&'a str>,
    /// Whether claims of any type may be there.
    is_anything_possible: bool,
}

impl<'a> Claims<'a> {
    /// Evidence whose debug claims are these.
    fn new(subject: Subject, debug_claims: Vec<(&'static str, Value)>) -> Self {
        Self {
            subject,
            certain: debug_claims
                .into_iter()
                .map(|(name, value)| (name, value, Issuer::AttestationService))
                .collect(),
            possible: HashSet::new(),
            is_anything_possible: false,
        }
    }

    fn holds(&self, condition: &Condition<'_>) -> Truth {
        let found = self.finds(condition);
        match (condition.negated.is_some(), found) {
            (true, Truth::No) => Truth::Yes,
            (true, Truth::Yes) => Truth::No,
            (_, found) => found,
        }
    }

    /// Whether a claim meets the comparisons. Those with other claims and with results of functions may
    /// fail, so that they make nothing certain.
    fn finds(&self, condition: &Condition<'_>) -> Truth {
        let Ok(constraint) = Constraint::of(condition) else {
            return Truth::No;
        };
        if self.certain_values(&constraint).next().is_some() {
            return if constraint.is_incomplete {
                Truth::Perhaps
            } else {
                Truth::Yes
            };
        }
        if self.may_have(&constraint) {
            Truth::Perhaps
        } else {
            Truth::No
        }
    }

    /// The values of the claims that are there for certain and meet the literal comparisons.
    fn certain_values(&self, constraint: &Constraint<'_>) -> impl Iterator<Item = &Value> {
        self.certain
            .iter()
            .filter(|(name, value, issuer)| constraint.admits(name, value, *issuer))
            .map(|(_, value, _)| value)
    }

    /// Whether there may be claims of the type that is asked for, beyond those that are there for certain.
    fn may_have(&self, constraint: &Constraint<'_>) -> bool {
        let Some((name, _)) = constraint.claim_type else {
            return true;
        };
        let is_given = || {
            catalog::claim(name).is_some_and(|entry| {
                entry.is_given_by(self.subject)
                    && entry.debuggable_when.is_none()
                    && constraint.allows_issuer(Issuer::AttestationService)
            })
        };
        self.is_anything_possible || self.possible.contains(name) || is_given()
    }

    fn learn(&mut self, rule: &'a Rule<'_>, fires: Truth) {
        if fires == Truth::No {
            return;
        }
        let name = match made_type(rule) {
            None => return,
            Some(MadeType::Depends) => {
                self.is_anything_possible = true;
                return;
            }
            Some(MadeType::Named(name)) => name,
        };
        let value = self
            .made_value(rule)
            .filter(|_| fires == Truth::Yes && self.certain.len() < MADE_CLAIMS);
        match value {
            Some(value) => self.certain.push((name, value, Issuer::AttestationPolicy)),
            None => {
                self.possible.insert(name);
            }
        }
    }

    /// The value of the claims that a rule makes, if it is known.
    fn made_value(&self, rule: &Rule<'_>) -> Option<Value> {
        match &rule.action.kind {
            ActionBody::Claim {
                claim: ClaimArgument::Copy(name),
                ..
            } => self.bound_value(name.text, rule),
            _ => self.value(assigned(rule, Property::Value)?, rule),
        }
    }

    fn value(&self, expression: &Expression<'_>, rule: &Rule<'_>) -> Option<Value> {
        match &expression.kind {
            ExpressionKind::Literal(value) => Some(value.clone()),
            ExpressionKind::Property {
                name,
                property: Property::Value,
            } => self.bound_value(name.text, rule),
            ExpressionKind::Call { name, arguments } if name.text == Function::NegateBool.name() => {
                match self.value(arguments.first()?, rule)? {
                    Value::Boolean(value) => Some(Value::from(!value)),
                    _ => None,
                }
            }
            ExpressionKind::Property { .. } | ExpressionKind::Call { .. } => None,
        }
    }

    /// The value of the one claim that the condition named `name` finds.
    fn bound_value(&self, name: &str, rule: &Rule<'_>) -> Option<Value> {
        let constraint = Constraint::of(bound(rule, name)?).ok()?;
        if constraint.is_incomplete || self.may_have(&constraint) {
            return None;
        }
        let mut values = self.certain_values(&constraint);
        values.next().filter(|_| values.next().is_none()).cloned()
    }
}
