//! What follows from the facts of `python/cmcodec`. `tools/generate.py` writes
//! these modules; nobody edits them.

#[rustfmt::skip] // One fact a line.
pub mod algorithms;
#[rustfmt::skip]
pub(crate) mod ber_shapes;
#[rustfmt::skip]
pub mod limits;
#[rustfmt::skip]
pub mod oids;
#[rustfmt::skip]
pub mod reasons;
#[allow(missing_docs)] // The documentation of each type is that of its declaration.
#[rustfmt::skip]
pub mod schema;
