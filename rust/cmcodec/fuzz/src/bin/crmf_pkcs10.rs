#![no_main]
//! Requests and proofs of possession.
cmcodec_fuzz::target!(
    cmcodec_fuzz::verifying::requests,
    cmcodec_fuzz::verifying::is_request,
    signed: true
);
