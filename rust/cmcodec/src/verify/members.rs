//! The members of a large cmsSequence that were left for later.

use std::collections::VecDeque;

use crate::der::children;
use crate::error::Result;
use crate::load::Loaded;
use crate::schema::body_parts::member_id;
use crate::schema::walk::{Deferred, Member};

/// Members of a group: few enough that they are still in the processor's cache
/// when they have been read, and that all threads end together.
const LENGTH: usize = 16;

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
    pos: usize,
    end: usize,
    /// How many members were found.
    count: usize,
    /// Found, and not handed out.
    ahead: VecDeque<Group>,
    /// Body part ids of the members found; 0 for what is none.
    ids: Vec<u32>,
}

impl Groups {
    /// Begins with the first member.
    pub fn new(deferred: &Deferred) -> Self {
        Self {
            pos: deferred.sequence.content(),
            end: deferred.sequence.end(),
            count: 0,
            ahead: VecDeque::new(),
            ids: Vec::new(),
        }
    }

    /// The next members; `data` is the message.
    pub fn next(&mut self, data: &[u8]) -> Option<Group> {
        self.ahead.pop_front().or_else(|| self.find(data))
    }

    /// How many members there are in all.
    pub fn total(&mut self, data: &[u8]) -> usize {
        while let Some(group) = self.find(data) {
            self.ahead.push_back(group);
        }
        self.count
    }

    /// How many members were found so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Checks body part ids, where all members have been found (rule P6).
    ///
    /// # Errors
    /// The message is none, as for [`Group::members`].
    pub fn check_body_parts(&self, loaded: &Loaded<'_>) -> Result<()> {
        let deferred = loaded.deferred.as_ref();
        deferred.map_or(Ok(()), |deferred| deferred.check_body_parts(&loaded.der, &self.ids))
    }

    fn find(&mut self, data: &[u8]) -> Option<Group> {
        let (start, first) = (self.pos, self.count);
        if start == self.end {
            return None;
        }
        for member in children(data, start, self.end).take(LENGTH) {
            self.count += 1;
            self.pos = member.as_ref().map_or(self.end, |member| member.end());
            self.ids.push(member.map_or(0, |member| member_id(data, member)));
        }
        Some(Group { start, end: self.pos, first, count: self.count - first })
    }
}
