//! Policies as published by MAA's documentation and SDKs, read from the vector directory: what the
//! checker says about each, held to the reviewed table `published/findings.txt`. A recipe (`fragment`) is a
//! few rules, here in the issuance rules of a policy, so that its first line is line 4.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod samples;

use std::fmt::Write as _;

use attestry_policy::catalog::Subject;
use attestry_policy::lint::lint;
use attestry_policy::{Policy, Severity};
use samples::published;

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
