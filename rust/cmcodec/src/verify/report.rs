//! What verification found, in rows.

use std::fmt;
use std::ops::{Deref, DerefMut, Range};

use aws_lc_rs::digest::{self, SHA256};

use super::certificates::KnownCertificates;
use crate::error::Reason;
use crate::load::Encoding;
pub use crate::outline::MessageKind;

/// What is to be thought of one message (RULES, verdicts and reasons).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every SignerInfo and every proof of possession that is there is good.
    Verified,
    /// A rule is broken.
    Failed,
    /// Nobody signed: certs-only by design, or a server that cannot sign.
    Unsigned,
    /// Nothing can be checked yet: encrypted, or authenticated by a MAC.
    Unverified,
    /// Not a message at all.
    Malformed,
}

impl Verdict {
    /// Every verdict, in the order of [`Report::counts`].
    pub const ALL: [Self; 5] =
        [Self::Verified, Self::Failed, Self::Unsigned, Self::Unverified, Self::Malformed];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Unsigned => "unsigned",
            Self::Unverified => "unverified",
            Self::Malformed => "malformed",
        }
    }
}

/// The form of a request (RFC 10002 section 3.2.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestForm {
    /// tcr, or a Simple PKI Request.
    Pkcs10,
    /// crm.
    Crmf,
    /// orm.
    Other,
}

impl RequestForm {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pkcs10 => "pkcs10",
            Self::Crmf => "crmf",
            Self::Other => "other",
        }
    }
}

/// What is known of the possession of a requested key (R1, R2, R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PopState {
    /// The requested key signed the request.
    Verified,
    /// An authorised registration authority says so.
    RaAsserted,
    /// Nothing that counts.
    Absent,
    /// The key cannot sign: encryptedPOP is needed.
    ChallengeNeeded,
    /// A proof is there and wrong.
    Failed,
}

impl PopState {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::RaAsserted => "ra-asserted",
            Self::Absent => "absent",
            Self::ChallengeNeeded => "challenge-needed",
            Self::Failed => "failed",
        }
    }
}

/// The rule of RULES.md that a reason belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // RULES.md is their documentation; the names are its ids.
pub enum Rule {
    P1,
    P2,
    P3,
    P4,
    P5,
    P6,
    V1,
    V2,
    V4,
    V5,
    V6,
    V7,
    V8,
    V9,
    V10,
    V12,
    R1,
    R6,
}

impl Rule {
    /// The id in reports.
    pub const fn id(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
            Self::P5 => "P5",
            Self::P6 => "P6",
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::V4 => "V4",
            Self::V5 => "V5",
            Self::V6 => "V6",
            Self::V7 => "V7",
            Self::V8 => "V8",
            Self::V9 => "V9",
            Self::V10 => "V10",
            Self::V12 => "V12",
            Self::R1 => "R1",
            Self::R6 => "R6",
        }
    }

    /// The rule that a reason belongs to unless its [`Fault`] says otherwise:
    /// `limit` of signers is V2, `pop_invalid` R6. None for what no rule forbids.
    pub const fn of(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::Depth => Self::P1,
            Reason::Truncated | Reason::Limit => Self::P2,
            Reason::NumberLimit => Self::P5,
            Reason::NotCanonical | Reason::BadTag | Reason::BadValue => Self::P3,
            Reason::TrailingData => Self::P4,
            Reason::DuplicateBodyPartId | Reason::MessageLimit => Self::P6,
            Reason::WrongContentType | Reason::VersionMismatch => Self::V1,
            Reason::NoSigner => Self::V2,
            Reason::AttributeMissing | Reason::AttributeDuplicate | Reason::AttributesUnsorted => {
                Self::V4
            }
            Reason::ContentTypeMismatch => Self::V5,
            Reason::DigestMismatch => Self::V6,
            Reason::UnsupportedAlgorithm | Reason::AlgorithmMismatch => Self::V7,
            Reason::SignerNotFound | Reason::SignerAmbiguous | Reason::RequestKeyNotSoleSigner => {
                Self::V8
            }
            Reason::KeyRejected => Self::V9,
            Reason::SignatureInvalid => Self::V10,
            Reason::NoSignature => Self::V12,
            Reason::PopInvalid => Self::R1,
            Reason::Encrypted | Reason::MacUnchecked => return None,
        })
    }
}

/// Why a message is not verified, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub reason: Reason,
    /// The rule that is broken.
    pub rule: Option<Rule>,
    /// The element at fault: octets from the start of the DER form.
    pub offset: Option<usize>,
}

impl Fault {
    /// A fault of `reason` under its usual rule.
    pub const fn new(reason: Reason, offset: usize) -> Self {
        Self { reason, rule: Rule::of(reason), offset: Some(offset) }
    }

    /// A fault of `reason` under another rule.
    pub const fn under(rule: Rule, reason: Reason, offset: usize) -> Self {
        Self { reason, rule: Some(rule), offset: Some(offset) }
    }

    /// A reason that breaks no rule and stands nowhere.
    pub const fn state(reason: Reason) -> Self {
        Self { reason, rule: None, offset: None }
    }
}

/// A SignerInfo (V3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The signature algorithm; None if it is not on offer.
    pub algorithm: Option<&'static str>,
    /// What verified the signature, or why nothing did.
    pub key: Result<SignerKey, Reason>,
}

/// What verified a signature (V8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerKey {
    /// A certificate.
    Certificate(CertificateSource),
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
}

/// The SHA-256 of a certificate, which is what verdicts call it by (V8).
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    let digest = digest::digest(&SHA256, certificate);
    octets.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    octets
}

/// A request and the proof of possession of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its body part id; 1 for a Simple PKI Request.
    pub id: u32,
    /// Its form.
    pub form: RequestForm,
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
    /// The content octets of the transactionId control (RFC 10002 section
    /// 6.6), in the DER form of the item.
    pub transaction_id: Option<Range<usize>>,
    /// Whether a control refers to other body parts (R4).
    pub has_references: bool,
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
            has_references: false,
        }
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

/// The rows of all items, each followed by those of the messages nested in
/// it, in received order.
pub struct Report {
    /// The rows.
    pub rows: Vec<Row>,
    /// The DER forms of the items that were BER, by item, in ascending order.
    converted: Vec<(usize, Vec<u8>)>,
}

impl Report {
    pub(super) fn new(rows: Vec<Row>, converted: Vec<(usize, Vec<u8>)>) -> Self {
        Self { rows, converted }
    }

    /// The DER form that the offsets of an item refer to; None for an item
    /// that was DER, or nothing readable, as received.
    pub fn converted(&self, item: usize) -> Option<&[u8]> {
        let index = self.converted.binary_search_by_key(&item, |(item, _)| *item).ok()?;
        self.converted.get(index).map(|(_, der)| der.as_slice())
    }

    /// Gives away the DER forms of the items that were BER, by item.
    pub fn take_converted(&mut self) -> Vec<(usize, Vec<u8>)> {
        std::mem::take(&mut self.converted)
    }

    /// How many rows have each verdict, in the order of [`Verdict::ALL`].
    pub fn counts(&self) -> [usize; 5] {
        Verdict::ALL
            .map(|verdict| self.rows.iter().filter(|row| row.finding.verdict == verdict).count())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
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

    /// RULES, verdicts and reasons.
    #[test]
    fn every_reason_belongs_to_its_rule() {
        for (reasons, id) in [
            (&["depth"][..], "P1"),
            (&["truncated", "limit"], "P2"),
            (&["not_canonical", "bad_tag", "bad_value"], "P3"),
            (&["trailing_data"], "P4"),
            (&["duplicate_body_part_id"], "P6"),
            (&["wrong_content_type"], "V1"),
            (&["no_signer"], "V2"),
            (&["attribute_missing", "attribute_duplicate", "attributes_unsorted"], "V4"),
            (&["content_type_mismatch"], "V5"),
            (&["digest_mismatch"], "V6"),
            (&["unsupported_algorithm", "algorithm_mismatch"], "V7"),
            (&["signer_not_found", "signer_ambiguous", "request_key_not_sole_signer"], "V8"),
            (&["key_rejected"], "V9"),
            (&["signature_invalid"], "V10"),
            (&["no_signature"], "V12"),
            (&["pop_invalid"], "R1"),
            (&["encrypted", "mac_unchecked"], ""),
        ] {
            let of_rule: Vec<_> = REASONS
                .iter()
                .filter(|reason| Rule::of(**reason).map_or("", Rule::id) == id)
                .map(|reason| reason.code())
                .collect();
            assert_eq!(of_rule, reasons, "{id}");
        }
        assert_eq!(Fault::under(Rule::R6, Reason::PopInvalid, 3).rule.map(Rule::id), Some("R6"));
        assert_eq!(Fault::under(Rule::V2, Reason::Limit, 3).rule.map(Rule::id), Some("V2"));
        assert_eq!(Fault::state(Reason::Encrypted).offset, None);
    }

    const REASONS: [Reason; 26] = [
        Reason::Truncated,
        Reason::Limit,
        Reason::NotCanonical,
        Reason::BadTag,
        Reason::BadValue,
        Reason::TrailingData,
        Reason::Depth,
        Reason::DuplicateBodyPartId,
        Reason::WrongContentType,
        Reason::NoSigner,
        Reason::AttributeMissing,
        Reason::AttributeDuplicate,
        Reason::AttributesUnsorted,
        Reason::ContentTypeMismatch,
        Reason::DigestMismatch,
        Reason::UnsupportedAlgorithm,
        Reason::AlgorithmMismatch,
        Reason::SignerNotFound,
        Reason::SignerAmbiguous,
        Reason::RequestKeyNotSoleSigner,
        Reason::KeyRejected,
        Reason::SignatureInvalid,
        Reason::NoSignature,
        Reason::PopInvalid,
        Reason::Encrypted,
        Reason::MacUnchecked,
    ];

    #[test]
    fn names_are_those_of_the_reports() {
        let verdicts = Verdict::ALL.map(Verdict::name);
        assert_eq!(verdicts, ["verified", "failed", "unsigned", "unverified", "malformed"]);
        let forms = [RequestForm::Pkcs10, RequestForm::Crmf, RequestForm::Other];
        assert_eq!(forms.map(RequestForm::name), ["pkcs10", "crmf", "other"]);
        let states = [
            PopState::Verified,
            PopState::RaAsserted,
            PopState::Absent,
            PopState::ChallengeNeeded,
            PopState::Failed,
        ];
        assert_eq!(
            states.map(PopState::name),
            ["verified", "ra-asserted", "absent", "challenge-needed", "failed"]
        );
    }

    #[test]
    fn few_is_a_list() {
        for list in [&[][..], &[1], &[1, 2], &[1, 2, 3]] {
            assert_eq!(&*list.iter().copied().collect::<Few<i32>>(), list);
        }
    }
}
