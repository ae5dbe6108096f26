//! Formatting is idempotent and keeps a policy a policy.
#![no_main]

use attestry_policy::{Policy, format};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(once) = format(text) else { return };
    assert_eq!(format(&once).as_ref(), Ok(&once));
    match Policy::compile(text) {
        Ok(_) => assert!(Policy::compile(&once).is_ok()),
        // White space inside a version is mended with all other white space.
        Err(findings) => assert!(
            Policy::compile(&once).is_err()
                || findings.iter().all(|finding| finding.code == "unknown-version")
        ),
    }
});
