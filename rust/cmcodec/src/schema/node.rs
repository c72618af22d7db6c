//! The shape of the compiled declarations.

use crate::der::{Tlv, read_tlv};

/// One ASN.1 type.
#[derive(Debug)]
pub struct Node {
    /// Position in [`crate::generated::schema::NODES`]; whoever has more to say of a type keeps a table by it.
    pub id: usize,
    /// The name of the declared class, or a description of an anonymous type.
    pub name: &'static str,
    /// What a path calls a value of this type at its root: `pkiData`.
    pub root: &'static str,
    /// Identifier octets a value can start with.
    pub tags: Tags,
    /// Whether it stands in what others have signed, as all in it then does: a
    /// SET OF is in the order received (rule P3).
    pub issued: bool,
    /// What stands inside.
    pub kind: Kind,
}

impl Node {
    /// Whether an element with this identifier octet can be of this type.
    #[inline]
    pub fn accepts(&self, tag: u8) -> bool {
        self.tags.accept(tag)
    }

    /// The type that a value is to fit, where it need not.
    #[inline]
    pub fn published(&'static self) -> &'static Self {
        match self.kind {
            Kind::Tolerant(published) => published,
            _ => self,
        }
    }
}

/// Identifier octets that an element can start with; none means any.
#[derive(Debug)]
pub struct Tags {
    octets: &'static [u8],
    /// A bit for each octet that is accepted.
    accepted: [u64; 4],
}

impl Tags {
    #[allow(clippy::indexing_slicing)] // Runs at compile time.
    pub(crate) const fn new(octets: &'static [u8]) -> Self {
        let mut accepted = if octets.is_empty() { [u64::MAX; 4] } else { [0; 4] };
        let mut at = 0;
        while at < octets.len() {
            accepted[octets[at] as usize / 64] |= 1 << (octets[at] % 64);
            at += 1;
        }
        Self { octets, accepted }
    }

    /// Those listed.
    pub const fn octets(&self) -> &'static [u8] {
        self.octets
    }

    /// Whether it is among them.
    #[inline(always)]
    pub fn accept(&self, tag: u8) -> bool {
        self.accepted.get(usize::from(tag / 64)).is_some_and(|bits| bits >> (tag % 64) & 1 == 1)
    }
}

/// A row of an open type's table: content octets of the OBJECT IDENTIFIER,
/// and the type it stands for.
pub type Row = (&'static [u8], &'static Node);

/// Which type an OBJECT IDENTIFIER stands for.
#[derive(Debug)]
pub struct Table {
    /// Sorted by last octet.
    rows: &'static [Row],
    /// By last octet: the first row that may match.
    index: [u8; 256],
}

impl Table {
    /// A table of at most 255 rows, sorted by last octet.
    #[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)] // Runs at compile time.
    pub(crate) const fn new(rows: &'static [Row]) -> Self {
        assert!(rows.len() < 256);
        let mut index = [rows.len() as u8; 256];
        let mut row = rows.len();
        while row > 0 {
            row -= 1;
            let octets = rows[row].0;
            index[octets[octets.len() - 1] as usize] = row as u8;
        }
        Self { rows, index }
    }

    /// The type an OBJECT IDENTIFIER stands for.
    ///
    /// Registered arcs differ in their last octet, so nearly always one row is
    /// compared.
    #[inline]
    pub fn look_up(&self, oid: &[u8]) -> Option<&'static Node> {
        let last = *oid.last()?;
        let first = usize::from(*self.index.get(usize::from(last))?);
        for (octets, node) in self.rows.get(first..)? {
            if octets.last() != Some(&last) {
                return None;
            }
            if *octets == oid {
                return Some(node);
            }
        }
        None
    }
}

/// What a type is made of.
#[derive(Debug)]
#[repr(u8)] // Told apart by an octet of their own, which every element asks for.
pub enum Kind {
    /// Any element, kept as octets.
    Any,
    /// BIT STRING; a named bit list has no trailing zero bits in DER.
    BitString {
        /// Whether it is a named bit list.
        named_bit_list: bool,
    },
    /// BMPString, in UTF-16.
    BmpString,
    /// BOOLEAN.
    Boolean,
    /// CHOICE: the first alternative that matches.
    Choice {
        /// The alternatives.
        fields: &'static [Field],
    },
    /// OCTET STRING that contains the encoding of another type.
    Containing(&'static Table),
    /// ENUMERATED.
    Enumerated {
        /// The Python class of its named numbers.
        numbers: Option<&'static str>,
    },
    /// GeneralizedTime.
    GeneralizedTime,
    /// IA5String.
    Ia5String,
    /// INTEGER.
    Integer {
        /// The permitted values, both ends included.
        range: Option<(i64, i64)>,
        /// The Python class of its named numbers.
        numbers: Option<&'static str>,
    },
    /// Another type under a name of its own.
    Alias(&'static Node),
    /// NULL.
    Null,
    /// OBJECT IDENTIFIER.
    ObjectIdentifier,
    /// OCTET STRING.
    OctetString,
    /// A signed structure, checked to be another type, and kept as octets under
    /// a name of its own.
    Opaque(&'static Node),
    /// ANY DEFINED BY the last OBJECT IDENTIFIER before it.
    Open(&'static Table),
    /// SEQUENCE.
    Sequence {
        /// Whether one field must be there although all are OPTIONAL.
        at_least_one: bool,
        /// Whether the elements of the fields have unique body part ids.
        body_parts: bool,
        /// The fields, in order.
        fields: &'static [Field],
    },
    /// SEQUENCE OF.
    SequenceOf {
        /// The type of the elements.
        element: &'static Node,
        /// The smallest permitted number of elements.
        minimum: usize,
        /// The largest.
        maximum: usize,
        /// Whether the elements are built on access, as in `cmsSequence`.
        lazy: bool,
    },
    /// SET OF.
    SetOf {
        /// The type of the elements.
        element: &'static Node,
        /// The smallest permitted number of elements.
        minimum: usize,
        /// The largest.
        maximum: usize,
        /// Whether a signature covers the octets (rule V4).
        signed: bool,
    },
    /// A type where a value fits it, else any element, kept as octets.
    Tolerant(&'static Node),
    /// UTCTime.
    UtcTime,
    /// UTF8String.
    Utf8String,
}

impl Kind {
    /// Whether its content is a value of its own, with no element inside that
    /// the walk enters.
    #[inline]
    pub const fn is_primitive(&self) -> bool {
        matches!(
            self,
            Self::BitString { .. }
                | Self::BmpString
                | Self::Boolean
                | Self::Enumerated { .. }
                | Self::GeneralizedTime
                | Self::Ia5String
                | Self::Integer { .. }
                | Self::Null
                | Self::ObjectIdentifier
                | Self::OctetString
                | Self::UtcTime
                | Self::Utf8String
        )
    }
}

/// The attribute of the Python class that is true where a DEFAULT value was
/// written out.
#[derive(Debug)]
pub struct Written {
    /// Its name: `critical_written`.
    pub attribute: &'static str,
    /// Its place among the attributes; those of the fields come first.
    pub place: usize,
}

/// A field of a SEQUENCE or an alternative of a CHOICE.
#[derive(Debug)]
pub struct Field {
    /// The standard's name: `controlSequence`.
    pub name: &'static str,
    /// The attribute of the Python class: `control_sequence`.
    pub attribute: &'static str,
    /// The type, without this field's context tag.
    pub node: &'static Node,
    /// Identifier octets the field can start with.
    pub tags: Tags,
    /// The context tag that replaces the type's own.
    pub implicit: Option<u8>,
    /// Whether `tags` stands around the type's own tag.
    pub explicit: bool,
    /// OPTIONAL.
    pub optional: bool,
    /// The encoding of the DEFAULT value, which DER forbids.
    pub default: Option<&'static [u8]>,
    /// What remembers that the DEFAULT value was written out, where a walk that
    /// is not strict reads it.
    pub written: Option<Written>,
    /// Identifier octets of the first elements inside, outermost first, where
    /// the tag alone does not tell the form.
    pub first: &'static [u8],
    /// Whether empty content matches `first` too.
    pub or_empty: bool,
    /// A form of RFC 2797, RFC 6402 or old peers, refused by a strict walk.
    pub legacy: bool,
    /// Whether its tag alone tells it, and its type all there is to check: it has
    /// no `explicit`, `default`, `first` or `legacy`, as nearly all.
    pub plain: bool,
}

impl Field {
    pub(crate) const fn new(
        name: &'static str,
        attribute: &'static str,
        node: &'static Node,
        tags: &'static [u8],
    ) -> Self {
        Self {
            name,
            attribute,
            node,
            tags: Tags::new(tags),
            implicit: None,
            explicit: false,
            optional: false,
            default: None,
            written: None,
            first: &[],
            or_empty: false,
            legacy: false,
            plain: true,
        }
    }

    pub(crate) const fn implicit(mut self, tag: u8) -> Self {
        self.implicit = Some(tag);
        self
    }

    pub(crate) const fn explicit(mut self) -> Self {
        self.explicit = true;
        self.plain = false;
        self
    }

    pub(crate) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(crate) const fn default_value(mut self, octets: &'static [u8]) -> Self {
        self.default = Some(octets);
        self.plain = false;
        self
    }

    pub(crate) const fn written(mut self, attribute: &'static str, place: usize) -> Self {
        self.written = Some(Written { attribute, place });
        self
    }

    pub(crate) const fn first(mut self, tags: &'static [u8], or_empty: bool) -> Self {
        self.first = tags;
        self.or_empty = or_empty;
        self.plain = false;
        self
    }

    pub(crate) const fn legacy(mut self) -> Self {
        self.legacy = true;
        self.plain = false;
        self
    }

    /// Whether a SEQUENCE is incomplete without it.
    #[inline]
    pub const fn is_required(&self) -> bool {
        !self.optional && self.default.is_none()
    }

    /// Whether an element with this identifier octet can be this field.
    #[inline]
    pub fn accepts(&self, tag: u8) -> bool {
        self.tags.accept(tag)
    }

    /// Whether this element, by its tag and the first ones inside, is this
    /// field, legacy forms included.
    #[inline]
    pub fn matches(&self, data: &[u8], tlv: Tlv) -> bool {
        self.accepts(tlv.tag()) && (self.first.is_empty() || self.begins(data, tlv))
    }

    /// Whether the first elements inside are those of this field.
    fn begins(&self, data: &[u8], tlv: Tlv) -> bool {
        if tlv.is_empty() {
            return self.or_empty;
        }
        let mut inner = tlv;
        for tag in self.first {
            match read_tlv(data, inner.content(), inner.end()) {
                Ok(first) if first.tag() == *tag => inner = first,
                _ => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::schema::{BOOLEAN, INTEGER};

    /// What stands in a declaration besides the type leaves a field plain only where
    /// the tag still tells all.
    #[test]
    fn plain_fields_are_told_by_their_tag_alone() {
        let field = || Field::new("cA", "ca", &BOOLEAN, &[0x01]);
        for (field, plain) in [
            (field(), true),
            (field().implicit(0x80), true),
            (field().optional(), true),
            (field().optional().written("ca_written", 2), true),
            (field().explicit(), false),
            (field().default_value(&[0x01, 0x01, 0x00]), false),
            (field().first(&[0x02], false), false),
            (field().legacy(), false),
        ] {
            assert_eq!(field.plain, plain, "{field:?}");
            let required = !field.optional && field.default.is_none();
            assert_eq!(field.is_required(), required, "{field:?}");
        }
    }

    /// Identifier octets that are listed are accepted, and no others; all, where none is.
    #[test]
    fn tags_accept_what_they_list() {
        for listed in [&[0x30][..], &[0x02, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFF]] {
            let tags = Tags::new(listed);
            assert!((0..=0xFF).all(|tag| tags.accept(tag) == listed.contains(&tag)));
            assert_eq!(tags.octets(), listed);
        }
        assert!((0..=0xFF).all(|tag| Tags::new(&[]).accept(tag)));
    }

    /// OBJECT IDENTIFIERs with one last octet are told apart, also by their length.
    #[test]
    fn rows_of_a_table_are_found() {
        static ROWS: [Row; 3] =
            [(&[0x2A, 1], &BOOLEAN), (&[0x2A, 3, 1], &INTEGER), (&[4], &BOOLEAN)];
        let table = Table::new(&ROWS);
        let found = |oid| table.look_up(oid).map(|node| node.name);
        assert_eq!(found(&[0x2A, 1]), Some(BOOLEAN.name));
        assert_eq!(found(&[0x2A, 3, 1]), Some(INTEGER.name));
        assert_eq!(found(&[4]), Some(BOOLEAN.name));
        for unknown in [&[][..], &[1], &[0x2A, 4], &[0x2A, 2], &[0x2A, 2, 1], &[5]] {
            assert_eq!(found(unknown), None, "{unknown:?}");
        }
        assert!(Table::new(&[]).look_up(&[0]).is_none());
    }
}
