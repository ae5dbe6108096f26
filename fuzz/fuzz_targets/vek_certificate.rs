#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attestry_fuzz::amd::vek_certificate(data));
