#![no_main]
//! A batch, however it is read and whoever is beside it.
cmcodec_fuzz::target!(
    cmcodec_fuzz::verifying::batches,
    cmcodec_fuzz::parsing::is_message,
    signed: true
);
