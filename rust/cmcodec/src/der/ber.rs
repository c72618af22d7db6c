//! BER in the CMS wrapper, converted to DER before the walk (RFC 5652 §10.1).
//!
//! [`generated::ber_shapes`](crate::generated) says what the wrapper is, and
//! what in it stays as received. What it does not name is copied octet for
//! octet: the DER walk that follows judges it as it was sent.

use std::iter;

use super::shape::Shape::{self, Content, Octets, Plain, Sequence, SetOf, Unsorted, Verbatim};
use crate::generated::ber_shapes::{CONTENT_INFO, CONTENT_TYPES, UNKNOWN_CONTENT};
use crate::generated::limits::{MAX_BODY_PARTS, MAX_DEPTH};

/// The DER form of a message whose wrapper is BER, or `None` where the input
/// cannot be read as the BER encoding of one ContentInfo.
///
/// The wrapper is the ContentInfo and the CMS structure in it. Signed and
/// authenticated attributes, certificates, CRLs, attribute values and the
/// octets of eContent are not converted, even where they are BER (rule V4).
/// Nothing is known of the result: it has yet to be walked.
pub fn to_der(data: &[u8]) -> Option<Vec<u8>> {
    let root = Header::read(data, 0, data.len())?;
    let first = Header::read(data, root.content, root.limit)?;
    if root.tag != 0x30 || first.tag != 0x06 {
        return None;
    }
    let mut converter = Converter { data, der: Vec::with_capacity(data.len()) };
    let end = converter.element(CONTENT_INFO, root, 1)?;
    (end == data.len()).then_some(converter.der)
}

/// The shape of the next element, of tag `tag`; what the table has before it
/// is absent from the input.
fn next_field(fields: &mut &'static [(&'static [u8], Shape)], tag: u8) -> Shape {
    let mut rest = fields.iter();
    match rest.find(|(tags, _)| tags.contains(&tag)) {
        Some((_, shape)) => {
            *fields = rest.as_slice();
            *shape
        }
        None => Verbatim,
    }
}

/// The shape of the content of a ContentInfo. Of an unknown type only the tag
/// around it belongs to the wrapper.
fn content(content_type: &[u8]) -> Shape {
    let row = CONTENT_TYPES.iter().find(|(oid, _)| *oid == content_type);
    row.map_or(UNKNOWN_CONTENT, |(_, shape)| *shape)
}

/// The tag of a primitive segment of a constructed element of universal type,
/// if that is a string (X.690 8.6.4, 8.7.3, 8.23.6).
fn segment(tag: u8) -> Option<u8> {
    match tag {
        0x23 => Some(0x03),
        0x24 | 0x27 | 0x2C | 0x32..=0x3C | 0x3E => Some(0x04),
        _ => None,
    }
}

/// One pass over the input. Elements are appended to `der`; the length of a
/// constructed one is put in before its content when that is complete. Every
/// octet moves once per level, so [`MAX_DEPTH`] times at most.
struct Converter<'a> {
    data: &'a [u8],
    der: Vec<u8>,
}

impl Converter<'_> {
    /// Converts one element; returns where it ends in the input.
    fn element(&mut self, shape: Shape, header: Header, depth: usize) -> Option<usize> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Verbatim = shape {
            let end = header.skip(self.data)?;
            self.der.extend_from_slice(self.data.get(header.start..end)?);
            return Some(end);
        }
        let segment = match shape {
            Plain | Unsorted => segment(header.tag),
            Octets if header.is_constructed() => Some(0x04),
            _ => None,
        };
        if segment.is_some() {
            self.der.push(header.tag & !0x20);
        } else {
            self.der.extend_from_slice(self.data.get(header.start..header.length)?);
        }
        let at = self.der.len();
        let end = match segment {
            Some(segment) => self.joined(segment, header, depth)?,
            None if header.is_constructed() => self.elements(shape, header, depth)?,
            None => self.primitive(shape, header)?,
        };
        self.insert_length(at)?;
        Some(end)
    }

    /// Appends the content of a primitive element.
    fn primitive(&mut self, shape: Shape, header: Header) -> Option<usize> {
        let end = header.end?;
        match (shape, header.tag, self.data.get(header.content..end)?) {
            (Plain | Unsorted, 0x01, [1..=0xFF]) => self.der.push(0xFF),
            (_, _, content) => self.der.extend_from_slice(content),
        }
        Some(end)
    }

    /// Appends the elements of a constructed element.
    fn elements(&mut self, shape: Shape, parent: Header, depth: usize) -> Option<usize> {
        let data = self.data;
        let at = self.der.len();
        let mut fields = if let Sequence(fields) = shape { fields } else { &[] };
        let mut oid: &[u8] = &[];
        let mut pos = parent.content;
        loop {
            if let Some(end) = parent.end_at(data, pos) {
                if matches!(shape, SetOf(_)) || parent.tag == 0x31 && !matches!(shape, Unsorted) {
                    self.sort(at)?;
                }
                return Some(end);
            }
            let child = Header::read(data, pos, parent.limit)?;
            let inner = match shape {
                Sequence(_) => next_field(&mut fields, child.tag),
                SetOf(element) => *element,
                Unsorted => Unsorted,
                _ => Plain,
            };
            let inner = if let Content = inner { content(oid) } else { inner };
            pos = self.element(inner, child, depth + 1)?;
            if child.tag == 0x06 {
                oid = data.get(child.content..pos)?;
            }
        }
    }

    /// Appends the content of a string that comes in segments.
    fn joined(&mut self, segment: u8, parent: Header, depth: usize) -> Option<usize> {
        let at = self.der.len();
        if segment == 0x03 {
            self.der.push(0);
        }
        self.segments(segment, parent, depth, at)
    }

    /// Appends segments to the string whose content begins at `at`.
    fn segments(&mut self, segment: u8, parent: Header, depth: usize, at: usize) -> Option<usize> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut pos = parent.content;
        loop {
            if let Some(end) = parent.end_at(self.data, pos) {
                return Some(end);
            }
            let child = Header::read(self.data, pos, parent.limit)?;
            if child.tag == segment | 0x20 {
                pos = self.segments(segment, child, depth + 1, at)?;
                continue;
            }
            if child.tag != segment {
                return None;
            }
            pos = child.end?;
            let mut content = self.data.get(child.content..pos)?;
            if segment == 0x03 {
                // Only the last segment may leave bits unused (X.690 8.6.4.1).
                let (unused, bits) = content.split_first()?;
                let first = self.der.get_mut(at).filter(|first| **first == 0)?;
                (*first, content) = (*unused, bits);
            }
            self.der.extend_from_slice(content);
        }
    }

    /// Puts the elements from `at` on in the order of DER (X.690 11.6), if they
    /// are [`MAX_BODY_PARTS`] at most: what sorting may cost has a bound
    /// (P7, P8), and no batch has more certificates than parts.
    fn sort(&mut self, at: usize) -> Option<()> {
        let set = self.der.get(at..)?;
        if split(set).is_sorted() {
            return Some(());
        }
        let mut elements: Vec<&[u8]> = split(set).take(MAX_BODY_PARTS + 1).collect();
        if elements.len() > MAX_BODY_PARTS {
            return None;
        }
        elements.sort_unstable();
        let sorted = elements.concat();
        self.der.truncate(at);
        self.der.extend_from_slice(&sorted);
        Some(())
    }

    /// Puts the length octets of what was appended from `at` on before it.
    fn insert_length(&mut self, at: usize) -> Option<()> {
        let length = u32::try_from(self.der.len() - at).ok()?;
        let octets = length.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let octets = octets.into_iter().skip(zeros);
        match u8::try_from(length) {
            Ok(short @ ..0x80) => self.der.insert(at, short),
            _ => {
                let count = 0x84 - u8::try_from(zeros).ok()?;
                self.der.splice(at..at, iter::once(count).chain(octets));
            }
        }
        Some(())
    }
}

/// The elements of a SET OF that was converted.
fn split(set: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut pos = 0;
    iter::from_fn(move || {
        let end = Header::read(set, pos, set.len())?.skip(set)?;
        let element = set.get(pos..end);
        pos = end;
        element
    })
}

/// Identifier and length octets as BER has them (X.690 8.1.2, 8.1.3).
#[derive(Clone, Copy, Debug)]
struct Header {
    /// First identifier octet.
    tag: u8,
    /// Offset of the identifier.
    start: usize,
    /// Offset of the length octets.
    length: usize,
    /// Offset of the first content octet.
    content: usize,
    /// Offset just after the content octets; `None` if the length is indefinite.
    end: Option<usize>,
    /// `end`, or where the element around this one must have ended.
    limit: usize,
}

impl Header {
    /// Reads the header at `start`; the element must end at or before `limit`.
    ///
    /// `None` for end-of-contents octets, for what is no header, and for
    /// lengths and tag numbers out of bounds (rules P2, P5).
    fn read(data: &[u8], start: usize, limit: usize) -> Option<Self> {
        let mut octets = data.get(start..limit)?.iter().copied();
        let tag = octets.next()?;
        if tag & 0xDF == 0 {
            return None;
        }
        if tag & 0x1F == 0x1F {
            high_tag_number(&mut octets)?;
        }
        let length = limit - octets.len();
        let declared = match octets.next()? {
            0x80 if tag & 0x20 != 0 => None,
            short @ ..0x80 => Some(usize::from(short)),
            count @ 0x81..=0x84 => {
                let mut declared = 0;
                for _ in 0x80..count {
                    declared = declared << 8 | usize::from(octets.next()?);
                }
                Some(declared)
            }
            _ => return None,
        };
        let content = limit - octets.len();
        if declared.is_some_and(|declared| declared > octets.len()) {
            return None;
        }
        let end = declared.map(|declared| content + declared);
        Some(Self { tag, start, length, content, end, limit: end.unwrap_or(limit) })
    }

    fn is_constructed(&self) -> bool {
        self.tag & 0x20 != 0
    }

    /// Where the element ends, if its content ends at `pos`.
    fn end_at(&self, data: &[u8], pos: usize) -> Option<usize> {
        match self.end {
            Some(end) => (pos == end).then_some(end),
            None => data.get(pos..self.limit)?.starts_with(&[0, 0]).then_some(pos + 2),
        }
    }

    /// Where the element ends. Looks only at the headers that this depends on,
    /// each once.
    fn skip(self, data: &[u8]) -> Option<usize> {
        let mut open = 0;
        let mut header = self;
        loop {
            let mut pos = match header.end {
                Some(end) => end,
                None if open == MAX_DEPTH => return None,
                None => {
                    open += 1;
                    header.content
                }
            };
            while open > 0 && data.get(pos..self.limit)?.starts_with(&[0, 0]) {
                open -= 1;
                pos += 2;
            }
            if open == 0 {
                return Some(pos);
            }
            header = Self::read(data, pos, self.limit)?;
        }
    }
}

/// Takes the identifier octets after the first, of a tag number from 31 to
/// 2^31-1 (X.690 8.1.2.4, rule P5).
fn high_tag_number(octets: &mut impl Iterator<Item = u8>) -> Option<()> {
    let mut number: u64 = 0;
    loop {
        let octet = octets.next()?;
        number = number << 7 | u64::from(octet & 0x7F);
        if number == 0 || number >= 1 << 31 {
            return None;
        }
        if octet < 0x80 {
            return (number >= 0x1F).then_some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    use super::*;
    use crate::error::Reason;
    use crate::generated::oids;
    use crate::load::{Encoding, load};
    use crate::schema::walk::Options;

    fn vectors(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name)
    }

    fn octets(hex: &str) -> Vec<u8> {
        let octet = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(octet).collect()
    }

    /// The table that both backends read: name, input, output.
    fn cases() -> Vec<(String, Vec<u8>, Option<Vec<u8>>)> {
        let file = fs::read(vectors("ber/cases.json")).unwrap();
        let table: Vec<Value> = serde_json::from_slice(&file).unwrap();
        let case = |case: &Value| {
            let name = case["name"].as_str().unwrap().to_owned();
            (name, octets(case["input"].as_str().unwrap()), case["output"].as_str().map(octets))
        };
        table.iter().map(case).collect()
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "der") {
                found.push(path);
            }
        }
    }

    #[test]
    fn converts_as_the_table_says() {
        for (name, input, output) in cases() {
            assert_eq!(to_der(&input), output, "{name}");
        }
    }

    #[test]
    fn is_idempotent() {
        for (name, _, output) in cases() {
            if let Some(output) = output {
                assert_eq!(to_der(&output).as_ref(), Some(&output), "{name}");
            }
        }
    }

    #[test]
    fn converts_what_bouncycastle_writes() {
        let read = |name| fs::read(vectors(name)).unwrap();
        let ber = read("bouncycastle/batches/batch-5.ber");
        let der = read("bouncycastle/batches/batch-5.der");
        assert_eq!(to_der(&ber), Some(der.clone()));
        for ber in [ber, read("ber/rsa2048-pkcs10.ber")] {
            let loaded = load(&ber, Options::default()).unwrap();
            assert_eq!(loaded.encoding, Encoding::Ber);
            let strict = Options { strict: true, ..Options::default() };
            assert_eq!(load(&ber, strict).unwrap_err().reason(), Reason::NotCanonical);
        }
    }

    #[test]
    fn leaves_der_alone() {
        let mut found = Vec::new();
        files(&vectors("bouncycastle"), &mut found);
        assert!(!found.is_empty());
        for path in found {
            let data = fs::read(&path).unwrap();
            // A ContentInfo begins with its type, anything else here with a SEQUENCE.
            let root = Header::read(&data, 0, data.len()).unwrap();
            let expected = (data[root.content] == 0x06).then(|| data.clone());
            assert_eq!(to_der(&data), expected, "{}", path.display());
        }
    }

    /// Rule V4: DER as received.
    #[test]
    fn the_walk_refuses_what_stays_ber() {
        for (name, path) in [
            ("signedAttrs of indefinite length", "signerInfos[0].signedAttrs"),
            ("signedAttrs of non-minimal length", "signerInfos[0].signedAttrs"),
            ("signedAttrs in BER in an indefinite SignerInfo", "signerInfos[0].signedAttrs"),
            ("crl in BER", "crls[0]"),
        ] {
            let (_, input, _) = cases().into_iter().find(|case| case.0 == name).unwrap();
            // The fragments hold no PKIData: name another content than that.
            let oid = oids::ID_CCT_PKI_DATA;
            let at = input.windows(oid.len()).position(|window| window == oid).unwrap();
            let input = [&input[..at + 7], &[0x7F], &input[at + 8..]].concat();
            let error = load(&input, Options::default()).unwrap_err();
            assert_eq!(error.reason(), Reason::NotCanonical, "{name}: {error}");
            assert!(error.path().ends_with(path), "{name}: {error}");
        }
    }

    /// Rule P7: a set in order has no bound, one out of order has.
    #[test]
    fn sorting_is_bounded() {
        let message = |first: &[u8], count| {
            let head = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80";
            let others = b"\x05\x00".repeat(count);
            [head, &b"\x02\x01\x03\x31\x80"[..], first, &others, &[0; 8]].concat()
        };
        assert!(to_der(&message(b"", MAX_BODY_PARTS + 1)).is_some());
        assert!(to_der(&message(b"\x06\x00", MAX_BODY_PARTS - 1)).is_some());
        assert_eq!(to_der(&message(b"\x06\x00", MAX_BODY_PARTS)), None);
    }

    /// Rule P9: a fixed sequence of damage to every case.
    #[test]
    fn never_panics() {
        let mut state: u32 = 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        for (_, input, _) in cases() {
            for end in 0..input.len() {
                to_der(&input[..end]);
            }
            for _ in 0..200 {
                let mut input = input.clone();
                for _ in 0..=next() % 3 {
                    let at = usize::try_from(next()).unwrap();
                    if let Some(length) = input.len().checked_sub(1) {
                        input[at % (length + 1)] = [0x00, 0x80, 0x30, 0x24, 0x84, 0xFF][at / 7 % 6];
                    }
                }
                if let Some(der) = to_der(&input) {
                    assert_eq!(to_der(&der).as_ref(), Some(&der), "{input:x?}");
                }
            }
        }
    }
}
