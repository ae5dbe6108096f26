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
        "version=1.2;",
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
        "JmesPath(",
        "JsonToClaimValue(",
        "AppendString(c.value, ",
        "\"[*].a\"",
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
    const TEXTS: &[&str] = &[
        "null",
        "[]",
        "[1,true,\"a\",null]",
        "{\"a\":[{\"b\":1},{\"b\":\"c\"}]}",
        "[{\"a\":2}]",
        "{",
    ];
    prop_oneof![
        2 => any::<bool>().prop_map(Value::from),
        2 => (-2_i64..3).prop_map(Value::from),
        2 => name().prop_map(Value::from),
        1 => prop::sample::select(TEXTS).prop_map(Value::from),
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

/// A call over what earlier conditions bound.
fn call(bound: usize) -> impl Strategy<Value = String> {
    const QUERIES: &[&str] = &[
        "@",
        "a",
        "a[*].b",
        "[*]",
        "[].a",
        "[? a == `2`] | [0]",
        "length(@)",
        "[@, @] | [@, @]",
        "a[? b > `0`].b | [0]",
    ];
    let leaf = (0..bound).prop_map(|slot| format!("c{slot}.value"));
    leaf.prop_recursive(4, 16, 2, move |inner| {
        let other = prop_oneof![inner.clone(), value().prop_map(|value| value.to_string())];
        let query = prop::sample::select(QUERIES);
        prop_oneof![
            3 => (inner.clone(), query).prop_map(|(json, query)| format!("JmesPath({json}, \"{query}\")")),
            3 => inner.clone().prop_map(|json| format!("JsonToClaimValue({json})")),
            1 => inner.clone().prop_map(|boolean| format!("NegateBool({boolean})")),
            1 => (inner.clone(), other.clone()).prop_map(|(a, b)| format!("AppendString({a}, {b})")),
            1 => (inner.clone(), other.clone()).prop_map(|(a, b)| format!("IsSubsetOf({a}, {b})")),
            1 => (inner, other).prop_map(|(a, b)| format!("ContainsOnlyValue({a}, {b})")),
        ]
    })
}

fn rule_1_2(actions: &'static [&'static str]) -> impl Strategy<Value = String> {
    let negated = (name(), value())
        .prop_map(|(name, value)| format!("![type==\"{name}\", value=={value}]"))
        .boxed();
    (1_usize..3)
        .prop_flat_map(move |count| {
            let conditions = (0..count).map(condition).collect::<Vec<_>>();
            let compared = prop::option::of((name(), call(count)));
            let negated = prop::option::weighted(0.3, negated.clone());
            (
                conditions,
                negated,
                compared,
                prop::sample::select(actions),
                name(),
                call(count),
            )
        })
        .prop_map(|(mut conditions, negated, compared, action, name, value)| {
            conditions.extend(negated);
            conditions.extend(compared.map(|(name, call)| format!("[type==\"{name}\", value!={call}]")));
            let claim = format!("type=\"{name}\", value={value}");
            let argument = if matches!(action, "permit" | "deny") {
                ""
            } else {
                &claim
            };
            format!("{} => {action}({argument});\n", conditions.join(" && "))
        })
}

/// Policies of every version.
fn policy() -> impl Strategy<Value = String> {
    let authorization = prop::collection::vec(rule_1_2(&["permit", "permit", "deny", "add", "add"]), 0..6);
    let issuance = prop::collection::vec(rule_1_2(&["add", "issue", "issueproperty"]), 0..8);
    let newest = (authorization, issuance).prop_map(|(authorization, issuance)| {
        format!(
            "version=1.2;\nauthorizationrules{{\n{}=> permit();\n}};\nissuancerules{{\n{}}};\n",
            authorization.concat(),
            issuance.concat()
        )
    });
    prop_oneof![policy_1_0(), newest]
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

fn policy_1_0() -> impl Strategy<Value = String> {
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

/// Whether an evaluation ended for a reason that is nobody's mistake but the policy's.
fn is_expected(error: &EvaluationError) -> bool {
    use EvaluationError::{ClaimTypeNotOneName, ClaimTypeNotText, Function, ReadOnly};
    matches!(
        error,
        Function { .. } | ClaimTypeNotText { .. } | ClaimTypeNotOneName { .. } | ReadOnly { .. }
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

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
    fn evaluation_ends_within_its_budget(
        text in policy(), claims in claims(), steps in 0_u64..400, most in 0_u32..20, text_bytes in 0_u64..200, json_bytes in 0_u64..60,
    ) {
        let policy = compile(&text).expect("the generator makes sound policies");
        let limits = Limits { steps, claims: most, text_bytes, json_bytes, ..Limits::default() };
        match policy.evaluate(claims.clone(), &limits) {
            Ok(outcome) => {
                prop_assert!(outcome.incoming.len() <= most as usize);
                let made: usize = outcome.incoming[claims.len()..].iter().map(|claim| text_of(&claim.value)).sum();
                prop_assert!(made as u64 <= text_bytes);
            }
            Err(EvaluationError::LimitExceeded { allowed, found, .. }) => prop_assert!(found > allowed),
            Err(other) => prop_assert!(is_expected(&other), "{other}"),
        }
    }

    #[test]
    fn a_trace_changes_nothing_and_evaluation_is_deterministic(text in policy(), claims in claims()) {
        let policy = compile(&text).expect("the generator makes sound policies");
        let plain = policy.evaluate(claims.clone(), &Limits::default());
        prop_assert_eq!(&plain, &policy.evaluate(claims.clone(), &Limits::default()));
        let mut traced = policy.evaluate_traced(claims, &Limits::default());
        if let Ok(outcome) = &mut traced {
            prop_assert!(outcome.trace.take().is_some());
        }
        prop_assert_eq!(plain, traced);
    }

    #[test]
    fn a_refusal_issues_nothing_and_a_claim_never_disappears(text in policy(), claims in claims()) {
        let policy = compile(&text).expect("the generator makes sound policies");
        let Ok(outcome) = policy.evaluate(claims.clone(), &Limits::default()) else { return Ok(()) };
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
        let plain = policy.evaluate(claims.clone(), &Limits::default());
        let mut more = claims;
        more.insert(Claim::from_service("unread", 1));
        let with_unread = policy.evaluate(more, &Limits::default());
        match (plain, with_unread) {
            (Ok(plain), Ok(with_unread)) => {
                prop_assert_eq!(plain.decision.is_permit(), with_unread.decision.is_permit());
                prop_assert_eq!(plain.outgoing, with_unread.outgoing);
                prop_assert_eq!(plain.properties, with_unread.properties);
            }
            (plain, with_unread) => prop_assert_eq!(plain.err(), with_unread.err()),
        }
    }
}

fn text_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        _ => 0,
    }
}
