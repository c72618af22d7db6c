//! Certificate Management over CMS (RFC 10002): a strict, zero-copy DER
//! validator and a signature verifier for single messages and whole batches.
//!
//! [`load()`] validates one message, [`verify()`] verifies many. The crate
//! knows nothing of Python. It reads the ASN.1 declarations in compiled form,
//! walks untrusted bytes once, and verifies what it found over the received
//! octets.
//!
//! What is not listed here is open to the Python module, the tests and the
//! benches of this project, and may change at any time.
#![forbid(unsafe_code)]

#[macro_use]
mod named;

#[doc(hidden)]
pub mod algorithms;
#[doc(hidden)]
pub mod der;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod generated;
#[doc(hidden)]
pub mod load;
#[doc(hidden)]
pub mod message_kind;
mod pool;
#[doc(hidden)]
pub mod schema;
mod stack;
#[doc(hidden)]
pub mod verify;
#[doc(hidden)]
pub mod view;

pub use error::{Error, Reason, Result, Rule, Segment};
pub use load::{Encoding, Loaded, load};
pub use message_kind::MessageKind;
pub use schema::members::{Member, Members};
pub use schema::walk::Options;
pub use verify::report::{
    AlgorithmName, CertificateSource, Fault, Few, Finding, PopState, Request, RequestForm, Signer,
    SignerKey, Verdict,
};
pub use verify::{Cancelled, Config, Item, KnownCertificates, Report, Row, verify};
