//! Bad signatures, each of which one guard alone stops; and good ones beside them.
//!
//! A signature over a digest of 0 with r = s is good for a point of which x is r, since the sum is that
//! point itself: so anything that is taken for a point has a signature, without any private key.
#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is broken must stop the test"
)]

mod kit;

use cmcodec_lanes::p256::P256;
use cmcodec_lanes::p384::P384;
use cmcodec_lanes::weierstrass::Curve;
use cmcodec_lanes::{Machine, Outcome, ecdsa, ed25519};
use kit::signed::{of_base_point, small_key};
use kit::{inverse, is_same, modulus, octets, whole};
use num_bigint::BigInt;
use num_integer::Integer;

fn machines() -> impl Iterator<Item = Machine> {
    [Some(Machine::NUMBERS), Machine::detect()].into_iter().flatten()
}

fn number(x: u32) -> BigInt {
    BigInt::from(x)
}

/// A polynomial mod p, its constant first.
type Polynomial = Vec<BigInt>;

fn remainder(mut a: Polynomial, b: &[BigInt], p: &BigInt) -> Polynomial {
    let top = inverse(b.last().unwrap(), p);
    while a.len() >= b.len() {
        let factor = a.last().unwrap() * &top;
        let at = a.len() - b.len();
        for (i, x) in b.iter().enumerate() {
            a[at + i] = (&a[at + i] - &factor * x).mod_floor(p);
        }
        a.pop();
    }
    while a.last().is_some_and(|x| *x == BigInt::ZERO) {
        a.pop();
    }
    a
}

fn product(a: &[BigInt], b: &[BigInt], f: &[BigInt], p: &BigInt) -> Polynomial {
    let mut whole = vec![BigInt::ZERO; a.len() + b.len()];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            whole[i + j] += x * y;
        }
    }
    remainder(whole.iter().map(|x| x.mod_floor(p)).collect(), f, p)
}

/// The root of x^3 - 3 x + c mod p, if there is one alone.
fn root(c: &BigInt, p: &BigInt) -> Option<BigInt> {
    let f: Polynomial = [c.clone(), number(0) - 3, number(0), number(1)].to_vec();
    let x = [number(0), number(1)];
    let power = (0..p.bits()).rev().fold(vec![number(1)], |power, bit| {
        let square = product(&power, &power, &f, p);
        if p.bit(bit) { product(&square, &x, &f, p) } else { square }
    });
    // All elements of the field are roots of x^p - x.
    let mut a = f;
    let mut b: Polynomial = (0..3).map(|i| power.get(i).cloned().unwrap_or_default()).collect();
    b[1] -= 1;
    b = remainder(b, &[number(0), number(0), number(0), number(1)], p);
    while !b.is_empty() {
        let rest = remainder(a, &b, p);
        (a, b) = (b, rest);
    }
    (a.len() == 2).then(|| (-&a[0] * inverse(&a[1], p)).mod_floor(p))
}

/// Points of which x, and of which y, is as small as can be.
fn small_points<C: Curve<K>, const K: usize>() -> [(BigInt, BigInt); 2] {
    let (p, b) = (modulus::<C, K>(), whole(&C::B));
    let with_x = (1..).map(number).find_map(|x| {
        let square: BigInt = &x * &x * &x - &x * 3 + &b;
        let y = square.mod_floor(&p).modpow(&((&p + 1) >> 2), &p);
        is_same(&(&y * &y), &square, &p).then_some((x, y))
    });
    let with_y = (1..).map(number).find_map(|y| Some((root(&(&b - &y * &y), &p)?, y)));
    [with_x.unwrap(), with_y.unwrap()]
}

type Verify<const OCTETS: usize> = fn(Machine, &[ecdsa::Job<OCTETS>]) -> Vec<Outcome>;

/// Whether each key, signature and digest is called good.
fn check<C: Curve<K>, const K: usize, const OCTETS: usize>(verify: Verify<OCTETS>) {
    let (p, n) = (modulus::<C, K>(), modulus::<C::Order, K>());
    let [(x, y), (other_x, other_y)] = small_points::<C, K>();
    let g = [whole(&C::G[0]), whole(&C::G[1])];
    let (zero, five, s) = (number(0), number(5), number(7));
    let (r, other_r) = (&x, &other_x.mod_floor(&n));
    let job = |x: &BigInt, y: &BigInt, r: &BigInt, s: &BigInt, digest: &BigInt| ecdsa::Job {
        x: octets::<OCTETS>(x),
        y: octets(y),
        r: octets(r),
        s: octets(s),
        digest: octets(digest),
    };
    for (name, job, is_good) in [
        ("small x", job(&x, &y, r, r, &zero), true),
        ("a digest of n", job(&x, &y, r, r, &n), true),
        ("off the curve", job(&x, &(&y + 1), r, r, &zero), false),
        ("x + p", job(&(&x + &p), &y, r, r, &zero), false),
        ("small y", job(&other_x, &other_y, other_r, other_r, &zero), true),
        ("y + p", job(&other_x, &(&other_y + &p), other_r, other_r, &zero), false),
        ("another s", job(&x, &y, r, &s, &zero), false),
        ("P + P", job(&g[0], &g[1], &five, &five, &five), false),
        ("P - P", job(&g[0], &(&p - &g[1]), &five, &five, &five), false),
    ] {
        for machine in machines() {
            let found = verify(machine, &[job; 3]);
            assert!(found.iter().all(|it| (*it == Outcome::Good) == is_good), "{name}: {found:?}");
        }
    }
}

#[test]
fn keys_that_are_no_points_of_p256() {
    check::<P256, 5, 32>(Machine::p256);
}

#[test]
fn keys_that_are_no_points_of_p384() {
    check::<P384, 8, 48>(Machine::p384);
}

/// The base point as R and 1 as S are good for the neutral element, which is what stands in for a key
/// that is no point.
#[test]
fn keys_that_are_no_points_of_ed25519() {
    let signature = of_base_point();
    // 1 is the neutral element, and p + 1 is so in no canonical form. Half of the others are no y of
    // any point.
    let mut longer = [0xFF; 32];
    (longer[0], longer[31]) = (0xEE, 0x7F);
    for key in (1..20).map(small_key).chain([longer]) {
        let job = ed25519::Job { key, signature, hash: [9; 64] };
        for machine in machines() {
            assert_eq!(machine.ed25519(&[job; 3]), [Outcome::Unknown; 3], "{key:x?}");
        }
    }
}
