//! Which rules and conditions a test file reached.

use crate::ast;
use crate::diagnostic::Findings;
use crate::limits::Limits;
use crate::outcome::{Miss, RuleEffect, RuleLocation, Trace};
use crate::parser::parse;
use crate::program::{ActionKind, SectionKind};
use crate::source::{Position, Positions};

/// How often each rule of a policy fired. Configuration rules are not counted: they run before there are claims.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// The rules for authorization, then those for issuance, in the order of the text.
    pub rules: Vec<RuleCoverage>,
    /// Whether some evaluation was too long to be explained to its end, so that conditions may count less.
    pub truncated: bool,
    /// How many of the rules are for authorization.
    authorization: usize,
}

/// How often one rule fired.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleCoverage {
    /// The rule.
    pub rule: RuleLocation,
    /// Its action.
    pub action: ActionKind,
    /// In how many cases the rule was looked at.
    pub evaluated: u32,
    /// In how many cases it fired.
    pub fired: u32,
    /// Its conditions, in order.
    pub conditions: Vec<ConditionCoverage>,
}

/// How often one condition held and failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionCoverage {
    /// Where it starts.
    pub position: Position,
    /// In how many cases it held.
    pub held: u32,
    /// In how many cases it did not hold.
    pub failed: u32,
}

impl Coverage {
    /// The rules of `policy`, which compiles, before any case.
    pub(super) fn of(policy: &str, limits: &Limits) -> Self {
        let tree = parse(policy, limits, &mut Findings::default());
        let mut positions = Positions::new(policy);
        let mut rules = Vec::new();
        for section in &tree.sections {
            if section.kind == SectionKind::Configuration {
                continue;
            }
            for (number, rule) in (1..).zip(&section.rules) {
                let position = positions.at(rule.span.start);
                let conditions = rule.conditions.iter().map(|condition| ConditionCoverage {
                    position: positions.at(condition.span.start),
                    held: 0,
                    failed: 0,
                });
                rules.push(RuleCoverage {
                    conditions: conditions.collect(),
                    rule: RuleLocation {
                        section: section.kind,
                        number,
                        position,
                    },
                    action: action_kind(&rule.action),
                    evaluated: 0,
                    fired: 0,
                });
            }
        }
        let is_issuance = |rule: &RuleCoverage| rule.rule.section == SectionKind::Issuance;
        Self {
            authorization: rules.iter().position(is_issuance).unwrap_or(rules.len()),
            rules,
            truncated: false,
        }
    }

    /// Counts one evaluation.
    pub(super) fn note(&mut self, trace: &Trace) {
        self.truncated |= trace.truncated;
        for traced in &trace.rules {
            if let Some(rule) = self.rule_mut(traced.rule) {
                rule.note(&traced.effect);
            }
        }
    }

    /// The rule at `location`: the rules of a section follow one another, numbered from 1.
    fn rule_mut(&mut self, location: RuleLocation) -> Option<&mut RuleCoverage> {
        let before = match location.section {
            SectionKind::Issuance => self.authorization,
            _ => 0,
        };
        let number = usize::try_from(location.number).ok()?;
        let index = before.checked_add(number)?.checked_sub(1)?;
        self.rules
            .get_mut(index)
            .filter(|rule| rule.rule.section == location.section)
    }

    /// Counts what another test file of the same policy reached.
    pub fn add(&mut self, other: &Self) {
        self.truncated |= other.truncated;
        for (rule, more) in self.rules.iter_mut().zip(&other.rules) {
            rule.evaluated = rule.evaluated.saturating_add(more.evaluated);
            rule.fired = rule.fired.saturating_add(more.fired);
            for (condition, more) in rule.conditions.iter_mut().zip(&more.conditions) {
                condition.held = condition.held.saturating_add(more.held);
                condition.failed = condition.failed.saturating_add(more.failed);
            }
        }
    }

    /// Rules that never fired.
    pub fn uncovered(&self) -> impl Iterator<Item = &RuleCoverage> {
        self.rules.iter().filter(|rule| rule.fired == 0)
    }

    /// The part of the rules that fired at least once, in whole percent rounded down; 100 without rules.
    pub fn percent(&self) -> u8 {
        let covered = self.rules.len().saturating_sub(self.uncovered().count());
        let percent = covered.saturating_mul(100).checked_div(self.rules.len());
        percent
            .and_then(|percent| u8::try_from(percent).ok())
            .unwrap_or(100)
    }
}

impl RuleCoverage {
    fn note(&mut self, effect: &RuleEffect) {
        self.evaluated = self.evaluated.saturating_add(1);
        match effect {
            RuleEffect::Fired { .. } => {
                self.fired = self.fired.saturating_add(1);
                for condition in &mut self.conditions {
                    condition.held = condition.held.saturating_add(1);
                }
            }
            RuleEffect::Missed { misses, unmet } => self.note_missed(misses, *unmet),
        }
    }

    fn note_missed(&mut self, misses: &[Miss], unmet: u32) {
        // With unmet conditions that are not listed, which of the others held is not known.
        let all_known = u32::try_from(misses.len()).is_ok_and(|known| known == unmet);
        for (number, condition) in (1..).zip(&mut self.conditions) {
            if misses.iter().any(|miss| miss.condition == number) {
                condition.failed = condition.failed.saturating_add(1);
            } else if all_known {
                condition.held = condition.held.saturating_add(1);
            }
        }
    }
}

fn action_kind(action: &ast::Action<'_>) -> ActionKind {
    match action.kind {
        ast::ActionBody::Permit => ActionKind::Permit,
        ast::ActionBody::Deny => ActionKind::Deny,
        ast::ActionBody::Claim { action, .. } => ActionKind::Claim(action),
    }
}
