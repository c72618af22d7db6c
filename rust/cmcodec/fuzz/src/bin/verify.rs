#![no_main]
//! Every verdict on one input, against what else is known of it.
cmcodec_fuzz::target!(
    cmcodec_fuzz::verifying::verdicts,
    cmcodec_fuzz::parsing::is_message,
    signed: true
);
