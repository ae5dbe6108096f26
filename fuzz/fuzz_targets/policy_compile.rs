//! Any text is compiled or refused and looked through for what is probably not meant, and what is found can be shown.
#![no_main]

use attestry_policy::catalog::Subject;
use attestry_policy::lint::lint;
use attestry_policy::{Policy, Severity, maa_message};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let findings = match Policy::compile(text) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(findings) => findings,
    };
    for finding in &findings {
        assert!(finding.render("policy", text).contains('^'));
    }
    let _ = maa_message(&findings);

    let refused =
        |found: &[attestry_policy::Diagnostic]| found.iter().any(|one| one.severity == Severity::Error);
    for subject in [None, Some(Subject::SgxEnclave), Some(Subject::Tpm)] {
        let linted = lint(text, subject);
        assert_eq!(refused(&linted), refused(&findings));
        for finding in &linted {
            assert!(finding.render("policy", text).contains('^'));
        }
    }
});
