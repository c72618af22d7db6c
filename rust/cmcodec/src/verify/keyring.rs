//! The keys that one thread has read (V15).

use std::collections::HashMap;

use super::key::PublicKey;
use crate::error::Reason;

/// Keys kept at a time: more than the authorities of one batch, few enough
/// that the keys of 100,000 end entities do not pile up.
const CAPACITY: usize = 64;

/// Public keys by their octets: the key of an authority is read once for many
/// messages, a requested key once for its signature and its proof.
#[derive(Debug)]
pub(super) struct Keyring<'a> {
    legacy: bool,
    keys: HashMap<&'a [u8], Result<Box<PublicKey>, Reason>>,
}

impl<'a> Keyring<'a> {
    pub(super) fn new(legacy: bool) -> Self {
        Self { legacy, keys: HashMap::with_capacity(CAPACITY) }
    }

    /// The key in a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), whatever
    /// identifier octet replaces that of its SEQUENCE (RFC 4211 section 5).
    pub(super) fn get(&mut self, spki: &'a [u8]) -> Result<&PublicKey, Reason> {
        let (tag, rest) = spki.split_first().ok_or(Reason::KeyRejected)?;
        if self.keys.len() == CAPACITY && !self.keys.contains_key(rest) {
            self.keys.clear();
        }
        let key = self.keys.entry(rest).or_insert_with(|| {
            let key = match tag {
                0x30 => PublicKey::parse(spki, self.legacy),
                _ => PublicKey::parse(&[&[0x30], rest].concat(), self.legacy),
            };
            key.map(Box::new)
        });
        key.as_deref().map_err(|reason| *reason)
    }
}
