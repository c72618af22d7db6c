//! The one pass over untrusted octets.
//!
//! It checks that the input is the DER encoding of a type, within the bounds
//! of [`crate::generated::limits`], before anything is made of it (rules P1 to P6). The
//! order of its checks is part of the contract with the fallback backend: both
//! name the same reason, offset and path.

use std::slice::Iter;

use super::any::check_any;
use super::body_parts::{MemberIds, member_id, p6_body_part_ids};
use super::members::{DEFERRED_FROM, Deferred, Member, Members};
use super::node::{Field, Kind, Node, Table};
use super::primitive;
use super::versions::v1_strict_version;
use crate::der::{Tlv, read_tlv, refusal, split_first};
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
    let mut walker = Walker::new(data, Options::default());
    walker.place.depth = depth;
    walker.element(node, tlv)
}

/// A walk under way.
#[derive(Debug)]
pub struct Walker<'a> {
    data: &'a [u8],
    options: Options,
    place: Place<'a>,
    /// How many values around this one are read as a type where they fit.
    levels: usize,
    /// With [`Members::Listed`], every message in a cmsSequence, in received order.
    pub members: Vec<Member>,
    /// With [`Members::Deferred`], the cmsSequence of which they were left for later.
    pub deferred: Option<Deferred>,
    /// The members of the message under way.
    ids: MemberIds,
}

/// Where a walk is. An error leaves it where it was found.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    /// Messages around the element under way, its own included.
    layers: usize,
    /// Elements around it in that message, itself included.
    depth: usize,
    /// The last OBJECT IDENTIFIER that was a field of a SEQUENCE: the one before the element in its own,
    /// where one is asked for (`tests/walk.rs`).
    oid: &'a [u8],
}

impl<'a> Walker<'a> {
    /// A walk over `data` that has not begun.
    pub fn new(data: &'a [u8], options: Options) -> Self {
        Self {
            data,
            options,
            place: Place { layers: 1, depth: 1, oid: &[] },
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
        let place = Place { layers: self.place.layers, depth, oid: &[] };
        let mut inside = Self { place, levels: levels + 1, ..Self::new(self.data, options) };
        levels < MAX_TOLERANT_LEVELS && node.accepts(tlv.tag()) && inside.element(node, tlv).is_ok()
    }

    /// Reads an element of this type, where it fits, or of any.
    #[cold]
    fn tolerant(&self, node: &'static Node, tlv: Tlv) -> Result<()> {
        let depth = self.place.depth;
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
        self.element(node, tlv)?;
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

    /// Reads an element whose identifier is known to fit `node`.
    fn element(&mut self, node: &'static Node, tlv: Tlv) -> Result<()> {
        self.value(node, tlv.octets(self.data), tlv.value(self.data))
    }

    /// The offset of `octets` of the input.
    fn offset(&self, octets: &[u8]) -> usize {
        octets.as_ptr().addr().saturating_sub(self.data.as_ptr().addr())
    }

    /// The element that consists of these `octets` of the input.
    fn tlv(&self, octets: &[u8], content: &[u8]) -> Tlv {
        let start = self.offset(octets);
        let end = start + octets.len();
        Tlv::within(tag(octets), start, end - content.len(), end)
    }

    /// A refusal of what begins with `octets` of the input.
    #[cold]
    fn refuse(&self, reason: Reason, octets: &[u8]) -> Error {
        Error::new(reason, self.offset(octets))
    }

    /// Why no element begins these `octets` of the input.
    #[cold]
    fn no_element(&self, octets: &[u8]) -> Error {
        let start = self.offset(octets);
        refusal(self.data, start, start + octets.len())
    }

    /// Splits the first element off `rest`, octets of the input: its content, and what follows it.
    #[inline(always)]
    fn split(&self, rest: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
        split_first(rest).ok_or_else(|| self.no_element(rest))
    }

    /// Reads an element whose identifier is known to fit `node`. Every way from here is a call at
    /// the end, so that this is no more than a jump.
    #[inline(never)]
    fn value(&mut self, node: &'static Node, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        match &node.kind {
            Kind::Sequence { at_least_one: false, body_parts: false, fields }
                if !self.options.strict =>
            {
                self.fields(fields, content)
            }
            Kind::SetOf { .. } if !node.issued => self.elements::<true>(node, octets, content),
            Kind::SetOf { .. } | Kind::SequenceOf { lazy: false, .. } => {
                self.elements::<false>(node, octets, content)
            }
            Kind::Choice { .. } => self.choice(node, octets, content),
            Kind::Alias(inner) => self.value(inner, octets, content),
            Kind::Open(_) => self.open(node, octets, content),
            Kind::Any => self.any(node, octets, content),
            kind if kind.is_primitive() => self.primitive(kind, octets, content),
            _ => self.other(node, octets, content),
        }
    }

    /// [`Self::value`] of the type that the OBJECT IDENTIFIER before it stands for.
    #[inline(never)]
    fn open(&mut self, node: &'static Node, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        let known = match &node.kind {
            Kind::Open(table) => table.look_up(self.place.oid),
            _ => None,
        };
        match known {
            Some(known) if !known.accepts(tag(octets)) => Err(self.refuse(Reason::BadTag, octets)),
            Some(known) => self.apart(known, octets, content),
            None => self.any(node, octets, content),
        }
    }

    /// [`Self::value`] of a primitive kind.
    #[inline(never)]
    fn primitive(&self, kind: &Kind, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        primitive::check(kind, content).map_err(|reason| self.refuse(reason, octets))
    }

    /// [`Self::value`] of kinds that are not met often.
    #[inline(never)]
    fn other(&mut self, node: &'static Node, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        match &node.kind {
            Kind::Sequence { at_least_one, body_parts, fields } => {
                if *body_parts {
                    self.body_parts(fields, octets, content)?;
                } else {
                    self.fields(fields, content)?;
                }
                if *at_least_one && content.is_empty() {
                    return Err(self.refuse(Reason::BadValue, octets));
                }
                match self.options.strict {
                    true => v1_strict_version(node, self.data, self.tlv(octets, content)),
                    false => Ok(()),
                }
            }
            Kind::SequenceOf { element, .. } => self.lazy(element, self.tlv(octets, content)),
            Kind::Opaque(inner) => self.apart(inner, octets, content),
            Kind::Tolerant(published) => self.tolerant(published, self.tlv(octets, content)),
            Kind::Containing(table) => self.containing(table, octets, content),
            _ => self.any(node, octets, content),
        }
    }

    /// [`Self::value`] to which no OBJECT IDENTIFIER before it matters.
    fn apart(&mut self, node: &'static Node, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        let around = std::mem::take(&mut self.place.oid);
        self.value(node, octets, content)?;
        self.place.oid = around;
        Ok(())
    }

    /// An element of any type.
    #[inline(never)]
    fn any(&self, node: &'static Node, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        if tag(octets) & 0x20 == 0 {
            return primitive::check_universal(tag(octets), content)
                .map_err(|reason| self.refuse(reason, octets));
        }
        check_any(self.data, self.tlv(octets, content), self.place.depth, !node.issued)
    }

    /// What stands in a SEQUENCE of these fields.
    ///
    /// What is expected is read here, and all else elsewhere: so few words outlast the calls that
    /// the processor has registers for them.
    #[inline(never)]
    fn fields(&mut self, fields: &'static [Field], content: &'a [u8]) -> Result<()> {
        self.enter(fields, content)?;
        let mut rest = content;
        let mut left = fields.iter();
        while let Some(tag) = rest.first() {
            let Some((content, after)) = split_first(rest) else {
                return Err(self.no_field(&left, rest));
            };
            let expected = loop {
                match left.as_slice().first() {
                    Some(field) if field.accepts(*tag) => break field.plain.then_some(field),
                    Some(field) if !field.is_required() => drop(left.next()),
                    _ => break None,
                }
            };
            let Some(field) = expected else {
                (left, rest) = self.sought::<false>(left, rest)?;
                continue;
            };
            left.next();
            let octets = before(rest, after);
            rest = after;
            let read = match field.node.kind {
                Kind::OctetString => continue,
                Kind::ObjectIdentifier => {
                    self.place.oid = content;
                    match primitive::object_identifier(content) {
                        Ok(()) => continue,
                        Err(reason) => Err(self.refuse(reason, octets)),
                    }
                }
                _ => self.value(field.node, octets, content),
            };
            read.map_err(|error| error.within(Segment::Field(field.name)))?;
        }
        self.complete(&left, rest)
    }

    /// The same of a SEQUENCE whose elements have body part ids.
    #[inline(never)] // Rare, and it would make the frame of every element larger.
    fn body_parts(
        &mut self,
        fields: &'static [Field],
        octets: &'a [u8],
        content: &'a [u8],
    ) -> Result<()> {
        let around = (std::mem::take(&mut self.ids), self.options.members);
        self.enter(fields, content)?;
        let mut rest = content;
        let mut left = fields.iter();
        while !rest.is_empty() {
            self.options.members = around.1;
            (left, rest) = self.sought::<true>(left, rest)?;
        }
        self.complete(&left, rest)?;
        let members = std::mem::replace(&mut self.ids, around.0);
        self.options.members = around.1;
        let whole = self.tlv(octets, content);
        if self.defers_ids(whole, fields) {
            return Ok(());
        }
        p6_body_part_ids(self.data, whole, fields, Some(members))
    }

    /// Goes one deeper, to what stands in a SEQUENCE of these fields.
    #[inline(always)]
    fn enter(&mut self, fields: &'static [Field], content: &[u8]) -> Result<()> {
        if self.place.depth >= MAX_DEPTH {
            let first = fields.first().map_or("", |field| field.name);
            self.no_deeper(content).map_err(|error| error.within(Segment::Field(first)))?;
        }
        self.place.depth += 1;
        Ok(())
    }

    /// Refuses what is too deep, if there is anything.
    #[cold]
    fn no_deeper(&self, content: &[u8]) -> Result<()> {
        if content.is_empty() { Ok(()) } else { Err(self.refuse(Reason::Depth, content)) }
    }

    /// Why no field that is `left` begins `rest`.
    #[cold]
    fn no_field(&self, left: &Iter<'static, Field>, rest: &[u8]) -> Error {
        match left.as_slice().first() {
            Some(field) => self.no_element(rest).within(Segment::Field(field.name)),
            None => self.refuse(Reason::TrailingData, rest),
        }
    }

    /// Ends a SEQUENCE before `rest`, of which these fields are left.
    #[inline(always)]
    fn complete(&mut self, left: &Iter<'static, Field>, rest: &[u8]) -> Result<()> {
        self.place.depth -= 1;
        match left.clone().find(|field| field.is_required()) {
            Some(field) => Err(self.missing(field, rest)),
            None => Ok(()),
        }
    }

    /// Reads the first element of `rest` as the first of the fields `left` that it fits; returns
    /// which are left then, and what follows.
    #[inline(never)]
    fn sought<const BODY_PARTS: bool>(
        &mut self,
        mut left: Iter<'static, Field>,
        rest: &'a [u8],
    ) -> Result<(Iter<'static, Field>, &'a [u8])> {
        let trailing = |walker: &Self| walker.refuse(Reason::TrailingData, rest);
        let (content, after) = split_first(rest).ok_or_else(|| self.no_field(&left, rest))?;
        let octets = before(rest, after);
        let mut field = left.next().ok_or_else(|| trailing(self))?;
        while !self.matches(field, octets, content) {
            if field.is_required() {
                return Err(self.missing(field, rest));
            }
            field = left.next().ok_or_else(|| trailing(self))?;
        }
        if BODY_PARTS && !matches!(field.node.kind, Kind::SequenceOf { lazy: true, .. }) {
            // Only what stands in cmsSequence is a message of its own.
            self.options.members = Members::Whole;
        }
        self.field(field, octets, content)
            .map_err(|error| error.within(Segment::Field(field.name)))?;
        let names = matches!(field.node.kind, Kind::ObjectIdentifier);
        self.place.oid = if names { content } else { self.place.oid };
        Ok((left, after))
    }

    /// Reads a field whose outermost identifier is known to fit.
    #[inline(always)]
    fn field(&mut self, field: &'static Field, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        match field.plain {
            true => self.value(field.node, octets, content),
            false => self.intricate(field, octets, content),
        }
    }

    /// [`Self::field`], where more than its type is to be looked at.
    #[inline(never)]
    fn intricate(
        &mut self,
        field: &'static Field,
        octets: &'a [u8],
        content: &'a [u8],
    ) -> Result<()> {
        if field.explicit {
            return self.explicit(field, octets, content);
        }
        self.value(field.node, octets, content)?;
        if field.default == Some(octets) && (self.options.strict || field.written.is_none()) {
            return Err(self.refuse(Reason::NotCanonical, octets));
        }
        Ok(())
    }

    /// Reads a field whose tag stands around the type's own.
    fn explicit(
        &mut self,
        field: &'static Field,
        octets: &'a [u8],
        content: &'a [u8],
    ) -> Result<()> {
        if self.place.depth >= MAX_DEPTH {
            return Err(self.refuse(Reason::Depth, content));
        }
        self.place.depth += 1;
        let (value, after) = self.split(content)?;
        let inner = before(content, after);
        if !field.node.accepts(tag(inner)) {
            return Err(self.refuse(Reason::BadTag, inner));
        }
        self.value(field.node, inner, value)?;
        if !after.is_empty() {
            return Err(self.refuse(Reason::TrailingData, after));
        }
        if field.default == Some(inner) {
            return Err(self.refuse(Reason::NotCanonical, octets));
        }
        self.place.depth -= 1;
        Ok(())
    }

    #[inline(always)]
    fn matches(&self, field: &Field, octets: &[u8], content: &[u8]) -> bool {
        field.accepts(tag(octets)) && (field.plain || self.begins(field, octets, content))
    }

    /// Whether a field of this tag is told from others by what stands inside.
    #[inline(never)]
    fn begins(&self, field: &Field, octets: &[u8], content: &[u8]) -> bool {
        field.matches(self.data, self.tlv(octets, content))
            && !(field.legacy && self.options.strict)
    }

    #[inline(never)]
    fn choice(&mut self, node: &'static Node, octets: &'a [u8], content: &'a [u8]) -> Result<()> {
        let fields = match &node.kind {
            Kind::Choice { fields } => *fields,
            _ => &[], // Never.
        };
        let field = fields.iter().find(|field| self.matches(field, octets, content));
        let field = field.ok_or_else(|| self.refuse(Reason::BadTag, octets))?;
        self.field(field, octets, content).map_err(|error| error.within(Segment::Field(field.name)))
    }

    /// What stands in a SEQUENCE OF or SET OF; in order, if it is to be `SORTED`.
    #[inline(never)]
    fn elements<const SORTED: bool>(
        &mut self,
        node: &'static Node,
        octets: &'a [u8],
        content: &'a [u8],
    ) -> Result<()> {
        let (Kind::SequenceOf { element, minimum, maximum, .. }
        | Kind::SetOf { element, minimum, maximum, .. }) = &node.kind
        else {
            return Err(self.refuse(Reason::BadTag, octets)); // Never.
        };
        if self.place.depth >= MAX_DEPTH {
            self.no_deeper(content).map_err(|error| error.within(Segment::Index(0)))?;
        }
        self.place.depth += 1;
        let mut rest = content;
        let mut index = 0;
        let mut previous: &[u8] = &[];
        while let Some(tag) = rest.first() {
            let within = |error: Error| error.within(Segment::Index(index));
            let (content, after) = self.split(rest).map_err(within)?;
            if !element.accepts(*tag) {
                return Err(within(self.refuse(Reason::BadTag, rest)));
            }
            let octets = before(rest, after);
            self.value(element, octets, content).map_err(within)?;
            if SORTED {
                if index > 0 && octets < previous {
                    return Err(within(self.refuse(unordered(node), octets)));
                }
                previous = octets;
            }
            rest = after;
            index += 1;
        }
        self.place.depth -= 1;
        if index < *minimum || index > *maximum {
            return Err(self.refuse(Reason::BadValue, octets));
        }
        Ok(())
    }

    /// A SEQUENCE OF TaggedContentInfo, whose elements may be messages.
    #[inline(never)] // Rare, and it would make the frame of every element larger.
    fn lazy(&mut self, element: &'static Node, tlv: Tlv) -> Result<()> {
        let Place { layers, depth, .. } = self.place;
        if self.options.members == Members::Deferred && tlv.len() >= DEFERRED_FROM {
            let deferred = Deferred { element, sequence: tlv, whole: None, layers, depth };
            self.deferred = Some(deferred);
            return Ok(());
        }
        self.members(element, tlv.content(), tlv.end(), 0)
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
        let Deferred { element, layers, depth, .. } = *deferred;
        self.place = Place { layers, depth, oid: &[] };
        self.members(element, pos, end, index)
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
    ) -> Result<()> {
        let around = self.place;
        let place = Place { depth: around.depth + 1, oid: &[], ..around };
        while pos < end {
            let within = |error: Error| error.within(Segment::Index(index));
            if place.depth > MAX_DEPTH {
                return Err(within(Error::new(Reason::Depth, pos)));
            }
            let inner = read_tlv(self.data, pos, end).map_err(within)?;
            if !element.accepts(inner.tag()) {
                return Err(within(Error::new(Reason::BadTag, pos)));
            }
            let id = member_id(self.data, inner);
            self.ids.add(id);
            if index == MAX_BODY_PARTS {
                break;
            }
            let members = self.options.members;
            let (known, ids) = (self.members.len(), self.ids);
            let listed = matches!(members, Members::Listed | Members::Deferred);
            if listed {
                self.members.push(Member::new(place.layers, inner, None));
            }
            self.place = place;
            if let Err(error) = self.element(element, inner) {
                self.options.members = members;
                if members == Members::Whole || id == 0 {
                    return Err(within(error));
                }
                self.members.truncate(known);
                self.ids = ids;
                if listed {
                    self.members.push(Member::new(place.layers, inner, Some(&error)));
                }
            }
            pos = inner.end();
            index += 1;
        }
        self.place = around;
        Ok(())
    }

    /// An OCTET STRING that may contain another type.
    #[inline(never)] // As above.
    fn containing(
        &mut self,
        table: &'static Table,
        octets: &'a [u8],
        content: &'a [u8],
    ) -> Result<()> {
        let contained = table.look_up(self.place.oid);
        contained.map_or(Ok(()), |contained| self.contained(contained, self.tlv(octets, content)))
    }

    /// Reads what an OCTET STRING contains: one message layer more, where depth
    /// counts from one again (P1, P6).
    #[inline]
    pub fn contained(&mut self, node: &'static Node, tlv: Tlv) -> Result<()> {
        let around = self.place;
        if around.layers > self.options.max_layers {
            return Err(Error::new(Reason::LimitP6, tlv.content()));
        }
        self.place = Place { layers: around.layers + 1, depth: 1, oid: &[] };
        self.exactly(node, tlv.content(), tlv.end())?;
        self.place = around;
        Ok(())
    }

    /// A field that is not where `octets` begin and must be.
    #[cold]
    fn missing(&self, field: &Field, octets: &[u8]) -> Error {
        self.refuse(Reason::BadTag, octets).within(Segment::Field(field.name))
    }
}

/// The octets of `octets` up to `rest`, with which they end.
#[inline(always)]
fn before<'a>(octets: &'a [u8], rest: &[u8]) -> &'a [u8] {
    octets.get(..octets.len() - rest.len()).unwrap_or_default()
}

/// The first identifier octet of an element.
#[inline(always)]
fn tag(octets: &[u8]) -> u8 {
    octets.first().copied().unwrap_or_default()
}

/// Why a SET OF of this type is refused whose elements are not in order.
#[cold]
fn unordered(node: &Node) -> Reason {
    match node.kind {
        Kind::SetOf { signed: true, .. } => Reason::AttributesUnsorted,
        _ => Reason::NotCanonical,
    }
}
