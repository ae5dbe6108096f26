use attestry_api::jws;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::TokenRules;
use crate::key_release::tests::{ISSUER, policy, token};
use crate::token::tests::{Issuer, NOW};

const OPERATORS: [&str; 6] = [
    "equals",
    "notEquals",
    "less",
    "lessOrEquals",
    "greater",
    "greaterOrEquals",
];

/// Whether a condition on the claim `a` with this operator and value is met by a token with these claims.
fn met(claims: &Value, operator: &str, value: &Value) -> bool {
    policy(&json!([{"claim": "a", operator: value}]))
        .evaluate(&token(claims))
        .unwrap()
        .is_released()
}

/// Each comparison: the claim, the policy's value, and whether each of [`OPERATORS`] is met.
#[test]
fn the_truth_table_of_comparisons() {
    const LESS: [bool; 6] = [false, true, true, true, false, false];
    const SAME: [bool; 6] = [true, false, false, true, false, true];
    const MORE: [bool; 6] = [false, true, false, false, true, true];
    const ALIKE: [bool; 6] = [true, false, false, false, false, false];
    const OTHER: [bool; 6] = [false, true, false, false, false, false];
    const NEVER: [bool; 6] = [false; 6];
    let table = [
        (json!("b"), json!("b"), SAME),
        (json!("a"), json!("b"), LESS),
        (json!("c"), json!("b"), MORE),
        (json!(""), json!(""), SAME),
        (json!("B"), json!("b"), LESS),
        // Text is text, also when it looks like numbers.
        (json!("10"), json!("9"), LESS),
        (json!("2024-11-13T00:00:00Z"), json!("2025-03-01T00:00:00Z"), LESS),
        (json!(3), json!(3), SAME),
        (json!(3), json!(3.0), SAME),
        (json!(2), json!(3), LESS),
        (json!(10), json!(9), MORE),
        (json!(-1), json!(0), LESS),
        (json!(0.5), json!(0.25), MORE),
        // A double cannot tell these apart.
        (
            json!(9_007_199_254_740_993_u64),
            json!(9_007_199_254_740_992.0),
            MORE,
        ),
        (json!(u64::MAX), json!(u64::MAX - 1), MORE),
        (json!(i64::MIN), json!(u64::MAX), LESS),
        // The number of an AMD TCB, and the same as a double.
        (
            json!(15_787_331_208_434_524_168_u64),
            json!(15_787_331_208_434_524_000_u64),
            MORE,
        ),
        (json!(true), json!(true), ALIKE),
        (json!(true), json!(false), OTHER),
        (json!(false), json!("false"), ALIKE),
        (json!(true), json!("false"), OTHER),
        (json!("false"), json!(false), ALIKE),
        (json!("false"), json!(true), OTHER),
        // Other types meet nothing, not even `notEquals`.
        (json!(true), json!("True"), NEVER),
        (json!(true), json!("yes"), NEVER),
        (json!("True"), json!(true), NEVER),
        (json!(true), json!(1), NEVER),
        (json!(1), json!(true), NEVER),
        (json!(3), json!("3"), NEVER),
        (json!("3"), json!(3), NEVER),
        (json!(null), json!("null"), NEVER),
        (json!({"b": 1}), json!("b"), NEVER),
        (json!(["b"]), json!("b"), NEVER),
    ];
    for (claim, value, expected) in table {
        for (operator, expected) in OPERATORS.into_iter().zip(expected) {
            let found = met(&json!({"a": claim}), operator, &value);
            assert_eq!(found, expected, "{claim} {operator} {value}");
        }
    }
}

#[test]
fn a_missing_claim_meets_nothing_but_the_demand_that_it_be_missing() {
    for operator in OPERATORS {
        for value in [json!("b"), json!(1), json!(false), json!("false")] {
            assert!(!met(&json!({}), operator, &value), "{operator} {value}");
        }
    }
    for (claims, present) in [
        (json!({}), false),
        (json!({"b": 1}), false),
        (json!({"a": 1}), true),
        (json!({"a": false}), true),
        (json!({"a": null}), true),
        (json!({"a": []}), true),
    ] {
        for (asked, literal) in [
            (true, json!(true)),
            (true, json!("true")),
            (false, json!(false)),
            (false, json!("false")),
        ] {
            assert_eq!(
                met(&claims, "exists", &literal),
                present == asked,
                "{claims} {literal}"
            );
        }
    }
}

#[test]
fn all_and_any_nest() {
    let nested = policy(&json!([
        {"claim": "a", "equals": 1},
        {"anyOf": [
            {"claim": "b", "equals": 1},
            {"allOf": [{"claim": "c", "equals": 1}, {"claim": "d", "equals": 1}]},
        ]},
    ]));
    for (claims, expected) in [
        (json!({"a": 1, "b": 1}), true),
        (json!({"a": 1, "c": 1, "d": 1}), true),
        (json!({"a": 1, "b": 2, "c": 1, "d": 1}), true),
        (json!({"a": 1, "c": 1}), false),
        (json!({"a": 1, "d": 1}), false),
        (json!({"a": 1}), false),
        (json!({"b": 1, "c": 1, "d": 1}), false),
    ] {
        let evaluation = nested.evaluate(&token(&claims)).unwrap();
        assert_eq!(evaluation.is_released(), expected, "{claims}");
        assert_eq!(evaluation.unmet().next().is_none(), expected, "{claims}");
    }
}

#[test]
fn paths_lead_through_objects_and_through_nothing_else() {
    let claims = json!({
        "x-ms-isolation-tee": {"x-ms-compliance-status": "yes", "deep": {"er": 1}},
        "x.y": 1,
        "list": [{"name": 1}],
        "0": {"1": 1},
    });
    for (claim, expected) in [
        ("x-ms-isolation-tee.x-ms-compliance-status", true),
        ("x-ms-isolation-tee.deep.er", true),
        ("x-ms-isolation-tee.deep", true),
        ("0.1", true),
        ("x-ms-isolation-tee.deep.er.more", false),
        ("x-ms-compliance-status", false),
        ("X-ms-isolation-tee.deep", false),
        ("x.y", false),
        ("list.0.name", false),
        ("list.name", false),
        ("list[0].name", false),
    ] {
        let found = policy(&json!([{"claim": claim, "exists": true}]))
            .evaluate(&token(&claims))
            .unwrap();
        assert_eq!(found.is_released(), expected, "{claim}");
    }
}

#[test]
fn only_the_authority_of_the_tokens_issuer_counts() {
    let policy = |authorities: &[&str]| {
        let authorities: Vec<_> = authorities
            .iter()
            .map(|issuer| json!({"authority": issuer, "anyOf": [{"claim": "a", "equals": 1}]}))
            .collect();
        let text = json!({"version": "0.2", "anyOf": authorities}).to_string();
        ReleasePolicy::from_json(text.as_bytes()).unwrap()
    };
    let token = token(&json!({"a": 1}));
    for (authorities, expected) in [
        (&[ISSUER][..], true),
        (&["https://attest.example/"], true),
        (&["https://other.example", ISSUER], true),
        (&["https://attest.example//"], false),
        (&["https://attest.example/p/other"], false),
        (&["https://ATTEST.example"], false),
        (&["https://attest.exampl"], false),
        (&["https://other.example"], false),
    ] {
        let policy = policy(authorities);
        assert_eq!(
            policy.evaluate(&token).unwrap().is_released(),
            expected,
            "{authorities:?}"
        );
        assert_eq!(policy.names_issuer(ISSUER), expected, "{authorities:?}");
    }
}

#[test]
fn a_refusal_names_authority_place_claim_and_both_values() {
    let policy = policy(&json!([
        {"claim": "tee.kind", "equals": "sevsnpvm"},
        {"claim": "tee.svn", "greaterOrEquals": 3},
        {"anyOf": [{"claim": "tee.debug", "equals": "false"}, {"claim": "tee.missing", "exists": true}]},
        {"claim": "fine", "equals": true},
    ]));
    let token = token(&json!({"tee": {"kind": "tpm", "svn": 2, "debug": true}, "fine": true}));
    let evaluation = policy.evaluate(&token).unwrap();
    assert_eq!(evaluation.issuer(), ISSUER);
    assert!(evaluation.releasing_authority().is_none());
    let unmet: Vec<_> = evaluation.unmet().collect();
    let told: Vec<_> = unmet
        .iter()
        .map(|condition| (&*condition.place, &*condition.claim))
        .collect();
    assert_eq!(
        told,
        [
            ("anyOf[0].allOf[0]", "tee.kind"),
            ("anyOf[0].allOf[1]", "tee.svn"),
            ("anyOf[0].allOf[2].anyOf[0]", "tee.debug"),
            ("anyOf[0].allOf[2].anyOf[1]", "tee.missing"),
        ]
    );
    assert_eq!(
        (&unmet[0].expected, &unmet[0].found),
        (&json!("sevsnpvm"), &json!("tpm"))
    );
    assert_eq!(
        (unmet[1].operator, &unmet[3].found),
        ("greaterOrEquals", &Value::Null)
    );
    assert_eq!(
        evaluation.to_string(),
        "the release policy is not met: the claim `tee.kind` is `tpm`, it must equal `sevsnpvm`; \
         the claim `tee.svn` is the number 2, it must be at least the number 3; \
         the claim `tee.debug` is the boolean true, it must equal `false`; \
         the claim `tee.missing` is missing"
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let claims = json!({"a": {"b": [1]}, "t": true, "n": 3});
    for (condition, message) in [
        (
            json!({"claim": "a.c.d", "equals": 1}),
            "the claim `a.c.d` is missing: there is no `a.c`",
        ),
        (
            json!({"claim": "a.b.c", "equals": 1}),
            "the claim `a.b.c` is missing: `a.b` is an array, not an object",
        ),
        (
            json!({"claim": "a", "exists": false}),
            "the claim `a` is there, and must not be",
        ),
        (
            json!({"claim": "n", "equals": "3"}),
            "the claim `n` is the number 3, it must equal `3`; such values are not compared",
        ),
        (
            json!({"claim": "t", "less": "true"}),
            "the claim `t` is the boolean true, it must be less than `true`; booleans have no order",
        ),
    ] {
        let evaluation = policy(&json!([condition])).evaluate(&token(&claims)).unwrap();
        let unmet: Vec<_> = evaluation.unmet().map(|unmet| unmet.message.as_str()).collect();
        assert_eq!(unmet, [message]);
    }
    let other = token(&json!({"iss": "https://other.example"}));
    assert_eq!(
        policy(&json!([{"claim": "a", "equals": 1}]))
            .evaluate(&other)
            .unwrap()
            .to_string(),
        "the token's issuer `https://other.example` is no authority of the release policy"
    );
}

#[test]
fn long_values_are_cut_in_messages() {
    let long = "x".repeat(10_000);
    let evaluation = policy(&json!([{"claim": "a", "equals": &long}]))
        .evaluate(&token(&json!({"a": format!("{long}\n")})))
        .unwrap();
    assert!(evaluation.to_string().len() < 500, "{evaluation}");
    assert!(!evaluation.to_string().contains('\n'));
}

#[test]
fn a_draft_token_releases_nothing() {
    let claims = json!({"iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 100, "a": 1});
    let draft = jws::assemble(jws::signing_input(&json!({"alg": "none"}), &claims), &[]);
    let draft = TokenRules::new()
        .accept_unsigned_draft()
        .validate(&draft, &Issuer::new().keys(), NOW)
        .unwrap();
    let evaluated = policy(&json!([{"claim": "a", "equals": 1}])).evaluate(&draft);
    assert_eq!(evaluated, Err(EvaluationError::Unsigned));
}

#[test]
fn a_token_without_an_issuer_is_nobodys() {
    let nobodys = token(&json!({"iss": null}));
    let evaluated = policy(&json!([{"claim": "a", "equals": 1}])).evaluate(&nobodys);
    assert_eq!(evaluated, Err(EvaluationError::NoIssuer));
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-100_i64..100).prop_map(Value::from),
        "[a-c]{0,3}|true|false".prop_map(Value::from),
    ]
}

proptest! {
    /// The operators agree with one another: exactly one of less, same and greater holds for what can be ordered, and
    /// nothing meets both an operator and its opposite.
    #[test]
    fn the_operators_agree(claim in scalar(), value in scalar()) {
        let holds = |operator| met(&json!({"a": claim}), operator, &value);
        let (equal, unequal) = (holds("equals"), holds("notEquals"));
        let (less, at_most) = (holds("less"), holds("lessOrEquals"));
        let (greater, at_least) = (holds("greater"), holds("greaterOrEquals"));
        prop_assert!(!(equal && unequal));
        prop_assert!(!(less && at_least || greater && at_most || less && greater));
        let ordered = less || greater || (equal && at_most);
        if ordered {
            prop_assert_eq!(at_most, less || equal);
            prop_assert_eq!(at_least, greater || equal);
            prop_assert_eq!(unequal, less || greater);
        } else {
            prop_assert!(!at_most && !at_least);
        }
        prop_assert_eq!(claim == value, equal && claim.is_string() == value.is_string());
    }
}
