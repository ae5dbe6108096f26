//! Policies as published by MAA's documentation and SDKs, read from the vector directory: what the
//! checker says about each, held to the reviewed table `published/findings.txt`. A recipe (`fragment`) is a
//! few rules, here in the issuance rules of a policy, so that its first line is line 4.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::path::PathBuf;

use attestry_policy::catalog::Subject;
use attestry_policy::lint::lint;
use attestry_policy::{Policy, Severity};

#[test]
fn published_policies_are_accepted_warned_about_or_refused_as_reviewed() {
    let mut shown = String::new();
    for (name, text) in published() {
        let findings = lint(&text, Some(Subject::Tpm));
        assert_eq!(
            Policy::compile(&text).is_err(),
            findings.iter().any(|finding| finding.severity == Severity::Error),
            "{name}"
        );
        let worst = findings
            .iter()
            .map(|finding| finding.severity)
            .min_by_key(|severity| *severity == Severity::Warning);
        let verdict = match worst {
            None => "accepted",
            Some(Severity::Warning) => "warned",
            Some(Severity::Error) => "refused",
        };
        writeln!(shown, "{name}: {verdict}").unwrap();
        for finding in findings {
            writeln!(shown, "  {}:{} {}", finding.line, finding.column, finding.code).unwrap();
        }
    }
    if shown.is_empty() {
        return;
    }
    assert_eq!(shown, include_str!("published/findings.txt"));
}

fn published() -> Vec<(String, String)> {
    let vectors = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let mut policies = Vec::new();
    for directory in ["maa/policies", "tpm/maa/policies"].map(|directory| vectors.join(directory)) {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            eprintln!("SKIPPED: no published policies in {}", directory.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path).unwrap();
            // A recipe is a few rules to be put into a policy.
            let text = if name.contains(".fragment.") {
                format!("version=1.2;\nauthorizationrules{{ => permit(); }};\nissuancerules{{\n{text}\n}};\n")
            } else {
                text
            };
            policies.push((name, text));
        }
    }
    policies.sort();
    policies
}
