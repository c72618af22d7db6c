//! The algorithms on offer: from AlgorithmIdentifiers to what they name (rules
//! V7, V10a and V12).
//!
//! What an AlgorithmIdentifier must look like is data:
//! [`crate::generated::algorithm_tables`]. Everything that is in no row is
//! [`Reason::UnsupportedAlgorithm`].

use std::borrow::Cow;
use std::slice;

use aws_lc_rs::digest;

use crate::der::oid::dotted;
use crate::der::{Elements, Tlv};
use crate::error::Reason;
use crate::generated::algorithm_tables::{DIGESTS, SIGNATURE_NAMES, SIGNATURES};
use crate::generated::algorithms::Parameters;
pub use crate::generated::algorithms::{DigestAlgorithm, Scheme};
use crate::generated::oids::ID_MGF1;
use crate::view::AlgorithmIdentifier;

/// NULL, as parameters have it.
const NULL: &[u8] = &[0x05, 0x00];

impl DigestAlgorithm {
    /// The hash function that an AlgorithmIdentifier names, if it is on offer
    /// and its parameters are absent or NULL (RFC 5754 §2). One that is legacy
    /// too: [`SignatureAlgorithm::from_identifier`] refuses it without
    /// `legacy`; whoever digests anything else with it decides for itself.
    ///
    /// `oid` are the content octets of the OBJECT IDENTIFIER; `parameters`
    /// the whole element, header included.
    pub fn from_identifier(oid: &[u8], parameters: Option<&[u8]>) -> Option<Self> {
        let row = DIGESTS.iter().find(|row| row.oid == oid)?;
        Parameters::AbsentOrNull.accept(parameters).then_some(row.kind)
    }

    /// The digest of `data`.
    #[inline]
    pub fn digest(self, data: &[u8]) -> digest::Digest {
        digest::digest(self.implementation(), data)
    }

    /// The implementation, for whoever digests in several steps.
    #[inline]
    pub fn implementation(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// Octets of a digest.
    #[inline]
    pub fn output_len(self) -> usize {
        self.implementation().output_len
    }

    /// Whether it needs the leave of the caller (rule V10a).
    pub(super) fn is_legacy(self) -> bool {
        DIGESTS.iter().any(|row| row.kind == self && row.legacy)
    }
}

impl Scheme {
    /// Whether it signs the digest of a message and not the message itself.
    pub(super) const fn signs_digests(self) -> bool {
        matches!(self, Self::RsaPkcs1 | Self::RsaPss | Self::Ecdsa)
    }
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
        if !legacy && digests.iter().chain(&digest).any(|digest| digest.is_legacy()) {
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
        let row = self.name_index().and_then(|index| SIGNATURE_NAMES.get(index));
        row.map_or("", |(_, _, name)| name)
    }

    /// Which of [`SIGNATURE_NAMES`] is its name.
    pub(super) fn name_index(self) -> Option<usize> {
        SIGNATURE_NAMES
            .iter()
            .position(|(scheme, digest, _)| *scheme == self.scheme && *digest == self.digest)
    }
}

/// What reports call the algorithm of a signature (V8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmName {
    /// Which of [`SIGNATURE_NAMES`], with or without the leave of the caller (V10a).
    Known(usize),
    /// The OBJECT IDENTIFIER of one that is not on offer, in the DER form of the item.
    Other(Tlv),
}

impl AlgorithmName {
    /// That of `identifier`; `digest` is the digestAlgorithm of the SignerInfo.
    pub(super) fn of(
        data: &[u8],
        identifier: AlgorithmIdentifier,
        digest: Option<DigestAlgorithm>,
    ) -> Self {
        let read = |digest| {
            let (oid, parameters) = (identifier.oid(data), identifier.parameters(data));
            SignatureAlgorithm::from_identifier(oid, parameters, digest, true)
        };
        let index =
            read(digest).or_else(|_| read(None)).ok().and_then(SignatureAlgorithm::name_index);
        index.map_or(Self::Other(identifier.algorithm), Self::Known)
    }

    /// That of what was `read`; where it was refused, the identifier is read again for the name
    /// alone.
    pub(super) fn from_reading(
        read: Result<SignatureAlgorithm, Reason>,
        data: &[u8],
        identifier: AlgorithmIdentifier,
        digest: Option<DigestAlgorithm>,
    ) -> Self {
        let index = read.ok().and_then(SignatureAlgorithm::name_index);
        index.map_or_else(|| Self::of(data, identifier, digest), Self::Known)
    }

    /// The name, or dotted decimal text; `der` is the DER form of the item.
    pub fn text(self, der: &[u8]) -> Cow<'static, str> {
        match self {
            Self::Known(index) => SIGNATURE_NAMES.get(index).map_or("", |(_, _, name)| name).into(),
            Self::Other(oid) => dotted(oid.value(der)).into(),
        }
    }
}

/// RSASSA-PSS-params (RFC 4055 §3.1), as far as they are on offer:
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

/// saltLength where it is absent (RFC 4055 §3.1).
const DEFAULT_SALT: usize = 20;

impl PssParameters {
    /// Reads one whole element. None for everything else than said above.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let mut fields = sequence(octets)?;
        let digest = identified_digest(whole(fields.take_value(0xA0)?, 0x30)?)?;
        let mut mask = sequence(fields.take_value(0xA1)?)?;
        let same = mask.take_value(0x06)? == ID_MGF1
            && identified_digest(mask.take_value(0x30)?)? == digest
            && mask.is_empty();
        let salt = match fields.take_value(0xA2) {
            None => DEFAULT_SALT,
            Some(explicit) => match whole(explicit, 0x02)? {
                &[octet] if usize::from(octet) != DEFAULT_SALT => usize::from(octet),
                _ => return None,
            },
        };
        (same && fields.is_empty() && !digest.is_legacy() && salt <= digest.output_len())
            .then_some(Self { digest, salt })
    }
}

/// The hash function of an AlgorithmIdentifier, given its content octets.
fn identified_digest(content: &[u8]) -> Option<DigestAlgorithm> {
    let mut fields = Elements::all(content);
    let oid = fields.take_value(0x06)?;
    DigestAlgorithm::from_identifier(oid, fields.rest())
}

/// The content of the one element that `octets` consist of.
pub(super) fn whole(octets: &[u8], tag: u8) -> Option<&[u8]> {
    Elements::all(octets).only(tag).map(|element| element.value(octets))
}

/// The elements of the SEQUENCE that `octets` consist of.
pub(super) fn sequence(octets: &[u8]) -> Option<Elements<'_>> {
    whole(octets, 0x30).map(Elements::all)
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
