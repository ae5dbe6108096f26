//! The cookbook keeps its promises: every policy is well formed, says what it is, is formatted, and is reached whole
//! by tests that pass.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod recipes;

use std::path::Path;

use attestry_policy::lint::lint;
use attestry_policy::testing::{NoEvidence, run};
use attestry_policy::{Limits, defaults, format};
use recipes::{recipes, root};

/// What the lints rightly say about policies that are meant to be as they are.
const MEANT: &[(&str, &str)] = &[
    ("sgx/deny-all", "never-permits"),
    ("sgx/development", "permits-debug"),
    ("sgx/minimal", "permits-debug"),
    ("sgx/security-level", "permits-debug"),
    ("sgx/tcb-baseline", "permits-debug"),
];

#[test]
fn every_policy_passes_its_tests_and_they_reach_every_rule() {
    let mut failures = Vec::new();
    for recipe in recipes() {
        let name = &recipe.name;
        let report = run(&recipe.text, &recipe.suite, &Limits::default(), &NoEvidence)
            .unwrap_or_else(|findings| panic!("{name}: {findings:#?}"));
        failures.extend(
            report
                .configuration
                .iter()
                .map(|difference| format!("{name}: {difference}")),
        );
        for case in &report.cases {
            failures.extend(
                case.differences
                    .iter()
                    .map(|difference| format!("{name}: {}: {difference}", case.name)),
            );
        }
        let unreached = report.coverage.uncovered();
        failures.extend(unreached.map(|rule| format!("{name}: {} never fires", rule.rule)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_lints_have_nothing_to_say_but_what_is_meant() {
    let mut found = Vec::new();
    for recipe in recipes().iter().filter(|recipe| !is_default(&recipe.name)) {
        assert!(
            recipe.suite.subject.is_some(),
            "{}: its tests have no `type`",
            recipe.name
        );
        let findings = lint(&recipe.text, recipe.suite.subject);
        found.extend(findings.iter().map(|finding| (recipe.name.clone(), finding.code)));
    }
    let found: Vec<(&str, &str)> = found.iter().map(|(name, code)| (&**name, *code)).collect();
    assert_eq!(found, MEANT);
}

#[test]
fn every_policy_is_formatted_and_says_what_it_is() {
    for recipe in recipes().iter().filter(|recipe| !is_default(&recipe.name)) {
        assert_eq!(format(&recipe.text).unwrap(), recipe.text, "{}", recipe.name);
        let header: Vec<&str> = recipe
            .text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .collect();
        for part in ["// Decides: ", "// For: ", "// After: "] {
            let has_part = header.iter().any(|line| line.starts_with(part));
            assert!(has_part, "{}: the header lacks `{part}`", recipe.name);
        }
    }
}

/// Their bytes matter: the hash of a policy is in every token.
#[test]
fn the_defaults_are_those_of_the_service() {
    let texts = [
        ("defaults/sgx", defaults::SGX),
        ("defaults/sgx-shared", defaults::SGX_SHARED),
        ("defaults/snp", defaults::SNP),
        ("defaults/tdx", defaults::TDX),
    ];
    let recipes = recipes();
    let found: Vec<(&str, &str)> = recipes
        .iter()
        .filter(|recipe| is_default(&recipe.name))
        .map(|recipe| (&*recipe.name, &*recipe.text))
        .collect();
    assert_eq!(found, texts);
}

#[test]
fn the_index_has_every_policy_and_no_other() {
    let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy-cookbook.md");
    let index = std::fs::read_to_string(index).unwrap();
    let linked: Vec<&str> = index
        .split("](../cookbook/")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    for link in &linked {
        assert!(
            root().join(link).is_file(),
            "{link} is in the index and not in the cookbook"
        );
    }
    for recipe in recipes() {
        let file = format!("{}.policy.txt", recipe.name);
        assert!(
            linked.contains(&&*file),
            "{file} is in the cookbook and not in the index"
        );
    }
}

fn is_default(name: &str) -> bool {
    name.starts_with("defaults/")
}
