use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::ast::{self, ActionBody, ClaimArgument, ExpressionKind};

fn formatted(text: &str) -> String {
    format(text).unwrap_or_else(|findings| panic!("{text}\n{findings:?}"))
}

/// `rules` as the whole of a section that is canonical already, in canonical form.
fn formatted_rules(rules: &str) -> String {
    let text = formatted(&format!("version=1.2;\n\nissuancerules {{\n{rules}\n}};"));
    let rules = text.strip_prefix("version=1.2;\n\nissuancerules {\n").unwrap();
    rules.strip_suffix("\n};\n").unwrap().to_owned()
}

#[test]
fn sections_are_set_apart_and_white_space_is_canonical() {
    assert_eq!(
        formatted(
            "version = 1.1 ;configurationrules{};authorizationrules\n{=>permit ( ) ;[type==\"a\",value <-1]\n=>deny();}\n;issuancerules{=>issue(type=\"a\",value=F(1,c . value));};"
        ),
        "version=1.1;\n\nconfigurationrules {};\n\nauthorizationrules {\n    => permit();\n    \
         [type==\"a\", value<-1] => deny();\n};\n\nissuancerules {\n    \
         => issue(type=\"a\", value=F(1, c.value));\n};\n"
    );
}

#[test]
fn accepted_forms_outside_the_grammar_are_written_as_in_the_grammar() {
    assert_eq!(
        formatted(
            "Version=1.0; AuthorizationRules{ [type=\"a\", issuer=\"B\"] => permit(); }; Issuancerules{ => issue(\"a\", value=1); };"
        ),
        "version=1.0;\n\nauthorizationrules {\n    [type==\"a\", issuer==\"B\"] => permit();\n};\n\n\
         issuancerules {\n    => issue(type=\"a\", value=1);\n};\n"
    );
}

#[test]
fn literals_keep_their_spelling() {
    let rule = "    [value==0x0F, value!=-0, type==\"\\\\a \\\" // => é\"] => permit();";
    assert_eq!(formatted_rules(rule), rule);
}

#[test]
fn a_long_rule_breaks_at_its_conditions_and_before_its_action() {
    let claim = "x".repeat(30);
    assert_eq!(
        formatted_rules(&format!(
            "[type==\"{claim}\"] && ! [type==\"{claim}\"] && c:[value==1] => issue(claim = c);"
        )),
        format!(
            "    [type==\"{claim}\"] &&\n    ![type==\"{claim}\"] &&\n    c:[value==1]\n        => issue(claim=c);"
        )
    );
}

#[test]
fn a_rule_breaks_when_it_would_pass_the_last_column_and_not_before() {
    let rule = |length: usize| format!("    [type==\"{}\"] => permit();", "x".repeat(length));
    let room = LINE - rule(0).len();
    assert_eq!(formatted_rules(&rule(room)), rule(room));
    assert_eq!(
        formatted_rules(&rule(room + 1)),
        rule(room + 1).replace(" => ", "\n        => ")
    );
}

#[test]
fn one_blank_line_between_rules_is_kept() {
    assert_eq!(
        formatted_rules(
            "\n\n=> issue(claim=a);\n=> issue(claim=b);\n \t\n\n=> issue(claim=c); => issue(claim=d);\n\n"
        ),
        "    => issue(claim=a);\n    => issue(claim=b);\n\n    => issue(claim=c);\n    => issue(claim=d);"
    );
}

#[test]
fn comments_between_rules_keep_their_places() {
    let text = "// first\n\n// second\nversion=1.0; // of the language\n\n// about the section\nauthorizationrules { // open\n    \
                // before\n\n    // apart\n    => permit(); // behind\n    // after\n\n    => deny();\n\n    // last\n}; // closed\n// the end\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn a_section_with_only_a_comment_keeps_it() {
    let text = "version=1.0;\n\nauthorizationrules {\n    // nothing\n};\n\nissuancerules { // nothing\n};\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn comments_inside_a_rule_break_it_where_they_stand() {
    let rule = "    [type==\"a\"] && // one\n    // two\n    c:[type==\"b\", // three\n        value==1]\n        \
                // four\n        => issue(type=\"c\", // five\n            value=F(1,\n            // six\n            2));";
    assert_eq!(formatted_rules(rule), rule);
}

#[test]
fn a_comment_before_a_separator_goes_behind_it() {
    assert_eq!(
        formatted_rules(
            "[type==\"a\" // one\n , value==1] // two\n && [value==2] => permit() // three\n // four\n; // five"
        ),
        "    [type==\"a\", // one\n        value==1] && // two\n    [value==2]\n        => permit(); // three\n    \
         // four\n    // five"
    );
    assert_eq!(
        formatted("version=1.0 // one\n; issuancerules // two\n{} // three\n;"),
        "version=1.0; // one\n\nissuancerules { // two\n}; // three\n"
    );
}

#[test]
fn a_text_that_is_no_policy_is_not_formatted() {
    let codes = |text: &str| -> Vec<&str> {
        let findings = format(text).unwrap_err();
        findings.iter().map(|finding| finding.code).collect()
    };
    assert_eq!(
        codes("version=1.0; authorizationrules{ => permit() };"),
        ["unexpected-symbol"]
    );
    assert_eq!(codes("version=1.0; /* */"), ["block-comment"]);
    assert_eq!(codes(""), ["unexpected-symbol"]);
}

/// What only the checker refuses is formatted: one lays out a policy while writing it.
#[test]
fn an_unsound_policy_is_formatted() {
    assert_eq!(
        formatted_rules("=>permit( ) ;=> issue(claim=nothing);"),
        "    => permit();\n    => issue(claim=nothing);"
    );
}

#[test]
fn a_policy_that_indentation_makes_too_long_is_told_so() {
    let rules = "=>permit();".repeat(4096);
    let rest = "x".repeat(usize::try_from(crate::limits::POLICY_BYTES).unwrap() - rules.len() - 60);
    let text = format!("version=1.0;authorizationrules{{{rules}}};//{rest}");
    assert!(crate::Policy::compile(&text).is_ok());
    assert_eq!(format(&text).unwrap_err()[0].code, "policy-too-long");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// The properties that make the formatter safe to run on any policy.
    #[test]
    fn formatting_keeps_the_tree_and_the_comments_and_is_idempotent(text in policy()) {
        let once = formatted(&text);
        prop_assert_eq!(tree(&once), tree(&text), "{}", once);
        prop_assert_eq!(comments(&once), comments(&text), "{}", once);
        prop_assert_eq!(formatted(&once), &*once, "{}", once);
        prop_assert!(!once.lines().any(|line| line.ends_with(' ')), "{}", once);
        prop_assert!(once.ends_with('\n') && !once.contains("\n\n\n"), "{}", once);
        let compiles = |text: &str| crate::Policy::compile(text).is_ok();
        prop_assert_eq!(compiles(&once), compiles(&text));
    }
}

/// Policies of every form that the parser accepts, with white space and comments between any two tokens.
fn policy() -> impl Strategy<Value = String> {
    let section = (
        prop::sample::select(
            &[
                "configurationrules",
                "AuthorizationRules",
                "authorizationrules",
                "issuancerules",
            ][..],
        ),
        prop::collection::vec(rule(), 0..4),
    )
        .prop_map(|(name, rules)| format!("{name}\u{1}{{{}\u{1}}}\u{1};", rules.concat()));
    let version = prop::sample::select(&["1.0", "1.1", "1.2", "7.05"][..]);
    (
        version,
        prop::collection::vec(section, 0..3),
        prop::collection::vec(gap(), 1..24),
    )
        .prop_map(|(version, sections, gaps)| {
            let marked = format!(
                "\u{1}version\u{1}=\u{1}{version}\u{1};\u{1}{}\u{1}",
                sections.join("\u{1}")
            );
            let mut gaps = gaps.iter().cycle();
            marked
                .split('\u{1}')
                .fold(String::new(), |text, part| text + part + gaps.next().unwrap())
        })
}

/// What may stand between two tokens.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(String::new()),
        4 => "[ \t]{1,3}",
        2 => "[ \r\n]{1,4}",
        2 => "( |\n){0,3}//[ a-z\"{;,=>&é\r]{0,12}\n( |\n){0,3}",
        1 => "//x\n\n//[a-z ]{0,4}\n",
    ]
}

fn rule() -> impl Strategy<Value = String> {
    (prop::collection::vec(condition(), 0..4), action()).prop_map(|(conditions, action)| {
        format!(
            "\u{1}{}\u{1}=>\u{1}{action}\u{1};",
            conditions.join("\u{1}&&\u{1}")
        )
    })
}

fn condition() -> impl Strategy<Value = String> {
    let start = prop::sample::select(&["[", "!\u{1}[", "c\u{1}:\u{1}[", "!c:["][..]);
    let relation = prop::sample::select(&["=", "==", "!=", "<", "<=", ">", ">="][..]);
    let test = (property(), relation, expression()).prop_map(|(property, relation, operand)| {
        format!("\u{1}{property}\u{1}{relation}\u{1}{operand}\u{1}")
    });
    (start, prop::collection::vec(test, 1..3))
        .prop_map(|(start, tests)| format!("{start}{}]", tests.join(",")))
}

fn property() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["type", "value", "valueType", "issuer"][..])
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "\"[a-z é/=>]{0,8}\"",
        Just("\"\\\"\\\\\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("0x1F".to_owned()),
        Just("true".to_owned()),
        property().prop_map(|property| format!("c\u{1}.\u{1}{property}")),
    ];
    leaf.prop_recursive(3, 8, 3, |argument| {
        prop::collection::vec(argument, 0..3)
            .prop_map(|arguments| format!("JmesPath\u{1}(\u{1}{}\u{1})", arguments.join("\u{1},\u{1}")))
    })
}

fn action() -> impl Strategy<Value = String> {
    let name = prop::sample::select(&["add", "issue", "issueproperty"][..]);
    let argument = prop_oneof![
        1 => Just("claim\u{1}=\u{1}c".to_owned()),
        1 => assignments().prop_map(|rest| format!("\"a\"\u{1},\u{1}{rest}")),
        2 => assignments(),
    ];
    prop_oneof![
        1 => Just("permit\u{1}(\u{1})".to_owned()),
        1 => Just("deny()".to_owned()),
        3 => (name, argument).prop_map(|(name, argument)| format!("{name}\u{1}(\u{1}{argument}\u{1})")),
    ]
}

fn assignments() -> impl Strategy<Value = String> {
    prop::collection::vec((property(), expression()), 1..3).prop_map(|assignments| {
        let assignments: Vec<_> = assignments
            .iter()
            .map(|(property, value)| format!("{property}\u{1}=\u{1}{value}"))
            .collect();
        assignments.join("\u{1},\u{1}")
    })
}

/// The comments of a text, without white space at their ends, sorted.
fn comments(text: &str) -> Vec<&str> {
    let (_, comments) = tokenize_with_comments(text, &mut Findings::default());
    let mut comments: Vec<_> = comments
        .into_iter()
        .map(|comment| comment.of(text).trim_end_matches([' ', '\t', '\r']))
        .collect();
    comments.sort_unstable();
    comments
}

/// What a text means, without its places.
fn tree(text: &str) -> String {
    let mut findings = Findings::default();
    let policy = parse(text, &Limits::default(), &mut findings);
    assert!(!findings.has_errors(), "{text}");
    let mut tree = format!("version {:?}\n", policy.version.map(|version| version.text));
    for section in &policy.sections {
        let _ = writeln!(tree, "{}", section.kind);
        for rule in &section.rules {
            for condition in &rule.conditions {
                let name = condition.binding.map(|name| name.text);
                let _ = write!(tree, "  if {} {name:?}:", condition.negated.is_none());
                for test in &condition.tests {
                    let operand = expression_tree(&test.operand);
                    let _ = write!(tree, " {} {} {operand}", test.property, test.relation);
                }
                tree.push('\n');
            }
            let _ = writeln!(tree, "  then {}", action_tree(&rule.action));
        }
    }
    tree
}

fn action_tree(action: &ast::Action<'_>) -> String {
    match &action.kind {
        ActionBody::Permit => "permit".to_owned(),
        ActionBody::Deny => "deny".to_owned(),
        ActionBody::Claim { action, claim } => match claim {
            ClaimArgument::Copy(name) => format!("{action:?} copy of {}", name.text),
            ClaimArgument::Build(assignments) => {
                let assignments: Vec<_> = assignments
                    .iter()
                    .map(|assignment| {
                        format!("{} {}", assignment.property, expression_tree(&assignment.value))
                    })
                    .collect();
                format!("{action:?} {assignments:?}")
            }
        },
    }
}

fn expression_tree(expression: &ast::Expression<'_>) -> String {
    match &expression.kind {
        ExpressionKind::Literal(value) => format!("literal {value}"),
        ExpressionKind::Property { name, property } => format!("{} of {}", property, name.text),
        ExpressionKind::Call { name, arguments } => {
            let arguments: Vec<_> = arguments.iter().map(expression_tree).collect();
            format!("{} {arguments:?}", name.text)
        }
    }
}
