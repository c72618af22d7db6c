//! One large message, read by several threads.

use super::node::Node;
use super::sink::{Null, Sink};
use super::walk::{Member, Options, Walker};
use crate::der::{Tlv, children};
use crate::error::Result;
use crate::pool;

/// Octets of a cmsSequence from which sharing it out saves more time than the
/// threads cost.
pub(super) const SHARED_FROM: usize = 256 * 1024;

/// Members that one thread takes at a time.
const RUN: usize = 64;

impl<S: Sink> Walker<'_, S> {
    /// The members of a large cmsSequence, shared out among threads in runs.
    /// The first error in received order is the error, as without threads.
    pub(super) fn share(&mut self, element: &'static Node, tlv: Tlv, depth: usize) -> Result<()> {
        let (data, layers) = (self.data, self.layers);
        let options = Options { threads: 1, ..self.options };
        let mut runs: Vec<Run> = Vec::new();
        let mut rest = children(data, tlv.content(), tlv.end()).enumerate().step_by(RUN).peekable();
        let mut start = tlv.content();
        let mut first = 0;
        while let Some((index, Ok(member))) = rest.next_if(|(_, member)| member.is_ok()) {
            if index > 0 {
                runs.push(Run::new(start, member.start(), first));
            }
            (start, first) = (member.start(), index);
        }
        // What cannot be told apart is left to the last run, which finds the reason.
        runs.push(Run::new(start, tlv.end(), first));
        let walk = |(): &mut (), run: &mut Run| {
            let mut sink = Null;
            let mut walker = Walker::new(data, options, &mut sink);
            walker.layers = layers;
            run.result = walker.members(element, run.start, run.end, run.first, depth);
            run.members = walker.members;
        };
        // Nothing is reported, so nothing cancels.
        let _ = pool::for_each(&mut runs, self.options.threads, || (), walk, &|_| true);
        for run in runs {
            run.result?;
            self.members.extend(run.members);
        }
        Ok(())
    }
}

/// Members of a cmsSequence that one thread reads.
struct Run {
    start: usize,
    end: usize,
    /// The index of the first.
    first: usize,
    result: Result<()>,
    members: Vec<Member>,
}

impl Run {
    fn new(start: usize, end: usize, first: usize) -> Self {
        Self { start, end, first, result: Ok(()), members: Vec::new() }
    }
}
