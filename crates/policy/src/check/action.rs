//! Checks of actions and of the claims they make.

use super::{CheckError, Checked, Checker, Lint, Scope, Wrong};
use crate::ast;
use crate::claim::Value;
use crate::configuration::{self, TOKEN_PROPERTIES};
use crate::diagnostic::quotable;
use crate::limits::CLAIM_TYPE_BYTES;
use crate::program::{Action, ActionKind, ClaimAction, Operand, Property, SectionKind, Template};
use crate::source::Span;
use crate::suggest::closest;

impl Checker<'_, '_> {
    pub(super) fn action(&mut self, action: &ast::Action<'_>, scope: &Scope<'_>) -> Checked<Action> {
        let kind = match action.kind {
            ast::ActionBody::Permit => ActionKind::Permit,
            ast::ActionBody::Deny => ActionKind::Deny,
            ast::ActionBody::Claim { action, .. } => ActionKind::Claim(action),
        };
        let misplaced = !kind.sections().contains(&self.section);
        if misplaced {
            let error = CheckError::MisplacedAction {
                action: kind.name(),
                section: self.section.name(),
                allowed: kind.sections(),
            };
            self.report(&error, action.span, "action");
        }
        let compiled = match &action.kind {
            ast::ActionBody::Permit => Action::Permit,
            ast::ActionBody::Deny => Action::Deny,
            ast::ActionBody::Claim { action: kind, claim } => Action::Claim {
                action: *kind,
                claim: self.claim(*kind, claim, action.span, scope)?,
            },
        };
        if misplaced { Err(Wrong) } else { Ok(compiled) }
    }

    fn claim(
        &mut self,
        action: ClaimAction,
        claim: &ast::ClaimArgument<'_>,
        span: Span,
        scope: &Scope<'_>,
    ) -> Checked<Template> {
        let assignments = match claim {
            ast::ClaimArgument::Copy(name) => {
                return Ok(Template::Copy(self.resolve(*name, scope, "claimArg")?));
            }
            ast::ClaimArgument::Build(assignments) => assignments,
        };
        let mut claim_type = None;
        let mut value = None;
        let mut value_type = None;
        let mut issuer = None;
        let mut calls = Vec::new();
        for assignment in assignments {
            let place = match assignment.property {
                Property::Type => &mut claim_type,
                Property::Value => &mut value,
                Property::ValueType => &mut value_type,
                Property::Issuer => &mut issuer,
            };
            if place.is_some() {
                let error = CheckError::RepeatedAssignment {
                    property: assignment.property,
                };
                return self.wrong(&error, assignment.span, "assignment");
            }
            let operand = self.operand(&assignment.value, scope, &mut calls);
            *place = Some((operand, assignment.value.span));
        }
        if let Some((_, span)) = issuer {
            self.report(&Lint::IssuerIgnored, span, "assignment");
        }
        let (Some(claim_type), Some(value)) = (claim_type, value) else {
            return self.wrong(
                &CheckError::IncompleteClaim {
                    action: action.name(),
                },
                span,
                "claimArg",
            );
        };
        let claim_type = self.claim_type(action, claim_type)?;
        let (value, value_span) = (value.0?, value.1);
        if action == ClaimAction::IssueProperty
            && let (Operand::Literal(Value::String(key)), Operand::Literal(value)) = (&claim_type, &value)
            && let Err(error) = match self.section {
                SectionKind::Configuration => configuration::check_setting(key, value),
                _ => configuration::check_token_property(key, value),
            }
        {
            return self.wrong(&error, value_span, "assignment");
        }
        let value_type = self.value_type(value_type, &value)?;
        Ok(Template::Build {
            claim_type,
            value,
            value_type,
            calls: calls.into(),
        })
    }

    fn claim_type(
        &mut self,
        action: ClaimAction,
        (operand, span): (Checked<Operand>, Span),
    ) -> Checked<Operand> {
        let operand = operand?;
        match &operand {
            Operand::Literal(Value::String(name)) if name.is_empty() => {
                return self.wrong(&CheckError::EmptyClaimType, span, "assignment");
            }
            Operand::Literal(Value::String(name)) if name.text_length() > u64::from(CLAIM_TYPE_BYTES) => {
                let error = CheckError::ClaimTypeTooLong {
                    allowed: CLAIM_TYPE_BYTES,
                    found: name.len(),
                };
                return self.wrong(&error, span, "assignment");
            }
            Operand::Literal(Value::String(name)) if action == ClaimAction::IssueProperty => {
                self.property_name(name, span)?;
            }
            Operand::Literal(Value::String(_)) | Operand::Bound { .. } | Operand::Computed(_) => {}
            Operand::Literal(value) => {
                let error = CheckError::TextExpected {
                    property: Property::Type,
                    found: value.value_type(),
                };
                return self.wrong(&error, span, "assignment");
            }
        }
        Ok(operand)
    }

    /// The name of a setting has to be known, for a wrong one would silently not be enforced; that of a
    /// token property should be.
    fn property_name(&mut self, name: &str, span: Span) -> Checked<()> {
        match self.section {
            SectionKind::Configuration => match configuration::check_key(name) {
                Ok(_) => Ok(()),
                Err(error) => self.wrong(&error, span, "assignment"),
            },
            SectionKind::Issuance if !TOKEN_PROPERTIES.contains(&name) => {
                let suggestion = closest(name, &TOKEN_PROPERTIES);
                let lint = Lint::UnknownTokenProperty {
                    name: quotable(name),
                    suggestion,
                };
                self.report(&lint, span, "assignment");
                Ok(())
            }
            SectionKind::Issuance | SectionKind::Authorization => Ok(()),
        }
    }

    /// `valueType` cannot change a value; it can only agree with it.
    fn value_type(
        &mut self,
        assigned: Option<(Checked<Operand>, Span)>,
        value: &Operand,
    ) -> Checked<Option<Operand>> {
        let Some((operand, span)) = assigned else {
            return Ok(None);
        };
        let operand = operand?;
        if let (Operand::Literal(assigned), Operand::Literal(value)) = (&operand, value) {
            let expected = value.value_type();
            if *assigned != Value::from(expected.name()) {
                let error = CheckError::ValueTypeMismatch {
                    expected,
                    found: quotable(&assigned.to_string()),
                };
                return self.wrong(&error, span, "assignment");
            }
        }
        Ok(Some(operand))
    }
}
