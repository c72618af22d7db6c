//! Signatures that lanes may find good, eight at a time (V10, V14, V15).
//!
//! A message is begun, which puts its signatures in a queue of the thread, and finished when
//! the lanes have looked at them. What they find good is good; about everything else the library
//! is asked, as it is about all without lanes: a verdict, its reason and what it may cost are the
//! same. A job holds nothing secret.

use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest::{self, Context, Digest};
pub use cmcodec_lanes::Machine;
use cmcodec_lanes::{Outcome, ecdsa, ed25519, rsa};

use super::algorithm::{DigestAlgorithm, Scheme, positive, sequence};
use crate::generated::algorithm_tables::DIGESTS;
use crate::pool::locked;
use crate::stack::on_enough;

/// Messages, or requests of one, that are begun before the first of them is finished.
pub(super) const TOGETHER: usize = 128;

/// Jobs that may wait, and so what they take of memory: those of one message, which are 640 at
/// most, come to it.
const FULL: usize = 256;

/// Jobs that are worth a register of eight: with fewer the library is as fast.
const LEAST: usize = 4;

/// The exponent that lanes know.
const EXPONENT: &[u8] = &[1, 0, 1];

/// A signature, taken apart for lanes.
#[allow(clippy::large_enum_variant)] // It is moved once.
pub(super) enum Job {
    Rsa2048(rsa::Job<256>, Block),
    Rsa3072(rsa::Job<384>, Block),
    Rsa4096(rsa::Job<512>, Block),
    P256(ecdsa::Job<32>),
    P384(ecdsa::Job<48>),
    Ed25519(ed25519::Job),
}

/// What was signed, and how.
pub(super) struct Signed<'a> {
    pub(super) scheme: Scheme,
    pub(super) digest: DigestAlgorithm,
    /// Octets of salt; 0 unless RSASSA-PSS.
    pub(super) salt: usize,
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// An RSAPublicKey of one of three sizes, with the usual exponent.
pub(super) fn rsa(key: &[u8], signed: &Signed<'_>) -> Option<Job> {
    let mut fields = sequence(key)?;
    let modulus = positive(fields.take_value(0x02)?)?;
    if positive(fields.take_value(0x02)?)? != EXPONENT {
        return None;
    }
    let block = Block {
        digest: signed.digest,
        value: signed.digest.digest(signed.message),
        salt: (signed.scheme == Scheme::RsaPss).then_some(signed.salt),
    };
    match modulus.len() {
        256 => Some(Job::Rsa2048(power(modulus, signed.signature)?, block)),
        384 => Some(Job::Rsa3072(power(modulus, signed.signature)?, block)),
        512 => Some(Job::Rsa4096(power(modulus, signed.signature)?, block)),
        _ => None,
    }
}

fn power<const N: usize>(modulus: &[u8], signature: &[u8]) -> Option<rsa::Job<N>> {
    Some(rsa::Job { modulus: modulus.try_into().ok()?, signature: signature.try_into().ok()? })
}

/// A SubjectPublicKeyInfo that ends with an uncompressed point of P-256.
pub(super) fn p256(key: &[u8], signed: &Signed<'_>) -> Option<Job> {
    ecdsa(key, signed).map(Job::P256)
}

/// The same of P-384.
pub(super) fn p384(key: &[u8], signed: &Signed<'_>) -> Option<Job> {
    ecdsa(key, signed).map(Job::P384)
}

fn ecdsa<const N: usize>(key: &[u8], signed: &Signed<'_>) -> Option<ecdsa::Job<N>> {
    let (rest, y) = key.split_last_chunk()?;
    let (_, x) = rest.split_last_chunk()?;
    let mut numbers = sequence(signed.signature)?;
    let mut number = || padded(positive(numbers.take_value(0x02)?)?);
    let (r, s) = (number()?, number()?);
    let digest = signed.digest.digest(signed.message);
    // The leftmost bits of a longer one (SEC 1 §4.1.4).
    let leftmost = digest.as_ref().get(..N).unwrap_or(digest.as_ref());
    Some(ecdsa::Job { x: *x, y: *y, r, s, digest: padded(leftmost)? })
}

/// A number of as many octets as are wanted; `None` for one that is too large.
fn padded<const N: usize>(magnitude: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    let start = N.checked_sub(magnitude.len())?;
    octets.get_mut(start..)?.copy_from_slice(magnitude);
    Some(octets)
}

/// The 32 octets of a key.
pub(super) fn ed25519(key: &[u8], signed: &Signed<'_>) -> Option<Job> {
    let (key, signature) = (key.try_into().ok()?, *signed.signature.first_chunk()?);
    let mut context = Context::new(&digest::SHA512);
    for octets in [signature.first_chunk::<32>()?, key, signed.message] {
        context.update(octets);
    }
    let hash = context.finish().as_ref().try_into().ok()?;
    Some(Job::Ed25519(ed25519::Job { key: *key, signature, hash }))
}

/// What the power of a signature has to be (RFC 8017 §8.1.2 and 8.2.2).
pub(super) struct Block {
    digest: DigestAlgorithm,
    value: Digest,
    /// Octets of salt, for RSASSA-PSS.
    salt: Option<usize>,
}

impl Block {
    fn is(&self, power: &[u8]) -> bool {
        let good = match self.salt {
            None => self.is_pkcs1(power),
            Some(salt) => self.is_pss(power, salt),
        };
        good.is_some()
    }

    /// EMSA-PKCS1-v1_5 (RFC 8017 §9.2), its one form: the parameters of the hash function are NULL.
    fn is_pkcs1(&self, power: &[u8]) -> Option<()> {
        let oid = DIGESTS.iter().find(|row| row.kind == self.digest)?.oid;
        let value = self.value.as_ref();
        let (oid_octets, octets) = (u8::try_from(oid.len()).ok()?, u8::try_from(value.len()).ok()?);
        let rest = power.strip_suffix(value)?.strip_suffix(&[0x05, 0x00, 0x04, octets])?;
        let rest = rest.strip_suffix(oid)?;
        let (outer, inner) = (oid_octets + 8 + octets, oid_octets + 4);
        let rest = rest.strip_suffix(&[0x30, outer, 0x30, inner, 0x06, oid_octets])?;
        let padding = rest.strip_prefix(&[0x00, 0x01])?.strip_suffix(&[0x00])?;
        padding.iter().all(|octet| *octet == 0xFF).then_some(())
    }

    /// EMSA-PSS (RFC 8017 §9.1.2) with this salt, for a modulus of whole octets.
    fn is_pss(&self, power: &[u8], salt: usize) -> Option<()> {
        let octets = self.value.as_ref().len();
        let rest = power.strip_suffix(&[0xBC])?;
        let (masked, hash) = rest.split_at_checked(rest.len().checked_sub(octets)?)?;
        if masked.first()? >> 7 == 1 {
            return None;
        }
        let mut block = masked.to_vec();
        self.unmask(&mut block, hash);
        *block.first_mut()? &= 0x7F;
        let (padding, salt) = block.split_at_checked(block.len().checked_sub(salt)?)?;
        let zeros = padding.strip_suffix(&[0x01])?;
        let mut context = Context::new(self.digest.implementation());
        for octets in [&[0; 8], self.value.as_ref(), salt] {
            context.update(octets);
        }
        let good = zeros.iter().all(|octet| *octet == 0) && context.finish().as_ref() == hash;
        good.then_some(())
    }

    /// MGF1 (RFC 8017 B.2.1), added.
    fn unmask(&self, block: &mut [u8], seed: &[u8]) {
        for (counter, chunk) in (0u32..).zip(block.chunks_mut(self.value.as_ref().len())) {
            let mut context = Context::new(self.digest.implementation());
            context.update(seed);
            context.update(&counter.to_be_bytes());
            for (octet, mask) in chunk.iter_mut().zip(context.finish().as_ref()) {
                *octet ^= mask;
            }
        }
    }
}

/// The number of a job. No two of a queue have the same, so that what was forgotten is not good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket(usize);

/// Whether jobs are good, from one number on.
#[derive(Default)]
struct Answers {
    first: usize,
    good: Vec<bool>,
}

impl Answers {
    fn next(&mut self) -> Ticket {
        self.good.push(false);
        Ticket(self.first + self.good.len() - 1)
    }

    fn put(&mut self, ticket: Ticket, is_good: bool) {
        if let Some(slot) = self.place(ticket).and_then(|place| self.good.get_mut(place)) {
            *slot = is_good;
        }
    }

    fn is_good(&self, ticket: Ticket) -> bool {
        self.place(ticket).and_then(|place| self.good.get(place)) == Some(&true)
    }

    /// Where an answer is, unless it was forgotten.
    fn place(&self, ticket: Ticket) -> Option<usize> {
        ticket.0.checked_sub(self.first)
    }

    fn clear(&mut self) {
        self.first += self.good.len();
        self.good.clear();
    }
}

/// Jobs of one kind, and what each answer is compared with and stands for.
struct Lot<J, B> {
    jobs: Vec<J>,
    asked: Vec<(Ticket, B)>,
}

impl<J, B> Lot<J, B> {
    const fn new() -> Self {
        Self { jobs: Vec::new(), asked: Vec::new() }
    }

    fn add(&mut self, job: J, ticket: Ticket, block: B) {
        self.jobs.push(job);
        self.asked.push((ticket, block));
    }

    /// Has all looked at that fill registers well enough, and forgets them.
    fn answer<A>(
        &mut self,
        lanes: usize,
        answers: &mut Answers,
        verify: impl FnOnce(&[J]) -> Vec<A>,
        is_good: impl Fn(&A, &B) -> bool,
    ) {
        let rest = self.jobs.len() % lanes;
        let left = if rest < LEAST { rest } else { 0 };
        self.jobs.truncate(self.jobs.len() - left);
        if !self.jobs.is_empty() {
            for (answer, (ticket, block)) in verify(&self.jobs).iter().zip(&self.asked) {
                answers.put(*ticket, is_good(answer, block));
            }
        }
        self.jobs.clear();
        self.asked.clear();
    }
}

/// The jobs of messages that one thread has begun.
pub(super) struct Queue {
    machine: Machine,
    rsa_2048: Lot<rsa::Job<256>, Block>,
    rsa_3072: Lot<rsa::Job<384>, Block>,
    rsa_4096: Lot<rsa::Job<512>, Block>,
    p256: Lot<ecdsa::Job<32>, ()>,
    p384: Lot<ecdsa::Job<48>, ()>,
    ed25519: Lot<ed25519::Job, ()>,
    /// Jobs that were not looked at.
    waiting: usize,
    answers: Answers,
    watch: Watch,
}

impl Queue {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            rsa_2048: Lot::new(),
            rsa_3072: Lot::new(),
            rsa_4096: Lot::new(),
            p256: Lot::new(),
            p384: Lot::new(),
            ed25519: Lot::new(),
            waiting: 0,
            answers: Answers::default(),
            watch: Watch::default(),
        }
    }

    pub(super) fn add(&mut self, job: Job) -> Ticket {
        let ticket = self.answers.next();
        self.waiting += 1;
        match job {
            Job::Rsa2048(job, block) => self.rsa_2048.add(job, ticket, block),
            Job::Rsa3072(job, block) => self.rsa_3072.add(job, ticket, block),
            Job::Rsa4096(job, block) => self.rsa_4096.add(job, ticket, block),
            Job::P256(job) => self.p256.add(job, ticket, ()),
            Job::P384(job) => self.p384.add(job, ticket, ()),
            Job::Ed25519(job) => self.ed25519.add(job, ticket, ()),
        }
        ticket
    }

    /// Looks at all jobs.
    pub(super) fn answer(&mut self) {
        self.waiting = 0;
        on_enough(|| {
            let (machine, good) = (self.machine, &mut self.answers);
            let lanes = machine.lanes();
            let is_good = |answer: &Outcome, (): &()| *answer == Outcome::Good;
            self.p256.answer(lanes, good, |jobs| machine.p256(jobs), is_good);
            self.p384.answer(lanes, good, |jobs| machine.p384(jobs), is_good);
            self.ed25519.answer(lanes, good, |jobs| machine.ed25519(jobs), is_good);
            self.rsa_2048.answer(lanes, good, |jobs| machine.rsa_2048(jobs), is_block);
            self.rsa_3072.answer(lanes, good, |jobs| machine.rsa_3072(jobs), is_block);
            self.rsa_4096.answer(lanes, good, |jobs| machine.rsa_4096(jobs), is_block);
        });
    }

    /// Whether enough jobs wait.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= FULL
    }

    /// Whether lanes found the signature good.
    pub(super) fn is_good(&self, ticket: Ticket) -> bool {
        #[cfg(test)]
        if tests::ERR.load(Ordering::SeqCst) {
            return true;
        }
        self.answers.is_good(ticket)
    }

    /// Whether the library is to be asked about this good signature too.
    pub(super) fn is_watched(&mut self) -> bool {
        self.watch.next()
    }

    /// Forgets all answers, when nobody has a ticket any more.
    pub(super) fn clear(&mut self) {
        self.answers.clear();
    }
}

fn is_block<const N: usize>(answer: &Option<[u8; N]>, block: &Block) -> bool {
    answer.as_ref().is_some_and(|power| block.is(power))
}

// --- the watch -------------------------------------------------------------------------------------

/// Chooses one of 256 signatures, which nobody can foresee: by keys that are random in each thread.
#[derive(Default)]
struct Watch {
    keys: RandomState,
    number: u64,
}

impl Watch {
    fn next(&mut self) -> bool {
        self.number += 1;
        self.keys.hash_one(self.number) % 256 == 0
    }
}

/// A signature that lanes called good and the library did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// SubjectPublicKeyInfo.
    pub key: Vec<u8>,
    /// The name of the algorithm.
    pub algorithm: &'static str,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Whether lanes were stopped in this process, and why.
static STOPPED: AtomicBool = AtomicBool::new(false);
static EVIDENCE: Mutex<Option<Disagreement>> = Mutex::new(None);

/// Stops lanes for good: nothing that they said counts any more.
pub(super) fn stop(evidence: Disagreement) {
    locked(&EVIDENCE).get_or_insert(evidence);
    STOPPED.store(true, Ordering::SeqCst);
}

/// The machine that lanes run on, where this processor has one that nobody stopped.
pub(super) fn machine() -> Option<Machine> {
    if STOPPED.load(Ordering::SeqCst) { None } else { Machine::detect() }
}

named! {
    /// What this process has.
    pub enum Lanes {
        /// Registers for eight numbers.
        Available = "available",
        /// None, or a compiler that knew none.
        Absent = "absent",
        /// Some that erred.
        Stopped = "stopped",
    }
}

/// What lanes this process has.
pub fn lanes() -> Lanes {
    match Machine::detect() {
        None => Lanes::Absent,
        Some(_) if STOPPED.load(Ordering::SeqCst) => Lanes::Stopped,
        Some(_) => Lanes::Available,
    }
}

/// Why lanes were stopped, if they were.
pub(super) fn disagreement() -> Option<Disagreement> {
    locked(&EVIDENCE).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Config, Item, Row, verify};

    /// Whether lanes call everything good.
    pub(super) static ERR: AtomicBool = AtomicBool::new(false);

    /// Messages whose signature is no good, and requests whose proof is none: of one in 256 the
    /// library is asked too.
    fn items() -> Vec<&'static [u8]> {
        let both: [&[u8]; 2] = [
            include_bytes!("../../../../tests/vectors/shared/negative/flipped-signature.der"),
            include_bytes!("../../../../tests/vectors/shared/negative/pkcs10-bad-pop.der"),
        ];
        both.into_iter().cycle().take(6000).collect()
    }

    fn rows(items: &[&[u8]], lanes: bool) -> (Vec<Row>, Option<Disagreement>) {
        let given: Vec<_> = items.iter().map(|octets| Item::Received(octets)).collect();
        let config = Config { lanes, threads: 2, ..Config::default() };
        let report = verify(&given, &config, &|_, _| true).expect("nobody cancels");
        let all = report.rows(|item| items.get(item).copied().unwrap_or_default());
        (all.map(std::borrow::Cow::into_owned).collect(), report.disagreement.clone())
    }

    /// Lanes that err are stopped in this process, and nothing that they said is reported.
    #[test]
    fn v14_lanes_that_err_are_stopped() {
        if lanes() == Lanes::Absent {
            return;
        }
        let items = items();
        let expected = rows(&items, false).0;
        assert_eq!(rows(&items, true), (expected.clone(), None));
        ERR.store(true, Ordering::SeqCst);
        let (found, evidence) = rows(&items, true);
        ERR.store(false, Ordering::SeqCst);
        assert_eq!(found, expected);
        let evidence = evidence.expect("somebody looked");
        let is_part =
            |part: &[u8]| items.iter().any(|it| it.windows(part.len()).any(|at| at == part));
        assert!(is_part(&evidence.key) && is_part(&evidence.signature));
        assert_eq!(lanes(), Lanes::Stopped);
        assert_eq!(rows(&items, true), (expected, None));
        STOPPED.store(false, Ordering::SeqCst);
    }

    /// A block of the right form, and the same with the one bit that no modulus leaves room for.
    #[test]
    fn v10_the_highest_bit_of_a_pss_block_is_zero() {
        let digest = DigestAlgorithm::Sha256;
        let block = Block { digest, value: digest.digest(b"message"), salt: Some(3) };
        let mut context = Context::new(digest.implementation());
        for octets in [&[0; 8], block.value.as_ref(), b"abc"] {
            context.update(octets);
        }
        let hash = context.finish();
        let mut power = vec![0; 223];
        power[219] = 1;
        power[220..].copy_from_slice(b"abc");
        block.unmask(&mut power, hash.as_ref());
        power[0] &= 0x7F;
        power.extend_from_slice(hash.as_ref());
        power.push(0xBC);
        assert!(block.is(&power));
        power[0] |= 0x80;
        assert!(!block.is(&power));
    }

    /// A ticket of before, and one of nobody.
    #[test]
    fn what_was_forgotten_is_not_good() {
        let mut answers = Answers::default();
        let (one, other) = (answers.next(), answers.next());
        answers.put(other, true);
        assert!(!answers.is_good(one) && answers.is_good(other));
        answers.clear();
        let next = answers.next();
        answers.put(other, true);
        assert!(!answers.is_good(other) && !answers.is_good(next));
        answers.put(next, true);
        assert!(answers.is_good(next) && !answers.is_good(one));
    }

    /// A choice that nobody can foresee: of very many, about one in 256.
    #[test]
    fn the_watch_is_asked_about_some() {
        let mut watch = Watch::default();
        let chosen = (0..1 << 18).filter(|_| watch.next()).count();
        assert!((700..1400).contains(&chosen), "{chosen} of 2^18");
    }
}
