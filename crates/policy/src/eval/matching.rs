//! When a claim satisfies a condition. Owns the meaning of the comparisons; allocates nothing.

use std::sync::Arc;

use crate::claim::{Claim, Value};
use crate::program::{Condition, Operand, Property, Relation, Test};

/// What the conditions of one rule have bound so far, as indices into the incoming claims: one run of
/// indices after the other, so that a rule's bindings reuse the memory of the last.
#[derive(Default)]
pub(super) struct Bindings {
    indices: Vec<usize>,
    ends: Vec<usize>,
}

impl Bindings {
    pub(super) fn clear(&mut self) {
        self.indices.clear();
        self.ends.clear();
    }

    /// Adds the claims of the next binding.
    pub(super) fn push(&mut self, bound: &[usize]) {
        self.indices.extend_from_slice(bound);
        self.ends.push(self.indices.len());
    }

    /// The claims of the binding `slot`; none when its condition was not met.
    pub(super) fn bound(&self, slot: usize) -> &[usize] {
        let start = slot
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or_default();
        let end = self.ends.get(slot).copied().unwrap_or_default();
        self.indices.get(start..end).unwrap_or_default()
    }
}

/// What a condition can see.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) claims: &'a [Claim],
    pub(super) bindings: &'a Bindings,
}

/// Steps that looking for the claims of `condition` takes: one for each claim and each value it is
/// compared with.
pub(super) fn condition_cost(condition: &Condition, claims: usize, bindings: &Bindings) -> u64 {
    let for_each_claim = condition.tests.iter().fold(0_usize, |cost, test| {
        cost.saturating_add(match &test.operand {
            Operand::Literal(_) => 1,
            Operand::Bound { slot, .. } => bindings.bound(*slot).len(),
        })
    });
    u64::try_from(for_each_claim.saturating_mul(claims)).unwrap_or(u64::MAX)
}

pub(super) fn satisfies(condition: &Condition, claim: &Claim, scope: Scope<'_>) -> bool {
    condition.tests.iter().all(|test| test_holds(test, claim, scope))
}

/// Compares one property of `claim`. With a set of bound values `==` holds when it is one of them;
/// every other comparison has to hold with each of them.
pub(super) fn test_holds(test: &Test, claim: &Claim, scope: Scope<'_>) -> bool {
    let found = View::of(claim, test.property);
    match &test.operand {
        Operand::Literal(value) => holds(found, test.relation, View::of_value(value)),
        Operand::Bound { slot, property } => {
            let mut bound = scope
                .bindings
                .bound(*slot)
                .iter()
                .filter_map(|index| scope.claims.get(*index));
            let mut comparison = |other: &Claim| holds(found, test.relation, View::of(other, *property));
            if test.relation == Relation::Equal {
                bound.any(comparison)
            } else {
                bound.all(&mut comparison)
            }
        }
    }
}

/// The property as a value of its own.
pub(super) fn property_value(claim: &Claim, property: Property) -> Value {
    match property {
        Property::Type => Value::String(claim.claim_type.clone()),
        Property::Value => claim.value.clone(),
        Property::ValueType => Value::String(Arc::from(claim.value.value_type().name())),
        Property::Issuer => Value::String(Arc::from(claim.issuer.name())),
    }
}

/// A borrowed value.
#[derive(Clone, Copy)]
enum View<'a> {
    Boolean(bool),
    Integer(i64),
    Text(&'a str),
}

impl<'a> View<'a> {
    fn of(claim: &'a Claim, property: Property) -> Self {
        match property {
            Property::Type => Self::Text(&claim.claim_type),
            Property::Value => Self::of_value(&claim.value),
            Property::ValueType => Self::Text(claim.value.value_type().name()),
            Property::Issuer => Self::Text(claim.issuer.name()),
        }
    }

    fn of_value(value: &'a Value) -> Self {
        match value {
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::String(value) => Self::Text(value),
        }
    }
}

/// Values of different types are never in any relation, `!=` included, and only integers have an order.
fn holds(left: View<'_>, relation: Relation, right: View<'_>) -> bool {
    match (left, right) {
        (View::Integer(left), View::Integer(right)) => match relation {
            Relation::Equal => left == right,
            Relation::NotEqual => left != right,
            Relation::Less => left < right,
            Relation::LessOrEqual => left <= right,
            Relation::Greater => left > right,
            Relation::GreaterOrEqual => left >= right,
        },
        (View::Boolean(left), View::Boolean(right)) => equality(left == right, relation),
        (View::Text(left), View::Text(right)) => equality(left == right, relation),
        _ => false,
    }
}

const fn equality(equal: bool, relation: Relation) -> bool {
    match relation {
        Relation::Equal => equal,
        Relation::NotEqual => !equal,
        _ => false,
    }
}
