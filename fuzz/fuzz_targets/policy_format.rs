//! Formatting is idempotent and keeps a policy a policy.
#![no_main]

use attestry_policy::{Policy, format};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(once) = format(text) else { return };
    assert_eq!(format(&once).as_ref(), Ok(&once));
    assert_eq!(Policy::compile(text).is_ok(), Policy::compile(&once).is_ok());
});
