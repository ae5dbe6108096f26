//! When a claim satisfies a condition. Owns the meaning of the comparisons.

use std::cell::Cell;

use crate::claim::{Claim, Text, Value};
use crate::fuel::{Exceeded, Fuel};
use crate::functions::{self, Values};
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
    /// What the calls of the condition returned.
    pub(super) computed: &'a [Values],
    pub(super) text_left: &'a TextLeft,
}

impl<'a> Scope<'a> {
    pub(super) fn bound_claims(self, slot: usize) -> impl Iterator<Item = &'a Claim> {
        let bound = self.bindings.bound(slot).iter();
        bound.filter_map(move |index| self.claims.get(*index))
    }

    pub(super) fn computed(self, index: usize) -> &'a [Value] {
        self.computed
            .get(index)
            .map_or(&[], |computed| computed.values.as_slice())
    }

    /// Every value that `operand` stands for.
    pub(super) fn values(self, operand: &Operand, fuel: &mut Fuel<'_>) -> Result<Values, Exceeded> {
        match operand {
            Operand::Literal(value) => Ok(Values::one(value.unshared(), false)),
            Operand::Bound { slot, property } => functions::Scope::bound(&self, *slot, *property, fuel),
            Operand::Computed(index) => Ok(self.computed.get(*index).cloned().unwrap_or_default()),
        }
    }
}

impl functions::Scope for Scope<'_> {
    fn bound(&self, slot: usize, property: Property, fuel: &mut Fuel<'_>) -> Result<Values, Exceeded> {
        let mut values = Values::default();
        for claim in self.bound_claims(slot) {
            values.read_only |= is_read_only(claim, property);
            values.insert(property_value(claim, property), fuel)?;
        }
        Ok(values)
    }
}

/// Steps that looking for the claims of `condition` takes: one for each claim and each value it is
/// compared with.
pub(super) fn condition_cost(condition: &Condition, scope: Scope<'_>) -> u64 {
    let for_each_claim = condition.tests.iter().fold(0_usize, |cost, test| {
        cost.saturating_add(match &test.operand {
            Operand::Literal(_) => 1,
            Operand::Bound { slot, .. } => scope.bindings.bound(*slot).len(),
            Operand::Computed(index) => scope.computed(*index).len(),
        })
    });
    u64::try_from(for_each_claim.saturating_mul(scope.claims.len())).unwrap_or(u64::MAX)
}

pub(super) fn satisfies(condition: &Condition, claim: &Claim, scope: Scope<'_>) -> bool {
    condition.tests.iter().all(|test| test_holds(test, claim, scope))
}

/// Compares one property of `claim`. With a set of values `==` holds when it is one of them; every
/// other comparison has to hold with each of them. No comparison holds with an empty set.
pub(super) fn test_holds(test: &Test, claim: &Claim, scope: Scope<'_>) -> bool {
    let found = View::of(claim, test.property);
    let compare = |other| holds(found, test.relation, other, scope.text_left);
    match &test.operand {
        Operand::Literal(value) => compare(View::of_value(value)),
        Operand::Bound { slot, property } => {
            let bound = scope.bound_claims(*slot);
            with_set(
                test.relation,
                bound.map(|claim| compare(View::of(claim, *property))),
            )
        }
        Operand::Computed(index) => {
            let values = scope.computed(*index).iter();
            with_set(test.relation, values.map(|value| compare(View::of_value(value))))
        }
    }
}

fn with_set(relation: Relation, mut comparisons: impl Iterator<Item = bool>) -> bool {
    if relation == Relation::Equal {
        return comparisons.any(|holds| holds);
    }
    comparisons.next().is_some_and(|first| first) && comparisons.all(|holds| holds)
}

/// Whether the property is one that may not be issued.
pub(super) const fn is_read_only(claim: &Claim, property: Property) -> bool {
    let read_only = claim.read_only();
    match property {
        Property::Type => read_only.claim_type,
        Property::Value => read_only.value,
        Property::ValueType | Property::Issuer => false,
    }
}

/// The property as a value of its own.
pub(super) fn property_value(claim: &Claim, property: Property) -> Value {
    match property {
        Property::Type => Value::from(claim.claim_type.clone()),
        Property::Value => claim.value.clone(),
        Property::ValueType => Value::from(claim.value.value_type().name()),
        Property::Issuer => Value::from(claim.issuer.name()),
    }
}

/// A borrowed value.
#[derive(Clone, Copy)]
enum View<'a> {
    Boolean(bool),
    Integer(i64),
    Characters(&'a str),
    Text(&'a Text),
}

impl<'a> View<'a> {
    fn of(claim: &'a Claim, property: Property) -> Self {
        match property {
            Property::Type => Self::Characters(&claim.claim_type),
            Property::Value => Self::of_value(&claim.value),
            Property::ValueType => Self::Characters(claim.value.value_type().name()),
            Property::Issuer => Self::Characters(claim.issuer.name()),
        }
    }

    fn of_value(value: &'a Value) -> Self {
        match value {
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::String(value) => Self::Text(value),
        }
    }

    /// Bytes of text, without writing it; `None` for what is no text.
    fn text_length(self) -> Option<u64> {
        match self {
            Self::Characters(characters) => u64::try_from(characters.len()).ok(),
            Self::Text(text) => Some(text.text_length()),
            Self::Boolean(_) | Self::Integer(_) => None,
        }
    }

    fn characters(self) -> Option<&'a str> {
        match self {
            Self::Characters(characters) => Some(characters),
            Self::Text(text) => Some(text),
            Self::Boolean(_) | Self::Integer(_) => None,
        }
    }
}

/// Values of different types are never in any relation, `!=` included, and only integers have an order.
fn holds(left: View<'_>, relation: Relation, right: View<'_>, text_left: &TextLeft) -> bool {
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
        (left, right) => match (left.text_length(), right.text_length()) {
            // Text of another length is not looked at, and documents are not written for it.
            (Some(length), Some(other)) if length != other => equality(false, relation),
            (Some(length), Some(_)) => {
                text_left.pay(length) && equality(left.characters() == right.characters(), relation)
            }
            _ => false,
        },
    }
}

/// Bytes of long text that comparisons may still look at.
#[derive(Debug)]
pub(super) struct TextLeft {
    at_first: u64,
    /// `None` once there was not enough: then nothing that was compared since counts.
    left: Cell<Option<u64>>,
}

/// Bytes of text that are in the price of a comparison.
const SHORT_TEXT: u64 = 256;

impl TextLeft {
    pub(super) const fn new(bytes: u64) -> Self {
        Self {
            at_first: bytes,
            left: Cell::new(Some(bytes)),
        }
    }

    fn pay(&self, length: u64) -> bool {
        if length > SHORT_TEXT {
            let left = self.left.get().and_then(|left| left.checked_sub(length));
            self.left.set(left);
        }
        self.left.get().is_some()
    }

    /// What was compared, or more than there was: whoever compares pays it.
    pub(super) fn compared(&self) -> u64 {
        match self.left.get() {
            Some(left) => self.at_first.saturating_sub(left),
            None => u64::MAX,
        }
    }
}

const fn equality(equal: bool, relation: Relation) -> bool {
    match relation {
        Relation::Equal => equal,
        Relation::NotEqual => !equal,
        _ => false,
    }
}
