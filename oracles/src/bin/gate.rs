//! One kind of work, a number of times: what `gate.sh` counts instructions of.

use std::process::ExitCode;

use attestry_evidence::dcap::{Quote, Staleness, appraise};
use attestry_oracles::minted::World;
use attestry_oracles::primitives::Primitives;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (work, times) = (
        arguments.next(),
        arguments.next().and_then(|times| times.parse::<u32>().ok()),
    );
    match run(work.as_deref().unwrap_or_default(), times.unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(work: &str, times: u32) -> Result<(), String> {
    let (world, primitives) = (World::new()?, Primitives::new()?);
    let once: Box<dyn Fn() -> Result<(), String>> = match work {
        "verifications" => Box::new(|| {
            primitives
                .verify_twice()
                .then_some(())
                .ok_or_else(|| "refused".to_owned())
        }),
        "signature" => Box::new(|| {
            primitives
                .sign_token()
                .then_some(())
                .ok_or_else(|| "refused".to_owned())
        }),
        "appraisal" => Box::new(|| appraise_warm(&world)),
        "token" => Box::new(|| world.attest().map(drop).map_err(|error| error.to_string())),
        _ => return Err("usage: gate verifications|signature|appraisal|token TIMES".to_owned()),
    };
    repeat(times, &*once)
}

/// The part whose instructions are counted; its name is what `gate.sh` toggles the collection by.
#[inline(never)]
fn repeat(times: u32, once: &dyn Fn() -> Result<(), String>) -> Result<(), String> {
    (0..times).try_for_each(|_| once())
}

/// A warm appraisal; that it verifies exactly two signatures is part of the gate.
fn appraise_warm(world: &World) -> Result<(), String> {
    let quote = Quote::parse(&world.quote).map_err(|error| error.to_string())?;
    let pck = world
        .pck_cache
        .verify(&quote.certification_data(), world.now)
        .map_err(|error| error.to_string())?;
    let appraisal = appraise(&quote, &pck, &world.collateral, world.now, Staleness::Strict)
        .map_err(|error| error.to_string())?;
    match appraisal.signatures_verified() {
        2 => Ok(()),
        found => Err(format!(
            "a warm appraisal verified {found} signatures, expected 2"
        )),
    }
}
