#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attestry_fuzz::amd::amd_crl(data));
