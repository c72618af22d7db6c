//! What encoding one value leaves to the next.

use cmcodec::der::oid;
use cmcodec::der::writer::Writer;
use cmcodec::schema::{Node, primitive};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// Octets beyond which no buffer and no encoding is kept.
const MAX_KEPT: usize = 1 << 16;

/// Texts of OBJECT IDENTIFIERs that are remembered: a power of two.
const ROWS: usize = 256;

/// Content octets beyond which one is not remembered.
const MAX_OCTETS: usize = 22;

/// A buffer to write into, and what was written before.
#[derive(Default)]
pub struct EncodeCache {
    pub writer: Writer,
    pub oids: OidOctets,
    /// The encoding returned last that is of one message layer, and its type:
    /// who encodes a content often wraps it next.
    last: Option<(Py<PyBytes>, &'static Node)>,
}

impl EncodeCache {
    /// Remembers an encoding of one message layer.
    pub fn remember(&mut self, octets: &Bound<'_, PyBytes>, node: &'static Node) {
        if octets.as_bytes().len() <= MAX_KEPT {
            self.last = Some((octets.clone().unbind(), node));
        }
    }

    /// Whether these octets are that encoding, of this type.
    pub fn remembers(&self, octets: &Bound<'_, PyBytes>, node: &'static Node) -> bool {
        self.last.as_ref().is_some_and(|(last, of)| last.is(octets) && std::ptr::eq(*of, node))
    }

    /// Ready for another value.
    pub fn clear(&mut self) {
        self.writer.clear(MAX_KEPT);
    }
}

/// Content octets by the Python object that is their text: the constants of a
/// program, and what decoding made, are the same objects again and again. A
/// text that shares its row with another takes it.
pub struct OidOctets(Box<[Option<Row>]>);

struct Row {
    /// Kept alive, so that no other object can have its address.
    text: Py<PyString>,
    length: usize,
    octets: [u8; MAX_OCTETS],
}

impl Default for OidOctets {
    fn default() -> Self {
        Self((0..ROWS).map(|_| None).collect())
    }
}

impl OidOctets {
    /// What `then` makes of the content octets of `text`, which the walk accepts;
    /// `None` where it is no OBJECT IDENTIFIER.
    #[inline]
    pub fn content<T>(
        &mut self,
        text: &Bound<'_, PyString>,
        then: impl FnOnce(&[u8]) -> T,
    ) -> Option<T> {
        // Fibonacci hashing: objects of one size stand at regular distances.
        let hash = (text.as_ptr().addr() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let row = self.0.get_mut((hash >> 56) as usize)?;
        if let Some(Row { text: known, length, octets }) = row {
            if known.is(text) {
                return octets.get(..*length).map(then);
            }
        }
        let content = oid::encode(text.to_str().ok()?)?;
        primitive::object_identifier(&content).ok()?;
        let mut octets = [0; MAX_OCTETS];
        if let Some(place) = octets.get_mut(..content.len()) {
            place.copy_from_slice(&content);
            *row = Some(Row { text: text.clone().unbind(), length: content.len(), octets });
        }
        Some(then(&content))
    }
}
