//! DER written back to front: the length of a value is known when its header
//! is written, so nothing is measured or moved.

use std::ops::Range;

/// A buffer that grows at its front.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    /// Where the written octets begin in `buffer`.
    start: usize,
    /// Octets that are left out of `buffer`.
    absent: usize,
    /// Where they would stand, counted from the end.
    gap: usize,
}

impl Writer {
    /// Octets written so far. Positions are counted from the end, so they stay
    /// valid while more is written before them.
    #[inline]
    pub fn position(&self) -> usize {
        self.buffer.len() - self.start + self.absent
    }

    /// Begins again, in the buffer there is, unless that is larger than `kept`.
    pub fn clear(&mut self, kept: usize) {
        if self.buffer.len() > kept {
            self.buffer = Vec::new();
        }
        self.start = self.buffer.len();
        (self.absent, self.gap) = (0, 0);
    }

    /// Leaves out `length` octets that stand elsewhere already, and will stand
    /// before what has been written: once at most.
    pub fn leave_out(&mut self, length: usize) {
        debug_assert_eq!(self.absent, 0);
        self.gap = self.position();
        self.absent = length;
    }

    /// What has been written before the octets left out, and what after them.
    pub fn around(&self) -> (&[u8], &[u8]) {
        let written = self.buffer.get(self.start..).unwrap_or_default();
        written.split_at_checked(written.len() - self.gap).unwrap_or_default()
    }

    /// Writes `octets` before what has been written.
    #[inline]
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

    /// Writes the content of an INTEGER, as short as it can be.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        // Bits that differ from the sign, and the sign.
        let bits = 65 - (value ^ value >> 63).leading_zeros();
        let octets = value.to_be_bytes();
        self.prepend(octets.get(8 - bits.div_ceil(8) as usize..).unwrap_or_default());
    }

    /// Writes the content of an INTEGER of any size: hexadecimal digits without
    /// leading zeros, which `0x` or `-0x` may stand before.
    pub fn hexadecimal(&mut self, text: &str) {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let mut carry = is_negative;
        let mut first = 0;
        for pair in digits.as_bytes().rchunks(2) {
            // The low half of a letter counts from 1, and bit 6 tells it from a digit.
            first =
                pair.iter().fold(0, |value, digit| value << 4 | ((digit & 0xF) + (digit >> 6) * 9));
            if is_negative {
                (first, carry) = (!first).overflowing_add(u8::from(carry));
            }
            self.prepend(&[first]);
        }
        let sign = if is_negative { 0xFF } else { 0x00 };
        if (first ^ sign) & 0x80 != 0 {
            self.prepend(&[sign]);
        }
    }

    /// Writes identifier and length before the value that begins here and ends
    /// where `position` was `end`.
    #[inline]
    pub fn header(&mut self, tag: u8, end: usize) {
        let length = self.position() - end;
        if let Ok(short @ 0..=0x7F) = u8::try_from(length) {
            self.prepend(&[tag, short]);
            return;
        }
        self.long_header(tag, length);
    }

    /// What has been written since `position` was `end`, and nothing was left out.
    #[inline]
    pub fn since(&self, end: usize) -> &[u8] {
        self.buffer.get(self.start..self.buffer.len() + self.absent - end).unwrap_or_default()
    }

    /// The octet written last, which is the first.
    #[inline]
    pub fn first(&self) -> Option<u8> {
        self.buffer.get(self.start).copied()
    }

    fn long_header(&mut self, tag: u8, length: usize) {
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
        let total = self.buffer.len() + self.absent;
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(bounds.len());
        let mut previous = end;
        for bound in bounds {
            ranges.push(total - bound..total - previous);
            previous = *bound;
        }
        let buffer = &self.buffer;
        let element = |range: &Range<usize>| buffer.get(range.clone()).unwrap_or_default();
        // What was decoded is in order.
        if ranges.iter().rev().is_sorted_by_key(element) {
            return;
        }
        ranges.sort_by(|a, b| element(a).cmp(element(b)));
        let sorted: Vec<u8> = ranges.iter().flat_map(element).copied().collect();
        if let Some(place) = self.buffer.get_mut(self.start..total - end) {
            place.copy_from_slice(&sorted);
        }
    }

    /// What has been written, where nothing was left out.
    pub fn octets(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        let used = self.buffer.len() - self.start;
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
    fn integers_are_minimal() {
        for (value, expected) in [
            (0i64, &b"\x00"[..]),
            (127, b"\x7f"),
            (128, b"\x00\x80"),
            (-1, b"\xff"),
            (-128, b"\x80"),
            (-129, b"\xff\x7f"),
            (-255, b"\xff\x01"),
            (-256, b"\xff\x00"),
            (-257, b"\xfe\xff"),
            (0x1234, b"\x12\x34"),
            (i64::MAX, b"\x7f\xff\xff\xff\xff\xff\xff\xff"),
            (i64::MIN, b"\x80\x00\x00\x00\x00\x00\x00\x00"),
        ] {
            let mut writer = Writer::default();
            writer.integer(value);
            assert_eq!(writer.octets(), expected, "{value}");
            writer.clear(0);
            let sign = if value < 0 { "-" } else { "" };
            writer.hexadecimal(&format!("{sign}0x{:x}", value.unsigned_abs()));
            assert_eq!(writer.octets(), expected, "{value} in hexadecimal");
        }
        let mut writer = Writer::default();
        writer.hexadecimal("0x8000000000000000");
        assert_eq!(writer.octets(), b"\x00\x80\x00\x00\x00\x00\x00\x00\x00");
        writer.clear(0);
        writer.hexadecimal("-0xabcdef0123456789abc");
        assert_eq!(writer.octets(), b"\xf5\x43\x21\x0f\xed\xcb\xa9\x87\x65\x44");
    }

    #[test]
    fn octets_left_out_count() {
        let mut writer = Writer::default();
        writer.prepend(b"tail");
        writer.leave_out(200);
        writer.header(0x30, 0);
        let end = writer.position();
        let mut bounds = Vec::new();
        for element in [b"\x02\x01\x05", b"\x02\x01\x01"] {
            writer.prepend(element);
            bounds.push(writer.position());
        }
        assert_eq!(writer.since(end), b"\x02\x01\x01\x02\x01\x05");
        bounds.reverse();
        writer.prepend(&[7; 600]);
        assert_eq!(writer.position(), 4 + 200 + 3 + 6 + 600);
        let (before, after) = writer.around();
        assert_eq!(
            (&before[..600], &before[600..]),
            (&[7; 600][..], &b"\x02\x01\x01\x02\x01\x05\x30\x81\xcc"[..])
        );
        assert_eq!(after, b"tail");
        writer.clear(0);
        assert_eq!((writer.position(), writer.around()), (0, (&b""[..], &b""[..])));
    }

    #[test]
    fn sets_are_sorted_in_place() {
        let elements = [&b"\x02\x01\x05"[..], b"\x02\x01\x01", b"\x01\x02\xff\xff"];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut writer = Writer::default();
            writer.prepend(b"tail");
            let end = writer.position();
            let mut bounds = Vec::new();
            for element in order.map(|index: usize| elements[index]) {
                writer.prepend(element);
                bounds.push(writer.position());
            }
            writer.sort(end, &bounds);
            assert_eq!(writer.octets(), b"\x01\x02\xff\xff\x02\x01\x01\x02\x01\x05tail");
        }
    }

    #[test]
    fn what_was_written_last_is_first() {
        let mut writer = Writer::default();
        assert_eq!(writer.first(), None);
        for octet in [4, 5] {
            writer.prepend(&[octet, 0]);
            assert_eq!(writer.first(), Some(octet));
        }
    }
}
