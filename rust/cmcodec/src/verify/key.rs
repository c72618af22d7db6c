//! Public keys and the signatures that they verify (RFC 5280 section
//! 4.1.2.7, RFC 3279, RFC 4055, RFC 5480, RFC 8410; rules V9, V10 and V10a).
//!
//! Whatever one library might read more generously than another is refused
//! here, before any library sees it: the shape of keys, of ECDSA and of
//! Ed25519 signatures. What is left to the library is arithmetic.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPssSaltLength,
    VerificationAlgorithm,
};

use crate::error::Reason;
use crate::verify::algorithm::{
    self, DigestAlgorithm, Elements, PssParameters, Scheme, SignatureAlgorithm, positive, sequence,
    whole,
};

/// Shortest RSA modulus (V9).
pub const MIN_RSA_MODULUS_BITS: usize = 2048;

/// Longest RSA modulus (V9): bounds the time of one verification.
pub const MAX_RSA_MODULUS_BITS: usize = 8192;

/// The one shorter RSA modulus that `legacy` admits (V10a).
pub const LEGACY_RSA_MODULUS_BITS: usize = 1024;

/// Smallest RSA exponent (V9).
pub const MIN_RSA_EXPONENT: u64 = 3;

/// Largest RSA exponent (V9): bounds the time of one verification.
pub const MAX_RSA_EXPONENT: u64 = 1 << 33;

/// One combination of key, scheme and hash function.
struct Row {
    scheme: Scheme,
    digest: DigestAlgorithm,
    /// Reads the key and verifies; for RSASSA-PSS with the longest salt.
    library: &'static dyn VerificationAlgorithm,
    /// RSASSA-PSS with another salt.
    salted: Option<fn(RsaPssSaltLength) -> RsaParameters>,
}

impl Row {
    const fn new(
        scheme: Scheme,
        digest: DigestAlgorithm,
        library: &'static dyn VerificationAlgorithm,
    ) -> Self {
        Self { scheme, digest, library, salted: None }
    }

    const fn pss(
        digest: DigestAlgorithm,
        library: &'static dyn VerificationAlgorithm,
        salted: fn(RsaPssSaltLength) -> RsaParameters,
    ) -> Self {
        Self { scheme: Scheme::RsaPss, digest, library, salted: Some(salted) }
    }
}

/// Keys that verify the same combinations.
struct Family {
    name: &'static str,
    /// A signature of another scheme is [`Reason::AlgorithmMismatch`].
    schemes: &'static [Scheme],
    /// Whether a signature has a form that it may have at all (V10).
    shaped: fn(&PublicKey, &[u8]) -> bool,
    /// The combinations, the natural one first. A hash function that is
    /// missing for one of `schemes` is [`Reason::KeyRejected`].
    rows: &'static [Row],
}

/// Rows of the largest family.
const MAX_ROWS: usize = 7;

/// rsaEncryption, 2048 to 8192 bits.
static RSA: Family = Family {
    name: "RSA",
    schemes: &[Scheme::RsaPkcs1, Scheme::RsaPss],
    shaped: has_modulus_length,
    rows: &[
        Row::new(Scheme::RsaPkcs1, DigestAlgorithm::Sha256, &RSA_PKCS1_2048_8192_SHA256),
        Row::new(Scheme::RsaPkcs1, DigestAlgorithm::Sha384, &RSA_PKCS1_2048_8192_SHA384),
        Row::new(Scheme::RsaPkcs1, DigestAlgorithm::Sha512, &RSA_PKCS1_2048_8192_SHA512),
        // A SignatureAlgorithm with SHA-1 exists only with `legacy` (V10a).
        Row::new(
            Scheme::RsaPkcs1,
            DigestAlgorithm::Sha1,
            &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        ),
        Row::pss(DigestAlgorithm::Sha256, &RSA_PSS_2048_8192_SHA256, |salt| {
            RSA_PSS_2048_8192_SHA256.with_pss_salt_length(salt)
        }),
        Row::pss(DigestAlgorithm::Sha384, &RSA_PSS_2048_8192_SHA384, |salt| {
            RSA_PSS_2048_8192_SHA384.with_pss_salt_length(salt)
        }),
        Row::pss(DigestAlgorithm::Sha512, &RSA_PSS_2048_8192_SHA512, |salt| {
            RSA_PSS_2048_8192_SHA512.with_pss_salt_length(salt)
        }),
    ],
};

/// rsaEncryption, 1024 bits, only with `legacy` (V10a).
static RSA_1024: Family = Family {
    name: "RSA-1024",
    schemes: &[Scheme::RsaPkcs1, Scheme::RsaPss],
    shaped: has_modulus_length,
    rows: &[
        Row::new(
            Scheme::RsaPkcs1,
            DigestAlgorithm::Sha1,
            &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        ),
        Row::new(
            Scheme::RsaPkcs1,
            DigestAlgorithm::Sha256,
            &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        ),
        Row::new(
            Scheme::RsaPkcs1,
            DigestAlgorithm::Sha512,
            &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        ),
    ],
};

/// id-RSASSA-PSS, 2048 to 8192 bits: the rows of [`RSA`], for one scheme.
static RSA_PSS: Family = Family {
    name: "RSA-PSS",
    schemes: &[Scheme::RsaPss],
    shaped: has_modulus_length,
    rows: RSA.rows,
};

static P256: Family = Family {
    name: "P-256",
    schemes: &[Scheme::Ecdsa],
    shaped: is_ecdsa_sig_value,
    rows: &[
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha256, &ECDSA_P256_SHA256_ASN1),
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha384, &ECDSA_P256_SHA384_ASN1),
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha512, &ECDSA_P256_SHA512_ASN1),
    ],
};

static P384: Family = Family {
    name: "P-384",
    schemes: &[Scheme::Ecdsa],
    shaped: is_ecdsa_sig_value,
    rows: &[
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha384, &ECDSA_P384_SHA384_ASN1),
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha256, &ECDSA_P384_SHA256_ASN1),
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha512, &ECDSA_P384_SHA512_ASN1),
    ],
};

static P521: Family = Family {
    name: "P-521",
    schemes: &[Scheme::Ecdsa],
    shaped: is_ecdsa_sig_value,
    rows: &[
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha512, &ECDSA_P521_SHA512_ASN1),
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha256, &ECDSA_P521_SHA256_ASN1),
        Row::new(Scheme::Ecdsa, DigestAlgorithm::Sha384, &ECDSA_P521_SHA384_ASN1),
    ],
};

static EDWARDS: Family = Family {
    name: "Ed25519",
    schemes: &[Scheme::Ed25519],
    shaped: is_strict_signature,
    rows: &[Row::new(Scheme::Ed25519, DigestAlgorithm::Sha512, &ED25519)],
};

/// A curve that a key may name (RFC 5480 section 2.1.1.1).
struct Curve {
    oid: &'static [u8],
    /// Octets of a coordinate.
    coordinate: usize,
    family: &'static Family,
}

static CURVES: [Curve; 3] = [
    // secp256r1, 1.2.840.10045.3.1.7
    Curve { oid: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], coordinate: 32, family: &P256 },
    // secp384r1, 1.3.132.0.34
    Curve { oid: &[0x2B, 0x81, 0x04, 0x00, 0x22], coordinate: 48, family: &P384 },
    // secp521r1, 1.3.132.0.35
    Curve { oid: &[0x2B, 0x81, 0x04, 0x00, 0x23], coordinate: 66, family: &P521 },
];

/// A SubjectPublicKeyInfo, taken apart.
struct Spki<'a> {
    octets: &'a [u8],
    parameters: Option<&'a [u8]>,
    key: &'a [u8],
    legacy: bool,
}

/// What an OBJECT IDENTIFIER in SubjectPublicKeyInfo.algorithm leads to.
struct KeyRow {
    oid: &'static [u8],
    read: fn(&Spki<'_>) -> Result<PublicKey, Reason>,
}

static KEYS: [KeyRow; 4] = [
    KeyRow { oid: algorithm::RSA_ENCRYPTION, read: read_rsa },
    // id-ecPublicKey, 1.2.840.10045.2.1
    KeyRow { oid: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01], read: read_ec },
    KeyRow { oid: algorithm::ED25519, read: read_ed25519 },
    KeyRow { oid: algorithm::RSASSA_PSS, read: read_rsa_pss },
];

/// A public key within the bounds of V9, ready to verify any number of
/// signatures on any number of threads.
///
/// # Combinations
///
/// | Key | PKCS#1 v1.5 | PSS | ECDSA | Ed25519 |
/// |---|---|---|---|---|
/// | rsaEncryption, 2048 to 8192 bits | SHA-256, SHA-384, SHA-512; `legacy`: SHA-1 | SHA-256, SHA-384, SHA-512 | | |
/// | rsaEncryption, 1024 bits, `legacy` | SHA-1, SHA-256, SHA-512 | | | |
/// | id-RSASSA-PSS, 2048 to 8192 bits | | SHA-256, SHA-384, SHA-512 | | |
/// | id-ecPublicKey, P-256, P-384 or P-521 | | | SHA-256, SHA-384, SHA-512 each | |
/// | id-Ed25519 | | | | yes |
///
/// RSASSA-PSS goes with any salt from no octets to as many as a digest has;
/// MGF1 has the hash function of the signature. Where the key's scheme does
/// not fit the signature's the reason is [`Reason::AlgorithmMismatch`]; a
/// 1024-bit key with an RSA combination that is not in its line is
/// [`Reason::KeyRejected`].
pub struct PublicKey {
    family: &'static Family,
    /// In the form that the library reads fastest.
    octets: Box<[u8]>,
    /// Octets of an RSA signature; 0 for other keys.
    modulus_len: usize,
    /// What an id-RSASSA-PSS key demands of its signatures.
    demands: Option<PssParameters>,
    /// One per row of the family, filled on first use: the library binds a
    /// parsed key to one combination.
    parsed: [OnceLock<ParsedPublicKey>; MAX_ROWS],
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), header
    /// included. `legacy` also admits RSA keys of 1024 bits (V10a).
    ///
    /// # Errors
    /// [`Reason::UnsupportedAlgorithm`] for a key algorithm, named curve or
    /// RSASSA-PSS-params that are not on offer; [`Reason::KeyRejected`] for
    /// everything else that is wrong with a key (V9): not DER, octets left
    /// over, parameters other than NULL for rsaEncryption, present for
    /// id-Ed25519 or anything but a named curve for id-ecPublicKey, unused
    /// bits, numbers and points out of bounds, points off the curve.
    ///
    /// Whether 32 octets below p are a point of Ed25519 at all is not looked
    /// into: where they are not, nothing verifies.
    pub fn parse(spki: &[u8], legacy: bool) -> Result<Self, Reason> {
        let (oid, parts) = split(spki, legacy).ok_or(Reason::KeyRejected)?;
        let row = KEYS.iter().find(|row| row.oid == oid).ok_or(Reason::UnsupportedAlgorithm)?;
        (row.read)(&parts)
    }

    /// Verifies `signature` over the octets of `message`.
    ///
    /// # Errors
    /// The first that applies: [`Reason::NoSignature`] for
    /// id-alg-noSignature (V12); [`Reason::AlgorithmMismatch`] if the key's
    /// scheme is another, or an id-RSASSA-PSS key demands another hash
    /// function or a longer salt (RFC 4055 section 3.3);
    /// [`Reason::KeyRejected`] if the key is too short for this algorithm;
    /// [`Reason::SignatureInvalid`] (V10).
    pub fn verify(
        &self,
        algorithm: &SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        let (scheme, salt) = (algorithm.scheme(), algorithm.salt_len());
        let digest = algorithm.digest().ok_or(Reason::NoSignature)?;
        let fits = self.family.schemes.contains(&scheme)
            && self.demands.is_none_or(|key| key.digest == digest && key.salt <= salt);
        if !fits {
            return Err(Reason::AlgorithmMismatch);
        }
        let (row, slot) = self
            .family
            .rows
            .iter()
            .zip(&self.parsed)
            .find(|(row, _)| row.scheme == scheme && row.digest == digest)
            .ok_or(Reason::KeyRejected)?;
        if !(self.family.shaped)(self, signature) {
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
            _ => self.parsed(row, slot)?.verify_sig(message, signature),
        };
        verified.map_err(|_| Reason::SignatureInvalid)
    }

    /// What kind of key: `RSA`, `RSA-1024`, `RSA-PSS`, `P-256`, `P-384`,
    /// `P-521` or `Ed25519`.
    pub fn name(&self) -> &'static str {
        self.family.name
    }

    fn new(family: &'static Family, octets: &[u8]) -> Self {
        Self {
            family,
            octets: octets.into(),
            modulus_len: 0,
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

/// Takes a SubjectPublicKeyInfo apart (RFC 5280 section 4.1.2.7):
///
/// ```text
/// SubjectPublicKeyInfo  ::=  SEQUENCE  {
///    algorithm            AlgorithmIdentifier,
///    subjectPublicKey     BIT STRING  }
/// ```
fn split(octets: &[u8], legacy: bool) -> Option<(&[u8], Spki<'_>)> {
    let mut fields = sequence(octets)?;
    let mut identifier = Elements(fields.take_if(0x30)?);
    let oid = identifier.take_if(0x06)?;
    let parameters = (!identifier.is_empty()).then_some(identifier.0);
    let (&unused, key) = fields.take_if(0x03)?.split_first()?;
    (fields.is_empty() && unused == 0).then_some((oid, Spki { octets, parameters, key, legacy }))
}

/// rsaEncryption (RFC 3279 section 2.3.1): the parameters are NULL.
fn read_rsa(spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    if spki.parameters != Some(&[0x05, 0x00]) {
        return Err(Reason::KeyRejected);
    }
    let bits = rsa_modulus_bits(spki.key).ok_or(Reason::KeyRejected)?;
    let family = match bits {
        MIN_RSA_MODULUS_BITS..=MAX_RSA_MODULUS_BITS => &RSA,
        LEGACY_RSA_MODULUS_BITS if spki.legacy => &RSA_1024,
        _ => return Err(Reason::KeyRejected),
    };
    Ok(PublicKey { modulus_len: bits.div_ceil(8), ..PublicKey::new(family, spki.key) })
}

/// id-RSASSA-PSS (RFC 4055 section 3.1): no parameters, or what every
/// signature must be like.
fn read_rsa_pss(spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    let demands = match spki.parameters {
        None => None,
        Some(octets) => Some(PssParameters::parse(octets).ok_or(Reason::UnsupportedAlgorithm)?),
    };
    let bits = rsa_modulus_bits(spki.key).ok_or(Reason::KeyRejected)?;
    if !(MIN_RSA_MODULUS_BITS..=MAX_RSA_MODULUS_BITS).contains(&bits) {
        return Err(Reason::KeyRejected);
    }
    let modulus_len = bits.div_ceil(8);
    Ok(PublicKey { modulus_len, demands, ..PublicKey::new(&RSA_PSS, spki.key) })
}

/// id-ecPublicKey (RFC 5480 section 2.1.1): a named curve and an
/// uncompressed point.
fn read_ec(spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    let oid = spki.parameters.and_then(|octets| whole(octets, 0x06)).ok_or(Reason::KeyRejected)?;
    let curve = CURVES.iter().find(|row| row.oid == oid).ok_or(Reason::UnsupportedAlgorithm)?;
    if spki.key.first() != Some(&0x04) || spki.key.len() != 1 + 2 * curve.coordinate {
        return Err(Reason::KeyRejected);
    }
    let key = PublicKey::new(curve.family, spki.octets);
    // Reading the key for the natural combination, which is the one that most
    // keys serve, tells whether the point is on the curve.
    if let (Some(row), [slot, ..]) = (curve.family.rows.first(), &key.parsed) {
        key.parsed(row, slot)?;
    }
    Ok(key)
}

/// id-Ed25519 (RFC 8410 sections 3 and 4): no parameters, 32 octets.
fn read_ed25519(spki: &Spki<'_>) -> Result<PublicKey, Reason> {
    let strict = spki.key.try_into().is_ok_and(is_strict_point);
    if spki.parameters.is_some() || !strict {
        return Err(Reason::KeyRejected);
    }
    Ok(PublicKey::new(&EDWARDS, spki.key))
}

/// The size of the modulus, if both numbers are within V9 (RFC 8017 A.1.1):
///
/// ```text
/// RSAPublicKey ::= SEQUENCE {
///    modulus           INTEGER,  -- n
///    publicExponent    INTEGER   -- e
/// }
/// ```
fn rsa_modulus_bits(key: &[u8]) -> Option<usize> {
    let mut fields = sequence(key)?;
    let modulus = positive(fields.take_if(0x02)?)?;
    let exponent = positive(fields.take_if(0x02)?)?;
    let exponent = match exponent.len() {
        ..8 => exponent.iter().fold(0u64, |number, &octet| number << 8 | u64::from(octet)),
        _ => return None,
    };
    let (top, rest) = modulus.split_first()?;
    let bits = 8 * rest.len() + usize::try_from(u8::BITS - top.leading_zeros()).ok()?;
    let odd = modulus.last()? & 1 == 1 && exponent & 1 == 1;
    (fields.is_empty() && odd && (MIN_RSA_EXPONENT..=MAX_RSA_EXPONENT).contains(&exponent))
        .then_some(bits)
}

/// RSA: exactly as long as the modulus (RFC 8017 sections 8.1.2 and 8.2.2).
fn has_modulus_length(key: &PublicKey, signature: &[u8]) -> bool {
    signature.len() == key.modulus_len
}

/// ECDSA: DER with two positive numbers; how large they may be is left to the
/// library (RFC 3279 section 2.2.3):
///
/// ```text
/// ECDSA-Sig-Value  ::=  SEQUENCE  {  r  INTEGER,  s  INTEGER  }
/// ```
fn is_ecdsa_sig_value(_key: &PublicKey, signature: &[u8]) -> bool {
    let Some(mut fields) = sequence(signature) else { return false };
    let mut number = || fields.take_if(0x02).and_then(positive).is_some();
    number() && number() && fields.is_empty()
}

/// Ed25519: a point R and a number s; that s is below L is left to the
/// library (RFC 8032 section 5.1.7).
fn is_strict_signature(_key: &PublicKey, signature: &[u8]) -> bool {
    signature.len() == 64 && signature.first_chunk().is_some_and(is_strict_point)
}

/// p = 2^255 - 19, as RFC 8032 section 5.1.2 encodes numbers: the least
/// significant octet first.
const FIELD: [u8; 32] = {
    let mut octets = [0xFF; 32];
    octets[0] = 0xED;
    octets[31] = 0x7F;
    octets
};

/// The y coordinates below p of the points whose order divides 8; those of
/// order 1, 2, 4, 8 and 8.
static SMALL_ORDER: [[u8; 32]; 5] = [
    {
        let mut octets = [0; 32];
        octets[0] = 1;
        octets
    },
    {
        let mut octets = FIELD;
        octets[0] -= 1;
        octets
    },
    [0; 32],
    [
        0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98,
        0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53,
        0xFC, 0x05,
    ],
    [
        0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67,
        0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC,
        0x03, 0x7A,
    ],
];

/// Whether y is below p and not that of a point of small order (V9). The
/// sign bit plays no part: y of order 1 and 2 have x = 0, so this also
/// refuses x = 0 with the sign bit set (RFC 8032 section 5.1.3).
fn is_strict_point(octets: &[u8; 32]) -> bool {
    let mut y = *octets;
    y[31] &= 0x7F;
    y.iter().rev().lt(FIELD.iter().rev()) && !SMALL_ORDER.contains(&y)
}
