//! Who signed a certificate (rule V13).

use super::algorithm::{SignatureAlgorithm, sequence};
use super::key::v9_read_key;
use crate::der::Elements;
use crate::error::Reason;

/// V13: whether the key of `spki`, a SubjectPublicKeyInfo, signed `certificate`
/// (RFC 5280 §4.1.1.3 and 6.1.3 (a)). Never with the leave of rule V10a.
///
/// # Errors
/// The first that applies: [`Reason::BadValue`] where `certificate` has not the
/// fields of a certificate; [`Reason::AlgorithmMismatch`] where its two
/// signature algorithms are not the same octets; what
/// [`SignatureAlgorithm::from_identifier`], [`v9_read_key`] and
/// [`PublicKey::verify`](super::key::PublicKey::verify) say, in this order.
pub fn v13_certificate_signature(certificate: &[u8], spki: &[u8]) -> Result<(), Reason> {
    let signed = Signed::read(certificate).ok_or(Reason::BadValue)?;
    if signed.algorithm != signed.inner_algorithm {
        return Err(Reason::AlgorithmMismatch);
    }
    let mut identifier = sequence(signed.algorithm).ok_or(Reason::BadValue)?;
    let oid = identifier.take_value(0x06).ok_or(Reason::BadValue)?;
    let algorithm = SignatureAlgorithm::from_identifier(oid, identifier.rest(), None, false)?;
    let key = v9_read_key(spki, false)?;
    // No algorithm on offer has signatures that end within an octet.
    let signature = signed.signature.strip_prefix(&[0]).ok_or(Reason::SignatureInvalid)?;
    key.verify(&algorithm, signed.tbs, signature)
}

/// The parts of a certificate that its signature is about.
struct Signed<'a> {
    tbs: &'a [u8],
    /// `tbsCertificate.signature`.
    inner_algorithm: &'a [u8],
    algorithm: &'a [u8],
    /// Content octets of the BIT STRING.
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let outer = Elements::all(octets).only(0x30)?;
        let mut fields = Elements::of(octets, outer);
        let tbs = fields.take_if(0x30)?;
        let algorithm = fields.take_if(0x30)?;
        let signature = fields.take_if(0x03)?;
        let mut inside = Elements::of(octets, tbs);
        inside.take_if(0xA0);
        inside.take_if(0x02)?;
        let inner_algorithm = inside.take_if(0x30)?;
        fields.is_empty().then_some(Self {
            tbs: tbs.octets(octets),
            inner_algorithm: inner_algorithm.octets(octets),
            algorithm: algorithm.octets(octets),
            signature: signature.value(octets),
        })
    }
}
