//! The one pass over untrusted octets.
//!
//! It checks that the input is the DER encoding of a type, within the bounds
//! of [`crate::generated::limits`], before anything is made of it (rules P1 to P6). The
//! order of its checks is part of the contract with the fallback backend: both
//! name the same reason, offset and path.

use super::any::check_any;
use super::body_parts::{MemberIds, member_id, p6_body_part_ids};
use super::node::{Field, Kind, Node, Table};
use super::primitive;
use super::versions::v1_strict_version;
use crate::der::{Tlv, read_tlv};
use crate::error::{Error, Reason, Result, Segment};
use crate::generated::limits::{
    DEFAULT_MESSAGE_LAYERS, DEFAULT_MESSAGE_SIZE, MAX_BODY_PARTS, MAX_DEPTH, MAX_TOLERANT_LEVELS,
};
use crate::stack::on_enough;

/// What the caller decides about a walk.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Refuse the legacy forms of RFC 2797, RFC 6402 and old peers, DEFAULT
    /// values that are written out, and versions of SignedData and SignerInfo
    /// that their content does not call for.
    pub strict: bool,
    /// PKI messages inside PKI messages (P6).
    pub max_layers: usize,
    /// Octets of a message as received (P6); checked by [`crate::load`].
    pub max_size: usize,
    /// What becomes of what stands in a cmsSequence.
    pub members: Members,
    /// Whether a PKCS#10 in a SignedData over id-data is a wrapped request (V1);
    /// read by [`crate::load`].
    pub wrapped: bool,
}

/// What becomes of the members of a cmsSequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Members {
    /// An error in one is an error of the message.
    #[default]
    Whole,
    /// An error inside a TaggedContentInfo of sound frame is kept to it (R5).
    Isolated,
    /// The same, and each is listed.
    Listed,
    /// The same, but those of a large cmsSequence are left for later.
    Deferred,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strict: false,
            max_layers: DEFAULT_MESSAGE_LAYERS,
            max_size: DEFAULT_MESSAGE_SIZE,
            members: Members::Whole,
            wrapped: false,
        }
    }
}

/// Validates the whole of `data` as `node`.
pub fn validate(node: &'static Node, data: &[u8], options: Options) -> Result<()> {
    on_enough(|| Walker::new(data, options).root(node))
}

/// Validates an element that `data` consists of and that stands `depth` deep.
pub fn validate_element(node: &'static Node, data: &[u8], tlv: Tlv, depth: usize) -> Result<()> {
    if !node.accepts(tlv.tag()) {
        return Err(Error::new(Reason::BadTag, tlv.start()));
    }
    Walker::new(data, Options::default()).element(node, tlv, depth, &[])
}

/// A walk under way.
#[derive(Debug)]
pub struct Walker<'a> {
    data: &'a [u8],
    options: Options,
    layers: usize,
    /// How many values around this one are read as a type where they fit.
    levels: usize,
    /// With [`Members::Listed`], every message in a cmsSequence, in received order.
    pub members: Vec<Member>,
    /// With [`Members::Deferred`], the cmsSequence of which they were left for later.
    pub deferred: Option<Deferred>,
    /// The members of the message under way.
    ids: MemberIds,
}

/// Octets of a cmsSequence from which its members can be left for later. Search for bad input goes
/// with few octets.
const DEFERRED_FROM: usize = if cfg!(fuzzing) { 64 } else { 16 * 1024 };

/// A cmsSequence of which no walk has met the members.
#[derive(Clone, Debug)]
pub struct Deferred {
    element: &'static Node,
    /// The cmsSequence.
    pub sequence: Tlv,
    /// The SEQUENCE that it is a field of.
    whole: Option<(Tlv, &'static [Field])>,
    layers: usize,
    depth: usize,
}

impl Deferred {
    /// Rule P6, given the members.
    pub fn check_body_parts(&self, data: &[u8], ids: MemberIds) -> Result<()> {
        let Some((whole, fields)) = self.whole else { return Ok(()) };
        p6_body_part_ids(data, whole, fields, Some(ids))
    }
}

/// What a walk met in the cmsSequence of a message: twelve octets, since one of
/// five is a member too (rule P8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where the TaggedContentInfo starts; offsets of elements have 32 bits.
    pub start: u32,
    /// Where it is none, with `error`.
    pub offset: u32,
    /// Why it is none, if the error could be isolated to it (R5).
    pub error: Option<Reason>,
    /// Messages around it.
    pub layer: u8,
}

const _: () = assert!(size_of::<Member>() == 12);

impl Member {
    #[allow(clippy::cast_possible_truncation)] // Offsets have 32 bits, layers are few.
    fn new(layer: usize, tlv: Tlv, error: Option<&Error>) -> Self {
        Self {
            start: tlv.start() as u32,
            offset: error.map_or(0, Error::offset) as u32,
            error: error.map(Error::reason),
            layer: layer as u8,
        }
    }
}

impl<'a> Walker<'a> {
    /// A walk over `data` that has not begun.
    pub fn new(data: &'a [u8], options: Options) -> Self {
        Self {
            data,
            options,
            layers: 1,
            levels: 0,
            members: Vec::new(),
            deferred: None,
            ids: MemberIds::default(),
        }
    }

    /// Whether the element, `depth` deep and inside `levels` others of which
    /// the same is asked, is of this type, legacy forms included.
    pub fn fits(&self, node: &'static Node, tlv: Tlv, depth: usize, levels: usize) -> bool {
        let options = Options { strict: false, members: Members::Whole, ..self.options };
        let (layers, within) = (self.layers, levels + 1);
        let mut inside = Self { layers, levels: within, ..Self::new(self.data, options) };
        levels < MAX_TOLERANT_LEVELS
            && node.accepts(tlv.tag())
            && inside.element(node, tlv, depth, &[]).is_ok()
    }

    /// Reads an element of this type, where it fits, or of any.
    #[cold]
    fn tolerant(&self, node: &'static Node, tlv: Tlv, depth: usize) -> Result<()> {
        match self.fits(node, tlv, depth, self.levels) {
            true => Ok(()),
            false => check_any(self.data, tlv, depth, true),
        }
    }

    /// Reads the whole input as `node`.
    pub fn root(&mut self, node: &'static Node) -> Result<()> {
        self.exactly(node, 0, self.data.len())
    }

    /// Reads the element at `pos` as `node`; returns where it ends.
    pub fn at(&mut self, node: &'static Node, pos: usize, end: usize) -> Result<usize> {
        let tlv = read_tlv(self.data, pos, end)?;
        if !node.accepts(tlv.tag()) {
            return Err(Error::new(Reason::BadTag, tlv.start()));
        }
        self.element(node, tlv, 1, &[])?;
        Ok(tlv.end())
    }

    /// Reads `data[pos..end]` as `node`, nothing left over.
    fn exactly(&mut self, node: &'static Node, pos: usize, end: usize) -> Result<()> {
        let stop = self.at(node, pos, end)?;
        if stop != end {
            return Err(Error::new(Reason::TrailingData, stop));
        }
        Ok(())
    }

    /// Reads the element at `pos`, which is `depth` deep.
    #[inline(always)]
    fn child(&self, pos: usize, end: usize, depth: usize) -> Result<Tlv> {
        if depth > MAX_DEPTH {
            return Err(Error::new(Reason::Depth, pos));
        }
        read_tlv(self.data, pos, end)
    }

    /// Reads an element whose identifier is known to fit `node`. `oid` is the
    /// content of the last OBJECT IDENTIFIER before it in its SEQUENCE.
    fn element(
        &mut self,
        node: &'static Node,
        tlv: Tlv,
        depth: usize,
        oid: &'a [u8],
    ) -> Result<()> {
        match &node.kind {
            Kind::Sequence { at_least_one, body_parts, fields } => {
                let around = self.ids;
                if *body_parts {
                    self.ids = MemberIds::default();
                    self.fields::<true>(fields, tlv, depth)?;
                } else {
                    self.fields::<false>(fields, tlv, depth)?;
                }
                if *at_least_one && tlv.is_empty() {
                    return Err(Error::new(Reason::BadValue, tlv.start()));
                }
                if *body_parts {
                    let members = std::mem::replace(&mut self.ids, around);
                    if !self.defers_ids(tlv, fields) {
                        p6_body_part_ids(self.data, tlv, fields, Some(members))?;
                    }
                }
                if self.options.strict { v1_strict_version(node, self.data, tlv) } else { Ok(()) }
            }
            Kind::Choice { fields } => self.choice(fields, tlv, depth, oid),
            Kind::SequenceOf { element, minimum, maximum, lazy } => {
                if *lazy {
                    self.lazy(element, tlv, depth)
                } else {
                    let bounds = (*minimum, *maximum);
                    self.elements(element, tlv, depth, oid, bounds, None)
                }
            }
            Kind::SetOf { element, minimum, maximum, signed } => {
                let unordered =
                    if *signed { Reason::AttributesUnsorted } else { Reason::NotCanonical };
                let bounds = (*minimum, *maximum);
                self.elements(element, tlv, depth, oid, bounds, (!node.issued).then_some(unordered))
            }
            Kind::Alias(inner) => self.element(inner, tlv, depth, oid),
            Kind::Open(table) => match table.look_up(oid) {
                Some(known) if !known.accepts(tlv.tag()) => {
                    Err(Error::new(Reason::BadTag, tlv.start()))
                }
                Some(known) => self.element(known, tlv, depth, &[]),
                None => check_any(self.data, tlv, depth, !node.issued),
            },
            Kind::Any => check_any(self.data, tlv, depth, !node.issued),
            Kind::Opaque(inner) => self.element(inner, tlv, depth, &[]),
            Kind::Tolerant(published) => self.tolerant(published, tlv, depth),
            Kind::Containing(table) => self.containing(table, tlv, oid),
            kind => primitive::check(kind, self.data, tlv),
        }
    }

    fn fields<const BODY_PARTS: bool>(
        &mut self,
        fields: &'static [Field],
        tlv: Tlv,
        depth: usize,
    ) -> Result<()> {
        let members = self.options.members;
        let mut pos = tlv.content();
        let mut oid: &'a [u8] = &[];
        let mut rest = fields.iter();
        while pos < tlv.end() {
            let Some(mut field) = rest.next() else {
                return Err(Error::new(Reason::TrailingData, pos));
            };
            let element = self
                .child(pos, tlv.end(), depth + 1)
                .map_err(|error| error.within(Segment::Field(field.name)))?;
            while !self.matches(field, element) {
                if field.is_required() {
                    return Err(missing(field, pos));
                }
                field = rest.next().ok_or_else(|| Error::new(Reason::TrailingData, pos))?;
            }
            if BODY_PARTS {
                // Only what stands in cmsSequence is a message of its own.
                let holds_messages = matches!(field.node.kind, Kind::SequenceOf { lazy: true, .. });
                self.options.members = if holds_messages { members } else { Members::Whole };
            }
            self.field(field, element, depth + 1, oid)
                .map_err(|error| error.within(Segment::Field(field.name)))?;
            if matches!(field.node.kind, Kind::ObjectIdentifier) {
                oid = element.value(self.data);
            }
            pos = element.end();
        }
        if BODY_PARTS {
            self.options.members = members;
        }
        match rest.find(|field| field.is_required()) {
            Some(field) => Err(missing(field, pos)),
            None => Ok(()),
        }
    }

    /// Reads a field whose outermost identifier is known to fit.
    #[inline(always)]
    fn field(
        &mut self,
        field: &'static Field,
        tlv: Tlv,
        depth: usize,
        oid: &'a [u8],
    ) -> Result<()> {
        if field.plain {
            return self.value(field.node, tlv, depth, oid);
        }
        if field.explicit {
            return self.explicit(field, tlv, depth, oid);
        }
        self.value(field.node, tlv, depth, oid)?;
        if field.default.is_some_and(|default| default == tlv.octets(self.data))
            && (self.options.strict || field.written.is_none())
        {
            return Err(Error::new(Reason::NotCanonical, tlv.start()));
        }
        Ok(())
    }

    /// Reads a field whose tag stands around the type's own.
    fn explicit(
        &mut self,
        field: &'static Field,
        tlv: Tlv,
        depth: usize,
        oid: &'a [u8],
    ) -> Result<()> {
        let inner = self.child(tlv.content(), tlv.end(), depth + 1)?;
        if !field.node.accepts(inner.tag()) {
            return Err(Error::new(Reason::BadTag, inner.start()));
        }
        self.value(field.node, inner, depth + 1, oid)?;
        if inner.end() != tlv.end() {
            return Err(Error::new(Reason::TrailingData, inner.end()));
        }
        if field.default.is_some_and(|default| default == inner.octets(self.data)) {
            return Err(Error::new(Reason::NotCanonical, tlv.start()));
        }
        Ok(())
    }

    /// [`Self::element`], which primitive values, more than half of all, need
    /// not enter.
    #[inline(always)]
    fn value(&mut self, node: &'static Node, tlv: Tlv, depth: usize, oid: &'a [u8]) -> Result<()> {
        match &node.kind {
            Kind::OctetString => Ok(()),
            Kind::Any if tlv.tag() & 0x20 == 0 => primitive::check_universal(self.data, tlv),
            kind if kind.is_primitive() => primitive::check(kind, self.data, tlv),
            Kind::Sequence { at_least_one: false, body_parts: false, fields }
                if !self.options.strict =>
            {
                self.fields::<false>(fields, tlv, depth)
            }
            _ => self.element(node, tlv, depth, oid),
        }
    }

    #[inline]
    fn matches(&self, field: &Field, tlv: Tlv) -> bool {
        if !field.accepts(tlv.tag()) {
            return false;
        }
        field.plain || field.matches(self.data, tlv) && !(field.legacy && self.options.strict)
    }

    fn choice(
        &mut self,
        fields: &'static [Field],
        tlv: Tlv,
        depth: usize,
        oid: &'a [u8],
    ) -> Result<()> {
        let field = fields.iter().find(|field| self.matches(field, tlv));
        let field = field.ok_or_else(|| Error::new(Reason::BadTag, tlv.start()))?;
        self.field(field, tlv, depth, oid).map_err(|error| error.within(Segment::Field(field.name)))
    }

    #[allow(clippy::too_many_arguments)] // One call site each for SEQUENCE OF and SET OF.
    fn elements(
        &mut self,
        element: &'static Node,
        tlv: Tlv,
        depth: usize,
        oid: &'a [u8],
        (minimum, maximum): (usize, usize),
        unordered: Option<Reason>,
    ) -> Result<()> {
        let mut pos = tlv.content();
        let mut index = 0;
        let mut previous: &[u8] = &[];
        while pos < tlv.end() {
            let within = |error: Error| error.within(Segment::Index(index));
            let inner = self.child(pos, tlv.end(), depth + 1).map_err(within)?;
            if !element.accepts(inner.tag()) {
                return Err(within(Error::new(Reason::BadTag, pos)));
            }
            self.value(element, inner, depth + 1, oid).map_err(within)?;
            if let Some(reason) = unordered {
                let octets = inner.octets(self.data);
                if index > 0 && octets < previous {
                    return Err(within(Error::new(reason, pos)));
                }
                previous = octets;
            }
            pos = inner.end();
            index += 1;
        }
        if index < minimum || index > maximum {
            return Err(Error::new(Reason::BadValue, tlv.start()));
        }
        Ok(())
    }

    /// A SEQUENCE OF TaggedContentInfo, whose elements may be messages.
    #[inline(never)] // Rare, and it would make the frame of every element larger.
    fn lazy(&mut self, element: &'static Node, tlv: Tlv, depth: usize) -> Result<()> {
        if self.options.members == Members::Deferred && tlv.len() >= DEFERRED_FROM {
            let layers = self.layers;
            let deferred = Deferred { element, sequence: tlv, whole: None, layers, depth };
            self.deferred = Some(deferred);
            return Ok(());
        }
        self.members(element, tlv.content(), tlv.end(), 0, depth)
    }

    /// Whether body part ids of this SEQUENCE, read to its end, are to be
    /// checked when its members have been found.
    fn defers_ids(&mut self, whole: Tlv, fields: &'static [Field]) -> bool {
        let Some(Deferred { whole: slot @ None, .. }) = &mut self.deferred else { return false };
        *slot = Some((whole, fields));
        true
    }

    /// Reads members that were left for later: those in `data[pos..end]`, of
    /// which the first is number `index`. The path of an error begins with it.
    pub fn deferred_members(
        &mut self,
        deferred: &Deferred,
        pos: usize,
        end: usize,
        index: usize,
    ) -> Result<()> {
        self.layers = deferred.layers;
        self.members(deferred.element, pos, end, index, deferred.depth)
    }

    /// The members that stand in `data[pos..end]`, the first being `index`. None
    /// is read beyond the first that is too many: the message is refused for
    /// that (rule P6).
    fn members(
        &mut self,
        element: &'static Node,
        mut pos: usize,
        end: usize,
        mut index: usize,
        depth: usize,
    ) -> Result<()> {
        while pos < end {
            let within = |error: Error| error.within(Segment::Index(index));
            let inner = self.child(pos, end, depth + 1).map_err(within)?;
            if !element.accepts(inner.tag()) {
                return Err(within(Error::new(Reason::BadTag, pos)));
            }
            let id = member_id(self.data, inner);
            self.ids.add(id);
            if index == MAX_BODY_PARTS {
                break;
            }
            let (layers, members) = (self.layers, self.options.members);
            let (known, ids) = (self.members.len(), self.ids);
            let listed = matches!(members, Members::Listed | Members::Deferred);
            if listed {
                self.members.push(Member::new(layers, inner, None));
            }
            if let Err(error) = self.element(element, inner, depth + 1, &[]) {
                (self.layers, self.options.members) = (layers, members);
                if members == Members::Whole || id == 0 {
                    return Err(within(error));
                }
                self.members.truncate(known);
                self.ids = ids;
                if listed {
                    self.members.push(Member::new(layers, inner, Some(&error)));
                }
            }
            pos = inner.end();
            index += 1;
        }
        Ok(())
    }

    /// An OCTET STRING that may contain another type.
    #[inline(never)] // As above.
    fn containing(&mut self, table: &'static Table, tlv: Tlv, oid: &[u8]) -> Result<()> {
        table.look_up(oid).map_or(Ok(()), |contained| self.contained(contained, tlv))
    }

    /// Reads what an OCTET STRING contains: one message layer more, where depth
    /// counts from one again (P1, P6).
    #[inline]
    pub fn contained(&mut self, node: &'static Node, tlv: Tlv) -> Result<()> {
        if self.layers > self.options.max_layers {
            return Err(Error::new(Reason::LimitP6, tlv.content()));
        }
        self.layers += 1;
        self.exactly(node, tlv.content(), tlv.end())?;
        self.layers -= 1;
        Ok(())
    }
}

/// A field that is not at `pos` and must be.
#[cold]
fn missing(field: &Field, pos: usize) -> Error {
    Error::new(Reason::BadTag, pos).within(Segment::Field(field.name))
}
