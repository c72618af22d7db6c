//! Distinguished Encoding Rules, without a schema: headers, open values, the
//! BER wrapper converter and the writer.

pub mod ber;
mod elements;
pub mod header;
pub mod oid;
pub(crate) mod shape;
pub mod writer;

pub use elements::Elements;
pub use header::{Tlv, children, read_tlv};
pub(crate) use header::{refusal, split_first};
