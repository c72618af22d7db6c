//! The keys that one thread has read (V15).

use std::ops::Range;

use super::key::{PublicKey, read_shape};
use crate::error::Reason;

/// Keys kept at a time that cost little to read: requested keys, which serve
/// once for a signature and once for its proof, and those of a few authorities.
const QUICK: usize = 64;

/// RSA keys kept at a time. To read one and prepare it for its first use costs
/// a sixth of a verification, and takes some kilobytes.
const RSA: usize = 1024;

/// Octets of a key that is likely to be RSA, of 1024 to 8192 bits; points on
/// curves take fewer, keys of ML-DSA more.
const RSA_LENGTHS: Range<usize> = 160..1100;

/// Slots for the keys of one hash value.
const WAYS: usize = 4;

/// The last octets of a key, which in all kinds of keys differ.
const DISTINCT: usize = 24;

/// Public keys by their octets: the key of an authority is read once for many
/// messages, a requested key once for its signature and its proof.
///
/// Each key has [`WAYS`] slots it can stand in, of which a new one takes that
/// of the key looked up longest ago: no choice of keys makes a look-up slow.
#[derive(Debug)]
pub(super) struct Keyring<'a> {
    legacy: bool,
    quick: Box<[Option<Entry<'a>>]>,
    rsa: Box<[Option<Entry<'a>>]>,
}

#[derive(Debug)]
struct Entry<'a> {
    /// The SubjectPublicKeyInfo without its identifier octet.
    octets: &'a [u8],
    key: Result<Box<PublicKey>, Reason>,
    /// Whether more is known of the key than its shape.
    settled: bool,
}

impl<'a> Keyring<'a> {
    pub(super) fn new(legacy: bool) -> Self {
        let slots = |count| std::iter::repeat_with(|| None).take(count).collect();
        Self { legacy, quick: slots(QUICK), rsa: slots(RSA) }
    }

    /// The key in a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), whatever
    /// identifier octet replaces that of its SEQUENCE (RFC 4211 §5).
    pub(super) fn get(&mut self, spki: &'a [u8]) -> Result<&PublicKey, Reason> {
        let entry = self.entry(spki).ok_or(Reason::KeyRejected)?;
        if !entry.settled {
            entry.settled = true;
            let checked = entry.key.as_ref().map_or(Ok(()), |key| key.check_point());
            if let Err(reason) = checked {
                entry.key = Err(reason);
            }
        }
        entry.key.as_deref().map_err(|reason| *reason)
    }

    /// The same, of which nothing but the shape may be known.
    pub(super) fn shape(&mut self, spki: &'a [u8]) -> Result<&PublicKey, Reason> {
        let entry = self.entry(spki).ok_or(Reason::KeyRejected)?;
        entry.key.as_deref().map_err(|reason| *reason)
    }

    fn entry(&mut self, spki: &'a [u8]) -> Option<&mut Entry<'a>> {
        let (tag, octets) = spki.split_first()?;
        let slots =
            if RSA_LENGTHS.contains(&octets.len()) { &mut self.rsa } else { &mut self.quick };
        let start = hash(octets) % (slots.len() / WAYS) * WAYS;
        let ways = slots.get_mut(start..start + WAYS).unwrap_or_default();
        let is_it =
            |entry: &Option<Entry<'_>>| entry.as_ref().is_some_and(|it| it.octets == octets);
        if let Some(way) = ways.iter().position(is_it) {
            ways.get_mut(..=way).unwrap_or_default().rotate_right(1);
        } else {
            let key = match tag {
                0x30 => read_shape(spki, self.legacy),
                _ => read_shape(&[&[0x30], octets].concat(), self.legacy),
            };
            ways.rotate_right(1);
            if let Some(first) = ways.first_mut() {
                *first = Some(Entry { octets, key: key.map(Box::new), settled: false });
            }
        }
        ways.first_mut().and_then(Option::as_mut)
    }
}

/// Spreads keys over slots (FNV-1a, eight octets at a time).
fn hash(octets: &[u8]) -> usize {
    let last = octets.get(octets.len().saturating_sub(DISTINCT)..).unwrap_or_default();
    let mixed = last.chunks(8).fold(0xCBF2_9CE4_8422_2325_u64, |hash, chunk| {
        let word = chunk.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
        (hash ^ word).wrapping_mul(0x0000_0100_0000_01B3)
    });
    // The upper half has been mixed best.
    usize::try_from(mixed >> 40).unwrap_or_default()
}
