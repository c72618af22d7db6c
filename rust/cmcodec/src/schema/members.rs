//! What becomes of the messages in a cmsSequence: they may be refused one by one (rule R5), listed, or
//! left for later.

use super::body_parts::{MemberIds, p6_body_part_ids};
use super::node::{Field, Node};
use crate::der::Tlv;
use crate::error::{Error, Reason, Result};

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
pub(super) const DEFERRED_FROM: usize = if cfg!(fuzzing) { 64 } else { 16 * 1024 };

/// A cmsSequence of which no walk has met the members.
#[derive(Clone, Debug)]
pub struct Deferred {
    pub(super) element: &'static Node,
    /// The cmsSequence.
    pub sequence: Tlv,
    /// The SEQUENCE that it is a field of.
    pub(super) whole: Option<(Tlv, &'static [Field])>,
    pub(super) layers: usize,
    pub(super) depth: usize,
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
    pub(super) fn new(layer: usize, tlv: Tlv, error: Option<&Error>) -> Self {
        Self {
            start: tlv.start() as u32,
            offset: error.map_or(0, Error::offset) as u32,
            error: error.map(Error::reason),
            layer: layer as u8,
        }
    }
}
