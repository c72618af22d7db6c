//! The members of a large cmsSequence that were left for later.

use std::collections::VecDeque;

use crate::der::children;
use crate::error::Result;
use crate::generated::limits::MAX_BODY_PARTS;
use crate::load::Loaded;
use crate::schema::body_parts::{MemberIds, member_id};
use crate::schema::members::{Deferred, Member};

/// Members of a group, at least: few enough that they are still in the processor's
/// cache when they have been read, and that all threads end together.
const LENGTH: usize = if cfg!(fuzzing) { 2 } else { 16 };

/// The same where lanes look at their signatures: so many that registers are full.
const LENGTH_FOR_LANES: usize = if cfg!(fuzzing) { 8 } else { 128 };

/// Octets of a group, at least: to hand it out costs no more than to read it.
const OCTETS: usize = if cfg!(fuzzing) { 16 } else { 8 * 1024 };

/// Some members of a cmsSequence, one after the other.
#[derive(Clone, Debug)]
pub struct Group {
    start: usize,
    end: usize,
    /// The index of the first.
    first: usize,
    /// How many there are; of the last group, at least.
    count: usize,
}

impl Group {
    /// The index of the first member.
    pub fn first(&self) -> usize {
        self.first
    }

    /// How many members there are. Where one cannot be told from the next,
    /// those that follow count as one.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Validates the members, and lists them and what is nested in them.
    ///
    /// # Errors
    /// The message is none: loading it as a whole says why.
    pub fn members(&self, loaded: &Loaded<'_>) -> Result<Vec<Member>> {
        let Some(deferred) = &loaded.deferred else { return Ok(Vec::new()) };
        let mut walker = loaded.walker();
        walker.deferred_members(deferred, self.start, self.end, self.first)?;
        Ok(walker.members)
    }
}

/// Hands out the members of a [`Deferred`], group by group. To find them is to
/// go from header to header, which waits for memory at each: so it is done
/// while others already verify.
#[derive(Clone, Debug)]
pub struct Groups {
    /// Members of a group, at least.
    length: usize,
    pos: usize,
    end: usize,
    /// Found, and not handed out.
    ahead: VecDeque<Group>,
    /// Of the members found.
    ids: MemberIds,
}

impl Groups {
    /// Begins with the first member. `lanes`: whether these look at signatures.
    pub fn new(deferred: &Deferred, lanes: bool) -> Self {
        Self {
            length: if lanes { LENGTH_FOR_LANES } else { LENGTH },
            pos: deferred.sequence.content(),
            end: deferred.sequence.end(),
            ahead: VecDeque::new(),
            ids: MemberIds::default(),
        }
    }

    /// The next members; `data` is the message.
    pub fn next(&mut self, data: &[u8]) -> Option<Group> {
        self.ahead.pop_front().or_else(|| self.find(data))
    }

    /// How many groups there can be at most, beside one.
    pub fn more(&self) -> usize {
        (self.end - self.pos) / OCTETS
    }

    /// How many members there are in all.
    pub fn total(&mut self, data: &[u8]) -> usize {
        while let Some(group) = self.find(data) {
            self.ahead.push_back(group);
        }
        self.ids.count()
    }

    /// Checks body part ids, where all members have been found (rule P6).
    ///
    /// # Errors
    /// The message is none, as for [`Group::members`].
    pub fn check_body_parts(&self, loaded: &Loaded<'_>) -> Result<()> {
        let deferred = loaded.deferred.as_ref();
        deferred.map_or(Ok(()), |deferred| deferred.check_body_parts(&loaded.der, self.ids))
    }

    fn find(&mut self, data: &[u8]) -> Option<Group> {
        let (start, first) = (self.pos, self.ids.count());
        // The message is refused for the first that is too many (rule P6).
        if start == self.end || first > MAX_BODY_PARTS {
            return None;
        }
        let mut count = 0;
        for member in children(data, start, self.end) {
            count += 1;
            self.pos = member.as_ref().map_or(self.end, |member| member.end());
            self.ids.add(member.map_or(0, |member| member_id(data, member)));
            if count >= self.length && self.pos - start >= OCTETS {
                break;
            }
        }
        Some(Group { start, end: self.pos, first, count })
    }
}
