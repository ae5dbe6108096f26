//! Running a program over claims. Owns the order of evaluation, the effects of actions and the
//! budgets; comparison is in [`matching`], explanation in [`explain`]. Pure: the same claims give the
//! same outcome.

use std::sync::Arc;

use thiserror::Error;

use crate::claim::{Claim, ClaimSet, ReadOnly, Value, ValueType};
use crate::configuration::{ConfigurationError, check_setting, check_token_property};
use crate::fuel::{Exceeded, within};
use crate::functions::{CallError, Caller, FunctionError, Values};
use crate::limits::{CLAIM_TYPE_BYTES, Limit, Limits};
use crate::outcome::{Decision, DenyReason, Outcome, RuleLocation};
use crate::program::{
    Action, Call, ClaimAction, Condition, Function, Operand, Program, Rule, SectionKind, Template,
};
use explain::Tracer;
use matching::{Bindings, Scope, TextLeft, condition_cost, is_read_only, property_value, satisfies};

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

    fn act(&mut self, action: &Action, rule: RuleLocation) -> Result<(), EvaluationError> {
        match action {
            Action::Permit => self.permitted = true,
            Action::Deny => self.denied = true,
            Action::Claim {
                action,
                claim: Template::Copy(slot),
            } => self.copy(*action, *slot, rule)?,
            Action::Claim {
                action,
                claim:
                    Template::Build {
                        claim_type,
                        value,
                        value_type,
                        calls,
                    },
            } => {
                self.compute(calls, rule)?;
                let mut maker = Maker {
                    action: *action,
                    rule,
                    bindings: std::mem::take(&mut self.bindings),
                    computed: std::mem::take(&mut self.computed),
                };
                let made = self.build(&mut maker, claim_type, value, value_type.as_ref());
                // Their memory serves the next rule.
                (self.bindings, self.computed) = (maker.bindings, maker.computed);
                made?;
            }
        }
        Ok(())
    }

    fn copy(&mut self, action: ClaimAction, slot: usize, rule: RuleLocation) -> Result<(), EvaluationError> {
        let number = self.bindings.bound(slot).len();
        for position in 0..number {
            let original = self.bindings.bound(slot).get(position).copied();
            let Some(original) = original.and_then(|index| self.incoming.as_slice().get(index)) else {
                continue;
            };
            let (claim_type, value) = (original.claim_type.clone(), original.value.clone());
            self.emit(action, rule, claim_type, value, original.read_only())?;
        }
        Ok(())
    }

    fn build(
        &mut self,
        maker: &mut Maker,
        claim_type: &Operand,
        value: &Operand,
        value_type: Option<&Operand>,
    ) -> Result<(), EvaluationError> {
        let (claim_type, secret_type) = self.claim_type(maker, claim_type)?;
        let mut values = match value {
            // The usual ones, without a list of values.
            Operand::Literal(value) => {
                return self.build_one(
                    maker,
                    claim_type,
                    secret_type,
                    value.unshared(),
                    false,
                    value_type,
                );
            }
            Operand::Bound { slot, property } => {
                if let [only] = maker.bindings.bound(*slot)
                    && let Some(claim) = self.incoming.as_slice().get(*only)
                {
                    let (value, secret) = (property_value(claim, *property), is_read_only(claim, *property));
                    return self.build_one(maker, claim_type, secret_type, value, secret, value_type);
                }
                self.operand_values(maker, value)?
            }
            Operand::Computed(index) => maker
                .computed
                .get_mut(*index)
                .map(std::mem::take)
                .unwrap_or_default(),
        };
        let secret = values.read_only;
        for value in std::mem::take(&mut values.values) {
            self.build_one(maker, claim_type.clone(), secret_type, value, secret, value_type)?;
        }
        Ok(())
    }

    fn build_one(
        &mut self,
        maker: &Maker,
        claim_type: Arc<str>,
        secret_type: bool,
        value: Value,
        secret: bool,
        value_type: Option<&Operand>,
    ) -> Result<(), EvaluationError> {
        self.check_value_type(maker, &value, value_type)?;
        let read_only = ReadOnly {
            claim_type: secret_type,
            value: secret,
        };
        self.emit(maker.action, maker.rule, claim_type, value, read_only)
    }

    fn operand_values(&mut self, maker: &Maker, operand: &Operand) -> Result<Values, EvaluationError> {
        let scope = Scope {
            claims: self.incoming.as_slice(),
            bindings: &maker.bindings,
            computed: &maker.computed,
            text_left: &TextLeft::new(0),
        };
        Ok(scope.values(operand, &mut self.caller.fuel)?)
    }

    /// The one name that `operand` stands for, and whether it is read-only.
    fn claim_type(&mut self, maker: &Maker, operand: &Operand) -> Result<(Arc<str>, bool), EvaluationError> {
        let rule = maker.rule;
        if let Operand::Literal(Value::String(name)) = operand {
            return Ok((Arc::from(&**name), false));
        }
        let names = self.operand_values(maker, operand)?;
        if let Some(other) = names.values.iter().find(|name| !matches!(name, Value::String(_))) {
            let found = other.value_type();
            return Err(EvaluationError::ClaimTypeNotText { rule, found });
        }
        match names.values.as_slice() {
            [Value::String(name)] if name.text_length() > 0 => Ok((name.characters(), names.read_only)),
            _ => Err(EvaluationError::ClaimTypeNotOneName { rule }),
        }
    }

    fn check_value_type(
        &mut self,
        maker: &Maker,
        value: &Value,
        assigned: Option<&Operand>,
    ) -> Result<(), EvaluationError> {
        let Some(assigned) = assigned else { return Ok(()) };
        let found = value.value_type();
        let wanted = Value::from(found.name());
        if self.operand_values(maker, assigned)?.values.contains(&wanted) {
            return Ok(());
        }
        Err(EvaluationError::ValueTypeMismatch {
            rule: maker.rule,
            found,
        })
    }

    fn emit(
        &mut self,
        action: ClaimAction,
        rule: RuleLocation,
        claim_type: Arc<str>,
        value: Value,
        read_only: ReadOnly,
    ) -> Result<(), EvaluationError> {
        if read_only.any() && action != ClaimAction::Add {
            return Err(EvaluationError::ReadOnly { rule });
        }
        if action == ClaimAction::IssueProperty && rule.section == SectionKind::Issuance {
            check_token_property(&claim_type, &value)?;
        }
        let name_length = u64::try_from(claim_type.len()).unwrap_or(u64::MAX);
        if name_length > u64::from(CLAIM_TYPE_BYTES) {
            return Err(EvaluationError::ClaimTypeTooLong {
                rule,
                allowed: CLAIM_TYPE_BYTES,
                found: name_length,
            });
        }
        let fuel = &mut self.caller.fuel;
        fuel.spend_text(value.text_length().saturating_add(name_length))?;
        let claim = Claim::from_policy(claim_type, value, read_only);
        let target = match action {
            ClaimAction::Add => None,
            ClaimAction::Issue => Some(&mut self.outgoing),
            ClaimAction::IssueProperty => Some(&mut self.properties),
        };
        fuel.spend_for(self.incoming.len())?;
        let Some(target) = target else {
            self.incoming.insert_paying(claim, fuel)?;
            return self.check_claims();
        };
        // What was issued before is among the incoming claims too: one that is new there is new everywhere.
        if self.incoming.insert_paying(claim.clone(), fuel)? {
            target.push(claim);
        } else {
            fuel.spend_for(target.len())?;
            target.insert_paying(claim, fuel)?;
        }
        self.check_claims()
    }

    /// The token's claims are measured once, when they are all there; mostly their length in memory tells that
    /// they fit, whatever has to be escaped.
    fn check_issued(&mut self) -> Result<(), EvaluationError> {
        let allowed = self.caller.fuel.limits().issued_bytes;
        let at_most = self.outgoing.iter().map(Claim::json_length_at_most);
        if at_most.fold(0, u64::saturating_add) <= allowed {
            return Ok(());
        }
        let found = self.outgoing.iter().map(Claim::json_length);
        Ok(within(
            Limit::Issued,
            allowed,
            found.fold(0, u64::saturating_add),
        )?)
    }

    fn check_claims(&self) -> Result<(), EvaluationError> {
        let found = u64::try_from(self.incoming.len()).unwrap_or(u64::MAX);
        let allowed = u64::from(self.caller.fuel.limits().claims);
        Ok(within(Limit::Claims, allowed, found)?)
    }
}

/// Room for claims that a policy makes, made at once.
const CLAIMS_EXPECTED: usize = 64;

/// A claim being made: by which rule, from what its conditions bound and its calls returned.
struct Maker {
    action: ClaimAction,
    rule: RuleLocation,
    bindings: Bindings,
    computed: Vec<Values>,
}
