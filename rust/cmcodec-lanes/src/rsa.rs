//! s^65537 mod n, for many keys at once, with `N` limbs of 52 bits, a multiple of eight: 40 for 2048
//! bits, 64 for 3072, 80 for 4096. R = 2^(52 N).
//!
//! Between the steps a number is at most n + n^2 / R and a little more, so that Montgomery's product
//! needs no subtraction; one in the end gives the number below n. Nothing is kept for a key: s comes
//! into Montgomery's form by a division with integer digits, which knows of n its leading 52 bits
//! alone, and not by a product with R^2 mod n.

#![allow(clippy::cast_possible_truncation)] // Places of bits have few.

use alloc::vec::Vec;

use crate::lane::{Lane, Lanes, MOST, Machine, Step, Work};
use crate::limbs::{BITS, below, bits, carry, each, is_less, limbs, negative_inverse};

/// Bits of a limb of what is divided.
const DIGIT: usize = 48;

/// A signature as a number, and the modulus of a key of which the exponent is 65537; both have
/// the highest octet first.
#[derive(Clone, Copy, Debug)]
pub struct Job<const OCTETS: usize> {
    /// n.
    pub modulus: [u8; OCTETS],
    /// s.
    pub signature: [u8; OCTETS],
}

// --- products --------------------------------------------------------------------------------------

/// Limbs of a tile: two fit in registers, beside what their product is added to.
const TILE: usize = 8;

/// The columns of one limb and of those of `$b` that are named.
macro_rules! columns {
    ($c:ident $x:ident $b:ident $j:literal) => { columns!($c $x $b $j: 0 1 2 3 4 5 6 7); };
    ($c:ident $x:ident $b:ident $j:literal: $($i:literal)*) => {
        $( $c[$j + $i] = $c[$j + $i].plus_low($x, $b[$i]); )*
        $( $c[$j + $i + 1] = $c[$j + $i + 1].plus_high($x, $b[$i]); )*
    };
}

/// c += a b.
#[inline(always)]
fn add_product<L: Lane>(c: &mut [L; 16], a: &[L; TILE], b: &[L; TILE]) {
    let b = *b;
    macro_rules! rows {
        ($($j:literal)*) => { $( let x = a[$j]; columns!(c x b $j); )* };
    }
    rows!(0 1 2 3 4 5 6 7);
}

/// c += what is off the diagonal of a a, each pair once.
#[inline(always)]
fn add_pairs<L: Lane>(c: &mut [L; 16], x: &[L; TILE]) {
    macro_rules! pairs {
        ($($i:literal $j:literal),*) => { $(
            c[$i + $j] = c[$i + $j].plus_low(x[$i], x[$j]);
            c[$i + $j + 1] = c[$i + $j + 1].plus_high(x[$i], x[$j]);
        )* };
    }
    // So ordered that what follows needs nothing that was just made.
    pairs!(
        0 1, 0 3, 0 5, 0 7, 2 7, 4 7, 6 7, 1 2, 1 4, 1 6, 3 6, 5 6, 0 2, 0 4,
        0 6, 2 6, 4 6, 1 3, 1 5, 1 7, 3 7, 5 7, 2 3, 2 5, 4 5, 3 4, 2 4, 3 5
    );
}

/// c += the diagonal of a a.
#[inline(always)]
fn add_diagonal<L: Lane>(c: &mut [L; 16], x: &[L; TILE]) {
    for i in 0..TILE {
        c[2 * i] = c[2 * i].plus_low(x[i], x[i]);
        c[2 * i + 1] = c[2 * i + 1].plus_high(x[i], x[i]);
    }
}

/// Eight digits of the quotient: c += q n, whose lowest eight limbs become zero and are carried
/// away.
#[inline(always)]
fn add_quotient<L: Lane>(c: &mut [L; 16], n: &[L; TILE], inverse: L) -> [L; TILE] {
    let (b, mut q) = (*n, [inverse; TILE]);
    macro_rules! rows {
        ($($j:literal)*) => { $(
            let before = c[$j];
            let x = before.digit(inverse);
            q[$j] = x;
            c[$j] = before.plus_low(x, b[0]);
            L::is_cleared(before, x, inverse, b[0], c[$j]);
            columns!(c x b $j: 1 2 3 4 5 6 7);
            c[$j + 1] = c[$j + 1].plus_high(x, b[0]) + c[$j].shr(52);
        )* };
    }
    rows!(0 1 2 3 4 5 6 7);
    q
}

/// Tile `i` of a number.
#[inline(always)]
fn at<L>(x: &[L], i: usize) -> &[L; TILE] {
    let Some(tile) = x[TILE * i..].first_chunk() else { unreachable!("whole tiles") };
    tile
}

#[inline(always)]
fn at_mut<L>(x: &mut [L], i: usize) -> &mut [L; TILE] {
    let Some(tile) = x[TILE * i..].first_chunk_mut() else { unreachable!("whole tiles") };
    tile
}

/// The lower half of c, which is complete; the upper half becomes the lower one.
#[inline(always)]
fn next<L: Lane>(c: &mut [L; 16]) -> [L; TILE] {
    let [low, high] = [0, TILE].map(|from| each(|i| c[from + i]));
    for i in 0..TILE {
        (c[i], c[TILE + i]) = (high[i], L::set(0));
    }
    low
}

/// The tiles i of one number that meet tile k - i of another one.
const fn meeting(k: usize, tiles: usize) -> core::ops::Range<usize> {
    (k + 1).saturating_sub(tiles)..if k < tiles { k + 1 } else { tiles }
}

/// (whole + q n) / R with q < R.
#[inline(always)]
fn reduce<L: Lane, const N: usize>(whole: &[[L; N]; 2], n: &[L; N], inverse: L) -> [L; N] {
    let (mut q, mut top, mut c) = ([inverse; N], [inverse; N], [L::set(0); 16]);
    let tiles = N / TILE;
    for k in 0..2 * tiles {
        for (c, t) in c.iter_mut().zip(at(whole.as_flattened(), k)) {
            *c = *c + *t;
        }
        let known = meeting(k, tiles);
        for j in known.start..known.end.min(k) {
            add_product(&mut c, at(&q, j), at(n, k - j));
        }
        if k < tiles {
            *at_mut(&mut q, k) = add_quotient(&mut c, at(n, 0), inverse);
            next(&mut c);
        } else {
            *at_mut(&mut top, k - tiles) = next(&mut c);
        }
    }
    L::is_reduced(whole.as_flattened(), &q, n, &top);
    carry(&top)
}

/// x = x y / R (mod n); `whole` is room for x y.
#[inline(always)]
pub fn mul<L: Lane, const N: usize>(
    x: &mut [L; N],
    y: &[L; N],
    n: &[L; N],
    inverse: L,
    whole: &mut [[L; N]; 2],
) {
    let (tiles, mut c) = (N / TILE, [L::set(0); 16]);
    for k in 0..2 * tiles {
        for i in meeting(k, tiles) {
            add_product(&mut c, at(x, i), at(y, k - i));
        }
        *at_mut(whole.as_flattened_mut(), k) = next(&mut c);
    }
    L::is_product(x, y, whole.as_flattened());
    *x = reduce(whole, n, inverse);
}

/// x = x^2 / R (mod n); `whole` is room for x^2.
#[inline(always)]
pub fn sqr<L: Lane, const N: usize>(
    x: &mut [L; N],
    n: &[L; N],
    inverse: L,
    whole: &mut [[L; N]; 2],
) {
    let (tiles, zero) = (N / TILE, L::set(0));
    let mut before = [zero; TILE];
    for k in 0..2 * tiles {
        let mut c = [zero; 16];
        let pairs = meeting(k, tiles);
        for i in pairs.start..k.div_ceil(2).min(pairs.end) {
            add_product(&mut c, at(x, i), at(x, k - i));
        }
        let is_even = k % 2 == 0;
        if is_even {
            add_pairs(&mut c, at(x, k / 2));
        }
        for c in &mut c {
            *c = *c + *c;
        }
        if is_even {
            add_diagonal(&mut c, at(x, k / 2));
        }
        let low = next(&mut c);
        *at_mut(whole.as_flattened_mut(), k) = each(|i| before[i] + low[i]);
        before = each(|i| c[i]);
    }
    L::is_product(x, x, whole.as_flattened());
    *x = reduce(whole, n, inverse);
}

// --- division --------------------------------------------------------------------------------------

/// 2^48 a (mod n), for n of `size` bits and n <= a < 6 n before and after, in limbs of 48 bits and
/// what they gather. `complement` is 16 (2^(48 D) - n) limb by limb, so that the high half of a
/// product with a limb of it is what is above 48 bits; `reciprocal` is as [`reciprocal`] has it.
#[inline(always)]
pub fn step<L: Lane, const D: usize>(
    a: &mut [L; D],
    size: usize,
    complement: &[L; D],
    reciprocal: L,
) {
    let (before, zero, m) = (*a, L::set(0), complement);
    let top = D - 1;
    let up = (DIGIT * top + 49 - size) as u32;
    let leading = a[top].shl(up) + a[top - 1].shr(48 - up);
    let digit = zero.plus_high(leading, reciprocal) - L::set(1);
    let high = a[top].plus_high(digit, m[top]) - digit;
    for i in (1..D).rev() {
        a[i] = (a[i - 1] + zero.plus_low(digit, m[i]).shr(4)).plus_high(digit, m[i - 1]);
    }
    a[0] = zero.plus_low(digit, m[0]).shr(4);
    let size = size as u32;
    let after = &*a;
    let step = Step { bits: size, before: &before, leading, digit, reciprocal, complement, after };
    a[top] = L::is_rest(high, a[top], &step);
}

/// The largest v with v (h + 1) <= 2^103, h the highest 52 bits of n.
#[must_use]
pub fn reciprocal(h: u64) -> u64 {
    ((1u128 << 103) / (u128::from(h) + 1)) as u64
}

/// 2^shift a in limbs of 52 bits.
#[inline(always)]
pub fn pack<L: Lane, const D: usize, const N: usize>(a: &[L; D], shift: usize) -> [L; N] {
    let zero = L::set(0);
    let (mut carried, mut up) = (*a, zero);
    for limb in &mut carried {
        let whole = *limb + up;
        (*limb, up) = (whole.low(48), whole.shr(48));
    }
    // One limb of zero is before them, the last carry behind.
    let limb = |i: usize| match i.checked_sub(1) {
        None => zero,
        Some(i) if i < D => carried[i],
        Some(i) => {
            if i == D {
                up
            } else {
                zero
            }
        }
    };
    let found = each(|k| {
        let bit = BITS * k + DIGIT - shift;
        let (i, bit) = (bit / DIGIT, (bit % DIGIT) as u32);
        limb(i).shr(bit) + limb(i + 1).low(bit + 4).shl(48 - bit)
    });
    L::is_packed(a, &found, shift as u32);
    found
}

// --- powers ----------------------------------------------------------------------------------------

/// What is needed of a key and of a signature.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<L, const N: usize, const D: usize> {
    /// n, odd and of full size.
    pub n: [L; N],
    /// -1/n mod 2^52.
    pub inverse: L,
    /// See [`step`].
    pub complement: [L; D],
    /// See [`reciprocal`].
    pub reciprocal: L,
    /// s, below n.
    pub s: [L; N],
    /// s + n in limbs of 48 bits, not carried.
    pub raised: [L; D],
}

/// s R (mod n), somewhat longer than n: three squarings bring it to what the others are within.
#[inline(always)]
pub fn lift<L: Lane, const N: usize, const D: usize>(
    numbers: &Numbers<L, N, D>,
    size: usize,
) -> [L; N] {
    let mut a = numbers.raised;
    for _ in 0..BITS * N / DIGIT {
        step(&mut a, size, &numbers.complement, numbers.reciprocal);
    }
    pack(&a, BITS * N % DIGIT)
}

/// s^65537 mod n, below n.
#[inline(always)]
pub fn power<L: Lane, const N: usize, const D: usize>(
    numbers: &Numbers<L, N, D>,
    size: usize,
) -> [L; N] {
    let Numbers { n, inverse, s, .. } = numbers;
    let (mut x, mut whole) = (lift(numbers, size), [[*inverse; N]; 2]);
    for _ in 0..16 {
        sqr(&mut x, n, *inverse, &mut whole);
    }
    mul(&mut x, s, n, *inverse, &mut whole);
    below(&x, n)
}

// --- jobs ------------------------------------------------------------------------------------------

/// The numbers of a job; `None` where n is even or short, or s is not below it.
#[must_use]
#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)] // A borrow is a sign.
pub fn numbers<const N: usize, const D: usize, const OCTETS: usize>(
    job: &Job<OCTETS>,
) -> Option<Numbers<u64, N, D>> {
    let reversed = |octets: &[u8; OCTETS]| {
        let mut octets = *octets;
        octets.reverse();
        octets
    };
    let [modulus, signature] = [&job.modulus, &job.signature].map(reversed);
    let (n, s): ([u64; N], [u64; N]) = (limbs(&modulus), limbs(&signature));
    if n[0] & 1 == 0 || modulus[OCTETS - 1] >> 7 == 0 || !is_less(&s, &n) {
        return None;
    }
    let (mut complement, mut raised, mut borrow) = ([0; D], [0; D], 0);
    for i in 0..D {
        let [n, s] = [&modulus, &signature].map(|it| bits::<DIGIT>(it, DIGIT * i));
        raised[i] = s + n;
        let d = borrow - n as i64;
        complement[i] = (d as u64 & ((1 << DIGIT) - 1)) << 4;
        borrow = d >> DIGIT;
    }
    let inverse = negative_inverse(n[0]);
    let reciprocal = reciprocal(bits::<BITS>(&modulus, 8 * OCTETS - BITS));
    Some(Numbers { n, inverse, complement, reciprocal, s, raised })
}

/// Powers of jobs.
struct Powers<'a, const N: usize, const D: usize, const OCTETS: usize>(&'a [Job<OCTETS>]);

impl<const N: usize, const D: usize, const OCTETS: usize> Work for Powers<'_, N, D, OCTETS> {
    type Output = Vec<Option<[u8; OCTETS]>>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Self::Output {
        let mut found = Vec::with_capacity(self.0.len());
        for group in self.0.chunks(L::COUNT) {
            let jobs: Vec<_> = group.iter().map(numbers::<N, D, OCTETS>).collect();
            // A lane without numbers does what another one does.
            let Some(usual) = jobs.iter().flatten().next().copied() else {
                found.extend(group.iter().map(|_| None));
                continue;
            };
            let of = |lane: usize| jobs.get(lane).and_then(Option::as_ref).unwrap_or(&usual);
            let all: Vec<&Numbers<u64, N, D>> = (0..L::COUNT).map(of).collect();
            let of = |lane: usize| all[lane];
            let power = power::<L, N, D>(
                &Numbers {
                    n: each(|i| L::from_numbers(|lane| of(lane).n[i])),
                    inverse: L::from_numbers(|lane| of(lane).inverse),
                    complement: each(|i| L::from_numbers(|lane| of(lane).complement[i])),
                    reciprocal: L::from_numbers(|lane| of(lane).reciprocal),
                    s: each(|i| L::from_numbers(|lane| of(lane).s[i])),
                    raised: each(|i| L::from_numbers(|lane| of(lane).raised[i])),
                },
                8 * OCTETS,
            );
            let mut limbs = [[0; MOST]; N];
            for (numbers, limb) in limbs.iter_mut().zip(&power) {
                *numbers = limb.numbers();
            }
            for (lane, job) in jobs.iter().enumerate() {
                found.push(job.as_ref().map(|_| octets(&limbs.map(|it| it[lane]))));
            }
        }
        found
    }
}

/// A number in limbs of 52 bits, the highest octet first.
#[must_use]
fn octets<const N: usize, const OCTETS: usize>(limbs: &[u64; N]) -> [u8; OCTETS] {
    let mut octets = [0; OCTETS];
    for (i, eight) in octets.rchunks_exact_mut(8).enumerate() {
        let (first, bit) = (64 * i / BITS, 64 * i % BITS);
        let limb = |i: usize| limbs.get(first + i).copied().unwrap_or(0);
        let third = limb(2).checked_shl((2 * BITS - bit) as u32).unwrap_or(0);
        let number = limb(0) >> bit | limb(1) << (BITS - bit) | third;
        eight.copy_from_slice(&number.to_be_bytes());
    }
    octets
}

impl Machine {
    /// s^65537 mod n of each job, or `None` where that is not known: for n that are even or have less
    /// than 2048 bits, and s that are not below n.
    #[must_use]
    pub fn rsa_2048(self, jobs: &[Job<256>]) -> Vec<Option<[u8; 256]>> {
        self.run(Powers::<40, 43, 256>(jobs))
    }

    /// The same of 3072 bits.
    #[must_use]
    pub fn rsa_3072(self, jobs: &[Job<384>]) -> Vec<Option<[u8; 384]>> {
        self.run(Powers::<64, 64, 384>(jobs))
    }

    /// The same of 4096 bits.
    #[must_use]
    pub fn rsa_4096(self, jobs: &[Job<512>]) -> Vec<Option<[u8; 512]>> {
        self.run(Powers::<80, 86, 512>(jobs))
    }
}
