//! Lints about rules that decide: those that another rule, which always fires, makes pointless.

use super::Linter;
use super::finding::Lint;
use crate::ast::{ActionBody, Rule, Section};

pub(super) fn lint(linter: &mut Linter<'_, '_>, section: &Section<'_>) {
    let is_always = |rule: &Rule<'_>| rule.conditions.is_empty();
    let is_permit = |rule: &Rule<'_>| matches!(rule.action.kind, ActionBody::Permit);
    let is_deny = |rule: &Rule<'_>| matches!(rule.action.kind, ActionBody::Deny);
    let always_denies = section
        .rules
        .iter()
        .position(|rule| is_always(rule) && is_deny(rule));
    let always_permits = section
        .rules
        .iter()
        .position(|rule| is_always(rule) && is_permit(rule));
    let first_permit = section.rules.iter().position(is_permit);
    for (index, rule) in section.rules.iter().enumerate() {
        let finding = if is_permit(rule) {
            match (always_denies, always_permits) {
                (Some(deny), _) if deny < index => Some(Lint::UnreachablePermit),
                (None, Some(permit)) if permit != index => Some(Lint::RedundantPermit),
                _ => None,
            }
        } else if is_deny(rule) {
            match always_denies {
                Some(deny) if deny != index => Some(Lint::UnreachableDeny),
                Some(_) if first_permit.is_some_and(|permit| permit < index) => Some(Lint::UnconditionalDeny),
                _ => None,
            }
        } else {
            None
        };
        if let Some(finding) = finding {
            linter.report(&finding, rule.action.span, "authRules");
        }
    }
}
