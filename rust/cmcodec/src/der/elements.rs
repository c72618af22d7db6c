//! Elements in a row, of octets that were validated or may be anything.

use super::header::{Tlv, read_tlv};

/// What stands inside one element, in order: the fields of a SEQUENCE, or the
/// elements of a SEQUENCE OF or SET OF. Ends before the first error.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    data: &'a [u8],
    pos: usize,
    end: usize,
}

impl<'a> Elements<'a> {
    /// What stands inside `tlv`.
    pub fn of(data: &'a [u8], tlv: Tlv) -> Self {
        Self { data, pos: tlv.content(), end: tlv.end() }
    }

    /// What `octets` consist of.
    pub(crate) fn all(octets: &'a [u8]) -> Self {
        Self { data: octets, pos: 0, end: octets.len() }
    }

    /// The next element, if it has this identifier; else nothing moves.
    #[inline]
    pub(crate) fn take_if(&mut self, tag: u8) -> Option<Tlv> {
        if self.data.get(self.pos) == Some(&tag) { self.next() } else { None }
    }

    /// The next element, if it has one of these identifiers; else nothing moves.
    #[inline]
    pub(crate) fn take_any(&mut self, tags: &[u8]) -> Option<Tlv> {
        tags.iter().find_map(|tag| self.take_if(*tag))
    }

    /// The element inside the next one, if that has this identifier.
    #[inline]
    pub(crate) fn take_explicit(&mut self, tag: u8) -> Option<Tlv> {
        Self::of(self.data, self.take_if(tag)?).next()
    }

    /// The content of the next element, if it has this identifier; else nothing moves.
    #[inline]
    pub(crate) fn take_value(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.take_if(tag).map(|element| element.value(self.data))
    }

    /// The one element there is, if it has this identifier.
    pub(crate) fn only(mut self, tag: u8) -> Option<Tlv> {
        self.take_if(tag).filter(|_| self.is_empty())
    }

    /// The octets of what is left, if anything is.
    pub(crate) fn rest(&self) -> Option<&'a [u8]> {
        self.data.get(self.pos..self.end).filter(|rest| !rest.is_empty())
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.pos >= self.end
    }
}

impl Iterator for Elements<'_> {
    type Item = Tlv;

    #[inline]
    fn next(&mut self) -> Option<Tlv> {
        if self.is_empty() {
            return None;
        }
        let element = read_tlv(self.data, self.pos, self.end).ok()?;
        self.pos = element.end();
        Some(element)
    }
}
