//! The tree that the parser builds: the grammar's shape with spans, nothing checked. Borrows names
//! from the text; lives only while a policy is compiled.

use crate::claim::Value;
use crate::program::{ClaimAction, Property, Relation, SectionKind};
use crate::source::Span;

#[derive(Debug)]
pub(crate) struct Policy<'t> {
    /// Absent when the text has no readable version statement.
    pub(crate) version: Option<Name<'t>>,
    pub(crate) sections: Vec<Section<'t>>,
}

/// A word of the text: an identifier, or the digits of the version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'t> {
    pub(crate) text: &'t str,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Section<'t> {
    pub(crate) kind: SectionKind,
    /// The section's name.
    pub(crate) span: Span,
    pub(crate) rules: Vec<Rule<'t>>,
}

#[derive(Debug)]
pub(crate) struct Rule<'t> {
    pub(crate) conditions: Vec<Condition<'t>>,
    pub(crate) action: Action<'t>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Condition<'t> {
    /// Where the `!` stands, if there is one.
    pub(crate) negated: Option<Span>,
    pub(crate) binding: Option<Name<'t>>,
    pub(crate) tests: Vec<Test<'t>>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Test<'t> {
    pub(crate) property: Property,
    pub(crate) relation: Relation,
    pub(crate) operand: Expression<'t>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Expression<'t> {
    pub(crate) kind: ExpressionKind<'t>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum ExpressionKind<'t> {
    Literal(Value),
    /// `c.value`
    Property {
        name: Name<'t>,
        property: Property,
    },
    /// `Name(...)`
    Call {
        name: Name<'t>,
        arguments: Vec<Expression<'t>>,
    },
}

#[derive(Debug)]
pub(crate) struct Action<'t> {
    pub(crate) kind: ActionBody<'t>,
    /// The action's name.
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum ActionBody<'t> {
    Permit,
    Deny,
    Claim {
        action: ClaimAction,
        claim: ClaimArgument<'t>,
    },
}

#[derive(Debug)]
pub(crate) enum ClaimArgument<'t> {
    /// `claim=c`
    Copy(Name<'t>),
    /// `type=..., value=...`
    Build(Vec<Assignment<'t>>),
}

#[derive(Debug)]
pub(crate) struct Assignment<'t> {
    pub(crate) property: Property,
    pub(crate) value: Expression<'t>,
    pub(crate) span: Span,
}
