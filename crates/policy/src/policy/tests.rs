use super::*;
use crate::{Decision, configuration, defaults};

#[test]
fn the_defaults_compile_without_a_warning_and_permit() {
    for (text, version) in [
        (defaults::SGX, Version::V1_1),
        (defaults::SGX_SHARED, Version::V1_0),
        (defaults::SNP, Version::V1_0),
        (defaults::TDX, Version::V1_0),
    ] {
        let policy = Policy::compile(text).unwrap();
        assert_eq!(policy.warnings(), [], "{text}");
        assert_eq!(policy.version(), version, "{text}");
        let outcome = policy.evaluate(ClaimSet::new(), &Limits::default()).unwrap();
        assert_eq!(outcome.decision, Decision::Permit, "{text}");
    }
}

#[test]
fn the_sgx_defaults_issue_the_same_claims() {
    let claims = ClaimSet::from_iter([
        Claim::from_service("x-ms-attestation-type", "sgx"),
        Claim::from_service("x-ms-sgx-is-debuggable", false),
        Claim::from_service("x-ms-sgx-mrenclave", "aa"),
        Claim::from_service("x-ms-sgx-mrsigner", "bb"),
        Claim::from_service("x-ms-sgx-product-id", 1),
        Claim::from_service("x-ms-sgx-svn", 2),
    ]);
    let issued = [defaults::SGX, defaults::SGX_SHARED].map(|text| {
        let policy = Policy::compile(text).unwrap();
        policy
            .evaluate(claims.clone(), &Limits::default())
            .unwrap()
            .outgoing
    });
    assert_eq!(issued[0].len(), 6);
    assert_eq!(issued[0], issued[1]);
    let settings = Policy::compile(defaults::SGX)
        .unwrap()
        .configuration(&Limits::default())
        .unwrap();
    assert_eq!(
        settings,
        [Claim::new(
            configuration::TCB_IDENTIFIER,
            "azuredefault",
            crate::Issuer::AttestationPolicy
        )]
    );
}

#[test]
fn one_policy_serves_many_threads() {
    let policy = Policy::compile(defaults::SGX).unwrap();
    std::thread::scope(|scope| {
        for svn in 0..4 {
            let policy = &policy;
            scope.spawn(move || {
                let claims = ClaimSet::from_iter([Claim::from_service("x-ms-sgx-svn", svn)]);
                let outcome = policy.evaluate(claims, &Limits::default()).unwrap();
                assert_eq!(
                    outcome.outgoing,
                    [Claim::new("svn", svn, crate::Issuer::AttestationPolicy)]
                );
            });
        }
    });
}

/// Each of these would exhaust the stack, or take minutes, if reading were recursive or quadratic; now they
/// take milliseconds.
#[test]
fn hostile_texts_are_refused_quickly() {
    let open = "version=1.0; authorizationrules{ => add(type=\"a\", value=";
    for (name, text) in [
        ("calls", open.to_owned() + &"f(".repeat(100_000)),
        ("call arguments", format!("{open}f({}1));", "1,".repeat(100_000))),
        (
            "brackets",
            "version=1.0; authorizationrules{ ".to_owned() + &"[".repeat(200_000),
        ),
        ("braces", "version=1.0; ".to_owned() + &"{".repeat(200_000)),
        (
            "sections",
            "version=1.0; ".to_owned() + &"issuancerules{".repeat(15_000),
        ),
        (
            "negations",
            "version=1.0; authorizationrules{ ".to_owned() + &"!".repeat(200_000),
        ),
        (
            "comparisons",
            format!(
                "version=1.0; authorizationrules{{ [{}",
                "type==\"a\",".repeat(20_000)
            ),
        ),
        (
            "backslashes",
            "version=1.0; ".to_owned() + "\"" + &"\\".repeat(200_000),
        ),
        (
            "assignments",
            format!(
                "version=1.0; issuancerules{{ => issue({}",
                "type=1,".repeat(30_000)
            ),
        ),
        (
            "rules on one line",
            format!(
                "version=1.0; authorizationrules{{{}x",
                "=>permit();".repeat(20_000)
            ),
        ),
        (
            "identifiers",
            "version=1.0; authorizationrules{ ".to_owned()
                + &"a:[type==\"b\"] && ".repeat(60)
                + &"c:[type==x.value] && ".repeat(10_000),
        ),
    ] {
        let started = std::time::Instant::now();
        assert!(Policy::compile(&text).is_err(), "{name}");
        assert!(
            started.elapsed().as_secs() < 10,
            "{name} took {:?}",
            started.elapsed()
        );
    }
}

/// The most expensive evaluation that the limits allow ends in time.
#[test]
fn hostile_policies_meet_the_step_limit() {
    let text = "version=1.0; authorizationrules{
        a:[value>=0] && b:[value>=0, value==a.value] && c:[value>=0, value==b.value] => permit(); };";
    let policy = Policy::compile(text).unwrap();
    let claims: ClaimSet = (0..1024)
        .map(|value| Claim::from_service("n", i64::from(value)))
        .collect();
    let error = policy.evaluate(claims, &Limits::default()).unwrap_err();
    assert_eq!(
        error,
        EvaluationError::LimitExceeded {
            limit: crate::Limit::Steps,
            allowed: 1_000_000,
            found: 1 + 1024 + 1024 * (1 + 1024),
        }
    );
}
