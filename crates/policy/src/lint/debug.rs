//! The lint about policies that permit what can be debugged, whose memory is no secret.
//!
//! The authorization rules are run in thought over evidence of which only that is known. A rule may fire
//! for certain, possibly, or not at all; the policy is told of when a permission may come and no denial
//! comes for certain.

use std::collections::HashSet;

use super::Linter;
use super::constraint::Constraint;
use super::finding::Lint;
use super::knowledge::{MadeType, assigned, made_type};
use crate::ast::{ActionBody, Condition, ExpressionKind, Policy, Rule};
use crate::catalog::{self, ClaimEntry, Subject};
use crate::claim::{Issuer, Value};
use crate::program::{Property, SectionKind};
use crate::source::Span;

pub(super) fn lint(linter: &mut Linter<'_, '_>, policy: &Policy<'_>, subject: Subject) {
    let what = match subject {
        Subject::SgxEnclave | Subject::OpenEnclave => "a debuggable enclave",
        Subject::TdxVm | Subject::SevSnpVm => "a debuggable virtual machine",
        // Debugging an operating system is another matter than reading the memory of an enclave.
        Subject::AzureGuest | Subject::Tpm => return,
    };
    let Some((entry, value)) = debug_claims(subject).next() else {
        return;
    };
    if let Some(span) = permission(policy, subject) {
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

/// Where the policy permits debuggable evidence, if it may.
fn permission(policy: &Policy<'_>, subject: Subject) -> Option<Span> {
    let mut claims = Claims::of_debuggable(subject);
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
    permission.filter(|_| !claims.is_debug_claim_judged_otherwise)
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
    /// Whether a condition looks at a debug claim in a way that cannot be judged here.
    is_debug_claim_judged_otherwise: bool,
}

impl<'a> Claims<'a> {
    fn of_debuggable(subject: Subject) -> Self {
        Self {
            subject,
            certain: debug_claims(subject)
                .map(|(entry, value)| (entry.name, value, Issuer::AttestationService))
                .collect(),
            possible: HashSet::new(),
            is_anything_possible: false,
            is_debug_claim_judged_otherwise: false,
        }
    }

    fn holds(&mut self, condition: &Condition<'_>) -> Truth {
        let found = self.finds(condition);
        match (condition.negated.is_some(), found) {
            (true, Truth::No) => Truth::Yes,
            (true, Truth::Yes) => Truth::No,
            (_, found) => found,
        }
    }

    /// Whether a claim meets the comparisons.
    fn finds(&mut self, condition: &Condition<'_>) -> Truth {
        let Ok(constraint) = Constraint::of(condition) else {
            return Truth::No;
        };
        let asked = constraint.claim_type.map(|(name, _)| name);
        let is_debug_claim =
            |name: &str| catalog::claim(name).is_some_and(|entry| entry.debuggable_when.is_some());
        if constraint.is_incomplete {
            self.is_debug_claim_judged_otherwise |= asked.is_none_or(is_debug_claim);
            return Truth::Perhaps;
        }
        let is_certain = self
            .certain
            .iter()
            .any(|(name, value, issuer)| constraint.admits(name, value, *issuer));
        if is_certain {
            return Truth::Yes;
        }
        let is_possible = asked.is_none_or(|name| {
            self.is_anything_possible
                || self.possible.contains(name)
                || catalog::claim(name).is_some_and(|entry| {
                    entry.is_given_by(self.subject)
                        && entry.debuggable_when.is_none()
                        && constraint.allows_issuer(Issuer::AttestationService)
                })
        });
        if is_possible { Truth::Perhaps } else { Truth::No }
    }

    fn learn(&mut self, rule: &'a Rule<'_>, fires: Truth) {
        if fires == Truth::No {
            return;
        }
        let value = assigned(rule, Property::Value).map(|value| &value.kind);
        match (made_type(rule), value) {
            (None, _) => {}
            (Some(MadeType::Named(name)), Some(ExpressionKind::Literal(value))) if fires == Truth::Yes => {
                self.certain
                    .push((name, value.clone(), Issuer::AttestationPolicy));
            }
            (Some(MadeType::Named(name)), _) => {
                self.possible.insert(name);
            }
            (Some(MadeType::Depends), _) => self.is_anything_possible = true,
        }
    }
}
