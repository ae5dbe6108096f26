use super::*;
use crate::{ActionKind, ClaimAction, Issuer, Miss, Policy, Property, Relation, RuleEffect, Value};

fn claims(claims: &[(&str, i64)]) -> ClaimSet {
    claims
        .iter()
        .map(|(name, value)| Claim::from_service(*name, *value))
        .collect()
}

#[test]
fn a_trace_tells_what_every_rule_did() {
    let policy = Policy::compile(
        "version=1.0;
        authorizationrules{ c:[type==\"a\"] => add(type=\"b\", value=c.value); [type==\"b\", value<2] => permit(); };
        issuancerules{ [type==\"z\"] => issue(type=\"y\", value=1); };",
    )
    .unwrap();
    let outcome = policy
        .evaluate_traced(claims(&[("a", 1), ("a", 2)]), &Limits::default())
        .unwrap();
    let trace = outcome.trace.unwrap();
    assert!(!trace.truncated);
    let [add, permit, issue] = trace.rules.as_slice() else {
        panic!("{trace:?}")
    };

    assert_eq!(add.action, ActionKind::Claim(ClaimAction::Add));
    let RuleEffect::Fired { matched, added } = &add.effect else {
        panic!("{add:?}")
    };
    assert_eq!(
        (matched.as_slice(), *added),
        (claims(&[("a", 1), ("a", 2)]).as_slice(), 2)
    );

    let RuleEffect::Fired { matched, added } = &permit.effect else {
        panic!("{permit:?}")
    };
    assert_eq!(matched, &[Claim::new("b", 1, Issuer::AttestationPolicy)]);
    assert_eq!((*added, permit.rule.number, permit.rule.position.line), (0, 2, 2));

    let RuleEffect::Missed { misses, unmet: 1 } = &issue.effect else {
        panic!("{issue:?}")
    };
    let [
        Miss {
            claim_type,
            property,
            relation,
            found,
            ..
        },
    ] = misses.as_slice()
    else {
        panic!("{misses:?}")
    };
    assert_eq!(claim_type.as_deref(), Some("z"));
    assert_eq!(
        (*property, *relation, found.as_slice()),
        (Property::Type, Relation::Equal, [].as_slice())
    );
    assert_eq!(issue.rule.section, SectionKind::Issuance);
}

/// Explaining looks at every condition and so needs more steps than deciding; that must not turn a
/// refusal into an error.
#[test]
fn a_refusal_stands_when_its_explanation_is_too_expensive() {
    let policy = Policy::compile(&format!(
        "version=1.0; authorizationrules{{
        [type==\"x\"]{} => permit();
        [type==\"x\"] && [type==\"y\"] => permit(); }};",
        " && [type==\"a\"]".repeat(20)
    ))
    .unwrap();
    let limits = Limits {
        steps: 30,
        ..Limits::default()
    };
    let outcome = policy.evaluate(claims(&[("a", 1), ("a", 2)]), &limits).unwrap();
    let Decision::Deny(DenyReason::NoPermit { nearest }) = outcome.decision else {
        panic!("permitted")
    };
    assert_eq!(nearest.unwrap().rule.number, 1);
    let traced = policy
        .evaluate_traced(claims(&[("a", 1), ("a", 2)]), &limits)
        .unwrap();
    assert!(traced.trace.unwrap().truncated);
}

#[test]
fn explanations_show_few_of_many_values() {
    let policy = Policy::compile(
        "version=1.0; authorizationrules{ [type==\"a\", value==-1] => permit(); [type==\"a\"] => deny(); };",
    )
    .unwrap();
    let many: ClaimSet = (0..100)
        .map(|value| Claim::from_service("a", i64::from(value)))
        .collect();
    let outcome = policy.evaluate_traced(many, &Limits::default()).unwrap();
    let trace = outcome.trace.unwrap();
    let RuleEffect::Missed { misses, .. } = &trace.rules[0].effect else {
        panic!("{trace:?}")
    };
    assert_eq!(misses[0].found.len(), crate::outcome::CLAIMS_SHOWN);
    let RuleEffect::Fired { matched, .. } = &trace.rules[1].effect else {
        panic!("{trace:?}")
    };
    assert_eq!(matched.len(), crate::outcome::CLAIMS_SHOWN);
}

#[test]
fn a_permitted_evaluation_has_no_trace_unless_asked() {
    let policy = Policy::compile("version=1.0; authorizationrules{ => permit(); };").unwrap();
    assert_eq!(
        policy
            .evaluate(ClaimSet::new(), &Limits::default())
            .unwrap()
            .trace,
        None
    );
}

/// The strings of a program are read by every thread; sharing their reference counts would make the
/// threads wait for each other.
#[test]
fn outcomes_share_no_counter_with_the_program() {
    let policy = Policy::compile(
        "version=1.0; authorizationrules{ => permit(); }; issuancerules{ => issue(type=\"a\", value=\"b\"); };",
    )
    .unwrap();
    let text = |outcome: &Outcome| match &outcome.outgoing[0].value {
        Value::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let outcomes = [(); 2].map(|()| policy.evaluate(ClaimSet::new(), &Limits::default()).unwrap());
    let [first, second] = outcomes.each_ref().map(text);
    assert_eq!(first, second);
    assert!(!first.is_same(&second));
}
