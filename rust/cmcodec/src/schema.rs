//! What the messages of CMC look like, as data, and the walk that reads it.
//!
//! The declarations stand in `python/cmcodec/types`, once;
//! [`crate::generated::schema`] is their committed form. Nothing here knows what a control means.

pub mod any;
pub mod body_parts;
pub mod locate;
pub mod members;
pub mod node;
pub mod primitive;
mod versions;
pub mod walk;

pub use node::{Field, Kind, Node};
