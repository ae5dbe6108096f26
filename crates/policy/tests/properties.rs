//! What holds for every policy, hostile ones included.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use attestry_policy::{Claim, ClaimSet, EvaluationError, Issuer, Limits, Policy, Value, maa_message};
use proptest::prelude::*;

/// Compiles; checks what every diagnostic promises.
fn compile(text: &str) -> Option<Policy> {
    let compiled = Policy::compile(text);
    let findings = match &compiled {
        Ok(policy) => policy.warnings(),
        Err(findings) => {
            assert!(maa_message(findings).starts_with("Policy Parser Exception Thrown: "));
            findings
        }
    };
    for finding in findings {
        let (start, end) = (finding.span.start as usize, finding.span.end as usize);
        let before = text.get(..start).expect("the span starts between characters");
        assert!(text.get(start..end).is_some(), "the span ends between characters");
        assert_eq!(finding.line as usize, before.matches('\n').count() + 1);
        assert!(
            !finding.message.contains('\n') && !finding.message.ends_with('.'),
            "{}",
            finding.message
        );
        assert!(finding.render("policy", text).contains('^'));
    }
    compiled.ok()
}

/// Text made of the language's own pieces: nearly policies.
fn nearly_policy() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "version=1.0;",
        "version=1.1;",
        "version",
        "configurationrules",
        "authorizationrules{",
        "issuancerules{",
        "{",
        "}",
        "};",
        "[",
        "]",
        "(",
        ")",
        ";",
        ",",
        ":",
        ".",
        "!",
        "&&",
        "=>",
        "=",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "permit()",
        "deny()",
        "add(",
        "issue(",
        "issueproperty(",
        "type",
        "value",
        "valueType",
        "issuer",
        "claim=c",
        "c:",
        "c.value",
        "f(",
        "true",
        "1",
        "-9",
        "0x1f",
        "\"a\"",
        "\"\\\"\"",
        "\"",
        "// x\n",
        "/*",
        "\n",
        " ",
        "ä",
        "=> permit();",
        "[type==\"a\"]",
        "[type==\"a\", value<2] => permit();",
        "=> issue(type=\"a\", value=1);",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["a", "b", "c", "d"][..])
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        name().prop_map(Value::from),
    ]
}

fn claims() -> impl Strategy<Value = ClaimSet> {
    let issuer = prop::sample::select(&Issuer::ALL[..]);
    prop::collection::vec((name(), value(), issuer), 0..12).prop_map(|claims| {
        claims
            .into_iter()
            .map(|(name, value, issuer)| Claim::new(name, value, issuer))
            .collect()
    })
}

fn condition(index: usize) -> impl Strategy<Value = String> {
    let relation = prop::sample::select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let operand = (value(), 0..=index).prop_map(move |(value, earlier)| {
        if earlier == 0 {
            value.to_string()
        } else {
            format!("c{}.value", earlier - 1)
        }
    });
    let compared =
        (relation, operand).prop_filter_map("an order of other than integers", |(relation, operand)| {
            let orders = relation.contains(['<', '>']);
            let is_integer = operand.parse::<i64>().is_ok() || operand.starts_with('c');
            (!orders || is_integer).then(|| format!("value{relation}{operand}"))
        });
    (prop::option::of(name()), compared).prop_map(move |(name, compared)| match name {
        Some(name) => format!("c{index}:[type==\"{name}\", {compared}]"),
        None => format!("c{index}:[{compared}]"),
    })
}

fn rule(actions: &'static [&'static str]) -> impl Strategy<Value = String> {
    let conditions = (0_usize..4).prop_flat_map(|count| (0..count).map(condition).collect::<Vec<_>>());
    (conditions, prop::sample::select(actions), name(), value()).prop_map(
        |(conditions, action, name, value)| {
            let claim = if conditions.is_empty() {
                format!("type=\"{name}\", value={value}")
            } else {
                format!("type=\"{name}\", value=c{}.value", conditions.len() - 1)
            };
            let argument = if matches!(action, "permit" | "deny") {
                ""
            } else {
                &claim
            };
            format!("{} => {action}({argument});\n", conditions.join(" && "))
        },
    )
}

fn policy() -> impl Strategy<Value = String> {
    let authorization = prop::collection::vec(rule(&["permit", "permit", "deny", "add"]), 1..6);
    let issuance = prop::collection::vec(rule(&["add", "issue", "issueproperty"]), 0..8);
    (authorization, issuance).prop_map(|(authorization, issuance)| {
        format!(
            "version=1.0;\nauthorizationrules{{\n{}}};\nissuancerules{{\n{}}};\n",
            authorization.concat(),
            issuance.concat()
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_compiled_or_refused(text in "\\PC*") {
        compile(&text);
    }

    #[test]
    fn nearly_policies_are_compiled_or_refused(text in nearly_policy()) {
        if let Some(policy) = compile(&text) {
            let _ = policy.evaluate(ClaimSet::new(), &Limits::default());
            let _ = policy.configuration(&Limits::default());
        }
    }

    #[test]
    fn evaluation_ends_within_its_budget(text in policy(), claims in claims(), steps in 0_u64..200, most in 0_u32..20) {
        let policy = compile(&text).expect("the generator makes sound policies");
        let limits = Limits { steps, claims: most, ..Limits::default() };
        match policy.evaluate(claims, &limits) {
            Ok(outcome) => prop_assert!(outcome.incoming.len() <= most as usize),
            Err(EvaluationError::LimitExceeded { allowed, found, .. }) => prop_assert!(found > allowed),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn a_trace_changes_nothing(text in policy(), claims in claims()) {
        let policy = compile(&text).expect("the generator makes sound policies");
        let plain = policy.evaluate(claims.clone(), &Limits::default()).unwrap();
        let mut traced = policy.evaluate_traced(claims, &Limits::default()).unwrap();
        prop_assert!(traced.trace.take().is_some());
        prop_assert_eq!(plain, traced);
    }

    #[test]
    fn a_refusal_issues_nothing_and_a_claim_never_disappears(text in policy(), claims in claims()) {
        let policy = compile(&text).expect("the generator makes sound policies");
        let outcome = policy.evaluate(claims.clone(), &Limits::default()).unwrap();
        prop_assert_eq!(&outcome.incoming[..claims.len()], claims.as_slice());
        if !outcome.decision.is_permit() {
            prop_assert!(outcome.outgoing.is_empty() && outcome.properties.is_empty());
        }
        for claim in outcome.outgoing.iter().chain(&outcome.properties) {
            prop_assert_eq!(claim.issuer, Issuer::AttestationPolicy);
            prop_assert!(outcome.incoming.contains(claim));
        }
    }

    #[test]
    fn a_claim_that_no_rule_can_match_changes_nothing(text in policy(), claims in claims()) {
        // The generated conditions without a type compare only these values.
        let text = text.replace(":[value", ":[type!=\"unread\", value");
        let policy = compile(&text).expect("the generator makes sound policies");
        let plain = policy.evaluate(claims.clone(), &Limits::default()).unwrap();
        let mut more = claims;
        more.insert(Claim::from_service("unread", 1));
        let with_unread = policy.evaluate(more, &Limits::default()).unwrap();
        prop_assert_eq!(plain.decision.is_permit(), with_unread.decision.is_permit());
        prop_assert_eq!(plain.outgoing, with_unread.outgoing);
        prop_assert_eq!(plain.properties, with_unread.properties);
    }
}
