//! Verifying signatures over the received octets (rules V and R).
//!
//! [`verify`] takes any number of messages, loads them, and returns a
//! [`Report`] with one [`Row`] for each, nested ones included. A message is a
//! row of its own: what is outside never vouches for what is inside, and a bad
//! neighbour spoils nothing (R5).
//!
//! | Module | Holds |
//! |---|---|
//! | `algorithm`, `key` | which algorithms and keys are on offer (V7, V9, V10) |
//! | `family` | what the library verifies, one row per key, scheme and hash function |
//! | `message` | what one message is, and its verdict (V1 to V3) |
//! | `signer` | one SignerInfo, rule by rule (V4 to V7, V9, V10, V12) |
//! | `candidates` | whose key it may be (V8) |
//! | `issued` | the signature of a certificate (V13) |
//! | `pop` | proofs of possession (R1, R2, R6) |
//! | `job` | signatures that lanes look at, eight at a time (V14) |
//! | `batch`, `members` | many messages on many threads (V14, V15) |
//! | `report` | what comes out |
//! | `rows` | many rows, in a few octets each (P8) |
//! | `told`, `columns`, `lines`, `tally` | what rows say, in the forms that are written |
//!
//! No chain of certificates is built here: what a chain consists of, and which
//! is trusted, is decided above (V13).

pub mod algorithm;
mod batch;
mod candidates;
mod certificates;
pub mod columns;
mod config;
mod family;
pub mod issued;
pub mod job;
pub mod key;
mod keyring;
pub mod lines;
pub mod members;
mod message;
mod pop;
pub mod report;
mod rows;
mod signer;
pub mod tally;
pub mod told;
mod worker;

pub use crate::pool::Cancelled;
pub use batch::{Item, verify};
pub use certificates::KnownCertificates;
pub use config::Config;
pub use report::Row;
pub use rows::Report;
pub use worker::find_good;
