//! The algorithms on offer, as data (RFC 5754, RFC 4056, RFC 8419, RFC 9882,
//! RFC 10002; rules V7, V10a and V12).
//!
//! What an AlgorithmIdentifier must look like stands in two tables, one row
//! per OBJECT IDENTIFIER. Everything that is in no row is
//! [`Reason::UnsupportedAlgorithm`].

use std::slice;

use aws_lc_rs::digest;

use crate::der::read_tlv;
use crate::error::Reason;

/// NULL, as parameters have it.
const NULL: &[u8] = &[0x05, 0x00];

/// id-mgf1, 1.2.840.113549.1.1.8 (RFC 8017 A.2.1).
const MGF1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08];

/// id-RSASSA-PSS, 1.2.840.113549.1.1.10: names a signature and a key.
pub(super) const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A];

/// rsaEncryption, 1.2.840.113549.1.1.1: names a signature and a key.
pub(super) const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

/// id-Ed25519, 1.3.101.112: names a signature and a key.
pub(super) const ED25519: &[u8] = &[0x2B, 0x65, 0x70];

/// id-ml-dsa-44, 2.16.840.1.101.3.4.3.17: names a signature and a key.
pub(super) const ML_DSA_44: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];

/// id-ml-dsa-65, 2.16.840.1.101.3.4.3.18: names a signature and a key.
pub(super) const ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12];

/// id-ml-dsa-87, 2.16.840.1.101.3.4.3.19: names a signature and a key.
pub(super) const ML_DSA_87: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13];

/// A hash function (RFC 5754 section 2, RFC 3370 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-1. [`SignatureAlgorithm::from_identifier`] refuses it unless
    /// `legacy`; whoever digests anything else with it decides for itself.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What one hash function is called, and by whom.
struct DigestRow {
    digest: DigestAlgorithm,
    oid: &'static [u8],
    name: &'static str,
    implementation: &'static digest::Algorithm,
}

static SHA1: DigestRow = DigestRow {
    digest: DigestAlgorithm::Sha1,
    oid: &[0x2B, 0x0E, 0x03, 0x02, 0x1A],
    name: "SHA-1",
    implementation: &digest::SHA1_FOR_LEGACY_USE_ONLY,
};
static SHA256: DigestRow = DigestRow {
    digest: DigestAlgorithm::Sha256,
    oid: &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
    name: "SHA-256",
    implementation: &digest::SHA256,
};
static SHA384: DigestRow = DigestRow {
    digest: DigestAlgorithm::Sha384,
    oid: &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
    name: "SHA-384",
    implementation: &digest::SHA384,
};
static SHA512: DigestRow = DigestRow {
    digest: DigestAlgorithm::Sha512,
    oid: &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
    name: "SHA-512",
    implementation: &digest::SHA512,
};

/// The most frequent first.
static DIGESTS: [&DigestRow; DigestAlgorithm::COUNT] = [&SHA256, &SHA512, &SHA384, &SHA1];

impl DigestAlgorithm {
    /// How many there are; as numbers they are below it.
    pub(super) const COUNT: usize = 4;

    /// The hash function that an AlgorithmIdentifier names, if it is on offer
    /// and its parameters are absent or NULL (RFC 5754 section 2).
    ///
    /// `oid` are the content octets of the OBJECT IDENTIFIER; `parameters`
    /// the whole element, header included.
    pub fn from_identifier(oid: &[u8], parameters: Option<&[u8]>) -> Option<Self> {
        let row = DIGESTS.iter().find(|row| row.oid == oid)?;
        Parameters::AbsentOrNull.accept(parameters).then_some(row.digest)
    }

    /// The digest of `data`.
    #[inline]
    pub fn digest(self, data: &[u8]) -> digest::Digest {
        digest::digest(self.implementation(), data)
    }

    /// The implementation, for whoever digests in several steps.
    #[inline]
    pub fn implementation(self) -> &'static digest::Algorithm {
        self.row().implementation
    }

    /// Octets of a digest.
    #[inline]
    pub fn output_len(self) -> usize {
        self.implementation().output_len()
    }

    /// As FIPS 180-4 writes it: `SHA-256`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    #[inline]
    fn row(self) -> &'static DigestRow {
        match self {
            Self::Sha1 => &SHA1,
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }
}

/// What kind of signature, hash functions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1,
    /// RSASSA-PSS with MGF1 over the same hash function (RFC 8017 section
    /// 8.1, RFC 4056).
    RsaPss,
    /// ECDSA with an `ECDSA-Sig-Value` (RFC 5753 section 7.2).
    Ecdsa,
    /// Ed25519, pure (RFC 8032 section 5.1, RFC 8419).
    Ed25519,
    /// ML-DSA-44, pure, without context (FIPS 204, RFC 9882).
    MlDsa44,
    /// ML-DSA-65, the same.
    MlDsa65,
    /// ML-DSA-87, the same.
    MlDsa87,
    /// id-alg-noSignature: nothing is signed (RFC 10002, no-signature
    /// mechanism; V12).
    NoSignature,
}

impl Scheme {
    /// Whether it signs the digest of a message and not the message itself.
    pub(super) const fn signs_digests(self) -> bool {
        matches!(self, Self::RsaPkcs1 | Self::RsaPss | Self::Ecdsa)
    }
}

/// Which parameters an AlgorithmIdentifier has to have.
#[derive(Clone, Copy)]
enum Parameters {
    Absent,
    AbsentOrNull,
    Null,
    /// RSASSA-PSS-params, which also name the hash function.
    Pss,
}

impl Parameters {
    /// Whether `found` will do; for [`Parameters::Pss`], [`PssParameters::parse`]
    /// decides.
    fn accept(self, found: Option<&[u8]>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::AbsentOrNull => found.is_none_or(|octets| octets == NULL),
            Self::Null => found == Some(NULL),
            Self::Pss => found.is_some(),
        }
    }
}

/// One OBJECT IDENTIFIER that names a signature algorithm.
struct SignatureRow {
    oid: &'static [u8],
    scheme: Scheme,
    parameters: Parameters,
    /// The hash functions that go with it as digestAlgorithm, the signature's
    /// own first. Empty where the OBJECT IDENTIFIER does not tell:
    /// rsaEncryption leaves it to digestAlgorithm, RSASSA-PSS to its
    /// parameters, id-alg-noSignature has none. Ed25519 and ML-DSA hash by
    /// themselves, but RFC 8419 section 3 ties the one to SHA-512, and RFC
    /// 9882 section 3.3 each parameter set of the other to hash functions that
    /// are as strong, SHA-512 always among them.
    digests: &'static [DigestAlgorithm],
}

/// Every signature algorithm on offer. SHA-1 counts only with `legacy` (V10a).
static SIGNATURES: [SignatureRow; 14] = [
    // sha256WithRSAEncryption, 1.2.840.113549.1.1.11
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B],
        scheme: Scheme::RsaPkcs1,
        parameters: Parameters::AbsentOrNull,
        digests: &[DigestAlgorithm::Sha256],
    },
    // sha384WithRSAEncryption, 1.2.840.113549.1.1.12
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C],
        scheme: Scheme::RsaPkcs1,
        parameters: Parameters::AbsentOrNull,
        digests: &[DigestAlgorithm::Sha384],
    },
    // sha512WithRSAEncryption, 1.2.840.113549.1.1.13
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D],
        scheme: Scheme::RsaPkcs1,
        parameters: Parameters::AbsentOrNull,
        digests: &[DigestAlgorithm::Sha512],
    },
    // rsaEncryption in SignerInfo.signatureAlgorithm (RFC 5754 section 3.2)
    SignatureRow {
        oid: RSA_ENCRYPTION,
        scheme: Scheme::RsaPkcs1,
        parameters: Parameters::AbsentOrNull,
        digests: &[],
    },
    // id-RSASSA-PSS
    SignatureRow {
        oid: RSASSA_PSS,
        scheme: Scheme::RsaPss,
        parameters: Parameters::Pss,
        digests: &[],
    },
    // ecdsa-with-SHA256, 1.2.840.10045.4.3.2
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02],
        scheme: Scheme::Ecdsa,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha256],
    },
    // ecdsa-with-SHA384, 1.2.840.10045.4.3.3
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03],
        scheme: Scheme::Ecdsa,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha384],
    },
    // ecdsa-with-SHA512, 1.2.840.10045.4.3.4
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04],
        scheme: Scheme::Ecdsa,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha512],
    },
    // id-Ed25519
    SignatureRow {
        oid: ED25519,
        scheme: Scheme::Ed25519,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha512],
    },
    // id-ml-dsa-44, id-ml-dsa-65 and id-ml-dsa-87 (RFC 9882 section 3.3)
    SignatureRow {
        oid: ML_DSA_44,
        scheme: Scheme::MlDsa44,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha512, DigestAlgorithm::Sha384, DigestAlgorithm::Sha256],
    },
    SignatureRow {
        oid: ML_DSA_65,
        scheme: Scheme::MlDsa65,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha512, DigestAlgorithm::Sha384],
    },
    SignatureRow {
        oid: ML_DSA_87,
        scheme: Scheme::MlDsa87,
        parameters: Parameters::Absent,
        digests: &[DigestAlgorithm::Sha512],
    },
    // id-alg-noSignature, 1.3.6.1.5.5.7.6.2
    SignatureRow {
        oid: &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x06, 0x02],
        scheme: Scheme::NoSignature,
        parameters: Parameters::Null,
        digests: &[],
    },
    // sha1WithRSAEncryption, 1.2.840.113549.1.1.5
    SignatureRow {
        oid: &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05],
        scheme: Scheme::RsaPkcs1,
        parameters: Parameters::AbsentOrNull,
        digests: &[DigestAlgorithm::Sha1],
    },
];

/// What a signature is called once its hash function is known.
static NAMES: [(Scheme, Option<DigestAlgorithm>, &str); 15] = [
    (Scheme::RsaPkcs1, Some(DigestAlgorithm::Sha1), "sha1WithRSAEncryption"),
    (Scheme::RsaPkcs1, Some(DigestAlgorithm::Sha256), "sha256WithRSAEncryption"),
    (Scheme::RsaPkcs1, Some(DigestAlgorithm::Sha384), "sha384WithRSAEncryption"),
    (Scheme::RsaPkcs1, Some(DigestAlgorithm::Sha512), "sha512WithRSAEncryption"),
    (Scheme::RsaPss, Some(DigestAlgorithm::Sha256), "RSASSA-PSS-SHA256"),
    (Scheme::RsaPss, Some(DigestAlgorithm::Sha384), "RSASSA-PSS-SHA384"),
    (Scheme::RsaPss, Some(DigestAlgorithm::Sha512), "RSASSA-PSS-SHA512"),
    (Scheme::Ecdsa, Some(DigestAlgorithm::Sha256), "ecdsa-with-SHA256"),
    (Scheme::Ecdsa, Some(DigestAlgorithm::Sha384), "ecdsa-with-SHA384"),
    (Scheme::Ecdsa, Some(DigestAlgorithm::Sha512), "ecdsa-with-SHA512"),
    (Scheme::Ed25519, Some(DigestAlgorithm::Sha512), "Ed25519"),
    (Scheme::MlDsa44, Some(DigestAlgorithm::Sha512), "ML-DSA-44"),
    (Scheme::MlDsa65, Some(DigestAlgorithm::Sha512), "ML-DSA-65"),
    (Scheme::MlDsa87, Some(DigestAlgorithm::Sha512), "ML-DSA-87"),
    (Scheme::NoSignature, None, "id-alg-noSignature"),
];

/// A signature algorithm on offer, hash function and parameters settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureAlgorithm {
    scheme: Scheme,
    digest: Option<DigestAlgorithm>,
    salt: usize,
}

impl SignatureAlgorithm {
    /// The algorithm that an AlgorithmIdentifier names.
    ///
    /// `oid` are the content octets of the OBJECT IDENTIFIER and `parameters`
    /// the whole element, header included. `digest` is the digestAlgorithm of
    /// the SignerInfo, or None where the syntax has none (PKCS#10, CRMF,
    /// certificates).
    ///
    /// # Errors
    /// In this order: [`Reason::UnsupportedAlgorithm`] for an algorithm or
    /// parameters that are in no row, rsaEncryption without `digest`, and
    /// SHA-1 in either place without `legacy`;
    /// [`Reason::AlgorithmMismatch`] if `digest` does not go with the
    /// signature (V7): another hash function than its own, or a weaker one
    /// than the parameter set of ML-DSA. id-alg-noSignature goes with every
    /// digest.
    pub fn from_identifier(
        oid: &[u8],
        parameters: Option<&[u8]>,
        digest: Option<DigestAlgorithm>,
        legacy: bool,
    ) -> Result<Self, Reason> {
        let row = SIGNATURES
            .iter()
            .find(|row| row.oid == oid && row.parameters.accept(parameters))
            .ok_or(Reason::UnsupportedAlgorithm)?;
        let pss = match (row.parameters, parameters) {
            (Parameters::Pss, Some(octets)) => {
                Some(PssParameters::parse(octets).ok_or(Reason::UnsupportedAlgorithm)?)
            }
            _ => None,
        };
        let salt = pss.map_or(0, |pss| pss.salt);
        let digests = pss.as_ref().map_or(row.digests, |pss| slice::from_ref(&pss.digest));
        let sha1 = DigestAlgorithm::Sha1;
        if !legacy && (digests.contains(&sha1) || digest == Some(sha1)) {
            return Err(Reason::UnsupportedAlgorithm);
        }
        let settled = match (row.scheme, digests, digest) {
            (Scheme::NoSignature, ..) => None,
            (_, [], None) => return Err(Reason::UnsupportedAlgorithm),
            (_, [], given) => given,
            (_, all, Some(given)) if !all.contains(&given) => {
                return Err(Reason::AlgorithmMismatch);
            }
            (_, [own, ..], _) => Some(*own),
        };
        Ok(Self { scheme: row.scheme, digest: settled, salt })
    }

    /// What kind of signature.
    #[inline]
    pub fn scheme(self) -> Scheme {
        self.scheme
    }

    /// The hash function (SHA-512 for Ed25519 and ML-DSA), None for
    /// id-alg-noSignature.
    #[inline]
    pub fn digest(self) -> Option<DigestAlgorithm> {
        self.digest
    }

    /// Octets of salt; 0 unless RSASSA-PSS.
    #[inline]
    pub fn salt_len(self) -> usize {
        self.salt
    }

    /// As the standards write it: `sha256WithRSAEncryption`, also where the
    /// identifier was rsaEncryption with a digestAlgorithm of SHA-256;
    /// `RSASSA-PSS-SHA256`, whatever the salt.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(scheme, digest, _)| *scheme == self.scheme && *digest == self.digest)
            .map_or("", |(_, _, name)| name)
    }
}

/// RSASSA-PSS-params (RFC 4055 section 3.1), as far as they are on offer:
///
/// ```text
/// RSASSA-PSS-params  ::=  SEQUENCE  {
///    hashAlgorithm      [0] HashAlgorithm DEFAULT sha1Identifier,
///    maskGenAlgorithm   [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
///    saltLength         [2] INTEGER DEFAULT 20,
///    trailerField       [3] INTEGER DEFAULT 1  }
/// ```
///
/// hashAlgorithm and maskGenAlgorithm are explicit, MGF1 has the same hash
/// function, the salt is at most as long as a digest (V10), trailerField is
/// absent. A DEFAULT value that is encoded is not DER and not on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PssParameters {
    pub(super) digest: DigestAlgorithm,
    pub(super) salt: usize,
}

/// saltLength where it is absent (RFC 4055 section 3.1).
const DEFAULT_SALT: usize = 20;

impl PssParameters {
    /// Reads one whole element. None for everything else than said above.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let mut fields = sequence(octets)?;
        let digest = identified_digest(whole(fields.take_if(0xA0)?, 0x30)?)?;
        let mut mask = sequence(fields.take_if(0xA1)?)?;
        let same = mask.take_if(0x06)? == MGF1
            && identified_digest(mask.take_if(0x30)?)? == digest
            && mask.is_empty();
        let salt = match fields.take_if(0xA2) {
            None => DEFAULT_SALT,
            Some(explicit) => match whole(explicit, 0x02)? {
                &[octet] if usize::from(octet) != DEFAULT_SALT => usize::from(octet),
                _ => return None,
            },
        };
        (same
            && fields.is_empty()
            && digest != DigestAlgorithm::Sha1
            && salt <= digest.output_len())
        .then_some(Self { digest, salt })
    }
}

/// The hash function of an AlgorithmIdentifier, given its content octets.
fn identified_digest(content: &[u8]) -> Option<DigestAlgorithm> {
    let mut fields = Elements(content);
    let oid = fields.take_if(0x06)?;
    DigestAlgorithm::from_identifier(oid, (!fields.is_empty()).then_some(fields.0))
}

/// Elements still to be read.
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The content of the next element, if it has this identifier; else
    /// nothing moves.
    pub(super) fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        let element = read_tlv(self.0, 0, self.0.len()).ok()?;
        if element.tag() != tag {
            return None;
        }
        let content = element.value(self.0);
        self.0 = self.0.get(element.end()..)?;
        Some(content)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The content of the one element that `octets` consist of.
pub(super) fn whole(octets: &[u8], tag: u8) -> Option<&[u8]> {
    let mut elements = Elements(octets);
    let content = elements.take_if(tag)?;
    elements.is_empty().then_some(content)
}

/// The elements of the SEQUENCE that `octets` consist of.
pub(super) fn sequence(octets: &[u8]) -> Option<Elements<'_>> {
    whole(octets, 0x30).map(Elements)
}

/// The magnitude of a positive INTEGER in its shortest form, without leading
/// zeros, given its content octets (X.690 8.3.2).
pub(super) fn positive(content: &[u8]) -> Option<&[u8]> {
    match content {
        [0, magnitude @ ..] if magnitude.first()? >= &0x80 => Some(magnitude),
        [0x01..=0x7F, ..] => Some(content),
        _ => None,
    }
}
