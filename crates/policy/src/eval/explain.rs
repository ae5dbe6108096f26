//! Why rules fired or did not. Looks at a rule again after the evaluator is done with it, on a budget
//! of its own, so that explaining never changes a decision.

use std::sync::Arc;

use super::matching::{Bindings, Scope, TextLeft, condition_cost, property_value, satisfies, test_holds};
use crate::claim::{Claim, Value};
use crate::functions::{CallError, Caller, Values};
use crate::limits::Limits;
use crate::outcome::{
    CLAIMS_SHOWN, DenyReason, MISSES_SHOWN, Miss, NearMiss, RuleEffect, RuleLocation, RuleTrace, Trace,
};
use crate::program::{
    Action, ActionKind, Call, Condition, Operand, Property, Relation, Rule, Template, Test,
};

/// How far a missing claim is followed to the rules that would have made it, and how many rules in all.
const CAUSES: usize = 4;
const RULES_FOLLOWED: usize = 16;

/// How often [`nearest_miss`] looks at all claims, beside the search itself.
const LOOKS: u64 = 4;

pub(super) struct Tracer<'l> {
    trace: Trace,
    caller: Caller<'l>,
}

impl<'l> Tracer<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            trace: Trace::default(),
            caller: Caller::watching(limits),
        }
    }

    pub(super) fn into_trace(self) -> Trace {
        self.trace
    }

    /// Notes what `rule` did over `claims`; `added` is present when it fired.
    pub(super) fn record(
        &mut self,
        rule: &Rule,
        location: RuleLocation,
        claims: &[Claim],
        added: Option<usize>,
    ) {
        let seen = self.examine(rule, claims, added.is_some());
        let effect = match added {
            Some(added) => RuleEffect::Fired {
                matched: seen.matched,
                added: u32::try_from(added).unwrap_or(u32::MAX),
            },
            None => RuleEffect::Missed {
                misses: seen.misses,
                unmet: seen.unmet,
            },
        };
        self.trace.rules.push(RuleTrace {
            rule: location,
            action: rule.action.kind(),
            claim_type: made_type(&rule.action),
            calls: self.caller.take_seen(),
            effect,
        });
    }

    /// The first rule that denied, else the rule that came nearest to permitting: the one with the
    /// fewest unmet conditions.
    pub(super) fn deny_reason(&self) -> DenyReason {
        let rules = &self.trace.rules;
        for traced in rules {
            if let (ActionKind::Deny, RuleEffect::Fired { matched, .. }) = (traced.action, &traced.effect) {
                return DenyReason::DenyRule {
                    rule: traced.rule,
                    matched: matched.clone(),
                };
            }
        }
        let permits = rules.iter().filter(|traced| traced.action == ActionKind::Permit);
        let missed = permits.filter_map(|traced| match &traced.effect {
            RuleEffect::Missed { misses, unmet } if !misses.is_empty() => Some((traced.rule, misses, *unmet)),
            _ => None,
        });
        let nearest = missed.min_by_key(|(_, _, unmet)| *unmet);
        DenyReason::NoPermit {
            nearest: nearest.map(|(rule, misses, _)| {
                let mut followed = Vec::new();
                NearMiss {
                    rule,
                    misses: self.with_causes(misses, CAUSES, &mut followed),
                }
            }),
        }
    }

    /// The first of the misses, each with the rule that would have made the missing claim. Every rule is
    /// followed once: rules can wait for each other, and many for one.
    fn with_causes(&self, misses: &[Miss], depth: usize, followed: &mut Vec<RuleLocation>) -> Vec<Miss> {
        let mut misses: Vec<Miss> = misses.iter().take(MISSES_SHOWN).cloned().collect();
        let Some(depth) = depth.checked_sub(1) else {
            return misses;
        };
        for miss in &mut misses {
            let Some(wanted) = &miss.claim_type else { continue };
            if miss.negated || !miss.found.is_empty() || followed.len() >= RULES_FOLLOWED {
                continue;
            }
            let cause = self.trace.rules.iter().find_map(|traced| match &traced.effect {
                RuleEffect::Missed { misses, .. } if traced.claim_type.as_ref() == Some(wanted) => {
                    Some((traced.rule, misses))
                }
                _ => None,
            });
            let Some((rule, missed)) = cause.filter(|(rule, _)| !followed.contains(rule)) else {
                continue;
            };
            followed.push(rule);
            miss.because = Some(Box::new(NearMiss {
                rule,
                misses: self.with_causes(missed, depth, followed),
            }));
        }
        misses
    }

    fn examine(&mut self, rule: &Rule, claims: &[Claim], fired: bool) -> Seen {
        let mut seen = Seen::default();
        let mut bindings = Bindings::default();
        let mut computed = Vec::new();
        for (number, condition) in (1..).zip(&rule.conditions) {
            let known = self.compute(&condition.calls, claims, &bindings, &mut computed)
                && operands_are_known(condition, &bindings);
            let text_left = TextLeft::new(self.caller.fuel.text_left());
            let scope = Scope {
                claims,
                bindings: &bindings,
                computed: &computed,
                text_left: &text_left,
            };
            let cost = condition_cost(condition, scope);
            if self.caller.fuel.spend(cost.saturating_add(1)).is_err() {
                self.trace.truncated = true;
                return seen;
            }
            let matching = (0..)
                .zip(claims)
                .filter(|(_, claim)| known && satisfies(condition, claim, scope));
            let bound: Vec<usize> = matching.map(|(index, _)| index).collect();
            if bound.is_empty() != condition.is_negated || !known {
                seen.unmet = seen.unmet.saturating_add(1);
                if known {
                    if self.caller.fuel.spend(cost.saturating_mul(LOOKS)).is_err() {
                        self.trace.truncated = true;
                        return seen;
                    }
                    seen.misses.push(nearest_miss(condition, number, scope, &bound));
                }
            }
            if self.caller.fuel.spend_reading(text_left.compared()).is_err() {
                self.trace.truncated = true;
                return seen;
            }
            if !condition.is_negated {
                let shown = bound.iter().take(CLAIMS_SHOWN);
                seen.matched
                    .extend(shown.filter_map(|index| claims.get(*index)).cloned());
            }
            if condition.is_bound {
                bindings.push(&bound);
            }
        }
        if let (
            true,
            Action::Claim {
                claim: Template::Build { calls, .. },
                ..
            },
        ) = (fired, &rule.action)
        {
            self.compute(calls, claims, &bindings, &mut computed);
        }
        seen
    }

    /// Makes calls again; whether all of them have a result.
    fn compute(
        &mut self,
        calls: &[Call],
        claims: &[Claim],
        bindings: &Bindings,
        computed: &mut Vec<Values>,
    ) -> bool {
        computed.clear();
        for call in calls {
            let scope = Scope {
                claims,
                bindings,
                computed: &[],
                text_left: &TextLeft::new(0),
            };
            let returned = self.caller.call(call, &scope).and_then(|returned| {
                self.caller.fuel.spend_text(returned.text_length())?;
                Ok(returned)
            });
            match returned {
                Ok(returned) => computed.push(returned),
                Err(error) => {
                    self.trace.truncated |= matches!(error, CallError::Limit(_));
                    return false;
                }
            }
        }
        true
    }
}

#[derive(Default)]
struct Seen {
    matched: Vec<Claim>,
    misses: Vec<Miss>,
    unmet: u32,
}

/// The type of the claims that `action` makes, when the text names it.
fn made_type(action: &Action) -> Option<Arc<str>> {
    match action {
        Action::Claim {
            claim:
                Template::Build {
                    claim_type: Operand::Literal(Value::String(name)),
                    ..
                },
            ..
        } => Some(Arc::from(&**name)),
        _ => None,
    }
}

/// Whether every condition that this one refers to was met.
fn operands_are_known(condition: &Condition, bindings: &Bindings) -> bool {
    condition.tests.iter().all(|test| match &test.operand {
        Operand::Literal(_) | Operand::Computed(_) => true,
        Operand::Bound { slot, .. } => !bindings.bound(*slot).is_empty(),
    })
}

fn nearest_miss(condition: &Condition, number: u32, scope: Scope<'_>, bound: &[usize]) -> Miss {
    if condition.is_negated {
        return unwanted(condition, number, scope, bound);
    }
    let nearness = |claim: &Claim| Nearness {
        has_type: condition
            .tests
            .iter()
            .all(|test| test.property != Property::Type || test_holds(test, claim, scope)),
        held: condition
            .tests
            .iter()
            .filter(|test| test_holds(test, claim, scope))
            .count(),
    };
    let best = scope
        .claims
        .iter()
        .map(nearness)
        .max()
        .filter(|best| best.has_type);
    let mut nearest = scope
        .claims
        .iter()
        .filter(|claim| best.is_some_and(|best| nearness(claim) == best));

    let failed = match nearest.next() {
        Some(claim) => condition
            .tests
            .iter()
            .find(|test| !test_holds(test, claim, scope)),
        // No claim of the type: what would be asked of one.
        None => condition
            .tests
            .iter()
            .find(|test| test.property != Property::Type),
    };
    let failed = failed.or(condition.tests.first());
    let property = failed.map_or(Property::Type, |test| test.property);
    let fails_so = |claim: &&Claim| {
        best.is_some_and(|best| nearness(claim) == best)
            && failed.is_some_and(|test| !test_holds(test, claim, scope))
    };
    let found = scope
        .claims
        .iter()
        .filter(fails_so)
        .map(|claim| property_value(claim, property));
    Miss {
        condition: number,
        position: condition.position,
        negated: false,
        claim_type: wanted_type(condition),
        property,
        relation: failed.map_or(Relation::Equal, |test| test.relation),
        expected: failed
            .map(|test| expected_values(test, scope))
            .unwrap_or_default(),
        found: distinct(found),
        because: None,
    }
}

/// A negated condition that does not hold, for there are such claims.
fn unwanted(condition: &Condition, number: u32, scope: Scope<'_>, bound: &[usize]) -> Miss {
    let compared = condition
        .tests
        .iter()
        .find(|test| test.property != Property::Type);
    let shown = compared.map_or(Property::Value, |test| test.property);
    let claims = bound.iter().filter_map(|index| scope.claims.get(*index));
    Miss {
        condition: number,
        position: condition.position,
        negated: true,
        claim_type: wanted_type(condition),
        property: compared.map_or(Property::Type, |test| test.property),
        relation: compared.map_or(Relation::Equal, |test| test.relation),
        expected: compared
            .map(|test| expected_values(test, scope))
            .unwrap_or_default(),
        found: distinct(claims.map(|claim| property_value(claim, shown))),
        because: None,
    }
}

/// How near a claim comes to a condition; more is nearer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    has_type: bool,
    held: usize,
}

fn wanted_type(condition: &Condition) -> Option<Arc<str>> {
    condition.claim_type.as_deref().map(Arc::from)
}

fn expected_values(test: &Test, scope: Scope<'_>) -> Vec<Value> {
    match &test.operand {
        Operand::Literal(value) => vec![value.unshared()],
        Operand::Bound { slot, property } => distinct(
            scope
                .bound_claims(*slot)
                .map(|claim| property_value(claim, *property)),
        ),
        Operand::Computed(index) => distinct(scope.computed(*index).iter().map(without_document)),
    }
}

/// The value, unless it is a document that would have to be written, and kept, only to be shown.
fn without_document(value: &Value) -> Value {
    match value {
        Value::String(text) if text.text_length() > SHOWN_BYTES => {
            Value::from(format!("… ({} bytes of text)", text.text_length()))
        }
        value => value.clone(),
    }
}

const SHOWN_BYTES: u64 = 1024;

fn distinct(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if distinct.len() == CLAIMS_SHOWN {
            break;
        }
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}
