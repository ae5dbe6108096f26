//! The tests of the cookbook's policies, the shipped defaults among them, notice every small change of a policy: a rule
//! or a condition removed, a condition negated, a relation inverted, a comparison removed, a literal or an action changed.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that cannot go on fails"
)]

mod mutants;
mod recipes;

use std::thread;

use attestry_policy::testing::{NoEvidence, Suite, run};
use attestry_policy::{Limits, Policy};
use mutants::{mutants, rules};
use recipes::{Recipe, recipes};

#[test]
fn every_change_of_a_policy_fails_one_of_its_tests() {
    let recipes = recipes();
    assert!(!recipes.is_empty(), "no policies found");
    let half = recipes.len().div_ceil(2);
    let survivors: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = recipes
            .chunks(half)
            .map(|recipes| scope.spawn(|| recipes.iter().flat_map(survivors).collect::<Vec<String>>()))
            .collect();
        let results = threads
            .into_iter()
            .map(|thread| thread.join().expect("no policy panics"));
        results.flatten().collect()
    });

    assert!(
        survivors.is_empty(),
        "{} survive\n{}",
        survivors.len(),
        survivors.join("\n")
    );
}

/// Otherwise changes are not made where the reader of rules misses one.
#[test]
fn all_rules_are_found() {
    for recipe in recipes() {
        let report =
            run(&recipe.text, &recipe.suite, &Limits::default(), &NoEvidence).expect("the policy compiles");
        let settings = Policy::compile(&recipe.text)
            .expect("the policy compiles")
            .configuration(&Limits::default())
            .expect("the settings are sound");
        let found = rules(&recipe.text);
        assert_eq!(
            found.len(),
            report.coverage.rules.len() + settings.len(),
            "{}",
            recipe.name
        );
        for (rule, covered) in found.iter().skip(settings.len()).zip(&report.coverage.rules) {
            assert_eq!(rule.conditions.len(), covered.conditions.len(), "{}", recipe.name);
        }
    }
}

/// Clients of TPMs send claims of their own, so a condition that does not say whose claim it asks for can be met by one.
#[test]
fn conditions_about_tpms_say_whose_claims_they_ask_for() {
    for recipe in recipes().iter().filter(|recipe| recipe.name.starts_with("tpm/")) {
        for condition in rules(&recipe.text).iter().flat_map(|rule| &rule.conditions) {
            let says = condition
                .comparisons
                .iter()
                .any(|comparison| comparison.property == "issuer");
            let text = &recipe.text[condition.span.clone()];
            assert!(says, "{}: {text}", recipe.name);
        }
    }
}

/// The changes that no test of the recipe notices.
fn survivors(recipe: &Recipe) -> Vec<String> {
    assert!(
        !is_noticed(&recipe.text, &recipe.suite),
        "{} fails as it is",
        recipe.name
    );
    let survivors = mutants(&recipe.text)
        .into_iter()
        .filter(|mutant| !is_noticed(&mutant.text, &recipe.suite));
    survivors
        .map(|mutant| format!("{}.policy.txt:{}: {}", recipe.name, mutant.line, mutant.change))
        .collect()
}

/// A text that does not compile is noticed as well. Cases are run one by one: most changes fail the first.
fn is_noticed(text: &str, suite: &Suite) -> bool {
    suite.cases.iter().any(|case| {
        let mut alone = suite.clone();
        alone.cases = vec![case.clone()];
        run(text, &alone, &Limits::default(), &NoEvidence).map_or(true, |report| !report.passed())
    })
}
