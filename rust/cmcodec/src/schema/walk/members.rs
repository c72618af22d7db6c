//! What stands in a cmsSequence: messages, which may be refused one by one (rule R5), listed, or left
//! for later.

use super::{Place, Walker};
use crate::der::{Tlv, read_tlv};
use crate::error::{Error, Reason, Result, Segment};
use crate::generated::limits::{MAX_BODY_PARTS, MAX_DEPTH};
use crate::schema::body_parts::{MemberIds, member_id, p6_body_part_ids};
use crate::schema::node::{Field, Node};

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

impl Walker<'_> {
    /// A SEQUENCE OF TaggedContentInfo, whose elements may be messages.
    #[inline(never)] // Rare, and it would make the frame of every element larger.
    pub(super) fn lazy(&mut self, element: &'static Node, tlv: Tlv) -> Result<()> {
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
    pub(super) fn defers_ids(&mut self, whole: Tlv, fields: &'static [Field]) -> bool {
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
}
