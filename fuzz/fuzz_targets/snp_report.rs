#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attestry_fuzz::amd::snp_report(data));
