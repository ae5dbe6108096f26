#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| attestry_fuzz::wire::thim_json(data));
