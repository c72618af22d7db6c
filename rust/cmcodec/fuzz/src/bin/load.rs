#![no_main]
//! Every way to read one input, against the others.
cmcodec_fuzz::target!(
    cmcodec_fuzz::parsing::loading,
    cmcodec_fuzz::parsing::is_message,
    signed: false
);
