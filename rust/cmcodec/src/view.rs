//! Thin accessors on octets that the walk has validated.
//!
//! A view holds the [`Tlv`](crate::der::Tlv)s of the fields of a type, and
//! nothing else: no octet is copied. The fields and their order are those of
//! the declarations ([`crate::generated::views`]); here is what else can be
//! asked. `read` takes the octets and the element; on validated octets it always
//! returns `Some`.

pub mod certificate;
mod cms;
mod pkidata;
mod requests;

pub use crate::generated::views::*;
pub use cms::{SignerIdentifier, attributes, is_cms_version};
pub use pkidata::{PkiMessage, TaggedContentInfo};
