//! Signatures in lanes and by aws-lc with parsed keys, in turn: ratios of processor time.
//!
//!     cargo bench -p cmcodec-lanes --bench against_aws_lc            # all
//!     cargo bench -p cmcodec-lanes --bench against_aws_lc RSA-2048   # one
//!
//! Prints the median of the rounds, and the least and the most of their middle half.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is broken must stop the test"
)]

use std::hint::black_box;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, VerificationAlgorithm,
};
use cmcodec_lanes::{Machine, Outcome, ecdsa, ed25519, rsa};

const ROUNDS: usize = 31;
const MESSAGE: &[u8] = &[7; 100];
const COUNTS: [usize; 3] = [8, 64, 512];

/// A parsed key and a signature of [`MESSAGE`].
type Signed = (ParsedPublicKey, Vec<u8>);

fn main() {
    let Some(machine) = Machine::detect() else {
        println!("this processor has no lanes");
        return;
    };
    if is_wanted("RSA-2048") {
        rsa_of(machine, KeySize::Rsa2048, Machine::rsa_2048);
    }
    if is_wanted("RSA-3072") {
        rsa_of(machine, KeySize::Rsa3072, Machine::rsa_3072);
    }
    if is_wanted("RSA-4096") {
        rsa_of(machine, KeySize::Rsa4096, Machine::rsa_4096);
    }
    if is_wanted("P-256") {
        let all = ecdsa(&ECDSA_P256_SHA256_FIXED, &ECDSA_P256_SHA256_FIXED_SIGNING);
        let digest = digest(&SHA256, MESSAGE);
        let jobs: Vec<_> = all.iter().map(|it| ecdsa_job::<32>(it, digest.as_ref())).collect();
        compare("P-256", &all, &jobs, |jobs| good(&machine.p256(jobs)));
    }
    if is_wanted("P-384") {
        let all = ecdsa(&ECDSA_P384_SHA384_FIXED, &ECDSA_P384_SHA384_FIXED_SIGNING);
        let digest = digest(&SHA384, MESSAGE);
        let jobs: Vec<_> = all.iter().map(|it| ecdsa_job::<48>(it, digest.as_ref())).collect();
        compare("P-384", &all, &jobs, |jobs| good(&machine.p384(jobs)));
    }
    if is_wanted("Ed25519") {
        let all = signed(&signature::ED25519, || {
            let key = Ed25519KeyPair::generate().expect("a key");
            (key.public_key().as_ref().to_vec(), key.sign(MESSAGE).as_ref().to_vec())
        });
        let jobs: Vec<_> = all.iter().map(ed25519_job).collect();
        compare("Ed25519", &all, &jobs, |jobs| good(&machine.ed25519(jobs)));
    }
}

fn ecdsa(
    verifies: &'static EcdsaVerificationAlgorithm,
    signs: &'static EcdsaSigningAlgorithm,
) -> Vec<(Signed, Vec<u8>)> {
    signed(verifies, || {
        let key = EcdsaKeyPair::generate(signs).expect("a key");
        let signature = key.sign(&SystemRandom::new(), MESSAGE).expect("a signature");
        (key.public_key().as_ref().to_vec(), signature.as_ref().to_vec())
    })
}

fn good(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|it| **it == Outcome::Good).count()
}

/// As many signatures as are wanted at most, each by a key of its own.
fn signed(
    algorithm: &'static dyn VerificationAlgorithm,
    make: impl Fn() -> (Vec<u8>, Vec<u8>),
) -> Vec<(Signed, Vec<u8>)> {
    (0..COUNTS[2])
        .map(|_| {
            let (key, signature) = make();
            let parsed = ParsedPublicKey::new(algorithm, &key).expect("a key");
            ((parsed, signature), key)
        })
        .collect()
}

fn ecdsa_job<const OCTETS: usize>(
    ((_, signature), key): &(Signed, Vec<u8>),
    digest: &[u8],
) -> ecdsa::Job<OCTETS> {
    let part = |of: &[u8], i: usize| of[OCTETS * i..][..OCTETS].try_into().expect("octets");
    ecdsa::Job {
        x: part(&key[1..], 0),
        y: part(&key[1..], 1),
        r: part(signature, 0),
        s: part(signature, 1),
        digest: digest.try_into().expect("octets"),
    }
}

fn ed25519_job(((_, signature), key): &(Signed, Vec<u8>)) -> ed25519::Job {
    let hashed = digest(&SHA512, &[&signature[..32], key, MESSAGE].concat());
    ed25519::Job {
        key: key[..].try_into().expect("octets"),
        signature: signature[..].try_into().expect("octets"),
        hash: hashed.as_ref().try_into().expect("octets"),
    }
}

/// Powers of jobs.
type Powers<const OCTETS: usize> = fn(Machine, &[rsa::Job<OCTETS>]) -> Vec<Option<[u8; OCTETS]>>;

fn rsa_of<const OCTETS: usize>(machine: Machine, size: KeySize, power: Powers<OCTETS>) {
    let keys: Vec<_> = (0..8).map(|_| RsaKeyPair::generate(size).expect("a key")).collect();
    let mut jobs = vec![];
    let next = std::cell::Cell::new(0);
    let all = signed(&RSA_PKCS1_2048_8192_SHA256, || {
        let key = &keys[next.replace(next.get() + 1) % keys.len()];
        let mut signature = vec![0; OCTETS];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), MESSAGE, &mut signature).expect("signs");
        (key.public_key().as_ref().to_vec(), signature)
    });
    for ((_, signature), key) in &all {
        let modulus = key[9..][..OCTETS].try_into().expect("octets");
        jobs.push(rsa::Job { modulus, signature: signature[..].try_into().expect("octets") });
    }
    let digest = digest(&SHA256, MESSAGE);
    compare(&format!("RSA-{}", 8 * OCTETS), &all, &jobs, |jobs| {
        let found = power(machine, jobs);
        found.iter().flatten().filter(|it| it.ends_with(digest.as_ref())).count()
    });
}

fn is_wanted(name: &str) -> bool {
    let mut wanted = std::env::args().skip(1).filter(|it| !it.starts_with('-')).peekable();
    wanted.peek().is_none() || wanted.any(|it| it == name)
}

fn compare<J>(name: &str, all: &[(Signed, Vec<u8>)], jobs: &[J], lanes: impl Fn(&[J]) -> usize) {
    for count in COUNTS {
        let mut ratios = vec![];
        let (mut ours, mut theirs) = (u64::MAX, u64::MAX);
        for _ in 0..ROUNDS {
            let one = taken(|| {
                let verified = all[..count].iter().filter(|((key, signature), _)| {
                    black_box(key).verify_sig(MESSAGE, signature).is_ok()
                });
                assert_eq!(verified.count(), count);
            });
            let other = taken(|| assert_eq!(lanes(black_box(&jobs[..count])), count));
            (theirs, ours) = (theirs.min(one), ours.min(other));
            ratios.push(one as f64 / other as f64);
        }
        ratios.sort_by(f64::total_cmp);
        let at = |part: usize| ratios[ROUNDS * part / 4];
        println!(
            "{name}, {count} at once: {:.2} ({:.2} to {:.2}) times as fast; {:.1} us each, was {:.1}",
            at(2),
            at(1),
            at(3),
            ours as f64 / 1e3 / count as f64,
            theirs as f64 / 1e3 / count as f64,
        );
    }
}

/// Nanoseconds of processor time.
fn taken(work: impl FnOnce()) -> u64 {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    };
    let start = now();
    work();
    now() - start
}
