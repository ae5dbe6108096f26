//! Any text is compiled or refused, and what is found can be shown.
#![no_main]

use attestry_policy::{Policy, maa_message};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let findings = match Policy::compile(text) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(findings) => findings,
    };
    for finding in &findings {
        assert!(finding.render("policy", text).contains('^'));
    }
    let _ = maa_message(&findings);
});
