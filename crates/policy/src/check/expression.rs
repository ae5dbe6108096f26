//! Checks of expressions: names resolved, functions known and called as they are defined, constant
//! calls made here and constant queries compiled, so that nothing of that is left for evaluation.

use super::{CheckError, Checked, Checker, Language, Scope, Wrong};
use crate::ast;
use crate::diagnostic::quotable;
use crate::functions::{CallError, Constants, FunctionError, Values, query_text};
use crate::jmespath::Query;
use crate::limits::{self, Limits};
use crate::program::{Argument, Call, Function, Operand};
use crate::source::Span;
use crate::suggest::closest;

impl Checker<'_, '_> {
    /// The operand that `expression` is; its calls, if it has any, are appended to `calls`.
    pub(super) fn operand(
        &mut self,
        expression: &ast::Expression<'_>,
        scope: &Scope<'_>,
        calls: &mut Vec<Call>,
    ) -> Checked<Operand> {
        Ok(match self.argument(expression, scope)? {
            Argument::Literal(value) => Operand::Literal(value),
            Argument::Bound { slot, property } => Operand::Bound { slot, property },
            Argument::Call(call) => {
                calls.push(call);
                Operand::Computed(calls.len().saturating_sub(1))
            }
            // Only arguments of a call become queries.
            Argument::Query(_) => return Err(Wrong),
        })
    }

    fn argument(&mut self, expression: &ast::Expression<'_>, scope: &Scope<'_>) -> Checked<Argument> {
        match &expression.kind {
            ast::ExpressionKind::Literal(value) => Ok(Argument::Literal(value.clone())),
            ast::ExpressionKind::Property { name, property } => Ok(Argument::Bound {
                slot: self.resolve(*name, scope, "expression")?,
                property: *property,
            }),
            ast::ExpressionKind::Call { name, arguments } => {
                self.call(*name, arguments, expression.span, scope)
            }
        }
    }

    fn call(
        &mut self,
        name: ast::Name<'_>,
        arguments: &[ast::Expression<'_>],
        span: Span,
        scope: &Scope<'_>,
    ) -> Checked<Argument> {
        self.require(Language::V1_2, "a function call", name.span, "functionCall");
        // Every argument is read, so that each mistake in them is reported.
        let checked: Vec<Checked<Argument>> = arguments
            .iter()
            .map(|argument| self.argument(argument, scope))
            .collect();
        let names = Function::ALL.map(Function::name);
        let Some(function) = Function::ALL
            .into_iter()
            .find(|function| function.name() == name.text)
        else {
            let error = CheckError::UnknownFunction {
                name: quotable(name.text),
                suggestion: closest(name.text, &names),
            };
            return self.wrong(&error, name.span, "functionCall");
        };
        if arguments.len() != function.parameters().len() {
            let found = arguments.len();
            return self.wrong(
                &CheckError::ArgumentCount { function, found },
                span,
                "functionCall",
            );
        }
        let mut checked = checked.into_iter().collect::<Checked<Vec<Argument>>>()?;
        if function == Function::JmesPath
            && let (Some(query), Some(expression)) = (checked.get_mut(1), arguments.get(1))
        {
            self.compile_query(query, expression.span)?;
        }
        let position = self.positions.at(span.start);
        let call = Call {
            function,
            arguments: checked.into(),
            position,
        };
        if is_constant(&call) {
            self.constant(&call, span)?;
        }
        Ok(Argument::Call(call))
    }

    /// A constant query is compiled once, here.
    fn compile_query(&mut self, argument: &mut Argument, span: Span) -> Checked<()> {
        let computed;
        let is_literal = matches!(argument, Argument::Literal(_));
        let value = match argument {
            Argument::Literal(value) => &*value,
            Argument::Call(call) if is_constant(call) => {
                let Some(values) = self.constant(call, span)? else {
                    return Ok(());
                };
                computed = values;
                match computed.values.as_slice() {
                    [value] => value,
                    _ => return Ok(()),
                }
            }
            _ => return Ok(()),
        };
        let limits = self.limits.query_limits();
        let compiled =
            query_text(value).and_then(|text| Query::compile(text, &limits).map_err(FunctionError::Query));
        match compiled {
            Ok(query) => {
                *argument = Argument::Query(query);
                Ok(())
            }
            Err(error) => {
                let place = match &error {
                    FunctionError::Query(error) if is_literal => {
                        place_in_string(self.text, span, error.offset)
                    }
                    _ => span,
                };
                self.wrong(&CheckError::Call(error), place, "functionCall")
            }
        }
    }

    /// A constant call is made now, for its errors, which are errors of the text. `None` when it is too much
    /// work for that: then evaluation will tell.
    fn constant(&mut self, call: &Call, span: Span) -> Checked<Option<Values>> {
        match self.caller.call(call, &Constants) {
            Ok(values) => Ok(Some(values)),
            Err(CallError::Function(error)) => self.wrong(&CheckError::Call(error), span, "functionCall"),
            Err(CallError::Limit(_)) => Ok(None),
        }
    }
}

/// Whether nothing in the call depends on claims.
fn is_constant(call: &Call) -> bool {
    call.arguments.iter().all(|argument| match argument {
        Argument::Literal(_) | Argument::Query(_) => true,
        Argument::Call(nested) => is_constant(nested),
        Argument::Bound { .. } => false,
    })
}

/// What all constant calls of a policy may cost while it is compiled.
pub(super) const CONSTANT_LIMITS: Limits = Limits {
    policy_bytes: limits::POLICY_BYTES,
    rules: limits::RULES,
    conditions: limits::CONDITIONS,
    nesting: limits::NESTING,
    steps: 100_000,
    claims: limits::CLAIMS,
    json_bytes: 64 * 1024,
    text_bytes: 64 * 1024,
    issued_bytes: 0,
};

/// The character at `offset` of the text that the string token at `token` means.
fn place_in_string(text: &str, token: Span, offset: usize) -> Span {
    let mut meant = 0_usize;
    // After the opening quote.
    let mut start = token.start.saturating_add(1);
    let mut characters = token.of(text).chars().skip(1).peekable();
    let width = |character: char| u32::try_from(character.len_utf8()).unwrap_or_default();
    while let Some(character) = characters.next() {
        let mut end = start.saturating_add(width(character));
        if character == '\\' {
            end = end.saturating_add(characters.next().map_or(0, width));
        }
        if meant >= offset || characters.peek().is_none() {
            return Span { start, end };
        }
        // An escaped character is one byte, as is what it means.
        meant = meant.saturating_add(if character == '\\' {
            1
        } else {
            character.len_utf8()
        });
        start = end;
    }
    token
}
