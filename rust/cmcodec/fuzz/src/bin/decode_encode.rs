#![no_main]
//! What was accepted comes back octet for octet.
cmcodec_fuzz::target!(
    cmcodec_fuzz::rebuild::rebuilding,
    cmcodec_fuzz::rebuild::is_value,
    signed: false
);
