//! What is wrong with a query, at compiling and at searching.

use thiserror::Error;

use crate::json::{JsonError, JsonType};

/// Why a query was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}")]
#[non_exhaustive]
pub struct QueryError {
    /// Byte of the query where the wrong symbol starts.
    pub offset: usize,
    /// What is wrong there.
    pub problem: QueryProblem,
}

/// What can be wrong with a query, whatever the document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryProblem {
    /// Longer than [`QueryLimits::bytes`](super::QueryLimits::bytes).
    #[error("the query has {found} bytes, {limit} are allowed")]
    TooLong {
        /// Bytes of the query.
        found: usize,
        /// Bytes that are allowed.
        limit: u32,
    },
    /// More levels than [`QueryLimits::nesting`](super::QueryLimits::nesting).
    #[error("the query nests deeper than {limit} levels")]
    TooDeep {
        /// Levels that are allowed.
        limit: u32,
    },
    /// A character that starts no symbol.
    #[error("`{0}` is not a symbol of JMESPath")]
    UnknownCharacter(String),
    /// A quote that nothing closes: `'`, `"` or a back-tick.
    #[error("the text that starts with {quote} has no end", quote = quote_name(*.0))]
    Unterminated(char),
    /// Text in double quotes or back-ticks that is not JSON.
    #[error("{error}")]
    InvalidLiteral {
        /// What is wrong with it.
        error: JsonError,
    },
    /// An index or a bound of a slice outside 64 bits.
    #[error("`{0}` is outside the range of 64-bit integers")]
    NumberOutOfRange(String),
    /// A number where a value must stand.
    #[error("`{0}` is not an expression: numbers stand between back-ticks")]
    BareNumber(String),
    /// A symbol that may not stand here.
    #[error("`{found}` cannot stand here, expected {expected}")]
    Unexpected {
        /// The symbol.
        found: String,
        /// What may stand here.
        expected: &'static str,
    },
    /// The query ends too early.
    #[error("the query ends too early, expected {expected}")]
    UnexpectedEnd {
        /// What is missing.
        expected: &'static str,
    },
    /// A function that there is not.
    #[error("unknown function `{name}`")]
    UnknownFunction {
        /// Its name.
        name: String,
        /// The function whose name is nearest.
        nearest: Option<&'static str>,
    },
    /// A function with too few or too many arguments.
    #[error("`{function}` takes {expected}, {found} given")]
    Arity {
        /// Its name.
        function: &'static str,
        /// How many it takes, in words.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A value where a function wants an expression (`&name`), or the reverse.
    #[error("argument {argument} of `{function}` must be {expected}")]
    ArgumentForm {
        /// The function.
        function: &'static str,
        /// Which argument, from 1.
        argument: usize,
        /// What it must be, in words.
        expected: &'static str,
    },
    /// A slice that does not move.
    #[error("the step of a slice must not be 0")]
    ZeroStep,
}

/// Why a search gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// An argument of a type that the function is not made for.
    #[error("argument {argument} of `{function}` must be {expected}, found {found}")]
    InvalidType {
        /// The function.
        function: &'static str,
        /// Which argument, from 1.
        argument: usize,
        /// What it must be, in words.
        expected: &'static str,
        /// What it is, in words.
        found: &'static str,
        /// Byte of the query where the call starts.
        offset: usize,
    },
    /// A result that JSON has no number for.
    #[error("the result of `{function}` is out of range")]
    OutOfRange {
        /// The function.
        function: &'static str,
        /// Byte of the query where the call starts.
        offset: usize,
    },
    /// [`Budget::steps`](super::Budget::steps) are used up.
    #[error("the search takes too many steps")]
    Steps,
    /// A value whose text would be longer than [`Budget::json_bytes`](super::Budget::json_bytes).
    #[error("the search builds JSON of more than {limit} bytes")]
    TooLong {
        /// Bytes that are allowed.
        limit: u64,
    },
    /// A value with more levels than [`JSON_DEPTH`](crate::json::JSON_DEPTH).
    #[error("the search builds JSON that nests deeper than {limit} levels")]
    TooDeep {
        /// Levels that are allowed.
        limit: u32,
    },
    /// A value that cannot be built for any other reason.
    #[error("{error}")]
    Unrepresentable {
        /// The reason.
        error: JsonError,
    },
}

impl QueryError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match &self.problem {
            QueryProblem::BareNumber(number) => format!("write `` `{number}` ``"),
            QueryProblem::UnknownCharacter(found) => match found.as_str() {
                "=" => "values are compared with `==`".to_owned(),
                "-" => "JMESPath has no arithmetic; a negative number is written `` `-1` ``".to_owned(),
                "“" | "”" | "‘" | "’" => "text stands between straight single quotes".to_owned(),
                _ => return None,
            },
            QueryProblem::InvalidLiteral {
                error: JsonError::Syntax { .. },
            } => "what stands between back-ticks is JSON; text stands between single quotes".to_owned(),
            QueryProblem::UnknownFunction {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            _ => return None,
        };
        Some(help)
    }
}

impl From<JsonError> for SearchError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooDeep { limit } => Self::TooDeep { limit },
            error => Self::Unrepresentable { error },
        }
    }
}

impl SearchError {
    /// Byte of the query that the error is about, when it is about one place.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::InvalidType { offset, .. } | Self::OutOfRange { offset, .. } => Some(*offset),
            Self::Steps | Self::TooLong { .. } | Self::TooDeep { .. } | Self::Unrepresentable { .. } => None,
        }
    }
}

/// The words for types in messages.
pub(super) fn type_name(found: JsonType) -> &'static str {
    match found {
        JsonType::Null => "null",
        JsonType::Boolean => "a boolean",
        JsonType::Number => "a number",
        JsonType::String => "a string",
        JsonType::Array => "an array",
        JsonType::Object => "an object",
    }
}

fn quote_name(quote: char) -> &'static str {
    match quote {
        '\'' => "a single quote",
        '"' => "a double quote",
        _ => "a back-tick",
    }
}
