//! Why rules fired or did not. Looks at a rule again after the evaluator is done with it, on a budget
//! of its own, so that explaining never changes a decision.

use std::sync::Arc;

use super::matching::{Bindings, Scope, condition_cost, property_value, satisfies, test_holds};
use crate::claim::{Claim, Value};
use crate::limits::Limits;
use crate::outcome::{CLAIMS_SHOWN, DenyReason, Miss, NearMiss, RuleEffect, RuleLocation, RuleTrace, Trace};
use crate::program::{ActionKind, Condition, Operand, Property, Relation, Rule, Test};

pub(super) struct Tracer {
    trace: Trace,
    steps_left: u64,
}

impl Tracer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            trace: Trace::default(),
            steps_left: limits.steps,
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
        let seen = self.examine(rule, claims);
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
            nearest: nearest.map(|(rule, misses, _)| NearMiss {
                rule,
                misses: misses.clone(),
            }),
        }
    }

    fn examine(&mut self, rule: &Rule, claims: &[Claim]) -> Seen {
        let mut seen = Seen::default();
        let mut bindings = Bindings::default();
        for (number, condition) in (1..).zip(&rule.conditions) {
            let cost = condition_cost(condition, claims.len(), &bindings).saturating_add(1);
            let Some(steps_left) = self.steps_left.checked_sub(cost) else {
                self.trace.truncated = true;
                return seen;
            };
            self.steps_left = steps_left;
            let scope = Scope {
                claims,
                bindings: &bindings,
            };
            let known = operands_are_known(condition, &bindings);
            let matching = (0..)
                .zip(claims)
                .filter(|(_, claim)| known && satisfies(condition, claim, scope));
            let bound: Vec<usize> = matching.map(|(index, _)| index).collect();
            if bound.is_empty() {
                seen.unmet = seen.unmet.saturating_add(1);
            }
            if bound.is_empty() && known {
                seen.misses.push(nearest_miss(condition, number, scope));
            }
            let shown = bound
                .iter()
                .take(CLAIMS_SHOWN)
                .filter_map(|index| claims.get(*index));
            seen.matched.extend(shown.cloned());
            if condition.is_bound {
                bindings.push(&bound);
            }
        }
        seen
    }
}

#[derive(Default)]
struct Seen {
    matched: Vec<Claim>,
    misses: Vec<Miss>,
    unmet: u32,
}

/// Whether every condition that this one refers to was met.
fn operands_are_known(condition: &Condition, bindings: &Bindings) -> bool {
    condition.tests.iter().all(|test| match &test.operand {
        Operand::Literal(_) => true,
        Operand::Bound { slot, .. } => !bindings.bound(*slot).is_empty(),
    })
}

fn nearest_miss(condition: &Condition, number: u32, scope: Scope<'_>) -> Miss {
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
        claim_type: wanted_type(condition),
        property,
        relation: failed.map_or(Relation::Equal, |test| test.relation),
        expected: failed
            .map(|test| expected_values(test, scope))
            .unwrap_or_default(),
        found: distinct(found),
    }
}

/// How near a claim comes to a condition; more is nearer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    has_type: bool,
    held: usize,
}

fn wanted_type(condition: &Condition) -> Option<Arc<str>> {
    condition
        .tests
        .iter()
        .find_map(|test| match (test.property, test.relation, &test.operand) {
            (Property::Type, Relation::Equal, Operand::Literal(Value::String(name))) => {
                Some(Arc::from(&**name))
            }
            _ => None,
        })
}

fn expected_values(test: &Test, scope: Scope<'_>) -> Vec<Value> {
    match &test.operand {
        Operand::Literal(value) => vec![super::unshared(value)],
        Operand::Bound { slot, property } => {
            let bound = scope
                .bindings
                .bound(*slot)
                .iter()
                .filter_map(|index| scope.claims.get(*index));
            distinct(bound.map(|claim| property_value(claim, *property)))
        }
    }
}

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
