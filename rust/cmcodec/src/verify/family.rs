//! What the library verifies, as data: one row per combination of key, scheme
//! and hash function, and the shapes that a signature may have before the
//! library sees it (rules V10 and V10a).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPssSaltLength, VerificationAlgorithm,
};

use super::algorithm::DigestAlgorithm::{Sha1, Sha256, Sha384, Sha512};
use super::algorithm::{DigestAlgorithm, Scheme, positive, sequence};
use super::job::{self, Job, Signed};

/// One combination of key, scheme and hash function.
pub(super) struct Row {
    pub(super) scheme: Scheme,
    pub(super) digest: DigestAlgorithm,
    /// Reads the key and verifies; for RSASSA-PSS with the longest salt.
    pub(super) library: &'static dyn VerificationAlgorithm,
    /// RSASSA-PSS with another salt.
    pub(super) salted: Option<fn(RsaPssSaltLength) -> RsaParameters>,
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

/// What makes a job of the octets of a key and of a signature.
type Asked = fn(&[u8], &Signed<'_>) -> Option<Job>;

/// Keys that verify the same combinations.
pub(super) struct Family {
    /// Whether a signature has a form that it may have at all (V10), given the
    /// octets that one under this key has, where that is fixed.
    pub(super) shaped: fn(usize, &[u8]) -> bool,
    /// What lanes are to look at, where they know such keys: made of the octets of a key.
    pub(super) lanes: Option<Asked>,
    /// The combinations, the natural one first. A hash function that is
    /// missing for one of the schemes of the key is [`KeyRejected`](crate::Reason::KeyRejected).
    pub(super) rows: &'static [Row],
}

/// Rows of the largest family.
pub(super) const MAX_ROWS: usize = 7;

/// rsaEncryption, 2048 to 8192 bits.
pub(super) static RSA: Family = Family {
    shaped: has_fixed_length,
    lanes: Some(job::rsa),
    rows: &[
        Row::new(Scheme::RsaPkcs1, Sha256, &RSA_PKCS1_2048_8192_SHA256),
        Row::new(Scheme::RsaPkcs1, Sha384, &RSA_PKCS1_2048_8192_SHA384),
        Row::new(Scheme::RsaPkcs1, Sha512, &RSA_PKCS1_2048_8192_SHA512),
        // A SignatureAlgorithm with SHA-1 exists only with `legacy` (V10a).
        Row::new(Scheme::RsaPkcs1, Sha1, &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Row::pss(Sha256, &RSA_PSS_2048_8192_SHA256, |salt| {
            RSA_PSS_2048_8192_SHA256.with_pss_salt_length(salt)
        }),
        Row::pss(Sha384, &RSA_PSS_2048_8192_SHA384, |salt| {
            RSA_PSS_2048_8192_SHA384.with_pss_salt_length(salt)
        }),
        Row::pss(Sha512, &RSA_PSS_2048_8192_SHA512, |salt| {
            RSA_PSS_2048_8192_SHA512.with_pss_salt_length(salt)
        }),
    ],
};

/// rsaEncryption, 1024 bits, only with `legacy` (V10a).
pub(super) static RSA_1024: Family = Family {
    shaped: has_fixed_length,
    lanes: None,
    rows: &[
        Row::new(Scheme::RsaPkcs1, Sha1, &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Row::new(Scheme::RsaPkcs1, Sha256, &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        Row::new(Scheme::RsaPkcs1, Sha512, &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
    ],
};

pub(super) static P256: Family = Family {
    shaped: is_ecdsa_sig_value,
    lanes: Some(job::p256),
    rows: &[
        Row::new(Scheme::Ecdsa, Sha256, &ECDSA_P256_SHA256_ASN1),
        Row::new(Scheme::Ecdsa, Sha384, &ECDSA_P256_SHA384_ASN1),
        Row::new(Scheme::Ecdsa, Sha512, &ECDSA_P256_SHA512_ASN1),
    ],
};

pub(super) static P384: Family = Family {
    shaped: is_ecdsa_sig_value,
    lanes: Some(job::p384),
    rows: &[
        Row::new(Scheme::Ecdsa, Sha384, &ECDSA_P384_SHA384_ASN1),
        Row::new(Scheme::Ecdsa, Sha256, &ECDSA_P384_SHA256_ASN1),
        Row::new(Scheme::Ecdsa, Sha512, &ECDSA_P384_SHA512_ASN1),
    ],
};

pub(super) static P521: Family = Family {
    shaped: is_ecdsa_sig_value,
    lanes: None,
    rows: &[
        Row::new(Scheme::Ecdsa, Sha512, &ECDSA_P521_SHA512_ASN1),
        Row::new(Scheme::Ecdsa, Sha256, &ECDSA_P521_SHA256_ASN1),
        Row::new(Scheme::Ecdsa, Sha384, &ECDSA_P521_SHA384_ASN1),
    ],
};

pub(super) static EDWARDS: Family = Family {
    shaped: is_strict_signature,
    lanes: Some(job::ed25519),
    rows: &[Row::new(Scheme::Ed25519, Sha512, &ED25519)],
};

pub(super) static ML_DSA_44_KEYS: Family = Family {
    shaped: has_fixed_length,
    lanes: None,
    rows: &[Row::new(Scheme::MlDsa44, Sha512, &ML_DSA_44)],
};

pub(super) static ML_DSA_65_KEYS: Family = Family {
    shaped: has_fixed_length,
    lanes: None,
    rows: &[Row::new(Scheme::MlDsa65, Sha512, &ML_DSA_65)],
};

pub(super) static ML_DSA_87_KEYS: Family = Family {
    shaped: has_fixed_length,
    lanes: None,
    rows: &[Row::new(Scheme::MlDsa87, Sha512, &ML_DSA_87)],
};

/// RSA: exactly as long as the modulus (RFC 8017 §8.1.2 and 8.2.2).
/// ML-DSA: as the parameter set has it (FIPS 204 §5.3).
fn has_fixed_length(octets: usize, signature: &[u8]) -> bool {
    signature.len() == octets
}

/// ECDSA: DER with two positive numbers; how large they may be is left to the
/// library (RFC 3279 §2.2.3):
///
/// ```text
/// ECDSA-Sig-Value  ::=  SEQUENCE  {  r  INTEGER,  s  INTEGER  }
/// ```
fn is_ecdsa_sig_value(_octets: usize, signature: &[u8]) -> bool {
    let Some(mut fields) = sequence(signature) else { return false };
    let mut number = || fields.take_value(0x02).and_then(positive).is_some();
    number() && number() && fields.is_empty()
}

/// Ed25519: a point R and a number s; that s is below L is left to the
/// library (RFC 8032 §5.1.7).
fn is_strict_signature(octets: usize, signature: &[u8]) -> bool {
    signature.len() == octets && signature.first_chunk().is_some_and(is_strict_point)
}

/// p = 2^255 - 19, as RFC 8032 §5.1.2 encodes numbers: the least
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
/// refuses x = 0 with the sign bit set (RFC 8032 §5.1.3).
pub(super) fn is_strict_point(octets: &[u8; 32]) -> bool {
    let mut y = *octets;
    y[31] &= 0x7F;
    y.iter().rev().lt(FIELD.iter().rev()) && !SMALL_ORDER.contains(&y)
}
