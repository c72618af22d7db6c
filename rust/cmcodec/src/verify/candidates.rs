//! Whose key it is that a SignerInfo was signed with (V8, V15).

use aws_lc_rs::digest::Digest;

use super::algorithm::DigestAlgorithm;
use super::certificates::KnownCertificates;
use super::job::Ticket;
use super::report::{CertificateSource, Fault};
use super::worker::Worker;
use crate::error::Reason;
use crate::generated::limits::MAX_KEY_CANDIDATES;
use crate::view::certificate::Certificate;
use crate::view::{PkiMessage, SignedData, SignerIdentifier};

/// A key that a signer identifier names, and who has it.
pub(super) struct Candidate<'a> {
    /// The SubjectPublicKeyInfo. Certificates of one key are twins.
    pub(super) spki: &'a [u8],
    pub(super) owner: Owner<'a>,
    /// Where lanes say whether it verifies the signature, if they were asked.
    pub(super) ticket: Option<Ticket>,
}

pub(super) enum Owner<'a> {
    /// The octets of a certificate, and where they are.
    Certificate(&'a [u8], CertificateSource),
    Request(u32),
}

/// The hash of the signer's certificate in a signingCertificate or
/// signingCertificateV2 (RFC 5035 §3 and 5.4).
#[derive(Clone, Copy)]
pub(super) struct CertificateHash<'a> {
    /// None where it is not on offer: then no certificate has it.
    pub(super) algorithm: Option<DigestAlgorithm>,
    pub(super) value: &'a [u8],
}

/// What the two attributes name, where they stand.
pub(super) type SigningCertificates<'a> = [Option<CertificateHash<'a>>; 2];

/// Octets, and their digests so far: each is computed once (V15).
pub(super) struct Digested<'a> {
    octets: &'a [u8],
    digests: [Option<Digest>; DigestAlgorithm::ALL.len()],
}

impl<'a> Digested<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, digests: [None; DigestAlgorithm::ALL.len()] }
    }

    /// What the digests are of.
    pub(super) fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Whether `claimed` is the digest.
    pub(super) fn has(&mut self, algorithm: DigestAlgorithm, claimed: &[u8]) -> bool {
        let octets = self.octets;
        self.digests.get_mut(algorithm as usize).is_some_and(|slot| {
            claimed == slot.get_or_insert_with(|| algorithm.digest(octets)).as_ref()
        })
    }
}

/// The search for the keys that one signer identifier names.
pub(super) struct Search<'a> {
    sid: SignerIdentifier<'a>,
    /// Where the sid stands.
    offset: usize,
    /// What a certificate has to be; the fault where nothing is to be found.
    named: Result<SigningCertificates<'a>, Fault>,
    /// Of the message's certificates, or of its request.
    own: Slots<'a>,
    /// Of the caller's certificates.
    given: Slots<'a>,
    met: Met<'a>,
}

type Slots<'a> = [Option<Candidate<'a>>; MAX_KEY_CANDIDATES];

/// What else the signer identifier has met.
enum Met<'a> {
    Nothing,
    /// Certificates, none of which a signed attribute admits.
    Excluded,
    /// A request: body part id and SubjectPublicKeyInfo.
    Request(u32, Option<&'a [u8]>),
    /// Two requests or more.
    Requests,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        sid: SignerIdentifier<'a>,
        offset: usize,
        named: Result<SigningCertificates<'a>, Fault>,
    ) -> Self {
        let (own, given) = Default::default();
        Self { sid, offset, named, own, given, met: Met::Nothing }
    }

    /// The keys in the order in which they are tried.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn candidates(&self) -> Result<impl Iterator<Item = &Candidate<'a>>, Fault> {
        let reason = match self.met {
            _ if !self.is_empty() => return Ok(self.own.iter().chain(&self.given).flatten()),
            Met::Requests => Reason::SignerAmbiguous,
            Met::Request(..) => Reason::RequestKeyNotSoleSigner,
            Met::Nothing | Met::Excluded => Reason::SignerNotFound,
        };
        Err(Fault::new(reason, self.offset))
    }

    /// The same for tickets, each key once: twins get none.
    pub(super) fn each_key(&mut self) -> impl Iterator<Item = &mut Candidate<'a>> {
        let mut seen = Vec::new();
        self.own.iter_mut().chain(&mut self.given).flatten().filter(move |candidate| {
            let is_new = !seen.contains(&candidate.spki);
            seen.push(candidate.spki);
            is_new
        })
    }

    fn is_empty(&self) -> bool {
        self.own.iter().chain(&self.given).all(Option::is_none)
    }

    /// A certificate that the sid names. It is no candidate where a signed attribute names
    /// another, or where there are enough.
    fn meet_certificate(
        &mut self,
        spki: &'a [u8],
        octets: &mut Digested<'a>,
        source: CertificateSource,
    ) {
        let mut named = self.named.iter().flatten().flatten();
        if !named.all(|hash| hash.algorithm.is_some_and(|it| octets.has(it, hash.value))) {
            self.met = Met::Excluded;
            return;
        }
        let octets = octets.octets;
        let candidates = self.own.iter_mut().chain(&mut self.given).flatten();
        let is_it =
            |owner: &&mut Owner<'_>| matches!(owner, Owner::Certificate(it, _) if *it == octets);
        if let Some(known) = candidates.map(|known| &mut known.owner).find(is_it) {
            // Of one that stands twice, the caller's counts.
            *known = Owner::Certificate(octets, source);
            return;
        }
        let slots = match source {
            CertificateSource::Message(_) => &mut self.own,
            CertificateSource::Caller(_) => &mut self.given,
        };
        if let Some(slot) = slots.iter_mut().find(|slot| slot.is_none()) {
            let owner = Owner::Certificate(octets, source);
            *slot = Some(Candidate { spki, owner, ticket: None });
        }
    }

    /// A request that the sid names, or the same by another of its identifiers.
    fn meet_request(&mut self, id: u32, spki: Option<&'a [u8]>) {
        match self.met {
            Met::Nothing => self.met = Met::Request(id, spki),
            Met::Request(known, _) if known != id => self.met = Met::Requests,
            _ => {}
        }
    }

    /// Where the signer is alone, its request's key is the one to try.
    fn settle_alone(&mut self) {
        if let Met::Request(id, spki) = self.met {
            self.met = Met::Nothing;
            let [slot, ..] = &mut self.own;
            let owner = Owner::Request(id);
            *slot = spki.map(|spki| Candidate { spki, owner, ticket: None });
        }
    }
}

/// V8: the keys that each signer identifier names.
pub(super) fn v8_find_key<'a>(
    data: &'a [u8],
    signed: &SignedData,
    message: Option<&PkiMessage>,
    searches: &mut [Search<'a>],
    worker: &Worker<'a>,
) {
    find_own_certificates(data, signed, searches);
    find_given_certificates(&worker.config.certificates, searches);
    find_requests(data, message, searches);
    if let [alone] = searches {
        alone.settle_alone();
    }
}

/// One pass over the certificates of the message, however many signers there are.
fn find_own_certificates<'a>(data: &'a [u8], signed: &SignedData, searches: &mut [Search<'a>]) {
    let by_identifier =
        searches.iter().any(|it| matches!(it.sid, SignerIdentifier::SubjectKeyIdentifier(_)));
    for tlv in signed.certificates(data) {
        let Some(certificate) = Certificate::read(data, tlv) else { continue };
        let identifier = by_identifier.then(|| certificate.key_identifier(data)).flatten();
        let mut octets = Digested::new(tlv.octets(data));
        for search in searches.iter_mut().filter(|it| it.named.is_ok()) {
            let is_named = match search.sid {
                SignerIdentifier::IssuerAndSerialNumber(name) => {
                    certificate.has_issuer_and_serial(data, name)
                }
                SignerIdentifier::SubjectKeyIdentifier(it) => identifier == Some(it),
            };
            if is_named {
                let spki = certificate.subject_public_key_info.octets(data);
                let source = CertificateSource::Message(tlv.start()..tlv.end());
                search.meet_certificate(spki, &mut octets, source);
            }
        }
    }
}

fn find_given_certificates<'a>(known: &'a KnownCertificates, searches: &mut [Search<'a>]) {
    for search in searches.iter_mut().filter(|it| it.named.is_ok()) {
        for &index in known.find(search.sid) {
            let Some(octets) = known.get(index) else { continue };
            let Some(certificate) = Certificate::parse(octets) else { continue };
            let spki = certificate.subject_public_key_info.octets(octets);
            let source = CertificateSource::Caller(index);
            search.meet_certificate(spki, &mut Digested::new(octets), source);
        }
    }
}

/// Where there is no certificate, the requests with the signer's key identifier. One pass over
/// them.
fn find_requests<'a>(data: &'a [u8], message: Option<&PkiMessage>, searches: &mut [Search<'a>]) {
    let wanting = |it: &&mut Search<'_>| it.named.is_ok() && it.is_empty();
    if searches.iter_mut().filter(wanting).count() == 0 {
        return;
    }
    for request in message.into_iter().flat_map(|message| message.requests(data)) {
        request.for_each_key_identifier(data, |identifier, key| {
            let sid = SignerIdentifier::SubjectKeyIdentifier(identifier);
            for search in searches.iter_mut().filter(wanting).filter(|it| it.sid == sid) {
                search.meet_request(request.id(data), key.map(|it| it.octets(data)));
            }
        });
    }
}
