//! `cargo bench -p attestry-oracles --bench policy`: what evaluating a policy costs, beside regorus (Rego) and cedar
//! evaluating equivalent ones over the same claims, in turns within one run.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use attestry_forge::windows::WindowsBoot;
use attestry_oracles::measure::{Limits, ROUNDS, median, microseconds_each, microseconds_each_of};
use attestry_policy::{Claim, ClaimSet, Policy, defaults};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};

fn main() -> ExitCode {
    let mut limits = Limits::default();
    let run = default_policy(&mut limits)
        .and_then(|()| authorization(&mut limits))
        .and_then(|()| windows_health(&mut limits))
        .and_then(|()| memory(&mut limits));
    match run {
        Ok(()) if limits.kept => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

/// What an SGX enclave's evidence gives a policy.
fn sgx_claims() -> ClaimSet {
    let digest = "e31c9e505f37a58de09335075fc8591254313eb20bb1a27e5443cc450b6e33e5";
    [
        Claim::from_service("maa-ehd", "AQID"),
        Claim::from_service("x-attestry-evaluation-number", 17),
        Claim::from_service("x-attestry-fmspc", "00906ed50000"),
        Claim::from_service("x-attestry-tcb-date", "2024-03-13T00:00:00Z"),
        Claim::from_service("x-attestry-tcb-status", "UpToDate"),
        Claim::from_service("x-ms-attestation-type", "sgx"),
        Claim::from_service("x-ms-sgx-config-svn", 0),
        Claim::from_service("x-ms-sgx-ehd", "AQID"),
        Claim::from_service("x-ms-sgx-is-debuggable", false),
        Claim::from_service("x-ms-sgx-mrenclave", digest),
        Claim::from_service("x-ms-sgx-mrsigner", digest),
        Claim::from_service("x-ms-sgx-product-id", 4639),
        Claim::from_service("x-ms-sgx-report-data", digest),
        Claim::from_service("x-ms-sgx-svn", 2),
        Claim::from_service("x-ms-ver", "1.0"),
    ]
    .into_iter()
    .collect()
}

/// The same as a JSON object, for the peers.
fn sgx_input() -> serde_json::Value {
    let value = |value: &attestry_policy::Value| match value {
        attestry_policy::Value::Boolean(value) => serde_json::json!(value),
        attestry_policy::Value::Integer(value) => serde_json::json!(value),
        attestry_policy::Value::String(value) => serde_json::json!(&**value),
    };
    let members = sgx_claims();
    let members = members
        .iter()
        .map(|claim| (claim.claim_type.to_string(), value(&claim.value)));
    serde_json::Value::Object(members.collect())
}

fn compiled(text: &str) -> Result<Policy, String> {
    Policy::compile(text).map_err(|findings| format!("{findings:?}"))
}

/// Evaluates as the service does: the claims were made for it, and go into the evaluation.
fn evaluate(policy: &Policy, claims: ClaimSet) -> bool {
    let outcome = policy.evaluate(black_box(claims), &attestry_policy::Limits::default());
    outcome.is_ok_and(|outcome| outcome.decision.is_permit() && !outcome.outgoing.is_empty())
}

fn rego(text: &str, entrypoint: &str) -> Result<regorus::CompiledPolicy, String> {
    let mut engine = regorus::Engine::new();
    let refused = |error| format!("regorus: {error}");
    engine
        .add_policy("policy.rego".to_owned(), text.to_owned())
        .map_err(refused)?;
    engine
        .compile_with_entrypoint(&entrypoint.into())
        .map_err(refused)
}

fn rego_input() -> Result<regorus::Value, String> {
    regorus::Value::from_json_str(&sgx_input().to_string()).map_err(|error| error.to_string())
}

/// The default SGX policy: it permits and issues six claims.
fn default_policy(limits: &mut Limits) -> Result<(), String> {
    const REGO: &str = r#"
        package attestation
        result := {
            "allow": true,
            "claims": {
                "is-debuggable": input["x-ms-sgx-is-debuggable"], "sgx-mrsigner": input["x-ms-sgx-mrsigner"],
                "sgx-mrenclave": input["x-ms-sgx-mrenclave"], "product-id": input["x-ms-sgx-product-id"],
                "svn": input["x-ms-sgx-svn"], "tee": input["x-ms-attestation-type"],
            },
        }
    "#;
    let (policy, claims) = (compiled(defaults::SGX)?, sgx_claims());
    let (peer, input) = (rego(REGO, "data.attestation.result")?, rego_input()?);
    let issued = |value: regorus::Value| value["claims"].as_object().is_ok_and(|claims| claims.len() == 6);
    if !evaluate(&policy, claims.clone())
        || !peer
            .eval_with_input(input.clone())
            .map(issued)
            .map_err(|error| error.to_string())?
    {
        return Err("the policies do not decide alike".to_owned());
    }
    let rounds: Vec<Turn> = (0..ROUNDS)
        .map(|_| Turn {
            ours: microseconds_each_of(&|| claims.clone(), &|claims| assert!(evaluate(&policy, claims))),
            regorus: microseconds_each_of(&|| input.clone(), &|input| {
                assert!(peer.eval_with_input(black_box(input)).is_ok());
            }),
            cedar: f64::NAN,
        })
        .collect();
    println!(
        "the default SGX policy over 15 claims (permits, issues 6), processor time, medians of {ROUNDS} rounds:"
    );
    let ours = line("attestry", &rounds, |turn| turn.ours);
    line("regorus 0.14.1", &rounds, |turn| turn.regorus);
    println!("ratios:");
    limits.at_most("microseconds of the default SGX policy", ours, 3.0);
    limits.at_least("regorus / attestry", over(&rounds, |turn| turn.regorus), 3.0);
    threads(&policy, &claims, limits);
    Ok(())
}

/// Microseconds of each engine, one after the other.
struct Turn {
    ours: f64,
    regorus: f64,
    cedar: f64,
}

fn line(name: &str, rounds: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    let microseconds = median(rounds.iter().map(of).collect());
    println!("  {name:<66} {microseconds:>9.3} us");
    microseconds
}

fn over(rounds: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    median(rounds.iter().map(|turn| of(turn) / turn.ours).collect())
}

/// A decision alone, which cedar can make too: a release build of one signer, product and minimum SVN.
fn authorization(limits: &mut Limits) -> Result<(), String> {
    const OURS: &str = r#"version=1.0;
        authorizationrules {
            [type=="x-ms-sgx-is-debuggable", value==false] && [type=="x-ms-sgx-product-id", value==4639]
                && [type=="x-ms-sgx-svn", value>=2]
                && [type=="x-ms-sgx-mrsigner", value=="e31c9e505f37a58de09335075fc8591254313eb20bb1a27e5443cc450b6e33e5"]
                => permit();
        };"#;
    const REGO: &str = r#"
        package attestation
        default allow := false
        allow if {
            input["x-ms-sgx-is-debuggable"] == false
            input["x-ms-sgx-product-id"] == 4639
            input["x-ms-sgx-svn"] >= 2
            input["x-ms-sgx-mrsigner"] == "e31c9e505f37a58de09335075fc8591254313eb20bb1a27e5443cc450b6e33e5"
        }
    "#;
    const CEDAR: &str = r#"
        permit(principal, action, resource) when {
            context["x-ms-sgx-is-debuggable"] == false && context["x-ms-sgx-product-id"] == 4639
            && context["x-ms-sgx-svn"] >= 2
            && context["x-ms-sgx-mrsigner"] == "e31c9e505f37a58de09335075fc8591254313eb20bb1a27e5443cc450b6e33e5"
        };
    "#;
    let (policy, claims) = (compiled(OURS)?, sgx_claims());
    let permits = |claims: ClaimSet| {
        let outcome = policy.evaluate(claims, &attestry_policy::Limits::default());
        outcome.is_ok_and(|outcome| outcome.decision.is_permit())
    };
    let (peer, input) = (rego(REGO, "data.attestation.allow")?, rego_input()?);
    let permitted = |input| {
        peer.eval_with_input(input)
            .is_ok_and(|value| value == regorus::Value::from(true))
    };
    let cedar = Cedar::new(CEDAR)?;
    if !permits(claims.clone()) || !permitted(input.clone()) || !cedar.permits() {
        return Err("the policies do not decide alike".to_owned());
    }
    let rounds: Vec<Turn> = (0..ROUNDS)
        .map(|_| Turn {
            ours: microseconds_each_of(&|| claims.clone(), &|claims| assert!(permits(black_box(claims)))),
            regorus: microseconds_each_of(&|| input.clone(), &|input| {
                assert!(permitted(black_box(input)));
            }),
            cedar: microseconds_each(&|| assert!(black_box(&cedar).permits())),
        })
        .collect();
    println!("an authorization policy of four conditions over the same claims:");
    line("attestry", &rounds, |turn| turn.ours);
    line("regorus 0.14.1", &rounds, |turn| turn.regorus);
    line("cedar-policy 4.14.1, its request made before", &rounds, |turn| {
        turn.cedar
    });
    println!("ratios:");
    limits.at_least("regorus / attestry", over(&rounds, |turn| turn.regorus), 3.0);
    limits.at_least("cedar / attestry", over(&rounds, |turn| turn.cedar), 1.0);
    Ok(())
}

struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    request: Request,
}

impl Cedar {
    fn new(text: &str) -> Result<Self, String> {
        let uid = |text: &str| text.parse::<EntityUid>().map_err(|error| error.to_string());
        let context = Context::from_json_value(sgx_input(), None).map_err(|error| error.to_string())?;
        Ok(Self {
            authorizer: Authorizer::new(),
            policies: text.parse().map_err(|error| format!("cedar: {error}"))?,
            entities: Entities::empty(),
            request: Request::new(
                uid(r#"Attester::"a""#)?,
                uid(r#"Action::"attest""#)?,
                uid(r#"Provider::"p""#)?,
                context,
                None,
            )
            .map_err(|error| error.to_string())?,
        })
    }

    fn permits(&self) -> bool {
        let response = self
            .authorizer
            .is_authorized(&self.request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

/// The Windows health policy over a minted boot.
fn windows_health(limits: &mut Limits) -> Result<(), String> {
    let policy = compiled(include_str!("../../cookbook/tpm/windows-health.policy.txt"))?;
    let events = WindowsBoot::default().events();
    let number = events
        .get("Events")
        .and_then(serde_json::Value::as_array)
        .map_or(0, Vec::len);
    let events = events.to_string();
    let claims = ClaimSet::from_iter([
        Claim::from_service("aikValidated", true),
        Claim::from_service("events", events.as_str()),
    ]);
    if !evaluate(&policy, claims.clone()) {
        return Err("the Windows health policy refuses a healthy boot".to_owned());
    }
    let microseconds = median(
        (0..ROUNDS)
            .map(|_| microseconds_each_of(&|| claims.clone(), &|claims| assert!(evaluate(&policy, claims))))
            .collect(),
    );
    println!(
        "the Windows health policy over a boot of {number} events, {} bytes of JSON, read each time:",
        events.len()
    );
    println!("  {:<66} {microseconds:>9.0} us", "attestry");
    limits.at_most("microseconds of the Windows health policy", microseconds, 3000.0);
    Ok(())
}

/// Evaluations in a second on one thread and on two, and the same for work that shares nothing whatsoever: two
/// cores that share execution units do less than twice the work of one.
fn threads<'w>(policy: &'w Policy, claims: &'w ClaimSet, limits: &mut Limits) {
    let shared: &(dyn Fn() -> Work<'w> + Sync) = &|| {
        let claims = of_its_own(claims);
        Box::new(move || assert!(evaluate(policy, claims.clone())))
    };
    let separate: &(dyn Fn() -> Work<'w> + Sync) = &|| {
        let (claims, policy) = (of_its_own(claims), Policy::compile(defaults::SGX));
        Box::new(move || {
            assert!(
                policy
                    .as_ref()
                    .is_ok_and(|policy| evaluate(policy, claims.clone()))
            );
        })
    };
    let (mut scaling, mut ceiling, mut sharing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..21 {
        // Beside each other, for the machine drifts.
        let (two_shared, two_separate) = (rate(2, shared), rate(2, separate));
        scaling.push(two_shared / rate(1, shared));
        ceiling.push(two_separate / rate(1, separate));
        sharing.push(two_shared / two_separate);
    }
    println!("evaluations on two threads / on one:");
    println!("  {:<66} {:>6.2}", "one policy shared by both", median(scaling));
    println!(
        "  {:<66} {:>6.2}",
        "a policy for each, nothing shared: what these cores can do",
        median(ceiling)
    );
    limits.at_least(
        "two threads with one policy / with one each",
        median(sharing),
        0.95,
    );
}

/// Claims that share nothing, as each request has them.
fn of_its_own(claims: &ClaimSet) -> ClaimSet {
    let copied = claims.iter().map(|claim| {
        let value = match &claim.value {
            attestry_policy::Value::String(text) => attestry_policy::Value::from(&**text),
            other => other.clone(),
        };
        Claim::new(&*claim.claim_type, value, claim.issuer)
    });
    copied.collect()
}

type Work<'w> = Box<dyn FnMut() + 'w>;

/// Calls in a second, all threads together. Each thread makes its work itself, or the threads would meet in the
/// memory that another one laid out for them.
fn rate<'w>(threads: usize, make: &(dyn Fn() -> Work<'w> + Sync)) -> f64 {
    const SLICE: Duration = Duration::from_millis(150);
    let start = Barrier::new(threads);
    let run = || {
        let mut work = make();
        start.wait();
        let (started, mut calls) = (Instant::now(), 0_u32);
        while started.elapsed() < SLICE {
            for _ in 0..64 {
                work();
            }
            calls += 64;
        }
        f64::from(calls) / started.elapsed().as_secs_f64()
    };
    let calls: Vec<f64> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    calls.iter().sum()
}

/// Memory of ten thousand compiled policies.
fn memory(limits: &mut Limits) -> Result<(), String> {
    const POLICIES: u32 = 10_000;
    let before = resident_kib()?;
    let policies = (0..POLICIES)
        .map(|_| compiled(defaults::SGX))
        .collect::<Result<Vec<_>, _>>()?;
    let each = (resident_kib()? - before) / f64::from(POLICIES);
    println!("memory of {} compiled default SGX policies:", policies.len());
    limits.at_most("KiB for each", each, 8.0);
    Ok(())
}

fn resident_kib() -> Result<f64, String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .ok_or_else(|| "no VmRSS".to_owned())
}
