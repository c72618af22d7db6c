//! What the messages of CMC look like, as data, and the walk that reads it.
//!
//! The declarations stand in `python/cmcodec/types`, once; [`compiled`] is
//! their committed form. Nothing here knows what a control means.

pub mod any;
pub mod body_parts;
#[allow(missing_docs)] // Generated: the documentation of each type is that of its declaration.
#[rustfmt::skip] // Generated: one long line per field diffs better than the wrapped form.
pub mod compiled;
pub mod locate;
pub mod node;
pub mod primitive;
pub mod runs;
pub mod walk;

pub use node::{Field, Kind, Node};
