#![no_main]
//! Functions of the arithmetic of lanes: registers, numbers, and whole numbers.
libfuzzer_sys::fuzz_target!(|data: &[u8]| cmcodec_fuzz::lanes::field::functions(data));
