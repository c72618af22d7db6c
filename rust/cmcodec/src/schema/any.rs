//! Values of unknown type.

use super::primitive;
use crate::der::{Tlv, read_tlv};
use crate::error::{Error, Reason, Result};
use crate::limits::MAX_DEPTH;

/// Proves that an element of unknown type is DER as far as tags tell (P1, P3).
///
/// Iterative, with a stack of [`MAX_DEPTH`] ends. A SET is taken for a SET OF.
pub fn check_any(data: &[u8], root: Tlv, depth: usize) -> Result<()> {
    primitive::check_universal(data, root)?;
    if root.tag() & 0x20 == 0 {
        return Ok(());
    }
    let mut stack = [Open::default(); MAX_DEPTH];
    let mut level = 0;
    let mut open = Open::new(root);
    let mut pos = root.content();
    loop {
        while pos == open.end {
            if level == 0 {
                return Ok(());
            }
            level -= 1;
            open = stack.get(level).copied().unwrap_or_default();
        }
        if depth + 1 + level > MAX_DEPTH {
            return Err(Error::new(Reason::Depth, pos));
        }
        let tlv = read_tlv(data, pos, open.end)?;
        primitive::check_universal(data, tlv)?;
        if open.is_set {
            if tlv.octets(data) < data.get(open.previous..pos).unwrap_or_default() {
                return Err(Error::new(Reason::NotCanonical, tlv.start()));
            }
            open.previous = pos;
        }
        pos = tlv.end();
        if tlv.tag() & 0x20 != 0 {
            if let Some(slot) = stack.get_mut(level) {
                *slot = open;
            }
            level += 1;
            open = Open::new(tlv);
            pos = tlv.content();
        }
    }
}

/// A constructed element whose end has not been reached.
#[derive(Clone, Copy, Default)]
struct Open {
    end: usize,
    /// Where the element before the next one starts, or the next one itself.
    previous: usize,
    is_set: bool,
}

impl Open {
    fn new(tlv: Tlv) -> Self {
        Self { end: tlv.end(), previous: tlv.content(), is_set: tlv.tag() == 0x31 }
    }
}
