//! What rules do: decide, and make claims. Owns the effects of actions and the bounds of what is made.

use std::sync::Arc;

use super::matching::{Bindings, Scope, TextLeft, is_read_only, property_value};
use super::{EvaluationError, Machine};
use crate::claim::{Claim, ReadOnly, Value};
use crate::configuration::check_token_property;
use crate::fuel::within;
use crate::functions::Values;
use crate::limits::{CLAIM_TYPE_BYTES, Limit};
use crate::outcome::RuleLocation;
use crate::program::{Action, ClaimAction, Operand, SectionKind, Template};

impl Machine<'_> {
    pub(super) fn act(&mut self, action: &Action, rule: RuleLocation) -> Result<(), EvaluationError> {
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
    pub(super) fn check_issued(&mut self) -> Result<(), EvaluationError> {
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

    pub(super) fn check_claims(&self) -> Result<(), EvaluationError> {
        let found = u64::try_from(self.incoming.len()).unwrap_or(u64::MAX);
        let allowed = u64::from(self.caller.fuel.limits().claims);
        Ok(within(Limit::Claims, allowed, found)?)
    }
}

/// A claim being made: by which rule, from what its conditions bound and its calls returned.
struct Maker {
    action: ClaimAction,
    rule: RuleLocation,
    bindings: Bindings,
    computed: Vec<Values>,
}
