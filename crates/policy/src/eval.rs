//! Running a program over claims. Owns the order of evaluation; what rules do is in [`act`], comparison
//! in [`matching`], explanation in [`explain`]. Pure: the same claims give the same outcome.

use thiserror::Error;

use crate::claim::{Claim, ClaimSet, ValueType};
use crate::configuration::{ConfigurationError, check_setting};
use crate::fuel::Exceeded;
use crate::functions::{CallError, Caller, FunctionError, Values};
use crate::limits::{Limit, Limits};
use crate::outcome::{Decision, DenyReason, Outcome, RuleLocation};
use crate::program::{Call, Condition, Function, Program, Rule, SectionKind};
use explain::Tracer;
use matching::{Bindings, Scope, TextLeft, condition_cost, satisfies};

mod act;
mod explain;
mod matching;
#[cfg(test)]
mod tests;

/// Why an evaluation ended without a decision.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A budget was not enough.
    #[error("the evaluation needs {found} {limit}, at most {allowed} are allowed")]
    LimitExceeded {
        /// Which budget.
        limit: Limit,
        /// Its size.
        allowed: u64,
        /// What would have been needed to go on.
        found: u64,
    },
    /// The `type` of a claim to be made comes from a claim's value that is not text.
    #[error("{rule} makes a claim whose type is of type {found}")]
    ClaimTypeNotText {
        /// The rule.
        rule: RuleLocation,
        /// The type of the value.
        found: ValueType,
    },
    /// The `type` of a claim to be made has several different values, or is empty text.
    #[error("{rule} makes a claim whose type is not one name")]
    ClaimTypeNotOneName {
        /// The rule.
        rule: RuleLocation,
    },
    /// The `valueType` of a claim to be made does not agree with its value.
    #[error("{rule} makes a claim whose value has type {found}, which is not its `valueType`")]
    ValueTypeMismatch {
        /// The rule.
        rule: RuleLocation,
        /// The type of the value.
        found: ValueType,
    },
    /// A function has no result for its arguments.
    #[error("{rule} cannot be evaluated: {error}")]
    Function {
        /// The rule.
        rule: RuleLocation,
        /// What was wrong with the call.
        error: FunctionError,
    },
    /// A rule issues what policies may only look at.
    #[error("{rule} issues what is read-only, or derived from it")]
    ReadOnly {
        /// The rule.
        rule: RuleLocation,
    },
    /// The type of a claim to be made is too long.
    #[error("{rule} makes a claim whose type has {found} bytes, at most {allowed} are allowed")]
    ClaimTypeTooLong {
        /// The rule.
        rule: RuleLocation,
        /// Bytes that are allowed.
        allowed: u32,
        /// Bytes of the type.
        found: u64,
    },
    /// A configuration rule issues what no verification can honour.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

impl From<Exceeded> for EvaluationError {
    fn from(exceeded: Exceeded) -> Self {
        Self::LimitExceeded {
            limit: exceeded.limit,
            allowed: exceeded.allowed,
            found: exceeded.found,
        }
    }
}

pub(crate) fn configuration(program: &Program, limits: &Limits) -> Result<Vec<Claim>, EvaluationError> {
    let mut machine = Machine::new(ClaimSet::new(), limits, None);
    machine.run(SectionKind::Configuration, &program.configuration)?;
    for setting in &machine.properties {
        check_setting(&setting.claim_type, &setting.value)?;
    }
    Ok(machine.properties.into_vec())
}

pub(crate) fn evaluate(
    program: &Program,
    incoming: ClaimSet,
    limits: &Limits,
) -> Result<Outcome, EvaluationError> {
    let from_evidence = incoming.len();
    let mut machine = Machine::new(incoming, limits, None);
    let permitted = machine.authorize_and_issue(program)?;
    let denied = (!permitted).then(|| {
        // Refusals are rare, so the reason is found by a second, traced run instead of keeping book.
        let mut again = machine.incoming.clone();
        again.truncate(from_evidence);
        denial(program, again, limits)
    });
    Ok(machine.outcome(denied))
}

pub(crate) fn evaluate_traced(
    program: &Program,
    incoming: ClaimSet,
    limits: &Limits,
) -> Result<Outcome, EvaluationError> {
    let mut machine = Machine::new(incoming, limits, Some(Tracer::new(limits)));
    let permitted = machine.authorize_and_issue(program)?;
    let denied = if permitted {
        None
    } else {
        machine.tracer.as_ref().map(Tracer::deny_reason)
    };
    Ok(machine.outcome(denied))
}

fn denial(program: &Program, incoming: ClaimSet, limits: &Limits) -> DenyReason {
    let mut machine = Machine::new(incoming, limits, Some(Tracer::new(limits)));
    // The same rules over the same claims ended without an error a moment ago.
    let ended = machine.run(SectionKind::Authorization, &program.authorization);
    match (ended, machine.tracer) {
        (Ok(()), Some(tracer)) => tracer.deny_reason(),
        _ => DenyReason::NoPermit { nearest: None },
    }
}

struct Machine<'l> {
    caller: Caller<'l>,
    incoming: ClaimSet,
    outgoing: ClaimSet,
    properties: ClaimSet,
    permitted: bool,
    denied: bool,
    bindings: Bindings,
    /// What the calls of the condition or the claim at hand returned.
    computed: Vec<Values>,
    /// The claims of the condition at hand; kept for its memory.
    found: Vec<usize>,
    tracer: Option<Tracer<'l>>,
}

impl<'l> Machine<'l> {
    fn new(incoming: ClaimSet, limits: &'l Limits, tracer: Option<Tracer<'l>>) -> Self {
        Self {
            caller: Caller::new(limits),
            incoming,
            outgoing: ClaimSet::new(),
            properties: ClaimSet::new(),
            permitted: false,
            denied: false,
            bindings: Bindings::default(),
            computed: Vec::new(),
            found: Vec::new(),
            tracer,
        }
    }

    /// Whether the claims are permitted; if so, the issuance rules have run.
    fn authorize_and_issue(&mut self, program: &Program) -> Result<bool, EvaluationError> {
        self.check_claims()?;
        self.incoming.reserve(program.issuance.len().min(CLAIMS_EXPECTED));
        self.run(SectionKind::Authorization, &program.authorization)?;
        // A deny overrides every permit, before and after it (MAA documentation, "policy actions").
        let permitted = self.permitted && !self.denied;
        if permitted {
            self.run(SectionKind::Issuance, &program.issuance)?;
            self.check_issued()?;
        }
        Ok(permitted)
    }

    fn outcome(self, denied: Option<DenyReason>) -> Outcome {
        Outcome {
            decision: denied.map_or(Decision::Permit, Decision::Deny),
            incoming: self.incoming.into_vec(),
            outgoing: self.outgoing.into_vec(),
            properties: self.properties.into_vec(),
            trace: self.tracer.map(Tracer::into_trace),
        }
    }

    fn run(&mut self, section: SectionKind, rules: &[Rule]) -> Result<(), EvaluationError> {
        for (number, rule) in (1..).zip(rules) {
            self.rule(
                rule,
                RuleLocation {
                    section,
                    number,
                    position: rule.position,
                },
            )?;
        }
        Ok(())
    }

    fn rule(&mut self, rule: &Rule, location: RuleLocation) -> Result<(), EvaluationError> {
        let claims_before = self.incoming.len();
        let fires = self.conditions_hold(rule, location)?;
        if fires {
            self.act(&rule.action, location)?;
        }
        if let Some(tracer) = &mut self.tracer {
            let added = self.incoming.len().saturating_sub(claims_before);
            let seen = self.incoming.as_slice().get(..claims_before).unwrap_or_default();
            tracer.record(rule, location, seen, fires.then_some(added));
        }
        Ok(())
    }

    fn conditions_hold(&mut self, rule: &Rule, location: RuleLocation) -> Result<bool, EvaluationError> {
        self.caller.fuel.spend(1)?;
        self.bindings.clear();
        for condition in &rule.conditions {
            self.compute(&condition.calls, location)?;
            self.find(condition)?;
            if condition.is_bound {
                self.bindings.push(&self.found);
            }
            if self.found.is_empty() != condition.is_negated {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts the claims that satisfy the condition into `found`; when nobody asks which, the first is enough.
    fn find(&mut self, condition: &Condition) -> Result<(), EvaluationError> {
        let fuel = &mut self.caller.fuel;
        let text_left = TextLeft::new(fuel.text_left());
        let scope = Scope {
            claims: self.incoming.as_slice(),
            bindings: &self.bindings,
            computed: &self.computed,
            text_left: &text_left,
        };
        fuel.spend(condition_cost(condition, scope))?;
        self.found.clear();
        for (index, claim) in (0..).zip(scope.claims) {
            if condition
                .claim_type
                .as_deref()
                .is_some_and(|claim_type| *claim_type != *claim.claim_type)
            {
                continue;
            }
            let satisfied = satisfies(condition, claim, scope);
            if text_left.compared() == u64::MAX {
                break;
            }
            if satisfied {
                self.found.push(index);
                if !condition.is_bound {
                    break;
                }
            }
        }
        // Without enough for the text this is an error, and what was found does not count.
        Ok(fuel.spend_reading(text_left.compared())?)
    }

    /// Makes calls, whose results the operands then refer to.
    fn compute(&mut self, calls: &[Call], rule: RuleLocation) -> Result<(), EvaluationError> {
        self.computed.clear();
        for call in calls {
            let scope = Scope {
                claims: self.incoming.as_slice(),
                bindings: &self.bindings,
                computed: &[],
                text_left: &TextLeft::new(0),
            };
            let returned = self.caller.call(call, &scope).map_err(|error| match error {
                CallError::Function(error) => EvaluationError::Function { rule, error },
                CallError::Limit(exceeded) => exceeded.into(),
            })?;
            // Results live as long as their condition or claim. Appended text is paid for already.
            if call.function != Function::AppendString {
                self.caller.fuel.spend_text(returned.text_length())?;
            }
            self.computed.push(returned);
        }
        Ok(())
    }
}

/// Room for claims that a policy makes, made at once.
const CLAIMS_EXPECTED: usize = 64;
