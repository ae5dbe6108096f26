//! What the literal comparisons of one condition leave open: which claims could meet them. Knows the
//! meaning of comparisons; must not know which claims there are.

use crate::ast::{Condition, ExpressionKind, Test};
use crate::claim::{Issuer, Value, ValueType};
use crate::program::{Property, Relation};
use crate::source::Span;

/// How many values that a claim must not have are taken into account, so that a hostile condition with
/// thousands of them costs no more than its reading. Nobody writes as many.
const EXCLUSIONS: usize = 16;

/// The claims that meet the comparisons with literals. Comparisons with other claims and with results
/// of functions are left out of account: they can only make the claims fewer.
#[derive(Debug)]
pub(super) struct Constraint<'a> {
    /// The claim type that is asked for, and where.
    pub(super) claim_type: Option<(&'a str, Span)>,
    /// Whether there are comparisons that are left out of account.
    pub(super) is_incomplete: bool,
    other_types: Vec<&'a str>,
    issuers: Vec<Issuer>,
    value_types: Vec<ValueType>,
    booleans: Vec<bool>,
    /// The least and the greatest integer.
    range: (i64, i64),
    other_integers: Vec<i64>,
    text: Option<&'a str>,
    other_texts: Vec<&'a str>,
}

impl<'a> Constraint<'a> {
    /// The constraint of `condition`, or where the comparison stands with which no claim is left.
    pub(super) fn of(condition: &'a Condition<'_>) -> Result<Self, Span> {
        let mut constraint = Self {
            claim_type: None,
            is_incomplete: false,
            other_types: Vec::new(),
            issuers: Issuer::ALL.to_vec(),
            value_types: ValueType::ALL.to_vec(),
            booleans: vec![false, true],
            range: (i64::MIN, i64::MAX),
            other_integers: Vec::new(),
            text: None,
            other_texts: Vec::new(),
        };
        for test in &condition.tests {
            if !constraint.narrow(test) {
                return Err(test.span);
            }
        }
        Ok(constraint)
    }

    pub(super) fn allows_issuer(&self, issuer: Issuer) -> bool {
        self.issuers.contains(&issuer)
    }

    pub(super) fn allows_value_type(&self, value_type: ValueType) -> bool {
        self.value_types.contains(&value_type)
    }

    /// Whether an integer from 0 to `maximum` meets the comparisons.
    pub(super) fn allows_integer_up_to(&self, maximum: i64) -> bool {
        let (least, greatest) = self.range;
        least <= maximum && greatest >= 0
    }

    /// Whether a claim of type `claim_type` with that value and issuer meets every comparison that is
    /// taken into account.
    pub(super) fn admits(&self, claim_type: &str, value: &Value, issuer: Issuer) -> bool {
        self.claim_type.is_none_or(|(wanted, _)| wanted == claim_type)
            && !self.other_types.contains(&claim_type)
            && self.allows_issuer(issuer)
            && self.allows_value_type(value.value_type())
            && match value {
                Value::Boolean(value) => self.booleans.contains(value),
                Value::Integer(value) => {
                    let (least, greatest) = self.range;
                    (least..=greatest).contains(value) && !self.other_integers.contains(value)
                }
                Value::String(value) => {
                    let value: &str = value;
                    self.text.is_none_or(|text| text == value) && !self.other_texts.contains(&value)
                }
            }
    }

    /// Takes one more comparison into account; says whether any claim is left.
    fn narrow(&mut self, test: &'a Test<'_>) -> bool {
        let ExpressionKind::Literal(literal) = &test.operand.kind else {
            self.is_incomplete = true;
            return true;
        };
        match (test.property, literal) {
            (Property::Type, Value::String(name)) => self.narrow_type(name, test),
            (Property::Issuer, Value::String(name)) => {
                narrow_names(&mut self.issuers, test.relation, name, Issuer::name);
            }
            (Property::ValueType, Value::String(name)) => {
                narrow_names(&mut self.value_types, test.relation, name, ValueType::name);
            }
            (Property::Value, literal) => self.narrow_value(literal, test.relation),
            // The checker refuses it.
            _ => {}
        }
        self.is_satisfiable()
    }

    fn narrow_type(&mut self, name: &'a str, test: &Test<'_>) {
        match (test.relation, self.claim_type) {
            (Relation::Equal, None) => self.claim_type = Some((name, test.operand.span)),
            (Relation::Equal, Some((wanted, _))) if wanted != name => self.issuers.clear(),
            (Relation::NotEqual, _) if self.other_types.len() < EXCLUSIONS => self.other_types.push(name),
            (Relation::NotEqual, _) => self.is_incomplete = true,
            _ => {}
        }
    }

    /// A comparison with a value is met by values of its type only, `!=` included.
    fn narrow_value(&mut self, literal: &'a Value, relation: Relation) {
        let value_type = literal.value_type();
        self.value_types.retain(|allowed| *allowed == value_type);
        match literal {
            Value::Boolean(value) => self
                .booleans
                .retain(|allowed| (allowed == value) == (relation == Relation::Equal)),
            Value::Integer(value) => self.narrow_integer(*value, relation),
            Value::String(text) if relation == Relation::Equal => {
                let text: &str = text;
                match self.text {
                    Some(before) if before != text => self.value_types.clear(),
                    _ => self.text = Some(text),
                }
            }
            Value::String(text) if self.other_texts.len() < EXCLUSIONS => self.other_texts.push(text),
            Value::String(_) => self.is_incomplete = true,
        }
    }

    fn narrow_integer(&mut self, value: i64, relation: Relation) {
        let (least, greatest) = self.range;
        // An empty range: greater than the greatest integer, less than the least.
        let above = value
            .checked_add(1)
            .map_or((1, 0), |next| (least.max(next), greatest));
        let below = value
            .checked_sub(1)
            .map_or((1, 0), |last| (least, greatest.min(last)));
        self.range = match relation {
            Relation::Equal => (least.max(value), greatest.min(value)),
            Relation::NotEqual => {
                if self.other_integers.len() < EXCLUSIONS {
                    self.other_integers.push(value);
                } else {
                    self.is_incomplete = true;
                }
                (least, greatest)
            }
            Relation::Less => below,
            Relation::LessOrEqual => (least, greatest.min(value)),
            Relation::Greater => above,
            Relation::GreaterOrEqual => (least.max(value), greatest),
        };
    }

    fn is_satisfiable(&self) -> bool {
        let has_type = self
            .claim_type
            .is_none_or(|(wanted, _)| !self.other_types.contains(&wanted));
        has_type
            && !self.issuers.is_empty()
            && self.value_types.iter().any(|value_type| match value_type {
                ValueType::Boolean => !self.booleans.is_empty(),
                ValueType::Integer => self.has_integer(),
                ValueType::String => self.text.is_none_or(|text| !self.other_texts.contains(&text)),
            })
    }

    /// Whether the range has an integer that is not excluded, of which there are few.
    fn has_integer(&self) -> bool {
        let (least, greatest) = self.range;
        let mut candidate = least;
        while candidate <= greatest {
            if !self.other_integers.contains(&candidate) {
                return true;
            }
            let Some(next) = candidate.checked_add(1) else {
                return false;
            };
            candidate = next;
        }
        false
    }
}

/// Narrows the issuers or value types. A name that none has is the checker's to report.
fn narrow_names<T: Copy>(
    allowed: &mut Vec<T>,
    relation: Relation,
    name: &str,
    name_of: fn(T) -> &'static str,
) {
    let is_known = allowed.iter().any(|one| name_of(*one) == name);
    match relation {
        Relation::Equal if is_known || KNOWN_NAMES.contains(&name) => {
            allowed.retain(|one| name_of(*one) == name);
        }
        Relation::NotEqual => allowed.retain(|one| name_of(*one) != name),
        _ => {}
    }
}

const KNOWN_NAMES: [&str; 6] = [
    "AttestationService",
    "AttestationPolicy",
    "CustomClaim",
    "String",
    "Integer",
    "Boolean",
];
