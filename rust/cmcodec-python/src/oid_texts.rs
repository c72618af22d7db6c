//! OBJECT IDENTIFIERs as Python text, each made once as long as it is in use.

use std::hash::{BuildHasher, RandomState};

use pyo3::prelude::*;
use pyo3::types::PyString;

/// Pairs of places; each pair has the identifiers of one hash.
const PAIRS: usize = 1024;

/// Identifiers of more content octets are not kept: those in use are shorter.
const MAX_OCTETS: usize = 15;

type Place = Option<(u128, Py<PyString>)>;

/// A cache of fixed size. A pair forgets the one not asked for last, so no
/// sequence of identifiers fills it up; and since nobody outside knows the
/// hash, none can be chosen to fall into the same pair.
pub struct OidTexts {
    places: Vec<[Place; 2]>,
    factor: u128,
}

impl Default for OidTexts {
    fn default() -> Self {
        let random = RandomState::new();
        let half = |half: u8| u128::from(random.hash_one(half));
        let places = std::iter::repeat_with(<[_; 2]>::default).take(PAIRS).collect();
        Self { places, factor: half(0) << 64 | half(1) | 1 }
    }
}

impl OidTexts {
    /// Dotted decimal text of these content octets.
    pub fn text<'py>(&mut self, py: Python<'py>, content: &[u8]) -> Bound<'py, PyString> {
        let make = || PyString::new(py, &cmcodec::der::oid::dotted(content));
        let Some((key, [first, last])) = self.find(content) else { return make() };
        if let Some(text) = known(first, key) {
            return text.bind(py).clone();
        }
        std::mem::swap(first, last);
        if let Some(text) = known(first, key) {
            return text.bind(py).clone();
        }
        let text = make();
        *first = Some((key, text.clone().unbind()));
        text
    }

    /// The key of these content octets and the pair of places it belongs to.
    fn find(&mut self, content: &[u8]) -> Option<(u128, &mut [Place; 2])> {
        if content.len() > MAX_OCTETS {
            return None;
        }
        // A leading 1 makes the octets an unambiguous number.
        let key = content.iter().fold(1, |key, octet| key << 8 | u128::from(*octet));
        // Multiply-shift hashing, with a secret odd factor.
        let hash = key.wrapping_mul(self.factor) >> (128 - PAIRS.ilog2());
        Some((key, self.places.get_mut(usize::try_from(hash).ok()?)?))
    }
}

fn known(place: &Place, key: u128) -> Option<&Py<PyString>> {
    place.as_ref().filter(|(kept, _)| *kept == key).map(|(_, text)| text)
}
