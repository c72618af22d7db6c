//! Ed25519: bounds of the field, formulas, table and ladder for all inputs; results at some.
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

use std::panic::{AssertUnwindSafe, catch_unwind};

use cmcodec_lanes::ed25519::{
    DIGITS, Entry, Multiple, Numbers, OWN, Order, P, Point, SHARED, Squared, Times, add, canonical,
    compare, decode, hash, invert, mul, multiples_of_b, multiply, sqr, sub, sum, table,
};
use cmcodec_lanes::lane::{Lane, Number, Product};
use cmcodec_lanes::limbs::{below, digits, set};
use kit::{Random, inverse, is_negative, limbs, modulus, number, power, quietly, whole};
use num_bigint::BigInt;
use num_integer::Integer;
use prover::faulty::{again, every_operation_is_needed, faulty, right};
use prover::{All, any, any_lane, is_zero, most};

fn p() -> BigInt {
    whole(&P)
}

fn order() -> BigInt {
    modulus::<Order, 5>()
}

/// What a product is below.
fn product() -> BigInt {
    power(255) + power(215)
}

/// What a factor is below.
fn factor() -> BigInt {
    power(259)
}

fn proves(holds: impl FnOnce() -> bool) -> bool {
    prover::proves(&p(), holds)
}

fn any_below(bound: &BigInt) -> [All; 5] {
    any(&(bound - 1))
}

fn is_below(number: &[All; 5], bound: &BigInt) -> bool {
    most(number) < *bound
}

fn any_point() -> Point<All> {
    let any = || any_below(&product());
    Point { x: any(), y: any(), z: any(), t: any() }
}

fn is_point(p: &Point<All>) -> bool {
    [&p.x, &p.y, &p.z, &p.t].into_iter().all(|it| is_below(it, &product()))
}

/// Sums of an entry are below 2^258, its product is one.
fn any_entry() -> Entry<All> {
    [power(258), power(258), product(), power(258)].map(|it| any_below(&it))
}

fn is_entry(entry: &Entry<All>) -> bool {
    entry.iter().all(|it| is_below(it, &power(258))) && is_below(&entry[2], &product())
}

fn all_digits(width: u32, scalar: &BigInt) -> Vec<(All, All)> {
    let mut found = vec![(All::set(0), All::set(0)); DIGITS * 5 / width as usize];
    assert!(is_zero(digits(&any_below(scalar), width, &mut found)), "something is left over");
    found
}

fn climbs(multiples: &[Multiple], scalar: &BigInt) -> bool {
    proves(|| {
        let mut twice = any_point();
        twice.double();
        let own = all_digits(5, scalar);
        // The ladder begins below it.
        let mut holds = is_point(&twice) && is_zero(own[DIGITS - 1].0);
        for digit in own {
            let mut sum = any_point();
            sum.add_own(&[(); OWN].map(|()| any_entry()), digit);
            holds &= is_point(&sum);
        }
        for digit in all_digits(10, scalar) {
            let mut sum = any_point();
            sum.add_shared(multiples, digit);
            holds &= is_point(&sum);
        }
        holds
    })
}

#[test]
fn field_keeps_its_bounds() {
    assert!(proves(|| {
        let (a, b) = (any_below(&factor()), any_below(&factor()));
        let (c, d) = (any_below(&product()), any_below(&(p() * 4)));
        is_below(&mul(&a, &b), &product())
            && is_below(&sqr(&a), &product())
            && is_below(&add(&c, &d), &factor())
            && is_below(&sub(&c, &d), &factor())
            && is_below(&canonical(&a), &p())
            && is_below(&invert(&a), &product())
    }));
}

#[test]
fn formulas_and_table_keep_the_invariant() {
    assert!(proves(|| {
        let mut sum = any_point();
        sum.add(&any_entry());
        let (point, _) = decode(&any_below(&p()), any_lane(BigInt::ZERO, BigInt::from(1)));
        is_point(&sum)
            && is_entry(&sum.entry())
            && is_point(&Point::neutral())
            && is_point(&point)
            && table(&point).iter().all(is_entry)
    }));
}

#[test]
fn ladder_keeps_the_invariant() {
    assert!(climbs(multiples_of_b(), &order()));
}

#[test]
fn the_hash_is_below_the_order() {
    assert!(proves(|| is_below(&hash(&any_below(&power(260)), &any_below(&power(252))), &order())));
}

/// From any numbers within their bounds to the flag.
#[test]
fn whole_verification_is_proved() {
    assert!(proves(|| {
        let point = || (any_below(&p()), any_lane(BigInt::ZERO, BigInt::from(1)));
        let numbers = || Numbers {
            a: point(),
            r: point(),
            s: any_below(&order()),
            k: [any_below(&power(260)), any_below(&power(252))],
        };
        let mut sums = [0, 1].map(|_| sum(&numbers(), multiples_of_b()));
        compare(&mut sums);
        true
    }));
}

#[test]
fn planted_faults_are_refused() {
    quietly();
    assert!(!climbs(&multiples_of_b()[..SHARED - 1], &order()), "a table that is too short");
    assert!(!climbs(multiples_of_b(), &power(256)), "a scalar that needs one digit more");
    let mut wide = multiples_of_b().to_vec();
    wide[7][1][2] += 1 << 52;
    assert!(!climbs(&wide, &order()), "a limb that is too long");
    // A difference of a larger number, and a factor of 260 bits.
    let larger = || sub(&any_below(&product()), &any_below(&(p() * 5)));
    assert!(!proves(|| is_below(&larger(), &power(260))));
    assert!(!proves(|| is_below(
        &mul(&any(&(power(260) - 1)), &any(&(power(260) - 1))),
        &product()
    )));
    // What is not below twice p before the last subtraction, and a modulus that is not p.
    let other = || is_below(&mul(&any_below(&product()), &any_below(&product())), &product());
    assert!(!prover::proves(&(p() - 2), other) && proves(other));
    let twice =
        |more: u32| proves(|| is_below(&below(&any(&(p() * 2 - 1 + more)), &set(&P)), &p()));
    assert!(twice(0) && !twice(1));
}

// --- results ---------------------------------------------------------------------------------------

type Affine = (BigInt, BigInt);

fn over(x: &BigInt) -> BigInt {
    inverse(x, &p())
}

fn d() -> BigInt {
    (BigInt::from(-121_665) * over(&BigInt::from(121_666))).mod_floor(&p())
}

fn plus(a: &Affine, b: &Affine) -> Affine {
    let c = d() * &a.0 * &b.0 * &a.1 * &b.1;
    let x = (&a.0 * &b.1 + &a.1 * &b.0) * over(&(&c + 1));
    let y = (&a.1 * &b.1 + &a.0 * &b.0) * over(&(BigInt::from(1) - c));
    (x.mod_floor(&p()), y.mod_floor(&p()))
}

fn times(k: &BigInt, a: &Affine) -> Affine {
    (0..k.bits()).rev().fold((BigInt::ZERO, BigInt::from(1)), |sum, i| {
        let twice = plus(&sum, &sum);
        if k.bit(i) { plus(&twice, a) } else { twice }
    })
}

fn point(a: &Affine) -> Point<Number> {
    let t = (&a.0 * &a.1).mod_floor(&p());
    Point { x: limbs(&a.0), y: limbs(&a.1), z: limbs(&BigInt::from(1)), t: limbs(&t) }
}

fn affine(a: &Point<Number>) -> Affine {
    let [x, y, z, t] = [&a.x, &a.y, &a.z, &a.t].map(|it| number(it));
    assert!((&x * &y - &z * t).is_multiple_of(&p()), "t is x y / z");
    ((x * over(&z)).mod_floor(&p()), (y * over(&z)).mod_floor(&p()))
}

/// B: y = 4 / 5, and the even x of both.
fn base() -> Affine {
    let y = (BigInt::from(4) * over(&BigInt::from(5))).mod_floor(&p());
    let (b, none) = decode(&limbs(&y), Number(0));
    assert!(!is_negative(none));
    affine(&b)
}

#[test]
fn multiples_of_b_are_right() {
    let b = base();
    assert_eq!(times(&order(), &b), (BigInt::ZERO, BigInt::from(1)));
    let mut multiple = (BigInt::ZERO, BigInt::from(1));
    assert_eq!(multiples_of_b().len(), SHARED);
    for entry in multiples_of_b() {
        let (x, y) = &multiple;
        let expected = [y + x, y - x, d() * 2 * x * y].map(|it| it.mod_floor(&p()));
        assert_eq!(entry.map(|it| whole(&it)), expected);
        multiple = plus(&multiple, &b);
    }
}

#[test]
fn points_are_decoded() {
    let mut random = Random::default();
    for _ in 0..20 {
        let y = random.below(&p());
        let square: BigInt = (&y * &y - 1) * over(&(d() * &y * &y + 1));
        let is_square = square.modpow(&((p() - 1) / 2), &p()) == BigInt::from(1);
        for sign in [0, 1] {
            let (found, none) = decode(&limbs(&y), Number(sign));
            assert_eq!(!is_negative(none), is_square);
            if is_square {
                let (x, found_y) = affine(&found);
                assert!((&x * &x - &square).is_multiple_of(&p()) && found_y == y);
                assert_eq!(x.bit(0), sign == 1);
            }
        }
    }
    // x = 0 has no sign.
    for y in [BigInt::from(1), p() - 1] {
        assert!(is_negative(decode(&limbs(&y), Number(0)).1));
    }
}

#[test]
fn sums_are_right() {
    let (mut random, b) = (Random::default(), base());
    for _ in 0..4 {
        let a = times(&random.below(&order()), &b);
        let [s, k] = [0, 1].map(|_| random.below(&order()));
        let scalars = [limbs(&s), limbs(&k)];
        let sum = multiply(scalars.each_ref(), &point(&a), multiples_of_b());
        assert_eq!(affine(&sum), plus(&times(&s, &b), &times(&k, &a)));
        let long = random.bits(512);
        let (low, high) = (&long % power(260), &long >> 260u32);
        assert_eq!(number(&hash(&limbs(&low), &limbs(&high))), long % order());
    }
}

#[test]
fn signatures_are_right() {
    let (mut random, b) = (Random::default(), base());
    let encoded = |a: &Affine| (limbs(&a.1), Number(u64::from(a.0.bit(0))));
    let mut all = vec![];
    for i in 0..4u32 {
        let [secret, nonce] = [0, 1].map(|_| random.below(&order()));
        let long = random.bits(512);
        let s = (&nonce + &long * &secret).mod_floor(&order());
        let k = [limbs(&(&long % power(260))), limbs(&(long >> 260u32))];
        let (a, r) = (encoded(&times(&secret, &b)), encoded(&times(&nonce, &b)));
        let good = Numbers { a, r, s: limbs(&s), k };
        let other = |sign: Number| Number(1 - sign.0);
        all.extend([
            (good, true),
            (Numbers { s: limbs(&(s ^ power(i))), ..good }, false),
            (Numbers { a: (good.a.0, other(good.a.1)), ..good }, false),
            (Numbers { r: (good.r.0, other(good.r.1)), ..good }, false),
            (Numbers { a: (limbs(&BigInt::from(2 + i)), Number(0)), ..good }, false),
            (Numbers { a: (limbs(&BigInt::from(1)), Number(0)), ..good }, false),
        ]);
    }
    let mut sums: Vec<_> = all.iter().map(|(it, _)| sum(it, multiples_of_b())).collect();
    compare(&mut sums);
    for (sum, (_, expected)) in sums.iter().zip(all) {
        assert_eq!(!is_negative(sum.wrong), expected);
    }
}

// --- faults ----------------------------------------------------------------------------------------

fn all_faulty<L: Lane>(p: &Point<L>) -> Point<prover::faulty::Faulty<L>> {
    Point { x: faulty(p.x), y: faulty(p.y), z: faulty(p.z), t: faulty(p.t) }
}

fn all_right<L: Lane>(p: &Point<prover::faulty::Faulty<L>>) -> Point<L> {
    Point { x: right(p.x), y: right(p.y), z: right(p.z), t: right(p.t) }
}

fn kernel<K: Product<5>>(name: &str) {
    let whole = || {
        proves(|| {
            let (a, b) = (any_below(&factor()), any_below(&factor()));
            is_below(&right(K::run(&faulty(a), &faulty(b))), &product())
        })
    };
    every_operation_is_needed(name, || assert!(whole()), whole, &[]);
}

const WITHOUT_EFFECT: [(&str, &str); 3] = [
    (
        "ed25519.rs: let top = t[4] + L::set(0).plus_high(t[9], k).shl(52);",
        "the highest limb is so short that its product with 608 has no high half",
    ),
    ("limbs.rs: limb = t[i] + limb.shr(52);", "2 d, where nothing is carried to a limb"),
    ("limbs.rs: r[i - 1] = limb.low(52);", "the same limb has no more than 52 bits"),
];

#[test]
fn every_operation_left_out_is_found() {
    quietly();
    kernel::<Times>("product");
    kernel::<Squared>("square");
    let whole = || proves(|| is_below(&right(canonical(&faulty(any_below(&factor())))), &p()));
    let first_borrow = [("limbs.rs: let limb = x[i] - n[i] + less;", "nothing is borrowed before")];
    every_operation_is_needed("canonical form", || assert!(whole()), whole, &first_borrow);
    // A doubling, an entry and an addition: by the proof, or by a random point.
    let mut g = point(&times(&BigInt::from(5), &base()));
    // So that z is any number.
    g.double();
    let run = |p: &Point<Number>| {
        let (mut q, entry) = (all_faulty(p), all_faulty(p));
        q.double();
        q.add(&entry.entry());
        all_right(&q)
    };
    let expected = affine(&run(&g));
    assert_eq!(expected, times(&BigInt::from(30), &base()));
    let is_right =
        || catch_unwind(AssertUnwindSafe(|| affine(&run(&g)) == expected)).unwrap_or(false);
    let is_proved = || {
        proves(|| {
            let (mut q, entry) = (all_faulty(&any_point()), all_faulty(&any_point()));
            q.double();
            q.add(&entry.entry());
            is_point(&all_right(&q))
        })
    };
    every_operation_is_needed(
        "doubling, entry and addition",
        || assert!(is_right()),
        || again(is_right) && is_proved(),
        &WITHOUT_EFFECT,
    );
}
