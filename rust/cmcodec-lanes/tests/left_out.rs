//! Each operation of the text is left out, wherever it is run: a good signature is no longer good then, a
//! bad one is, or the proof fails.
#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is broken must stop the test"
)]

mod kit;
mod prover;

use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, digest};
use aws_lc_rs::signature::Ed25519KeyPair;
use cmcodec_lanes::ed25519::{self, compare, multiples_of_b, sum};
use cmcodec_lanes::lane::Number;
use cmcodec_lanes::p256::P256;
use cmcodec_lanes::p384::P384;
use cmcodec_lanes::rsa;
use cmcodec_lanes::weierstrass::{self, Curve, verify};
use kit::signed::{of_base_point, signed_by, small_key};
use kit::{Random, inverse, is_negative, limbs, modulus, number, octets, power, quietly, whole};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use prover::faulty::{Faulty, every_place_is_needed, faulty, right};
use prover::{All, any, any_lane, proves};

fn hexadecimal(digits: &str) -> BigInt {
    BigInt::parse_bytes(digits.as_bytes(), 16).unwrap()
}

fn digest_of(algorithm: &'static Algorithm, message: &[u8]) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, digest(algorithm, message).as_ref())
}

fn little(octets: &[u8]) -> BigInt {
    BigInt::from_bytes_le(Sign::Plus, octets)
}

/// Whether it says yes, and does not panic.
fn holds(run: impl FnOnce() -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(false)
}

// --- curves of ECDSA -------------------------------------------------------------------------------

/// A key, z, r and s, as whole numbers.
#[derive(Clone)]
struct Signature {
    q: [BigInt; 2],
    z: BigInt,
    r: BigInt,
    s: BigInt,
}

impl Signature {
    /// x, y, r and s.
    fn of(digest: BigInt, numbers: [&str; 4]) -> Self {
        let [x, y, r, s] = numbers.map(hexadecimal);
        Self { q: [x, y], z: digest, r, s }
    }

    fn is_called_good<C: Curve<K>, const K: usize>(&self) -> bool {
        let n = modulus::<C::Order, K>();
        let w = (power(52 * K as u32) * inverse(&self.s, &n)).mod_floor(&n);
        let numbers = weierstrass::Numbers {
            q: self.q.each_ref().map(|it| faulty(limbs::<K>(it))),
            z: faulty(limbs(&self.z)),
            r: faulty(limbs(&self.r)),
            w: faulty(limbs(&w)),
        };
        !is_negative(verify::<C, Faulty<Number>, K>(&numbers, C::multiples_of_g()).0)
    }
}

fn curve<C: Curve<K>, const K: usize>(good: &Signature, without_effect: &[(&str, &str)]) {
    quietly();
    let (p, n) = (modulus::<C, K>(), modulus::<C::Order, K>());
    let five = BigInt::from(5);
    let g = [whole(&C::G[0]), whole(&C::G[1])];
    // A point that the sum is, whatever the curve.
    let alone = |q: &[BigInt; 2]| {
        let r = q[0].mod_floor(&n);
        Signature { q: q.clone(), z: BigInt::ZERO, s: r.clone(), r }
    };
    let [x, y] = &good.q;
    let bad = [
        Signature { r: &good.r + 1, ..good.clone() },
        Signature { z: &good.z + 1, ..good.clone() },
        Signature { q: [x.clone(), &p - y], ..good.clone() },
        alone(&[x.clone(), (y + BigInt::from(1)).mod_floor(&p)]),
        Signature { q: g.clone(), z: five.clone(), r: five.clone(), s: five.clone() },
        Signature { r: BigInt::ZERO, z: BigInt::ZERO, ..good.clone() },
    ];
    let good = [good.clone(), alone(&good.q), alone(&g)];
    let bits = p.bits() as u32;
    let is_right = || {
        holds(|| good.iter().all(Signature::is_called_good::<C, K>))
            && holds(|| !bad.iter().any(Signature::is_called_good::<C, K>))
            && proves(&p, || {
                let numbers = weierstrass::Numbers {
                    q: [0, 1].map(|_| faulty(any(&(&p - 1)))),
                    z: faulty(any(&(power(bits) - 1))),
                    r: faulty(any(&(&n - 1))),
                    w: faulty(any(&(power(bits + 1) - 1))),
                };
                verify::<C, Faulty<All>, K>(&numbers, C::multiples_of_g());
                true
            })
    };
    every_place_is_needed("ECDSA", is_right, without_effect);
}

/// Operations without effect on what is called good.
const OF_LIMBS: [(&str, &str); 2] = [
    (
        "limbs.rs: found = found - d.select(one, (zero - d).select(one, zero));",
        "numbers that differ in one limb alone, up or down, are those of Ed25519's test",
    ),
    LEFT_OVER,
];
const LEFT_OVER: (&str, &str) = (
    "limbs.rs: k.into_iter().fold(up, |sum, limb| sum + limb)",
    "what digits leave of a scalar, which their proof shows to be 0",
);

/// RFC 6979, A.2.5: "sample".
#[test]
fn every_place_of_p256_is_needed() {
    let good = Signature::of(
        digest_of(&SHA256, b"sample"),
        [
            "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
            "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ],
    );
    curve::<P256, 5>(&good, &OF_LIMBS);
}

/// RFC 6979, A.2.6: "sample".
#[test]
fn every_place_of_p384_is_needed() {
    let good = Signature::of(
        digest_of(&SHA384, b"sample"),
        [
            "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64\
             DEF8F0EA9055866064A254515480BC13",
            "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1\
             288B231C3AE0D4FE7344FD2533264720",
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C\
             81A648152E44ACF96E36DD1E80FABE46",
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F\
             A329C145786E679E7B82C71A38628AC8",
        ],
    );
    curve::<P384, 8>(&good, &OF_LIMBS);
}

// --- Ed25519 ---------------------------------------------------------------------------------------

fn are_called_good(jobs: &[ed25519::Job]) -> Vec<bool> {
    let point = |octets: &[u8]| {
        let whole = little(octets);
        let sign = &whole >> 255u32;
        let y = whole.mod_floor(&power(255));
        (faulty(limbs::<5>(&y)), faulty(limbs::<1>(&sign))[0])
    };
    let mut sums: Vec<_> = jobs
        .iter()
        .map(|job| {
            let (r, s) = job.signature.split_at(32);
            let hash = little(&job.hash);
            let numbers = ed25519::Numbers {
                a: point(&job.key),
                r: point(r),
                s: faulty(limbs(&little(s))),
                k: [hash.mod_floor(&power(260)), hash >> 260u32].map(|it| faulty(limbs(&it))),
            };
            sum::<Faulty<Number>>(&numbers, multiples_of_b())
        })
        .collect();
    compare(&mut sums);
    sums.iter().map(|it| !is_negative(it.wrong.0)).collect()
}

#[test]
fn every_place_of_ed25519_is_needed() {
    quietly();
    let p = whole(&ed25519::P);
    let order = modulus::<ed25519::Order, 5>();
    // So many that roots of either parity meet either sign.
    let good: Vec<_> = (0..8)
        .map(|seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
        .map(|pair| signed_by(&pair, b"left out"))
        .collect();
    let with = |i: usize, change: fn(&mut ed25519::Job)| {
        let mut job = good[i];
        change(&mut job);
        job
    };
    // Good for the neutral element, and with a hash of 0.
    let signature = of_base_point();
    let of = |y, hash| ed25519::Job { key: small_key(y), signature, hash };
    let mut bad = vec![
        with(0, |job| job.signature[32] ^= 1),
        with(0, |job| job.key[31] ^= 0x80),
        with(0, |job| job.hash[0] ^= 1),
        with(0, |job| job.hash[63] ^= 1),
        of(1, good[0].hash),
        of(2, good[0].hash),
        of(2, [0; 64]),
    ];
    // Another sign of R, and a y that differs in one limb, up and down.
    for i in 0..good.len() {
        bad.push(with(i, |job| job.signature[31] ^= 0x80));
        bad.push(with(i, |job| job.signature[0] ^= 1));
    }
    let is_right = || {
        holds(|| are_called_good(&good).iter().all(|it| *it))
            && holds(|| {
                let together = [&bad[..], &good].concat();
                let found = are_called_good(&together);
                found.iter().enumerate().all(|(i, it)| *it == (i >= bad.len()))
            })
            && proves(&p, || {
                let sign = || faulty([any_lane(BigInt::ZERO, BigInt::from(1))])[0];
                let point = || (faulty(any(&(&p - 1))), sign());
                let numbers = || ed25519::Numbers {
                    a: point(),
                    r: point(),
                    s: faulty(any(&(&order - 1))),
                    k: [260, 252].map(|bits| faulty(any(&(power(bits) - 1)))),
                };
                let mut sums = [0, 1].map(|_| sum::<Faulty<All>>(&numbers(), multiples_of_b()));
                compare(&mut sums);
                true
            })
    };
    let without_effect = [
        LEFT_OVER,
        (
            "ed25519.rs: .map(|(usual, it)| wrong.select_all(&usual, &it));",
            "what is no point does not make z 0 here, and is not good either way",
        ),
    ];
    every_place_is_needed("Ed25519", is_right, &without_effect);
}

// --- RSA -------------------------------------------------------------------------------------------

const BY_PROOF: &str = "the proof of it fails, whatever these numbers are";

/// How divisions and products follow one another, with numbers; of them themselves `rsa.rs` leaves out each
/// operation.
#[test]
fn every_place_of_rsa_is_needed() {
    quietly();
    let mut random = Random::default();
    let top = |low: &BigInt| power(2047) + low;
    let moduli = [power(2048) - 1, top(&BigInt::from(1)), top(&(random.bits(2046) * 2 + 1))];
    let jobs: Vec<_> = moduli
        .iter()
        .flat_map(|n| [n - 1, BigInt::from(2), random.below(n)].map(|s| (n.clone(), s)))
        .map(|(n, s)| {
            let job = rsa::Job { modulus: octets(&n), signature: octets(&s) };
            let found = rsa::numbers::<40, 43, 256>(&job).unwrap();
            (found, s.modpow(&BigInt::from(65537), &n))
        })
        .collect();
    let is_right = || {
        let is_power = |(it, expected): &(rsa::Numbers<u64, 40, 43>, BigInt)| {
            let lane = |x: u64| faulty([Number(x)])[0];
            let numbers = rsa::Numbers {
                n: it.n.map(lane),
                inverse: lane(it.inverse),
                complement: it.complement.map(lane),
                reciprocal: lane(it.reciprocal),
                s: it.s.map(lane),
                raised: it.raised.map(lane),
            };
            let found: [Faulty<Number>; 40] = rsa::power(&numbers, 2048);
            number(&right(found)) == *expected
        };
        holds(|| jobs.iter().all(is_power))
    };
    let without_effect = [
        ("limbs.rs: difference[i] = limb.low(52);", BY_PROOF),
        ("limbs.rs: let limb = x[i] - n[i] + less;", BY_PROOF),
        ("rsa.rs: let digit = zero.plus_high(leading, reciprocal) - L::set(1);", BY_PROOF),
        ("rsa.rs: let high = a[top].plus_high(digit, m[top]) - digit;", BY_PROOF),
        ("rsa.rs: limb(i).shr(bit) + limb(i + 1).low(bit + 4).shl(48 - bit)", BY_PROOF),
    ];
    every_place_is_needed("RSA", is_right, &without_effect);
}
