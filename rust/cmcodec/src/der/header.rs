//! Identifier and length octets (X.690 8.1.2, 8.1.3, 10.1).

use crate::error::{Error, Reason, Result};

/// One element: where it stands in the input. Offsets count from the start of
/// the input, so an error needs no translation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tlv {
    /// First identifier octet: class, constructed bit, number if below 31.
    pub tag: u8,
    /// Offset of the identifier.
    pub start: usize,
    /// Offset of the first content octet.
    pub content: usize,
    /// Offset just after the last content octet.
    pub end: usize,
}

impl Tlv {
    /// Content octets.
    #[inline]
    pub fn value<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.content..self.end).unwrap_or_default()
    }

    /// Identifier, length and content octets, as received.
    #[inline]
    pub fn octets<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.start..self.end).unwrap_or_default()
    }

    /// Content octets in number.
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.content
    }

    /// Whether there are no content octets.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.end == self.content
    }
}

/// Reads the element at `pos` of `data`, which must end at or before `end`.
///
/// Refuses indefinite and non-minimal lengths and tag numbers (P3), lengths
/// of more than four octets and tag numbers from 2^31 (P2, P5), and elements
/// that reach beyond `end` (P2). Every error has the offset of the identifier.
#[inline]
pub fn read_tlv(data: &[u8], pos: usize, end: usize) -> Result<Tlv> {
    let mut tlv = Tlv::default();
    read_tlv_into(data, pos, end, &mut tlv)?;
    Ok(tlv)
}

/// [`read_tlv`] into a place of the caller's, for loops over many elements.
#[inline]
pub fn read_tlv_into(data: &[u8], pos: usize, end: usize, tlv: &mut Tlv) -> Result<()> {
    if let Some(&[tag, length, ..]) = data.get(pos..end) {
        if tag & 0x1F != 0x1F && length < 0x80 {
            let content = pos + 2;
            let stop = content + usize::from(length);
            if stop > end {
                return Err(Error::new(Reason::Truncated, pos));
            }
            tlv.tag = tag;
            tlv.start = pos;
            tlv.content = content;
            tlv.end = stop;
            return Ok(());
        }
    }
    *tlv = read_long(data, pos, end)?;
    Ok(())
}

/// The forms that do not fit two octets.
fn read_long(data: &[u8], start: usize, end: usize) -> Result<Tlv> {
    let fail = |reason| Error::new(reason, start);
    let window = data.get(start..end).ok_or_else(|| fail(Reason::Truncated))?;
    let mut octets = window.iter().copied();
    let mut next = || octets.next().ok_or_else(|| fail(Reason::Truncated));
    let tag = next()?;
    let mut used = 2;
    if tag & 0x1F == 0x1F {
        let mut number: u64 = 0;
        loop {
            let octet = next()?;
            if number == 0 && octet == 0x80 {
                return Err(fail(Reason::NotCanonical));
            }
            number = number << 7 | u64::from(octet & 0x7F);
            if number >= 1 << 31 {
                return Err(fail(Reason::NumberLimit));
            }
            used += 1;
            if octet & 0x80 == 0 {
                break;
            }
        }
        if number < 31 {
            return Err(fail(Reason::NotCanonical));
        }
    }
    let first = next()?;
    let length = match first {
        0..=0x7F => usize::from(first),
        0x80 => return Err(fail(Reason::NotCanonical)),
        0x85.. => return Err(fail(Reason::Limit)),
        _ => {
            let mut length = 0usize;
            for _ in 0x80..first {
                let octet = next()?;
                if length == 0 && octet == 0 {
                    return Err(fail(Reason::NotCanonical));
                }
                length = length << 8 | usize::from(octet);
                used += 1;
            }
            if length < 0x80 {
                return Err(fail(Reason::NotCanonical));
            }
            length
        }
    };
    let content = start + used;
    if length > end - content {
        return Err(fail(Reason::Truncated));
    }
    Ok(Tlv { tag, start, content, end: content + length })
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
        self.pos = item.as_ref().map_or(self.end, |tlv| tlv.end);
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!((tlv.content, tlv.end), (3, 131));
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
            (Reason::NumberLimit, b"\x1f\x88\x80\x80\x80\x00\x00"),
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
