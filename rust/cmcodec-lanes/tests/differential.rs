//! Mutated signatures, eight beside one another: registers say what numbers say, and nothing is good
//! that aws-lc refuses.
//!
//!     CMCODEC_LANES_GROUPS=312500 cargo test --release -p cmcodec-lanes --test differential
//!
//! tries 10^7, with numbers in one group of sixteen: those take ten times as long.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is broken must stop the test"
)]

mod kit;

use std::fmt::Debug;

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use cmcodec_lanes::{Machine, Outcome, ecdsa, ed25519, rsa};
use kit::{Random, signed};

const MESSAGE: &[u8] = &[7; 100];
const BASES: usize = 6;

/// Groups of eight that are tried of each kind.
fn groups() -> usize {
    std::env::var("CMCODEC_LANES_GROUPS").map_or(60, |it| it.parse().expect("a number"))
}

/// A number that is at a bound or beside one, the highest octet first.
fn at_a_bound<const OCTETS: usize>(random: &mut Random, bounds: &[[u8; OCTETS]]) -> [u8; OCTETS] {
    let mut found = match random.next() % 4 {
        0 => [0; OCTETS],
        1 => [0xFF; OCTETS],
        _ => bounds[random.next() as usize % bounds.len()],
    };
    // One more or less, without a carry.
    let last = &mut found[OCTETS - 1];
    *last = last.wrapping_add([0, 1, 255, 2][random.next() as usize % 4]);
    found
}

/// Changes a bit, or takes another number.
fn mutated<const OCTETS: usize>(
    random: &mut Random,
    number: &mut [u8; OCTETS],
    bounds: &[[u8; OCTETS]],
) {
    match random.next() % 3 {
        0 => *number = at_a_bound(random, bounds),
        1 => number[random.next() as usize % OCTETS] ^= 1 << (random.next() % 8),
        _ => number[0] ^= 1 << (random.next() % 8),
    }
}

/// Each kind of job: what it is made of, what lanes say, and what the library says.
fn compare<J: Copy + Debug>(
    bases: &[J],
    mutate: impl Fn(&mut Random, &mut J),
    lanes: impl Fn(Machine, &[J]) -> Vec<bool>,
    library: impl Fn(&J) -> bool,
) {
    let (mut random, registers) = (Random::default(), Machine::detect());
    let (mut good, mut missed) = (0, 0);
    let seldom = if groups() > 1000 { 16 } else { 1 };
    for group in 0..groups() {
        let jobs: Vec<(J, bool)> = (0..8)
            .map(|_| {
                let mut job = bases[random.next() as usize % bases.len()];
                let is_mutated = random.next() % 4 != 0;
                if is_mutated {
                    mutate(&mut random, &mut job);
                }
                (job, is_mutated)
            })
            .collect();
        let given: Vec<J> = jobs.iter().map(|it| it.0).collect();
        let found = lanes(registers.unwrap_or(Machine::NUMBERS), &given);
        if group % seldom == 0 {
            assert_eq!(lanes(Machine::NUMBERS, &given), found, "{given:02x?}");
        }
        for ((job, is_mutated), is_good) in jobs.iter().zip(found) {
            let expected = library(job);
            assert!(expected || !is_good, "{job:02x?}");
            assert!(is_good || *is_mutated, "{job:02x?}");
            good += usize::from(is_good);
            missed += usize::from(expected && !is_good);
        }
    }
    println!("{good} good, {missed} left to the library");
    assert!(good > groups());
}

fn is_good(outcomes: Vec<Outcome>) -> Vec<bool> {
    outcomes.into_iter().map(|it| it == Outcome::Good).collect()
}

fn ecdsa_compare<const OCTETS: usize>(
    signs: &'static EcdsaSigningAlgorithm,
    verifies: &'static EcdsaVerificationAlgorithm,
    hash: &'static Algorithm,
    [p, n]: [[u8; OCTETS]; 2],
    lanes: impl Fn(Machine, &[ecdsa::Job<OCTETS>]) -> Vec<Outcome>,
) {
    let bases: Vec<ecdsa::Job<OCTETS>> =
        (0..BASES).map(|_| signed::ecdsa_job(signs, hash, MESSAGE)).collect();
    let others = bases.clone();
    let mutate = |random: &mut Random, job: &mut ecdsa::Job<OCTETS>| {
        let other = others[random.next() as usize % others.len()];
        match random.next() % 9 {
            0 => mutated(random, &mut job.x, &[p]),
            1 => mutated(random, &mut job.y, &[p]),
            2 | 3 => mutated(random, &mut job.r, &[n, p, job.x]),
            4 | 5 => mutated(random, &mut job.s, &[n, job.r]),
            6 => mutated(random, &mut job.digest, &[n, job.r]),
            7 => (job.x, job.y) = (other.x, other.y),
            _ => (job.r, job.s) = (other.r, other.s),
        }
    };
    let library = |job: &ecdsa::Job<OCTETS>| {
        let key = [&[4][..], &job.x, &job.y].concat();
        let digest = Digest::import_less_safe(&job.digest, hash).unwrap();
        ParsedPublicKey::new(verifies, &key)
            .is_ok_and(|key| key.verify_digest_sig(&digest, &[job.r, job.s].concat()).is_ok())
    };
    compare(&bases, mutate, |machine, jobs| is_good(lanes(machine, jobs)), library);
}

/// A number in hexadecimal digits.
fn hex<const OCTETS: usize>(text: &str) -> [u8; OCTETS] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

#[test]
fn p256() {
    let p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    let n = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    ecdsa_compare::<32>(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &ECDSA_P256_SHA256_FIXED,
        &SHA256,
        [p, n],
        Machine::p256,
    );
}

#[test]
fn p384() {
    let p = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff";
    let n = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
    ecdsa_compare::<48>(
        &ECDSA_P384_SHA384_FIXED_SIGNING,
        &ECDSA_P384_SHA384_FIXED,
        &SHA384,
        [hex(p), hex(n)],
        Machine::p384,
    );
}

#[test]
fn ed25519() {
    let bases: Vec<_> = (0..BASES).map(|_| signed::ed25519_job(MESSAGE)).collect();
    // The highest octet first, as bounds are: p and the order.
    let [p, order] = [
        "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
        "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
    ]
    .map(hex::<32>);
    let changed = |random: &mut Random, octets: &[u8], bounds: &[[u8; 32]]| -> [u8; 32] {
        let mut number: [u8; 32] = octets.try_into().unwrap();
        number.reverse();
        mutated(random, &mut number, bounds);
        number.reverse();
        number
    };
    let mutate = |random: &mut Random, job: &mut ed25519::Job| {
        match random.next() % 3 {
            0 => job.key = changed(random, &job.key, &[p]),
            1 => {
                let r = changed(random, &job.signature[..32], &[p]);
                job.signature[..32].copy_from_slice(&r);
            }
            _ => {
                let s = changed(random, &job.signature[32..], &[order]);
                job.signature[32..].copy_from_slice(&s);
            }
        }
        job.hash = signed::ed25519_hash(&job.key, &job.signature, MESSAGE);
    };
    let library = |job: &ed25519::Job| {
        let key = UnparsedPublicKey::new(&signature::ED25519, &job.key);
        key.verify(MESSAGE, &job.signature).is_ok()
    };
    compare(&bases, mutate, |machine, jobs| is_good(machine.ed25519(jobs)), library);
}

#[test]
fn rsa_2048() {
    let pairs: Vec<_> = (0..3).map(|_| RsaKeyPair::generate(KeySize::Rsa2048).unwrap()).collect();
    let make = |i: usize| {
        let key = &pairs[i % pairs.len()];
        let mut signature = [0; 256];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), MESSAGE, &mut signature).unwrap();
        let modulus = key.public_key().as_ref()[9..][..256].try_into().unwrap();
        rsa::Job { modulus, signature }
    };
    let bases: Vec<rsa::Job<256>> = (0..BASES).map(make).collect();
    let mutate = |random: &mut Random, job: &mut rsa::Job<256>| match random.next() % 4 {
        0 => mutated(random, &mut job.modulus, &[job.signature]),
        _ => mutated(random, &mut job.signature, &[job.modulus]),
    };
    let expected = {
        let info = "3031300d060960864801650304020105000420";
        let info: [u8; 19] = hex(info);
        let mut block = vec![0xFF; 256];
        (block[0], block[1], block[204]) = (0, 1, 0);
        block[205..224].copy_from_slice(&info);
        block[224..].copy_from_slice(digest(&SHA256, MESSAGE).as_ref());
        block
    };
    let lanes = |machine: Machine, jobs: &[rsa::Job<256>]| {
        let found = machine.rsa_2048(jobs);
        found.iter().map(|it| it.is_some_and(|power| power[..] == expected[..])).collect()
    };
    let library = |job: &rsa::Job<256>| {
        let key = RsaPublicKeyComponents { n: &job.modulus[..], e: &[1, 0, 1][..] };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, &job.signature).is_ok()
    };
    compare(&bases, mutate, lanes, library);
}
