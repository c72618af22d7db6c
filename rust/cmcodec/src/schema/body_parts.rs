//! Body part ids (RFC 10002 §3.2.2, rule P6).

use std::collections::HashSet;

use super::node::{Field, Kind};
use super::primitive;
use crate::der::{Tlv, children, read_tlv};
use crate::error::{Error, Reason, Result, Segment};
use crate::generated::limits::MAX_BODY_PARTS;

/// The value of a canonical INTEGER that may identify a body part: 1 to 2^32-1.
fn body_part_id(content: &[u8]) -> Option<u32> {
    primitive::integer(content).ok()?;
    let value = u32::try_from(primitive::small_integer(content)?).ok()?;
    (value != 0).then_some(value)
}

/// The id in a TaggedContentInfo; 0 if there is none. One that names its id can
/// be refused by itself (R5).
pub fn member_id(data: &[u8], tlv: Tlv) -> u32 {
    let id = read_tlv(data, tlv.content(), tlv.end()).ok().filter(|id| id.tag() == 0x02);
    id.and_then(|id| body_part_id(id.value(data))).unwrap_or_default()
}

/// The ids of the members of a cmsSequence, as far as they have been found: their
/// number, and whether they ascend, for which none needs to be kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberIds {
    count: u32,
    first: u32,
    last: u32,
    /// Whether one is not above the one before; an id of 0 is none.
    descend: bool,
}

impl MemberIds {
    /// Adds the next one; 0 for what is none.
    #[inline]
    pub fn add(&mut self, id: u32) {
        if self.count == 0 {
            self.first = id;
        }
        self.descend |= id <= self.last;
        self.last = id;
        self.count += 1;
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count as usize
    }
}

/// Where the id of a body part stands: it is the first INTEGER met on the way
/// down through first children, bodyPartID, or certReq.certReqId of a crm.
fn id_of(data: &[u8], element: Tlv) -> Result<Tlv> {
    let mut id = element;
    while id.tag() != 0x02 {
        id = read_tlv(data, id.content(), id.end())?;
    }
    Ok(id)
}

/// Rule P6, R-055 to R-057: ids from 1 to 2^32-1, unique over all sequences.
///
/// `tlv` is a SEQUENCE of this type and good in every other respect, as far as
/// the last of its `members` that was found, where those are known.
#[inline(never)]
pub fn p6_body_part_ids(
    data: &[u8],
    tlv: Tlv,
    fields: &'static [Field],
    members: Option<MemberIds>,
) -> Result<()> {
    if are_ascending(data, tlv, fields, members) {
        return Ok(());
    }
    let room = members.map_or(0, |members| members.count().min(MAX_BODY_PARTS));
    let mut seen = Seen { room, ..Seen::default() };
    let mut count = 0;
    for (field, sequence) in fields.iter().zip(children(data, tlv.content(), tlv.end())) {
        let sequence = sequence?;
        for (index, element) in children(data, sequence.content(), sequence.end()).enumerate() {
            let element = element?;
            let id = match id_of(data, element) {
                // One too many was not read before.
                Err(_) if count == MAX_BODY_PARTS => element,
                found => found?,
            };
            let refused = match body_part_id(id.value(data)) {
                Some(value) if count < MAX_BODY_PARTS => {
                    count += 1;
                    if seen.insert(value) {
                        continue;
                    }
                    Reason::DuplicateBodyPartId
                }
                _ => Reason::LimitP6,
            };
            return Err(Error::new(refused, id.start())
                .within(Segment::Index(index))
                .within(Segment::Field(field.name)));
        }
    }
    Ok(())
}

/// Whether the ids of all sequences ascend from 1 on, as those of nearly every
/// message do: then they are unique, and none needs to be kept.
#[inline(always)] // One caller.
fn are_ascending(
    data: &[u8],
    tlv: Tlv,
    fields: &'static [Field],
    members: Option<MemberIds>,
) -> bool {
    let (mut last, mut count) = (0, 0);
    fields.iter().zip(children(data, tlv.content(), tlv.end()).flatten()).all(
        |(field, sequence)| match members {
            Some(members) if matches!(field.node.kind, Kind::SequenceOf { lazy: true, .. }) => {
                count += members.count();
                let follow = !members.descend && members.first > last;
                last = last.max(members.last);
                follow || members.count == 0
            }
            _ => children(data, sequence.content(), sequence.end()).flatten().all(|element| {
                count += 1;
                let id = id_of(data, element).ok().and_then(|id| body_part_id(id.value(data)));
                id.is_some_and(|id| std::mem::replace(&mut last, id) < id)
            }),
        },
    ) && count <= MAX_BODY_PARTS
}

/// A set of ids: without allocation while they are few, as in nearly every
/// message, then hashed with a random key, so that no choice of ids is slow.
#[derive(Default)]
struct Seen {
    few: [u32; 16],
    len: usize,
    many: HashSet<u32>,
    /// How many to make room for at once: while a table grows there are two.
    room: usize,
}

impl Seen {
    /// Adds an id; false if it was there.
    fn insert(&mut self, id: u32) -> bool {
        let new = if let Some(slot) = self.few.get(self.len) {
            debug_assert_eq!(*slot, 0);
            !self.few.iter().take(self.len).any(|known| *known == id)
        } else {
            if self.many.is_empty() {
                self.many.reserve(self.room);
                self.many.extend(self.few);
            }
            self.many.insert(id)
        };
        if let Some(slot) = self.few.get_mut(self.len) {
            *slot = id;
        }
        self.len += 1;
        new
    }
}
