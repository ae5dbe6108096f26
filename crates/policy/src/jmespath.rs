//! JMESPath (<https://jmespath.org/specification.html>) with the function `equals_ignore_case` of MAA:
//! text is compiled once to a [`Query`], which is run over a JSON document within a [`Budget`]. Must not
//! know policies or claims.
//!
//! Stages are modules: `lexer`, `parser`, `tree`, `evaluate` with `value` and `functions`.
//!
//! ```
//! use attestry_policy::jmespath::{Budget, Query, QueryLimits};
//! use attestry_policy::json::{Json, JsonLimits};
//!
//! let text = r#"{"PCRs": [{"Index": 0, "Digest": "AAAA"}, {"Index": 7, "Digest": "AQ"}]}"#;
//! let document = Json::parse(text, &JsonLimits::default()).unwrap();
//! let query = Query::compile("PCRs[?Index == `7`].Digest | [0]", &QueryLimits::default()).unwrap();
//! let found = query.search(&document, &mut Budget::default()).unwrap();
//! assert_eq!(found, Json::from("AQ"));
//! ```

pub use error::{QueryError, QueryProblem, SearchError};

use crate::json::Json;

mod error;
mod evaluate;
mod functions;
mod lexer;
mod parser;
mod result;
mod signature;
mod tree;
mod value;

#[cfg(test)]
mod tests;

/// Bytes of one query. Published policies use up to 400.
pub const QUERY_BYTES: u32 = 64 * 1024;

/// Levels of a query: parentheses, calls, projections within projections. Published policies use five,
/// the deepest case of the JMESPath compliance suite 105.
pub const QUERY_NESTING: u32 = 128;

/// Steps of one search. Published queries over a Windows boot of 60 events take some hundreds; a million
/// steps are some tens of milliseconds.
pub const SEARCH_STEPS: u64 = 1_000_000;

/// Bounds of compiling a query. The default has the constants of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Bytes of text.
    pub bytes: u32,
    /// Levels of nested expressions; not more than [`QUERY_NESTING`] in any case.
    pub nesting: u32,
}

/// What searches may still cost. One budget can serve many searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps that are left: an expression evaluated, an element visited, compared or sorted, some
    /// bytes of text handled.
    pub steps: u64,
    /// Bytes of the JSON text of any value that a search builds, its result included.
    pub json_bytes: u64,
}

/// A compiled query. Threads share it without touching a common counter.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    root: tree::Node,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            bytes: QUERY_BYTES,
            nesting: QUERY_NESTING,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: SEARCH_STEPS,
            json_bytes: crate::json::JSON_BYTES,
        }
    }
}

impl Query {
    /// Reads and checks a query. Everything that does not depend on a document is found here: syntax,
    /// function names, their numbers of arguments, steps of slices.
    pub fn compile(text: &str, limits: &QueryLimits) -> Result<Self, QueryError> {
        let root = parser::parse(text, *limits)?;
        Ok(Self { root })
    }

    /// What the query finds in `document`; [`Json::Null`] when it finds nothing.
    ///
    /// The result shares parts of the document, and nothing with the query.
    pub fn search(&self, document: &Json, budget: &mut Budget) -> Result<Json, SearchError> {
        evaluate::search(&self.root, document, budget)
    }
}
