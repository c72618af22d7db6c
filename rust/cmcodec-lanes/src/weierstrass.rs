//! ECDSA on a curve y^2 = x^3 - 3 x + b, many signatures at once. Public data only: what is done
//! depends on the numbers.
//!
//! u1 G + u2 Q is summed up from the highest digits down: those of u2 with five bits, from a table
//! of Q that each lane has, those of u1 with ten, from one of G. An addition of a point to itself or
//! to its opposite, which these formulas do not know, makes z = 0, and every later step keeps it so:
//! z of a doubling is 2 y z, and z of an addition z1 z2 h. A sum with z = 0 is never good.

use alloc::vec;
use alloc::vec::Vec;

use crate::lane::{Lane, Number};
use crate::limbs::{Digit, carry, differ, digits, each, not, or, set, signed_carry};
use crate::montgomery::{Modulus, invert_all, mul, sqr};

/// A curve; as a modulus it is its p.
pub trait Curve<const K: usize>: Modulus<K> {
    /// The order of G.
    type Order: Modulus<K>;
    /// b.
    const B: [u64; K];
    /// x and y of G.
    const G: [[u64; K]; 2];
    /// Digits of five bits in a scalar, an even number; there are half as many of ten.
    const DIGITS: usize;
    /// The multiples of p that keep differences from being negative.
    const MARGINS: Margins;

    /// [`multiples_of_g`], made when first asked for.
    fn multiples_of_g() -> &'static [Multiple<K>];
    /// The same number mod p, as the invariant of coordinates has it.
    fn fold<L: Lane>(t: &[L; K]) -> [L; K];
}

/// Multiples of p, none of which is larger than the prover wants it.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // Named after the differences.
pub struct Margins {
    pub double_slope: u64,
    pub double_x: u64,
    pub double_w: u64,
    pub double_y: u64,
    pub add_h: u64,
    pub add_x: u64,
    pub add_w: u64,
    pub add_y: u64,
    pub negative: u64,
    pub equation: u64,
    pub compared: u64,
}

/// Digits of the longest scalar.
const MOST_DIGITS: usize = 80;
/// Multiples of Q in the table of a lane, 0 included.
pub const OWN: usize = 17;
/// The same of G.
pub const SHARED: usize = 513;

/// A point: x / z^2, y / z^3.
#[derive(Clone, Copy, Debug)]
pub struct Point<L, const K: usize> {
    /// x z^2
    pub x: [L; K],
    /// y z^3
    pub y: [L; K],
    /// z
    pub z: [L; K],
}

/// k p.
#[inline(always)]
fn times_p<C: Modulus<K>, L: Lane, const K: usize>(k: u64) -> [L; K] {
    each(|i| L::set(C::N[i] * k))
}

/// a + b.
#[inline(always)]
fn sum<L: Lane, const K: usize>(a: &[L; K], b: &[L; K]) -> [L; K] {
    carry(&each(|i| a[i] + b[i]))
}

/// a - b + k p.
#[inline(always)]
pub fn difference<C: Modulus<K>, L: Lane, const K: usize>(
    a: &[L; K],
    b: &[L; K],
    k: u64,
) -> [L; K] {
    let k = times_p::<C, L, K>(k);
    signed_carry(&each(|i| a[i] - b[i] + k[i]))
}

/// 2 P.
#[inline(always)]
pub fn double<C: Curve<K>, L: Lane, const K: usize>(p: &mut Point<L, K>) {
    let delta = sqr::<C, L, K>(&p.z);
    let gamma = sqr::<C, L, K>(&p.y);
    let k = times_p::<C, L, K>(C::MARGINS.double_slope);
    let less = signed_carry(&each(|i| {
        let d = p.x[i] - delta[i];
        d + d + d + k[i]
    }));
    let more = sum(&p.x, &delta);
    let y2 = sum(&p.y, &p.y);
    let beta = mul::<C, L, K>(&p.x, &gamma);
    let alpha = mul::<C, L, K>(&less, &more);
    p.z = mul::<C, L, K>(&y2, &p.z);
    let alpha2 = sqr::<C, L, K>(&alpha);
    let gamma2 = sqr::<C, L, K>(&gamma);
    let k = times_p::<C, L, K>(C::MARGINS.double_x);
    p.x = C::fold(&each(|i| alpha2[i] - beta[i].shl(3) + k[i]));
    let k = times_p::<C, L, K>(C::MARGINS.double_w);
    let w = signed_carry(&each(|i| beta[i].shl(2) - p.x[i] + k[i]));
    let alpha_w = mul::<C, L, K>(&alpha, &w);
    let k = times_p::<C, L, K>(C::MARGINS.double_y);
    p.y = C::fold(&each(|i| alpha_w[i] - gamma2[i].shl(3) + k[i]));
}

/// The end of an addition: from x1 z2^2 and y1 z2^3, what both points differ by, and z1 z2.
#[inline(always)]
fn add_end<C: Curve<K>, L: Lane, const K: usize>(
    [u1, s1]: [&[L; K]; 2],
    [h, r]: [&[L; K]; 2],
    z: &[L; K],
) -> Point<L, K> {
    let h2 = sqr::<C, L, K>(h);
    let r2 = sqr::<C, L, K>(r);
    let z = mul::<C, L, K>(z, h);
    let v = mul::<C, L, K>(u1, &h2);
    let h3 = mul::<C, L, K>(h, &h2);
    let k = times_p::<C, L, K>(C::MARGINS.add_x);
    let x = C::fold(&each(|i| r2[i] - (h3[i] + v[i] + v[i]) + k[i]));
    let s1h3 = mul::<C, L, K>(s1, &h3);
    let w = difference::<C, L, K>(&v, &x, C::MARGINS.add_w);
    let rw = mul::<C, L, K>(r, &w);
    let k = times_p::<C, L, K>(C::MARGINS.add_y);
    let y = C::fold(&each(|i| rw[i] - s1h3[i] + k[i]));
    Point { x, y, z }
}

/// P + Q, for Q with z = 1.
#[inline(always)]
pub fn add_mixed<C: Curve<K>, L: Lane, const K: usize>(
    p: &Point<L, K>,
    [x2, y2]: [&[L; K]; 2],
) -> Point<L, K> {
    let zz = sqr::<C, L, K>(&p.z);
    let u2 = mul::<C, L, K>(x2, &zz);
    let zzz = mul::<C, L, K>(&p.z, &zz);
    let s2 = mul::<C, L, K>(y2, &zzz);
    let h = difference::<C, L, K>(&u2, &p.x, C::MARGINS.add_h);
    let r = difference::<C, L, K>(&s2, &p.y, C::MARGINS.add_h);
    add_end::<C, L, K>([&p.x, &p.y], [&h, &r], &p.z)
}

/// P + Q, of which z^2 and z^3 are known.
#[inline(always)]
pub fn add<C: Curve<K>, L: Lane, const K: usize>(
    p: &Point<L, K>,
    q: &Point<L, K>,
    [zz2, zzz2]: [&[L; K]; 2],
) -> Point<L, K> {
    let zz = sqr::<C, L, K>(&p.z);
    let u1 = mul::<C, L, K>(&p.x, zz2);
    let s1 = mul::<C, L, K>(&p.y, zzz2);
    let u2 = mul::<C, L, K>(&q.x, &zz);
    let zzz = mul::<C, L, K>(&p.z, &zz);
    let s2 = mul::<C, L, K>(&q.y, &zzz);
    let z = mul::<C, L, K>(&p.z, &q.z);
    let h = difference::<C, L, K>(&u2, &u1, C::MARGINS.add_h);
    let r = difference::<C, L, K>(&s2, &s1, C::MARGINS.add_h);
    add_end::<C, L, K>([&u1, &s1], [&h, &r], &z)
}

/// x and y.
pub type Multiple<const K: usize> = [[u64; K]; 2];

/// x, y, z, z^2, z^3.
pub type Entry<L, const K: usize> = [[L; K]; 5];

/// 0 (not used), 1 … 16 times the point.
#[inline(always)]
pub fn table<C: Curve<K>, L: Lane, const K: usize>(x: &[L; K], y: &[L; K]) -> [Entry<L, K>; OWN] {
    let one = set(&C::ONE);
    let mut table = [[*x, *y, one, one, one]; OWN];
    for i in 2..OWN {
        let [x0, y0, z, ..] = table[if i % 2 == 0 { i / 2 } else { i - 1 }];
        let mut p = Point { x: x0, y: y0, z };
        if i % 2 == 0 {
            double::<C, L, K>(&mut p);
        } else {
            p = add_mixed::<C, L, K>(&p, [x, y]);
        }
        let zz = sqr::<C, L, K>(&p.z);
        table[i] = [p.x, p.y, p.z, zz, mul::<C, L, K>(&zz, &p.z)];
    }
    table
}

/// The sum so far.
#[derive(Clone, Copy, Debug)]
pub struct Sum<L, const K: usize> {
    /// The point, where it is one.
    pub at: Point<L, K>,
    /// Negative while it is the neutral element.
    pub none: L,
}

impl<L: Lane, const K: usize> Sum<L, K> {
    /// The neutral element.
    #[inline(always)]
    #[must_use]
    pub fn nothing<C: Curve<K>>() -> Self {
        let one = set(&C::ONE);
        Self { at: Point { x: one, y: one, z: one }, none: L::set(0) - L::set(1) }
    }

    /// Takes q where it was nothing, the sum where it was something, and stays where the digit is 0.
    #[inline(always)]
    fn take(&mut self, digit: L, q: &Point<L, K>, sum: &Point<L, K>) {
        let some = L::set(0) - digit;
        let next = |q: &[L; K], sum: &[L; K], was: &[L; K]| {
            some.select_all(&self.none.select_all(q, sum), was)
        };
        self.at = Point {
            x: next(&q.x, &sum.x, &self.at.x),
            y: next(&q.y, &sum.y, &self.at.y),
            z: next(&q.z, &sum.z, &self.at.z),
        };
        self.none = some.select(L::set(0), self.none);
    }

    /// Twice the sum.
    #[inline(always)]
    pub fn double<C: Curve<K>>(&mut self) {
        double::<C, L, K>(&mut self.at);
    }

    /// Adds a multiple of Q.
    #[inline(always)]
    pub fn add_own<C: Curve<K>>(&mut self, table: &[Entry<L, K>], (digit, sign): Digit<L>) {
        let [x, y, z, zz, zzz] = L::own(table, digit);
        let q = Point { x, y: with_sign::<C, L, K>(&y, sign), z };
        let sum = add::<C, L, K>(&self.at, &q, [&zz, &zzz]);
        self.take(digit, &q, &sum);
    }

    /// Adds a multiple of G.
    #[inline(always)]
    pub fn add_shared<C: Curve<K>>(&mut self, table: &[Multiple<K>], (digit, sign): Digit<L>) {
        let [x, y] = L::shared(table, digit);
        let q = Point { x, y: with_sign::<C, L, K>(&y, sign), z: set(&C::ONE) };
        let sum = add_mixed::<C, L, K>(&self.at, [&q.x, &q.y]);
        self.take(digit, &q, &sum);
    }
}

/// -y where the sign is negative, else y.
#[inline(always)]
fn with_sign<C: Curve<K>, L: Lane, const K: usize>(y: &[L; K], sign: L) -> [L; K] {
    let k = times_p::<C, L, K>(C::MARGINS.negative);
    sign.select_all(&C::fold(&each(|i| k[i] - y[i])), y)
}

/// u1 G + u2 Q.
#[inline(always)]
pub fn multiply<C: Curve<K>, L: Lane, const K: usize>(
    [u1, u2]: [&[L; K]; 2],
    [x, y]: [&[L; K]; 2],
    multiples_of_g: &[Multiple<K>],
) -> Sum<L, K> {
    let table = table::<C, L, K>(x, y);
    let zero = (L::set(0), L::set(0));
    let (mut own, mut shared) = ([zero; MOST_DIGITS], [zero; MOST_DIGITS / 2]);
    digits(u2, 5, &mut own[..C::DIGITS]);
    digits(u1, 10, &mut shared[..C::DIGITS / 2]);
    let mut sum = Sum::nothing::<C>();
    for i in (0..C::DIGITS).rev() {
        if i != C::DIGITS - 1 {
            for _ in 0..5 {
                sum.double::<C>();
            }
        }
        sum.add_own::<C>(&table, own[i]);
        if i % 2 == 0 {
            sum.add_shared::<C>(multiples_of_g, shared[i / 2]);
        }
    }
    sum
}

/// Negative where a is not 0 mod p: a product with one is below 2 p, so 0 or p.
#[inline(always)]
pub fn differs_from_zero<C: Curve<K>, L: Lane, const K: usize>(a: &[L; K]) -> L {
    let (a, p) = (mul::<C, L, K>(a, &set(&C::ONE)), set(&C::N));
    L::is_below_twice(&a, &p);
    differ(&a, &[L::set(0); K]).select(differ(&a, &p), L::set(0))
}

/// Negative where (x, y) is not on the curve.
#[inline(always)]
pub fn is_off<C: Curve<K>, L: Lane, const K: usize>(x: &[L; K], y: &[L; K]) -> L {
    let (y2, x3) = (sqr::<C, L, K>(y), mul::<C, L, K>(&sqr::<C, L, K>(x), x));
    let (b, k) = (in_form::<C, L, K>(&set(&C::B)), times_p::<C, L, K>(C::MARGINS.equation));
    differs_from_zero::<C, L, K>(&signed_carry(&each(|i| {
        y2[i] + (x[i] + x[i] + x[i]) - (x3[i] + b[i]) + k[i]
    })))
}

/// a R (mod n).
#[inline(always)]
pub fn in_form<M: Modulus<K>, L: Lane, const K: usize>(a: &[L; K]) -> [L; K] {
    mul::<M, L, K>(a, &set(&M::R2))
}

/// Numbers of a signature, those of the key below p, r and s from 1 to n - 1, or what is in their
/// place.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<L, const K: usize> {
    /// x and y of Q.
    pub q: [[L; K]; 2],
    /// What was signed, as long as n.
    pub z: [L; K],
    /// r.
    pub r: [L; K],
    /// R / s (mod n).
    pub w: [L; K],
}

/// Negative where the signature is not known to be good.
#[inline(always)]
pub fn verify<C: Curve<K>, L: Lane, const K: usize>(
    numbers: &Numbers<L, K>,
    multiples_of_g: &[Multiple<K>],
) -> L {
    let Numbers { q, z, r, w } = numbers;
    let (u1, u2) = (mul::<C::Order, L, K>(z, w), mul::<C::Order, L, K>(r, w));
    let [x, y] = [0, 1].map(|i| C::fold(&in_form::<C, L, K>(&q[i])));
    let off = is_off::<C, L, K>(&x, &y);
    let sum = multiply::<C, L, K>([&u1, &u2], [&x, &y], multiples_of_g);
    let zz = sqr::<C, L, K>(&sum.at.z);
    // r + n, which x may be as well, is left to others.
    let expected = mul::<C, L, K>(&in_form::<C, L, K>(r), &zz);
    let d = difference::<C, L, K>(&sum.at.x, &expected, C::MARGINS.compared);
    let wrong = differs_from_zero::<C, L, K>(&d);
    let unusual = not(differs_from_zero::<C, L, K>(&sum.at.z));
    or(or(off, sum.none), or(unusual, wrong))
}

/// 0 (not used), 1 … 512 times G.
#[must_use]
#[allow(clippy::useless_vec)] // Too large for a stack.
pub fn multiples_of_g<C: Curve<K>, const K: usize>() -> Vec<Multiple<K>> {
    let [x, y] = C::G.map(|it| C::fold(&in_form::<C, Number, K>(&set(&it))));
    let mut points = vec![Point { x, y, z: set(&C::ONE) }; SHARED];
    for i in 2..SHARED {
        if i % 2 == 0 {
            points[i] = points[i / 2];
            double::<C, Number, K>(&mut points[i]);
        } else {
            points[i] = add_mixed::<C, Number, K>(&points[i - 1], [&x, &y]);
        }
    }
    let mut inverses: Vec<_> = points.iter().map(|it| it.z).collect();
    invert_all::<C, Number, K>(&mut inverses);
    let affine = |(p, i): (&Point<Number, K>, &[Number; K])| {
        let ii = sqr::<C, Number, K>(i);
        let [x, y] = [(&p.x, ii), (&p.y, mul::<C, Number, K>(&ii, i))]
            .map(|(it, factor)| C::fold(&mul::<C, Number, K>(it, &factor)));
        [x, y].map(|it| it.map(|limb| limb.0))
    };
    points.iter().zip(&inverses).map(affine).collect()
}
