//! Ed25519 as RFC 8032 has it without the cofactor: R = `[s] B - [k] A`, compared as octets, for many
//! signatures at once. p = 2^255 - 19, five limbs, 2^260 = 608 (mod p).
//!
//! A product is below 2^255 + 2^215; a factor may be anything below 2^259. The formulas are complete:
//! z of a point of the curve is never 0, and what is no point is replaced before it meets others.

use alloc::vec;
use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::Outcome;
use crate::lane::{Lane, Lanes, Machine, Number, Product, Work};
use crate::limbs::{
    Digit, below, bits, carry, differ, digits, each, is_less, limbs, not, or, product, set,
    signed_carry, square,
};
use crate::montgomery::{Modulus, mul as mul_mod};

/// p.
pub const P: [u64; 5] = [
    0xF_FFFF_FFFF_FFED,
    0xF_FFFF_FFFF_FFFF,
    0xF_FFFF_FFFF_FFFF,
    0xF_FFFF_FFFF_FFFF,
    0x7FFF_FFFF_FFFF,
];
const D: [u64; 5] = [
    0xB_4DCA_1359_78A3,
    0x4_D414_1D8A_B75E,
    0x7_79E8_9800_700A,
    0xF_E738_CC74_0797,
    0x5203_6CEE_2B6F,
];
/// A root of -1.
const ROOT: [u64; 5] = [
    0xE_1B27_4A0E_A0B0,
    0x6AD2_FE47_8C4E,
    0xD_FBD7_A72F_4318,
    0xD_F0B2_B4D0_0993,
    0x2B83_2480_4FC1,
];

/// The order of the base point.
#[derive(Debug)]
pub struct Order;
impl Modulus<5> for Order {
    const N: [u64; 5] = [0x2_631A_5CF5_D3ED, 0xD_EA2F_79CD_6581, 0x14_DEF9, 0, 0x1000_0000_0000];
}

// --- the field -------------------------------------------------------------------------------------

/// Folds what is above 2^260, then what is above 2^255.
#[inline(always)]
fn fold<L: Lane>(whole: &[[L; 5]; 2]) -> [L; 5] {
    let mut sum = *whole;
    let t = sum.as_flattened_mut();
    let k = L::set(608);
    for i in 5..9 {
        t[i + 1] = t[i + 1] + t[i].shr(52);
        t[i - 5] = t[i - 5].plus_low(t[i], k);
        t[i - 4] = t[i - 4].plus_high(t[i], k);
    }
    t[4] = t[4].plus_low(t[9], k);
    let top = t[4] + L::set(0).plus_high(t[9], k).shl(52);
    let h = top.shr(47);
    let folded = [t[0].plus_low(h, L::set(19)), t[1], t[2], t[3], top.low(47)];
    L::is_congruent(whole.as_flattened(), &folded);
    carry(&folded)
}

/// a b.
#[derive(Debug)]
pub struct Times;
impl Product<5> for Times {
    #[inline(always)]
    fn run<L: Lane>(a: &[L; 5], b: &[L; 5]) -> [L; 5] {
        fold(&product(a, b))
    }
}

/// a^2.
#[derive(Debug)]
pub struct Squared;
impl Product<5> for Squared {
    #[inline(always)]
    fn run<L: Lane>(a: &[L; 5], _: &[L; 5]) -> [L; 5] {
        fold(&square(a))
    }
}

/// a b.
#[inline(always)]
pub fn mul<L: Lane>(a: &[L; 5], b: &[L; 5]) -> [L; 5] {
    L::call::<Times, 5>(a, b)
}

/// a^2.
#[inline(always)]
pub fn sqr<L: Lane>(a: &[L; 5]) -> [L; 5] {
    L::call::<Squared, 5>(a, a)
}

/// a + b.
#[inline(always)]
pub fn add<L: Lane>(a: &[L; 5], b: &[L; 5]) -> [L; 5] {
    carry(&each(|i| a[i] + b[i]))
}

/// a - b + 4 p.
#[inline(always)]
pub fn sub<L: Lane>(a: &[L; 5], b: &[L; 5]) -> [L; 5] {
    signed_carry(&each(|i| a[i] - b[i] + L::set(4 * P[i])))
}

/// The same number below p.
#[inline(always)]
pub fn canonical<L: Lane>(a: &[L; 5]) -> [L; 5] {
    let h = a[4].shr(47);
    let folded = [a[0].plus_low(h, L::set(19)), a[1], a[2], a[3], a[4].low(47)];
    L::is_congruent(a, &folded);
    below(&carry(&folded), &set(&P))
}

/// a^(2^n).
#[inline(always)]
fn sqr_times<L: Lane>(a: &[L; 5], n: usize) -> [L; 5] {
    (0..n).fold(*a, |r, _| sqr(&r))
}

/// a^(2^250 - 1) and a^11.
#[inline(always)]
fn chain<L: Lane>(a: &[L; 5]) -> ([L; 5], [L; 5]) {
    let grown = |x: &[L; 5], n: usize, y: &[L; 5]| mul(&sqr_times(x, n), y);
    let a2 = sqr(a);
    let a9 = grown(&a2, 2, a);
    let a11 = mul(&a9, &a2);
    let e5 = grown(&a11, 1, &a9);
    let e10 = grown(&e5, 5, &e5);
    let e20 = grown(&e10, 10, &e10);
    let e50 = grown(&grown(&e20, 20, &e20), 10, &e10);
    let e100 = grown(&e50, 50, &e50);
    (grown(&grown(&e100, 100, &e100), 50, &e50), a11)
}

/// 1 / a, or 0: a^(p - 2).
#[inline(always)]
pub fn invert<L: Lane>(a: &[L; 5]) -> [L; 5] {
    let (e, a11) = chain(a);
    mul(&sqr_times(&e, 5), &a11)
}

// --- points ----------------------------------------------------------------------------------------

/// A point: x / z, y / z, and t = x y / z.
#[derive(Clone, Copy, Debug)]
pub struct Point<L> {
    /// x z
    pub x: [L; 5],
    /// y z
    pub y: [L; 5],
    /// z
    pub z: [L; 5],
    /// x y z
    pub t: [L; 5],
}

/// y + x, y - x, 2 d t, 2 z.
pub type Entry<L> = [[L; 5]; 4];
/// y + x, y - x, 2 d x y of a point with z = 1.
pub type Multiple = [[u64; 5]; 3];

/// Multiples of A in the table of a lane, 0 included.
pub const OWN: usize = 17;
/// The same of the base point.
pub const SHARED: usize = 513;
/// Digits of five bits in a scalar below the order, and one that is zero; half as many of ten.
pub const DIGITS: usize = 52;

#[inline(always)]
fn small<L: Lane>(x: u64) -> [L; 5] {
    set(&[x, 0, 0, 0, 0])
}

impl<L: Lane> Point<L> {
    /// The neutral element.
    #[inline(always)]
    #[must_use]
    pub fn neutral() -> Self {
        let [zero, one] = [0, 1].map(small);
        Self { x: zero, y: one, z: one, t: zero }
    }

    #[inline(always)]
    fn close(&mut self, e: &[L; 5], f: &[L; 5], g: &[L; 5], h: &[L; 5]) {
        self.x = mul(e, f);
        self.y = mul(g, h);
        self.z = mul(f, g);
        self.t = mul(e, h);
    }

    /// Twice the point.
    #[inline(always)]
    pub fn double(&mut self) {
        let (a, b, zz) = (sqr(&self.x), sqr(&self.y), sqr(&self.z));
        let h = add(&a, &b);
        let e = sub(&h, &sqr(&add(&self.x, &self.y)));
        let g = sub(&a, &b);
        let f = carry(&each(|i| zz[i] + zz[i] + g[i]));
        self.close(&e, &f, &g, &h);
    }

    #[inline(always)]
    fn sum(&mut self, [plus, minus, td]: &[[L; 5]; 3], d: &[L; 5]) {
        let a = mul(&sub(&self.y, &self.x), minus);
        let b = mul(&add(&self.y, &self.x), plus);
        let c = mul(&self.t, td);
        self.close(&sub(&b, &a), &sub(d, &c), &add(d, &c), &add(&b, &a));
    }

    /// Adds a point.
    #[inline(always)]
    pub fn add(&mut self, [plus, minus, td, z2]: &Entry<L>) {
        let d = mul(&self.z, z2);
        self.sum(&[*plus, *minus, *td], &d);
    }

    /// Adds a multiple of A.
    #[inline(always)]
    pub fn add_own(&mut self, table: &[Entry<L>], (digit, sign): Digit<L>) {
        let [plus, minus, td, z2] = L::own(table, digit);
        let [plus, minus, td] = with_sign(&[plus, minus, td], sign);
        self.add(&[plus, minus, td, z2]);
    }

    /// Adds a multiple of the base point.
    #[inline(always)]
    pub fn add_shared(&mut self, table: &[Multiple], (digit, sign): Digit<L>) {
        let multiple = with_sign(&L::shared(table, digit), sign);
        let d = add(&self.z, &self.z);
        self.sum(&multiple, &d);
    }

    /// What is added to others.
    #[inline(always)]
    #[must_use]
    pub fn entry(&self) -> Entry<L> {
        let d = set(&D);
        [
            add(&self.y, &self.x),
            sub(&self.y, &self.x),
            mul(&self.t, &add(&d, &d)),
            add(&self.z, &self.z),
        ]
    }
}

/// The opposite where the sign is negative.
#[inline(always)]
fn with_sign<L: Lane>([plus, minus, td]: &[[L; 5]; 3], sign: L) -> [[L; 5]; 3] {
    let opposite = sub(&small(0), td);
    [sign.select_all(minus, plus), sign.select_all(plus, minus), sign.select_all(&opposite, td)]
}

/// 0 … 16 times the point.
#[inline(always)]
pub fn table<L: Lane>(p: &Point<L>) -> [Entry<L>; OWN] {
    let mut points = [*p; OWN];
    points[0] = Point::neutral();
    let mut table = [points[0].entry(); OWN];
    table[1] = p.entry();
    for i in 2..OWN {
        if i % 2 == 0 {
            points[i] = points[i / 2];
            points[i].double();
        } else {
            points[i] = points[i - 1];
            points[i].add(&table[1]);
        }
        table[i] = points[i].entry();
    }
    table
}

/// Negative where a is zero, for a below p.
#[inline(always)]
fn is_zero<L: Lane>(a: &[L; 5]) -> L {
    not(differ(a, &small(0)))
}

/// A point from y, below p, and the lowest bit of x; and a lane that is negative where there is none,
/// or x = 0.
#[inline(always)]
pub fn decode<L: Lane>(y: &[L; 5], sign: L) -> (Point<L>, L) {
    let [zero, one] = [0, 1].map(small);
    let yy = sqr(y);
    let (u, v) = (sub(&yy, &one), add(&mul(&yy, &set(&D)), &one));
    // x = u v^3 (u v^7)^((p - 5) / 8), and the exponent is 4 (2^250 - 1) + 1.
    let v3 = mul(&sqr(&v), &v);
    let uv7 = mul(&mul(&sqr(&v3), &v), &u);
    let root = mul(&mul(&u, &v3), &mul(&sqr_times(&chain(&uv7).0, 2), &uv7));
    let (vxx, right) = (canonical(&mul(&v, &sqr(&root))), canonical(&u));
    let opposite = canonical(&sub(&zero, &right));
    let turned = differ(&vxx, &right);
    let x = canonical(&turned.select_all(&mul(&root, &set(&ROOT)), &root));
    let none = turned.select(differ(&vxx, &opposite), L::set(0));
    // The other root where the lowest bit is another one.
    let odd = x[0].low(1) - sign;
    let other = odd.select(odd, L::set(0) - odd);
    let x_signed = other.select_all(&canonical(&sub(&zero, &x)), &x);
    (Point { x: x_signed, y: *y, z: one, t: mul(&x_signed, y) }, or(none, is_zero(&x)))
}

/// low + 2^260 high mod the order, below it.
#[inline(always)]
pub fn hash<L: Lane>(low: &[L; 5], high: &[L; 5]) -> [L; 5] {
    let (one, r2) = (set(&Order::ONE), set(&Order::R2));
    let sum = add(&mul_mod::<Order, L, 5>(low, &one), &mul_mod::<Order, L, 5>(high, &r2));
    below(&mul_mod::<Order, L, 5>(&sum, &one), &set(&Order::N))
}

/// `[s] B + [k] A`, for scalars below the order.
#[inline(always)]
pub fn multiply<L: Lane>(
    [s, k]: [&[L; 5]; 2],
    a: &Point<L>,
    multiples_of_b: &[Multiple],
) -> Point<L> {
    let table = table(a);
    let zero = (L::set(0), L::set(0));
    let (mut own, mut shared) = ([zero; DIGITS], [zero; DIGITS / 2]);
    digits(k, 5, &mut own);
    digits(s, 10, &mut shared);
    let mut sum = Point::neutral();
    for i in (0..DIGITS - 1).rev() {
        for _ in 0..5 {
            sum.double();
        }
        sum.add_own(&table, own[i]);
        if i % 2 == 0 {
            sum.add_shared(multiples_of_b, shared[i / 2]);
        }
    }
    sum
}

// --- signatures ------------------------------------------------------------------------------------

/// Numbers of a signature: y, below p, and the sign of A and R, s below the order, and the hash in two parts.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<L> {
    /// A.
    pub a: ([L; 5], L),
    /// R.
    pub r: ([L; 5], L),
    /// s.
    pub s: [L; 5],
    /// The lowest 260 bits of the hash, and the others.
    pub k: [[L; 5]; 2],
}

/// A signature of which the sum is to be compared with R.
#[derive(Clone, Copy, Debug)]
pub struct Summed<L> {
    sum: Point<L>,
    r: ([L; 5], L),
    /// Negative where the signature is not known to be good.
    pub wrong: L,
}

/// `[s] B - [k] A`.
#[inline(always)]
pub fn sum<L: Lane>(numbers: &Numbers<L>, multiples_of_b: &[Multiple]) -> Summed<L> {
    // The other sign: -A.
    let (a, wrong) = decode(&numbers.a.0, L::set(1) - numbers.a.1);
    // What is no point must not spoil the inversion that all share.
    let usual = Point::neutral();
    let [x, y, t] = [(usual.x, a.x), (usual.y, a.y), (usual.t, a.t)]
        .map(|(usual, it)| wrong.select_all(&usual, &it));
    let a = Point { x, y, z: usual.z, t };
    let k = hash(&numbers.k[0], &numbers.k[1]);
    Summed { sum: multiply([&numbers.s, &k], &a, multiples_of_b), r: numbers.r, wrong }
}

/// Compares all, with one inversion (Montgomery's trick): z is never 0.
#[inline(always)]
pub fn compare<L: Lane>(all: &mut [Summed<L>]) {
    let mut before = vec![small(1); all.len()];
    for i in 1..all.len() {
        before[i] = mul(&before[i - 1], &all[i - 1].sum.z);
    }
    let Some(last) = all.len().checked_sub(1) else { return };
    let mut rest = invert(&mul(&before[last], &all[last].sum.z));
    for (it, before) in all.iter_mut().zip(before).rev() {
        let z = mul(&rest, &before);
        rest = mul(&rest, &it.sum.z);
        let [x, y] = [it.sum.x, it.sum.y].map(|c| canonical(&mul(&c, &z)));
        let odd = x[0].low(1) - it.r.1;
        let other = odd.select(odd, L::set(0) - odd);
        it.wrong = or(it.wrong, or(other, differ(&y, &it.r.0)));
    }
}

/// 0, 1 … 512 times the base point, made when first asked for.
pub fn multiples_of_b() -> &'static [Multiple] {
    static TABLE: OnceLock<Vec<Multiple>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let y = mul::<Number>(&small(4), &invert(&small(5)));
        let entry = decode(&canonical(&y), Number(0)).0.entry();
        let mut p = Point::neutral();
        let multiple = |_| {
            let z = invert(&p.z);
            let (x, y) = (mul(&p.x, &z), mul(&p.y, &z));
            p.add(&entry);
            let [plus, minus, td, _] = Point { x, y, z: small(1), t: mul(&x, &y) }.entry();
            [plus, minus, td].map(|it| canonical(&it).map(|limb| limb.0))
        };
        (0..SHARED).map(multiple).collect()
    })
}

// --- jobs ------------------------------------------------------------------------------------------

/// A key, a signature, and what both and the message hash to: as RFC 8032 writes them.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// A.
    pub key: [u8; 32],
    /// R, then s.
    pub signature: [u8; 64],
    /// SHA-512 of R, A and the message.
    pub hash: [u8; 64],
}

/// `None` where y or s is out of its bounds.
fn numbers(job: &Job) -> Option<Numbers<u64>> {
    let point = |octets: &[u8]| {
        let mut y: [u64; 5] = limbs(octets);
        let sign = y[4] >> 47;
        y[4] &= (1 << 47) - 1;
        (y, sign)
    };
    let (r, s) = job.signature.split_at(32);
    let (a, r, s) = (point(&job.key), point(r), limbs(s));
    let mut high = [0; 5];
    for (i, limb) in high.iter_mut().enumerate() {
        *limb = bits::<52>(&job.hash, 260 + 52 * i);
    }
    let is_good = is_less(&a.0, &P) && is_less(&r.0, &P) && is_less(&s, &Order::N);
    is_good.then_some(Numbers { a, r, s, k: [limbs(&job.hash[..]), high] })
}

struct Verify<'a>(&'a [Job]);

impl Work for Verify<'_> {
    type Output = Vec<Outcome>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Self::Output {
        let numbers: Vec<_> = self.0.iter().map(numbers).collect();
        // No point, so that nothing is spoiled.
        let one = [1, 0, 0, 0, 0];
        let usual = Numbers { a: (one, 0), r: (one, 0), s: one, k: [one; 2] };
        let mut sums: Vec<Summed<L>> = Vec::with_capacity(numbers.len().div_ceil(L::COUNT));
        for group in numbers.chunks(L::COUNT) {
            let of = |lane: usize| group.get(lane).and_then(Option::as_ref).unwrap_or(&usual);
            let numbers = Numbers {
                a: (
                    each(|i| L::from_numbers(|lane| of(lane).a.0[i])),
                    L::from_numbers(|lane| of(lane).a.1),
                ),
                r: (
                    each(|i| L::from_numbers(|lane| of(lane).r.0[i])),
                    L::from_numbers(|lane| of(lane).r.1),
                ),
                s: each(|i| L::from_numbers(|lane| of(lane).s[i])),
                k: [
                    each(|i| L::from_numbers(|lane| of(lane).k[0][i])),
                    each(|i| L::from_numbers(|lane| of(lane).k[1][i])),
                ],
            };
            sums.push(sum(&numbers, multiples_of_b()));
        }
        compare(&mut sums);
        let outcome = |(i, it): (usize, &Option<_>)| {
            Outcome::of(it.is_some(), sums[i / L::COUNT].wrong.numbers()[i % L::COUNT])
        };
        numbers.iter().enumerate().map(outcome).collect()
    }
}

impl Machine {
    /// Signatures by Ed25519.
    #[must_use]
    pub fn ed25519(self, jobs: &[Job]) -> Vec<Outcome> {
        self.run(Verify(jobs))
    }
}
