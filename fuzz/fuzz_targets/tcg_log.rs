#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attestry_fuzz::eventlog::tcg_log(data));
