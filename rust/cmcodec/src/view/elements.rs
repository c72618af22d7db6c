//! What all views are made of: elements in a row, algorithms and attributes.

use crate::der::{Tlv, read_tlv};

/// NULL, as parameters have it.
const NULL: &[u8] = &[0x05, 0x00];

/// What stands inside one element, in order: the fields of a SEQUENCE, or the
/// elements of a SEQUENCE OF or SET OF.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    data: &'a [u8],
    pos: usize,
    end: usize,
}

impl<'a> Elements<'a> {
    /// What stands inside `tlv`.
    pub fn of(data: &'a [u8], tlv: Tlv) -> Self {
        Self { data, pos: tlv.content(), end: tlv.end() }
    }

    /// The next element, if it has this identifier; else nothing moves.
    #[inline]
    pub(super) fn take_if(&mut self, tag: u8) -> Option<Tlv> {
        if self.data.get(self.pos) == Some(&tag) { self.next() } else { None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pos >= self.end
    }
}

impl Iterator for Elements<'_> {
    type Item = Tlv;

    #[inline]
    fn next(&mut self) -> Option<Tlv> {
        if self.is_empty() {
            return None;
        }
        let element = read_tlv(self.data, self.pos, self.end).ok()?;
        self.pos = element.end();
        Some(element)
    }
}

/// AlgorithmIdentifier (RFC 5280 §4.1.1.2):
///
/// ```text
/// AlgorithmIdentifier ::= SEQUENCE {
///    algorithm   OBJECT IDENTIFIER,
///    parameters  ANY DEFINED BY algorithm OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AlgorithmIdentifier {
    /// The whole element; its identifier may be a context tag.
    pub tlv: Tlv,
    /// `algorithm`.
    pub algorithm: Tlv,
    /// `parameters`.
    pub parameters: Option<Tlv>,
}

impl AlgorithmIdentifier {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        Some(Self { tlv, algorithm: fields.take_if(0x06)?, parameters: fields.next() })
    }

    /// Content octets of the OBJECT IDENTIFIER.
    pub fn oid<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        self.algorithm.value(data)
    }

    /// The parameters, header included.
    pub fn parameters<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        self.parameters.map(|parameters| parameters.octets(data))
    }

    /// Whether both name the same algorithm with the same parameters, where
    /// absent parameters and NULL are alike (RFC 6211 §2, V7).
    pub fn agrees_with(&self, data: &[u8], other: &Self) -> bool {
        let settled = |it: &Self| it.parameters(data).filter(|octets| *octets != NULL);
        self.oid(data) == other.oid(data) && settled(self) == settled(other)
    }
}

/// Attribute (RFC 5652 §5.3, RFC 2986 §4.1):
///
/// ```text
/// Attribute ::= SEQUENCE {
///    attrType    OBJECT IDENTIFIER,
///    attrValues  SET OF AttributeValue }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// The whole element.
    pub tlv: Tlv,
    /// `attrType`.
    pub attr_type: Tlv,
    /// `attrValues`.
    pub attr_values: Tlv,
}

impl Attribute {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        Some(Self { tlv, attr_type: fields.take_if(0x06)?, attr_values: fields.take_if(0x31)? })
    }

    /// The value, if there is exactly one.
    pub fn only_value(&self, data: &[u8]) -> Option<Tlv> {
        let mut values = Elements::of(data, self.attr_values);
        values.next().filter(|_| values.is_empty())
    }
}

/// The attributes of a SET OF Attribute, in received order.
pub fn attributes(data: &[u8], set: Tlv) -> impl Iterator<Item = Attribute> + Clone {
    Elements::of(data, set).filter_map(|tlv| Attribute::read(data, tlv))
}

/// The number in a BodyPartID (RFC 10002 §3.2.2):
///
/// ```text
/// BodyPartID ::= INTEGER (0..4294967295)
/// ```
pub(super) fn body_part_id(data: &[u8], tlv: Tlv) -> Option<u32> {
    let shift = |id: u32, octet: &u8| id.checked_mul(256)?.checked_add(u32::from(*octet));
    tlv.value(data).iter().try_fold(0, shift)
}
