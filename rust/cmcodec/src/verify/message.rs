//! One message: what it is, and its verdict (rules V1 to V3, R2, R5).

use std::ops::Range;

use super::config::Config;
use super::job::{TOGETHER, Ticket};
use super::pop::{self, Possession};
use super::report::{
    Fault, Few, Finding, MessageKind, PopState, Request, RequestForm, Signer, SignerKey, Verdict,
};
use super::signer::Signers;
use super::worker::Worker;
use crate::der::{Elements, Tlv, read_tlv};
use crate::error::Reason;
use crate::generated::limits::MAX_SIGNERS;
use crate::generated::oids::{
    COUNTED_CONTROLS, ID_CCT_PKI_DATA, ID_CCT_PKI_RESPONSE, ID_CMC_TRANSACTION_ID, ID_CT_AUTH_DATA,
    ID_CT_AUTH_ENVELOPED_DATA, ID_ENCRYPTED_DATA, ID_ENVELOPED_DATA, ID_SIGNED_DATA,
    REFERRING_CONTROLS,
};
use crate::stack::on_enough;
use crate::view::{
    AuthenticatedData, ContentInfo, EncapsulatedContentInfo, PkiMessage, SignedData, TaggedRequest,
    is_cms_version,
};

/// A message under way.
pub(super) enum Begun<'a> {
    /// It has no signature to verify.
    Done(Finding),
    /// A Simple PKI Request.
    Request(&'a [u8], Box<TaggedRequest>, Option<Ticket>),
    /// SignedData with signers, or with requests.
    Signed(Box<Signed<'a>>),
}

/// SignedData of which the signatures are to be verified.
pub(super) struct Signed<'a> {
    data: &'a [u8],
    signed: SignedData,
    message: Option<PkiMessage>,
    /// Of its first requests.
    tickets: Vec<Option<Ticket>>,
    /// Its signers, or why there are none (V2).
    signers: Result<Signers<'a>, Fault>,
    /// What is known so far.
    finding: Finding,
}

/// Reads the ContentInfo or CertificationRequest at `span`, which has been
/// validated, with `wrapped` as a wrapped request, as far as no signature is
/// verified; what is nested in it does not count (R5).
pub(super) fn begin<'a>(
    data: &'a [u8],
    span: Range<usize>,
    wrapped: bool,
    worker: &mut Worker<'a>,
) -> Begun<'a> {
    let bad = Fault::new(Reason::BadTag, span.start);
    let malformed = || Finding::new(MessageKind::Other, Verdict::Malformed, Some(bad));
    on_enough(|| dispatch(data, span, wrapped, worker)).unwrap_or_else(|| Begun::Done(malformed()))
}

impl<'a> Begun<'a> {
    /// The same message when its signatures are verified.
    pub(super) fn done(self, worker: &mut Worker<'a>) -> Self {
        Self::Done(self.finish(worker))
    }

    /// Verifies the signatures.
    pub(super) fn finish(self, worker: &mut Worker<'a>) -> Finding {
        match self {
            Self::Done(finding) => finding,
            Self::Request(data, request, ticket) => {
                on_enough(|| simple_request(data, &request, ticket, worker))
            }
            Self::Signed(signed) => on_enough(|| signed.finish(worker)),
        }
    }
}

fn dispatch<'a>(
    data: &'a [u8],
    span: Range<usize>,
    wrapped: bool,
    worker: &mut Worker<'a>,
) -> Option<Begun<'a>> {
    let root = read_tlv(data, span.start, span.end).ok()?;
    if Elements::of(data, root).next()?.tag() == 0x30 {
        let request = TaggedRequest::alone(data, root)?;
        let has_lanes = worker.verifier.has_lanes();
        let ticket = has_lanes.then(|| pop::ask(data, &request, worker)).flatten();
        return Some(Begun::Request(data, Box::new(request), ticket));
    }
    let info = ContentInfo::read(data, root)?;
    match info.content_type.value(data) {
        ID_SIGNED_DATA => {
            Some(begin_signed_data(data, SignedData::read(data, info.content)?, wrapped, worker))
        }
        ID_CT_AUTH_DATA => authenticated_data(data, info.content).map(Begun::Done),
        ID_ENVELOPED_DATA | ID_CT_AUTH_ENVELOPED_DATA | ID_ENCRYPTED_DATA => {
            let fault = Fault::state(Reason::Encrypted);
            Some(Begun::Done(Finding::new(MessageKind::Other, Verdict::Unverified, Some(fault))))
        }
        // V1: nothing else carries a signature.
        _ => {
            let fault = Fault::new(Reason::WrongContentType, info.content_type.start());
            Some(Begun::Done(Finding::new(MessageKind::Other, Verdict::Failed, Some(fault))))
        }
    }
}

/// A Simple PKI Request (RFC 10002 §3.1): its proof of possession is
/// all there is to verify, so one without a signature is not verified (V12).
fn simple_request<'a>(
    data: &'a [u8],
    request: &TaggedRequest,
    ticket: Option<Ticket>,
    worker: &mut Worker<'a>,
) -> Finding {
    let (judged, fault) = judge_request(data, request, false, ticket, worker);
    let none = || Fault::new(Reason::NoSignature, request.tlv().start());
    let fault = fault.or_else(|| (judged.pop == PopState::Absent).then(none));
    let verdict = if fault.is_none() { Verdict::Verified } else { Verdict::Failed };
    let mut finding = Finding::new(MessageKind::SimpleRequest, verdict, fault);
    finding.requests = Few::One(judged);
    finding.may_have_notes = request.may_repeat_extension(data);
    finding
}

/// AuthenticatedData (RFC 5652 §9): nothing is verified without the
/// secret of its MAC.
fn authenticated_data(data: &[u8], content: Tlv) -> Option<Finding> {
    let encapsulated = AuthenticatedData::read(data, content)?.encap_content_info;
    let kind = MessageKind::of_content_type(encapsulated.e_content_type.value(data));
    let fault = Fault::state(Reason::MacUnchecked);
    let mut finding = Finding::new(kind, Verdict::Unverified, Some(fault));
    if let Some(message) = encapsulated.pki_message(data) {
        note_controls(data, &message, &mut finding);
        finding.may_have_notes |= message.requests(data).any(|it| it.may_repeat_extension(data));
    }
    Some(finding)
}

fn begin_signed_data<'a>(
    data: &'a [u8],
    signed: SignedData,
    wrapped: bool,
    worker: &mut Worker<'a>,
) -> Begun<'a> {
    let encapsulated = signed.encap_content_info;
    let wrapped = wrapped && signed.wrapped_request(data).is_some();
    let kind = match wrapped {
        true => MessageKind::WrappedRequest,
        false => MessageKind::of_content_type(encapsulated.e_content_type.value(data)),
    };
    if signed.is_certs_only(data) {
        let fault = v1_signed_data_version(data, &signed).err();
        let verdict = if fault.is_none() { Verdict::Unsigned } else { Verdict::Failed };
        return Begun::Done(Finding::new(MessageKind::SimpleResponse, verdict, fault));
    }
    let mut finding = Finding::new(kind, Verdict::Failed, None);
    match v1_content_type(data, &encapsulated, signed.signer_infos.is_empty()) {
        Err(fault) if !wrapped => {
            finding.fault = Some(fault);
            return Begun::Done(finding);
        }
        _ => {}
    }
    finding.has_other_version = v1_version_note(data, &signed);
    let message = match encapsulated.e_content {
        Some(octets) if wrapped => Some(PkiMessage::around_request(octets)),
        _ => encapsulated.pki_message(data),
    };
    if let Some(message) = &message {
        note_controls(data, message, &mut finding);
    }
    let infos = Elements::of(data, signed.signer_infos);
    let signers = v2_count_signers(infos.clone(), signed.signer_infos)
        .map(|()| Signers::new(data, &signed, infos, message.as_ref(), worker));
    let requests = message.iter().flat_map(|message| message.requests(data));
    let tickets = ask_next(data, requests, worker);
    Begun::Signed(Box::new(Signed { data, signed, message, tickets, signers, finding }))
}

impl<'a> Signed<'a> {
    fn finish(self, worker: &mut Worker<'a>) -> Finding {
        let Self { data, signed, message, tickets, signers, mut finding } = self;
        let signers_fault = match signers {
            Ok(signers) => {
                let (signers, fault) = signers.v3_each_signer(data, worker);
                finding.signers = signers;
                fault
            }
            Err(fault) => Some(fault),
        };
        let signers_fault = v1_signed_data_version(data, &signed).err().or(signers_fault);
        let authorised =
            signers_fault.is_none() && r2_authorised_ra(data, &finding.signers, worker.config);
        let pop_fault = message
            .and_then(|message| {
                note_requests(data, &message, tickets, &mut finding, authorised, worker)
            })
            .filter(|_| !signed.signer_infos.is_empty());
        let encapsulated = &signed.encap_content_info;
        finding.fault =
            signers_fault.or(pop_fault).or_else(|| r5_encrypted_content(data, encapsulated).err());
        finding.verdict = match finding.fault.map(|fault| fault.reason) {
            None => Verdict::Verified,
            Some(Reason::NoSigner) => Verdict::Unsigned,
            Some(Reason::Encrypted) => Verdict::Unverified,
            Some(_) => Verdict::Failed,
        };
        finding
    }
}

/// V1: what may be signed besides a wrapped request, and that it is there.
fn v1_content_type(
    data: &[u8],
    encapsulated: &EncapsulatedContentInfo,
    no_signer: bool,
) -> Result<(), Fault> {
    let permitted =
        [ID_CCT_PKI_DATA, ID_CCT_PKI_RESPONSE, ID_ENVELOPED_DATA, ID_CT_AUTH_ENVELOPED_DATA];
    let content_type = encapsulated.e_content_type;
    let offset = content_type.start();
    let good = permitted.contains(&content_type.value(data));
    Fault::unless(good, Reason::WrongContentType, offset)?;
    let is_there = no_signer || encapsulated.e_content.is_some();
    Fault::unless(is_there, Reason::ContentMissing, offset)
}

/// V1: the version, which no signature covers, is one that CMS has.
fn v1_signed_data_version(data: &[u8], signed: &SignedData) -> Result<(), Fault> {
    let good = is_cms_version(signed.version.value(data));
    Fault::unless(good, Reason::VersionMismatch, signed.version.start())
}

/// V1: whether a version of CMS stands where another is called for, in the
/// SignedData or in a SignerInfo. Clients in use get them wrong.
fn v1_version_note(data: &[u8], signed: &SignedData) -> bool {
    let is_other = |right: bool, version: Tlv| !right && is_cms_version(version.value(data));
    is_other(signed.has_right_version(data), signed.version)
        || signed.signers(data).any(|info| is_other(info.has_right_version(data), info.version))
}

/// V2: somebody signed, and not too many.
fn v2_count_signers(infos: Elements<'_>, set: Tlv) -> Result<(), Fault> {
    match infos.take(MAX_SIGNERS + 1).count() {
        0 => Err(Fault::new(Reason::NoSigner, set.start())),
        1..=MAX_SIGNERS => Ok(()),
        _ => Err(Fault::new(Reason::LimitV2, set.start())),
    }
}

fn note_controls(data: &[u8], message: &PkiMessage, finding: &mut Finding) {
    let mut transaction = None;
    let (mut seen, mut noted) = (0, 0);
    for control in message.controls(data) {
        let bit = control.bit(data);
        noted |= bit & (REFERRING_CONTROLS | seen & COUNTED_CONTROLS);
        if control.attr_type.value(data) == ID_CMC_TRANSACTION_ID {
            // One that stands twice is none (R4).
            transaction = (seen & bit == 0).then_some(control);
        }
        seen |= bit;
    }
    finding.may_have_notes = noted != 0;
    let value = transaction.and_then(|control| control.first_value(data));
    finding.transaction_id = value.map(|value| value.content()..value.end());
}

/// Has lanes look at the proofs of the next requests.
fn ask_next<'a>(
    data: &'a [u8],
    requests: impl Iterator<Item = TaggedRequest>,
    worker: &mut Worker<'a>,
) -> Vec<Option<Ticket>> {
    if !worker.verifier.has_lanes() {
        return Vec::new();
    }
    requests.take(TOGETHER).map(|request| pop::ask(data, &request, worker)).collect()
}

/// Lists the requests; returns the fault of the first whose proof fails (R6).
/// `tickets` are those of the first.
fn note_requests<'a>(
    data: &'a [u8],
    message: &PkiMessage,
    tickets: Vec<Option<Ticket>>,
    finding: &mut Finding,
    authorised: bool,
    worker: &mut Worker<'a>,
) -> Option<Fault> {
    let mut first = None;
    let mut may_repeat_extension = false;
    let mut ahead = message.requests(data).skip(tickets.len());
    let mut tickets = tickets.into_iter();
    let list = message.requests(data).map(|request| {
        let ticket = tickets.next().unwrap_or_else(|| {
            tickets = ask_next(data, &mut ahead, worker).into_iter();
            worker.verifier.answer();
            tickets.next().flatten()
        });
        let (judged, fault) = judge_request(data, &request, authorised, ticket, worker);
        first = first.or(fault);
        may_repeat_extension |= request.may_repeat_extension(data);
        judged
    });
    finding.requests = list.collect();
    finding.may_have_notes |= may_repeat_extension;
    first
}

/// What is known of a request, and the fault where its proof fails.
#[inline(always)] // Two callers.
fn judge_request<'a>(
    data: &'a [u8],
    request: &TaggedRequest,
    authorised: bool,
    ticket: Option<Ticket>,
    worker: &mut Worker<'a>,
) -> (Request, Option<Fault>) {
    let offset = request.tlv().start();
    let (form, Possession { algorithm, state }) = match request {
        TaggedRequest::Tcr(tagged) => {
            let pop = pop::pkcs10(data, &tagged.certification_request, offset, ticket, worker);
            (RequestForm::Pkcs10, pop)
        }
        TaggedRequest::Crm(message) => {
            (RequestForm::Crmf, pop::crmf(data, message, offset, authorised, ticket, worker))
        }
        TaggedRequest::Orm(_) => {
            (RequestForm::Other, Possession { algorithm: None, state: Ok(PopState::Absent) })
        }
    };
    let pop = state.unwrap_or(PopState::Failed);
    (Request { id: request.id(data), form, algorithm, pop }, state.err())
}

/// R5: a good signature says nothing yet where nobody has seen what it is over.
fn r5_encrypted_content(data: &[u8], encapsulated: &EncapsulatedContentInfo) -> Result<(), Fault> {
    match encapsulated.e_content_type.value(data) {
        ID_ENVELOPED_DATA | ID_CT_AUTH_ENVELOPED_DATA => Err(Fault::state(Reason::Encrypted)),
        _ => Ok(()),
    }
}

/// R2: whether one of the signers, which are all good, is an authorised
/// registration authority.
fn r2_authorised_ra(data: &[u8], signers: &[Signer], config: &Config) -> bool {
    // It is the first of those that a signer may be (V8).
    let known = |signer: &Signer| match &signer.key {
        Ok(SignerKey::Certificates(sources)) => sources
            .first()
            .and_then(|source| source.octets(data, &config.certificates))
            .is_some_and(|octets| config.is_authorised_ra(octets)),
        _ => false,
    };
    signers.iter().any(known)
}
