#![no_main]
//! Signatures at bounds: lanes, and aws-lc.
use cmcodec_fuzz::lanes::signatures::{prepare, signatures};

libfuzzer_sys::fuzz_target!(init: prepare(), |data: &[u8]| signatures(data));
