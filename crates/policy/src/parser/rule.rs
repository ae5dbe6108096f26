//! The grammar inside a rule: conditions, expressions, actions.

use super::{Leniency, ParseError, Parsed, Parser};
use crate::ast::{
    Action, ActionBody, Assignment, ClaimArgument, Condition, Expression, ExpressionKind, Name, Rule, Test,
};
use crate::claim::Value;
use crate::diagnostic::symbol;
use crate::lexer::{TokenKind, string_value};
use crate::program::{ActionKind, ClaimAction, Property, Relation};
use crate::source::Span;
use crate::suggest::closest;

impl<'t> Parser<'t, '_> {
    /// `rule = [ conditionList ] "=>" action ";"`
    pub(super) fn rule(&mut self) -> Parsed<Rule<'t>> {
        let start = self.peek().span;
        let mut conditions = Vec::new();
        if self.peek().kind != TokenKind::Arrow {
            conditions = self.within("conditionList", Self::condition_list)?;
        }
        if !self.eat(TokenKind::Arrow) {
            let expected: &[_] = if conditions.is_empty() {
                &["=>"]
            } else {
                &["&&", "=>"]
            };
            return Err(self.unexpected(expected));
        }
        let action = self.within("action", Self::action)?;
        let span = start.to(self.peek().span);
        self.end_of_rule();
        Ok(Rule {
            conditions,
            action,
            span,
        })
    }

    /// The semicolon. When it alone is missing the rule is still understood, and the next one is read
    /// from here.
    fn end_of_rule(&mut self) {
        if !self.eat(TokenKind::Semicolon) {
            self.unexpected(&[";"]);
            if !matches!(
                self.peek().kind,
                TokenKind::Arrow | TokenKind::Not | TokenKind::LeftBracket | TokenKind::RightBrace
            ) && self.peek_second().kind != TokenKind::Colon
            {
                self.skip_rule(self.next);
            }
        }
    }

    fn condition_list(&mut self) -> Parsed<Vec<Condition<'t>>> {
        let mut conditions = Vec::new();
        loop {
            conditions.push(self.within("condition", Self::condition)?);
            if !self.eat(TokenKind::And) {
                return Ok(conditions);
            }
            let allowed = self.limits.conditions;
            if u32::try_from(conditions.len()).unwrap_or(u32::MAX) >= allowed {
                let span = self.peek().span;
                return Err(self.report(&ParseError::TooManyConditions { allowed }, span));
            }
        }
    }

    /// `condition = [ "!" ] [ identifier ":" ] "[" propCond { "," propCond } "]"`
    fn condition(&mut self) -> Parsed<Condition<'t>> {
        let start = self.peek().span;
        let negated = self.eat(TokenKind::Not).then_some(start);
        let mut binding = None;
        if self.peek().kind == TokenKind::Word {
            binding = Some(self.word("identifier")?);
            self.expect(TokenKind::Colon, ":")?;
        }
        if !self.eat(TokenKind::LeftBracket) {
            let starts: &[_] = match (negated, binding) {
                (_, Some(_)) => &["["],
                (Some(_), None) => &["identifier", "["],
                (None, None) => &["!", "identifier", "["],
            };
            return Err(self.unexpected(starts));
        }
        let mut tests = vec![self.within("propCond", Self::property_test)?];
        while self.eat(TokenKind::Comma) {
            tests.push(self.within("propCond", Self::property_test)?);
        }
        let end = self.peek().span;
        if !self.eat(TokenKind::RightBracket) {
            return Err(self.unexpected(&[",", "]"]));
        }
        Ok(Condition {
            negated,
            binding,
            tests,
            span: start.to(end),
        })
    }

    /// `propCond = property relop expression`
    fn property_test(&mut self) -> Parsed<Test<'t>> {
        let start = self.peek().span;
        let property = self.property()?;
        let relation = self.relation()?;
        let operand = self.expression()?;
        let span = start.to(operand.span);
        Ok(Test {
            property,
            relation,
            operand,
            span,
        })
    }

    fn property(&mut self) -> Parsed<Property> {
        let names = Property::ALL.map(Property::name);
        let token = self.peek();
        if token.kind != TokenKind::Word {
            return Err(self.unexpected(&names));
        }
        let name = self.name(token);
        let Some(property) = Property::ALL
            .into_iter()
            .find(|property| property.name() == name.text)
        else {
            let suggestion = closest(name.text, &names);
            let error = ParseError::UnknownProperty {
                name: symbol(self.text, name.span),
                suggestion,
            };
            return Err(self.report(&error, name.span));
        };
        self.bump();
        Ok(property)
    }

    fn relation(&mut self) -> Parsed<Relation> {
        let token = self.peek();
        let relation = match token.kind {
            TokenKind::Equal => Relation::Equal,
            TokenKind::NotEqual => Relation::NotEqual,
            TokenKind::Less => Relation::Less,
            TokenKind::LessOrEqual => Relation::LessOrEqual,
            TokenKind::Greater => Relation::Greater,
            TokenKind::GreaterOrEqual => Relation::GreaterOrEqual,
            // Published samples compare with a single `=`.
            TokenKind::Assign => {
                self.report(&Leniency::SingleEquals, token.span);
                Relation::Equal
            }
            _ => return Err(self.unexpected(&["==", "!=", "<", "<=", ">", ">="])),
        };
        self.bump();
        Ok(relation)
    }

    /// `expression = string | integer | boolean | identifier "." property | functionCall`
    fn expression(&mut self) -> Parsed<Expression<'t>> {
        self.within("expression", |parser| {
            let token = parser.peek();
            let literal = match token.kind {
                TokenKind::String => Value::from(string_value(token.span.of(parser.text))),
                TokenKind::Integer(value) => Value::Integer(value),
                TokenKind::Word => match token.span.of(parser.text) {
                    "true" => Value::Boolean(true),
                    "false" => Value::Boolean(false),
                    _ => return parser.reference_or_call(),
                },
                _ => return Err(parser.unexpected(&["string", "integer", "true", "false", "identifier"])),
            };
            parser.bump();
            Ok(Expression {
                kind: ExpressionKind::Literal(literal),
                span: token.span,
            })
        })
    }

    fn reference_or_call(&mut self) -> Parsed<Expression<'t>> {
        let name = self.word("identifier")?;
        if self.peek().kind == TokenKind::LeftParenthesis {
            return self.within("functionCall", |parser| parser.call(name));
        }
        if !self.eat(TokenKind::Dot) {
            return Err(self.unexpected(&[".", "("]));
        }
        let end = self.peek().span;
        let property = self.property()?;
        Ok(Expression {
            kind: ExpressionKind::Property { name, property },
            span: name.span.to(end),
        })
    }

    /// `functionCall = functionName "(" [ expression { "," expression } ] ")"`
    fn call(&mut self, name: Name<'t>) -> Parsed<Expression<'t>> {
        let allowed = self.limits.nesting;
        if self.depth >= allowed {
            return Err(self.report(&ParseError::NestedTooDeeply { allowed }, name.span));
        }
        self.depth = self.depth.saturating_add(1);
        let arguments = self.call_arguments();
        self.depth = self.depth.saturating_sub(1);
        let (arguments, end) = arguments?;
        Ok(Expression {
            kind: ExpressionKind::Call { name, arguments },
            span: name.span.to(end),
        })
    }

    fn call_arguments(&mut self) -> Parsed<(Vec<Expression<'t>>, Span)> {
        self.expect(TokenKind::LeftParenthesis, "(")?;
        let mut arguments = Vec::new();
        if self.peek().kind != TokenKind::RightParenthesis {
            arguments.push(self.expression()?);
            while self.eat(TokenKind::Comma) {
                arguments.push(self.expression()?);
            }
        }
        let end = self.peek().span;
        if self.eat(TokenKind::RightParenthesis) {
            Ok((arguments, end))
        } else {
            Err(self.unexpected(&[",", ")"]))
        }
    }

    fn action(&mut self) -> Parsed<Action<'t>> {
        let names = ActionKind::ALL.map(ActionKind::name);
        let token = self.peek();
        if token.kind != TokenKind::Word {
            return Err(self.unexpected(&names));
        }
        let name = self.name(token);
        let Some(kind) = ActionKind::ALL.into_iter().find(|kind| kind.name() == name.text) else {
            let suggestion = closest(name.text, &names);
            let error = ParseError::UnknownAction {
                name: symbol(self.text, name.span),
                suggestion,
            };
            return Err(self.report(&error, name.span));
        };
        self.bump();
        self.expect(TokenKind::LeftParenthesis, "(")?;
        let body = match kind {
            ActionKind::Permit => ActionBody::Permit,
            ActionKind::Deny => ActionBody::Deny,
            ActionKind::Claim(action) => ActionBody::Claim {
                action,
                claim: self.within("claimArg", |parser| parser.claim(action))?,
            },
        };
        if !self.eat(TokenKind::RightParenthesis) {
            let expected: &[_] = match body {
                ActionBody::Claim {
                    claim: ClaimArgument::Build(_),
                    ..
                } => &[",", ")"],
                _ => &[")"],
            };
            return Err(self.unexpected(expected));
        }
        Ok(Action {
            kind: body,
            span: name.span,
        })
    }

    /// `claimArg = "claim" "=" identifier | assignment { "," assignment }`
    fn claim(&mut self, action: ClaimAction) -> Parsed<ClaimArgument<'t>> {
        let token = self.peek();
        if token.kind == TokenKind::Word && token.span.of(self.text) == "claim" {
            self.bump();
            self.expect(TokenKind::Assign, "=")?;
            let name = self.word("identifier")?;
            return Ok(ClaimArgument::Copy(name));
        }
        let mut assignments = vec![self.first_assignment(action)?];
        while self.eat(TokenKind::Comma) {
            assignments.push(self.within("assignment", Self::assignment)?);
        }
        Ok(ClaimArgument::Build(assignments))
    }

    /// Published samples give the claim type as a bare first argument.
    fn first_assignment(&mut self, action: ClaimAction) -> Parsed<Assignment<'t>> {
        if self.peek().kind != TokenKind::String {
            return self.within("assignment", Self::assignment);
        }
        let value = self.expression()?;
        let span = value.span;
        self.report(
            &Leniency::PositionalType {
                action: action.name(),
            },
            span,
        );
        Ok(Assignment {
            property: Property::Type,
            value,
            span,
        })
    }

    /// `assignment = property "=" expression`
    fn assignment(&mut self) -> Parsed<Assignment<'t>> {
        let start = self.peek().span;
        let property = self.property()?;
        self.expect(TokenKind::Assign, "=")?;
        let value = self.expression()?;
        let span = start.to(value.span);
        Ok(Assignment {
            property,
            value,
            span,
        })
    }
}
