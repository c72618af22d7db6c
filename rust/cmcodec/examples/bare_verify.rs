//! Times [`cmcodec::verify::verify`] against a bare loop of the same
//! verifications by the same library, on the same number of threads, in
//! alternation. `benches/ratios.py` runs it and holds the ratio to its promise.
//!
//! ```text
//! cargo run --release -p cmcodec --example bare_verify -- BATCH.der THREADS [ROUNDS]
//! ```
//!
//! The bare loop (`bare_s`) begins with parsed keys, signed octets and
//! signatures in a list, and does nothing but the arithmetic. Its keys serve
//! all rounds, so that what the library computes when a key is first used is
//! not in it; `bare_fresh_s` is the same with keys that were never used.
//!
//! What `verify` does besides is timed one by one, on one thread: `load_s` the
//! validating walk, `keys_s` parsing each key, `digests_s` digesting each
//! content. Times are seconds, the best of all rounds.
#![allow(clippy::cast_precision_loss)] // Counts of messages are far below 2^52.

use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, fs, thread};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    VerificationAlgorithm,
};
use cmcodec::der::{Tlv, read_tlv};
use cmcodec::load::load;
use cmcodec::schema::walk::Options;
use cmcodec::verify::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};
use cmcodec::verify::report::{SignerKey, Verdict};
use cmcodec::verify::{Config, Report, verify};
use cmcodec::view::certificate::Certificate;
use cmcodec::view::cms::{ContentInfo, SignedData, SignerIdentifier, SignerInfo};
use cmcodec::view::crmf::ProofOfPossession;
use cmcodec::view::pkidata::{PkiMessage, Request};
use cmcodec::view::{AlgorithmIdentifier, Elements};

/// Verifications that a thread takes at a time.
const CHUNK: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let file = arguments.next().ok_or("usage: bare_verify BATCH.der THREADS [ROUNDS]")?;
    let threads: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let data = fs::read(file)?;

    let mut work = Work::default();
    let root = read_tlv(&data, 0, data.len()).map_err(|error| format!("{error:?}"))?;
    load(&data, Options::default()).map_err(|error| format!("{error:?}"))?;
    work.message(&data, root).ok_or("not a batch of the benches")?;
    let keys = work.parse_keys()?;
    let config = Config { threads, ..Config::default() };

    let mut bare = Vec::new();
    let mut bare_fresh = Vec::new();
    let mut whole = Vec::new();
    work.verify(&keys, threads);
    for _ in 0..rounds {
        bare.push(seconds(|| work.verify(&keys, threads)));
        let report = timed(&mut whole, || verify(&[&data], &config, &|_, _| true));
        check(report, work.messages);
        let fresh = work.parse_keys()?;
        bare_fresh.push(seconds(|| work.verify(&fresh, threads)));
    }
    let loading = (0..rounds).map(|_| seconds(|| drop(black_box(load(&data, Options::default())))));
    let parsing = (0..rounds).map(|_| seconds(|| drop(black_box(work.parse_keys()))));
    let digesting = (0..rounds).map(|_| seconds(|| work.digest(&data)));
    println!(
        "{{\"threads\": {threads}, \"messages\": {}, \"verifications\": {}, \"keys\": {}, \
         \"octets\": {}, \"bare_s\": {:.6}, \"verify_s\": {:.6}, \"bare_fresh_s\": {:.6}, \
         \"ratio\": {:.4}, \"ratio_fresh\": {:.4}, \"bare_rounds_s\": {bare:.6?}, \"verify_rounds_s\": {whole:.6?}, \
         \"load_s\": {:.6}, \"keys_s\": {:.6}, \"digests_s\": {:.6}}}",
        work.messages,
        work.jobs.len(),
        work.keys.len(),
        data.len(),
        best(&bare),
        best(&whole),
        best(&bare_fresh),
        best(&whole) / best(&bare),
        best(&whole) / best(&bare_fresh),
        best(&loading.collect::<Vec<_>>()),
        best(&parsing.collect::<Vec<_>>()),
        best(&digesting.collect::<Vec<_>>()),
    );
    Ok(())
}

fn timed<T>(times: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    times.push(start.elapsed().as_secs_f64());
    result
}

fn seconds(work: impl FnOnce()) -> f64 {
    let mut times = Vec::new();
    timed(&mut times, work);
    best(&times)
}

fn best(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

fn check<E>(report: Result<Report, E>, messages: usize) {
    let good = report.is_ok_and(|report| {
        report.rows.len() == messages
            && report.rows.iter().all(|row| {
                let finding = &row.finding;
                finding.verdict == Verdict::Verified
                    && finding.signers.iter().all(|signer| {
                        matches!(signer.key, Ok(SignerKey::Certificate(_) | SignerKey::Request(_)))
                    })
            })
    });
    assert!(good, "not every message is verified");
}

/// A key, as the library reads it, for one algorithm.
struct Key<'a> {
    library: &'static dyn VerificationAlgorithm,
    octets: &'a [u8],
}

struct Job<'a> {
    /// Which of the keys.
    key: usize,
    message: Vec<u8>,
    signature: &'a [u8],
}

/// Everything that is to be verified in a batch.
#[derive(Default)]
struct Work<'a> {
    messages: usize,
    keys: Vec<Key<'a>>,
    jobs: Vec<Job<'a>>,
    contents: Vec<(DigestAlgorithm, Tlv)>,
}

impl<'a> Work<'a> {
    /// Verifies everything once, all of which must be good.
    fn verify(&self, keys: &[ParsedPublicKey], threads: usize) {
        let next = AtomicUsize::new(0);
        let good = AtomicBool::new(true);
        let run = || loop {
            let start = next.fetch_add(CHUNK, Ordering::Relaxed);
            let Some(rest) = self.jobs.get(start..) else { break };
            for job in rest.iter().take(CHUNK) {
                let verified = keys
                    .get(job.key)
                    .is_some_and(|key| key.verify_sig(&job.message, job.signature).is_ok());
                if !verified {
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
        assert!(good.into_inner(), "a signature is not good");
    }

    fn parse_keys(&self) -> Result<Vec<ParsedPublicKey>, Box<dyn Error>> {
        let parse = |key: &Key<'_>| ParsedPublicKey::new(key.library, key.octets);
        Ok(self.keys.iter().map(parse).collect::<Result<_, _>>()?)
    }

    fn digest(&self, data: &[u8]) {
        for (algorithm, content) in &self.contents {
            black_box(algorithm.digest(content.value(data)));
        }
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
            self.contents.push((digest, signed.encap_content_info.e_content?));
            let spki = signer(data, &signed, &message, info.signer_identifier(data))?;
            let mut attributes = info.signed_attrs?.octets(data).to_vec();
            *attributes.first_mut()? = 0x31;
            let signature = info.signature.value(data);
            self.add(data, spki, info.signature_algorithm, Some(digest), attributes, signature)?;
        }
        for request in message.requests(data) {
            let spki = request.request.public_key()?;
            let (algorithm, tbs, signature) = match request.request {
                Request::Pkcs10(it) => {
                    (it.signature_algorithm, it.certification_request_info, it.signature)
                }
                Request::Crmf(it) => match it.popo? {
                    ProofOfPossession::Signature(key) => {
                        (key.algorithm_identifier, it.cert_req, key.signature)
                    }
                    _ => return None,
                },
                Request::Other => return None,
            };
            let (_, signature) = signature.value(data).split_first()?;
            self.add(data, spki, algorithm, None, tbs.octets(data).to_vec(), signature)?;
        }
        for member in message.members(data) {
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
        message: Vec<u8>,
        signature: &'a [u8],
    ) -> Option<()> {
        let (oid, parameters) = (identifier.oid(data), identifier.parameters(data));
        let algorithm = SignatureAlgorithm::from_identifier(oid, parameters, digest, false).ok()?;
        let library: &'static dyn VerificationAlgorithm =
            match (algorithm.scheme(), algorithm.digest()?) {
                (Scheme::RsaPkcs1, DigestAlgorithm::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
                (Scheme::Ecdsa, DigestAlgorithm::Sha256) => &ECDSA_P256_SHA256_ASN1,
                (Scheme::Ed25519, _) => &ED25519,
                _ => return None,
            };
        let (_, octets) = Elements::of(data, spki).nth(1)?.value(data).split_first()?;
        // The key that signs the message is often the one that it asks for.
        if self.keys.last().is_none_or(|key| key.octets != octets) {
            self.keys.push(Key { library, octets });
        }
        self.jobs.push(Job { key: self.keys.len() - 1, message, signature });
        Some(())
    }
}

/// The SubjectPublicKeyInfo with this key identifier: a certificate's, or a
/// request's.
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
            let mut named = false;
            request.request.for_each_key_identifier(data, |found| named |= found == sid);
            request.request.public_key().filter(|_| named)
        })
    })
}
