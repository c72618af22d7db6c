//! DER written back to front: the length of a value is known when its header
//! is written, so nothing is measured or moved.

use std::ops::Range;

/// A buffer that grows at its front.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    /// Where the written octets begin in `buffer`.
    start: usize,
}

impl Writer {
    /// Octets written so far. Positions are counted from the end, so they stay
    /// valid while more is written before them.
    #[inline]
    pub fn position(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Writes `octets` before what has been written.
    pub fn prepend(&mut self, octets: &[u8]) {
        if self.start < octets.len() {
            self.grow(octets.len());
        }
        let end = self.start;
        self.start -= octets.len();
        if let Some(place) = self.buffer.get_mut(self.start..end) {
            place.copy_from_slice(octets);
        }
    }

    /// Writes identifier and length before the value that begins here and ends
    /// where `position` was `end`.
    pub fn header(&mut self, tag: u8, end: usize) {
        let length = self.position() - end;
        if let Ok(short @ 0..=0x7F) = u8::try_from(length) {
            self.prepend(&[tag, short]);
            return;
        }
        let octets = length.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let significant = octets.get(zeros..).unwrap_or_default();
        self.prepend(significant);
        let count = u8::try_from(significant.len()).unwrap_or_default();
        self.prepend(&[tag, 0x80 | count]);
    }

    /// Puts the elements written since `position` was `end` in DER order of a
    /// SET OF. `bounds` are their ends as positions, in the order of writing.
    pub fn sort(&mut self, end: usize, bounds: &[usize]) {
        let total = self.buffer.len();
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(bounds.len());
        let mut previous = end;
        for bound in bounds {
            ranges.push(total - bound..total - previous);
            previous = *bound;
        }
        let buffer = &self.buffer;
        let element = |range: &Range<usize>| buffer.get(range.clone()).unwrap_or_default();
        ranges.sort_by(|a, b| element(a).cmp(element(b)));
        let sorted: Vec<u8> = ranges.iter().flat_map(element).copied().collect();
        if let Some(place) = self.buffer.get_mut(self.start..total - end) {
            place.copy_from_slice(&sorted);
        }
    }

    /// What has been written.
    pub fn octets(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn grow(&mut self, needed: usize) {
        let used = self.position();
        let capacity = (used + needed).max(self.buffer.len() * 2).max(512);
        let mut grown = vec![0; capacity];
        if let (Some(place), Some(octets)) =
            (grown.get_mut(capacity - used..), self.buffer.get(self.start..))
        {
            place.copy_from_slice(octets);
        }
        self.buffer = grown;
        self.start = capacity - used;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_minimal() {
        for (length, expected) in [
            (0, vec![0x04, 0x00]),
            (127, vec![0x04, 0x7F]),
            (128, vec![0x04, 0x81, 0x80]),
            (256, vec![0x04, 0x82, 0x01, 0x00]),
            (70_000, vec![0x04, 0x83, 0x01, 0x11, 0x70]),
        ] {
            let mut writer = Writer::default();
            writer.prepend(&vec![7; length]);
            writer.header(0x04, 0);
            assert_eq!(writer.octets()[..expected.len()], expected);
            assert_eq!(writer.octets().len(), expected.len() + length);
        }
    }

    #[test]
    fn sets_are_sorted_in_place() {
        let mut writer = Writer::default();
        writer.prepend(b"tail");
        let end = writer.position();
        let mut bounds = Vec::new();
        for element in [&b"\x02\x01\x05"[..], b"\x02\x01\x01", b"\x01\x01\xff"] {
            writer.prepend(element);
            bounds.push(writer.position());
        }
        writer.sort(end, &bounds);
        assert_eq!(writer.octets(), b"\x01\x01\xff\x02\x01\x01\x02\x01\x05tail");
    }
}
