//! Numbers in limbs of 52 bits, lowest first, and what is common to all that is made of them.

use crate::lane::Lane;

/// Bits of a limb.
pub const BITS: usize = 52;
/// The largest limb.
pub const LIMB: u64 = (1 << BITS) - 1;

/// A number, the same in each lane.
#[inline(always)]
pub fn set<L: Lane, const K: usize>(limbs: &[u64; K]) -> [L; K] {
    each(|i| L::set(limbs[i]))
}

/// A number limb by limb.
#[inline(always)]
pub fn each<L: Lane, const K: usize>(limb: impl Fn(usize) -> L) -> [L; K] {
    // Not `from_fn`, which is not always inlined, and is none of the functions for registers then.
    let mut limbs = [L::set(0); K];
    for (i, it) in limbs.iter_mut().enumerate() {
        *it = limb(i);
    }
    limbs
}

/// The same number in limbs of 52 bits; no limb is negative.
#[inline(always)]
pub fn carry<L: Lane, const K: usize>(t: &[L; K]) -> [L; K] {
    let (mut r, mut limb) = (*t, t[0]);
    for i in 1..K {
        r[i - 1] = limb.low(52);
        limb = t[i] + limb.shr(52);
    }
    r[K - 1] = limb;
    L::is_carried(t, r)
}

/// The same of limbs with a sign; the number is not negative.
#[inline(always)]
pub fn signed_carry<L: Lane, const K: usize>(t: &[L; K]) -> [L; K] {
    let (mut r, mut limb) = (*t, t[0]);
    for i in 1..K {
        r[i - 1] = limb.low(52);
        limb = t[i] + limb.sar(52);
    }
    r[K - 1] = limb;
    L::is_carried(t, r)
}

/// a b, not carried.
#[inline(always)]
pub fn product<L: Lane, const K: usize>(a: &[L; K], b: &[L; K]) -> [[L; K]; 2] {
    let mut whole = [[L::set(0); K]; 2];
    let t = whole.as_flattened_mut();
    for i in 0..K {
        for j in 0..K {
            t[i + j] = t[i + j].plus_low(a[i], b[j]);
        }
    }
    for i in 0..K {
        for j in 0..K {
            t[i + j + 1] = t[i + j + 1].plus_high(a[i], b[j]);
        }
    }
    L::is_product(a, b, t);
    whole
}

/// a^2, not carried.
#[inline(always)]
pub fn square<L: Lane, const K: usize>(a: &[L; K]) -> [[L; K]; 2] {
    let mut whole = [[L::set(0); K]; 2];
    let t = whole.as_flattened_mut();
    for i in 0..K {
        for j in i + 1..K {
            t[i + j] = t[i + j].plus_low(a[i], a[j]);
        }
    }
    for i in 0..K {
        for j in i + 1..K {
            t[i + j + 1] = t[i + j + 1].plus_high(a[i], a[j]);
        }
    }
    for limb in &mut t[1..2 * K - 1] {
        *limb = *limb + *limb;
    }
    for i in 0..K {
        t[2 * i] = t[2 * i].plus_low(a[i], a[i]);
        t[2 * i + 1] = t[2 * i + 1].plus_high(a[i], a[i]);
    }
    L::is_product(a, a, t);
    whole
}

/// x or x - n, whichever is below n, for x below 2 n.
#[inline(always)]
pub fn below<L: Lane, const K: usize>(x: &[L; K], n: &[L; K]) -> [L; K] {
    let (mut difference, mut less) = (*x, L::set(0));
    for i in 0..K {
        let limb = x[i] - n[i] + less;
        difference[i] = limb.low(52);
        less = limb.sar(52);
    }
    L::is_below(x, n, less, &difference, each(|i| less.select(x[i], difference[i])))
}

/// Negative where the limbs differ.
#[inline(always)]
pub fn differ<L: Lane, const K: usize>(a: &[L; K], b: &[L; K]) -> L {
    let (zero, one) = (L::set(0), L::set(1));
    let mut found = zero;
    for i in 0..K {
        let d = a[i] - b[i];
        found = found - d.select(one, (zero - d).select(one, zero));
    }
    found
}

/// -1 where a flag is not negative, else 0.
#[inline(always)]
pub fn not<L: Lane>(flag: L) -> L {
    flag.select(L::set(0), L::set(0) - L::set(1))
}

/// Negative where one of two flags is.
#[inline(always)]
pub fn or<L: Lane>(a: L, b: L) -> L {
    a.select(a, b)
}

/// A digit of a scalar: its amount, and a lane that is negative where the digit is.
pub type Digit<L> = (L, L);

/// The digits of a scalar with `width` bits each, lowest first, from -2^(width-1) + 1 to 2^(width-1).
/// Returns what is left over: zero, where there are digits enough.
#[inline(always)]
pub fn digits<L: Lane, const K: usize>(k: &[L; K], width: u32, digits: &mut [Digit<L>]) -> L {
    let mut k = *k;
    let [zero, one, half, full] = [0, 1, 1 << (width - 1), 1 << width].map(L::set);
    let mut up = zero;
    for digit in digits {
        let carried = up;
        let window = k[0].low(width) + carried;
        let sign = half - window;
        up = sign.select(one, zero);
        *digit = (sign.select(full - window, window), sign);
        let before = k;
        for i in 0..K - 1 {
            k[i] = k[i].shr(width) + k[i + 1].low(width).shl(52 - width);
        }
        k[K - 1] = k[K - 1].shr(width);
        L::is_split(&before, carried, window, &k, width);
    }
    k.into_iter().fold(up, |sum, limb| sum + limb)
}

/// -1/n mod 2^52 for odd n, by Newton.
#[must_use]
pub const fn negative_inverse(n: u64) -> u64 {
    let (mut x, mut i) = (1u64, 0);
    while i < 6 {
        x = x.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(x)));
        i += 1;
    }
    x.wrapping_neg() & LIMB
}

/// 2^k mod n, for n with 2 n in the same limbs.
#[must_use]
#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)] // A borrow is a sign.
pub const fn power_of_two<const K: usize>(k: usize, n: &[u64; K]) -> [u64; K] {
    let (mut x, mut step) = ([0; K], 0);
    x[0] = 1;
    while step < k {
        let (mut twice, mut less, mut up, mut borrow, mut i) = ([0; K], [0; K], 0, 0i64, 0);
        while i < K {
            let limb = 2 * x[i] + up;
            twice[i] = limb & LIMB;
            up = limb >> BITS;
            let d = twice[i] as i64 - n[i] as i64 + borrow;
            less[i] = d as u64 & LIMB;
            borrow = d >> BITS;
            i += 1;
        }
        x = if borrow < 0 { twice } else { less };
        step += 1;
    }
    x
}

/// `WIDTH` bits, 57 at most, of a number in octets, lowest first, from bit `at` on; beyond its end
/// there is zero.
#[inline(always)]
#[must_use]
pub fn bits<const WIDTH: usize>(octets: &[u8], at: usize) -> u64 {
    let rest = octets.get(at / 8..).unwrap_or_default();
    let eight = rest.first_chunk().map_or_else(
        || rest.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet)),
        |eight| u64::from_le_bytes(*eight),
    );
    eight >> (at % 8) & ((1 << WIDTH) - 1)
}

/// The limbs of a number in octets, lowest first; it fits.
#[inline(always)]
#[must_use]
pub fn limbs<const K: usize>(octets: &[u8]) -> [u64; K] {
    core::array::from_fn(|i| bits::<BITS>(octets, BITS * i))
}

/// Whether a number is below another one, both in limbs of 52 bits.
#[must_use]
pub fn is_less<const K: usize>(a: &[u64; K], b: &[u64; K]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}
