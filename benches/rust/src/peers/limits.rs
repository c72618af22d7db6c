//! What no verifier and no parser can be faster than.
//!
//! The loop of [`verify`] begins with parsed keys that were used before, signed octets and
//! signatures in a list, and does nothing but the digests and the arithmetic. The loop of [`walk`]
//! reads the header of every value and looks at no content.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use cmcodec::der::{Elements, Tlv, read_tlv};
use cmcodec::load::load;
use cmcodec::schema::walk::Options;
use cmcodec::verify::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};
use cmcodec::view::certificate::Certificate;
use cmcodec::view::{
    AlgorithmIdentifier, ContentInfo, EncapsulatedContentInfo, PKIData, PkiMessage,
    ProofOfPossession, SignedData, SignerIdentifier, SignerInfo, TaggedContentInfo, TaggedRequest,
};

use super::{Outcome, measured, timed};
use crate::Result;

// --- verifications -------------------------------------------------------------------------------

/// Verifications that a thread takes at a time: few, so that all end together.
const CHUNK: usize = 4;

/// Verifies every signature of every message. `seconds_verifications` is what that takes when all
/// digests are there before (Ed25519 makes its own); `seconds_keys` is what parsing the keys took.
pub fn verify(data: &[u8], threads: usize) -> Result<Outcome> {
    load(data, Options::default()).map_err(|error| format!("{error:?}"))?;
    let root = read_tlv(data, 0, data.len()).map_err(|error| format!("{error:?}"))?;
    let mut work = Work::default();
    work.message(data, root).ok_or("not a batch of the benches")?;
    let (seconds_keys, keys) = timed(|| work.parse_keys());
    let keys = keys?;
    // A key computes more when it is first used.
    work.run(thread::available_parallelism()?.get(), |job| job.verify(&keys))?;

    let (seconds, whole) = timed(|| {
        work.run(threads, |job| {
            job.digest();
            job.verify(&keys)
        })
    });
    let (verifications, bare) = timed(|| work.run(threads, |job| job.verify(&keys)));
    whole.and(bare)?;
    Ok(Outcome::new(seconds, work.messages - 1, work.messages)
        .with("seconds_verifications", verifications)
        .with("seconds_keys", seconds_keys)
        .with("verifications", work.jobs.len())
        .with("keys", keys.len()))
}

/// How many messages are members of the PKIData in the message that `data` is.
pub fn members(data: &[u8]) -> Option<usize> {
    let root = read_tlv(data, 0, data.len()).ok()?;
    let encapsulated = ContentInfo::read(data, root)?.encapsulated(data)?;
    Some(nested(data, &encapsulated)?.count())
}

/// The members of the PKIData that this is.
fn nested<'a>(
    data: &'a [u8],
    encapsulated: &EncapsulatedContentInfo,
) -> Option<impl Iterator<Item = TaggedContentInfo> + use<'a>> {
    let content = PKIData::read(data, Elements::of(data, encapsulated.e_content?).next()?)?;
    let members = Elements::of(data, content.cms_sequence);
    Some(members.filter_map(|tlv| TaggedContentInfo::read(data, tlv)))
}

/// A key for one algorithm.
struct Key<'a> {
    library: &'static dyn VerificationAlgorithm,
    octets: &'a [u8],
}

/// A signature.
struct Job<'a> {
    /// Which of the keys.
    key: usize,
    /// What is signed.
    message: Cow<'a, [u8]>,
    signature: &'a [u8],
    /// How the message is digested; Ed25519 does so itself.
    algorithm: Option<DigestAlgorithm>,
    digest: Option<Digest>,
    /// The content of a SignerInfo, whose digest is in the message.
    content: Option<(DigestAlgorithm, &'a [u8])>,
}

impl Job<'_> {
    /// Computes the digests that the verification needs.
    fn digest(&mut self) {
        if let Some((algorithm, content)) = self.content {
            black_box(algorithm.digest(content));
        }
        self.digest = self.algorithm.map(|algorithm| algorithm.digest(&self.message));
    }

    /// Whether the signature is good.
    fn verify(&self, keys: &[ParsedPublicKey]) -> bool {
        let Some(key) = keys.get(self.key) else { return false };
        match &self.digest {
            Some(digest) => key.verify_digest_sig(digest, self.signature),
            None => key.verify_sig(&self.message, self.signature),
        }
        .is_ok()
    }
}

/// Everything that is to be verified in a batch.
#[derive(Default)]
struct Work<'a> {
    messages: usize,
    keys: Vec<Key<'a>>,
    jobs: Vec<Job<'a>>,
}

impl<'a> Work<'a> {
    fn parse_keys(&self) -> Result<Vec<ParsedPublicKey>> {
        let parse = |key: &Key<'_>| ParsedPublicKey::new(key.library, key.octets);
        Ok(self.keys.iter().map(parse).collect::<std::result::Result<_, _>>()?)
    }

    /// Does each job once, all of which must come out good, on so many threads.
    fn run(&mut self, threads: usize, job: impl Fn(&mut Job<'_>) -> bool + Sync) -> Result<()> {
        let good = AtomicBool::new(true);
        let chunks = Mutex::new(self.jobs.chunks_mut(CHUNK));
        let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
        let run = || {
            while let Some(chunk) = next() {
                if !chunk.iter_mut().all(&job) {
                    good.store(false, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(run);
            }
            run();
        });
        if good.into_inner() { Ok(()) } else { Err("a signature is not good".into()) }
    }

    /// Adds the signatures of a ContentInfo and of those nested in it.
    fn message(&mut self, data: &'a [u8], content_info: Tlv) -> Option<()> {
        self.messages += 1;
        let signed = SignedData::read(data, ContentInfo::read(data, content_info)?.content)?;
        let message = signed.encap_content_info.pki_message(data)?;
        for tlv in Elements::of(data, signed.signer_infos) {
            let info = SignerInfo::read(data, tlv)?;
            let digest = DigestAlgorithm::from_identifier(
                info.digest_algorithm.oid(data),
                info.digest_algorithm.parameters(data),
            )?;
            let spki = signer(data, &signed, &message, info.signer_identifier(data))?;
            let mut attributes = info.signed_attrs?.octets(data).to_vec();
            *attributes.first_mut()? = 0x31;
            let signature = info.signature.value(data);
            let attributes = Cow::Owned(attributes);
            self.add(data, spki, info.signature_algorithm, Some(digest), attributes, signature)?;
            let content = signed.encap_content_info.e_content?.value(data);
            self.jobs.last_mut()?.content = Some((digest, content));
        }
        for request in message.requests(data) {
            let (spki, algorithm, tbs, signature) = match request {
                TaggedRequest::Tcr(tagged) => {
                    let it = tagged.certification_request;
                    let tbs = it.certification_request_info.tlv;
                    (it.public_key(), it.signature_algorithm, tbs, it.signature)
                }
                TaggedRequest::Crm(it) => match it.popo? {
                    ProofOfPossession::Signature(key) => {
                        let spki = it.cert_req.cert_template.public_key?;
                        (spki, key.algorithm_identifier, it.cert_req.tlv, key.signature)
                    }
                    _ => return None,
                },
                TaggedRequest::Orm(_) => return None,
            };
            let (_, signature) = signature.value(data).split_first()?;
            self.add(data, spki, algorithm, None, Cow::Borrowed(tbs.octets(data)), signature)?;
        }
        for member in nested(data, &signed.encap_content_info)? {
            self.message(data, member.content_info)?;
        }
        Some(())
    }

    fn add(
        &mut self,
        data: &'a [u8],
        spki: Tlv,
        identifier: AlgorithmIdentifier,
        digest: Option<DigestAlgorithm>,
        message: Cow<'a, [u8]>,
        signature: &'a [u8],
    ) -> Option<()> {
        let (oid, parameters) = (identifier.oid(data), identifier.parameters(data));
        let algorithm = SignatureAlgorithm::from_identifier(oid, parameters, digest, false).ok()?;
        let (library, algorithm): (&'static dyn VerificationAlgorithm, _) =
            match (algorithm.scheme(), algorithm.digest()?) {
                (Scheme::RsaPkcs1, it @ DigestAlgorithm::Sha256) => {
                    (&RSA_PKCS1_2048_8192_SHA256, Some(it))
                }
                (Scheme::Ecdsa, it @ DigestAlgorithm::Sha256) => {
                    (&ECDSA_P256_SHA256_ASN1, Some(it))
                }
                (Scheme::Ed25519, _) => (&ED25519, None),
                _ => return None,
            };
        let (_, octets) = Elements::of(data, spki).nth(1)?.value(data).split_first()?;
        // The key that signs the message is often the one that it asks for.
        if self.keys.last().is_none_or(|key| key.octets != octets) {
            self.keys.push(Key { library, octets });
        }
        let key = self.keys.len() - 1;
        self.jobs.push(Job { key, message, signature, algorithm, digest: None, content: None });
        Some(())
    }
}

/// The SubjectPublicKeyInfo with this key identifier: a certificate's, or a request's.
fn signer(
    data: &[u8],
    signed: &SignedData,
    message: &PkiMessage,
    sid: SignerIdentifier<'_>,
) -> Option<Tlv> {
    let SignerIdentifier::SubjectKeyIdentifier(sid) = sid else { return None };
    let certified = signed
        .certificates(data)
        .filter_map(|tlv| Certificate::read(data, tlv))
        .find(|certificate| certificate.key_identifier(data) == Some(sid))
        .map(|certificate| certificate.subject_public_key_info);
    certified.or_else(|| {
        message.requests(data).find_map(|request| {
            let mut spki = None;
            request.for_each_key_identifier(data, |found, key| {
                spki = spki.or(key.filter(|_| found == sid));
            });
            spki
        })
    })
}

// --- walk ----------------------------------------------------------------------------------------

/// id-cct-PKIData and id-cct-PKIResponse: what an OCTET STRING after them contains is walked too.
const MESSAGES: [&[u8]; 2] = [
    &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x0C, 0x02],
    &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x0C, 0x03],
];

/// Elements inside elements.
const DEPTH: usize = 128;

/// Reads the header of every value; the answer is how many there are.
pub fn walk(data: &[u8]) -> Result<Outcome> {
    let messages = members(data).ok_or("not a PKIData")?;
    measured(|| elements(data).ok_or("not DER".into()), |count| Ok((messages, (*count).into())))
}

/// How many elements there are at all levels; `None` if a header is not DER, or of a form that does
/// not occur here: a tag of several octets, a length of more than four.
fn elements(data: &[u8]) -> Option<usize> {
    let mut count = 0;
    let (mut pos, mut end) = (0, data.len());
    let mut ends = [0; DEPTH];
    let mut level = 0;
    let mut is_message = false;
    loop {
        while pos == end {
            if level == 0 {
                return Some(count);
            }
            level -= 1;
            end = *ends.get(level)?;
        }
        let &[tag, first] = data.get(pos..)?.first_chunk()?;
        let mut content = pos + 2;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let digits = data.get(content..content + (length & 0x7F))?;
            content += digits.len();
            length = digits.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            if digits.len() > 4 || digits.first() == Some(&0) || length < 0x80 {
                return None;
            }
        }
        if tag & 0x1F == 0x1F || length > end - content {
            return None;
        }
        count += 1;
        let stop = content + length;
        if tag & 0x20 != 0 || (tag == 0x04 && is_message) {
            *ends.get_mut(level)? = end;
            level += 1;
            (pos, end) = (content, stop);
            // The OCTET STRING stands in an explicit tag.
            is_message &= tag == 0xA0;
        } else {
            is_message = tag == 0x06 && MESSAGES.contains(&data.get(content..stop)?);
            pos = stop;
        }
    }
}
