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

use aws_lc_rs::digest::{SHA256, SHA384};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use cmcodec_lanes::{Machine, rsa};
use kit::mutants::{Ed25519, Kind, MESSAGE, P256, P384, Rsa};
use kit::{Random, signed};

const BASES: usize = 6;

/// Groups of eight that are tried of each kind.
fn groups() -> usize {
    std::env::var("CMCODEC_LANES_GROUPS").map_or(60, |it| it.parse().expect("a number"))
}

/// Each kind of job, made of what was signed well.
fn compare<K: Kind>(bases: &[K::Job]) {
    let (mut random, registers) = (Random::default(), Machine::detect());
    let (mut good, mut missed) = (0, 0);
    let seldom = if groups() > 1000 { 16 } else { 1 };
    for group in 0..groups() {
        let base = |random: &mut Random| bases[random.next() as usize % bases.len()];
        let jobs: Vec<(K::Job, bool)> = (0..8)
            .map(|_| {
                let (mut job, other) = (base(&mut random), base(&mut random));
                let is_mutated = random.next() % 4 != 0;
                if is_mutated {
                    K::mutate(&mut || random.next(), &mut job, &other);
                }
                (job, is_mutated)
            })
            .collect();
        let given: Vec<K::Job> = jobs.iter().map(|it| it.0).collect();
        let found = K::lanes(registers.unwrap_or(Machine::NUMBERS), &given);
        if group % seldom == 0 {
            assert_eq!(K::lanes(Machine::NUMBERS, &given), found, "{given:02x?}");
        }
        for ((job, is_mutated), is_good) in jobs.iter().zip(found) {
            let expected = K::library(job);
            assert!(expected || !is_good, "{job:02x?}");
            assert!(is_good || *is_mutated, "{job:02x?}");
            good += usize::from(is_good);
            missed += usize::from(expected && !is_good);
        }
    }
    println!("{good} good, {missed} left to the library");
    assert!(good > groups());
}

#[test]
fn p256() {
    let job = |_| signed::ecdsa_job(&ECDSA_P256_SHA256_FIXED_SIGNING, &SHA256, MESSAGE);
    compare::<P256>(&(0..BASES).map(job).collect::<Vec<_>>());
}

#[test]
fn p384() {
    let job = |_| signed::ecdsa_job(&ECDSA_P384_SHA384_FIXED_SIGNING, &SHA384, MESSAGE);
    compare::<P384>(&(0..BASES).map(job).collect::<Vec<_>>());
}

#[test]
fn ed25519() {
    compare::<Ed25519>(&(0..BASES).map(|_| signed::ed25519_job(MESSAGE)).collect::<Vec<_>>());
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
    compare::<Rsa<256>>(&(0..BASES).map(make).collect::<Vec<_>>());
}
