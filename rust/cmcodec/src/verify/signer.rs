//! SignerInfos: V4, V7, V12, V5, V6, V8, V9, V10, in this order.

use aws_lc_rs::digest::Digest;

use super::algorithm::{AlgorithmName, DigestAlgorithm, Scheme, SignatureAlgorithm};
use super::report::{CertificateSource, Fault, Few, Signer, SignerKey};
use super::worker::Worker;
use crate::der::{Elements, Tlv};
use crate::error::Reason;
use crate::generated::limits::MAX_KEY_CANDIDATES;
use crate::generated::oids::{
    ID_AA_CMS_ALGORITHM_PROTECT, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNING_TIME,
};
use crate::view::certificate::Certificate;
use crate::view::{
    AlgorithmIdentifier, Attribute, CMSAlgorithmProtection, PkiMessage, SignedData,
    SignerIdentifier, SignerInfo, attributes, is_cms_version,
};

/// V3: verifies every SignerInfo of `signed`; returns them, and the fault of
/// the first that is bad. `message` is the content, where requests may have
/// the signer's key.
pub(super) fn v3_each_signer<'a>(
    data: &'a [u8],
    signed: &SignedData,
    infos: Elements<'a>,
    message: Option<&PkiMessage>,
    worker: &mut Worker<'a>,
) -> (Few<Signer>, Option<Fault>) {
    let mut content = Content::new(data, signed);
    let mut signatures: Few<Signature<'a>> = infos
        .filter_map(|tlv| SignerInfo::read(data, tlv))
        .map(|info| Signature::new(data, info, &mut content, worker.config.legacy))
        .collect();
    v8_find_key(data, signed, message, &mut signatures, worker);
    let mut first = None;
    let signers = signatures.iter().map(|signature| {
        let key = signature.v10_signature(data, worker);
        first = first.or(key.as_ref().err().copied());
        Signer { algorithm: signature.name, key: key.map_err(|fault| fault.reason) }
    });
    (signers.collect(), first)
}

/// What the SignerInfos of one message are checked against.
struct Content<'a> {
    /// Content octets of eContentType.
    content_type: &'a [u8],
    /// Content octets of eContent.
    octets: &'a [u8],
    /// Whether digestAlgorithms has it, for each hash function.
    listed: [bool; DigestAlgorithm::ALL.len()],
    /// The digests of `octets` so far, for each hash function.
    digests: [Option<Digest>; DigestAlgorithm::ALL.len()],
}

impl<'a> Content<'a> {
    fn new(data: &'a [u8], signed: &SignedData) -> Self {
        let encapsulated = signed.encap_content_info;
        let mut listed = [false; DigestAlgorithm::ALL.len()];
        for tlv in Elements::of(data, signed.digest_algorithms) {
            let identifier = AlgorithmIdentifier::read(data, tlv);
            let digest = identifier.and_then(|identifier| digest_algorithm(data, identifier));
            if let Some(slot) = digest.and_then(|digest| listed.get_mut(digest as usize)) {
                *slot = true;
            }
        }
        Self {
            content_type: encapsulated.e_content_type.value(data),
            octets: encapsulated.e_content.map_or(&[], |content| content.value(data)),
            listed,
            digests: [None; DigestAlgorithm::ALL.len()],
        }
    }

    fn lists(&self, digest: DigestAlgorithm) -> bool {
        self.listed.get(digest as usize) == Some(&true)
    }

    /// Whether `claimed` is the digest, which is computed once for all
    /// SignerInfos (V15).
    fn has_digest(&mut self, algorithm: DigestAlgorithm, claimed: &[u8]) -> bool {
        let octets = self.octets;
        self.digests.get_mut(algorithm as usize).is_some_and(|slot| {
            claimed == slot.get_or_insert_with(|| algorithm.digest(octets)).as_ref()
        })
    }
}

/// One SignerInfo under way.
struct Signature<'a> {
    info: SignerInfo,
    /// Content octets of eContent, which are signed where no attributes are.
    content: &'a [u8],
    sid: SignerIdentifier<'a>,
    name: AlgorithmName,
    /// The algorithm, as long as no rule is broken.
    state: Result<SignatureAlgorithm, Fault>,
    /// Keys to try.
    candidates: Candidates<'a>,
    /// Whose key it is, where no certificate has it.
    search: Search<'a>,
}

/// The keys that one signer identifier names (V8, V15).
#[derive(Default)]
struct Candidates<'a> {
    slots: [Option<Candidate<'a>>; MAX_KEY_CANDIDATES],
}

impl<'a> Candidates<'a> {
    fn iter(&self) -> impl Iterator<Item = &Candidate<'a>> {
        self.slots.iter().flatten()
    }

    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Adds a key, unless it is there or there are enough.
    fn add(&mut self, candidate: Candidate<'a>) {
        if self.iter().all(|known| known.octets != candidate.octets) {
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.is_none()) {
                *slot = Some(candidate);
            }
        }
    }
}

/// A key that the signer identifier names.
struct Candidate<'a> {
    /// The octets of the certificate; empty for a request.
    octets: &'a [u8],
    spki: &'a [u8],
    owner: Owner,
}

enum Owner {
    Certificate(CertificateSource),
    Request(u32),
}

impl<'a> Signature<'a> {
    /// Everything that needs no key.
    fn new(data: &'a [u8], info: SignerInfo, content: &mut Content<'a>, legacy: bool) -> Self {
        let named = digest_algorithm(data, info.digest_algorithm);
        let digest = named.filter(|digest| legacy || !digest.is_legacy());
        let oid = info.signature_algorithm.oid(data);
        let parameters = info.signature_algorithm.parameters(data);
        let algorithm = SignatureAlgorithm::from_identifier(oid, parameters, digest, legacy);
        let name = algorithm.ok().and_then(SignatureAlgorithm::name_index).map_or_else(
            || AlgorithmName::of(data, info.signature_algorithm, named),
            AlgorithmName::Known,
        );
        let state = check(data, &info, digest, algorithm, content);
        let sid = info.signer_identifier(data);
        let candidates = Candidates::default();
        Self { info, content: content.octets, sid, name, state, candidates, search: Search::None }
    }

    /// V10: the first key that verifies. If none does, the reason is
    /// that of the first for which the arithmetic failed, else of the first.
    fn v10_signature(&self, data: &'a [u8], worker: &mut Worker<'a>) -> Result<SignerKey, Fault> {
        let algorithm = self.state?;
        let mut signed = self.content;
        if let Some(attributes) = self.info.signed_attrs {
            // The received octets, with the tag that was signed.
            worker.attributes.clear();
            worker.attributes.push(0x31);
            let rest = attributes.octets(data).get(1..).unwrap_or_default();
            worker.attributes.extend_from_slice(rest);
            signed = &worker.attributes;
        }
        let signature = self.info.signature.value(data);
        let mut found = Reason::SignerNotFound;
        for candidate in self.candidates.iter() {
            let key = worker.keyring.get(candidate.spki);
            match key.and_then(|key| key.verify(&algorithm, signed, signature)) {
                Ok(()) => return Ok(candidate.key()),
                Err(Reason::SignatureInvalid) => found = Reason::SignatureInvalid,
                Err(reason) if found == Reason::SignerNotFound => found = reason,
                Err(_) => {}
            }
        }
        Err(match found {
            Reason::SignatureInvalid => Fault::new(found, self.info.signature.start()),
            _ => Fault::new(found, self.info.sid.start()),
        })
    }
}

impl Candidate<'_> {
    fn key(&self) -> SignerKey {
        match &self.owner {
            Owner::Request(id) => SignerKey::Request(*id),
            Owner::Certificate(source) => SignerKey::Certificate(source.clone()),
        }
    }
}

/// Everything that needs no key, in the order of the rules.
fn check(
    data: &[u8],
    info: &SignerInfo,
    digest: Option<DigestAlgorithm>,
    algorithm: Result<SignatureAlgorithm, Reason>,
    content: &mut Content<'_>,
) -> Result<SignatureAlgorithm, Fault> {
    v1_signer_info_version(data, info)?;
    let attributes = v4_attributes(data, info, content)?;
    let protection = attributes.as_ref().and_then(|attributes| attributes.protection);
    let (digest, algorithm) = v7_algorithms(data, info, digest, algorithm, protection, content)?;
    v12_no_signature(info, algorithm)?;
    if let Some(attributes) = attributes {
        v5_content_type(data, attributes.content_type, content)?;
        v6_message_digest(data, attributes.message_digest, digest, content)?;
    }
    Ok(algorithm)
}

/// V1: the version, which no signature covers, is one that CMS has.
fn v1_signer_info_version(data: &[u8], info: &SignerInfo) -> Result<(), Fault> {
    let good = is_cms_version(info.version.value(data));
    Fault::unless(good, Reason::VersionMismatch, info.version.start())
}

/// The signed attributes that are looked at, with their values.
struct Attributes {
    content_type: (Attribute, Tlv),
    message_digest: (Attribute, Tlv),
    protection: Option<(Attribute, Tlv)>,
}

/// V4: the signed attributes, once and with one value each; `None` over id-data
/// without any (RFC 5652 §5.3). The walk has seen that they are sorted.
fn v4_attributes(
    data: &[u8],
    info: &SignerInfo,
    content: &Content<'_>,
) -> Result<Option<Attributes>, Fault> {
    let Some(set) = info.signed_attrs else {
        let good = content.content_type == ID_DATA;
        return Fault::unless(good, Reason::AttributeMissing, info.tlv.start()).map(|()| None);
    };
    let missing = || Fault::new(Reason::AttributeMissing, set.start());
    let [content_type, message_digest, signing_time, protection] = find_singles(data, set);
    let content_type = content_type.only(data)?.ok_or_else(missing)?;
    let message_digest = message_digest.only(data)?.ok_or_else(missing)?;
    signing_time.only(data)?;
    let protection = protection.only(data)?;
    Ok(Some(Attributes { content_type, message_digest, protection }))
}

/// V7: what is on offer, and that nothing contradicts it.
fn v7_algorithms(
    data: &[u8],
    info: &SignerInfo,
    digest: Option<DigestAlgorithm>,
    algorithm: Result<SignatureAlgorithm, Reason>,
    protection: Option<(Attribute, Tlv)>,
    content: &Content<'_>,
) -> Result<(DigestAlgorithm, SignatureAlgorithm), Fault> {
    let offset = info.digest_algorithm.tlv.start();
    let digest = digest.ok_or_else(|| Fault::new(Reason::UnsupportedAlgorithm, offset))?;
    let algorithm =
        algorithm.map_err(|reason| Fault::new(reason, info.signature_algorithm.tlv.start()))?;
    Fault::unless(content.lists(digest), Reason::AlgorithmMismatch, offset)?;
    if let Some((attribute, value)) = protection {
        let good = is_protected(data, info, value);
        Fault::unless(good, Reason::AlgorithmMismatch, attribute.tlv.start())?;
    }
    Ok((digest, algorithm))
}

/// V12: id-alg-noSignature makes nothing valid.
fn v12_no_signature(info: &SignerInfo, algorithm: SignatureAlgorithm) -> Result<(), Fault> {
    let good = algorithm.scheme() != Scheme::NoSignature;
    Fault::unless(good, Reason::NoSignature, info.signature_algorithm.tlv.start())
}

/// V5: the contentType attribute equals eContentType.
fn v5_content_type(
    data: &[u8],
    (attribute, named): (Attribute, Tlv),
    content: &Content<'_>,
) -> Result<(), Fault> {
    let good = named.value(data) == content.content_type;
    Fault::unless(good, Reason::ContentTypeMismatch, attribute.tlv.start())
}

/// V6: messageDigest equals the digest of the content octets.
fn v6_message_digest(
    data: &[u8],
    (attribute, claimed): (Attribute, Tlv),
    digest: DigestAlgorithm,
    content: &mut Content<'_>,
) -> Result<(), Fault> {
    let good = content.has_digest(digest, claimed.value(data));
    Fault::unless(good, Reason::DigestMismatch, attribute.tlv.start())
}

/// The attributes that may stand once, with one value (V4), in the order in
/// which they are looked at.
const SINGLES: [&[u8]; 4] =
    [ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_TIME, ID_AA_CMS_ALGORITHM_PROTECT];

/// One of [`SINGLES`] as it stands in a message.
#[derive(Clone, Copy, Default)]
struct Single {
    first: Option<Attribute>,
    second: Option<Attribute>,
}

impl Single {
    /// The attribute and its value, if it is there.
    fn only(self, data: &[u8]) -> Result<Option<(Attribute, Tlv)>, Fault> {
        let duplicate = |it: Attribute| Fault::new(Reason::AttributeDuplicate, it.tlv.start());
        let Some(attribute) = self.first else { return Ok(None) };
        if let Some(second) = self.second {
            return Err(duplicate(second));
        }
        let value = attribute.only_value(data).ok_or_else(|| duplicate(attribute))?;
        Ok(Some((attribute, value)))
    }
}

fn find_singles(data: &[u8], set: Tlv) -> [Single; SINGLES.len()] {
    let mut singles = [Single::default(); SINGLES.len()];
    for attribute in attributes(data, set) {
        let number = attribute.attr_type.value(data);
        let known = SINGLES.iter().zip(&mut singles).find(|(oid, _)| **oid == number);
        match known {
            Some((_, single @ Single { first: None, .. })) => single.first = Some(attribute),
            Some((_, single @ Single { second: None, .. })) => single.second = Some(attribute),
            _ => {}
        }
    }
    singles
}

/// V7: whether a CMSAlgorithmProtection says what the SignerInfo says
/// (RFC 6211 §3).
fn is_protected(data: &[u8], info: &SignerInfo, value: Tlv) -> bool {
    CMSAlgorithmProtection::read(data, value).is_some_and(|it| {
        it.digest_algorithm.agrees_with(data, &info.digest_algorithm)
            && it
                .signature_algorithm
                .is_some_and(|it| it.agrees_with(data, &info.signature_algorithm))
            && it.mac_algorithm.is_none()
    })
}

fn digest_algorithm(data: &[u8], identifier: AlgorithmIdentifier) -> Option<DigestAlgorithm> {
    DigestAlgorithm::from_identifier(identifier.oid(data), identifier.parameters(data))
}

/// V8: the keys that each signer identifier names.
fn v8_find_key<'a>(
    data: &'a [u8],
    signed: &SignedData,
    message: Option<&PkiMessage>,
    signatures: &mut [Signature<'a>],
    worker: &Worker<'a>,
) {
    find_certificates(data, signed, signatures, worker);
    find_requests(data, message, signatures);
}

/// Certificates, the message's before the caller's. One pass over the former,
/// however many signers there are.
fn find_certificates<'a>(
    data: &'a [u8],
    signed: &SignedData,
    signatures: &mut [Signature<'a>],
    worker: &Worker<'a>,
) {
    let by_identifier =
        |it: &Signature<'_>| matches!(it.sid, SignerIdentifier::SubjectKeyIdentifier(_));
    let by_identifier = signatures.iter().any(by_identifier);
    for tlv in signed.certificates(data) {
        let Some(certificate) = Certificate::read(data, tlv) else { continue };
        let identifier = by_identifier.then(|| certificate.key_identifier(data)).flatten();
        for signature in signatures.iter_mut().filter(|it| it.state.is_ok()) {
            let named = match signature.sid {
                SignerIdentifier::IssuerAndSerialNumber(name) => {
                    certificate.has_issuer_and_serial(data, name)
                }
                SignerIdentifier::SubjectKeyIdentifier(it) => identifier == Some(it),
            };
            if named {
                let source = CertificateSource::Message(tlv.start()..tlv.end());
                signature.candidates.add(Candidate {
                    octets: tlv.octets(data),
                    spki: certificate.subject_public_key_info.octets(data),
                    owner: Owner::Certificate(source),
                });
            }
        }
    }
    let known = &worker.config.certificates;
    for signature in signatures.iter_mut().filter(|it| it.state.is_ok()) {
        for &index in known.find(signature.sid) {
            let Some(octets) = known.get(index) else { continue };
            let Some(certificate) = Certificate::parse(octets) else { continue };
            signature.candidates.add(Candidate {
                octets,
                spki: certificate.subject_public_key_info.octets(octets),
                owner: Owner::Certificate(CertificateSource::Caller(index)),
            });
        }
    }
}

/// Where there is no certificate, the one request with the signer's key
/// identifier, if it is alone to sign. One pass over the requests.
fn find_requests<'a>(
    data: &'a [u8],
    message: Option<&PkiMessage>,
    signatures: &mut [Signature<'a>],
) {
    let alone = signatures.len() == 1;
    let wanting = |it: &&mut Signature<'_>| it.state.is_ok() && it.candidates.is_empty();
    if signatures.iter_mut().filter(wanting).count() == 0 {
        return;
    }
    for request in message.into_iter().flat_map(|message| message.requests(data)) {
        request.for_each_key_identifier(data, |identifier| {
            let sid = SignerIdentifier::SubjectKeyIdentifier(identifier);
            for signature in signatures.iter_mut().filter(wanting).filter(|it| it.sid == sid) {
                let spki = request.public_key().map(|it| it.octets(data));
                signature.search.meet(request.id(data), spki);
            }
        });
    }
    for signature in signatures.iter_mut().filter(wanting) {
        let fault = |reason| Fault::new(reason, signature.info.sid.start());
        match signature.search {
            Search::Several => signature.state = Err(fault(Reason::SignerAmbiguous)),
            Search::One(..) if !alone => {
                signature.state = Err(fault(Reason::RequestKeyNotSoleSigner));
            }
            Search::One(id, Some(spki)) => {
                signature.candidates.add(Candidate {
                    octets: &[],
                    spki,
                    owner: Owner::Request(id),
                });
            }
            Search::One(_, None) | Search::None => {
                signature.state = Err(fault(Reason::SignerNotFound));
            }
        }
    }
}

/// The requests that a signer identifier has met.
#[derive(Default)]
enum Search<'a> {
    #[default]
    None,
    /// Body part id and SubjectPublicKeyInfo.
    One(u32, Option<&'a [u8]>),
    Several,
}

impl<'a> Search<'a> {
    /// Another request, or the same by another of its identifiers.
    fn meet(&mut self, id: u32, spki: Option<&'a [u8]>) {
        match self {
            Self::None => *self = Self::One(id, spki),
            Self::One(known, _) if *known != id => *self = Self::Several,
            Self::One(..) | Self::Several => {}
        }
    }
}
