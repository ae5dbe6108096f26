use super::*;

fn kinds(text: &str) -> Vec<TokenKind> {
    let mut findings = Findings::default();
    let tokens = tokenize(text, &mut findings);
    assert!(!findings.has_errors(), "{text}");
    tokens.into_iter().map(|token| token.kind).collect()
}

#[test]
fn symbols_are_the_longest_possible() {
    use TokenKind::{Arrow, Assign, End, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Not, NotEqual};
    assert_eq!(kinds("==>"), [Equal, Greater, End]);
    assert_eq!(kinds("=>="), [Arrow, Assign, End]);
    assert_eq!(kinds("= =>"), [Assign, Arrow, End]);
    assert_eq!(kinds("!!="), [Not, NotEqual, End]);
    assert_eq!(kinds("<<=>>="), [Less, LessOrEqual, Greater, GreaterOrEqual, End]);
}

#[test]
fn spans_are_the_bytes_of_the_symbol() {
    let text = "  é // x\n \"ü\\\"\" ab_1 ";
    let mut findings = Findings::default();
    let shown: Vec<&str> = tokenize(text, &mut findings)
        .into_iter()
        .map(|token| token.span.of(text))
        .collect();
    assert_eq!(shown, ["\"ü\\\"\"", "ab_1", ""]);
    let unknown = &findings.into_diagnostics(text)[0];
    assert_eq!(
        (unknown.line, unknown.column, unknown.symbol.as_str()),
        (1, 3, "é")
    );
}

#[test]
fn a_version_is_digits_around_a_dot() {
    use TokenKind::{Dot, End, Integer};
    assert_eq!(kinds("1.0"), [Integer(1), Dot, Integer(0), End]);
}

#[test]
fn a_comment_at_the_end_needs_no_line_end() {
    assert_eq!(kinds("// all"), [TokenKind::End]);
    assert_eq!(kinds("{// =>"), [TokenKind::LeftBrace, TokenKind::End]);
}

#[test]
fn comments_are_told_on_request_and_change_no_token() {
    let text = "a // one \r\n\"// no\" //two\n//\n[ // =>";
    let mut findings = Findings::default();
    let (tokens, comments) = tokenize_with_comments(text, &mut findings);
    let shown: Vec<&str> = comments.into_iter().map(|comment| comment.of(text)).collect();
    assert_eq!(shown, ["// one \r", "//two", "//", "// =>"]);
    assert_eq!(tokens, tokenize(text, &mut findings));
}

#[test]
fn string_values_lose_quotes_and_escapes() {
    assert_eq!(string_value(r#""a\"b\\""#), r#"a"b\"#);
    assert_eq!(string_value(r#""""#), "");
    assert_eq!(string_value(r#""\\windows""#), r"\windows");
}

#[test]
fn a_string_ends_with_its_line_however_the_line_ends() {
    for text in ["\"a\n\"", "\"a\r\n\"", "\"a\r\"", "\"a"] {
        let mut findings = Findings::default();
        tokenize(text, &mut findings);
        let found = findings.into_diagnostics(text);
        assert_eq!(
            (found[0].code, found[0].symbol.as_str()),
            ("unterminated-string", "\"a"),
            "{text:?}"
        );
    }
}
