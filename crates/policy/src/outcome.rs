//! What an evaluation answers: the decision, the claims, and on request why. Plain data; must not
//! know how evaluation works.

use std::fmt;
use std::sync::Arc;

use crate::claim::{Claim, Value};
use crate::program::{ActionKind, Property, Relation, SectionKind};
use crate::source::Position;

/// MAA's words for a refusal by policy, also when no rule permitted (error code
/// `PolicyEvaluationError`).
pub const DENY_MESSAGE: &str = "Policy Engine Exception: A Deny claim was issued, authorization failed.";

/// The result of evaluating a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Whether the evidence is accepted.
    pub decision: Decision,
    /// The incoming claims followed by what the policy added.
    pub incoming: Vec<Claim>,
    /// Claims for the token, in the order of issue; empty when denied.
    pub outgoing: Vec<Claim>,
    /// Properties of the token (`issueproperty`); empty when denied.
    pub properties: Vec<Claim>,
    /// What each rule did; present only when asked for.
    pub trace: Option<Trace>,
}

/// The policy's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A `permit()` fired and no `deny()` did.
    Permit,
    /// Refused, and why.
    Deny(DenyReason),
}

impl Decision {
    /// Whether this is [`Decision::Permit`].
    pub const fn is_permit(&self) -> bool {
        matches!(self, Self::Permit)
    }
}

/// Why a policy refused. `Display` is one sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenyReason {
    /// A rule with `deny()` fired.
    DenyRule {
        /// The first such rule.
        rule: RuleLocation,
        /// The claims that made it fire, at most [`CLAIMS_SHOWN`] for each condition.
        matched: Vec<Claim>,
    },
    /// No rule with `permit()` fired.
    NoPermit {
        /// The rule that came nearest to permitting, when the policy has one.
        nearest: Option<NearMiss>,
    },
}

/// How many claims or values of one condition are shown in explanations.
pub const CLAIMS_SHOWN: usize = 8;

impl fmt::Display for DenyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DenyRule { rule, matched } => {
                write!(f, "{rule} denies")?;
                for (index, claim) in matched.iter().enumerate() {
                    let lead = if index == 0 { " because of" } else { "," };
                    write!(f, "{lead} `{}` = {}", claim.claim_type, claim.value)?;
                }
                Ok(())
            }
            Self::NoPermit { nearest: None } => f.write_str("no rule permits"),
            Self::NoPermit { nearest: Some(near) } => {
                write!(f, "no rule permits; {} came nearest", near.rule)?;
                for (index, miss) in near.misses.iter().enumerate() {
                    let lead = if index == 0 { ":" } else { ";" };
                    write!(f, "{lead} {miss}")?;
                }
                Ok(())
            }
        }
    }
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleLocation {
    /// The section.
    pub section: SectionKind,
    /// The rule's number in its section, from 1.
    pub number: u32,
    /// Where it starts in the policy text.
    pub position: Position,
}

impl fmt::Display for RuleLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rule {} of `{}` (line {})",
            self.number, self.section, self.position.line
        )
    }
}

/// A rule that did not fire, and what kept it from firing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The rule.
    pub rule: RuleLocation,
    /// One entry for each unmet condition whose operands were known.
    pub misses: Vec<Miss>,
}

/// An unmet condition: the first comparison that failed for the claim that came nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Miss {
    /// The condition's number in its rule, from 1.
    pub condition: u32,
    /// Where the condition starts in the policy text.
    pub position: Position,
    /// The claim type that the condition asks for, when it names one.
    pub claim_type: Option<Arc<str>>,
    /// The property that was compared.
    pub property: Property,
    /// The comparison.
    pub relation: Relation,
    /// The values it was compared with; several when they come from a claim with several values.
    pub expected: Vec<Value>,
    /// What the nearest claims have there; empty when no claim has the type.
    pub found: Vec<Value>,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.claim_type {
            Some(claim_type) => write!(f, "claim `{claim_type}`: ")?,
            None => f.write_str("any claim: ")?,
        }
        write!(f, "expected {} {} ", self.property, self.relation)?;
        write_values(f, &self.expected)?;
        f.write_str(", found ")?;
        if self.found.is_empty() {
            f.write_str("no such claim")
        } else {
            write_values(f, &self.found)
        }
    }
}

fn write_values(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        let lead = if index == 0 { "" } else { " or " };
        write!(f, "{lead}{value}")?;
    }
    Ok(())
}

/// What each rule did, in the order of evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// The rules that were evaluated.
    pub rules: Vec<RuleTrace>,
    /// Whether explaining met its own step limit, so that later rules lack their misses.
    pub truncated: bool,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleLocation,
    /// Its action.
    pub action: ActionKind,
    /// Whether it fired, and why or why not.
    pub effect: RuleEffect,
}

/// Whether a rule fired.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleEffect {
    /// All conditions held.
    Fired {
        /// The claims that satisfied the conditions, at most [`CLAIMS_SHOWN`] for each condition.
        matched: Vec<Claim>,
        /// How many claims the action added that were not there before.
        added: u32,
    },
    /// Some condition did not hold.
    Missed {
        /// One entry for each unmet condition whose operands were known.
        misses: Vec<Miss>,
        /// How many conditions did not hold, those with unknown operands included.
        unmet: u32,
    },
}
