//! Curves: bounds for all inputs, formulas at random points, and faults that one of both must find.
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

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cmcodec_lanes::lane::{Lane, Number};
use cmcodec_lanes::limbs::{Digit, digits, set};
use cmcodec_lanes::montgomery::{Modulus, mul, sqr};
use cmcodec_lanes::p256::P256;
use cmcodec_lanes::p384::P384;
use cmcodec_lanes::weierstrass::{
    Curve, Entry, Margins, Multiple, Numbers, OWN, Point, SHARED, Sum, add, add_mixed,
    differs_from_zero, double, in_form, is_off, multiply, table, verify,
};
use kit::{Random, inverse, is_negative, is_same, limbs, modulus, number, power, quietly, whole};
use num_bigint::BigInt;
use num_integer::Integer;
use prover::faulty::{Faulty, every_operation_is_needed, faulty, right};
use prover::{All, any, any_lane, is_zero, most, proves};

/// Each test on both curves.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod p256 { $( #[test] fn $test() { super::$test::<super::P256, 5>(); } )* }
        mod p384 { $( #[test] fn $test() { super::$test::<super::P384, 8>(); } )* }
    };
}

on_both!(
    doubling_and_addition_keep_the_invariant
    table_and_ladder_keep_the_invariant
    whole_verification_is_proved
    each_margin_is_the_least
    planted_faults_are_refused
    formulas_are_right_at_random_points
    multiples_of_g_are_right
    sums_are_right
    exceptional_additions_show
    zero_is_told
    every_operation_left_out_is_found
);

// --- what is within its bounds ---------------------------------------------------------------------

/// What coordinates are within, before and after: x and y below some p, and z below 2 p.
struct Invariant {
    p: BigInt,
    small: BigInt,
    two: BigInt,
}

impl Invariant {
    fn of<C: Curve<K>, const K: usize>() -> Self {
        let p = modulus::<C, K>();
        let percent = if K == 5 { 101 } else { 1100 };
        Self { small: &p * percent / 100, two: &p * 2 - 1, p }
    }
    fn any<const K: usize>(&self) -> Point<All, K> {
        Point { x: any(&self.small), y: any(&self.small), z: any(&self.two) }
    }
    fn holds<const K: usize>(&self, p: &Point<All, K>) -> bool {
        most(&p.x) <= self.small && most(&p.y) <= self.small && most(&p.z) <= self.two
    }
    fn any_entry<const K: usize>(&self) -> Entry<All, K> {
        let [small, two] = [&self.small, &self.two];
        [any(small), any(small), any(two), any(two), any(two)]
    }
    fn is_entry<const K: usize>(&self, entry: &Entry<All, K>) -> bool {
        entry[..2].iter().all(|it| most(it) <= self.small)
            && entry[2..].iter().all(|it| most(it) <= self.two)
    }
    fn any_sum<const K: usize>(&self) -> Sum<All, K> {
        let sign = any_lane(BigInt::from(-1), BigInt::from(1));
        Sum { at: self.any(), none: sign.select(All::set(0) - All::set(1), All::set(0)) }
    }
}

fn doubles<C: Curve<K>, const K: usize>() -> bool {
    let it = Invariant::of::<C, K>();
    proves(&it.p, || {
        let mut p = it.any::<K>();
        double::<C, All, K>(&mut p);
        it.holds(&p)
    })
}

fn adds<C: Curve<K>, const K: usize>() -> bool {
    let it = Invariant::of::<C, K>();
    proves(&it.p, || {
        let (p, q) = (it.any::<K>(), it.any::<K>());
        let [zz, zzz] = [0, 1].map(|_| any(&it.two));
        it.holds(&add::<C, All, K>(&p, &q, [&zz, &zzz]))
            && it.holds(&add_mixed::<C, All, K>(&p, [&q.x, &q.y]))
    })
}

/// The digits of all scalars that a product mod n gives.
fn all_digits<C: Curve<K>, const K: usize>(width: u32) -> Vec<Digit<All>> {
    let mut found = vec![(All::set(0), All::set(0)); C::DIGITS * 5 / width as usize];
    let bits = u32::try_from(modulus::<C, K>().bits()).unwrap();
    let left = digits(&any::<K>(&(power(bits + 1) - 1)), width, &mut found);
    assert!(is_zero(left), "something is left over");
    found
}

fn climbs<C: Curve<K>, const K: usize>(multiples: &[Multiple<K>]) -> bool {
    let it = Invariant::of::<C, K>();
    proves(&it.p, || {
        let mut sum = it.any_sum::<K>();
        sum.double::<C>();
        let mut holds = it.holds(&sum.at) && it.holds(&Sum::<All, K>::nothing::<C>().at);
        for digit in all_digits::<C, K>(5) {
            let mut sum = it.any_sum();
            sum.add_own::<C>(&[(); OWN].map(|()| it.any_entry()), digit);
            holds &= it.holds(&sum.at) && prover::is_flag(sum.none);
        }
        for digit in all_digits::<C, K>(10) {
            let mut sum = it.any_sum();
            sum.add_shared::<C>(multiples, digit);
            holds &= it.holds(&sum.at) && prover::is_flag(sum.none);
        }
        holds
    })
}

fn doubling_and_addition_keep_the_invariant<C: Curve<K>, const K: usize>() {
    assert!(doubles::<C, K>());
    assert!(adds::<C, K>());
}

fn table_and_ladder_keep_the_invariant<C: Curve<K>, const K: usize>() {
    let it = Invariant::of::<C, K>();
    assert!(proves(&it.p, || {
        let table = table::<C, All, K>(&any(&it.small), &any(&it.small));
        table[1..].iter().all(|entry| it.is_entry(entry))
    }));
    assert!(climbs::<C, K>(C::multiples_of_g()));
}

/// From any numbers within their bounds to the flag: scalars, the key, the comparison.
fn verifies<C: Curve<K>, const K: usize>() -> bool {
    let (p, n) = (modulus::<C, K>(), modulus::<C::Order, K>());
    let bits = u32::try_from(p.bits()).unwrap();
    proves(&p, || {
        let numbers = Numbers {
            q: [any(&(&p - 1)), any(&(&p - 1))],
            z: any(&(power(bits) - 1)),
            r: any(&(&n - 1)),
            w: any(&(power(bits + 1) - 1)),
        };
        verify::<C, All, K>(&numbers, C::multiples_of_g());
        true
    })
}

fn whole_verification_is_proved<C: Curve<K>, const K: usize>() {
    assert!(verifies::<C, K>());
}

/// The same curve with a margin lowered by one.
struct Lowered<C, const MARGIN: usize>(PhantomData<C>);

impl<C: Curve<K>, const MARGIN: usize, const K: usize> Modulus<K> for Lowered<C, MARGIN> {
    const N: [u64; K] = C::N;
    fn reduce<L: Lane>(whole: &[[L; K]; 2]) -> [L; K] {
        C::reduce(whole)
    }
}

impl<C: Curve<K>, const MARGIN: usize, const K: usize> Curve<K> for Lowered<C, MARGIN> {
    type Order = C::Order;
    const B: [u64; K] = C::B;
    const G: [[u64; K]; 2] = C::G;
    const DIGITS: usize = C::DIGITS;
    const MARGINS: Margins = {
        let mut m = C::MARGINS;
        match MARGIN {
            0 => m.double_slope -= 1,
            1 => m.double_x -= 1,
            2 => m.double_w -= 1,
            3 => m.double_y -= 1,
            4 => m.add_h -= 1,
            5 => m.add_x -= 1,
            6 => m.add_w -= 1,
            7 => m.add_y -= 1,
            8 => m.negative -= 1,
            9 => m.equation -= 1,
            _ => m.compared -= 1,
        }
        m
    };
    fn multiples_of_g() -> &'static [Multiple<K>] {
        C::multiples_of_g()
    }
    fn fold<L: Lane>(t: &[L; K]) -> [L; K] {
        C::fold(t)
    }
}

fn each_margin_is_the_least<C: Curve<K>, const K: usize>() {
    quietly();
    assert!(!doubles::<Lowered<C, 0>, K>() && !doubles::<Lowered<C, 1>, K>());
    assert!(!doubles::<Lowered<C, 2>, K>() && !doubles::<Lowered<C, 3>, K>());
    assert!(!adds::<Lowered<C, 4>, K>() && !adds::<Lowered<C, 5>, K>());
    assert!(!adds::<Lowered<C, 6>, K>() && !adds::<Lowered<C, 7>, K>());
    assert!(!climbs::<Lowered<C, 8>, K>(C::multiples_of_g()));
    assert!(!verifies::<Lowered<C, 9>, K>() && !verifies::<Lowered<C, 10>, K>());
}

fn planted_faults_are_refused<C: Curve<K>, const K: usize>() {
    quietly();
    let it = Invariant::of::<C, K>();
    // A table one entry short, and a limb of one that is too long.
    assert!(!climbs::<C, K>(&C::multiples_of_g()[..SHARED - 1]));
    let mut wide = C::multiples_of_g().to_vec();
    wide[7][1][2] += 1 << 52;
    assert!(!climbs::<C, K>(&wide));
    // An entry beyond its bounds.
    assert!(!proves(&it.p, || {
        let mut table = [(); OWN].map(|()| it.any_entry::<K>());
        table[3][1] = any(&(&it.small * 3));
        let mut sum = it.any_sum();
        sum.add_own::<C>(&table, all_digits::<C, K>(5)[0]);
        it.holds(&sum.at)
    }));
    // An index of which too little is known; a scalar that is too long.
    assert!(!proves(&it.p, || {
        let mut sum = it.any_sum::<K>();
        let digit = any_lane(BigInt::ZERO, BigInt::from(OWN));
        sum.add_own::<C>(&[(); OWN].map(|()| it.any_entry()), (digit, All::set(0)));
        true
    }));
    assert!(!proves(&it.p, || {
        let mut found = vec![(All::set(0), All::set(0)); C::DIGITS];
        is_zero(digits(&any::<K>(&(power(5 * C::DIGITS as u32) - 1)), 5, &mut found))
    }));
    // A modulus that is not p.
    let (small, other) = (it.small.clone(), &it.p - 2);
    let folds = |p: &BigInt| {
        proves(p, || {
            C::fold(&any::<K>(&small));
            true
        })
    };
    assert!(folds(&it.p) && (K == 8 || !folds(&other)));
}

// --- formulas --------------------------------------------------------------------------------------

/// Numbers mod p, those of points in Montgomery's form.
struct Book {
    p: BigInt,
    b: BigInt,
    /// 1 / R.
    down: BigInt,
}

type Affine = Option<(BigInt, BigInt)>;

impl Book {
    fn of<C: Curve<K>, const K: usize>() -> Self {
        let p = modulus::<C, K>();
        let down = inverse(&power(52 * K as u32), &p);
        Self { b: whole(&C::B), down, p }
    }

    /// The number that a limb by limb one stands for.
    fn value(&self, limbs: &[Number]) -> BigInt {
        (number(limbs) * &self.down).mod_floor(&self.p)
    }

    fn add(&self, a: &Affine, b: &Affine) -> Affine {
        let (Some((x1, y1)), Some((x2, y2))) = (a, b) else { return a.clone().or(b.clone()) };
        let slope = if x1 != x2 {
            (y2 - y1) * inverse(&(x2 - x1), &self.p)
        } else if y1 == y2 {
            (BigInt::from(3) * x1 * x1 - 3) * inverse(&(y1 * 2), &self.p)
        } else {
            return None;
        };
        let x: BigInt = (&slope * &slope - x1 - x2).mod_floor(&self.p);
        Some((x.clone(), (slope * (x1 - x) - y1).mod_floor(&self.p)))
    }

    fn times(&self, k: &BigInt, a: &Affine) -> Affine {
        (0..k.bits()).rev().fold(None, |sum, i| {
            let twice = self.add(&sum, &sum);
            if k.bit(i) { self.add(&twice, a) } else { twice }
        })
    }

    /// The point that Jacobian coordinates stand for; `None` where z is 0.
    fn affine<const K: usize>(&self, p: &Point<Number, K>) -> Affine {
        let [x, y, z] = [&p.x, &p.y, &p.z].map(|it| self.value(it));
        let i = inverse(&z, &self.p);
        (z != BigInt::ZERO)
            .then(|| ((x * &i * &i).mod_floor(&self.p), (y * &i * &i * &i).mod_floor(&self.p)))
    }

    /// A Jacobian doubling as books have it, of any numbers.
    fn is_double<const K: usize>(&self, was: &Point<Number, K>, is: &Point<Number, K>) -> bool {
        let [x, y, z] = [&was.x, &was.y, &was.z].map(|it| self.value(it));
        let beta = &x * &y * &y;
        let alpha = (&x - &z * &z) * (&x + &z * &z) * 3;
        let x3 = &alpha * &alpha - &beta * 8;
        let y3 = alpha * (beta * 4 - &x3) - &y * &y * &y * &y * 8;
        let found = [&is.x, &is.y, &is.z].map(|it| self.value(it));
        found.iter().zip([x3, y3, y * z * 2]).all(|(a, b)| is_same(a, &b, &self.p))
    }

    /// The same of an addition.
    fn is_sum<const K: usize>(
        &self,
        [a, b]: [&Point<Number, K>; 2],
        is: &Point<Number, K>,
    ) -> bool {
        let [x1, y1, z1, x2, y2, z2] =
            [&a.x, &a.y, &a.z, &b.x, &b.y, &b.z].map(|it| self.value(it));
        let (u1, u2) = (&x1 * &z2 * &z2, &x2 * &z1 * &z1);
        let (s1, s2) = (&y1 * &z2 * &z2 * &z2, &y2 * &z1 * &z1 * &z1);
        let (h, r) = (u2 - &u1, s2 - &s1);
        let x3 = &r * &r - &h * &h * &h - &u1 * &h * &h * 2;
        let y3 = &r * (u1 * &h * &h - &x3) - s1 * &h * &h * &h;
        let found = [&is.x, &is.y, &is.z].map(|it| self.value(it));
        found.iter().zip([x3, y3, z1 * z2 * h]).all(|(a, b)| is_same(a, &b, &self.p))
    }
}

fn random_point<C: Curve<K>, const K: usize>(random: &mut Random) -> Point<Number, K> {
    let it = Invariant::of::<C, K>();
    let mut next = |most: &BigInt| limbs(&random.below(most));
    Point { x: next(&it.small), y: next(&it.small), z: next(&it.two) }
}

/// Identities of small degree in numbers of 256 bits and more: one point misses a wrong one with a
/// probability of about 2^-250.
fn formulas_are_right_at_random_points<C: Curve<K>, const K: usize>() {
    let (mut random, book) = (Random::default(), Book::of::<C, K>());
    for _ in 0..50 {
        let [p, q] = [0, 1].map(|_| random_point::<C, K>(&mut random));
        let mut twice = p;
        double::<C, Number, K>(&mut twice);
        assert!(book.is_double(&p, &twice));
        let zz = sqr::<C, Number, K>(&q.z);
        let zzz = mul::<C, Number, K>(&zz, &q.z);
        assert!(book.is_sum([&p, &q], &add::<C, Number, K>(&p, &q, [&zz, &zzz])));
        let q = Point { z: set(&C::ONE), ..q };
        let sum = add_mixed::<C, Number, K>(&p, [&q.x, &q.y]);
        assert!(book.is_sum([&p, &q], &sum));
    }
}

fn multiples_of_g_are_right<C: Curve<K>, const K: usize>() {
    let book = Book::of::<C, K>();
    let g = Some((whole(&C::G[0]), whole(&C::G[1])));
    let (x, y) = g.clone().unwrap();
    assert!(is_same(&(&y * &y), &(&x * &x * &x - &x * 3 + &book.b), &book.p));
    assert_eq!(book.times(&modulus::<C::Order, K>(), &g), None);
    let mut expected = None;
    assert_eq!(C::multiples_of_g().len(), SHARED);
    for entry in &C::multiples_of_g()[1..] {
        expected = book.add(&expected, &g);
        let [x, y] = entry.map(|it| book.value(&it.map(Number)));
        assert_eq!(Some((x, y)), expected);
    }
}

fn sums_are_right<C: Curve<K>, const K: usize>() {
    let (mut random, book) = (Random::default(), Book::of::<C, K>());
    let n = modulus::<C::Order, K>();
    let g = Some((whole(&C::G[0]), whole(&C::G[1])));
    for i in 0..6u32 {
        let q = book.times(&random.below(&n), &g);
        let (x, y) = q.clone().unwrap();
        let form = |it: &BigInt| C::fold(&in_form::<C, Number, K>(&limbs(it)));
        let (x, y) = (form(&x), form(&y));
        assert!(!is_negative(is_off::<C, Number, K>(&x, &y)));
        assert!(is_negative(is_off::<C, Number, K>(&y, &x)));
        let u1 = if i == 0 { BigInt::ZERO } else { random.below(&n) };
        let u2 = if i == 1 { BigInt::ZERO } else { random.below(&n) };
        let scalars = [limbs(&u1), limbs(&u2)];
        let sum = multiply::<C, Number, K>(scalars.each_ref(), [&x, &y], C::multiples_of_g());
        assert!(!is_negative(sum.none));
        let expected = book.add(&book.times(&u1, &g), &book.times(&u2, &q));
        assert_eq!(book.affine(&sum.at), expected);
    }
}

/// P + P and P - P in the ladder make z zero, and it stays so; 0 G + 0 Q is nothing.
fn exceptional_additions_show<C: Curve<K>, const K: usize>() {
    let [x, y] = C::multiples_of_g()[1].map(|it| it.map(Number));
    let minus_y = limbs(&(modulus::<C, K>() - number(&y)));
    let sum = |u1: &BigInt, u2: &BigInt, y: &[Number; K]| {
        let scalars = [limbs(u1), limbs(u2)];
        multiply::<C, Number, K>(scalars.each_ref(), [&x, y], C::multiples_of_g())
    };
    let is_noticed = |sum: Sum<Number, K>| {
        assert!(!is_negative(sum.none));
        !is_negative(differs_from_zero::<C, Number, K>(&sum.at.z))
    };
    for shift in [0u32, 10, 50, 240] {
        for rest in [0u32, 7, 33, 500] {
            let u = power(shift);
            let more = &u + BigInt::from(rest) % &u;
            assert!(is_noticed(sum(&u, &more, &y)) && is_noticed(sum(&more, &u, &y)), "P + P");
            assert!(is_noticed(sum(&u, &more, &minus_y)), "P - P at {shift}, {rest}");
        }
    }
    assert!(is_negative(sum(&BigInt::ZERO, &BigInt::ZERO, &y).none));
}

fn zero_is_told<C: Curve<K>, const K: usize>() {
    let p = modulus::<C, K>();
    for k in 0..12u32 {
        let differs = |x: BigInt| is_negative(differs_from_zero::<C, Number, K>(&limbs(&x)));
        assert!(!differs(&p * k));
        assert!(differs(&p * k + 1) && (k == 0 || differs(&p * k - 1)));
    }
}

// --- every operation left out, one at a time ---------------------------------------------------------

fn all_faulty<L: Lane, const K: usize>(p: &Point<L, K>) -> Point<Faulty<L>, K> {
    Point { x: faulty(p.x), y: faulty(p.y), z: faulty(p.z) }
}

fn all_right<L: Lane, const K: usize>(p: &Point<Faulty<L>, K>) -> Point<L, K> {
    Point { x: right(p.x), y: right(p.y), z: right(p.z) }
}

/// Why operations have no effect: doubling and addition on P-256, then the same on P-384.
const WITHOUT_EFFECT: [&[(&str, &str)]; 4] = [
    &[
        (FIRST_CARRY, "the lowest limb of a product is one half of 52 bits"),
        ("weierstrass.rs: d + d + d + k[i]", EMPTY_LIMB),
        (
            "weierstrass.rs: let w = signed_carry(&each(|i| beta[i].shl(2) - p.x[i] + k[i]));",
            EMPTY_LIMB,
        ),
        (
            "weierstrass.rs: p.x = C::fold(&each(|i| alpha2[i] - beta[i].shl(3) + k[i]));",
            EMPTY_LIMB,
        ),
        (
            "weierstrass.rs: p.y = C::fold(&each(|i| alpha_w[i] - gamma2[i].shl(3) + k[i]));",
            EMPTY_LIMB,
        ),
    ],
    &[
        (FIRST_CARRY, "the lowest limb of a product is one half of 52 bits"),
        (
            "weierstrass.rs: let x = C::fold(&each(|i| r2[i] - (h3[i] + v[i] + v[i]) + k[i]));",
            EMPTY_LIMB,
        ),
        ("weierstrass.rs: let y = C::fold(&each(|i| rw[i] - s1h3[i] + k[i]));", EMPTY_LIMB),
        ("weierstrass.rs: signed_carry(&each(|i| a[i] - b[i] + k[i]))", EMPTY_LIMB),
    ],
    &[
        ("limbs.rs: t[2 * i + 1] = t[2 * i + 1].plus_high(a[i], a[i]);", EMPTY_HALF),
        ("limbs.rs: t[i + j + 1] = t[i + j + 1].plus_high(a[i], b[j]);", EMPTY_HALF),
    ],
    &[
        ("limbs.rs: t[2 * i + 1] = t[2 * i + 1].plus_high(a[i], a[i]);", EMPTY_HALF),
        ("limbs.rs: t[i + j + 1] = t[i + j + 1].plus_high(a[i], b[j]);", EMPTY_HALF),
    ],
];
const FIRST_CARRY: &str = "p256.rs: t[i + 1] = t[i + 1] + q.shr(52);";
const EMPTY_LIMB: &str = "a limb of k p is zero";
const EMPTY_HALF: &str = "the product of the highest limbs, of 24 bits and less, has no high half";

/// What is without effect adds or shifts limbs that are zero, and nothing else.
fn every_operation_left_out_is_found<C: Curve<K>, const K: usize>() {
    quietly();
    let (it, book) = (Invariant::of::<C, K>(), Book::of::<C, K>());
    let mut random = Random::default();
    let [p, q] = [0, 1].map(|_| random_point::<C, K>(&mut random));
    let zz = sqr::<C, Number, K>(&q.z);
    let zzz = mul::<C, Number, K>(&zz, &q.z);
    let is_right = |of: &dyn Fn() -> bool| catch_unwind(AssertUnwindSafe(of)).unwrap_or(false);
    let doubled = |p: &Point<Number, K>| {
        let mut twice = all_faulty(p);
        double::<C, _, K>(&mut twice);
        all_right(&twice)
    };
    let proved = || {
        proves(&it.p, || {
            let mut twice = all_faulty(&it.any::<K>());
            double::<C, _, K>(&mut twice);
            it.holds(&all_right(&twice))
        })
    };
    let run = || assert!(book.is_double(&p, &doubled(&p)));
    let is_double = || book.is_double(&p, &doubled(&p));
    every_operation_is_needed(
        "doubling",
        run,
        || prover::faulty::again(|| is_right(&is_double)) && proved(),
        WITHOUT_EFFECT[if K == 5 { 0 } else { 2 }],
    );
    let added = || {
        let (zz, zzz) = (faulty(zz), faulty(zzz));
        all_right(&add::<C, _, K>(&all_faulty(&p), &all_faulty(&q), [&zz, &zzz]))
    };
    let proved = || {
        proves(&it.p, || {
            let (p, q) = (all_faulty(&it.any::<K>()), all_faulty(&it.any::<K>()));
            let [zz, zzz] = [0, 1].map(|_| faulty(any(&it.two)));
            it.holds(&all_right(&add::<C, _, K>(&p, &q, [&zz, &zzz])))
        })
    };
    let is_sum = || book.is_sum([&p, &q], &added());
    every_operation_is_needed(
        "addition",
        || assert!(is_sum()),
        || prover::faulty::again(|| is_right(&is_sum)) && proved(),
        WITHOUT_EFFECT[if K == 5 { 1 } else { 3 }],
    );
}
