//! Any policy over any claims ends within its budget, and a trace changes nothing. The input has the claims, one
//! `type = value` a line, then a line `---`, then the policy.
#![no_main]

use attestry_policy::{Claim, ClaimSet, Decision, Issuer, Limits, Policy, Value};

/// Small, so that many evaluations fit into a second.
const LIMITS: Limits = Limits {
    policy_bytes: 4096,
    rules: 64,
    conditions: 64,
    nesting: 8,
    steps: 20_000,
    claims: 64,
    json_bytes: 16 * 1024,
    text_bytes: 16 * 1024,
    issued_bytes: 16 * 1024,
};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (claims, text) = input.split_once("\n---\n").unwrap_or(("", input));
    let Ok(policy) = Policy::compile_within(text, &LIMITS) else {
        return;
    };
    let claims: ClaimSet = claims.lines().take(64).filter_map(claim).collect();
    let _ = policy.configuration(&LIMITS);
    let known = claims.len();
    let plain = policy.evaluate(claims.clone(), &LIMITS);
    if let Ok(outcome) = &plain {
        let made = outcome
            .incoming
            .iter()
            .skip(known)
            .map(text_length)
            .sum::<usize>();
        assert!(made <= 16 * 1024, "{made} bytes of text");
        if let Decision::Deny(reason) = &outcome.decision {
            assert!(reason.to_string().len() < 256 * 1024);
            assert!(!reason.changes().is_empty());
        }
    }
    let traced = policy.evaluate_traced(claims, &LIMITS).map(|mut outcome| {
        outcome.trace = None;
        outcome
    });
    assert_eq!(plain, traced);
});

fn text_length(claim: &Claim) -> usize {
    match &claim.value {
        Value::String(text) => text.len(),
        _ => 0,
    }
}

fn claim(line: &str) -> Option<Claim> {
    let (name, value) = line.split_once(" = ")?;
    let (value, issuer) = value.split_once(" by ").unwrap_or((value, "AttestationService"));
    let value = match (value.parse::<bool>(), value.parse::<i64>()) {
        (Ok(value), _) => Value::Boolean(value),
        (_, Ok(value)) => Value::Integer(value),
        _ => Value::from(value),
    };
    Some(Claim::new(name, value, Issuer::from_name(issuer)?))
}
