use super::{Budget, Query, QueryError, QueryLimits, QueryProblem, SearchError};
use crate::json::{Json, JsonError, JsonLimits};

mod maa;

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
    check_refused(
        "PcrIndex == 20",
        12,
        "`20` is not an expression: numbers stand between back-ticks",
        Some("write `` `20` ``"),
    );
    check_refused(
        "a = b",
        2,
        "`=` is not a symbol of JMESPath",
        Some("values are compared with `==`"),
    );
    check_refused(
        "a == “b”",
        5,
        "`“` is not a symbol of JMESPath",
        Some("text stands between straight single quotes"),
    );
    check_refused(
        "a - b",
        2,
        "`-` is not a symbol of JMESPath",
        Some("JMESPath has no arithmetic; a negative number is written `` `-1` ``"),
    );
    check_refused(
        "a.b.",
        4,
        "the query ends too early, expected a name, `*`, `[` or `{`",
        None,
    );
    check_refused(
        "a b",
        2,
        "`b` cannot stand here, expected an operator or the end",
        None,
    );
    check_refused(
        "a[?b",
        4,
        "the query ends too early, expected `]` or an operator",
        None,
    );
    check_refused(
        "a[b]",
        2,
        "`b` cannot stand here, expected a number, `:` or `*`",
        None,
    );
    check_refused("{a b}", 3, "`b` cannot stand here, expected `:`", None);
    check_refused("{`1`: b}", 1, "`1` cannot stand here, expected a name", None);
    check_refused("[a, ]", 4, "`]` cannot stand here, expected an expression", None);
    check_refused("", 0, "the query ends too early, expected an expression", None);
    check_refused(
        "a == 'b",
        5,
        "the text that starts with a single quote has no end",
        None,
    );
    check_refused(
        "\"b",
        0,
        "the text that starts with a double quote has no end",
        None,
    );
    check_refused(
        "[?a == `1]",
        7,
        "the text that starts with a back-tick has no end",
        None,
    );
    check_refused(
        "lenght(a)",
        0,
        "unknown function `lenght`",
        Some("did you mean `length`?"),
    );
    check_refused("a | frobnicate(a)", 4, "unknown function `frobnicate`", None);
    check_refused("length(a, b)", 0, "`length` takes 1 argument, 2 given", None);
    check_refused("contains(a)", 0, "`contains` takes 2 arguments, 1 given", None);
    check_refused("merge()", 0, "`merge` takes at least 1 argument, 0 given", None);
    check_refused(
        "sort_by(a, b)",
        0,
        "argument 2 of `sort_by` must be an expression that starts with `&`",
        None,
    );
    check_refused(
        "length(&a)",
        0,
        "argument 1 of `length` must be a value, not an expression that starts with `&`",
        None,
    );
    check_refused("a[::0]", 4, "the step of a slice must not be 0", None);
    check_refused(
        "a[99999999999999999999]",
        2,
        "`99999999999999999999` is outside the range of 64-bit integers",
        None,
    );
    check_refused("&a", 0, "`&` cannot stand here, expected an expression", None);
    check_refused(
        "\"a\"(b)",
        3,
        "`(` cannot stand here, expected an operator or the end",
        None,
    );
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
    for (query, document, expected) in [
        ("sum(@)", "[9223372036854775807,1]", "9223372036854775808"),
        (
            "sum(@)",
            "[18446744073709551615,-9223372036854775808,-9223372036854775808,4]",
            "3",
        ),
        ("sum(@)", "[1,2.5]", "3.5"),
        ("sum(@)", "[0.5,0.5]", "1"),
        ("sum(@)", "[]", "0"),
        ("avg(@)", "[1,2]", "1.5"),
        (
            "avg(@)",
            "[9007199254740993,9007199254740993]",
            "9007199254740993",
        ),
        ("avg(@)", "[1.5,0.5]", "1"),
        ("avg(@)", "[]", "null"),
        ("abs(@)", "-9223372036854775808", "9223372036854775808"),
        ("ceil(@)", "1.01", "2"),
        ("floor(@)", "-1.01", "-2"),
        (
            "max(@)",
            "[1,9007199254740993,9007199254740992.0]",
            "9007199254740993",
        ),
        ("min(@)", "[\"b\",\"a\",\"aa\"]", "\"a\""),
        ("max(@)", "[]", "null"),
        ("sort(@)", "[3,1.5,2,-1]", "[-1,1.5,2,3]"),
        (
            "sort(@)",
            "[\"é\",\"z\",\"Z\",\"😀\",\"\u{ffff}\"]",
            "[\"Z\",\"z\",\"é\",\"\u{ffff}\",\"😀\"]",
        ),
        (
            "sort_by(@, &a)[*].b",
            "[{\"a\":2,\"b\":1},{\"a\":1,\"b\":2},{\"a\":2,\"b\":3},{\"a\":1,\"b\":4}]",
            "[2,4,1,3]",
        ),
        (
            "max_by(@, &a).b",
            "[{\"a\":2,\"b\":1},{\"a\":2,\"b\":2},{\"a\":1,\"b\":3}]",
            "1",
        ),
        (
            "min_by(@, &a).b",
            "[{\"a\":\"x\",\"b\":1},{\"a\":\"x\",\"b\":2}]",
            "1",
        ),
        ("min_by(@, &a)", "[]", "null"),
        ("length(@)", "\"é😀\"", "2"),
        ("length(@)", "{\"a\":1}", "1"),
        ("reverse(@)", "\"é😀a\"", "\"a😀é\""),
        ("reverse(@)", "[1,null]", "[null,1]"),
        ("join(', ', @)", "[\"a\",\"b\"]", "\"a, b\""),
        ("join(', ', @)", "[]", "\"\""),
        ("keys(@)", "{\"b\":1,\"a\":2}", "[\"b\",\"a\"]"),
        ("values(@)", "{\"b\":1,\"a\":null}", "[1,null]"),
        ("map(&a, @)", "[{\"a\":1},{}]", "[1,null]"),
        (
            "merge(@, `{\"b\":3,\"c\":4}`)",
            "{\"a\":1,\"b\":2}",
            "{\"a\":1,\"b\":3,\"c\":4}",
        ),
        ("not_null(a, b, c)", "{\"b\":false,\"c\":1}", "false"),
        ("not_null(a)", "{}", "null"),
        ("to_array(@)", "[1]", "[1]"),
        ("to_array(@)", "1", "[1]"),
        ("to_string(@)", "{\"a\": [1.0]}", "\"{\\\"a\\\":[1]}\""),
        ("to_string(@)", "\"a\"", "\"a\""),
        ("to_number(@)", "\"-1.50\"", "-1.5"),
        ("to_number(@)", "\"1e3\"", "1000"),
        ("to_number(@)", "\" 1\"", "null"),
        ("to_number(@)", "\"1 \"", "null"),
        ("to_number(@)", "\"0x10\"", "null"),
        ("to_number(@)", "\"1e999\"", "null"),
        ("to_number(@)", "\"[1\"", "null"),
        ("to_number(@)", "[1]", "null"),
        ("type(@)", "[1]", "\"array\""),
        ("contains(@, `1`)", "[2,1.0]", "true"),
        ("contains(@, 'b')", "\"abc\"", "true"),
        ("contains(@, `1`)", "\"1\"", "false"),
        ("starts_with(@, 'é')", "\"éa\"", "true"),
        ("ends_with(@, 'é')", "\"éa\"", "false"),
    ] {
        check(query, document, expected);
    }
}

#[test]
fn functions_say_what_they_are_not_made_for() {
    for (query, document, message) in [
        (
            "abs(@)",
            "\"1\"",
            "argument 1 of `abs` must be a number, found a string",
        ),
        (
            "sum(@)",
            "[1,\"2\"]",
            "argument 1 of `sum` must be an array of numbers, found an array with a string",
        ),
        (
            "avg(@)",
            "{}",
            "argument 1 of `avg` must be an array, found an object",
        ),
        (
            "sort(@)",
            "[1,\"2\"]",
            "argument 1 of `sort` must be an array of numbers or an array of strings, found an array with a string",
        ),
        (
            "max(@)",
            "[null]",
            "argument 1 of `max` must be an array of numbers or an array of strings, found an array with null",
        ),
        (
            "min(@)",
            "[[]]",
            "argument 1 of `min` must be an array of numbers or an array of strings, found an array with an array",
        ),
        (
            "sort_by(@, &a)",
            "[{\"a\":1},{}]",
            "argument 2 of `sort_by` must be an expression that gives only numbers or only strings, found null",
        ),
        (
            "max_by(@, &a)",
            "[{\"a\":true}]",
            "argument 2 of `max_by` must be an expression that gives only numbers or only strings, found a boolean",
        ),
        (
            "join('', @)",
            "[\"a\",{}]",
            "argument 2 of `join` must be an array of strings, found an array with an object",
        ),
        (
            "join(@, @)",
            "[]",
            "argument 1 of `join` must be a string, found an array",
        ),
        (
            "keys(@)",
            "null",
            "argument 1 of `keys` must be an object, found null",
        ),
        (
            "values(@)",
            "[]",
            "argument 1 of `values` must be an object, found an array",
        ),
        (
            "length(@)",
            "1",
            "argument 1 of `length` must be an array, an object or a string, found a number",
        ),
        (
            "reverse(@)",
            "true",
            "argument 1 of `reverse` must be an array or a string, found a boolean",
        ),
        (
            "contains(@, 'a')",
            "{}",
            "argument 1 of `contains` must be an array or a string, found an object",
        ),
        (
            "starts_with('a', @)",
            "1",
            "argument 2 of `starts_with` must be a string, found a number",
        ),
        (
            "map(&a, @)",
            "{}",
            "argument 2 of `map` must be an array, found an object",
        ),
        (
            "merge(`{}`, @)",
            "[]",
            "argument 2 of `merge` must be an object, found an array",
        ),
        ("sum(@)", "[1e308,1e308]", "the result of `sum` is out of range"),
    ] {
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
