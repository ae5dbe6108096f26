//! The functions by name, and what forms of arguments they take. Types are checked when called.

use super::error::QueryProblem;

/// A function of the JMESPath specification, or of MAA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Avg,
    Ceil,
    Contains,
    EndsWith,
    EqualsIgnoreCase,
    Floor,
    Join,
    Keys,
    Length,
    Map,
    Max,
    MaxBy,
    Merge,
    Min,
    MinBy,
    NotNull,
    Reverse,
    Sort,
    SortBy,
    StartsWith,
    Sum,
    ToArray,
    ToNumber,
    ToString,
    Type,
    Values,
}

#[derive(Clone, Copy)]
enum Arity {
    One,
    Two,
    /// One or more.
    Many,
}

/// What an argument looks like in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An expression that is evaluated before the call.
    Value,
    /// `&expression`, which the function evaluates itself.
    Reference,
}

impl Function {
    /// The function called `name`.
    pub(super) fn named(name: &str) -> Result<Self, QueryProblem> {
        let found = ALL.iter().find(|function| function.name() == name);
        found.copied().ok_or_else(|| QueryProblem::UnknownFunction {
            name: name.to_owned(),
            nearest: crate::suggest::closest(name, &ALL.map(Self::name)),
        })
    }

    pub(super) fn name(self) -> &'static str {
        self.signature().0
    }

    /// Whether the function can be called with arguments of these forms.
    pub(super) fn check(self, arguments: &[Form]) -> Result<(), QueryProblem> {
        let (function, arity, reference) = self.signature();
        let (fits, expected) = match arity {
            Arity::One => (arguments.len() == 1, "1 argument"),
            Arity::Two => (arguments.len() == 2, "2 arguments"),
            Arity::Many => (!arguments.is_empty(), "at least 1 argument"),
        };
        if !fits {
            return Err(QueryProblem::Arity {
                function,
                expected,
                found: arguments.len(),
            });
        }
        for (argument, form) in (1..).zip(arguments) {
            let wanted = if reference == argument {
                Form::Reference
            } else {
                Form::Value
            };
            if *form != wanted {
                return Err(QueryProblem::ArgumentForm {
                    function,
                    argument,
                    expected: match wanted {
                        Form::Value => "a value, not an expression after `&`",
                        Form::Reference => "an expression after `&`",
                    },
                });
            }
        }
        Ok(())
    }

    /// Name, number of arguments, and which argument is an expression; 0 for none.
    fn signature(self) -> (&'static str, Arity, usize) {
        match self {
            Self::Abs => ("abs", Arity::One, 0),
            Self::Avg => ("avg", Arity::One, 0),
            Self::Ceil => ("ceil", Arity::One, 0),
            Self::Contains => ("contains", Arity::Two, 0),
            Self::EndsWith => ("ends_with", Arity::Two, 0),
            Self::EqualsIgnoreCase => ("equals_ignore_case", Arity::Two, 0),
            Self::Floor => ("floor", Arity::One, 0),
            Self::Join => ("join", Arity::Two, 0),
            Self::Keys => ("keys", Arity::One, 0),
            Self::Length => ("length", Arity::One, 0),
            Self::Map => ("map", Arity::Two, 1),
            Self::Max => ("max", Arity::One, 0),
            Self::MaxBy => ("max_by", Arity::Two, 2),
            Self::Merge => ("merge", Arity::Many, 0),
            Self::Min => ("min", Arity::One, 0),
            Self::MinBy => ("min_by", Arity::Two, 2),
            Self::NotNull => ("not_null", Arity::Many, 0),
            Self::Reverse => ("reverse", Arity::One, 0),
            Self::Sort => ("sort", Arity::One, 0),
            Self::SortBy => ("sort_by", Arity::Two, 2),
            Self::StartsWith => ("starts_with", Arity::Two, 0),
            Self::Sum => ("sum", Arity::One, 0),
            Self::ToArray => ("to_array", Arity::One, 0),
            Self::ToNumber => ("to_number", Arity::One, 0),
            Self::ToString => ("to_string", Arity::One, 0),
            Self::Type => ("type", Arity::One, 0),
            Self::Values => ("values", Arity::One, 0),
        }
    }
}

const ALL: [Function; 27] = [
    Function::Abs,
    Function::Avg,
    Function::Ceil,
    Function::Contains,
    Function::EndsWith,
    Function::EqualsIgnoreCase,
    Function::Floor,
    Function::Join,
    Function::Keys,
    Function::Length,
    Function::Map,
    Function::Max,
    Function::MaxBy,
    Function::Merge,
    Function::Min,
    Function::MinBy,
    Function::NotNull,
    Function::Reverse,
    Function::Sort,
    Function::SortBy,
    Function::StartsWith,
    Function::Sum,
    Function::ToArray,
    Function::ToNumber,
    Function::ToString,
    Function::Type,
    Function::Values,
];
