use super::*;
use crate::Policy;

fn refused(text: &str) -> Vec<Diagnostic> {
    Policy::compile(text).expect_err("the policy is wrong")
}

/// The whole path of grammar rules is named, as MAA names it.
#[test]
fn the_failing_rule_is_named_from_the_outside_in() {
    for (text, path) in [
        ("version=1.0", "policy > versionInfo"),
        ("version=1.0; permit", "policy"),
        (
            "version=1.0; authorizationrules => permit();",
            "policy > authRules",
        ),
        (
            "version=1.0; authorizationrules{ permit(); };",
            "policy > authRules > rule > conditionList > condition",
        ),
        (
            "version=1.0; authorizationrules{ [type==] => permit(); };",
            "policy > authRules > rule > conditionList > condition > propCond > expression",
        ),
        (
            "version=1.0; authorizationrules{ => permit; };",
            "policy > authRules > rule > action",
        ),
        (
            "version=1.0; issuancerules{ => issue(type \"a\"); };",
            "policy > issuanceRules > rule > action > claimArg > assignment",
        ),
        (
            "version=1.1; configurationrules{ => issueproperty(claim c); };",
            "policy > configRules > rule > action > claimArg",
        ),
    ] {
        assert_eq!(refused(text)[0].grammar_rule, path, "{text}");
    }
}

#[test]
fn several_expected_symbols_are_a_set_in_maas_words() {
    let message = maa_message(&refused(
        "version=1.0; authorizationrules{ [type==\"a\"] permit(); };",
    ));
    assert_eq!(
        message,
        "Policy Parser Exception Thrown: Offending symbol: 'permit' Line: '1', Column: '46' \
         Failure message: 'mismatched input 'permit' expecting {'&&', '=>'}' \
         Failing rule: 'policy > authRules > rule'"
    );
}

#[test]
fn errors_of_meaning_are_told_in_maas_frame() {
    let message = maa_message(&refused(
        "version=1.0; authorizationrules{ => issue(type=\"a\", value=1); };",
    ));
    assert_eq!(
        message,
        "Policy Parser Exception Thrown: Offending symbol: 'issue' Line: '1', Column: '37' \
         Failure message: '`issue` is not allowed in `authorizationrules`' Failing rule: 'policy > action'"
    );
}

#[test]
fn a_warning_before_the_error_is_not_the_message() {
    let text = "Version=1.0; authorizationrules{=>permit();} ";
    let findings = refused(text);
    assert_eq!(findings[0].severity, Severity::Warning);
    assert!(maa_message(&findings).contains("Offending symbol: '<EOF>' Line: '1', Column: '46'"));
    assert_eq!(maa_message(&findings[..1]), "");
}

#[test]
fn long_symbols_and_control_characters_do_not_reach_messages() {
    let long = "x".repeat(1000);
    let message = maa_message(&refused(&format!("version=1.0; {long}")));
    assert!(message.len() < 400, "{message}");
    let found = refused("version=1.0; \u{7}\u{1b}[31m");
    assert_eq!(found[0].symbol, "\\u{7}");
    assert!(
        found
            .iter()
            .all(|finding| !finding.message.contains(char::is_control))
    );
}

#[test]
fn the_number_of_findings_is_bounded() {
    let text = format!(
        "version=1.0; authorizationrules{{ {} }};",
        "[type] => permit(); ".repeat(5000)
    );
    assert_eq!(refused(&text).len(), 100);
}

#[test]
fn columns_count_characters_and_lines_end_with_line_feeds() {
    let found = &refused("version=1.0;\r\n\r\n/**/ authorizationrules{ [type==\"äöü\"] => premit(); };")[1];
    assert_eq!(
        (found.line, found.column, found.end_line, found.end_column),
        (3, 43, 3, 49)
    );
    assert_eq!(found.span, Span { start: 61, end: 67 });
}

#[test]
fn rendering_shows_the_place_in_a_long_line() {
    let text = format!(
        "version=1.0; authorizationrules{{ {}=> premit(); {}}};",
        "[type==\"a\"] => permit(); ".repeat(10),
        "=> permit(); ".repeat(10)
    );
    assert_eq!(
        refused(&text)[0].render("p", &text),
        "error[unknown-action]: unknown action `premit`
  --> p:1:287
   |
 1 | …mit(); [type==\"a\"] => permit(); [type==\"a\"] => permit(); => premit(); => permit(); => permit(); => permit(); => permit()…
   |                                                              ^^^^^^
   = help: did you mean `permit`?
"
    );
}

#[test]
fn rendering_a_finding_over_several_lines_marks_the_first() {
    let text = "version=1.0; /* a\nb */";
    assert_eq!(
        refused(text)[0].render("p", text),
        "error[block-comment]: a block comment is not part of the policy language
  --> p:1:14
   |
 1 | version=1.0; /* a
   |              ^^^^
   = help: comments start with `//` and end with the line
"
    );
}
