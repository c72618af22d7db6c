//! One error type for everything that bad input can cause.

use std::fmt;

/// Why an input was refused: a stable code that belongs to one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A length exceeds the octets that remain (P2).
    Truncated,
    /// A length of more octets than any input has (P2).
    Limit,
    /// A tag number, OBJECT IDENTIFIER or INTEGER beyond its bound (P5).
    NumberLimit,
    /// A body part id, a count or a nesting of messages beyond its bound (P6).
    MessageLimit,
    /// Valid BER at best, not DER (P3).
    NotCanonical,
    /// Another element than the type has at this place, or none (P3).
    BadTag,
    /// A value outside its type's range, size, alphabet or calendar (P3).
    BadValue,
    /// Octets after the end of a complete value (P4).
    TrailingData,
    /// Nested deeper than the bound (P1).
    Depth,
    /// Two elements of one PKIData or PKIResponse share an id (P6).
    DuplicateBodyPartId,
    /// The content type cannot carry a CMC signature (V1).
    WrongContentType,
    /// A version number is not the one that the content calls for (V1).
    VersionMismatch,
    /// There is no SignerInfo (V2).
    NoSigner,
    /// A mandatory signed attribute is missing (V4).
    AttributeMissing,
    /// A signed attribute stands twice or has not exactly one value (V4).
    AttributeDuplicate,
    /// Signed attributes are not in DER order as received (V4).
    AttributesUnsorted,
    /// The contentType attribute differs from eContentType (V5).
    ContentTypeMismatch,
    /// The messageDigest attribute differs from the digest of eContent (V6).
    DigestMismatch,
    /// The algorithm, its parameters or its combination is not offered (V7).
    UnsupportedAlgorithm,
    /// The algorithms of one SignerInfo contradict each other (V7).
    AlgorithmMismatch,
    /// No certificate and no request matches the signer identifier (V8).
    SignerNotFound,
    /// Two requests match the signer identifier (V8).
    SignerAmbiguous,
    /// A request-key signature with more than one SignerInfo (V8, R-022).
    RequestKeyNotSoleSigner,
    /// The public key is malformed, weak or out of bounds (V9).
    KeyRejected,
    /// The signature does not verify (V10).
    SignatureInvalid,
    /// id-alg-noSignature authenticates nothing (V12).
    NoSignature,
    /// A proof of possession is present and wrong (R1, R6).
    PopInvalid,
    /// Nothing to verify before decryption.
    Encrypted,
    /// Nothing to verify without the MAC's secret.
    MacUnchecked,
}

impl Reason {
    /// The code as it appears in reports and exceptions.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            // One code: what to do about it is the same.
            Self::Limit | Self::NumberLimit | Self::MessageLimit => "limit",
            Self::NotCanonical => "not_canonical",
            Self::BadTag => "bad_tag",
            Self::BadValue => "bad_value",
            Self::TrailingData => "trailing_data",
            Self::Depth => "depth",
            Self::DuplicateBodyPartId => "duplicate_body_part_id",
            Self::WrongContentType => "wrong_content_type",
            Self::VersionMismatch => "version_mismatch",
            Self::NoSigner => "no_signer",
            Self::AttributeMissing => "attribute_missing",
            Self::AttributeDuplicate => "attribute_duplicate",
            Self::AttributesUnsorted => "attributes_unsorted",
            Self::ContentTypeMismatch => "content_type_mismatch",
            Self::DigestMismatch => "digest_mismatch",
            Self::UnsupportedAlgorithm => "unsupported_algorithm",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::SignerNotFound => "signer_not_found",
            Self::SignerAmbiguous => "signer_ambiguous",
            Self::RequestKeyNotSoleSigner => "request_key_not_sole_signer",
            Self::KeyRejected => "key_rejected",
            Self::SignatureInvalid => "signature_invalid",
            Self::NoSignature => "no_signature",
            Self::PopInvalid => "pop_invalid",
            Self::Encrypted => "encrypted",
            Self::MacUnchecked => "mac_unchecked",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One step of the path from the root of the input to the element at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field or alternative, by its name in the standard.
    Field(&'static str),
    /// An element of a SEQUENCE OF or SET OF.
    Index(usize),
}

/// A refusal: why, where in the octets, and where in the structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    offset: usize,
    /// Innermost first: pushed while the walk unwinds.
    path: Vec<Segment>,
}

/// The result of anything that reads untrusted octets.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal at `offset` octets from the start of the input.
    #[cold]
    pub fn new(reason: Reason, offset: usize) -> Self {
        Self(Box::new(Inner { reason, offset, path: Vec::new() }))
    }

    /// Adds the step that leads to the element this error was found in.
    #[must_use]
    #[cold]
    pub fn within(mut self, segment: Segment) -> Self {
        self.0.path.push(segment);
        self
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Where: octets from the start of the input.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Where, in names: `pkiData.controlSequence[2].attrValues[0]`.
    pub fn path(&self) -> String {
        let mut text = String::new();
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Segment::Index(index) => {
                    text.push('[');
                    text.push_str(&index.to_string());
                    text.push(']');
                }
            }
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.reason(), self.offset())?;
        let path = self.path();
        if path.is_empty() { Ok(()) } else { write!(f, " in {path}") }
    }
}

impl std::error::Error for Error {}
