//! Signatures by any key and of anything, at bounds and beside them: what eight lanes call good is
//! good for aws-lc, and what was signed well is good for lanes.

use std::sync::LazyLock;

use aws_lc_rs::agreement::{Algorithm, ECDH_P256, ECDH_P384, PrivateKey};
use aws_lc_rs::digest::{SHA384, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use cmcodec_lanes::montgomery::Modulus;
use cmcodec_lanes::{Machine, ecdsa, ed25519, p256, p384, rsa};
use num_bigint::BigInt;

use super::kit::mutants::{Ed25519, Kind, MESSAGE, P256, P384, Rsa, block};
use super::kit::signed::ed25519_hash;
use super::kit::{inverse, modulus, power};
use super::{EIGHT, Octets, tell};

/// Eight jobs; most are mutated. `sign` says as well whether a job is one of those that lanes know:
/// of others it is the library that decides.
fn compare<K: Kind>(octets: &mut Octets, sign: impl Fn(&mut Octets) -> (K::Job, bool)) {
    let mut other = None;
    let jobs: Vec<(K::Job, bool)> = (0..EIGHT)
        .map(|_| {
            let (mut job, mut is_known) = sign(octets);
            let base = job;
            if octets.choice(4) != 0 {
                K::mutate(&mut || octets.choice(256) as u64, &mut job, &other.unwrap_or(base));
                is_known = false;
            }
            other = Some(base);
            (job, is_known)
        })
        .collect();
    let given: Vec<K::Job> = jobs.iter().map(|it| it.0).collect();
    let found = K::lanes(Machine::detect().unwrap_or(Machine::NUMBERS), &given);
    let one = octets.choice(EIGHT);
    assert_eq!(K::lanes(Machine::NUMBERS, &given[one..=one]), found[one..=one], "{given:02x?}");
    let mut missed = 0;
    for ((job, is_known), is_good) in jobs.iter().zip(found) {
        let expected = K::library(job);
        assert!(expected || !is_good, "lanes alone call it good: {job:02x?}");
        assert!(is_good || !is_known, "lanes do not know it: {job:02x?}");
        missed += usize::from(expected && !is_good);
    }
    tell(EIGHT, missed);
}

// --- ECDSA -----------------------------------------------------------------------------------------

/// A number from 1 to n - 1, and whether it is any: small ones, their opposites and powers of two
/// meet themselves in a ladder.
fn scalar(octets: &mut Octets, n: &BigInt) -> (BigInt, bool) {
    let small = BigInt::from(octets.choice(40) + 1);
    match octets.choice(8) {
        0 => (small, false),
        1 => (n - small, false),
        2 => ((power(octets.choice(256) as u32) + small) % (n - 1) + 1, false),
        _ => {
            let any = digest(&SHA384, &octets.word().to_le_bytes());
            let any = BigInt::from_bytes_be(num_bigint::Sign::Plus, any.as_ref());
            (any % (n - 1) + 1, true)
        }
    }
}

/// The lowest octets of a number, the highest of them first.
fn octets_of<const OCTETS: usize>(number: &BigInt) -> [u8; OCTETS] {
    let mut found = [0; OCTETS];
    for (to, from) in found.iter_mut().rev().zip(number.to_bytes_le().1) {
        *to = from;
    }
    found
}

fn number(octets: &[u8]) -> BigInt {
    BigInt::from_bytes_be(num_bigint::Sign::Plus, octets)
}

/// A signature by a key d, with a k, of a number z; `None` in the place of what cannot be signed.
fn ecdsa_job<N: Modulus<K>, const K: usize, const OCTETS: usize>(
    octets: &mut Octets,
    curve: &'static Algorithm,
) -> (ecdsa::Job<OCTETS>, bool) {
    let n = modulus::<N, K>();
    let [d, k, z] = [(); 3].map(|()| scalar(octets, &n));
    let point = |k: &BigInt| -> [[u8; OCTETS]; 2] {
        let key = PrivateKey::from_private_key(curve, &octets_of::<OCTETS>(k)).expect("a scalar");
        let point = key.compute_public_key().expect("a point");
        let (x, y) = point.as_ref()[1..].split_at(OCTETS);
        [x, y].map(|it| it.try_into().expect("as long as p"))
    };
    let [x, y] = point(&d.0);
    let r = number(&point(&k.0)[0]) % &n;
    // Nothing is signed now and then.
    let z = if octets.choice(16) == 0 { (BigInt::ZERO, false) } else { z };
    let s = (inverse(&k.0, &n) * (&z.0 + &r * d.0)) % &n;
    let is_known = d.1 && k.1 && z.1;
    let [r, s, digest] = [r, s, z.0].each_ref().map(octets_of);
    (ecdsa::Job { x, y, r, s, digest }, is_known)
}

// --- Ed25519 ---------------------------------------------------------------------------------------

fn ed25519_job(octets: &mut Octets) -> (ed25519::Job, bool) {
    let seed = digest(&SHA384, &octets.word().to_le_bytes());
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed.as_ref()[..32]).expect("a seed");
    let key = pair.public_key().as_ref().try_into().expect("32 octets");
    let signature = pair.sign(MESSAGE).as_ref().try_into().expect("64 octets");
    (ed25519::Job { key, signature, hash: ed25519_hash(&key, &signature, MESSAGE) }, true)
}

// --- RSA -------------------------------------------------------------------------------------------

/// Keys of which the modulus is as large or as small as can be, or between: some of Mersenne's primes,
/// and one that fills up.
fn rsa_jobs<const OCTETS: usize>(mersenne: &[u32], others: [BigInt; 3]) -> Vec<rsa::Job<OCTETS>> {
    let sign = |other: BigInt| {
        let primes: Vec<BigInt> = mersenne.iter().map(|it| power(*it) - 1).chain([other]).collect();
        let n: BigInt = primes.iter().product();
        let phi: BigInt = primes.iter().map(|it| it - 1).product();
        let d = BigInt::from(65537).modinv(&phi).expect("65537 has an inverse");
        let s = number(&block::<OCTETS>()).modpow(&d, &n);
        assert_eq!(n.bits(), 8 * OCTETS as u64);
        rsa::Job { modulus: octets_of(&n), signature: octets_of(&s) }
    };
    others.map(sign).to_vec()
}

fn hex(digits: &str) -> BigInt {
    BigInt::parse_bytes(digits.as_bytes(), 16).expect("digits")
}

static RSA_2048: LazyLock<Vec<rsa::Job<256>>> = LazyLock::new(|| {
    let other = hex("2d413cccfe779921165f626cdd52afa7c75bd83a3");
    rsa_jobs(&[1279, 607], [power(162) - 101, power(161) + 107, other])
});
static RSA_3072: LazyLock<Vec<rsa::Job<384>>> = LazyLock::new(|| {
    let other = hex("2d413cccfe779921165f626cdd52afa7c75bd82ea24eea133b45eb2160cce645a7");
    rsa_jobs(&[2203, 607], [power(262) - 71, power(261) + 105, other])
});
static RSA_4096: LazyLock<Vec<rsa::Job<512>>> = LazyLock::new(|| {
    let other = hex("16a09e667f3bcc908b2fb163");
    rsa_jobs(&[2203, 1279, 521], [power(93) - 25, power(92) + 25, other])
});

fn rsa_job<J: Copy>(jobs: &[J], octets: &mut Octets) -> (J, bool) {
    (jobs[octets.choice(jobs.len())], true)
}

/// Makes keys and tables, which would count as time of the first input.
pub fn prepare() {
    for kind in 0..6 {
        signatures(&[kind]);
    }
}

/// The first octet names a kind.
pub fn signatures(data: &[u8]) {
    let octets = &mut Octets::new(data);
    match octets.choice(6) {
        0 => compare::<P256>(octets, |it| ecdsa_job::<p256::Order, 5, 32>(it, &ECDH_P256)),
        1 => compare::<P384>(octets, |it| ecdsa_job::<p384::Order, 8, 48>(it, &ECDH_P384)),
        2 => compare::<Ed25519>(octets, ed25519_job),
        3 => compare::<Rsa<256>>(octets, |it| rsa_job(&RSA_2048, it)),
        4 => compare::<Rsa<384>>(octets, |it| rsa_job(&RSA_3072, it)),
        _ => compare::<Rsa<512>>(octets, |it| rsa_job(&RSA_4096, it)),
    }
}
