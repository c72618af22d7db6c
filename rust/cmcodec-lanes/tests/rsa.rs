//! RSA: bounds, exact equations and the end below n for all keys and numbers; powers of some.
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
mod prover;

use cmcodec_lanes::lane::{Lane, Number};
use cmcodec_lanes::limbs::below;
use cmcodec_lanes::rsa::{Job, mul, numbers, pack, power, reciprocal, sqr, step};
use kit::{Random, limbs, number, octets, quietly, times};
use num_bigint::BigInt;
use num_integer::Integer;
use prover::expression::power as two_to;
use prover::faulty::{every_operation_is_needed, faulty, right};
use prover::{All, above, any, any_lane, any_reciprocal, any_within, inverse_of, most, range};

/// Nothing is congruent here.
fn proves(holds: impl FnOnce() -> bool) -> bool {
    prover::proves(&BigInt::from(1), holds)
}

/// By how much a number may be above n: a little more than n^2 / R.
fn slack<const N: usize>(size: u32) -> BigInt {
    let square = 2 * size - 52 * N as u32;
    two_to(square) + two_to(square - 10)
}

/// Any modulus of this size, and its inverse.
fn key<const N: usize>(size: u32) -> ([All; N], All) {
    let n = any_within(&two_to(size - 1), &(two_to(size) - 1));
    (n, inverse_of(n[0]))
}

type Product<const N: usize> = fn(&mut [All; N], &[All; N], &[All; N], All);

fn multiplied<const N: usize>(x: &mut [All; N], y: &[All; N], n: &[All; N], inverse: All) {
    mul(x, y, n, inverse, &mut room());
}

fn squared<const N: usize>(x: &mut [All; N], _: &[All; N], n: &[All; N], inverse: All) {
    sqr(x, n, inverse, &mut room());
}

/// For a product; what was in it does not count.
fn room<L: Lane, const N: usize>() -> [[L; N]; 2] {
    [[L::set(u64::MAX); N]; 2]
}

/// Whether the product of any two such numbers is such a number, and ends below n.
fn keeps<const N: usize>(
    size: u32,
    product: impl FnOnce(&mut [All; N], &[All; N], &[All; N], All),
    end: impl FnOnce(&[All; N], &[All; N]) -> [All; N],
) -> bool {
    proves(|| {
        let (n, inverse) = key::<N>(size);
        let longest = two_to(size) - 1 + slack::<N>(size);
        let (mut x, y) = (any(&longest), any(&longest));
        product(&mut x, &y, &n, inverse);
        let last = end(&x, &n);
        above(&x) <= slack::<N>(size) && most(&x) <= longest && most(&last) < two_to(size) - 1
    })
}

fn keeps_both<const N: usize>(size: u32) -> bool {
    let products: [Product<N>; 2] = [multiplied, squared];
    products.into_iter().all(|product| keeps(size, product, below))
}

#[test]
fn products_stay_near_n_and_end_below_it() {
    assert!(keeps_both::<40>(2048));
    assert!(keeps_both::<64>(3072));
    assert!(keeps_both::<80>(4096));
}

/// Any number under division: limb i is up to 2^53 (i + 1), and the highest as large as 6 n allows.
fn any_rest<const D: usize>(size: u32) -> ([All; D], [All; D], All) {
    let limb = |i: usize| any_lane(BigInt::ZERO, BigInt::from(i + 1) << 53u32);
    let mut a: [All; D] = std::array::from_fn(limb);
    let (least, longest) = highest::<D>(size);
    a[D - 1] = any_lane(least, longest);
    // 16 times limbs of 48 bits.
    let complement = [(); D].map(|()| any_lane(BigInt::ZERO, two_to(48) - 1).shl(4));
    (a, complement, any_reciprocal())
}

/// What the highest limb is within: n and 6 n, less what the others gather.
fn highest<const D: usize>(size: u32) -> (BigInt, BigInt) {
    let top = 48 * (D as u32 - 1);
    let gathered = two_to(6) * D;
    (two_to(size - 1 - top) - gathered, two_to(size - top) * 6 - 1)
}

fn is_rest<const D: usize>(a: &[All; D], size: u32) -> bool {
    let (least, longest) = highest::<D>(size);
    let is_limb = |i: usize| {
        let (least, most) = range(a[i]);
        least >= BigInt::ZERO && most <= BigInt::from(i + 1) << 53u32
    };
    let (low, high) = range(a[D - 1]);
    (0..D - 1).all(is_limb) && low >= least && high <= longest
}

fn divides<const D: usize>(size: u32, step: impl FnOnce(&mut [All; D], &[All; D], All)) -> bool {
    proves(|| {
        let (mut a, complement, reciprocal) = any_rest::<D>(size);
        step(&mut a, &complement, reciprocal);
        is_rest(&a, size)
    })
}

fn steps<const D: usize>(size: u32) -> impl Fn(&mut [All; D], &[All; D], All) {
    move |a, complement, reciprocal| step(a, size as usize, complement, reciprocal)
}

/// Three squarings bring what the division gives, below 6 n 2^shift, to the invariant of the others.
fn settles<const N: usize, const D: usize>(size: u32) -> bool {
    let shift = 52 * N as u32 % 48;
    let packs = proves(|| {
        let _: [All; N] = pack(&any_rest::<D>(size).0, shift as usize);
        true
    });
    let settles = proves(|| {
        let (n, inverse) = key::<N>(size);
        let mut longest = two_to(size + shift) * 6;
        for _ in 0..3 {
            let mut x = any(&longest);
            sqr(&mut x, &n, inverse, &mut room());
            longest = two_to(size) + above(&x);
        }
        longest <= two_to(size) + slack::<N>(size)
    });
    packs && settles
}

#[test]
fn division_keeps_its_invariant() {
    assert!(divides::<43>(2048, steps(2048)));
    assert!(divides::<64>(3072, steps(3072)));
    assert!(divides::<86>(4096, steps(4096)));
}

#[test]
fn what_division_gives_settles() {
    assert!(settles::<40, 43>(2048));
    assert!(settles::<64, 64>(3072));
    assert!(settles::<80, 86>(4096));
}

// --- powers ----------------------------------------------------------------------------------------

fn powers_are_right<const N: usize, const D: usize, const OCTETS: usize>() {
    let size = 8 * OCTETS as u32;
    let mut random = Random::default();
    let top = two_to(size - 1);
    for i in 0..12 {
        let n = match i {
            0 => two_to(size) - 1,
            1 => &top + 1,
            2 => two_to(size) - two_to(size - 52) + 1,
            3 => two_to(size) - 3,
            _ => random.bits(size - 1) + &top,
        };
        let n = if n.is_even() { n + 1 } else { n };
        for s in [BigInt::ZERO, BigInt::from(1), &n - 1, random.below(&n)] {
            let job = Job::<OCTETS> { modulus: octets(&n), signature: octets(&s) };
            let found = numbers::<N, D, OCTETS>(&job).expect("within its bounds");
            let found = cmcodec_lanes::rsa::Numbers {
                n: found.n.map(Number),
                inverse: Number(found.inverse),
                complement: found.complement.map(Number),
                reciprocal: Number(found.reciprocal),
                s: found.s.map(Number),
                raised: found.raised.map(Number),
            };
            assert_eq!(number(&found.n), n);
            let power: [Number; N] = power(&found, size as usize);
            assert_eq!(number(&power), s.modpow(&BigInt::from(65537), &n));
        }
        let refuses = |modulus: &BigInt, signature: &BigInt| {
            let job = Job { modulus: octets(modulus), signature: octets(signature) };
            numbers::<N, D, OCTETS>(&job).is_none()
        };
        assert!(refuses(&n, &n) && refuses(&(&n - 1), &BigInt::from(1)));
        assert!(refuses(&(&n >> 1), &BigInt::from(1)));
    }
}

#[test]
fn powers_of_2048_bits_are_right() {
    powers_are_right::<40, 43, 256>();
}

#[test]
fn powers_of_3072_bits_are_right() {
    powers_are_right::<64, 64, 384>();
}

#[test]
fn powers_of_4096_bits_are_right() {
    powers_are_right::<80, 86, 512>();
}

#[test]
fn the_reciprocal_is_the_largest() {
    let mut random = Random::default();
    for i in 0..times(100) {
        let h = match i {
            0 => 1 << 51,
            1 => (1 << 52) - 1,
            _ => random.next() >> 12 | 1 << 51,
        };
        let (v, h) = (BigInt::from(reciprocal(h)), BigInt::from(h) + 1);
        assert!(&v * &h <= two_to(103) && (&v + 1) * h > two_to(103));
        assert!(v >= two_to(51) && v < two_to(52));
    }
}

// --- faults ----------------------------------------------------------------------------------------

/// The same text with 16 limbs: two tiles by two.
const SMALL: u32 = 800;

#[test]
fn planted_faults_are_refused() {
    quietly();
    assert!(keeps_both::<16>(SMALL));
    // A modulus so near R that one subtraction does not end below it.
    assert!(!keeps_both::<16>(831));
    // The inverse of another limb.
    assert!(!keeps::<16>(SMALL, |x, y, n, _| mul(x, y, n, inverse_of(n[1]), &mut room()), below));
    // A limb that changed after it was reduced: what is known of the number is of no use then.
    let changed = |x: &mut [All; 16], y: &[All; 16], n: &[All; 16], inverse| {
        multiplied(x, y, n, inverse);
        x[3] = x[3] + All::set(1 << 52);
    };
    assert!(!keeps::<16>(SMALL, changed, below));
    // A factor that is too long.
    let longer = |x: &mut [All; 16], y: &[All; 16], n: &[All; 16], inverse| {
        x[15] = x[15] + x[15].shl(33);
        multiplied(x, y, n, inverse);
    };
    assert!(!keeps::<16>(SMALL, longer, below));
    // The other side of the last choice, and another number than the one that was subtracted from.
    let swapped = |x: &[All; 16], n: &[All; 16]| {
        let less = x[0] - n[0];
        All::is_below(x, n, less, x, *x)
    };
    assert!(!keeps::<16>(SMALL, multiplied, swapped));
    // Below another modulus than the one that it was reduced by.
    let other = |x: &[All; 16], _: &[All; 16]| {
        below(x, &any_within(&two_to(SMALL - 1), &(two_to(SMALL) - 1)))
    };
    assert!(!keeps::<16>(SMALL, multiplied, other));
}

#[test]
fn planted_faults_in_division_are_refused() {
    quietly();
    assert!(divides::<43>(2048, steps(2048)));
    let refuses = |fault: fn(&mut [All; 43], &mut [All; 43], &mut All)| {
        !divides::<43>(2048, |a, complement, reciprocal| {
            let (mut complement, mut reciprocal) = (*complement, reciprocal);
            fault(a, &mut complement, &mut reciprocal);
            step(a, 2048, &complement, reciprocal);
        })
    };
    // A reciprocal of which nothing is known, a number twice as large, limbs that gathered too much,
    // a complement that is not 16 times anything.
    assert!(refuses(|_, _, reciprocal| *reciprocal = *reciprocal + All::set(1)));
    assert!(refuses(|a, _, _| a[42] = a[42] + a[42]));
    assert!(refuses(|a, _, _| a[40] = a[40].shl(4)));
    assert!(refuses(|a, _, _| a[5] = a[5] - All::set(1)));
    assert!(refuses(|_, complement, _| complement[9] = complement[9] + All::set(1)));
    // Packing by another shift.
    assert!(!proves(|| {
        let before = any_rest::<43>(2048).0;
        let after: [All; 40] = pack(&before, 16);
        All::is_packed(&before, &after, 17);
        true
    }));
}

const FIRST_BORROW: (&str, &str) =
    ("limbs.rs: let limb = x[i] - n[i] + less;", "nothing is borrowed before the lowest limb");
/// The highest limbs have so few bits that their product has no high half.
const NO_HIGH_HALF: &str = "the high half of the product of the highest limbs, which is zero";
const PRODUCT: &[(&str, &str)] = &[
    FIRST_BORROW,
    ("rsa.rs: rows!(0 1 2 3 4 5 6 7);", NO_HIGH_HALF),
    ("rsa.rs: *c = *c + *t;", NO_HIGH_HALF),
];
const SQUARE: &[(&str, &str)] = &[
    FIRST_BORROW,
    ("rsa.rs: *c = *c + *c;", "a limb that is still zero"),
    ("rsa.rs: c[2 * i + 1] = c[2 * i + 1].plus_high(x[i], x[i]);", NO_HIGH_HALF),
    ("rsa.rs: *c = *c + *t;", NO_HIGH_HALF),
    (
        "rsa.rs: *at_mut(whole.as_flattened_mut(), k) = each(|i| before[i] + low[i]);",
        "zero before the first tile",
    ),
];
const PACKING: &[(&str, &str)] = &[
    ("rsa.rs: (*limb, up) = (whole.low(48), whole.shr(48));", "the highest limb has 48 bits"),
    ("rsa.rs: let whole = *limb + up;", "nothing is carried to the lowest limb"),
    (
        "rsa.rs: limb(i).shr(bit) + limb(i + 1).low(bit + 4).shl(48 - bit)",
        "a whole limb, by no bits, or the zero before the lowest",
    ),
];

#[test]
fn every_operation_left_out_is_found() {
    quietly();
    for name in ["product", "square"] {
        let whole = || {
            keeps::<16>(
                SMALL,
                |x, y, n, inverse| {
                    let mut a = faulty(*x);
                    let (n, inverse) = (faulty(*n), faulty([inverse])[0]);
                    match name {
                        "product" => mul(&mut a, &faulty(*y), &n, inverse, &mut room()),
                        _ => sqr(&mut a, &n, inverse, &mut room()),
                    }
                    *x = right(a);
                },
                |x, n| right(below(&faulty(*x), &faulty(*n))),
            )
        };
        let without_effect = if name == "product" { PRODUCT } else { SQUARE };
        every_operation_is_needed(name, || assert!(whole()), whole, without_effect);
    }
    let whole = || {
        divides::<43>(2048, |a, complement, reciprocal| {
            let mut b = faulty(*a);
            step(&mut b, 2048, &faulty(*complement), faulty([reciprocal])[0]);
            *a = right(b);
        })
    };
    every_operation_is_needed("a step of the division", || assert!(whole()), whole, &[]);
    let whole = || {
        proves(|| {
            let _: [_; 40] = pack(&faulty(any_rest::<43>(2048).0), 16);
            true
        })
    };
    every_operation_is_needed("packing", || assert!(whole()), whole, PACKING);
}

#[test]
fn limbs_are_those_of_the_number() {
    let x = Random::default().bits(800);
    assert_eq!(number(&limbs::<16>(&x)), x);
}
