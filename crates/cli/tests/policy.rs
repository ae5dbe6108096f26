//! `attestry policy` over files.

mod common;

use common::{attestry_fed, attestry_in};

const GOOD: &str = "version=1.0; authorizationrules { => permit(); }; issuancerules {};";
const BAD: &str = "version=1.0;\nauthorizationrules {\n  => premit();\n  c:[type==3] => permit();\n};\n";

#[test]
fn every_mistake_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("good.txt"), GOOD).unwrap();
    std::fs::write(directory.path().join("bad.txt"), BAD).unwrap();
    attestry_in(directory.path(), &["policy", "check", "good.txt"]).exits(0);

    let text = attestry_in(directory.path(), &["policy", "check", "good.txt", "bad.txt"])
        .exits(1)
        .stdout;
    assert!(
        text.contains("bad.txt") && text.contains("premit") && text.contains("did you mean `permit`?"),
        "{text}"
    );

    let json = attestry_in(directory.path(), &["policy", "check", "--json", "bad.txt"])
        .exits(1)
        .json();
    let first = &json["diagnostics"][0];
    assert_eq!(
        (&first["file"], &first["severity"], &first["line"]),
        (&"bad.txt".into(), &"error".into(), &3.into())
    );
    for member in ["code", "column", "end_line", "end_column", "message", "help"] {
        assert!(first.get(member).is_some(), "{member}: {first}");
    }
    attestry_in(directory.path(), &["policy", "check", "missing.txt"]).exits(2);
}

#[test]
fn warnings_are_told_and_count_only_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    // A single `=` in a condition is accepted by MAA and warned about here.
    let lenient = r#"version=1.0; authorizationrules { c:[type="a"] => permit(); }; issuancerules {};"#;
    let run = |more: &[&str]| {
        attestry_fed(
            directory.path(),
            &[&["policy", "check", "-"], more].concat(),
            lenient.as_bytes(),
        )
    };
    assert!(run(&[]).exits(0).stdout.contains("warning"));
    run(&["--deny-warnings"]).exits(1);
}

#[test]
fn the_hash_is_that_of_the_tokens() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("good.txt"), GOOD).unwrap();
    let text = attestry_in(directory.path(), &["policy", "hash", "good.txt"])
        .exits(0)
        .stdout;
    assert_eq!(text, format!("{}  good.txt\n", attestry_api::policy_hash(GOOD)));
}
