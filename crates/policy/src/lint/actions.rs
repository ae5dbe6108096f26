//! Lints about what rules make: names that are the service's, values that may not be issued, settings
//! without effect, and bindings that nothing uses.

use super::Linter;
use super::finding::{Lint, Setting};
use super::knowledge::{Knowledge, MadeType, assigned, claim_action, made_type};
use crate::ast::{ActionBody, ClaimArgument, Expression, ExpressionKind, Rule};
use crate::catalog::{self, is_reserved};
use crate::diagnostic::quotable;
use crate::program::{ClaimAction, Property};
use crate::source::Span;

pub(super) fn lint(linter: &mut Linter<'_, '_>, rule: &Rule<'_>, known: &Knowledge<'_>) {
    reserved_claim(linter, rule);
    read_only_claim(linter, rule, known);
    setting_of_another_type(linter, rule, known);
    unused_identifiers(linter, rule);
}

fn reserved_claim(linter: &mut Linter<'_, '_>, rule: &Rule<'_>) {
    let Some(MadeType::Named(name)) =
        made_type(rule).filter(|_| claim_action(rule) == Some(ClaimAction::Issue))
    else {
        return;
    };
    if is_reserved(name) {
        let lint = Lint::ReservedClaim { name: quotable(name) };
        linter.report(&lint, type_span(rule), "claimArg");
    }
}

/// Only `add` keeps what comes from a read-only value among the incoming claims.
fn read_only_claim(linter: &mut Linter<'_, '_>, rule: &Rule<'_>, known: &Knowledge<'_>) {
    if matches!(claim_action(rule), None | Some(ClaimAction::Add)) {
        return;
    }
    if let ActionBody::Claim {
        claim: ClaimArgument::Copy(name),
        ..
    } = &rule.action.kind
    {
        let claim = known.read_only_binding(name.text, rule);
        report_read_only(linter, Property::Value, claim, name.span);
    }
    for property in [Property::Type, Property::Value] {
        if let Some(assigned) = assigned(rule, property) {
            let claim = known.read_only(assigned, rule);
            report_read_only(linter, property, claim, assigned.span);
        }
    }
}

fn report_read_only(linter: &mut Linter<'_, '_>, property: Property, claim: Option<&str>, span: Span) {
    if let Some(name) = claim.map(quotable) {
        linter.report(&Lint::ReadOnlyClaim { property, name }, span, "claimArg");
    }
}

/// What the subject's verification and tokens do not heed.
fn setting_of_another_type(linter: &mut Linter<'_, '_>, rule: &Rule<'_>, known: &Knowledge<'_>) {
    let (Some(subject), Some(MadeType::Named(name)), Some(ClaimAction::IssueProperty)) =
        (known.subject, made_type(rule), claim_action(rule))
    else {
        return;
    };
    let (kind, found) = if known.is_configuration {
        (Setting::Verification, catalog::setting(name))
    } else {
        (Setting::Token, catalog::token_property(name))
    };
    if let Some(entry) = found.filter(|entry| !entry.subjects.contains(&subject)) {
        let lint = Lint::SettingOfAnotherType {
            kind,
            name: entry.name,
            subject,
            honoured_by: entry.subjects,
        };
        linter.report(&lint, type_span(rule), "claimArg");
    }
}

/// Where the text says which type the claims have that a rule makes.
fn type_span(rule: &Rule<'_>) -> Span {
    copied(rule)
        .or_else(|| assigned(rule, Property::Type).map(|value| value.span))
        .unwrap_or(rule.action.span)
}

fn copied(rule: &Rule<'_>) -> Option<Span> {
    match &rule.action.kind {
        ActionBody::Claim {
            claim: ClaimArgument::Copy(name),
            ..
        } => Some(name.span),
        _ => None,
    }
}

fn unused_identifiers(linter: &mut Linter<'_, '_>, rule: &Rule<'_>) {
    let mut used = Vec::new();
    let operands = rule
        .conditions
        .iter()
        .flat_map(|condition| &condition.tests)
        .map(|test| &test.operand);
    for operand in operands {
        names_in(operand, &mut used);
    }
    match &rule.action.kind {
        ActionBody::Claim {
            claim: ClaimArgument::Copy(name),
            ..
        } => used.push(name.text),
        ActionBody::Claim {
            claim: ClaimArgument::Build(assignments),
            ..
        } => {
            for assignment in assignments {
                names_in(&assignment.value, &mut used);
            }
        }
        ActionBody::Permit | ActionBody::Deny => {}
    }
    used.sort_unstable();
    let bindings = rule
        .conditions
        .iter()
        // On a negated condition a name is an error.
        .filter(|condition| condition.negated.is_none())
        .filter_map(|condition| condition.binding);
    for binding in bindings.filter(|binding| used.binary_search(&binding.text).is_err()) {
        let lint = Lint::UnusedIdentifier {
            name: quotable(binding.text),
        };
        linter.report(&lint, binding.span, "condition");
    }
}

/// Appends the bindings that an expression reads. The parser has bounded how deeply calls are nested.
fn names_in<'t>(expression: &Expression<'t>, names: &mut Vec<&'t str>) {
    match &expression.kind {
        ExpressionKind::Literal(_) => {}
        ExpressionKind::Property { name, .. } => names.push(name.text),
        ExpressionKind::Call { arguments, .. } => {
            for argument in arguments {
                names_in(argument, names);
            }
        }
    }
}
