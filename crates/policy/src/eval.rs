//! Running a program over claims. Owns the order of evaluation, the effects of actions and the
//! budgets; comparison is in [`matching`], explanation in [`explain`]. Pure: the same claims give the
//! same outcome.

use std::sync::Arc;

use thiserror::Error;

use crate::claim::{Claim, ClaimSet, Issuer, Value, ValueType};
use crate::configuration::{ConfigurationError, check_setting};
use crate::limits::{Limit, Limits};
use crate::outcome::{Decision, DenyReason, Outcome, RuleLocation};
use crate::program::{Action, ClaimAction, Operand, Program, Rule, SectionKind, Template};
use explain::Tracer;
use matching::{Bindings, Scope, condition_cost, property_value, satisfies};

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
    /// A configuration rule issues what no verification can honour.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
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
    limits: &'l Limits,
    steps: u64,
    incoming: ClaimSet,
    outgoing: ClaimSet,
    properties: ClaimSet,
    permitted: bool,
    denied: bool,
    bindings: Bindings,
    /// The claims of the condition at hand; kept for its memory.
    found: Vec<usize>,
    tracer: Option<Tracer>,
}

impl<'l> Machine<'l> {
    fn new(incoming: ClaimSet, limits: &'l Limits, tracer: Option<Tracer>) -> Self {
        Self {
            limits,
            steps: 0,
            incoming,
            outgoing: ClaimSet::new(),
            properties: ClaimSet::new(),
            permitted: false,
            denied: false,
            bindings: Bindings::default(),
            found: Vec::new(),
            tracer,
        }
    }

    /// Whether the claims are permitted; if so, the issuance rules have run.
    fn authorize_and_issue(&mut self, program: &Program) -> Result<bool, EvaluationError> {
        self.check_claims()?;
        self.run(SectionKind::Authorization, &program.authorization)?;
        // A deny overrides every permit, before and after it (MAA documentation, "policy actions").
        let permitted = self.permitted && !self.denied;
        if permitted {
            self.run(SectionKind::Issuance, &program.issuance)?;
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
        let fires = self.conditions_hold(rule)?;
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

    fn conditions_hold(&mut self, rule: &Rule) -> Result<bool, EvaluationError> {
        self.spend(1)?;
        self.bindings.clear();
        for condition in &rule.conditions {
            self.spend(condition_cost(condition, self.incoming.len(), &self.bindings))?;
            let scope = Scope {
                claims: self.incoming.as_slice(),
                bindings: &self.bindings,
            };
            let mut matches = (0..)
                .zip(scope.claims)
                .filter(|(_, claim)| satisfies(condition, claim, scope));
            let holds = if condition.is_bound {
                self.found.clear();
                self.found.extend(matches.map(|(index, _)| index));
                self.bindings.push(&self.found);
                !self.found.is_empty()
            } else {
                matches.next().is_some()
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn act(&mut self, action: &Action, rule: RuleLocation) -> Result<(), EvaluationError> {
        match action {
            Action::Permit => self.permitted = true,
            Action::Deny => self.denied = true,
            Action::Claim { action, claim } => {
                let bindings = std::mem::take(&mut self.bindings);
                let made = self.make(*action, claim, rule, &bindings);
                self.bindings = bindings;
                made?;
            }
        }
        Ok(())
    }

    fn make(
        &mut self,
        action: ClaimAction,
        claim: &Template,
        rule: RuleLocation,
        bindings: &Bindings,
    ) -> Result<(), EvaluationError> {
        match claim {
            Template::Copy(slot) => {
                for index in bindings.bound(*slot) {
                    let Some(original) = self.incoming.as_slice().get(*index) else {
                        continue;
                    };
                    let (claim_type, value) = (original.claim_type.clone(), original.value.clone());
                    self.emit(action, claim_type, value)?;
                }
            }
            Template::Build {
                claim_type,
                value,
                value_type,
            } => {
                let claim_type = self.claim_type(claim_type, rule, bindings)?;
                match value {
                    Operand::Literal(value) => {
                        self.check_value_type(value, value_type.as_ref(), rule, bindings)?;
                        self.emit(action, claim_type, unshared(value))?;
                    }
                    Operand::Bound { slot, property } => {
                        for index in bindings.bound(*slot) {
                            let Some(original) = self.incoming.as_slice().get(*index) else {
                                continue;
                            };
                            let value = property_value(original, *property);
                            self.check_value_type(&value, value_type.as_ref(), rule, bindings)?;
                            self.emit(action, claim_type.clone(), value)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The one name that `operand` stands for.
    fn claim_type(
        &mut self,
        operand: &Operand,
        rule: RuleLocation,
        bindings: &Bindings,
    ) -> Result<Arc<str>, EvaluationError> {
        let (slot, property) = match operand {
            Operand::Literal(Value::String(name)) => return Ok(Arc::from(&**name)),
            Operand::Literal(other) => {
                return Err(EvaluationError::ClaimTypeNotText {
                    rule,
                    found: other.value_type(),
                });
            }
            Operand::Bound { slot, property } => (*slot, *property),
        };
        self.spend_for(bindings.bound(slot).len())?;
        let mut name: Option<Arc<str>> = None;
        for index in bindings.bound(slot) {
            let Some(claim) = self.incoming.as_slice().get(*index) else {
                continue;
            };
            match property_value(claim, property) {
                Value::String(found) if name.as_ref().is_none_or(|name| *name == found) => name = Some(found),
                Value::String(_) => return Err(EvaluationError::ClaimTypeNotOneName { rule }),
                other => {
                    return Err(EvaluationError::ClaimTypeNotText {
                        rule,
                        found: other.value_type(),
                    });
                }
            }
        }
        name.filter(|name| !name.is_empty())
            .ok_or(EvaluationError::ClaimTypeNotOneName { rule })
    }

    fn check_value_type(
        &mut self,
        value: &Value,
        assigned: Option<&Operand>,
        rule: RuleLocation,
        bindings: &Bindings,
    ) -> Result<(), EvaluationError> {
        let found = value.value_type();
        let wanted = Value::from(found.name());
        let agrees = match assigned {
            None => true,
            Some(Operand::Literal(name)) => *name == wanted,
            Some(Operand::Bound { slot, property }) => {
                self.spend_for(bindings.bound(*slot).len())?;
                let mut claims = bindings
                    .bound(*slot)
                    .iter()
                    .filter_map(|index| self.incoming.as_slice().get(*index));
                claims.any(|claim| property_value(claim, *property) == wanted)
            }
        };
        if agrees {
            Ok(())
        } else {
            Err(EvaluationError::ValueTypeMismatch { rule, found })
        }
    }

    fn emit(
        &mut self,
        action: ClaimAction,
        claim_type: Arc<str>,
        value: Value,
    ) -> Result<(), EvaluationError> {
        let claim = Claim {
            claim_type,
            value,
            issuer: Issuer::AttestationPolicy,
        };
        let target = match action {
            ClaimAction::Add => None,
            ClaimAction::Issue => Some(&mut self.outgoing),
            ClaimAction::IssueProperty => Some(&mut self.properties),
        };
        let compared = self
            .incoming
            .len()
            .saturating_add(target.as_ref().map_or(0, |target| target.len()));
        if let Some(target) = target {
            target.insert(claim.clone());
        }
        self.incoming.insert(claim);
        self.spend_for(compared)?;
        self.check_claims()
    }

    fn check_claims(&self) -> Result<(), EvaluationError> {
        let found = u64::try_from(self.incoming.len()).unwrap_or(u64::MAX);
        let allowed = u64::from(self.limits.claims);
        if found > allowed {
            return Err(EvaluationError::LimitExceeded {
                limit: Limit::Claims,
                allowed,
                found,
            });
        }
        Ok(())
    }

    fn spend_for(&mut self, compared: usize) -> Result<(), EvaluationError> {
        self.spend(u64::try_from(compared).unwrap_or(u64::MAX))
    }

    fn spend(&mut self, steps: u64) -> Result<(), EvaluationError> {
        self.steps = self.steps.saturating_add(steps);
        let allowed = self.limits.steps;
        if self.steps > allowed {
            return Err(EvaluationError::LimitExceeded {
                limit: Limit::Steps,
                allowed,
                found: self.steps,
            });
        }
        Ok(())
    }
}

/// A copy that shares no reference count with the program, which every thread of the service uses.
fn unshared(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(Arc::from(&**text)),
        Value::Boolean(_) | Value::Integer(_) => value.clone(),
    }
}
