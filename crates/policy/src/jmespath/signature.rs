//! The functions by name, and calls with the right number and form of arguments. Types of values are
//! checked when a function is called.

use super::error::QueryProblem;
use super::tree::{Node, Operation};

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Abs,
    Avg,
    Ceil,
    Floor,
    Keys,
    Length,
    Max,
    Min,
    Reverse,
    Sort,
    Sum,
    ToArray,
    ToNumber,
    ToString,
    Type,
    Values,
}

/// A function of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Contains,
    EndsWith,
    EqualsIgnoreCase,
    Join,
    StartsWith,
}

/// A function of an array and an expression that gives the key of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByKey {
    Max,
    Min,
    Sort,
}

/// A function of one value or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variadic {
    Merge,
    NotNull,
}

#[derive(Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Unary(Unary),
    Binary(Binary),
    ByKey(ByKey),
    /// `map(&expression, array)`
    Map,
    Variadic(Variadic),
}

/// An argument as it stands in the query.
pub(super) enum Argument {
    /// An expression that is evaluated before the call.
    Value(Node),
    /// `&expression`, which the function evaluates itself.
    Reference(Node),
}

impl Function {
    /// The function called `name`.
    pub(super) fn named(name: &str) -> Result<Self, QueryProblem> {
        let found = FUNCTIONS.iter().find(|function| function.name == name);
        found.copied().ok_or_else(|| QueryProblem::UnknownFunction {
            name: crate::diagnostic::quotable(name),
            nearest: crate::suggest::closest(name, &FUNCTIONS.map(|function| function.name)),
        })
    }

    /// The function with its arguments.
    pub(super) fn call(self, arguments: Vec<Argument>) -> Result<Operation, QueryProblem> {
        Ok(match self.kind {
            Kind::Unary(function) => {
                let [value] = self.exactly(arguments, "1 argument")?;
                Operation::Unary(function, self.value(value, 1)?)
            }
            Kind::Binary(function) => {
                let [first, second] = self.exactly(arguments, TWO)?;
                Operation::Binary(function, self.value(first, 1)?, self.value(second, 2)?)
            }
            Kind::ByKey(function) => {
                let [array, key] = self.exactly(arguments, TWO)?;
                Operation::ByKey(function, self.value(array, 1)?, self.reference(key, 2)?)
            }
            Kind::Map => {
                let [each, array] = self.exactly(arguments, TWO)?;
                Operation::Map(self.reference(each, 1)?, self.value(array, 2)?)
            }
            Kind::Variadic(function) => {
                if arguments.is_empty() {
                    return Err(self.arity("at least 1 argument", 0));
                }
                let values = (1..).zip(arguments);
                let values = values.map(|(position, argument)| self.value(argument, position));
                Operation::Variadic(function, values.collect::<Result<_, _>>()?)
            }
        })
    }

    fn exactly<const N: usize>(
        self,
        arguments: Vec<Argument>,
        expected: &'static str,
    ) -> Result<[Argument; N], QueryProblem> {
        arguments
            .try_into()
            .map_err(|arguments: Vec<Argument>| self.arity(expected, arguments.len()))
    }

    fn arity(self, expected: &'static str, found: usize) -> QueryProblem {
        QueryProblem::Arity {
            function: self.name,
            expected,
            found,
        }
    }

    fn value(self, argument: Argument, position: usize) -> Result<Node, QueryProblem> {
        match argument {
            Argument::Value(node) => Ok(node),
            Argument::Reference(_) => {
                Err(self.form(position, "a value, not an expression that starts with `&`"))
            }
        }
    }

    fn reference(self, argument: Argument, position: usize) -> Result<Node, QueryProblem> {
        match argument {
            Argument::Reference(node) => Ok(node),
            Argument::Value(_) => Err(self.form(position, "an expression that starts with `&`")),
        }
    }

    fn form(self, argument: usize, expected: &'static str) -> QueryProblem {
        QueryProblem::ArgumentForm {
            function: self.name,
            argument,
            expected,
        }
    }
}

const TWO: &str = "2 arguments";

/// JMESPath specification, "Built-in Functions", and the function that MAA adds for file paths.
const FUNCTIONS: [Function; 27] = [
    function("abs", Kind::Unary(Unary::Abs)),
    function("avg", Kind::Unary(Unary::Avg)),
    function("ceil", Kind::Unary(Unary::Ceil)),
    function("contains", Kind::Binary(Binary::Contains)),
    function("ends_with", Kind::Binary(Binary::EndsWith)),
    function("equals_ignore_case", Kind::Binary(Binary::EqualsIgnoreCase)),
    function("floor", Kind::Unary(Unary::Floor)),
    function("join", Kind::Binary(Binary::Join)),
    function("keys", Kind::Unary(Unary::Keys)),
    function("length", Kind::Unary(Unary::Length)),
    function("map", Kind::Map),
    function("max", Kind::Unary(Unary::Max)),
    function("max_by", Kind::ByKey(ByKey::Max)),
    function("merge", Kind::Variadic(Variadic::Merge)),
    function("min", Kind::Unary(Unary::Min)),
    function("min_by", Kind::ByKey(ByKey::Min)),
    function("not_null", Kind::Variadic(Variadic::NotNull)),
    function("reverse", Kind::Unary(Unary::Reverse)),
    function("sort", Kind::Unary(Unary::Sort)),
    function("sort_by", Kind::ByKey(ByKey::Sort)),
    function("starts_with", Kind::Binary(Binary::StartsWith)),
    function("sum", Kind::Unary(Unary::Sum)),
    function("to_array", Kind::Unary(Unary::ToArray)),
    function("to_number", Kind::Unary(Unary::ToNumber)),
    function("to_string", Kind::Unary(Unary::ToString)),
    function("type", Kind::Unary(Unary::Type)),
    function("values", Kind::Unary(Unary::Values)),
];

const fn function(name: &'static str, kind: Kind) -> Function {
    Function { name, kind }
}
