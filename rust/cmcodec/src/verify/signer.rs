//! SignerInfos: V4, V7, V12, V5, V6, V8 ([`super::candidates`]), V9, V10, in this order.

use super::algorithm::{AlgorithmName, DigestAlgorithm, Scheme, SignatureAlgorithm};
use super::candidates::{
    Candidate, CertificateHash, Digested, Owner, Search, SigningCertificates, v8_find_key,
};
use super::report::{Fault, Few, Signer, SignerKey};
use super::worker::Worker;
use crate::der::{Elements, Tlv};
use crate::error::Reason;
use crate::generated::limits::MAX_FAILED_WORK;
use crate::generated::oids::{
    ID_AA_CMS_ALGORITHM_PROTECT, ID_AA_SIGNING_CERTIFICATE, ID_AA_SIGNING_CERTIFICATE_V2,
    ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNING_TIME,
};
use crate::view::{
    AlgorithmIdentifier, Attribute, CMSAlgorithmProtection, ESSCertID, ESSCertIDv2, PkiMessage,
    SignedData, SignerInfo, attributes, is_cms_version,
};

/// The SignerInfos of one message under way.
pub(super) struct Signers<'a> {
    signatures: Few<Signature<'a>>,
    searches: Few<Search<'a>>,
}

impl<'a> Signers<'a> {
    /// Everything but verifying. `message` is the content, where requests may
    /// have the signer's key.
    pub(super) fn new(
        data: &'a [u8],
        signed: &SignedData,
        infos: Elements<'a>,
        message: Option<&PkiMessage>,
        worker: &mut Worker<'a>,
    ) -> Self {
        let mut content = Content::new(data, signed);
        let signatures: Few<Signature<'a>> = infos
            .filter_map(|tlv| SignerInfo::read(data, tlv))
            .map(|info| Signature::new(data, info, &mut content, worker.config.legacy))
            .collect();
        let mut searches: Few<Search<'a>> = signatures.iter().map(|it| it.search(data)).collect();
        v8_find_key(data, signed, message, &mut searches, worker);
        if worker.verifier.has_lanes() {
            // What could fail at most (V15).
            let mut left = MAX_FAILED_WORK;
            for (signature, search) in signatures.iter().zip(&mut *searches) {
                signature.ask(data, search, &mut left, worker);
            }
        }
        Self { signatures, searches }
    }

    /// V3: verifies every SignerInfo; returns them, and the fault of the first
    /// that is bad.
    pub(super) fn v3_each_signer(
        &self,
        data: &'a [u8],
        worker: &mut Worker<'a>,
    ) -> (Few<Signer>, Option<Fault>) {
        let (mut first, mut failed) = (None, 0);
        let signers = self.signatures.iter().zip(&*self.searches).map(|(signature, search)| {
            let key = signature.v10_signature(data, search, &mut failed, worker);
            first = first.or(key.as_ref().err().copied());
            Signer { algorithm: signature.name, key: key.map_err(|fault| fault.reason) }
        });
        (signers.collect(), first)
    }
}

/// What the SignerInfos of one message are checked against.
struct Content<'a> {
    /// Content octets of eContentType.
    content_type: &'a [u8],
    /// Content octets of eContent.
    octets: Digested<'a>,
    /// Whether digestAlgorithms has it, for each hash function.
    listed: [bool; DigestAlgorithm::ALL.len()],
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
            octets: Digested::new(
                encapsulated.e_content.map_or(&[], |content| content.value(data)),
            ),
            listed,
        }
    }

    fn lists(&self, digest: DigestAlgorithm) -> bool {
        self.listed.get(digest as usize) == Some(&true)
    }
}

/// One SignerInfo under way.
struct Signature<'a> {
    info: SignerInfo,
    /// Content octets of eContent, which are signed where no attributes are.
    content: &'a [u8],
    name: AlgorithmName,
    /// The algorithm, and what the attributes say of the certificate, if no rule is broken.
    state: Result<(SignatureAlgorithm, SigningCertificates<'a>), Fault>,
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
        Self { info, content: content.octets.octets(), name, state }
    }

    /// What its key is found by.
    fn search(&self, data: &'a [u8]) -> Search<'a> {
        let named = self.state.map(|(_, named)| named);
        Search::new(self.info.signer_identifier(data), self.info.sid.start(), named)
    }

    /// Has lanes look at it, with the key of each candidate.
    fn ask(
        &self,
        data: &'a [u8],
        search: &mut Search<'a>,
        left: &mut usize,
        worker: &mut Worker<'a>,
    ) {
        let Ok((algorithm, _)) = self.state else { return };
        let signed = self.signed(data, &mut worker.attributes);
        let signature = self.info.signature.value(data);
        for candidate in search.each_key() {
            candidate.ticket =
                worker.verifier.ask(candidate.spki, &algorithm, signed, signature, left);
        }
    }

    /// The octets that were signed; `attributes` is where they are put together.
    fn signed<'b>(&self, data: &[u8], attributes: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        let Some(set) = self.info.signed_attrs else { return self.content };
        // As received, with the tag that was signed.
        attributes.clear();
        attributes.push(0x31);
        attributes.extend_from_slice(set.octets(data).get(1..).unwrap_or_default());
        attributes
    }

    /// V10: the candidates whose key verifies. If none does, the reason is
    /// that of the first for which the arithmetic failed, else of the first.
    /// `failed` is the work on keys of this message that did not verify (V15).
    fn v10_signature(
        &self,
        data: &'a [u8],
        search: &Search<'a>,
        failed: &mut usize,
        worker: &mut Worker<'a>,
    ) -> Result<SignerKey, Fault> {
        let (algorithm, _) = self.state?;
        let signed = self.signed(data, &mut worker.attributes);
        let signature = self.info.signature.value(data);
        let (mut tried, mut certificates) = (Vec::new(), Vec::new());
        let mut found = Reason::SignerNotFound;
        for Candidate { spki, owner, ticket } in search.candidates()? {
            // Twins share one verification.
            let known = tried.iter().find(|(key, _)| key == spki).map(|(_, verified)| *verified);
            let verified = match known {
                Some(true) => Ok(()),
                Some(false) => continue,
                None if *failed >= MAX_FAILED_WORK => Err(Reason::LimitV15),
                None => {
                    let verified =
                        worker.verifier.verify(spki, &algorithm, signed, signature, *ticket);
                    if let Err((Reason::SignatureInvalid, work)) = verified {
                        *failed = failed.saturating_add(work);
                    }
                    verified.map_err(|(reason, _)| reason)
                }
            };
            tried.push((*spki, verified.is_ok()));
            match (verified, owner) {
                (Ok(()), Owner::Request(id)) => return Ok(SignerKey::Request(*id)),
                (Ok(()), Owner::Certificate(octets, source)) => {
                    certificates.push((*octets, source))
                }
                (Err(reason @ (Reason::SignatureInvalid | Reason::LimitV15)), _) => found = reason,
                (Err(reason), _) if found == Reason::SignerNotFound => found = reason,
                (Err(_), _) => {}
            }
        }
        match (&mut certificates[..], found) {
            ([], Reason::SignatureInvalid) => Err(Fault::new(found, self.info.signature.start())),
            ([], _) => Err(Fault::new(found, self.info.sid.start())),
            ([(_, source)], _) => Ok(SignerKey::Certificates(Few::One((*source).clone()))),
            (several, _) => {
                several.sort_by_cached_key(|(octets, source)| {
                    (!worker.config.is_authorised_ra(octets), source.preference())
                });
                let sources = several.iter().map(|(_, source)| (*source).clone());
                Ok(SignerKey::Certificates(sources.collect()))
            }
        }
    }
}

/// Everything that needs no key, in the order of the rules.
fn check<'a>(
    data: &'a [u8],
    info: &SignerInfo,
    digest: Option<DigestAlgorithm>,
    algorithm: Result<SignatureAlgorithm, Reason>,
    content: &mut Content<'_>,
) -> Result<(SignatureAlgorithm, SigningCertificates<'a>), Fault> {
    v1_signer_info_version(data, info)?;
    let attributes = v4_attributes(data, info, content)?;
    let protection = attributes.as_ref().and_then(|attributes| attributes.protection);
    let (digest, algorithm) = v7_algorithms(data, info, digest, algorithm, protection, content)?;
    v12_no_signature(info, algorithm)?;
    let Some(attributes) = attributes else {
        return Ok((algorithm, SigningCertificates::default()));
    };
    v5_content_type(data, attributes.content_type, content)?;
    v6_message_digest(data, attributes.message_digest, digest, content)?;
    Ok((algorithm, attributes.certificates))
}

/// V1: the version, which no signature covers, is one that CMS has.
fn v1_signer_info_version(data: &[u8], info: &SignerInfo) -> Result<(), Fault> {
    let good = is_cms_version(info.version.value(data));
    Fault::unless(good, Reason::VersionMismatch, info.version.start())
}

/// The signed attributes that are looked at, with their values.
struct Attributes<'a> {
    content_type: (Attribute, Tlv),
    message_digest: (Attribute, Tlv),
    protection: Option<(Attribute, Tlv)>,
    certificates: SigningCertificates<'a>,
}

/// V4: the signed attributes, once and with one value each; `None` over id-data
/// without any (RFC 5652 §5.3). The walk has seen that they are sorted.
fn v4_attributes<'a>(
    data: &'a [u8],
    info: &SignerInfo,
    content: &Content<'_>,
) -> Result<Option<Attributes<'a>>, Fault> {
    let Some(set) = info.signed_attrs else {
        let good = content.content_type == ID_DATA;
        return Fault::unless(good, Reason::AttributeMissing, info.tlv.start()).map(|()| None);
    };
    let missing = || Fault::new(Reason::AttributeMissing, set.start());
    let [content_type, message_digest, signing_time, protection, certificate, certificate_v2] =
        find_singles(data, set);
    let content_type = content_type.only(data)?.ok_or_else(missing)?;
    let message_digest = message_digest.only(data)?.ok_or_else(missing)?;
    signing_time.only(data)?;
    let protection = protection.only(data)?;
    let certificate =
        certificate.only(data)?.and_then(|(_, value)| signing_certificate(data, value));
    let certificate_v2 =
        certificate_v2.only(data)?.and_then(|(_, value)| signing_certificate_v2(data, value));
    let certificates = [certificate, certificate_v2];
    Ok(Some(Attributes { content_type, message_digest, protection, certificates }))
}

/// The first of `certs`, which is the signer's (RFC 5035 §5.4.1).
fn signing_certificate(data: &[u8], value: Tlv) -> Option<CertificateHash<'_>> {
    let first =
        ESSCertID::read(data, Elements::of(data, Elements::of(data, value).next()?).next()?)?;
    let algorithm = Some(DigestAlgorithm::Sha1);
    Some(CertificateHash { algorithm, value: first.cert_hash.value(data) })
}

/// The same, by any hash function, SHA-256 where none is named (RFC 5035 §4).
fn signing_certificate_v2(data: &[u8], value: Tlv) -> Option<CertificateHash<'_>> {
    let first =
        ESSCertIDv2::read(data, Elements::of(data, Elements::of(data, value).next()?).next()?)?;
    let algorithm = first
        .hash_algorithm
        .map_or(Some(DigestAlgorithm::Sha256), |identifier| digest_algorithm(data, identifier));
    Some(CertificateHash { algorithm, value: first.cert_hash.value(data) })
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
    let good = content.octets.has(digest, claimed.value(data));
    Fault::unless(good, Reason::DigestMismatch, attribute.tlv.start())
}

/// The attributes that may stand once, with one value (V4), in the order in
/// which they are looked at.
const SINGLES: [&[u8]; 6] = [
    ID_CONTENT_TYPE,
    ID_MESSAGE_DIGEST,
    ID_SIGNING_TIME,
    ID_AA_CMS_ALGORITHM_PROTECT,
    ID_AA_SIGNING_CERTIFICATE,
    ID_AA_SIGNING_CERTIFICATE_V2,
];

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
