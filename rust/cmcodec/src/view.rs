//! Thin accessors on octets that the walk has validated.
//!
//! A view holds the [`Tlv`](crate::der::Tlv)s of the fields that the verifier
//! asks for, and nothing else: no octet is copied, and no declaration of
//! [`crate::schema`] is repeated beyond the order of fields. `read` takes the
//! octets and the element; on validated octets it always returns `Some`. Only
//! [`certificate::Certificate`] is read from octets that were kept opaque.

pub mod certificate;
pub mod cms;
pub mod crmf;
mod elements;
pub mod pkcs10;
pub mod pkidata;

pub use elements::{AlgorithmIdentifier, Attribute, Elements, attributes};
