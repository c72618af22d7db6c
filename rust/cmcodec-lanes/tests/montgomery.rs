//! Numbers mod the orders, inverses, digits of scalars, and numbers from octets.
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

use cmcodec_lanes::lane::Number;
use cmcodec_lanes::limbs::{self, carry, digits, is_less, product};
use cmcodec_lanes::montgomery::{Modulus, invert, invert_all, mul, sqr};
use cmcodec_lanes::p256::P256;
use cmcodec_lanes::p384::P384;
use cmcodec_lanes::{ed25519, p256, p384};
use kit::{Random, inverse, is_negative, is_same, modulus, number, power, quietly, whole};
use num_bigint::BigInt;
use prover::faulty::{again, every_operation_is_needed, faulty, right};
use prover::{All, any, any_lane, is_zero, most, proves, range};

/// What is below 2^bits before and after: products, and so all that is made of them.
fn keeps<M: Modulus<K>, const K: usize>(bits: u32) -> bool {
    proves(&BigInt::from(1), || {
        let bound = power(bits) - 1;
        let (a, b) = (any::<K>(&bound), any(&bound));
        let mut all = [a, b];
        invert_all::<M, All, K>(&mut all);
        let found = [mul::<M, All, K>(&a, &b), sqr::<M, All, K>(&a), all[0], all[1]];
        found.iter().all(|it| most(it) <= bound)
    })
}

#[test]
fn products_and_inverses_stay_within_their_bounds() {
    assert!(keeps::<p256::Order, 5>(257));
    assert!(keeps::<p384::Order, 8>(385));
    assert!(keeps::<ed25519::Order, 5>(257));
    assert!(keeps::<P256, 5>(257));
    assert!(keeps::<P384, 8>(385));
}

fn computes<M: Modulus<K>, const K: usize>() {
    let (mut random, n) = (Random::default(), modulus::<M, K>());
    let r = power(52 * K as u32);
    assert_eq!(whole(&M::ONE), &r % &n);
    assert_eq!(whole(&M::R2), &r * &r % &n);
    assert_eq!((BigInt::from(M::INVERSE) * &n + 1) % power(52), BigInt::ZERO);
    for i in 0..20 {
        let [a, b] = [0, 1].map(|_| random.below(&n));
        let a = if i == 0 { &n - 1 } else { a + 1 };
        let (x, y) = (kit::limbs(&a), kit::limbs(&b));
        let (product, square) = (mul::<M, Number, K>(&x, &y), sqr::<M, Number, K>(&x));
        assert!(is_same(&(number(&product) * &r), &(&a * &b), &n));
        assert!(is_same(&(number(&square) * &r), &(&a * &a), &n));
        assert!(is_same(&(number(&invert::<M, Number, K>(&x)) * &a), &(&r * &r), &n));
    }
    let numbers = [1, 2, 3, 4, 5].map(|_| random.below(&n) + 1);
    let mut all = numbers.each_ref().map(kit::limbs);
    invert_all::<M, Number, K>(&mut all);
    for (number_, found) in numbers.iter().zip(&all) {
        assert!(is_same(&number(found), &(&r * &r * inverse(number_, &n)), &n));
    }
    invert_all::<M, Number, K>(&mut []);
}

#[test]
fn products_and_inverses_are_right() {
    computes::<p256::Order, 5>();
    computes::<p384::Order, 8>();
    computes::<ed25519::Order, 5>();
    computes::<P256, 5>();
    computes::<P384, 8>();
}

/// A modulus that is not odd, or of which the inverse is another one's, is refused.
struct Wrong;
impl Modulus<5> for Wrong {
    const N: [u64; 5] = <p256::Order as Modulus<5>>::N;
    const INVERSE: u64 = <ed25519::Order as Modulus<5>>::INVERSE;
}

#[test]
fn planted_faults_are_refused() {
    quietly();
    assert!(!keeps::<Wrong, 5>(257), "the inverse of another number");
    assert!(!keeps::<p256::Order, 5>(260), "a product that is not below the bound of its factors");
    let scalar = || any::<5>(&(power(257) - 1));
    let splits = |width: u32, count: usize| {
        proves(&BigInt::from(1), || {
            let mut found = vec![(kit_zero(), kit_zero()); count];
            is_zero(digits(&scalar(), width, &mut found))
        })
    };
    assert!(splits(5, 52) && !splits(5, 51), "a digit too few");
    // Another digit than the one that was taken away.
    assert!(!proves(&BigInt::from(1), || {
        use cmcodec_lanes::lane::Lane;
        let k = scalar();
        All::is_split(&k, kit_zero(), k[0].low(4), &k.map(|limb| limb.shr(5)), 5);
        true
    }));
}

#[test]
fn planted_faults_in_signs_are_refused() {
    quietly();
    use cmcodec_lanes::lane::Lane;
    // The lowest bits of what may be negative, in a product.
    assert!(!proves(&BigInt::from(1), || {
        let sign = any_lane(BigInt::from(-1), BigInt::ZERO);
        let whole = product(&[sign.low(52)], &[any_lane(BigInt::ZERO, power(52) - 1)]);
        most(&carry(&[whole[0][0], whole[1][0]])) == BigInt::ZERO
    }));
    // The sign of what may be 2^63 and more.
    let chosen = |bits| {
        proves(&BigInt::from(1), || {
            let lane = any_lane(BigInt::ZERO, power(bits) - 1);
            range(lane.select(All::set(1), All::set(0))) == (BigInt::ZERO, BigInt::ZERO)
        })
    };
    assert!(chosen(63) && !chosen(64));
}

fn kit_zero() -> All {
    <All as cmcodec_lanes::lane::Lane>::set(0)
}

#[test]
fn digits_are_within_the_tables() {
    assert!(proves(&BigInt::from(1), || {
        [(5, 52, 16), (10, 26, 512)].into_iter().all(|(width, count, largest)| {
            let mut found = vec![(kit_zero(), kit_zero()); count];
            let left = digits(&any::<5>(&(power(257) - 1)), width, &mut found);
            let is_index = |digit: All| {
                let (least, most) = range(digit);
                least >= BigInt::ZERO && most <= BigInt::from(largest)
            };
            is_zero(left) && found.into_iter().all(|(digit, _)| is_index(digit))
        })
    }));
}

/// What digits add up to.
fn sum(digits: &[(Number, Number)], width: u32) -> BigInt {
    digits.iter().rev().fold(BigInt::ZERO, |sum, (digit, sign)| {
        let digit = BigInt::from(digit.0);
        (sum << width) + if is_negative(*sign) { -digit } else { digit }
    })
}

fn digits_of(k: &BigInt, width: u32, count: usize) -> BigInt {
    let mut found = vec![(Number(0), Number(0)); count];
    assert_eq!(digits(&kit::limbs::<5>(k), width, &mut found), Number(0));
    sum(&found, width)
}

#[test]
fn digits_add_up_to_the_scalar() {
    let mut random = Random::default();
    let mut scalars: Vec<BigInt> = (0..34u32).map(BigInt::from).collect();
    scalars.extend((0..8u32).flat_map(|i| [power(257) - 1 - i, power(256) + i, power(255) - i]));
    let windows = (0..52).flat_map(|i| (0..32u32).map(move |d| BigInt::from(d) << (5 * i)));
    scalars.extend(windows.flat_map(|k| [&k + 1, k]).filter(|k| *k < power(257)));
    scalars.extend((0..50).map(|_| random.bits(257)));
    for k in scalars {
        assert_eq!(digits_of(&k, 5, 52), k);
        assert_eq!(digits_of(&k, 10, 26), k);
    }
}

#[test]
fn octets_become_limbs() {
    let x = Random::default().bits(384);
    let (_, octets) = x.to_bytes_le();
    assert_eq!(whole(&limbs::limbs::<8>(&octets)), x);
    assert_eq!(whole(&limbs::limbs::<8>(&octets[..47])), &x % power(376));
    let sixes: Vec<u64> = (0..8).map(|i| limbs::bits::<48>(&octets, 48 * i)).collect();
    let sum = sixes.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << 48u32) + limb);
    assert_eq!(sum, x);
}

#[test]
fn the_highest_limb_that_differs_decides() {
    assert!(is_less(&[5, 1], &[4, 2]) && !is_less(&[4, 2], &[5, 1]));
    assert!(is_less(&[4, 2], &[5, 2]) && !is_less(&[5, 2], &[5, 2]));
}

#[test]
fn every_operation_left_out_is_found() {
    quietly();
    let product = || {
        proves(&BigInt::from(1), || {
            let bound = power(257) - 1;
            let (a, b) = (faulty(any::<5>(&bound)), faulty(any(&bound)));
            most(&right(mul::<p256::Order, _, 5>(&a, &b))) <= bound
        })
    };
    every_operation_is_needed("product mod n", || assert!(product()), product, &[]);
    let mut random = Random::default();
    let mut scalars: Vec<BigInt> = (0..12).map(|_| random.bits(257)).collect();
    scalars.extend([BigInt::ZERO, power(257) - 1, power(256), power(100) - 1]);
    // All digits at their bounds, and one beyond.
    scalars.extend([15u32, 16, 17].map(|d| (0..51).fold(BigInt::ZERO, |k, _| (k << 5u32) + d)));
    let splits = |k: &BigInt| {
        let mut found = vec![faulty([Number(0); 2]).into(); 52];
        let left = digits(&faulty(kit::limbs::<5>(k)), 5, &mut found);
        let found: Vec<_> = found.iter().map(|it: &(_, _)| (it.0.0, it.1.0)).collect();
        left.0 == Number(0) && sum(&found, 5) == *k
    };
    let is_proved = || {
        proves(&BigInt::from(1), || {
            let mut found = vec![faulty([kit_zero(); 2]).into(); 52];
            let left = digits(&faulty(any::<5>(&(power(257) - 1))), 5, &mut found);
            is_zero(left.0)
                && found.iter().all(|it: &(prover::faulty::Faulty<All>, _)| {
                    let _: &prover::faulty::Faulty<All> = &it.1;
                    range(it.0.0).1 <= BigInt::from(16)
                })
        })
    };
    every_operation_is_needed(
        "digits",
        || assert!(splits(&scalars[0])),
        || scalars.iter().all(|k| again(|| splits(k))) && is_proved(),
        &[
            (
                "limbs.rs: k[i] = k[i].shr(width) + k[i + 1].low(width).shl(52 - width);",
                "a limb that is empty by then",
            ),
            ("limbs.rs: k[K - 1] = k[K - 1].shr(width);", "the highest is empty by then"),
            ("limbs.rs: k.into_iter().fold(up, |sum, limb| sum + limb)", "nothing is left over"),
            (
                "limbs.rs: let window = k[0].low(width) + carried;",
                "nothing is carried to the first window, and no more than a window is in the last",
            ),
            ("limbs.rs: let sign = half - window;", "the last window is below half"),
            ("limbs.rs: up = sign.select(one, zero);", "nothing is carried beyond the last window"),
            (
                "limbs.rs: *digit = (sign.select(full - window, window), sign);",
                "the last window is not negative",
            ),
        ],
    );
}
