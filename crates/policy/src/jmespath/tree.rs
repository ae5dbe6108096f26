//! The compiled form of a query. Long chains are lists, so that the height of the tree is what the
//! author nested, not how much was written.

use super::signature::{Binary, ByKey, Unary, Variadic};
use crate::json::Json;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// `@`
    Current,
    Field(Box<str>),
    Literal(Json),
    /// The first value, then each step on what the one before gave.
    Chain(Box<Node>, Vec<Step>),
    /// `a || b || c`: the first that is true, or the last.
    Or(Vec<Node>),
    /// `a && b && c`: the first that is false, or the last.
    And(Vec<Node>),
    Not(Box<Node>),
    Compare(Comparator, Box<(Node, Node)>),
    /// `[a, b]`
    List(Vec<Node>),
    /// `{a: b}`; names are unique.
    Hash(Vec<(Box<str>, Node)>),
    Call(Box<Call>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `.name`
    Field(Box<str>),
    /// `[-1]`
    Index(i64),
    /// `| expression`, `.{...}`, `.[...]`, `.function()`
    Then(Node),
    /// `[*]`, `.*`, `[]`, `[?...]`, `[1:2]`, and what is done with each element.
    Project(Projection, Node),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Projection {
    /// `[*]`
    Elements,
    /// `*`
    Values,
    /// `[]`
    Flatten,
    /// `[?condition]`
    Filter(Node),
    Slice(Slice),
}

/// `[start:stop:step]`; the step is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) stop: Option<i64>,
    pub(super) step: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A function and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) name: &'static str,
    /// Byte of the query where the name stands.
    pub(super) offset: usize,
    pub(super) operation: Operation,
}

/// What a call does. The second of [`Operation::ByKey`] and the first of [`Operation::Map`] are evaluated
/// for each element, all others before the call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operation {
    Unary(Unary, Node),
    Binary(Binary, Node, Node),
    ByKey(ByKey, Node, Node),
    Map(Node, Node),
    Variadic(Variadic, Vec<Node>),
}
