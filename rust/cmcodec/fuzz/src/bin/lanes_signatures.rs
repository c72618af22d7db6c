#![no_main]
//! Signatures at bounds: lanes, and aws-lc.
libfuzzer_sys::fuzz_target!(|data: &[u8]| cmcodec_fuzz::lanes::signatures::signatures(data));
