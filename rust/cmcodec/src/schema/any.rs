//! Values of unknown type.

use super::primitive;
use crate::der::{Tlv, read_tlv};
use crate::error::{Error, Reason, Result};
use crate::generated::limits::MAX_DEPTH;

/// Checks that an element of unknown type, `depth` deep, is DER as far as tags
/// tell (P1, P3). A SET is taken for a SET OF, which is to be in order where
/// `ordered`.
pub fn check_any(data: &[u8], tlv: Tlv, depth: usize, ordered: bool) -> Result<()> {
    check(data, tlv)?;
    if tlv.tag() & 0x20 == 0 { Ok(()) } else { inside(data, tlv, depth, ordered) }
}

#[inline]
fn check(data: &[u8], tlv: Tlv) -> Result<()> {
    primitive::check_universal(tlv.tag(), tlv.value(data))
        .map_err(|reason| Error::new(reason, tlv.start()))
}

/// Goes on with what stands inside a constructed element.
fn inside(data: &[u8], outer: Tlv, depth: usize, ordered: bool) -> Result<()> {
    let mut pos = outer.content();
    let mut previous = pos;
    while pos < outer.end() {
        if depth == MAX_DEPTH {
            return Err(Error::new(Reason::Depth, pos));
        }
        let tlv = read_tlv(data, pos, outer.end())?;
        check(data, tlv)?;
        if ordered && outer.tag() == 0x31 {
            if tlv.octets(data) < data.get(previous..pos).unwrap_or_default() {
                return Err(Error::new(Reason::NotCanonical, pos));
            }
            previous = pos;
        }
        if tlv.tag() & 0x20 != 0 {
            inside(data, tlv, depth + 1, ordered)?;
        }
        pos = tlv.end();
    }
    Ok(())
}
