//! Signatures by aws-lc, verified in lanes.
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

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use cmcodec_lanes::{Machine, Outcome, ecdsa, rsa};
use kit::signed;

fn machines() -> Vec<Machine> {
    [Some(Machine::NUMBERS), Machine::detect()].into_iter().flatten().collect()
}

/// Good ones are good, and changed ones are not.
fn ecdsa<const OCTETS: usize>(
    jobs: &[ecdsa::Job<OCTETS>],
    lanes: fn(Machine, &[ecdsa::Job<OCTETS>]) -> Vec<Outcome>,
) {
    for machine in machines() {
        assert_eq!(lanes(machine, jobs), [Outcome::Good; 21]);
        let mut bad = jobs.to_vec();
        for (i, job) in bad.iter_mut().enumerate() {
            match i % 7 {
                0 => job.digest[i] ^= 1,
                1 => job.r[i] ^= 1,
                2 => job.s[i] ^= 1,
                3 => job.x[i] ^= 1,
                4 => job.y[i] ^= 1,
                5 => job.r = [0; OCTETS],
                _ => job.s = [0xFF; OCTETS],
            }
        }
        assert_eq!(lanes(machine, &bad), [Outcome::Unknown; 21]);
    }
}

#[test]
fn p256() {
    let job = |i| signed::ecdsa_job(&ECDSA_P256_SHA256_FIXED_SIGNING, &SHA256, &[i; 100]);
    ecdsa::<32>(&(0..21).map(job).collect::<Vec<_>>(), Machine::p256);
}

#[test]
fn p384() {
    let job = |i| signed::ecdsa_job(&ECDSA_P384_SHA384_FIXED_SIGNING, &SHA384, &[i; 100]);
    ecdsa::<48>(&(0..21).map(job).collect::<Vec<_>>(), Machine::p384);
}

#[test]
fn ed25519() {
    let jobs: Vec<_> = (0..21u8).map(|i| signed::ed25519_job(&[i; 100])).collect();
    for machine in machines() {
        assert_eq!(machine.ed25519(&jobs), [Outcome::Good; 21]);
        let mut bad = jobs.clone();
        for (i, job) in bad.iter_mut().enumerate() {
            match i % 4 {
                0 => job.hash[i] ^= 1,
                1 => job.signature[i] ^= 1,
                2 => job.signature[32 + i] ^= 1,
                _ => job.key[i] ^= 1,
            }
        }
        assert_eq!(machine.ed25519(&bad), [Outcome::Unknown; 21]);
    }
}

/// Powers of jobs.
type Powers<const OCTETS: usize> = fn(Machine, &[rsa::Job<OCTETS>]) -> Vec<Option<[u8; OCTETS]>>;

fn rsa<const OCTETS: usize>(size: KeySize, power: Powers<OCTETS>) {
    let mut jobs = vec![];
    for i in 0..3u8 {
        let key = RsaKeyPair::generate(size).unwrap();
        let modulus: [u8; OCTETS] = key.public_key().as_ref()[9..][..OCTETS].try_into().unwrap();
        for j in 0..3u8 {
            let mut signature = [0; OCTETS];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[i + j; 100], &mut signature)
                .unwrap();
            jobs.push((rsa::Job { modulus, signature }, [i + j; 100]));
        }
    }
    for machine in machines() {
        let found = power(machine, &jobs.iter().map(|it| it.0).collect::<Vec<_>>());
        for (found, (_, message)) in found.iter().zip(&jobs) {
            let found = found.unwrap();
            assert_eq!(found[..2], [0, 1]);
            assert_eq!(found[OCTETS - 32..], *digest(&SHA256, message).as_ref());
        }
    }
}

#[test]
fn rsa_2048() {
    rsa(KeySize::Rsa2048, Machine::rsa_2048);
}

#[test]
fn rsa_3072() {
    rsa(KeySize::Rsa3072, Machine::rsa_3072);
}

#[test]
fn rsa_4096() {
    rsa(KeySize::Rsa4096, Machine::rsa_4096);
}
