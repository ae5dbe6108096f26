//! Lints about the claims that conditions ask for: whether there are such, and with which values.

use super::Linter;
use super::constraint::Constraint;
use super::finding::{Lint, Never, nearest, subject_names};
use super::knowledge::{Knowledge, Made};
use crate::ast::{Condition, ExpressionKind, Rule, Test};
use crate::catalog::{self, ClaimEntry};
use crate::claim::{Issuer, Value, ValueType};
use crate::diagnostic::quotable;
use crate::program::{Property, Relation};
use crate::source::Span;

pub(super) fn lint(linter: &mut Linter<'_, '_>, rule: &Rule<'_>, known: &Knowledge<'_>) {
    for condition in &rule.conditions {
        // Names are compared with all others for their suggestion, which is not for nothing.
        if linter.findings.is_full() {
            return;
        }
        if let Some((finding, span)) = condition_finding(condition, known) {
            linter.report(&finding, span, "condition");
        }
        if let Some((finding, span)) = name_finding(condition, known) {
            linter.report(&finding, span, "condition");
        }
    }
}

/// What is wrong with a condition as a whole: at most one thing is told.
fn condition_finding(condition: &Condition<'_>, known: &Knowledge<'_>) -> Option<(Lint, Span)> {
    let never = |why: Never, span: Span| {
        let lint = if condition.negated.is_some() {
            Lint::AlwaysHolds { why }
        } else {
            Lint::NeverFires { why }
        };
        Some((lint, span))
    };
    let constraint = match Constraint::of(condition) {
        Ok(constraint) => constraint,
        Err(span) => return never(Never::Contradiction, span),
    };
    let (name, span) = constraint.claim_type?;
    let sources = Sources::of(name, &constraint, known);
    if sources.is_unknown() {
        return match absence(name, &constraint, known) {
            Absence::Unknown => Some((unknown_claim(name, known), span)),
            Absence::Never(why) => never(why, span),
            Absence::Possible => None,
        };
    }
    if sources.can_match(&constraint) {
        return sources
            .only_given()
            .and_then(|entry| always_true(condition, entry));
    }
    // There are such claims, and none of them has a value that is asked for.
    let value_type = sources.value_type()?;
    if let Some(test) = comparison_with_other_type(condition, value_type) {
        let ExpressionKind::Literal(literal) = &test.operand.kind else {
            return None;
        };
        let lint = Lint::TypeComparison {
            claim: quotable(name),
            expected: value_type.name(),
            found: literal.value_type().name(),
        };
        return Some((lint, test.operand.span));
    }
    let name = quotable(name);
    if !constraint.allows_value_type(value_type) {
        let found = value_type.name();
        let span = test_of(condition, Property::ValueType).map_or(span, |test| test.span);
        return never(Never::ValueType { name, found }, span);
    }
    let maximum = sources.given.and_then(|entry| entry.maximum)?;
    let span = test_of(condition, Property::Value).map_or(span, |test| test.span);
    never(Never::Range { name, maximum }, span)
}

/// What is to be said about a claim that is there.
fn name_finding(condition: &Condition<'_>, known: &Knowledge<'_>) -> Option<(Lint, Span)> {
    let (name, span) = Constraint::of(condition).ok()?.claim_type?;
    let entry = known.given(name).filter(|_| known.made(name).is_none())?;
    if entry.needs_1_2 && !known.is_1_2 {
        return Some((Lint::NeedsVersion { name: entry.name }, span));
    }
    let lint = Lint::Deprecated {
        name: entry.name,
        successor: entry.deprecated_by?,
    };
    Some((lint, span))
}

/// Where claims of one type can come from, as far as a condition wants them from there.
struct Sources {
    given: Option<&'static ClaimEntry>,
    made: Option<Made>,
}

impl Sources {
    fn of(name: &str, constraint: &Constraint<'_>, known: &Knowledge<'_>) -> Self {
        Self {
            given: known
                .given(name)
                .filter(|_| constraint.allows_issuer(Issuer::AttestationService)),
            made: known
                .made(name)
                .filter(|_| constraint.allows_issuer(Issuer::AttestationPolicy)),
        }
    }

    fn is_unknown(&self) -> bool {
        self.given.is_none() && self.made.is_none()
    }

    fn can_match(&self, constraint: &Constraint<'_>) -> bool {
        let given = self.given.is_some_and(|entry| {
            constraint.allows_value_type(entry.value_type)
                && entry
                    .maximum
                    .is_none_or(|maximum| constraint.allows_integer_up_to(maximum))
        });
        let made = self.made.is_some_and(|made| {
            made.value_type
                .is_none_or(|value_type| constraint.allows_value_type(value_type))
        });
        given || made
    }

    /// The one type of the values.
    fn value_type(&self) -> Option<ValueType> {
        match (self.given, self.made) {
            (Some(entry), None) => Some(entry.value_type),
            (None, Some(made)) => made.value_type,
            (Some(entry), Some(made)) => made.value_type.filter(|made| *made == entry.value_type),
            (None, None) => None,
        }
    }

    fn only_given(&self) -> Option<&'static ClaimEntry> {
        self.given.filter(|_| self.made.is_none())
    }
}

/// Why a claim that neither evidence gives nor an earlier rule makes is asked for.
enum Absence {
    /// A client may send it.
    Possible,
    /// The name is probably wrong.
    Unknown,
    Never(Never),
}

fn absence(name: &str, constraint: &Constraint<'_>, known: &Knowledge<'_>) -> Absence {
    if known.is_configuration {
        return Absence::Never(Never::Configuration);
    }
    let from_policy = constraint.allows_issuer(Issuer::AttestationPolicy);
    let from_service = constraint.allows_issuer(Issuer::AttestationService);
    let from_client = constraint.allows_issuer(Issuer::CustomClaim);
    let quoted = quotable(name);
    if from_client && !from_policy && !from_service {
        return match known.subject {
            Some(subject) if !subject.has_custom_claims() => {
                Absence::Never(Never::NoCustomClaims { subject })
            }
            _ => Absence::Possible,
        };
    }
    if from_policy && known.is_made_somewhere(name) {
        return Absence::Never(Never::MadeLater { name: quoted });
    }
    if !from_service {
        let help = nearest(known.nearest(name));
        return Absence::Never(Never::NotMade { name: quoted, help });
    }
    if !from_policy && known.made(name).is_some() {
        return Absence::Never(Never::NotGiven { name: quoted });
    }
    // The names of custom claims start with an address, and MAA does not say with which: under TPM a name
    // has to be nearly that of another claim to be told of.
    let may_be_custom = from_client
        && known.has_custom_claims()
        && catalog::claim(name).is_none()
        && (name.contains(['/', ':']) || (known.subject.is_some() && known.nearest(name).is_none()));
    if may_be_custom {
        Absence::Possible
    } else {
        Absence::Unknown
    }
}

fn unknown_claim(name: &str, known: &Knowledge<'_>) -> Lint {
    let elsewhere = catalog::claim(name)
        .map(|entry| format!("evidence of type {} gives it", subject_names(entry.subjects)));
    Lint::UnknownClaim {
        name: quotable(name),
        subject: known.subject,
        help: elsewhere.or_else(|| nearest(known.nearest(name))),
    }
}

/// A comparison that no value of a claim with bounds can fail.
fn always_true(condition: &Condition<'_>, entry: &ClaimEntry) -> Option<(Lint, Span)> {
    let maximum = entry.maximum?;
    let test = condition.tests.iter().find(|test| {
        let ExpressionKind::Literal(Value::Integer(bound)) = test.operand.kind else {
            return false;
        };
        test.property == Property::Value
            && match test.relation {
                Relation::GreaterOrEqual => bound <= 0,
                Relation::Greater => bound < 0,
                Relation::LessOrEqual => bound >= maximum,
                Relation::Less => bound > maximum,
                Relation::NotEqual => !(0..=maximum).contains(&bound),
                Relation::Equal => false,
            }
    })?;
    let lint = Lint::AlwaysTrue {
        claim: entry.name.to_owned(),
        maximum,
    };
    Some((lint, test.span))
}

/// The comparison of a value with one of another type than `value_type`.
fn comparison_with_other_type<'c, 't>(
    condition: &'c Condition<'t>,
    value_type: ValueType,
) -> Option<&'c Test<'t>> {
    condition.tests.iter().find(|test| {
        test.property == Property::Value
            && matches!(&test.operand.kind, ExpressionKind::Literal(literal) if literal.value_type() != value_type)
    })
}

fn test_of<'c, 't>(condition: &'c Condition<'t>, property: Property) -> Option<&'c Test<'t>> {
    condition.tests.iter().find(|test| test.property == property)
}
