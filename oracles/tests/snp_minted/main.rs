//! Attestry against the `sev` crate over forged reports with random changes: both must accept or both refuse, but for
//! a reviewed table of differences.
//!
//! `ATTESTRY_SEED` and `ATTESTRY_CASES` choose other cases; a case is its seed.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

mod differences;
mod extensions;
mod mutations;
mod world;

use std::collections::BTreeMap;

use attestry_oracles::Random;

use differences::{DIFFERENCES, Difference, PROCESSORS};
use mutations::MUTATIONS;
use world::{Outcome, World};

#[test]
fn good_evidence_of_every_processor_and_version_is_genuine_for_both() {
    for processor in PROCESSORS {
        for version in 2..=5 {
            for vlek in [false, true] {
                // Before version 3 sev tells the line by the chip id, which a provider's key masks.
                if vlek && version == 2 {
                    continue;
                }
                let world = World::of(processor, version, vlek);
                let (report, vek) = (world.report(), world.vek().to_der());
                let both = (world.ours(&report, &vek), world.theirs(&report, &vek));
                assert_eq!(
                    both,
                    (Outcome::Accepted, Outcome::Accepted),
                    "{processor:?}, version {version}, VLEK {vlek}"
                );
            }
        }
    }
}

#[test]
fn verifiers_agree_but_for_the_table() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let seed: u64 = number("ATTESTRY_SEED", 20_260_115);
    let cases: u64 = number("ATTESTRY_CASES", 2_500);
    let mut classes: BTreeMap<String, u64> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for case in seed..seed + cases {
        match std::panic::catch_unwind(|| run(case)) {
            Ok(Ok(class)) => *classes.entry(class).or_default() += 1,
            Ok(Err(report)) => unexplained.push(report),
            Err(_) => unexplained.push(format!("case {case} panicked")),
        }
    }
    println!("{cases} cases from seed {seed}:");
    for (class, count) in &classes {
        println!("{count:6}  {class}");
    }
    println!("known differences and why Attestry decides as it does:");
    for difference in DIFFERENCES {
        println!("        {}: {}", difference.name, difference.reason);
    }
    for report in &unexplained {
        println!("{report}");
    }
    assert!(
        unexplained.is_empty(),
        "{} of {cases} cases are unexplained; rerun one with ATTESTRY_SEED=<case> ATTESTRY_CASES=1",
        unexplained.len()
    );
    check_coverage(&classes, cases);
}

/// One case; the class it belongs to, or what nobody explains.
fn run(case: u64) -> Result<String, String> {
    let mut random = Random::new(case);
    let mut world = World::good(&mut random);
    let changes = *random.pick(&[0, 1, 1, 1, 1, 1, 1, 1, 2, 3]);
    let mut names = Vec::new();
    for _ in 0..changes {
        let mutation = random.pick(MUTATIONS);
        (mutation.apply)(&mut world, &mut random);
        names.push(mutation.name);
    }
    // One minting for both: signatures are drawn anew each time.
    let (report, vek) = (world.report(), world.vek().to_der());
    let (ours, theirs) = (world.ours(&report, &vek), world.theirs(&report, &vek));
    match (&ours, &theirs) {
        (Outcome::Refused(_), Outcome::Refused(_)) => Ok("both refuse".to_owned()),
        (Outcome::Accepted, Outcome::Accepted) => Ok("both accept".to_owned()),
        _ => DIFFERENCES
            .iter()
            .find(|difference| difference.explains(&world, &ours, &theirs))
            .map(class_of)
            .ok_or_else(|| {
                format!(
                    "case {case} {:?} version {} {names:?}\n    ours   {ours:?}\n    theirs {theirs:?}",
                    world.line(),
                    world.evidence.report.version
                )
            }),
    }
}

fn class_of(difference: &Difference) -> String {
    format!("known difference: {}", difference.name)
}

/// A generator that never reaches a difference or a refusal proves nothing about it, and a row that explains nothing
/// hides what it will explain one day.
fn check_coverage(classes: &BTreeMap<String, u64>, cases: u64) {
    if cases < 2_000 {
        return;
    }
    for difference in DIFFERENCES {
        assert!(
            classes.contains_key(&class_of(difference)),
            "no case shows the difference `{}`",
            difference.name
        );
    }
    assert!(classes["both accept"] * 6 > cases, "too few acceptances");
    assert!(classes["both refuse"] * 10 > cases, "too few refusals");
}
