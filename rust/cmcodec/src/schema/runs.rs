//! The members of a large cmsSequence, left for later.

use std::collections::VecDeque;

use super::body_parts::{check_body_parts, member_id};
use super::node::{Field, Node};
use super::walk::Walker;
use crate::der::{Tlv, children};
use crate::error::Result;

/// Octets of a cmsSequence from which its members can be left for later.
pub(super) const DEFERRED_FROM: usize = 64 * 1024;

/// Members of a run: few enough that they are still in the processor's cache
/// when they have been read, and that all threads end together.
const LENGTH: usize = 16;

/// A cmsSequence of which no walk has met the members.
#[derive(Clone, Debug)]
pub struct Deferred {
    element: &'static Node,
    sequence: Tlv,
    /// The SEQUENCE that it is a field of.
    whole: Option<(Tlv, &'static [Field])>,
    layers: usize,
    depth: usize,
}

/// Some members of a cmsSequence, one after the other.
#[derive(Clone, Debug)]
pub struct Run {
    start: usize,
    end: usize,
    /// The index of the first.
    first: usize,
    /// How many there are; of the last run, at least.
    count: usize,
}

impl Run {
    /// The index of the first member.
    pub fn first(&self) -> usize {
        self.first
    }

    /// How many members there are. Where one cannot be told from the next,
    /// those that follow count as one.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// Hands out the members of a [`Deferred`], run by run. To find them is to go
/// from header to header, which waits for memory at each: so it is done while
/// others already verify.
#[derive(Clone, Debug)]
pub struct Splitter {
    pos: usize,
    end: usize,
    /// How many members were found.
    count: usize,
    /// Found, and not handed out.
    ahead: VecDeque<Run>,
    /// Body part ids of the members found; 0 for what is none.
    ids: Vec<u32>,
}

impl Splitter {
    /// The next members; `data` is the message.
    pub fn next(&mut self, data: &[u8]) -> Option<Run> {
        self.ahead.pop_front().or_else(|| self.find(data))
    }

    /// How many members there are in all.
    pub fn total(&mut self, data: &[u8]) -> usize {
        while let Some(run) = self.find(data) {
            self.ahead.push_back(run);
        }
        self.count
    }

    /// How many members were found so far.
    pub fn count(&self) -> usize {
        self.count
    }

    fn find(&mut self, data: &[u8]) -> Option<Run> {
        let (start, first) = (self.pos, self.count);
        if start == self.end {
            return None;
        }
        for member in children(data, start, self.end).take(LENGTH) {
            self.count += 1;
            self.pos = member.as_ref().map_or(self.end, |member| member.end());
            self.ids.push(member.map_or(0, |member| member_id(data, member)));
        }
        Some(Run { start, end: self.pos, first, count: self.count - first })
    }
}

impl Deferred {
    /// Begins with the first member.
    pub fn splitter(&self) -> Splitter {
        Splitter {
            pos: self.sequence.content(),
            end: self.sequence.end(),
            count: 0,
            ahead: VecDeque::new(),
            ids: Vec::new(),
        }
    }

    /// RULES P6, where `splitter` has found everything.
    pub(crate) fn check_body_parts(&self, data: &[u8], splitter: &Splitter) -> Result<()> {
        let Some((whole, fields)) = self.whole else { return Ok(()) };
        check_body_parts(data, whole, fields, Some(&splitter.ids))
    }
}

impl Walker<'_> {
    /// Leaves the members of a cmsSequence for later.
    pub(super) fn defer(&mut self, element: &'static Node, sequence: Tlv, depth: usize) {
        let layers = self.layers;
        self.deferred = Some(Deferred { element, sequence, whole: None, layers, depth });
    }

    /// Whether body part ids of this SEQUENCE, read to its end, are to be
    /// checked when its members have been found.
    pub(super) fn defers_ids(&mut self, whole: Tlv, fields: &'static [Field]) -> bool {
        let Some(Deferred { whole: slot @ None, .. }) = &mut self.deferred else { return false };
        *slot = Some((whole, fields));
        true
    }

    /// Reads the members of a run. The path of an error begins with the index.
    pub fn run(&mut self, deferred: &Deferred, run: &Run) -> Result<()> {
        self.layers = deferred.layers;
        self.members(deferred.element, run.start, run.end, run.first, deferred.depth)
    }
}
