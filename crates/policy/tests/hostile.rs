//! Policies made to cost more than they look: each ends soon, with a limit or with an answer of ordinary size.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use attestry_policy::{
    Claim, ClaimSet, Decision, DenyReason, EvaluationError, Limit, Limits, Outcome, Policy, Severity,
};

/// What any of these may take, in an unoptimised build on a busy machine. Unbounded, they take minutes.
const SOON: Duration = Duration::from_secs(10);

fn evaluated(text: &str) -> Result<Outcome, EvaluationError> {
    let started = Instant::now();
    let policy = Policy::compile(text).unwrap();
    let claims = || ClaimSet::from_iter([Claim::from_service("x", "y")]);
    let plain = policy.evaluate(claims(), &Limits::default());
    let _ = policy.evaluate_traced(claims(), &Limits::default());
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    plain
}

fn limit_met(text: &str) -> Limit {
    match evaluated(text) {
        Err(EvaluationError::LimitExceeded { limit, .. }) => limit,
        other => panic!("no limit met: {other:?}"),
    }
}

/// A query that makes its input `2^times` times as large, in a few steps.
fn doubling(times: usize) -> String {
    format!("@{}", "|[@,@]".repeat(times))
}

/// A policy of version 1.2 with these authorization rules.
fn policy(rules: &str) -> String {
    format!("version=1.2;\nauthorizationrules{{\n{rules}}};\n")
}

#[test]
fn documents_that_share_their_parts_count_as_long_as_their_text() {
    let document = format!("=>add(type=\"j\",value=\"[\\\"{}\\\"]\");\n", "A".repeat(1000));
    let large = format!(
        "c:[type==\"j\"]=>add(type=\"k\",value=JmesPath(c.value,\"{}\"));\n",
        doubling(11)
    );
    // Compared once in each of many conditions, and many times in one.
    let conditions = format!(
        "c:[type==\"k\"]{}=>permit();\n",
        "&&![value==JmesPath(c.value,\"[@]\")]".repeat(60)
    );
    let tests = format!(
        "c:[type==\"k\"]&&[type==\"j\"{}]=>permit();\n",
        ",value!=JmesPath(c.value,\"[@]\")".repeat(200)
    );
    for rules in [conditions.repeat(16), tests] {
        assert_eq!(
            limit_met(&policy(&[&*document, &large, &rules].concat())),
            Limit::Text
        );
    }
}

#[test]
fn long_text_that_differs_at_its_end_is_not_compared_for_nothing() {
    let first = format!("=>add(type=\"s\",value=\"{}\");\n", "A".repeat(800));
    let join = format!(
        "c:[type==\"s\"]=>add(type=\"d\",value=JmesPath(AppendString(AppendString(\"[\\\"\",c.value),\"\\\"]\"),\"@{}|@[0]\"));\n",
        "|[join('',[@[0],@[0]])]".repeat(9)
    );
    let endings: Vec<String> = (0..9)
        .map(|index| format!("c:[type==\"d\"]=>add(type=\"b\",value=AppendString(c.value,\"{index}\"));\n"))
        .collect();
    let endings = endings.concat();
    let comparisons = format!(
        "c:[type==\"b\"]{}=>permit();\n",
        "&&![type==\"b\",value!=c.value,value==\"\"]".repeat(60)
    );
    let text = policy(&[first, join, endings, comparisons.repeat(60)].concat());
    assert!(matches!(limit_met(&text), Limit::Steps | Limit::Text));
}

#[test]
fn constant_calls_cost_little_to_compile_and_keep_nothing() {
    let query = format!("{}|[@,@,@,@]", doubling(17));
    let compared = format!("=>add(type=\"a\",value=ContainsOnlyValue(JmesPath(\"[1]\",\"{query}\"),1));\n");
    assert!(evaluated(&policy(&format!("{}=>permit();\n", compared.repeat(400)))).is_ok());
    let conditions = format!(
        "[type==\"x\"]{}=>permit();\n",
        format!("&&![value==JmesPath(\"[1]\",\"{query}\")]").repeat(60)
    );
    assert_eq!(limit_met(&policy(&conditions)), Limit::Text);
}

/// Compiling tries constant calls for their errors, and leaves to evaluation what is too much work for that.
#[test]
fn a_constant_call_that_takes_long_is_not_finished_while_compiling() {
    let mistaken = |times: usize| {
        let (document, query) = (vec!["1"; 2000].join(","), "|[*]".repeat(times));
        policy(&format!(
            "=>add(type=\"a\",value=JmesPath(\"[{document}]\",\"@{query}|abs(to_string(@))\"));\n=>permit();\n"
        ))
    };
    assert_eq!(
        Policy::compile(&mistaken(1)).unwrap_err()[0].code,
        "invalid-argument"
    );
    assert!(matches!(
        evaluated(&mistaken(100)),
        Err(EvaluationError::Function { .. })
    ));
}

/// Rules that wait for each other, and many conditions that wait for one rule.
#[test]
fn reasons_follow_every_rule_once() {
    let waiting = "[type==\"a\"]&&".repeat(63) + "[type==\"a\"]";
    let text = policy(&format!(
        "{waiting}=>add(type=\"a\",value=1);\n{waiting}=>permit();\n"
    ));
    let Decision::Deny(reason) = evaluated(&text).unwrap().decision else {
        panic!("permitted")
    };
    assert!(
        reason.to_string().len() < 4096,
        "{} bytes",
        reason.to_string().len()
    );
    assert!((1..64).contains(&reason.changes().len()));

    // Many conditions, each waiting for another rule with many conditions over long values.
    let value = "v".repeat(200);
    let missed = |prefix: &str| -> String {
        let condition = |index| format!("[type==\"{prefix}{index}\",value==\"{value}\"]");
        (0..60).map(condition).collect::<Vec<_>>().join("&&")
    };
    let rules: Vec<String> = (0..10)
        .map(|index| format!("{}=>add(type=\"a{index}\",value=1);\n", missed("b")))
        .collect();
    let rules = rules.concat();
    let text = policy(&format!("{rules}{}=>permit();\n", missed("a")));
    let Decision::Deny(reason) = evaluated(&text).unwrap().decision else {
        panic!("permitted")
    };
    assert!(reason.to_string().chars().count() <= 4097);
    assert!(reason.to_string().ends_with('…'));
    assert_eq!(reason.changes().len(), 16);
}

#[test]
fn reasons_show_the_beginning_of_long_names_and_many_claims() {
    let name = "n".repeat(1000);
    let matched = "[value==\"m\"]&&".repeat(63) + "[value==\"m\"]";
    let text = policy(&format!(
        "=>add(type=\"{name}\",value=\"m\");\n{matched}=>deny();\n=>permit();\n"
    ));
    let Decision::Deny(reason) = evaluated(&text).unwrap().decision else {
        panic!("permitted")
    };
    assert!(
        reason.to_string().len() < 2048,
        "{} bytes",
        reason.to_string().len()
    );
    assert!(reason.to_string().ends_with(" and 56 more claims"), "{reason}");
    assert!(reason.changes().concat().len() < 2048);
}

#[test]
fn values_cannot_start_a_line_of_a_log() {
    let text = policy(
        "=>add(type=\"a\",value=JsonToClaimValue(\"\\\"x\\\\nFORGED\\\"\"));\n[type==\"a\"]=>deny();\n=>permit();\n",
    );
    let Decision::Deny(reason @ DenyReason::DenyRule { .. }) = evaluated(&text).unwrap().decision else {
        panic!("permitted")
    };
    assert!(reason.to_string().contains("x\\nFORGED"), "{reason}");
}

#[test]
fn the_claims_of_a_token_have_a_longest_length() {
    let document = format!(
        "=>add(type=\"s\",value=\"[\\\"{}\\\"]\");\n",
        "\\\\u0001".repeat(400)
    );
    let long = format!(
        "c:[type==\"s\"]=>add(type=\"d\",value=JmesPath(c.value,\"@{}|@[0]\"));\n",
        "|[join('',[@[0],@[0]])]".repeat(9)
    );
    let issued: Vec<String> = (0..2)
        .map(|index| format!("c:[type==\"d\"]=>issue(type=\"t{index}\",value=c.value);\n"))
        .collect();
    let issued = issued.concat();
    let text = format!(
        "version=1.2;\nauthorizationrules{{ => permit(); }};\nissuancerules{{\n{document}{long}{issued}}};\n"
    );
    assert_eq!(limit_met(&text), Limit::Issued);
}

/// However many warnings come first, an error is an error: a rule with a mistake is never left out.
#[test]
fn warnings_do_not_hide_errors() {
    let warnings = "[type==\"a\", issuer==\"X\"] => permit();\n".repeat(300);
    let lenient = "[type=\"a\"] => permit();\n".repeat(300);
    for before in [&*warnings, &lenient] {
        for mistake in [
            "[type==\"d\", value==x.value] => deny();\n",
            "=> dney();\n",
            "=> deny(;\n",
            "[type==\"\\q\"] => deny();\n",
        ] {
            let findings = Policy::compile(&policy(&format!("{before}{mistake}"))).unwrap_err();
            assert!(
                findings.iter().any(|finding| finding.severity == Severity::Error),
                "{mistake}"
            );
        }
        let sound = Policy::compile(&policy(before)).unwrap();
        let claims = ClaimSet::from_iter([Claim::from_service("a", 1)]);
        let outcome = sound.evaluate(claims, &Limits::default()).unwrap();
        assert_eq!(outcome.decision.is_permit(), before == lenient);
    }
    let old =
        "version=1.0;\nauthorizationrules{\n".to_owned() + &lenient + "![type==\"a\"] => permit();\n};\n";
    assert!(Policy::compile(&old).is_err());
}

/// With whatever number of steps: text that is too long to be compared is an error, not a difference.
#[test]
fn a_budget_that_ends_within_a_comparison_decides_nothing() {
    let text = "t".repeat(1000);
    let policy = Policy::compile(&policy(&format!(
        "[type==\"a\", value==\"{text}\"] => deny();\n![type==\"a\", value!=\"{text}\"] => permit();\n"
    )))
    .unwrap();
    let mut denied = 0;
    for steps in 0..400 {
        let limits = Limits {
            steps,
            ..Limits::default()
        };
        let claims = ClaimSet::from_iter([Claim::from_service("a", text.as_str())]);
        match policy.evaluate(claims, &limits) {
            Ok(outcome) => {
                assert!(!outcome.decision.is_permit(), "{steps} steps");
                denied += 1;
            }
            Err(EvaluationError::LimitExceeded {
                limit: Limit::Steps, ..
            }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert!((100..400).contains(&denied), "{denied}");
}
