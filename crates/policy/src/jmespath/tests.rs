use super::{Budget, Query, QueryError, QueryLimits, QueryProblem, SearchError};
use crate::json::{Json, JsonError, JsonLimits};

mod maa;
mod tables;

fn json(text: &str) -> Json {
    Json::parse(text, &JsonLimits::default()).unwrap()
}

fn search(query: &str, document: &str) -> Result<Json, SearchError> {
    let query =
        Query::compile(query, &QueryLimits::default()).unwrap_or_else(|error| panic!("{query}: {error}"));
    query.search(&json(document), &mut Budget::default())
}

fn check(query: &str, document: &str, expected: &str) {
    let found = search(query, document).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(found.to_string(), expected, "{query} over {document}");
}

fn refused(query: &str) -> QueryError {
    Query::compile(query, &QueryLimits::default()).expect_err(query)
}

/// The offset, the message and the help.
fn check_refused(query: &str, offset: usize, message: &str, help: Option<&str>) {
    let error = refused(query);
    assert_eq!(
        (error.offset, error.to_string().as_str()),
        (offset, message),
        "{query}"
    );
    assert_eq!(error.help().as_deref(), help, "{query}");
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    for &(query, offset, message, help) in tables::REFUSED {
        check_refused(query, offset, message, help);
    }
}

#[test]
fn literals_are_json() {
    check_refused(
        "a == `foo`",
        5,
        "not JSON: expected ident at line 1 column 2",
        Some("what stands between back-ticks is JSON; text stands between single quotes"),
    );
    let error = refused("`{\"a\":1,\"a\":2}`").problem;
    let duplicate = JsonError::DuplicateMember { name: "a".to_owned() };
    assert_eq!(error, QueryProblem::InvalidLiteral { error: duplicate });
    check(
        "`{\"b\": [1, 2.0], \"a\": \"\\`\"}`",
        "null",
        r#"{"b":[1,2],"a":"`"}"#,
    );
    check("` true `", "null", "true");
}

#[test]
fn quotes_have_their_own_escapes() {
    // Raw strings keep backslashes, only the quote is escaped.
    check(r"'\windows\n'", "null", r#""\\windows\\n""#);
    check(r"'it\'s \\'", "null", r#""it's \\\\""#);
    check("'line\nfeed'", "null", r#""line\nfeed""#);
    // Names in double quotes are JSON strings.
    check(r#""a\u0020b""#, r#"{"a b":1}"#, "1");
    check(r#""a\\b""#, r#"{"a\\b":1}"#, "1");
    assert!(matches!(
        refused(r#""a\x""#).problem,
        QueryProblem::InvalidLiteral { .. }
    ));
}

#[test]
fn operators_hold_as_in_the_reference_implementation() {
    for (query, same) in [
        ("a || b && c", "a || (b && c)"),
        ("a && b || c", "(a && b) || c"),
        ("a | b || c", "a | (b || c)"),
        ("a == b && c == d", "(a == b) && (c == d)"),
        ("!a == b", "(!a) == b"),
        ("!a[0]", "!(a[0])"),
        // A dot is weaker than `!`: what most people mean by it is written with parentheses.
        ("!a.b", "(!a).b"),
        ("a[*].b[0]", "a[*].(@.b[0])"),
        ("a[?b].c[?d]", "(a[?b].c)[?d]"),
        ("a[].b[]", "(a[].b)[]"),
    ] {
        // Parentheses stand where the grammar has none: compared by what is found.
        let document = r#"{"a":[{"b":[[{"c":1}],2],"d":1},{"b":[],"c":[{"d":3}]}],"b":0,"c":[],"d":5}"#;
        let same = same.replace(".(@.b[0])", " | map(&b[0], @) | [?@ != `null`]");
        assert_eq!(search(query, document), search(&same, document), "{query}");
    }
    check("a == b == c", r#"{"a":1,"b":1,"c":true}"#, "true");
    check(
        "a[?b].c",
        r#"{"a":[{"b":1,"c":2},{"b":0},{"b":null,"c":3}]}"#,
        "[2]",
    );
}

#[test]
fn projections_end_where_they_must() {
    let document = r#"{"a":[{"b":[1,2]},{"b":[3]},{"c":4}]}"#;
    check("a[*].b", document, "[[1,2],[3]]");
    check("a[*].b[0]", document, "[1,3]");
    check("a[*].b | [0]", document, "[1,2]");
    check("(a[*].b)[0]", document, "[1,2]");
    check("a[].b[]", document, "[1,2,3]");
    check("a[*].[b, c]", document, "[[[1,2],null],[[3],null],[null,4]]");
    check("a[*].{x: b[0]}", document, r#"[{"x":1},{"x":3},{"x":null}]"#);
    check("a[0:2].b[-1]", document, "[2,3]");
    check("a[2].*", document, "[4]");
    check("{y: a[0].b, x: `1`, y: a[2].c}", document, r#"{"y":4,"x":1}"#);
    check("b.[c]", document, "null");
    check("b.{c: c}", document, "null");
    // Nothing is found in what has no such parts.
    for query in [
        "b", "a.b", "a[9]", "a[0][0]", "a.*", "b[*]", "b[]", "b[?@]", "b[1:]", "*.b | b", "a[0].b.c",
    ] {
        check(query, document, "null");
    }
}

#[test]
fn comparing_is_exact() {
    let document = r#"{"n":20,"s":"20","f":20.0,"big":9007199254740993,"list":[1,{"a":2}],"none":null}"#;
    for (query, expected) in [
        ("n == `20`", "true"),
        ("n == f", "true"),
        ("n == '20'", "false"),
        ("s == `20`", "false"),
        ("s == `\"20\"`", "true"),
        ("n != s", "true"),
        ("big == `9007199254740992`", "false"),
        ("big > `9007199254740992.0`", "true"),
        ("list == `[1, {\"a\": 2.0}]`", "true"),
        ("list == `[1]`", "false"),
        ("[n, s] == `[20, \"20\"]`", "true"),
        ("{a: n, b: s} == {b: s, a: f}", "true"),
        ("{a: n} == {b: n}", "false"),
        ("none == missing", "true"),
        ("n < `21`", "true"),
        ("n <= f", "true"),
        ("n >= f", "true"),
        ("n > f", "false"),
        ("s < `21`", "null"),
        ("s < 'z'", "null"),
        ("missing >= `0`", "null"),
        // Names without quotes are members, whatever they are called.
        ("none == null", "true"),
        ("true", "null"),
    ] {
        check(query, document, expected);
    }
}

#[test]
fn functions_calculate_exactly() {
    for &(query, document, expected) in tables::CALCULATED {
        check(query, document, expected);
    }
}

#[test]
fn functions_say_what_they_are_not_made_for() {
    for &(query, document, message) in tables::MISUSED {
        let error = search(query, document).expect_err(query);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.offset(), Some(0));
    }
    let error = search("a | b.c || keys(@)", "{\"a\": []}").unwrap_err();
    assert_eq!(error.offset(), Some(11));
}

#[test]
fn results_share_the_document_and_not_the_query() {
    let text = |json: &Json| match json {
        Json::Array(array) => match array.elements() {
            [Json::String(text), ..] => std::sync::Arc::clone(text),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let document = json(r#"["from the document"]"#);
    let query = Query::compile("[@[0], @[0]]", &QueryLimits::default()).unwrap();
    let found = query.search(&document, &mut Budget::default()).unwrap();
    assert!(std::sync::Arc::ptr_eq(&text(&found), &text(&document)));
    let query = Query::compile("`[\"from the query\"]`", &QueryLimits::default()).unwrap();
    let found = || text(&query.search(&document, &mut Budget::default()).unwrap());
    assert!(!std::sync::Arc::ptr_eq(&found(), &found()));
}

#[test]
fn a_budget_serves_many_searches() {
    let query = Query::compile("a[?b == `1`]", &QueryLimits::default()).unwrap();
    let document = json(r#"{"a":[{"b":1},{"b":2}]}"#);
    let mut budget = Budget {
        steps: 100,
        ..Budget::default()
    };
    query.search(&document, &mut budget).unwrap();
    let steps = 100 - budget.steps;
    assert!((5..40).contains(&steps), "{steps}");
    let mut exact = Budget { steps, ..budget };
    assert!(query.search(&document, &mut exact).is_ok());
    assert_eq!(exact.steps, 0);
    let mut short = Budget {
        steps: steps - 1,
        ..budget
    };
    assert_eq!(query.search(&document, &mut short), Err(SearchError::Steps));
    assert_eq!(short.steps, 0);
}

#[test]
fn queries_are_shared_by_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Query>();
    shared::<Json>();
}
