//! What follows from the facts of `python/cmcodec`. `tools/generate.py` writes
//! these modules; nobody edits them. What is no fact stands here, and in
//! [`crate::algorithms`].

/// Every reason, and the rule that it breaks:
///
/// ```text
/// reasons! {
///     /// What it says (rule P2).
///     Name = "code", Some(Rule::P2);
/// }
/// ```
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $rule:expr;)*) => {
        named! {
            /// Why an input is refused or a message is not verified: a code under a rule.
            pub enum Reason { $($(#[$doc])* $variant = $code,)* }
        }

        impl Reason {
            /// The rule that is broken; none where there is nothing to verify yet.
            pub const fn rule(self) -> Option<Rule> {
                match self { $(Self::$variant => $rule,)* }
            }
        }
    };
}

/// Numbers the types by their place in the list: `nodes! { ATTRIBUTE, CONTENT_INFO, }`.
macro_rules! nodes {
    ($($node:ident,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Id { $($node,)* }

        /// Every type, by its number.
        pub static NODES: &[&Node] = &[$(&$node,)*];
    };
}

/// A SEQUENCE, and how its fields are read:
///
/// ```text
/// view! { |data, fields|
///     /// RFC 5652 §5.3: an attribute.
///     Attribute {
///         attr_type: Tlv = fields.take_if(0x06)?;
///         attr_values: Tlv = fields.take_if(0x31)?;
///     }
/// }
/// ```
macro_rules! view {
    (
        |$data:ident, $fields:ident|
        $(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $value:expr;)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)] // Each field is that of the standard.
        pub struct $name { pub tlv: Tlv, $(pub $field: $type,)* }

        impl $name {
            /// Reads the fields of `tlv`, whatever its tag.
            pub fn read($data: &[u8], tlv: Tlv) -> Option<Self> {
                let mut $fields = Elements::of($data, tlv);
                Some(Self { tlv, $($field: $value,)* })
            }
        }
    };
}

/// A CHOICE, and what each identifier octet stands for:
///
/// ```text
/// choice! { |data, tlv|
///     /// RFC 10002 §3.2.1.2: a request.
///     TaggedRequest {
///         Crm(CertReqMsg) = 0xA1, CertReqMsg::read(data, tlv);
///     }
/// }
/// ```
macro_rules! choice {
    (
        |$data:ident, $tlv:ident|
        $(#[$doc:meta])* $name:ident { $($variant:ident($type:ty) = $tag:literal, $value:expr;)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)] // Each alternative is that of the standard.
        pub enum $name { $($variant($type),)* }

        impl $name {
            /// Reads the alternative that `tlv` is.
            pub fn read($data: &[u8], $tlv: Tlv) -> Option<Self> {
                match $tlv.tag() { $($tag => $value.map(Self::$variant),)* _ => None }
            }
        }
    };
}

#[rustfmt::skip] // One fact a line.
pub mod algorithm_tables;
#[rustfmt::skip]
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
#[rustfmt::skip]
pub mod views;
