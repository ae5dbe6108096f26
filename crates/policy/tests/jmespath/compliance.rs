//! Every case of the official JMESPath compliance suite; `compliance/README.md` says where it is from.

use std::collections::BTreeMap;
use std::path::Path;

use attestry_policy::jmespath::{Budget, Query, QueryLimits, QueryProblem, SearchError};
use attestry_policy::json::{Json, JsonLimits};

/// The files and how many cases each has, so that none is lost unnoticed.
const FILES: [(&str, usize); 16] = [
    ("basic.json", 18),
    ("benchmarks.json", 14),
    ("boolean.json", 53),
    ("current.json", 3),
    ("escape.json", 8),
    ("filters.json", 73),
    ("functions.json", 171),
    ("identifiers.json", 125),
    ("indices.json", 59),
    ("literal.json", 41),
    ("multiselect.json", 53),
    ("pipe.json", 17),
    ("slice.json", 41),
    ("syntax.json", 130),
    ("unicode.json", 4),
    ("wildcard.json", 65),
];

#[test]
fn the_compliance_suite_passes() {
    let mut failures = Vec::new();
    let mut counts = BTreeMap::new();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let suites = read(&std::fs::read_to_string(&path).unwrap());
        for suite in elements(&suites) {
            for case in elements(member(suite, "cases").unwrap()) {
                *counts.entry(file.clone()).or_insert(0) += 1;
                if let Err(failure) = check(member(suite, "given").unwrap(), case) {
                    failures.push(format!("{file}: {failure}"));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    let expected = FILES.map(|(file, cases)| (file.to_owned(), cases));
    assert_eq!(counts, BTreeMap::from(expected));
}

/// Cases that are only to be timed and state no result, but that the grammar and the functions of the
/// specification refuse.
const REFUSED: [(&str, &str); 2] = [
    // Brackets hold an index, a slice or `*`; a condition stands after `[?`.
    ("foo[bar > baz][qux > baz]", "syntax"),
    // `sum` takes one array.
    (
        "sum(z, y, x, w, v, u, t, s, r, q, p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a)",
        "invalid-arity",
    ),
];

/// What the suite calls the outcome of a search: its kinds of errors, or the value.
fn outcome(query: &str, document: &Json) -> Result<Json, &'static str> {
    let query = Query::compile(query, &QueryLimits::default()).map_err(|error| match error.problem {
        QueryProblem::UnknownFunction { .. } => "unknown-function",
        QueryProblem::Arity { .. } => "invalid-arity",
        QueryProblem::ArgumentForm { .. } => "invalid-type",
        QueryProblem::ZeroStep => "invalid-value",
        QueryProblem::TooLong { .. } | QueryProblem::TooDeep { .. } => "limit",
        _ => "syntax",
    })?;
    let found = query.search(document, &mut Budget::default());
    found.map_err(|error| match error {
        SearchError::InvalidType { .. } => "invalid-type",
        _ => "limit",
    })
}

fn check(given: &Json, case: &Json) -> Result<(), String> {
    let Some(Json::String(query)) = member(case, "expression") else {
        return Err(format!("no expression in {case}"));
    };
    let found = outcome(query, given);
    let passes = match (member(case, "result"), member(case, "error"), &found) {
        (Some(expected), _, Ok(found)) => expected == found,
        (None, Some(Json::String(kind)), Err(error)) => **kind == **error,
        (None, None, found) => {
            let refused = REFUSED.iter().find(|(refused, _)| *refused == &**query);
            member(case, "bench").is_some() && found.as_ref().err().copied() == refused.map(|(_, kind)| *kind)
        }
        _ => false,
    };
    if passes {
        return Ok(());
    }
    Err(format!("{case} gives {found:?}"))
}

fn read(text: &str) -> Json {
    Json::parse(text, &JsonLimits::default()).unwrap()
}

fn elements(json: &Json) -> &[Json] {
    match json {
        Json::Array(array) => array.elements(),
        _ => &[],
    }
}

fn member<'j>(json: &'j Json, name: &str) -> Option<&'j Json> {
    match json {
        Json::Object(object) => object.member(name),
        _ => None,
    }
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/jmespath/compliance"))
}
