//! What an evaluation answers: the decision, the claims, and on request why. Plain data; must not
//! know how evaluation works.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::claim::{Claim, Value};
use crate::diagnostic::quotable;
use crate::program::{ActionKind, Function, Property, Relation, SectionKind};
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

/// How many unmet conditions of one rule a reason shows.
pub const MISSES_SHOWN: usize = 8;

/// Characters of a reason, and sentences of what would have to change.
const REASON_CHARACTERS: usize = 4096;
const CHANGES_SHOWN: usize = 16;

/// Characters of a text value that explanations show.
const TEXT_SHOWN: usize = 120;

impl fmt::Display for DenyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DenyRule { rule, matched } => {
                write!(f, "{rule} denies")?;
                for (index, claim) in matched.iter().take(CLAIMS_SHOWN).enumerate() {
                    let lead = if index == 0 { " because of" } else { "," };
                    let claim_type = quotable(&claim.claim_type);
                    write!(f, "{lead} `{claim_type}` = {}", Shown(&claim.value))?;
                }
                match matched.len().checked_sub(CLAIMS_SHOWN) {
                    Some(more @ 1..) => write!(f, " and {more} more claims"),
                    _ => Ok(()),
                }
            }
            Self::NoPermit { nearest: None } => f.write_str("no rule permits"),
            Self::NoPermit { nearest: Some(near) } => {
                let mut sentence = Shortened {
                    to: f,
                    left: REASON_CHARACTERS,
                };
                write!(sentence, "no rule permits; {} came nearest", near.rule)?;
                near.write_misses(&mut sentence)
            }
        }
    }
}

/// Passes on the beginning of a text.
struct Shortened<'f, 'a> {
    to: &'f mut fmt::Formatter<'a>,
    /// Characters that are still passed on.
    left: usize,
}

impl fmt::Write for Shortened<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.left == 0 {
            return Ok(());
        }
        let characters = text.chars().count();
        if let Some(left) = self.left.checked_sub(characters) {
            self.left = left;
            return self.to.write_str(text);
        }
        let end = text
            .char_indices()
            .nth(self.left)
            .map_or(text.len(), |(end, _)| end);
        self.left = 0;
        self.to.write_str(text.get(..end).unwrap_or_default())?;
        self.to.write_char('…')
    }
}

impl DenyReason {
    /// What would have to change for this reason to be gone, one sentence each: what the evidence or the
    /// policy would have to say instead. Claims that the policy makes are followed to the evidence they
    /// come from.
    ///
    /// ```
    /// use attestry_policy::{Claim, ClaimSet, Decision, Limits, Policy};
    ///
    /// let policy = Policy::compile(r#"version=1.0;
    /// authorizationrules{ [type=="x-ms-sgx-svn", value>=2] => permit(); };"#).unwrap();
    /// let claims = ClaimSet::from_iter([Claim::from_service("x-ms-sgx-svn", 1)]);
    /// let Decision::Deny(reason) = policy.evaluate(claims, &Limits::default()).unwrap().decision else {
    ///     panic!("permitted")
    /// };
    /// assert_eq!(reason.changes(), ["claim `x-ms-sgx-svn` has to have value >= 2; it has 1"]);
    /// ```
    pub fn changes(&self) -> Vec<String> {
        match self {
            Self::DenyRule { rule, matched } if matched.is_empty() => {
                vec![format!(
                    "{rule} must not apply: it asks for nothing, or for a claim to be absent that is"
                )]
            }
            Self::DenyRule { rule, matched } => matched
                .iter()
                .take(CLAIMS_SHOWN)
                .map(|claim| {
                    let (claim_type, value) = (quotable(&claim.claim_type), Shown(&claim.value));
                    format!("{rule} must not find claim `{claim_type}` with value {value}")
                })
                .collect(),
            Self::NoPermit { nearest: None } => vec!["the policy needs a rule that permits".to_owned()],
            Self::NoPermit { nearest: Some(near) } => {
                let mut changes = Vec::new();
                near.changes(&mut changes);
                changes
            }
        }
    }
}

/// A value as explanations show it: long text is cut.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => {
                let (shown, cut) = match text.char_indices().nth(TEXT_SHOWN) {
                    Some((end, _)) => (text.get(..end).unwrap_or_default(), "…"),
                    None => (&**text, ""),
                };
                // A line break in a value must not look like the end of a log's line.
                for character in Value::from(shown).to_string().chars() {
                    if character.is_control() {
                        write!(f, "{}", character.escape_default())?;
                    } else {
                        f.write_char(character)?;
                    }
                }
                f.write_str(cut)
            }
            value => value.fmt(f),
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

impl NearMiss {
    fn write_misses(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for (index, miss) in self.misses.iter().enumerate() {
            let lead = if index == 0 { ":" } else { ";" };
            write!(f, "{lead} {miss}")?;
        }
        Ok(())
    }

    fn changes(&self, changes: &mut Vec<String>) {
        for miss in &self.misses {
            if changes.len() >= CHANGES_SHOWN {
                return;
            }
            match &miss.because {
                Some(cause) if !cause.misses.is_empty() => cause.changes(changes),
                _ => changes.push(miss.change()),
            }
        }
    }
}

/// An unmet condition: the first comparison that failed for the claim that came nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Miss {
    /// The condition's number in its rule, from 1.
    pub condition: u32,
    /// Where the condition starts in the policy text.
    pub position: Position,
    /// Whether the condition is negated: it failed because there are such claims.
    pub negated: bool,
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
    /// For a claim that is missing because the rule that makes it did not fire: that rule.
    pub because: Option<Box<NearMiss>>,
}

impl Miss {
    fn change(&self) -> String {
        let claim = Subject(self);
        let (property, relation, expected) = (self.property, self.relation, Several(&self.expected));
        if self.negated && property == Property::Type {
            format!("{claim} has to be absent")
        } else if self.negated {
            format!("{claim} must not have {property} {relation} {expected}")
        } else if !self.found.is_empty() {
            let found = Several(&self.found);
            format!("{claim} has to have {property} {relation} {expected}; it has {found}")
        } else if property == Property::Type {
            format!("{claim} has to be there; there is no such claim")
        } else {
            format!("{claim} has to be there with {property} {relation} {expected}; there is no such claim")
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected ", Subject(self))?;
        let expected = Several(&self.expected);
        match (self.negated, self.property) {
            (true, Property::Type) => f.write_str("no such claim")?,
            (true, property) => write!(f, "none with {property} {} {expected}", self.relation)?,
            (false, property) => write!(f, "{property} {} {expected}", self.relation)?,
        }
        if self.found.is_empty() {
            f.write_str(", found no such claim")?;
        } else {
            write!(f, ", found {}", Several(&self.found))?;
        }
        if let Some(cause) = &self.because {
            write!(f, " ({} did not make it", cause.rule)?;
            cause.write_misses(f)?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// What a miss is about.
struct Subject<'a>(&'a Miss);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.claim_type {
            Some(claim_type) => write!(f, "claim `{}`", quotable(claim_type)),
            None => f.write_str("any claim"),
        }
    }
}

struct Several<'a>(&'a [Value]);

impl fmt::Display for Several<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no value");
        }
        for (index, value) in self.0.iter().enumerate() {
            let lead = if index == 0 { "" } else { " or " };
            write!(f, "{lead}{}", Shown(value))?;
        }
        Ok(())
    }
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
    /// The type of the claims that it makes, when the text names it.
    pub claim_type: Option<Arc<str>>,
    /// What its function calls returned, in the order in which they ended.
    pub calls: Vec<CallTrace>,
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

/// What a function call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallTrace {
    /// The function.
    pub function: Function,
    /// Where the call starts in the policy text.
    pub position: Position,
    /// The values, at most [`CLAIMS_SHOWN`]; none when a JSON `null` became no claim.
    pub returned: Vec<Value>,
}

impl fmt::Display for CallTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` returned ", self.function)?;
        if self.returned.is_empty() {
            return f.write_str("no value");
        }
        for (index, value) in self.returned.iter().enumerate() {
            let lead = if index == 0 { "" } else { ", " };
            write!(f, "{lead}{}", Shown(value))?;
        }
        Ok(())
    }
}
