//! Public keys and the signatures that they verify (RFC 5280
//! §4.1.2.7, RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881; rules V9, V10 and
//! V10a).
//!
//! Whatever one library might read more generously than another is refused
//! here, before any library sees it: the shape of keys and of signatures. What
//! is left to the library is arithmetic.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{ParsedPublicKey, RsaPssSaltLength, VerificationAlgorithm};

use super::algorithm::{PssParameters, Scheme, SignatureAlgorithm, positive, sequence, whole};
use super::family::{self, Family, MAX_ROWS, Row, is_strict_point};
use super::job::{Job, Signed};
use crate::algorithms::KeyRow;
use crate::der::Elements;
use crate::error::Reason;
use crate::generated::algorithm_tables::{CURVES, PUBLIC_KEYS};
use crate::generated::algorithms::{Curve, KeyAlgorithm};
use crate::generated::limits::{
    LEGACY_RSA_MODULUS_BITS, MAX_RSA_EXPONENT, MAX_RSA_MODULUS_BITS, MIN_RSA_EXPONENT,
    MIN_RSA_MODULUS_BITS,
};

/// An RSA key that only `legacy` admits (rule V10a).
const LEGACY_RSA: &str = "RSA-1024";

/// A SubjectPublicKeyInfo, taken apart.
struct Spki<'a> {
    octets: &'a [u8],
    oid: &'a [u8],
    parameters: Option<&'a [u8]>,
    key: &'a [u8],
    legacy: bool,
}

/// A public key within the bounds of V9, ready to verify any number of
/// signatures on any number of threads.
///
/// # Combinations
///
/// | Key | PKCS#1 v1.5 | PSS | ECDSA | pure |
/// |---|---|---|---|---|
/// | rsaEncryption, 2048 to 8192 bits | SHA-256, SHA-384, SHA-512; `legacy`: SHA-1 | SHA-256, SHA-384, SHA-512 | | |
/// | rsaEncryption, 1024 bits, `legacy` | SHA-1, SHA-256, SHA-512 | | | |
/// | id-RSASSA-PSS, 2048 to 8192 bits | | SHA-256, SHA-384, SHA-512 | | |
/// | id-ecPublicKey, P-256, P-384 or P-521 | | | SHA-256, SHA-384, SHA-512 each | |
/// | id-Ed25519 | | | | Ed25519 |
/// | id-ml-dsa-44, -65, -87 | | | | ML-DSA of the same parameter set, empty context |
///
/// RSASSA-PSS goes with any salt from no octets to as many as a digest has;
/// MGF1 has the hash function of the signature. Where the key's scheme does
/// not fit the signature's the reason is [`Reason::AlgorithmMismatch`]; a
/// 1024-bit key with an RSA combination that is not in its line is
/// [`Reason::KeyRejected`].
pub struct PublicKey {
    name: &'static str,
    /// A signature of another scheme is [`Reason::AlgorithmMismatch`].
    schemes: &'static [Scheme],
    family: &'static Family,
    /// In the form that the library reads fastest.
    octets: Box<[u8]>,
    /// Octets of a signature; 0 where a key does not fix them.
    signature_len: usize,
    /// What a verification costs (rule V15).
    work: usize,
    /// What an id-RSASSA-PSS key demands of its signatures.
    demands: Option<PssParameters>,
    /// One per row of the family, filled on first use: the library binds a
    /// parsed key to one combination.
    parsed: [OnceLock<ParsedPublicKey>; MAX_ROWS],
}

/// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), header
/// included. `legacy` also admits RSA keys of 1024 bits (V10a).
///
/// # Errors
/// [`Reason::UnsupportedAlgorithm`] for a key algorithm, named curve or
/// RSASSA-PSS-params that are not on offer; [`Reason::KeyRejected`] for
/// everything else that is wrong with a key (V9): not DER, octets left
/// over, parameters other than NULL for rsaEncryption, present for
/// id-Ed25519 or id-ml-dsa, or anything but a named curve for
/// id-ecPublicKey, unused bits, numbers and points out of bounds, points
/// off the curve, another length than the parameter set's.
///
/// Whether 32 octets below p are a point of Ed25519 at all is not looked
/// into: where they are not, nothing verifies.
pub fn v9_read_key(spki: &[u8], legacy: bool) -> Result<PublicKey, Reason> {
    let key = read_shape(spki, legacy)?;
    key.check_point()?;
    Ok(key)
}

/// The same, of which a point may be off the curve.
pub(super) fn read_shape(spki: &[u8], legacy: bool) -> Result<PublicKey, Reason> {
    let spki = split(spki, legacy).ok_or(Reason::KeyRejected)?;
    let row = PUBLIC_KEYS.iter().find(|row| row.oid == spki.oid);
    let row = row.ok_or(Reason::UnsupportedAlgorithm)?;
    match row.kind {
        KeyAlgorithm::Rsa => read_rsa(row, &spki),
        KeyAlgorithm::RsaPss => read_rsa_pss(row, &spki),
        KeyAlgorithm::Ec => read_ec(row, &spki),
        KeyAlgorithm::Ed25519 => read_ed25519(row, &spki),
        KeyAlgorithm::MlDsa44 => read_ml_dsa(row, &spki, &family::ML_DSA_44_KEYS),
        KeyAlgorithm::MlDsa65 => read_ml_dsa(row, &spki, &family::ML_DSA_65_KEYS),
        KeyAlgorithm::MlDsa87 => read_ml_dsa(row, &spki, &family::ML_DSA_87_KEYS),
    }
}

impl PublicKey {
    /// Verifies `signature` over the octets of `message`.
    ///
    /// # Errors
    /// The first that applies: [`Reason::NoSignature`] for
    /// id-alg-noSignature (V12); [`Reason::AlgorithmMismatch`] if the key's
    /// scheme is another, or an id-RSASSA-PSS key demands another hash
    /// function or a longer salt (RFC 4055 §3.3);
    /// [`Reason::KeyRejected`] if the key is too short for this algorithm;
    /// [`Reason::SignatureInvalid`] (V10).
    pub fn verify(
        &self,
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        let (row, slot) = self.combination(algorithm)?;
        let (scheme, digest, salt) = (row.scheme, row.digest, algorithm.salt_len());
        if !(self.family.shaped)(self.signature_len, signature) {
            return Err(Reason::SignatureInvalid);
        }
        let verified = match row.salted {
            // The library keeps no parsed key for a salt that varies: the key
            // is read again, a sixth more time for a form that is rare.
            Some(salted) if salt != digest.output_len() => {
                let salt = u16::try_from(salt).map_err(|_| Reason::UnsupportedAlgorithm)?;
                let library = salted(RsaPssSaltLength::Custom(salt));
                library.verify_sig(&self.octets, message, signature)
            }
            _ if scheme.signs_digests() => {
                // Where it digests itself, the library sets up more for each signature.
                self.parsed(row, slot)?.verify_digest_sig(&digest.digest(message), signature)
            }
            _ => self.parsed(row, slot)?.verify_sig(message, signature),
        };
        verified.map_err(|_| Reason::SignatureInvalid)
    }

    /// The same for lanes; `None` where they are not to be asked: a signature that is no good by
    /// its form, an algorithm or a key that they do not know.
    pub(super) fn job(
        &self,
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<Job> {
        let lanes = self.family.lanes?;
        let (row, _) = self.combination(algorithm).ok()?;
        let (scheme, digest, salt) = (row.scheme, row.digest, algorithm.salt_len());
        let signed = Signed { scheme, digest, salt, message, signature };
        (self.family.shaped)(self.signature_len, signature).then(|| lanes(&self.octets, &signed))?
    }

    /// The row of an algorithm that goes with this key.
    fn combination(
        &self,
        algorithm: &SignatureAlgorithm,
    ) -> Result<(&Row, &OnceLock<ParsedPublicKey>), Reason> {
        let (scheme, salt) = (algorithm.scheme(), algorithm.salt_len());
        let digest = algorithm.digest().ok_or(Reason::NoSignature)?;
        let fits = self.schemes.contains(&scheme)
            && self.demands.is_none_or(|key| key.digest == digest && key.salt <= salt);
        if !fits {
            return Err(Reason::AlgorithmMismatch);
        }
        let mut rows = self.family.rows.iter().zip(&self.parsed);
        rows.find(|(row, _)| row.scheme == scheme && row.digest == digest)
            .ok_or(Reason::KeyRejected)
    }

    /// V9: whether a point is on its curve. The key is read for the natural combination, which
    /// is the one that most keys serve: that tells.
    pub(super) fn check_point(&self) -> Result<(), Reason> {
        let natural = self.family.rows.first().zip(self.parsed.first());
        match natural.filter(|(row, _)| row.scheme == Scheme::Ecdsa) {
            Some((row, slot)) => self.parsed(row, slot).map(drop),
            None => Ok(()),
        }
    }

    /// What kind of key: `RSA`, `RSA-1024`, `RSA-PSS`, `P-256`, `P-384`,
    /// `P-521`, `Ed25519`, `ML-DSA-44`, `ML-DSA-65` or `ML-DSA-87`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What a verification costs, in those by RSA keys of 2048 bits (rule V15).
    pub(super) fn work(&self) -> usize {
        self.work
    }

    fn new(row: &KeyRow, family: &'static Family, octets: &[u8]) -> Self {
        Self {
            name: row.kind.name(),
            schemes: row.schemes,
            family,
            octets: octets.into(),
            signature_len: row.signature_octets,
            work: row.work,
            demands: None,
            parsed: [const { OnceLock::new() }; MAX_ROWS],
        }
    }

    /// The key as the library has it for `row`. Two threads that come first
    /// at once both read it; one result stays.
    fn parsed<'a>(
        &'a self,
        row: &Row,
        slot: &'a OnceLock<ParsedPublicKey>,
    ) -> Result<&'a ParsedPublicKey, Reason> {
        if let Some(key) = slot.get() {
            return Ok(key);
        }
        let key =
            ParsedPublicKey::new(row.library, &self.octets).map_err(|_| Reason::KeyRejected)?;
        Ok(slot.get_or_init(|| key))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// Takes a SubjectPublicKeyInfo apart (RFC 5280 §4.1.2.7):
///
/// ```text
/// SubjectPublicKeyInfo  ::=  SEQUENCE  {
///    algorithm            AlgorithmIdentifier,
///    subjectPublicKey     BIT STRING  }
/// ```
fn split(octets: &[u8], legacy: bool) -> Option<Spki<'_>> {
    let mut fields = sequence(octets)?;
    let mut identifier = Elements::all(fields.take_value(0x30)?);
    let oid = identifier.take_value(0x06)?;
    let parameters = identifier.rest();
    let (&unused, key) = fields.take_value(0x03)?.split_first()?;
    (fields.is_empty() && unused == 0).then_some(Spki { octets, oid, parameters, key, legacy })
}

/// rsaEncryption (RFC 3279 §2.3.1): the parameters are NULL.
fn read_rsa(row: &KeyRow, spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    if spki.parameters != Some(&[0x05, 0x00]) {
        return Err(Reason::KeyRejected);
    }
    let (bits, work) = rsa_size(spki.key).ok_or(Reason::KeyRejected)?;
    let key = |family| {
        let key = PublicKey::new(row, family, spki.key);
        PublicKey { signature_len: bits.div_ceil(8), work, ..key }
    };
    match bits {
        MIN_RSA_MODULUS_BITS..=MAX_RSA_MODULUS_BITS => Ok(key(&family::RSA)),
        LEGACY_RSA_MODULUS_BITS if spki.legacy => {
            Ok(PublicKey { name: LEGACY_RSA, ..key(&family::RSA_1024) })
        }
        _ => Err(Reason::KeyRejected),
    }
}

/// id-RSASSA-PSS (RFC 4055 §3.1): no parameters, or what every
/// signature must be like.
fn read_rsa_pss(row: &KeyRow, spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    let demands = match spki.parameters {
        None => None,
        Some(octets) => Some(PssParameters::parse(octets).ok_or(Reason::UnsupportedAlgorithm)?),
    };
    let (bits, work) = rsa_size(spki.key).ok_or(Reason::KeyRejected)?;
    if !(MIN_RSA_MODULUS_BITS..=MAX_RSA_MODULUS_BITS).contains(&bits) {
        return Err(Reason::KeyRejected);
    }
    let signature_len = bits.div_ceil(8);
    Ok(PublicKey { signature_len, work, demands, ..PublicKey::new(row, &family::RSA, spki.key) })
}

/// id-ecPublicKey (RFC 5480 §2.1.1): a named curve and an
/// uncompressed point.
fn read_ec(row: &KeyRow, spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    let oid = spki.parameters.and_then(|octets| whole(octets, 0x06)).ok_or(Reason::KeyRejected)?;
    let curve = CURVES.iter().find(|row| row.oid == oid).ok_or(Reason::UnsupportedAlgorithm)?;
    if spki.key.first() != Some(&0x04) || spki.key.len() != 1 + 2 * curve.coordinate {
        return Err(Reason::KeyRejected);
    }
    let family = match curve.kind {
        Curve::P256 => &family::P256,
        Curve::P384 => &family::P384,
        Curve::P521 => &family::P521,
    };
    let key = PublicKey::new(row, family, spki.octets);
    Ok(PublicKey { name: curve.kind.name(), work: curve.work, ..key })
}

/// id-Ed25519 (RFC 8410 §3 and 4): no parameters, 32 octets.
fn read_ed25519(row: &KeyRow, spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    let strict = spki.key.try_into().is_ok_and(is_strict_point);
    if spki.parameters.is_some() || !strict {
        return Err(Reason::KeyRejected);
    }
    Ok(PublicKey::new(row, &family::EDWARDS, spki.key))
}

/// id-ml-dsa-44, -65 and -87 (RFC 9881 §2 and 4): no parameters, as
/// many octets as the parameter set has. All octets of that length are a key.
fn read_ml_dsa(
    row: &KeyRow,
    spki: &Spki<'_>,
    family: &'static Family,
) -> Result<PublicKey, Reason> {
    if spki.parameters.is_some() || spki.key.len() != row.key_octets {
        return Err(Reason::KeyRejected);
    }
    // Not the bare key, which the library would first try to read as this.
    Ok(PublicKey::new(row, family, spki.octets))
}

/// The bits of the modulus and the work of a verification (V15: a multiplication of squares for
/// each bit of the exponent), if both numbers are within V9 (RFC 8017 A.1.1):
///
/// ```text
/// RSAPublicKey ::= SEQUENCE {
///    modulus           INTEGER,  -- n
///    publicExponent    INTEGER   -- e
/// }
/// ```
fn rsa_size(key: &[u8]) -> Option<(usize, usize)> {
    let mut fields = sequence(key)?;
    let modulus = positive(fields.take_value(0x02)?)?;
    let exponent = positive(fields.take_value(0x02)?)?;
    let exponent = match exponent.len() {
        ..8 => exponent.iter().fold(0u64, |number, &octet| number << 8 | u64::from(octet)),
        _ => return None,
    };
    let (top, rest) = modulus.split_first()?;
    let bits = 8 * rest.len() + usize::try_from(u8::BITS - top.leading_zeros()).ok()?;
    let odd = modulus.last()? & 1 == 1 && exponent & 1 == 1;
    let bounded = (MIN_RSA_EXPONENT..=MAX_RSA_EXPONENT).contains(&exponent);
    let exponent_bits = usize::try_from(u64::BITS - exponent.leading_zeros()).ok()?;
    let work = bits.saturating_mul(bits).saturating_mul(exponent_bits) >> 26;
    (fields.is_empty() && odd && bounded).then_some((bits, work.max(1)))
}
