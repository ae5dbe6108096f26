//! `cargo bench -p attestry-oracles --bench snp`: what the attestation of an SEV-SNP guest costs, as ratios to the
//! primitives it cannot do without, measured in turns within one run so that a drifting machine drifts for all alike.

use std::hint::black_box;
use std::process::ExitCode;

use attestry_oracles::measure::{Limits, ROUNDS, median, microseconds_each, microseconds_each_of};
use attestry_oracles::minted::snp::World;
use attestry_oracles::primitives::Primitives;
use sev::certs::snp::{Chain, Verifiable as _};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser as _;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

/// Microseconds of each piece of work, measured one after the other.
struct Round {
    verification: f64,
    signature: f64,
    appraisal: f64,
    token: f64,
    repeated: f64,
    peer: f64,
}

fn run() -> Result<bool, String> {
    let (world, primitives) = (World::new()?, Primitives::new()?);
    world.appraise_warm().map_err(|error| error.to_string())?;
    peer(&world).map_err(|error| format!("sev refuses: {error}"))?;
    let repeated = world.new_body();
    let attest = |body: &str| matches!(world.attest(body.as_bytes()), Ok(Some(_)));
    if !attest(&repeated) {
        return Err(format!("refused: {:?}", world.attest(repeated.as_bytes())));
    }
    let rounds: Vec<Round> = (0..ROUNDS)
        .map(|_| Round {
            verification: microseconds_each(&|| assert!(primitives.verify_report())),
            signature: microseconds_each(&|| assert!(primitives.sign_token())),
            appraisal: microseconds_each(&|| assert!(world.appraise_warm().is_ok())),
            token: microseconds_each_of(&|| world.new_body(), &|body| assert!(attest(&body))),
            repeated: microseconds_each(&|| assert!(attest(black_box(&repeated)))),
            peer: microseconds_each(&|| assert!(peer(&world).is_ok())),
        })
        .collect();
    Ok(report(&rounds))
}

/// Prints the times and holds their ratios against the limits.
fn report(rounds: &[Round]) -> bool {
    let median_of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    println!("in process, processor time of one thread, medians of {ROUNDS} interleaved rounds:");
    let line =
        |name: &str, value: &dyn Fn(&Round) -> f64| println!("  {name:<66} {:>6.0} us", median_of(value));
    line("one ECDSA P-384 verification", &|round| round.verification);
    line("one RSA-2048 signature", &|round| round.signature);
    line("warm SNP appraisal (parse, cached chain, appraise)", &|round| {
        round.appraisal
    });
    line("request body with a new report to token", &|round| round.token);
    line("request body with a known report to token", &|round| {
        round.repeated
    });
    line("sev 8, full verification", &|round| round.peer);
    println!("ratios:");
    let mut limits = Limits::default();
    limits.at_most(
        "warm appraisal / one verification",
        median_of(&|round| round.appraisal / round.verification),
        1.15,
    );
    limits.at_most(
        "request to token / (one verification + signature)",
        median_of(&|round| round.token / (round.verification + round.signature)),
        1.15,
    );
    // A verification is more than half of a signature: there is no room for one.
    limits.at_most(
        "the same report again / signature",
        median_of(&|round| round.repeated / round.signature),
        1.2,
    );
    limits.at_least(
        "sev / warm appraisal",
        median_of(&|round| round.peer / round.appraisal),
        6.0,
    );
    limits.kept
}

/// Everything that sev verifies, from bytes.
fn peer(world: &World) -> std::io::Result<()> {
    let [ark, ask, vek] = &world.certificates;
    let report = AttestationReport::from_bytes(black_box(&world.report))?;
    let chain = Chain::from_der(ark, ask, vek)?;
    (&chain, &report).verify()
}
