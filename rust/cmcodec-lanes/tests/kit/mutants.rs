//! Jobs that are changed at bounds and beside them, what lanes say of them, and what aws-lc says.

use std::fmt::Debug;

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384, digest};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use cmcodec_lanes::{Machine, Outcome, ecdsa, ed25519, rsa};

use super::signed::ed25519_hash;

/// What is signed.
pub const MESSAGE: &[u8] = &[7; 100];

/// Where choices come from.
pub type Chance<'a> = &'a mut dyn FnMut() -> u64;

/// A kind of signature.
pub trait Kind {
    type Job: Copy + Debug;
    /// Changes a number of a job, or takes it from another one.
    fn mutate(chance: Chance, job: &mut Self::Job, other: &Self::Job);
    /// What lanes call good.
    fn lanes(machine: Machine, jobs: &[Self::Job]) -> Vec<bool>;
    /// What aws-lc calls good.
    fn library(job: &Self::Job) -> bool;
}

/// One of so many.
fn below(chance: Chance, bound: usize) -> usize {
    (chance() % bound as u64) as usize
}

/// A number that is at a bound or beside one, the highest octet first.
fn at_a_bound<const OCTETS: usize>(chance: Chance, bounds: &[[u8; OCTETS]]) -> [u8; OCTETS] {
    let mut found = match below(chance, 4) {
        0 => [0; OCTETS],
        1 => [0xFF; OCTETS],
        _ => bounds[below(chance, bounds.len())],
    };
    // One more or less, without a carry.
    let last = &mut found[OCTETS - 1];
    *last = last.wrapping_add([0, 1, 255, 2][below(chance, 4)]);
    found
}

/// Changes a bit, or takes another number.
fn mutated<const OCTETS: usize>(
    chance: Chance,
    number: &mut [u8; OCTETS],
    bounds: &[[u8; OCTETS]],
) {
    match below(chance, 3) {
        0 => *number = at_a_bound(chance, bounds),
        1 => number[below(chance, OCTETS)] ^= 1 << below(chance, 8),
        _ => number[0] ^= 1 << below(chance, 8),
    }
}

fn is_good(outcomes: Vec<Outcome>) -> Vec<bool> {
    outcomes.into_iter().map(|it| it == Outcome::Good).collect()
}

/// Adds a number to one that has its lowest octet first, as far as it has octets.
fn add<'a>(to: impl Iterator<Item = &'a mut u8>, number: impl Iterator<Item = u8>) {
    let mut carry = 0;
    for (octet, other) in to.zip(number) {
        let sum = u16::from(*octet) + u16::from(other) + carry;
        (*octet, carry) = (sum as u8, sum >> 8);
    }
}

/// A number in hexadecimal digits.
fn hex<const OCTETS: usize>(text: &str) -> [u8; OCTETS] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

// --- ECDSA -----------------------------------------------------------------------------------------

fn ecdsa_mutate<const OCTETS: usize>(
    chance: Chance,
    job: &mut ecdsa::Job<OCTETS>,
    other: &ecdsa::Job<OCTETS>,
    [p, n]: [&str; 2],
) {
    let [p, n] = [p, n].map(hex);
    match below(chance, 9) {
        0 => mutated(chance, &mut job.x, &[p]),
        1 => mutated(chance, &mut job.y, &[p]),
        2 | 3 => mutated(chance, &mut job.r, &[n, p, job.x]),
        4 | 5 => mutated(chance, &mut job.s, &[n, job.r]),
        6 => mutated(chance, &mut job.digest, &[n, job.r]),
        7 => (job.x, job.y) = (other.x, other.y),
        _ => (job.r, job.s) = (other.r, other.s),
    }
}

fn ecdsa_library<const OCTETS: usize>(
    job: &ecdsa::Job<OCTETS>,
    verifies: &'static EcdsaVerificationAlgorithm,
    hash: &'static Algorithm,
) -> bool {
    let key = [&[4][..], &job.x, &job.y].concat();
    let digest = Digest::import_less_safe(&job.digest, hash).unwrap();
    ParsedPublicKey::new(verifies, &key)
        .is_ok_and(|key| key.verify_digest_sig(&digest, &[job.r, job.s].concat()).is_ok())
}

pub struct P256;
impl Kind for P256 {
    type Job = ecdsa::Job<32>;
    fn mutate(chance: Chance, job: &mut Self::Job, other: &Self::Job) {
        let p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
        let n = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        ecdsa_mutate(chance, job, other, [p, n]);
    }
    fn lanes(machine: Machine, jobs: &[Self::Job]) -> Vec<bool> {
        is_good(machine.p256(jobs))
    }
    fn library(job: &Self::Job) -> bool {
        ecdsa_library(job, &ECDSA_P256_SHA256_FIXED, &SHA256)
    }
}

pub struct P384;
impl Kind for P384 {
    type Job = ecdsa::Job<48>;
    fn mutate(chance: Chance, job: &mut Self::Job, other: &Self::Job) {
        let p = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff";
        let n = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
        ecdsa_mutate(chance, job, other, [p, n]);
    }
    fn lanes(machine: Machine, jobs: &[Self::Job]) -> Vec<bool> {
        is_good(machine.p384(jobs))
    }
    fn library(job: &Self::Job) -> bool {
        ecdsa_library(job, &ECDSA_P384_SHA384_FIXED, &SHA384)
    }
}

// --- Ed25519 ---------------------------------------------------------------------------------------

pub struct Ed25519;
impl Kind for Ed25519 {
    type Job = ed25519::Job;
    fn mutate(chance: Chance, job: &mut Self::Job, _: &Self::Job) {
        // The highest octet first, as bounds are: p and the order.
        let [p, order] = [
            "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
            "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
        ]
        .map(hex::<32>);
        let which = below(chance, 4);
        let mut change = |octets: &mut [u8], bound: [u8; 32]| {
            let mut number: [u8; 32] = (&*octets).try_into().unwrap();
            number.reverse();
            mutated(chance, &mut number, &[bound]);
            number.reverse();
            octets.copy_from_slice(&number);
        };
        match which {
            0 => change(&mut job.key, p),
            1 => change(&mut job.signature[..32], p),
            2 => add(job.signature[32..].iter_mut(), order.into_iter().rev()),
            _ => change(&mut job.signature[32..], order),
        }
        job.hash = ed25519_hash(&job.key, &job.signature, MESSAGE);
    }
    fn lanes(machine: Machine, jobs: &[Self::Job]) -> Vec<bool> {
        is_good(machine.ed25519(jobs))
    }
    fn library(job: &Self::Job) -> bool {
        let key = UnparsedPublicKey::new(&signature::ED25519, &job.key);
        key.verify(MESSAGE, &job.signature).is_ok()
    }
}

// --- RSA -------------------------------------------------------------------------------------------

/// What s^65537 is in a good signature of [`MESSAGE`]: PKCS#1 v1.5, with SHA-256.
pub fn block<const OCTETS: usize>() -> [u8; OCTETS] {
    let info: [u8; 19] = hex("3031300d060960864801650304020105000420");
    let mut block = [0xFF; OCTETS];
    (block[0], block[1], block[OCTETS - 52]) = (0, 1, 0);
    block[OCTETS - 51..OCTETS - 32].copy_from_slice(&info);
    block[OCTETS - 32..].copy_from_slice(digest(&SHA256, MESSAGE).as_ref());
    block
}

pub struct Rsa<const OCTETS: usize>;
macro_rules! rsa {
    ($octets:literal $power:ident) => {
        impl Kind for Rsa<$octets> {
            type Job = rsa::Job<$octets>;
            fn mutate(chance: Chance, job: &mut Self::Job, _: &Self::Job) {
                match below(chance, 5) {
                    0 => mutated(chance, &mut job.modulus, &[job.signature]),
                    1 => add(job.signature.iter_mut().rev(), job.modulus.into_iter().rev()),
                    _ => mutated(chance, &mut job.signature, &[job.modulus]),
                }
            }
            fn lanes(machine: Machine, jobs: &[Self::Job]) -> Vec<bool> {
                let (found, block) = (machine.$power(jobs), block());
                found.into_iter().map(|it| it == Some(block)).collect()
            }
            fn library(job: &Self::Job) -> bool {
                let key = RsaPublicKeyComponents { n: &job.modulus[..], e: &[1, 0, 1][..] };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, MESSAGE, &job.signature).is_ok()
            }
        }
    };
}
rsa!(256 rsa_2048);
rsa!(384 rsa_3072);
rsa!(512 rsa_4096);
