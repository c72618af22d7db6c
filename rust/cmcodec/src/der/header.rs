//! Identifier and length octets (X.690 8.1.2, 8.1.3, 10.1).

use std::fmt;
use std::num::NonZeroU64;

use crate::error::{Error, Reason, Result};

/// One element: where it stands in the input. Offsets count from the start of
/// the input, so an error needs no translation.
///
/// Two words, because one is read for every few octets of input: with its
/// parts in fields of their own, it is stored part by part and loaded as a
/// whole, and waiting for that costs more than reading does. That is why
/// offsets have 32 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv {
    /// Offset of the first content octet above that of the identifier.
    start: u64,
    /// Offset just after the last content octet above the first identifier octet, and below that a bit
    /// that is always set.
    end: NonZeroU64,
}

const _: () = assert!(size_of::<Option<Tlv>>() == 16);

impl Tlv {
    /// An element whose offsets do not descend; `None` beyond 4 GiB.
    #[inline]
    pub(crate) fn new(tag: u8, start: usize, content: usize, end: usize) -> Option<Self> {
        u32::try_from(end).is_ok().then(|| Self::within(tag, start, content, end))
    }

    /// The same, of offsets that have 32 bits.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // As it says.
    pub(crate) fn within(tag: u8, start: usize, content: usize, end: usize) -> Self {
        Self {
            start: (content as u64) << 32 | u64::from(start as u32),
            end: NonZeroU64::MIN | (end as u64) << 32 | u64::from(tag) << 8,
        }
    }

    /// First identifier octet: class, constructed bit, number if below 31.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // An octet of it.
    pub const fn tag(self) -> u8 {
        (self.end.get() >> 8) as u8
    }

    /// Offset of the identifier.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // Takes the lower half.
    pub const fn start(self) -> usize {
        self.start as u32 as usize
    }

    /// Offset of the first content octet.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // Half a word.
    pub const fn content(self) -> usize {
        (self.start >> 32) as usize
    }

    /// Offset just after the last content octet.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // Half a word.
    pub const fn end(self) -> usize {
        (self.end.get() >> 32) as usize
    }

    /// Content octets.
    #[inline]
    pub fn value(self, data: &[u8]) -> &[u8] {
        data.get(self.content()..self.end()).unwrap_or_default()
    }

    /// Identifier, length and content octets, as received.
    #[inline]
    pub fn octets(self, data: &[u8]) -> &[u8] {
        data.get(self.start()..self.end()).unwrap_or_default()
    }

    /// Content octets in number.
    #[inline]
    pub const fn len(self) -> usize {
        self.end().saturating_sub(self.content())
    }

    /// Whether there are no content octets.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.end() == self.content()
    }
}

impl fmt::Debug for Tlv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x} {}..{}..{}", self.tag(), self.start(), self.content(), self.end())
    }
}

/// Reads the element at `pos` of `data`, which must end at or before `end`.
///
/// Refuses indefinite and non-minimal lengths and tag numbers (P3), lengths
/// of more than four octets and tag numbers from 2^31 (P2, P5), and elements
/// that reach beyond `end` (P2) or 4 GiB (P6). Every error has the offset of
/// the identifier.
#[inline]
pub fn read_tlv(data: &[u8], pos: usize, end: usize) -> Result<Tlv> {
    read_within(data, pos, end).ok_or_else(|| refusal(data, pos, end))
}

#[inline(always)]
fn read_within(data: &[u8], pos: usize, end: usize) -> Option<Tlv> {
    let octets = data.get(pos..end)?;
    let (content, rest) = split_first(octets)?;
    let last = end - rest.len();
    Tlv::new(*octets.first()?, pos, last - content.len(), last)
}

/// The content of the first element of `octets`, and what follows it; `None` where [`read_tlv`]
/// refuses it.
#[inline(always)]
pub(crate) fn split_first(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    match octets {
        [tag, length @ ..0x80, rest @ ..]
            if tag & 0x1F != 0x1F && usize::from(*length) <= rest.len() =>
        {
            rest.split_at_checked(usize::from(*length))
        }
        _ => match lengths(octets) {
            (0, _) => None,
            (header, length) => octets.get(header..)?.split_at_checked(length),
        },
    }
}

/// The octets of a header of more than two, and of the content behind it: the two lengths that nearly
/// all have, and any other. None where there is no element.
#[inline(never)]
fn lengths(octets: &[u8]) -> (usize, usize) {
    match octets {
        [tag, 0x81, length @ 0x80..=0xFF, ..] if tag & 0x1F != 0x1F => (3, usize::from(*length)),
        [tag, 0x82, high @ 1..=0xFF, low, ..] if tag & 0x1F != 0x1F => {
            (4, usize::from(u16::from_be_bytes([*high, *low])))
        }
        _ => other_lengths(octets),
    }
}

#[cold]
fn other_lengths(octets: &[u8]) -> (usize, usize) {
    read_long(octets, 0, octets.len()).map_or((0, 0), |it| (it.content(), it.len()))
}

/// Why there is no element at `start`.
#[cold]
pub(crate) fn refusal(data: &[u8], start: usize, end: usize) -> Error {
    Error::new(read_long(data, start, end).err().unwrap_or(Reason::Truncated), start)
}

#[cold]
fn read_long(data: &[u8], start: usize, end: usize) -> std::result::Result<Tlv, Reason> {
    let window = data.get(start..end).ok_or(Reason::Truncated)?;
    let mut octets = window.iter().copied();
    let mut next = || octets.next().ok_or(Reason::Truncated);
    let tag = next()?;
    let mut used = 2;
    if tag & 0x1F == 0x1F {
        let mut number: u64 = 0;
        loop {
            let octet = next()?;
            if number == 0 && octet == 0x80 {
                return Err(Reason::NotCanonical);
            }
            number = number << 7 | u64::from(octet & 0x7F);
            if number >= 1 << 31 {
                return Err(Reason::LimitP5);
            }
            used += 1;
            if octet & 0x80 == 0 {
                break;
            }
        }
        if number < 31 {
            return Err(Reason::NotCanonical);
        }
    }
    let first = next()?;
    let length = match first {
        0..=0x7F => usize::from(first),
        0x80 => return Err(Reason::NotCanonical),
        0x85.. => return Err(Reason::Limit),
        _ => {
            let mut length = 0usize;
            for _ in 0x80..first {
                let octet = next()?;
                if length == 0 && octet == 0 {
                    return Err(Reason::NotCanonical);
                }
                length = length << 8 | usize::from(octet);
                used += 1;
            }
            if length < 0x80 {
                return Err(Reason::NotCanonical);
            }
            length
        }
    };
    let content = start + used;
    if length > end - content {
        return Err(Reason::Truncated);
    }
    Tlv::new(tag, start, content, content + length).ok_or(Reason::LimitP6)
}

/// The elements of `data[pos..end]`, one after the other. Ends after the
/// first error.
pub fn children(data: &[u8], pos: usize, end: usize) -> Children<'_> {
    Children { data, pos, end }
}

/// See [`children`].
#[derive(Clone, Debug)]
pub struct Children<'a> {
    data: &'a [u8],
    pos: usize,
    end: usize,
}

impl Iterator for Children<'_> {
    type Item = Result<Tlv>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.pos >= self.end {
            return None;
        }
        let item = read_tlv(self.data, self.pos, self.end);
        self.pos = item.as_ref().map_or(self.end, |tlv| tlv.end());
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::limits::MAX_MESSAGE_SIZE;

    fn reason(octets: &[u8]) -> Option<Reason> {
        read_tlv(octets, 0, octets.len()).err().map(|e| e.reason())
    }

    #[test]
    fn accepts_minimal_headers() {
        for octets in [&b"\x05\x00"[..], b"\x04\x01x", b"\x1f\x1f\x00"] {
            assert_eq!(reason(octets), None, "{octets:x?}");
        }
        let long = [&[0x04, 0x81, 0x80][..], &[0; 128]].concat();
        let tlv = read_tlv(&long, 0, long.len()).unwrap();
        assert_eq!((tlv.content(), tlv.end()), (3, 131));
    }

    #[test]
    fn offsets_have_32_bits() {
        let last = MAX_MESSAGE_SIZE;
        let tlv = Tlv::new(0x30, last - 9, last - 8, last).unwrap();
        assert_eq!((tlv.tag(), tlv.start(), tlv.content()), (0x30, last - 9, last - 8));
        assert_eq!((tlv.end(), tlv.len(), tlv.is_empty()), (last, 8, false));
        assert_eq!(Tlv::new(0x30, last - 9, last - 8, last + 1), None);
    }

    #[test]
    fn an_element_shows_its_tag_and_its_offsets() {
        let tlv = read_tlv(b"\x05\x00\x04\x01x", 2, 5).unwrap();
        assert_eq!(format!("{tlv:?}"), "0x04 2..4..5");
    }

    #[test]
    fn refuses_with_the_reason_of_the_rule() {
        for (expected, octets) in [
            (Reason::Truncated, &b""[..]),
            (Reason::Truncated, b"\x30"),
            (Reason::Truncated, b"\x30\x01"),
            (Reason::Truncated, b"\x30\x82\x01"),
            (Reason::Truncated, b"\x30\x84\xff\xff\xff\xff"),
            (Reason::Limit, b"\x30\x85\x01\x00\x00\x00\x00"),
            (Reason::LimitP5, b"\x1f\x88\x80\x80\x80\x00\x00"),
            (Reason::NotCanonical, b"\x30\x80\x00\x00"),
            (Reason::NotCanonical, b"\x04\x81\x01x"),
            (Reason::NotCanonical, b"\x04\x82\x00\x80"),
            (Reason::NotCanonical, b"\x1f\x1e\x00"),
            (Reason::NotCanonical, b"\x1f\x80\x1f\x00"),
        ] {
            assert_eq!(reason(octets), Some(expected), "{octets:x?}");
        }
    }
}
