#![no_main]
//! The converter from BER: what it makes, and of what.
cmcodec_fuzz::target!(
    cmcodec_fuzz::parsing::converting,
    cmcodec_fuzz::parsing::is_ber,
    signed: false
);
