//! The members of a large cmsSequence, left for later.

use super::body_parts::member_id;
use super::node::Node;
use super::walk::Walker;
use crate::der::{Tlv, children};
use crate::error::Result;

/// Octets of a cmsSequence from which its members can be left for later.
pub(super) const DEFERRED_FROM: usize = 64 * 1024;

/// Members of a run: few enough that they are still in the processor's cache
/// when they have been read, and that all threads end together.
const LENGTH: usize = 16;

/// Some members of a cmsSequence, one after the other, that no walk has met.
#[derive(Clone, Debug)]
pub struct Run {
    element: &'static Node,
    start: usize,
    end: usize,
    /// The index of the first.
    first: usize,
    /// How many there are; of the last run, at least.
    count: usize,
    layers: usize,
    depth: usize,
}

impl Run {
    /// How many members there are. Where one cannot be told from the next,
    /// those that follow count as one.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl Walker<'_> {
    /// Leaves the members of a cmsSequence for later.
    pub(super) fn defer(&mut self, element: &'static Node, tlv: Tlv, depth: usize) {
        let mut run = Run {
            element,
            start: tlv.content(),
            end: tlv.end(),
            first: 0,
            count: 0,
            layers: self.layers,
            depth,
        };
        for member in children(self.data, tlv.content(), tlv.end()) {
            if let (Ok(member), LENGTH) = (&member, run.count) {
                self.runs.push(Run { end: member.start(), ..run.clone() });
                run.start = member.start();
                run.first += LENGTH;
                run.count = 0;
            }
            run.count += 1;
            self.ids.push(member.map_or(0, |member| member_id(self.data, member)));
        }
        self.runs.push(run);
    }

    /// Reads the members of a run. The path of an error begins with the index.
    pub fn run(&mut self, run: &Run) -> Result<()> {
        self.layers = run.layers;
        self.members(run.element, run.start, run.end, run.first, run.depth)
    }
}
