//! Our JMESPath engine against the crate `jmespath`, an independent implementation: the same results for
//! generated queries over generated documents, or a difference that is known and has a reason.
#![cfg(test)]

#[path = "jmespath/differences.rs"]
mod differences;
#[path = "jmespath/generate.rs"]
mod generate;

use std::collections::BTreeMap;
use std::rc::Rc;

use attestry_oracles::Random;
use attestry_policy::jmespath::{Budget, Query, QueryLimits, QueryProblem, SearchError};
use attestry_policy::json::{Json, JsonLimits};
use jmespath::functions::{ArgumentType, CustomFunction, Signature};
use jmespath::{ErrorReason, Rcvar, Runtime, RuntimeError, Variable};

const SEED: u64 = 0x4a4d_4553;
const CASES: usize = 20_000;

/// What a search came to: a value, or the kind of error in the words of the compliance suite.
type Outcome = Result<Json, &'static str>;

struct Case {
    query: String,
    document: Json,
    ours: Outcome,
    /// What we have against the query itself.
    refusal: Option<QueryProblem>,
    theirs: Outcome,
}

#[test]
fn two_engines_agree() {
    let runtime = peer();
    let mut random = Random::new(SEED);
    let (mut found, mut refused) = (0, 0);
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for _ in 0..CASES {
        let document = generate::document(&mut random);
        let query = generate::query(&mut random, &document);
        let (ours, theirs) = (ours(&query, &document), theirs(&runtime, &query, &document));
        match (&ours, &theirs) {
            (Ok(left), Ok(right)) if left == right => found += 1,
            (Err(_), Err(_)) => refused += 1,
            _ => {
                let refusal = Query::compile(&query, &QueryLimits::default()).err();
                let case = Case {
                    refusal: refusal.map(|error| error.problem),
                    query,
                    document,
                    ours,
                    theirs,
                };
                match differences::explain(&case) {
                    Some(name) => *explained.entry(name).or_default() += 1,
                    None => unexplained.push(case),
                }
            }
        }
    }
    eprintln!("equal {found}, refused by both {refused}, explained {explained:?}");
    let shown: Vec<String> = unexplained.iter().take(20).map(Case::to_string).collect();
    assert!(
        unexplained.is_empty(),
        "{} unexplained:\n{}",
        unexplained.len(),
        shown.join("\n")
    );
    let unused = differences::NAMES
        .iter()
        .filter(|name| !explained.contains_key(*name));
    assert_eq!(
        unused.collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "rows that explain nothing"
    );
    // Otherwise little is compared.
    assert!(found * 10 > CASES * 6, "only {found} searches find something");
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |outcome: &Outcome| match outcome {
            Ok(json) => json.to_string(),
            Err(kind) => format!("error {kind}"),
        };
        let (ours, theirs) = (show(&self.ours), show(&self.theirs));
        write!(
            f,
            "{}\n  over {}\n  ours:   {ours}\n  theirs: {theirs}",
            self.query, self.document
        )
    }
}

fn ours(query: &str, document: &Json) -> Outcome {
    let query = Query::compile(query, &QueryLimits::default()).map_err(|error| match error.problem {
        QueryProblem::UnknownFunction { .. } => "unknown-function",
        QueryProblem::Arity { .. } => "invalid-arity",
        QueryProblem::ArgumentForm { .. } => "argument-form",
        QueryProblem::ZeroStep => "invalid-value",
        _ => "syntax",
    })?;
    let found = query.search(document, &mut Budget::default());
    found.map_err(|error| match error {
        SearchError::InvalidType { .. } => "invalid-type",
        SearchError::OutOfRange { .. } => "out-of-range",
        _ => "limit",
    })
}

fn theirs(runtime: &Runtime, query: &str, document: &Json) -> Outcome {
    let kind = |error: jmespath::JmespathError| match error.reason {
        ErrorReason::Parse(_) => "syntax",
        ErrorReason::Runtime(error) => match error {
            RuntimeError::InvalidSlice => "invalid-value",
            RuntimeError::UnknownFunction(_) => "unknown-function",
            RuntimeError::TooManyArguments { .. } | RuntimeError::NotEnoughArguments { .. } => {
                "invalid-arity"
            }
            RuntimeError::InvalidType { .. } | RuntimeError::InvalidReturnType { .. } => "invalid-type",
        },
    };
    let variable = Variable::from_json(&document.to_string()).expect("a document");
    let expression = runtime.compile(query).map_err(kind)?;
    let found = expression.search(Rcvar::new(variable)).map_err(kind)?;
    let text = serde_json::to_string(&found).map_err(|_| "no-json")?;
    Json::parse(&text, &JsonLimits::default()).map_err(|_| "no-json")
}

/// The other engine, with the function of MAA.
fn peer() -> Runtime {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let text = || ArgumentType::Union(vec![ArgumentType::String, ArgumentType::Null]);
    let function = |arguments: &[Rcvar], _: &mut jmespath::Context<'_>| {
        let equal = match (arguments[0].as_string(), arguments[1].as_string()) {
            (Some(first), Some(second)) => first.to_lowercase() == second.to_lowercase(),
            _ => false,
        };
        Ok(Rc::new(Variable::Bool(equal)))
    };
    let function = CustomFunction::new(Signature::new(vec![text(), text()], None), Box::new(function));
    runtime.register_function("equals_ignore_case", Box::new(function));
    runtime
}
