//! Which claims a condition can meet: those of the evidence, by the catalog, those that earlier rules
//! make, and those that clients may send.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::ast::{ActionBody, ClaimArgument, Condition, Expression, ExpressionKind, Policy, Rule};
use crate::catalog::{self, ClaimEntry, Subject};
use crate::claim::{Issuer, Value, ValueType};
use crate::program::{ClaimAction, Function, Property, Relation};
use crate::suggest::closest;

/// How many unknown names of a policy are compared with all others, which is not for nothing: twice as
/// many as there can be findings.
const SUGGESTIONS: u32 = 200;

/// How many names that the policy makes are candidates. Its author made them up and knows them.
const MADE_NAMES: usize = 256;

/// What is known before a rule is evaluated.
#[derive(Debug)]
pub(super) struct Knowledge<'a> {
    pub(super) subject: Option<Subject>,
    /// Whether the policy's version gives it the claims of version 1.2.
    pub(super) is_1_2: bool,
    /// Whether there is no evidence yet.
    pub(super) is_configuration: bool,
    made: HashMap<&'a str, Made>,
    /// The names in `made` as they came.
    order_made: Vec<&'a str>,
    /// Whether an earlier rule makes claims whose type depends on other claims.
    makes_any: bool,
    /// What any rule of the policy makes that does not ask for it.
    made_somewhere: HashSet<&'a str>,
    /// How many names may still be compared with all others.
    suggestions: Cell<u32>,
}

/// The claims of one type that earlier rules make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// The type of every such value, if it is known and always the same.
    pub(super) value_type: Option<ValueType>,
    /// Whether every such value comes from a read-only claim.
    pub(super) is_read_only: bool,
}

impl<'a> Knowledge<'a> {
    pub(super) fn new(policy: &'a Policy<'_>, subject: Option<Subject>) -> Self {
        let rules = policy.sections.iter().flat_map(|section| &section.rules);
        Self {
            is_1_2: !policy
                .version
                .is_some_and(|version| matches!(version.text, "1.0" | "1.1")),
            is_configuration: false,
            made_somewhere: rules.filter_map(introduced_type).collect(),
            ..Self::without_evidence(subject)
        }
    }

    /// What configuration rules know: nothing but the attestation type.
    pub(super) fn without_evidence(subject: Option<Subject>) -> Self {
        Self {
            subject,
            is_1_2: true,
            is_configuration: true,
            made: HashMap::new(),
            order_made: Vec::new(),
            makes_any: false,
            made_somewhere: HashSet::new(),
            suggestions: Cell::new(SUGGESTIONS),
        }
    }

    /// Takes the claims that `rule` may make into account.
    pub(super) fn learn(&mut self, rule: &'a Rule<'_>) {
        match made_type(rule) {
            None => {}
            Some(MadeType::Depends) => self.makes_any = true,
            Some(MadeType::Named(name)) => {
                let new = Made {
                    value_type: made_value_type(rule),
                    is_read_only: self.makes_read_only(rule),
                };
                if !self.made.contains_key(name) {
                    self.order_made.push(name);
                }
                self.made
                    .entry(name)
                    .and_modify(|made| {
                        made.value_type = made.value_type.filter(|known| new.value_type == Some(*known));
                        made.is_read_only &= new.is_read_only;
                    })
                    .or_insert(new);
            }
        }
    }

    /// The claim of that name that the evidence gives.
    pub(super) fn given(&self, name: &str) -> Option<&'static ClaimEntry> {
        catalog::claim(name)
            .filter(|_| !self.is_configuration)
            .filter(|entry| self.subject.is_none_or(|subject| entry.is_given_by(subject)))
    }

    /// What earlier rules make under that name, for certain or possibly.
    pub(super) fn made(&self, name: &str) -> Option<Made> {
        let known = self.made.get(name).copied();
        if self.makes_any {
            return Some(Made {
                value_type: None,
                is_read_only: false,
            });
        }
        known
    }

    /// Whether some rule makes it from other claims, wherever the rule stands.
    pub(super) fn is_made_somewhere(&self, name: &str) -> bool {
        self.made_somewhere.contains(name)
    }

    /// Whether a client may send claims.
    pub(super) fn has_custom_claims(&self) -> bool {
        !self.is_configuration && self.subject.is_none_or(Subject::has_custom_claims)
    }

    /// The name that a condition can ask for and that is nearly `name`.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        self.suggestions.set(self.suggestions.get().checked_sub(1)?);
        let given = catalog::all()
            .filter(|entry| self.subject.is_none_or(|subject| entry.is_given_by(subject)))
            .map(|entry| entry.name);
        let made = self.order_made.iter().copied().take(MADE_NAMES);
        // A few typing mistakes change a name's length by as much.
        let candidates: Vec<&str> = given
            .chain(made)
            .filter(|candidate| candidate.len().abs_diff(name.len()) <= name.len() / 3)
            .collect();
        closest(name, &candidates)
    }

    /// The read-only claim whose value `expression` passes on.
    pub(super) fn read_only<'e>(
        &self,
        expression: &'e Expression<'_>,
        rule: &'e Rule<'_>,
    ) -> Option<&'e str> {
        match &expression.kind {
            ExpressionKind::Literal(_) => None,
            ExpressionKind::Property { name, property } => self
                .read_only_binding(name.text, rule)
                .filter(|_| *property == Property::Value),
            ExpressionKind::Call { name, arguments } => {
                let is_fresh = [Function::IsSubsetOf, Function::ContainsOnlyValue]
                    .iter()
                    .any(|function| function.name() == name.text);
                if is_fresh {
                    return None;
                }
                arguments
                    .iter()
                    .find_map(|argument| self.read_only(argument, rule))
            }
        }
    }

    /// The read-only claim that the condition named `binding` asks for.
    pub(super) fn read_only_binding<'e>(&self, binding: &str, rule: &'e Rule<'_>) -> Option<&'e str> {
        let condition = bound(rule, binding)?;
        let name = asked_type(condition)?;
        let from_policy = self.made(name).map(|made| made.is_read_only);
        let given = self.given(name);
        let from_evidence = given
            .filter(|_| asked_issuer(condition) != Some(Issuer::AttestationPolicy.name()))
            .map(|entry| entry.read_only);
        let from_policy =
            from_policy.filter(|_| asked_issuer(condition) != Some(Issuer::AttestationService.name()));
        // Read-only only if every claim is that it can be.
        let sources = [from_policy, from_evidence];
        let mut known = sources.iter().flatten().peekable();
        (known.peek().is_some() && known.all(|is_read_only| *is_read_only)).then_some(name)
    }

    fn makes_read_only(&self, rule: &Rule<'_>) -> bool {
        match &rule.action.kind {
            ActionBody::Claim {
                claim: ClaimArgument::Copy(name),
                ..
            } => self.read_only_binding(name.text, rule).is_some(),
            ActionBody::Claim {
                claim: ClaimArgument::Build(_),
                ..
            } => assigned(rule, Property::Value).is_some_and(|value| self.read_only(value, rule).is_some()),
            ActionBody::Permit | ActionBody::Deny => false,
        }
    }
}

/// The type of the claims that a rule makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MadeType<'a> {
    Named(&'a str),
    /// It depends on the values of claims.
    Depends,
}

/// The type of the claims that a rule makes, if it makes any.
pub(super) fn made_type<'a>(rule: &'a Rule<'_>) -> Option<MadeType<'a>> {
    let name = match &rule.action.kind {
        ActionBody::Permit | ActionBody::Deny => return None,
        ActionBody::Claim {
            claim: ClaimArgument::Copy(name),
            ..
        } => bound(rule, name.text).and_then(asked_type),
        ActionBody::Claim {
            claim: ClaimArgument::Build(_),
            ..
        } => assigned(rule, Property::Type).and_then(|value| match &value.kind {
            ExpressionKind::Literal(Value::String(name)) => Some(&**name),
            ExpressionKind::Property {
                name,
                property: Property::Type,
            } => bound(rule, name.text).and_then(asked_type),
            _ => None,
        }),
    };
    Some(name.map_or(MadeType::Depends, MadeType::Named))
}

/// The type of the claims that a rule makes without needing one of that type.
fn introduced_type<'a>(rule: &'a Rule<'_>) -> Option<&'a str> {
    let Some(MadeType::Named(name)) = made_type(rule) else {
        return None;
    };
    let asks_for_it =
        |condition: &Condition<'_>| condition.negated.is_none() && asked_type(condition) == Some(name);
    (!rule.conditions.iter().any(asks_for_it)).then_some(name)
}

/// The type of the values of the claims that a rule makes, if the text shows it.
fn made_value_type(rule: &Rule<'_>) -> Option<ValueType> {
    match &assigned(rule, Property::Value)?.kind {
        ExpressionKind::Literal(value) => Some(value.value_type()),
        ExpressionKind::Property { property, .. } => {
            (*property != Property::Value).then_some(ValueType::String)
        }
        ExpressionKind::Call { name, .. } => {
            let function = Function::ALL
                .into_iter()
                .find(|function| function.name() == name.text)?;
            match function {
                Function::JmesPath | Function::AppendString => Some(ValueType::String),
                Function::IsSubsetOf | Function::NegateBool | Function::ContainsOnlyValue => {
                    Some(ValueType::Boolean)
                }
                Function::JsonToClaimValue => None,
            }
        }
    }
}

/// What a rule's action assigns to a property.
pub(super) fn assigned<'a, 't>(rule: &'a Rule<'t>, property: Property) -> Option<&'a Expression<'t>> {
    let ActionBody::Claim {
        claim: ClaimArgument::Build(assignments),
        ..
    } = &rule.action.kind
    else {
        return None;
    };
    assignments
        .iter()
        .find(|assignment| assignment.property == property)
        .map(|assignment| &assignment.value)
}

/// The action of a rule that makes claims.
pub(super) const fn claim_action(rule: &Rule<'_>) -> Option<ClaimAction> {
    match rule.action.kind {
        ActionBody::Claim { action, .. } => Some(action),
        ActionBody::Permit | ActionBody::Deny => None,
    }
}

/// The condition of that name.
pub(super) fn bound<'a, 't>(rule: &'a Rule<'t>, name: &str) -> Option<&'a Condition<'t>> {
    rule.conditions
        .iter()
        .find(|condition| condition.binding.is_some_and(|binding| binding.text == name))
}

/// The claim type that a condition asks for.
pub(super) fn asked_type<'a>(condition: &'a Condition<'_>) -> Option<&'a str> {
    asked_text(condition, Property::Type)
}

fn asked_issuer<'a>(condition: &'a Condition<'_>) -> Option<&'a str> {
    asked_text(condition, Property::Issuer)
}

fn asked_text<'a>(condition: &'a Condition<'_>, property: Property) -> Option<&'a str> {
    condition
        .tests
        .iter()
        .filter(|test| test.property == property && test.relation == Relation::Equal)
        .find_map(|test| match &test.operand.kind {
            ExpressionKind::Literal(Value::String(text)) => Some(&**text),
            _ => None,
        })
}
