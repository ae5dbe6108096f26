//! Queries and documents that are made to run long, deep or large: each ends with a result or a typed
//! error, within its budget and on a small stack.

use attestry_policy::jmespath::{Budget, QUERY_BYTES, Query, QueryLimits, QueryProblem, SearchError};
use attestry_policy::json::{JSON_DEPTH, Json, JsonError, JsonLimits};

/// Stack that reading, compiling, searching and dropping must do with, as tests are built. Half of it
/// was enough when this was written; threads have 2 MiB unless told otherwise.
const STACK_BYTES: usize = 512 * 1024;

#[derive(Debug, PartialEq)]
enum Outcome {
    Found(Json),
    Refused(QueryProblem),
    Failed(SearchError),
}

/// Compiles and runs a query, and gives the steps it took.
fn run(query: String, document: String, budget: Budget) -> (Outcome, u64) {
    on_a_small_stack(move || {
        let document = Json::parse(&document, &JsonLimits::default()).unwrap();
        let query = match Query::compile(&query, &QueryLimits::default()) {
            Ok(query) => query,
            Err(error) => return (Outcome::Refused(error.problem), 0),
        };
        let mut left = budget;
        let outcome = match query.search(&document, &mut left) {
            Ok(found) => Outcome::Found(found),
            Err(error) => Outcome::Failed(error),
        };
        (outcome, budget.steps - left.steps)
    })
}

fn on_a_small_stack<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(task).unwrap().join().unwrap()
}

fn outcome(query: impl Into<String>, document: &str) -> Outcome {
    run(query.into(), document.to_owned(), Budget::default()).0
}

/// As often as a query of the greatest length holds it.
fn repeated(part: &str) -> String {
    part.repeat(usize::try_from(QUERY_BYTES).unwrap() / part.len())
}

fn joined(part: &str, separator: &str) -> String {
    let mut text = repeated(&format!("{part}{separator}"));
    text.truncate(text.len() - separator.len());
    text
}

#[test]
fn nesting_is_refused_before_the_stack_ends() {
    let too_deep = QueryProblem::TooDeep { limit: 128 };
    for part in [
        "[", "(", "!", "!(", "{a:", "[?", "a[?", "length(", "map(&", "[*]", "*.", "[0:1]", "[?a]", "[@,",
        "a.[", "a.{b:", "[[[*].",
    ] {
        assert_eq!(
            outcome(repeated(part), "[]"),
            Outcome::Refused(too_deep.clone()),
            "{part}"
        );
    }
    let comparisons = joined("a", "==");
    assert_eq!(outcome(comparisons, "[]"), Outcome::Refused(too_deep.clone()));
    // Levels that are left-overs of closed brackets count as well.
    let mut query = "a".to_owned();
    for _ in 0..100 {
        query = format!("({query}==a==a)");
    }
    assert_eq!(outcome(query, "[]"), Outcome::Refused(too_deep));
}

#[test]
fn the_nesting_limit_is_met_exactly() {
    let limits = QueryLimits {
        nesting: 5,
        ..QueryLimits::default()
    };
    let nested = |levels: usize| format!("{}a{}", "!".repeat(levels - 1), "");
    assert!(Query::compile(&nested(5), &limits).is_ok());
    let error = Query::compile(&nested(6), &limits).unwrap_err();
    assert_eq!(error.problem, QueryProblem::TooDeep { limit: 5 });
    // Beyond the constant nobody is allowed to go.
    let endless = QueryLimits {
        nesting: u32::MAX,
        ..QueryLimits::default()
    };
    assert!(Query::compile(&nested(128), &endless).is_ok());
    let error = Query::compile(&nested(129), &endless).unwrap_err();
    assert_eq!(error.problem, QueryProblem::TooDeep { limit: 128 });
}

#[test]
fn the_highest_queries_run() {
    // Each level evaluates the next: 127 and what stands innermost.
    for (before, after) in [
        ("[", "]"),
        ("{a:", "}"),
        ("!", ""),
        ("[?", "]"),
        ("to_array(", ")"),
        ("not_null(", ")"),
        ("merge(", ")"),
        ("map(&", ", @)"),
        ("sort_by(@, &", ")"),
        ("max_by(@, &", ")"),
        ("equals_ignore_case(@, ", ")"),
    ] {
        for levels in [100, 127] {
            let query = format!("{}@{}", before.repeat(levels), after.repeat(levels));
            for document in ["null", "[[[1]]]", "{}", &nested_arrays(120)] {
                let found = outcome(query.clone(), document);
                assert!(!matches!(found, Outcome::Refused(_)), "{before}: {found:?}");
            }
        }
    }
}

#[test]
fn long_chains_are_no_nesting() {
    let document = r#"{"a": {"a": null}}"#;
    for query in [
        joined("a", "."),
        joined("a", "||"),
        joined("a", "|"),
        joined("a[]", "."),
        joined("a[?a]", "."),
        format!("a{}", repeated("[]")).split_off(1),
    ] {
        let shown: String = query.chars().take(10).collect();
        let found = outcome(query, document);
        assert!(matches!(found, Outcome::Found(_)), "{shown}: {found:?}");
    }
    assert_eq!(
        outcome(joined("a", "&&"), document),
        Outcome::Found(Json::parse("{\"a\":null}", &JsonLimits::default()).unwrap())
    );
}

#[test]
fn queries_are_refused_by_their_length_first() {
    let query = " ".repeat(65_537);
    let refused = Outcome::Refused(QueryProblem::TooLong {
        found: 65_537,
        limit: 65_536,
    });
    assert_eq!(outcome(query, "1"), refused);
}

#[test]
fn quotes_without_an_end_are_read_once() {
    for quote in ['"', '\'', '`'] {
        let query = format!("{quote}{}", "\\".repeat(60_000));
        assert_eq!(
            outcome(query, "1"),
            Outcome::Refused(QueryProblem::Unterminated(quote))
        );
    }
    let deep = format!("`{}`", "[".repeat(60_000));
    let error = JsonError::TooDeep { limit: JSON_DEPTH };
    assert_eq!(
        outcome(deep, "1"),
        Outcome::Refused(QueryProblem::InvalidLiteral { error })
    );
}

#[test]
fn doubling_ends_with_the_size_of_json() {
    let budget = Budget {
        json_bytes: 1 << 20,
        ..Budget::default()
    };
    for part in ["[@,@]", "[@,@][]", "{a:@,b:@}", "[@,@,@,@] | [0:4]"] {
        let (outcome, steps) = run(vec![part; 100].join("|"), r#""some text""#.to_owned(), budget);
        assert_eq!(
            outcome,
            Outcome::Failed(SearchError::TooLong { limit: 1 << 20 }),
            "{part}"
        );
        assert!(steps < 300_000, "{part} takes {steps}");
    }
    for part in ["join('', [@, @])", "to_string([@, @])"] {
        let (outcome, steps) = run(vec![part; 100].join("|"), r#""some text""#.to_owned(), budget);
        assert_eq!(
            outcome,
            Outcome::Failed(SearchError::TooLong { limit: 1 << 20 }),
            "{part}"
        );
        assert!(steps < 3_000_000, "{part} takes {steps}");
    }
}

#[test]
fn values_within_the_size_share_their_parts() {
    let (outcome, steps) = run(vec!["[@,@]"; 16].join("|"), "0".to_owned(), Budget::default());
    let Outcome::Found(found) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(found.text_length(), (1 << 16) + 3 * ((1 << 16) - 1));
    assert!(steps < 200, "{steps}");
}

#[test]
fn built_values_do_not_get_deeper_than_documents() {
    let limit = JSON_DEPTH;
    let levels = usize::try_from(limit).unwrap();
    let nest = |levels: usize| vec!["[@]"; levels].join("|");
    assert!(matches!(outcome(nest(levels), "0"), Outcome::Found(_)));
    let too_deep = Outcome::Failed(SearchError::TooDeep { limit });
    assert_eq!(outcome(nest(levels + 1), "0"), too_deep);
    assert_eq!(outcome("[@]", &nested_arrays(levels)), too_deep);
    assert_eq!(outcome("{a:@}", &nested_arrays(levels)), too_deep);
    assert_eq!(outcome("to_array({a:@})", &nested_arrays(levels - 1)), too_deep);
}

#[test]
fn documents_nest_to_their_limit() {
    let levels = usize::try_from(JSON_DEPTH).unwrap();
    on_a_small_stack(move || {
        let parse = |text: &str| Json::parse(text, &JsonLimits::default());
        let deep = parse(&nested_arrays(levels)).unwrap();
        assert_eq!(deep.depth(), JSON_DEPTH);
        assert_eq!(deep, deep.unshared());
        assert_eq!(deep.to_string(), nested_arrays(levels));
        let too_deep = Err(JsonError::TooDeep { limit: JSON_DEPTH });
        for levels in [levels + 1, levels + 20, 100_000] {
            assert_eq!(parse(&nested_arrays(levels)), too_deep);
            assert_eq!(parse(&"[".repeat(levels)), too_deep);
            assert_eq!(parse(&"{\"a\":".repeat(levels)), too_deep);
        }
    });
    // The deepest document under a query of the greatest height.
    let query = format!("{}{}", "[*]".repeat(100), "[0]");
    assert!(matches!(
        outcome(query, &nested_arrays(levels)),
        Outcome::Found(_)
    ));
}

#[test]
fn steps_bound_products_of_the_document_with_the_query() {
    let document = format!("[{}]", vec!["1"; 8000].join(","));
    let numbers = vec!["3,2,1"; 20].join(",");
    let text = "x".repeat(1000);
    let budget = Budget::default();
    for query in [
        format!("map(&`[{numbers}]`[*].[`[{numbers}]`[*].[@, @]], @)"),
        format!("map(&sort(`[{numbers}]`), @) | map(&sort(@), @)"),
        format!("[?equals_ignore_case('{text}', '{text}')]"),
        format!("[?contains(`[{numbers}]`, `0`) || sum(`[{numbers}]`) < `0` || max(`[{numbers}]`) < `0`]"),
        format!("[?to_string(`[{numbers}]`) == '{text}' || reverse(`[{numbers}]`) == `[{numbers}]`]"),
    ] {
        let (outcome, steps) = run(query.clone(), document.clone(), budget);
        assert_eq!(outcome, Outcome::Failed(SearchError::Steps), "{query}");
        assert_eq!(steps, budget.steps);
    }
}

#[test]
fn literals_are_paid_for_when_they_are_copied() {
    let document = format!("[{}]", vec!["1"; 1000].join(","));
    let literal = format!("`[{}]`", vec!["1"; 1000].join(","));
    let (outcome, _) = run(format!("map(&{literal}, @)"), document, Budget::default());
    assert_eq!(outcome, Outcome::Failed(SearchError::Steps));
}

#[test]
fn sorting_and_comparing_cost_what_they_take() {
    let numbers: Vec<String> = (0..5000).rev().map(|number| number.to_string()).collect();
    let numbers = format!("[{}]", numbers.join(","));
    let (sorted, steps) = run("sort(@)[0]".into(), numbers.clone(), Budget::default());
    assert_eq!(sorted, Outcome::Found(Json::from(0)));
    assert!((5000 * 13..5000 * 20).contains(&steps), "{steps}");
    // Two large equal arrays, and two that their length tells apart.
    let pair = format!("[{numbers},{numbers},[]]");
    let (_, equal) = run("[0] == [1]".into(), pair.clone(), Budget::default());
    assert!(equal > 5000, "{equal}");
    let (_, differ) = run("[0] == [2]".into(), pair, Budget::default());
    assert!(differ < 20, "{differ}");
    let long = format!("[\"{0}\", \"{0}\"]", "x".repeat(160_000));
    let (_, text) = run("[0] == [1]".into(), long, Budget::default());
    assert!((10_000..10_020).contains(&text), "{text}");
}

#[test]
fn slices_take_any_numbers() {
    let document = "[0,1,2,3,4,5,6,7,8,9]";
    let (least, most) = (i64::MIN, i64::MAX);
    for (query, expected) in [
        (format!("[{least}:{most}:{most}]"), "[0]"),
        (format!("[{most}:{least}:{least}]"), "[9]"),
        (format!("[{least}:{most}]"), "[0,1,2,3,4,5,6,7,8,9]"),
        (format!("[::{least}]"), "[9]"),
        (format!("[{most}:{least}:-3]"), "[9,6,3,0]"),
        (format!("[{least}:{most}:-1]"), "[]"),
        (format!("[{least}]"), "null"),
        (format!("[{most}]"), "null"),
        ("[5:-5:-1]".to_owned(), "[]"),
        ("[-2:2:-2]".to_owned(), "[8,6,4]"),
    ] {
        let Outcome::Found(found) = outcome(query.clone(), document) else {
            panic!("{query}");
        };
        assert_eq!(found.to_string(), expected, "{query}");
    }
    let beyond = "9223372036854775808";
    let refused = Outcome::Refused(QueryProblem::NumberOutOfRange(beyond.to_owned()));
    assert_eq!(outcome(format!("[{beyond}]"), document), refused);
}

#[test]
fn many_members_are_found_without_searching_them_all() {
    // 4,000 names in a query, each looked up in what the query built, twice.
    let names: Vec<String> = (0..4000).map(|number| format!("n{number}:@")).collect();
    let query = format!("{{{}}} | [n0, n3999, n4000] | [2]", names.join(","));
    assert_eq!(outcome(query, "1"), Outcome::Found(Json::Null));
    let members: Vec<String> = (0..100_000)
        .map(|number| format!("\"n{number}\":{number}"))
        .collect();
    let document = format!("{{{}}}", members.join(","));
    assert_eq!(outcome("n99999", &document), Outcome::Found(Json::from(99_999)));
    assert_eq!(
        outcome("length(keys(merge(@, @)))", &document),
        Outcome::Found(Json::from(100_000))
    );
    let twice = document.replace("\"n7\"", "\"n99999\"");
    let error = Json::parse(&twice, &JsonLimits::default()).unwrap_err();
    assert_eq!(
        error,
        JsonError::DuplicateMember {
            name: "n99999".to_owned()
        }
    );
}

#[test]
fn results_larger_than_the_budget_are_refused_whatever_made_them() {
    let budget = Budget {
        json_bytes: 20,
        ..Budget::default()
    };
    let document = r#"["abcdef","abcdef","abcdef","abcdef"]"#;
    for query in [
        "[*]",
        "[0:4]",
        "[?@]",
        "[]",
        "{a: [0], b: [1], c: [2]}",
        "[[0],[1],[2]]",
        "join('-', @)",
        "to_string(@)",
        "reverse(@)",
        "sort(@)",
        "map(&@, @)",
        "to_array({a: [0], b: [1]})",
        "'a raw string of the query'",
        "{a: {b: @[0]}} | values(@)[0] | keys(@) | [[@, @, @], [@, @]]",
    ] {
        let (outcome, _) = run(query.to_owned(), document.to_owned(), budget);
        assert_eq!(
            outcome,
            Outcome::Failed(SearchError::TooLong { limit: 20 }),
            "{query}"
        );
    }
    // What is part of the document as it stands is not built.
    let (whole, _) = run("@".to_owned(), document.to_owned(), budget);
    assert!(matches!(whole, Outcome::Found(_)));
}

fn nested_arrays(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// Pipes do not nest in the query, but what they build does, also where nothing of it is in the result: dropping it
/// would end the stack.
#[test]
fn values_on_the_way_are_refused_at_the_same_depth() {
    let limit = JSON_DEPTH;
    for part in ["[@]", "{a:@}"] {
        let query = vec![part; 5000].join("|") + "|length(@)";
        assert_eq!(
            outcome(query, "1"),
            Outcome::Failed(SearchError::TooDeep { limit }),
            "{part}"
        );
    }
}
