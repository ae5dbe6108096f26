//! What a release policy says of a token, and why. It owns the meaning of the conditions:
//!
//! - An authority speaks about tokens of its own only: `authority` and the claim `iss` are the same text, one slash at the end
//!   of either left aside, because published policies write issuers with it and tokens without.
//! - A condition on a claim that is not there is not met, whichever the operator ("If a specified claim isn't present, its
//!   condition is considered to haven't been met"). `exists` alone asks for just that, and `"exists": false` is met by absence.
//! - Values are compared with values of their type: text byte by byte, numbers as exact decimal numbers, booleans with
//!   booleans or with the texts `true` and `false`, as published policies write them. A value of another type, an object or
//!   an array meets no comparison, `notEquals` included: a policy that excludes a value must not be met by the same value in
//!   another dress. Booleans have no order.
//! - A dot leads from an object to its member. A name with a dot in it cannot be reached, and neither can what is in an array.

use std::cmp::Ordering;
use std::fmt::{self, Display};

use attestry_api::claim;
use attestry_api::json::{compare_numbers, shown, shown_within};
use attestry_api::jwt::ValidatedToken;
use serde::Serialize;
use serde_json::{Map, Value};

use super::policy::{
    Authority, ClaimCondition, Condition, Group, GroupKind, Literal, Operator, ReleasePolicy, Test,
};

/// Why a token is not even looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A draft token, which anybody can have written.
    #[error("the token is not signed, it releases nothing")]
    Unsigned,
    /// The token does not say who issued it.
    #[error("the claim `iss` is missing or not a string")]
    NoIssuer,
}

/// What a policy says of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    released: bool,
    issuer: String,
    authorities: Vec<AuthorityEvaluation>,
}

/// What one authority of a policy says of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuthorityEvaluation {
    /// Where it stands in the policy, for example `anyOf[0]`.
    pub place: String,
    /// The issuer it is about, as it stands in the policy.
    pub authority: String,
    /// Whether the token is by that issuer; else its conditions are not looked at.
    pub is_issuer: bool,
    /// Whether it releases the key.
    pub released: bool,
    /// The conditions that stand in the way; empty when there are none, or when the issuer is another.
    pub unmet: Vec<UnmetCondition>,
}

/// A condition that a token does not meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnmetCondition {
    /// Where it stands in the policy, for example `anyOf[0].allOf[2]`.
    pub place: String,
    /// The claim's path.
    pub claim: String,
    /// Name of the operator.
    pub operator: &'static str,
    /// The value in the policy.
    pub expected: Value,
    /// The claim's value; null when there is none, or none that can be compared.
    pub found: Value,
    /// The same as a sentence.
    pub message: String,
}

impl ReleasePolicy {
    /// What the policy says of a validated token. The keys that the token was validated with must be those of the issuer it
    /// names: only then is `iss` more than a claim among others.
    pub fn evaluate(&self, token: &ValidatedToken) -> Result<Evaluation, EvaluationError> {
        if !token.is_signed() {
            return Err(EvaluationError::Unsigned);
        }
        let issuer = token.claims().get(claim::ISS).and_then(Value::as_str);
        let issuer = issuer.ok_or(EvaluationError::NoIssuer)?;
        let authorities: Vec<_> = self
            .authorities
            .iter()
            .map(|authority| authority.evaluate(issuer, token.claims()))
            .collect();
        Ok(Evaluation {
            released: authorities.iter().any(|authority| authority.released),
            issuer: issuer.to_owned(),
            authorities,
        })
    }

    /// Whether the policy has an authority for this issuer.
    pub fn names_issuer(&self, issuer: &str) -> bool {
        self.issuers().any(|authority| same_issuer(authority, issuer))
    }
}

impl Evaluation {
    /// Whether the key may be released.
    pub fn is_released(&self) -> bool {
        self.released
    }

    /// The token's issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What each authority of the policy says, in its order.
    pub fn authorities(&self) -> &[AuthorityEvaluation] {
        &self.authorities
    }

    /// The first authority that releases the key.
    pub fn releasing_authority(&self) -> Option<&AuthorityEvaluation> {
        self.authorities.iter().find(|authority| authority.released)
    }

    /// The conditions that stand in the way, of all authorities for the token's issuer.
    pub fn unmet(&self) -> impl Iterator<Item = &UnmetCondition> {
        self.authorities
            .iter()
            .filter(|_| !self.released)
            .flat_map(|authority| &authority.unmet)
    }
}

/// The decision in one line.
impl Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(authority) = self.releasing_authority() {
            return write!(f, "released by `{}`", shown(&authority.authority));
        }
        if !self.authorities.iter().any(|authority| authority.is_issuer) {
            let issuer = shown(&self.issuer);
            return write!(
                f,
                "the token's issuer `{issuer}` is no authority of the release policy"
            );
        }
        f.write_str("the release policy is not met: ")?;
        for (index, condition) in self.unmet().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}", condition.message)?;
        }
        Ok(())
    }
}

impl Authority {
    fn evaluate(&self, issuer: &str, claims: &Map<String, Value>) -> AuthorityEvaluation {
        let is_issuer = same_issuer(&self.issuer, issuer);
        let mut unmet = Vec::new();
        let released = is_issuer && self.conditions.is_met(claims, &mut unmet);
        AuthorityEvaluation {
            place: self.place.clone(),
            authority: self.issuer.clone(),
            is_issuer,
            released,
            unmet,
        }
    }
}

fn same_issuer(authority: &str, issuer: &str) -> bool {
    let plain = |text| str::strip_suffix(text, "/").unwrap_or(text);
    plain(authority) == plain(issuer)
}

impl Group {
    /// Adds what is not met to `unmet`, and nothing when the group is met.
    fn is_met(&self, claims: &Map<String, Value>, unmet: &mut Vec<UnmetCondition>) -> bool {
        let mut own = Vec::new();
        let met = |condition: &Condition| match condition {
            Condition::Group(group) => group.is_met(claims, &mut own),
            Condition::Claim(condition) => {
                let found = condition.unmet_by(claims);
                let met = found.is_none();
                own.extend(found);
                met
            }
        };
        // Every member is looked at, so that all that is wrong is told at once.
        let members: Vec<bool> = self.members.iter().map(met).collect();
        let met = match self.kind {
            GroupKind::All => !members.contains(&false),
            GroupKind::Any => members.contains(&true),
        };
        if !met {
            unmet.append(&mut own);
        }
        met
    }
}

impl ClaimCondition {
    /// What stands in the way, if anything does.
    fn unmet_by(&self, claims: &Map<String, Value>) -> Option<UnmetCondition> {
        let found = find(&self.claim, claims);
        let met = match &self.test {
            Test::Exists(present) => found.is_ok() == *present,
            Test::Compare(operator, literal) => {
                found.is_ok_and(|value| Relation::between(value, literal).satisfies(*operator))
            }
        };
        (!met).then(|| self.unmet(found))
    }

    fn unmet(&self, found: Result<&Value, Unreachable>) -> UnmetCondition {
        let (claim, operator, expected) = (shown(&self.claim), self.test.operator(), self.test.expected());
        let message = match (&self.test, found) {
            (Test::Exists(_), Ok(_)) => format!("the claim `{claim}` is there, and must not be"),
            (Test::Compare(_, literal), Ok(value)) => format!(
                "the claim `{claim}` is {}, it must {} {}{}",
                named(value),
                operator.demand(),
                named(&expected),
                match Relation::between(value, literal) {
                    Relation::None => "; such values are not compared",
                    Relation::Same(_) if operator.is_order() => "; booleans have no order",
                    Relation::Same(_) | Relation::Order(_) => "",
                }
            ),
            (_, Err(Unreachable::Missing { name })) if name == self.claim => {
                format!("the claim `{claim}` is missing")
            }
            (_, Err(Unreachable::Missing { name })) => {
                format!("the claim `{claim}` is missing: there is no `{}`", shown(name))
            }
            (_, Err(Unreachable::NotAnObject { name, value })) => format!(
                "the claim `{claim}` is missing: `{}` is {}, not an object",
                shown(name),
                named(value)
            ),
        };
        UnmetCondition {
            place: self.place.clone(),
            claim: self.claim.clone(),
            operator: operator.as_str(),
            expected,
            found: found
                .ok()
                .filter(|value| is_plain(value))
                .cloned()
                .unwrap_or_default(),
            message,
        }
    }
}

/// Where the path to a claim ends before the claim.
#[derive(Clone, Copy)]
enum Unreachable<'a> {
    /// Up to this name, which is the first that is not there.
    Missing { name: &'a str },
    /// At something that has no members.
    NotAnObject { name: &'a str, value: &'a Value },
}

/// Follows a path of names with dots between them from object to object.
fn find<'a>(path: &'a str, claims: &'a Map<String, Value>) -> Result<&'a Value, Unreachable<'a>> {
    let mut members = claims;
    let mut walked = 0_usize;
    loop {
        let rest = path.get(walked..).unwrap_or_default();
        let name = rest.split('.').next().unwrap_or_default();
        let end = walked.saturating_add(name.len());
        let so_far = path.get(..end).unwrap_or_default();
        let value = members.get(name).ok_or(Unreachable::Missing { name: so_far })?;
        if end >= path.len() {
            return Ok(value);
        }
        members = value
            .as_object()
            .ok_or(Unreachable::NotAnObject { name: so_far, value })?;
        walked = end.saturating_add(1);
    }
}

/// How a claim's value relates to a value in a policy.
enum Relation {
    /// They have an order.
    Order(Ordering),
    /// They are the same or not, and neither is less.
    Same(bool),
    /// They are of different types.
    None,
}

impl Relation {
    fn between(found: &Value, expected: &Literal) -> Self {
        match (found, expected) {
            (Value::String(found), Literal::Text(expected)) => Self::Order(found.cmp(expected)),
            (Value::Number(found), Literal::Number(expected)) => {
                compare_numbers(found, expected).map_or(Self::None, Self::Order)
            }
            (Value::Bool(found), Literal::Boolean(expected)) => Self::Same(found == expected),
            (Value::Bool(found), Literal::Text(text)) | (Value::String(text), Literal::Boolean(found)) => {
                text.parse()
                    .map_or(Self::None, |value: bool| Self::Same(value == *found))
            }
            _ => Self::None,
        }
    }

    fn satisfies(&self, operator: Operator) -> bool {
        match (self, operator) {
            (Self::Same(same), Operator::Equals) => *same,
            (Self::Same(same), Operator::NotEquals) => !*same,
            (Self::None | Self::Same(_), _) | (_, Operator::Exists) => false,
            (Self::Order(order), Operator::Equals) => order.is_eq(),
            (Self::Order(order), Operator::NotEquals) => order.is_ne(),
            (Self::Order(order), Operator::Less) => order.is_lt(),
            (Self::Order(order), Operator::LessOrEquals) => order.is_le(),
            (Self::Order(order), Operator::Greater) => order.is_gt(),
            (Self::Order(order), Operator::GreaterOrEquals) => order.is_ge(),
        }
    }
}

impl Operator {
    /// What a claim must do, in a sentence.
    fn demand(self) -> &'static str {
        match self {
            Self::Equals => "equal",
            Self::NotEquals => "not equal",
            Self::Less => "be less than",
            Self::LessOrEquals => "be at most",
            Self::Greater => "be greater than",
            Self::GreaterOrEquals => "be at least",
            Self::Exists => "be",
        }
    }

    fn is_order(self) -> bool {
        !matches!(self, Self::Equals | Self::NotEquals | Self::Exists)
    }
}

fn is_plain(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

/// A value in a sentence.
fn named(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", shown_within(text, LONGEST_VALUE)),
        Value::Number(number) => format!("the number {number}"),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Characters of a value in a message: a SHA-512 in hexadecimal.
const LONGEST_VALUE: usize = 128;

#[cfg(test)]
mod tests;
