//! What verification found, in rows.

use std::ops::{Deref, DerefMut, Range};

use aws_lc_rs::digest::{self, SHA256};

pub use super::algorithm::AlgorithmName;
use super::certificates::KnownCertificates;
use crate::error::Reason;
use crate::load::Encoding;
pub use crate::message_kind::MessageKind;

named! {
    /// What is to be thought of one message (rule V3).
    pub enum Verdict {
        /// Every SignerInfo and every proof of possession that is there is good.
        Verified = "verified",
        /// A rule is broken.
        Failed = "failed",
        /// Nobody signed: certs-only by design, or a server that cannot sign.
        Unsigned = "unsigned",
        /// Nothing can be checked yet: encrypted, or authenticated by a MAC.
        Unverified = "unverified",
        /// Not a message at all.
        Malformed = "malformed",
    }
}

named! {
    /// The form of a request (RFC 10002 §3.2.1.2).
    pub enum RequestForm {
        /// tcr, or a Simple PKI Request.
        Pkcs10 = "pkcs10",
        /// crm.
        Crmf = "crmf",
        /// orm.
        Other = "other",
    }
}

named! {
    /// What is known of the possession of a requested key (R1, R2, R6).
    pub enum PopState {
        /// The requested key signed the request.
        Verified = "verified",
        /// An authorised registration authority says so.
        RaAsserted = "ra-asserted",
        /// Nothing that counts.
        Absent = "absent",
        /// The key cannot sign: encryptedPOP is needed.
        ChallengeNeeded = "challenge-needed",
        /// A proof is there and wrong.
        Failed = "failed",
    }
}

/// Why a message is not verified, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Why, and under which rule.
    pub reason: Reason,
    /// The element at fault: octets from the start of the DER form.
    pub offset: Option<usize>,
}

impl Fault {
    /// A rule that is broken at `offset`.
    pub const fn new(reason: Reason, offset: usize) -> Self {
        Self { reason, offset: Some(offset) }
    }

    /// What is wrong at `offset`, unless `good`.
    pub(super) fn unless(good: bool, reason: Reason, offset: usize) -> Result<(), Self> {
        if good { Ok(()) } else { Err(Self::new(reason, offset)) }
    }

    /// A reason that breaks no rule and stands nowhere.
    pub const fn state(reason: Reason) -> Self {
        Self { reason, offset: None }
    }
}

/// A SignerInfo (V3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The signature algorithm.
    pub algorithm: AlgorithmName,
    /// What verified the signature, or why nothing did.
    pub key: Result<SignerKey, Reason>,
}

/// What verified a signature (V8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerKey {
    /// Certificates, mostly one: an authorised registration authority's first, then the caller's,
    /// then the message's.
    Certificates(Few<CertificateSource>),
    /// The key of the request with this body part id, itself.
    Request(u32),
}

/// Where the octets of a certificate are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// In the DER form of the item.
    Message(Range<usize>),
    /// Among those that the caller gave: which one.
    Caller(usize),
}

impl CertificateSource {
    /// The octets: in `der`, the DER form of the item, or among `known`.
    pub fn octets<'a>(&self, der: &'a [u8], known: &'a KnownCertificates) -> Option<&'a [u8]> {
        match self {
            Self::Message(range) => der.get(range.clone()),
            Self::Caller(index) => known.get(*index),
        }
    }

    /// The caller's before the message's, each in the order in which they stand (V8).
    pub(super) fn preference(&self) -> (bool, usize) {
        match self {
            Self::Message(range) => (true, range.start),
            Self::Caller(index) => (false, *index),
        }
    }
}

/// The SHA-256 of a certificate, which is what verdicts call it by (V8).
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    let digest = digest::digest(&SHA256, certificate);
    octets.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    octets
}

/// A SHA-256 in hexadecimal.
pub fn hexadecimal(digest: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, octet) in text.chunks_exact_mut(2).zip(digest) {
        for (digit, half) in pair.iter_mut().zip([octet >> 4, octet & 0xF]) {
            *digit = if half < 10 { b'0' + half } else { b'a' - 10 + half };
        }
    }
    text
}

/// A request and the proof of possession of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its body part id; 1 for a Simple PKI Request.
    pub id: u32,
    /// Its form.
    pub form: RequestForm,
    /// The algorithm of the signature that is to prove possession; None where there is none.
    pub algorithm: Option<AlgorithmName>,
    /// The state of its proof.
    pub pop: PopState,
}

/// What was found out about one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which message it is.
    pub kind: MessageKind,
    /// The verdict.
    pub verdict: Verdict,
    /// The first fault, in the order of the rules.
    pub fault: Option<Fault>,
    /// Its SignerInfos, in received order.
    pub signers: Few<Signer>,
    /// Its requests, in received order.
    pub requests: Few<Request>,
    /// The content octets of the transactionId control (RFC 10002 §6.6), in the DER form of the item.
    pub transaction_id: Option<Range<usize>>,
    /// Whether a control refers to other body parts or stands too often, or a request may ask for
    /// one extension twice (R4).
    pub may_have_notes: bool,
    /// Whether a version is a note (V1).
    pub has_other_version: bool,
}

impl Finding {
    /// Nothing but a verdict.
    pub fn new(kind: MessageKind, verdict: Verdict, fault: Option<Fault>) -> Self {
        Self {
            kind,
            verdict,
            fault,
            signers: Few::None,
            requests: Few::None,
            transaction_id: None,
            may_have_notes: false,
            has_other_version: false,
        }
    }

    /// Whether it is what [`Self::new`] makes.
    pub(super) fn is_bare(&self) -> bool {
        let Self { signers, requests, transaction_id, may_have_notes, has_other_version, .. } =
            self;
        let has_flags = *may_have_notes || *has_other_version;
        signers.is_empty() && requests.is_empty() && transaction_id.is_none() && !has_flags
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which of the items it is, or is part of.
    pub item: usize,
    /// Body part ids from the outermost message; empty for that itself.
    pub path: Box<[u32]>,
    /// How it was encoded.
    pub encoding: Encoding,
    /// The ContentInfo or CertificationRequest in the DER form of the item.
    pub span: Range<usize>,
    /// What was found out about it.
    pub finding: Finding,
}

/// A list that is nearly always of one element, then kept in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Few<T> {
    /// No element.
    None,
    /// One.
    One(T),
    /// Two or more.
    Many(Box<[T]>),
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(only) => std::slice::from_ref(only),
            Self::Many(several) => several,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(only) => std::slice::from_mut(only),
            Self::Many(several) => several,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut elements = elements.into_iter();
        match (elements.next(), elements.next()) {
            (None, _) => Self::None,
            (Some(only), None) => Self::One(only),
            (Some(first), Some(second)) => {
                Self::Many([first, second].into_iter().chain(elements).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_is_a_list() {
        for list in [&[][..], &[1], &[1, 2], &[1, 2, 3]] {
            let mut few: Few<i32> = list.iter().copied().collect();
            assert_eq!(&*few, list);
            few.iter_mut().for_each(|element| *element += 1);
            assert!(few.iter().zip(list).all(|(changed, element)| *changed == element + 1));
        }
    }
}
