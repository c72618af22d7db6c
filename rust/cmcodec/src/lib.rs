//! Certificate Management over CMS (RFC 10002): a strict, zero-copy DER
//! validator and a signature verifier for single messages and whole batches.
//!
//! The crate knows nothing of Python. It reads the ASN.1 declarations in
//! compiled form ([`schema`]), walks untrusted bytes once ([`schema::walk`]),
//! and verifies what it found over the received octets ([`verify`]).
#![forbid(unsafe_code)]

pub mod der;
pub mod error;
pub mod limits;
pub mod load;
pub mod outline;
mod pool;
pub mod schema;
pub mod verify;
pub mod view;
