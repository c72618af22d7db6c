//! Numbers mod an odd number in Montgomery's form, R = 2^(52 K): products, and inverses of many.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::lane::{Lane, Product};
use crate::limbs::{BITS, carry, negative_inverse, power_of_two, product, set, square};

/// An odd number that others are taken modulo.
pub trait Modulus<const K: usize> {
    /// The number.
    const N: [u64; K];
    /// -1/n mod 2^52.
    const INVERSE: u64 = negative_inverse(Self::N[0]);
    /// R mod n: one.
    const ONE: [u64; K] = power_of_two(BITS * K, &Self::N);
    /// R^2 mod n, a factor that brings a number into this form.
    const R2: [u64; K] = power_of_two(2 * BITS * K, &Self::N);

    /// `whole` / R (mod n), at most n more than `whole` / R.
    #[inline(always)]
    fn reduce<L: Lane>(whole: &[[L; K]; 2]) -> [L; K] {
        let (mut sum, mut q) = (*whole, [L::set(0); K]);
        let t = sum.as_flattened_mut();
        let (n, inverse) = (set::<L, K>(&Self::N), L::set(Self::INVERSE));
        for i in 0..K {
            let before = t[i];
            q[i] = before.digit(inverse);
            t[i] = before.plus_low(q[i], n[0]);
            L::is_cleared(before, q[i], inverse, n[0], t[i]);
            t[i + 1] = t[i + 1].plus_high(q[i], n[0]) + t[i].shr(52);
            for j in 1..K {
                t[i + j] = t[i + j].plus_low(q[i], n[j]);
                t[i + j + 1] = t[i + j + 1].plus_high(q[i], n[j]);
            }
        }
        L::is_reduced(whole.as_flattened(), &q, &n, &sum[1]);
        carry(&sum[1])
    }
}

/// a b / R (mod n).
#[derive(Debug)]
pub struct Times<M>(PhantomData<M>);
impl<M: Modulus<K>, const K: usize> Product<K> for Times<M> {
    #[inline(always)]
    fn run<L: Lane>(a: &[L; K], b: &[L; K]) -> [L; K] {
        M::reduce(&product(a, b))
    }
}

/// a^2 / R (mod n).
#[derive(Debug)]
pub struct Squared<M>(PhantomData<M>);
impl<M: Modulus<K>, const K: usize> Product<K> for Squared<M> {
    #[inline(always)]
    fn run<L: Lane>(a: &[L; K], _: &[L; K]) -> [L; K] {
        M::reduce(&square(a))
    }
}

/// a b / R (mod n).
#[inline(always)]
pub fn mul<M: Modulus<K>, L: Lane, const K: usize>(a: &[L; K], b: &[L; K]) -> [L; K] {
    L::call::<Times<M>, K>(a, b)
}

/// a^2 / R (mod n).
#[inline(always)]
pub fn sqr<M: Modulus<K>, L: Lane, const K: usize>(a: &[L; K]) -> [L; K] {
    L::call::<Squared<M>, K>(a, a)
}

/// Windows of four bits in a limb.
const WINDOWS: usize = BITS / 4;

/// R^2 / a (mod n), for prime n and an a that is not 0: a^(n - 2), four bits at a time.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // A window has four bits.
pub fn invert<M: Modulus<K>, L: Lane, const K: usize>(a: &[L; K]) -> [L; K] {
    let one = set(&M::ONE);
    let mut powers = [one; 16];
    for i in 1..16 {
        powers[i] = mul::<M, L, K>(&powers[i - 1], a);
    }
    let mut r = one;
    for i in (0..WINDOWS * K).rev() {
        for _ in 0..4 {
            r = sqr::<M, L, K>(&r);
        }
        // n is odd and above 2, so that n - 2 differs in the lowest limb only.
        let limb = M::N[i / WINDOWS] - if i < WINDOWS { 2 } else { 0 };
        r = mul::<M, L, K>(&r, &powers[usize::from((limb >> (4 * (i % WINDOWS))) as u8 & 15)]);
    }
    r
}

/// Replaces each number, none of which is 0, by R^2 / it: one inversion for all (Montgomery's trick).
#[inline(always)]
pub fn invert_all<M: Modulus<K>, L: Lane, const K: usize>(numbers: &mut [[L; K]]) {
    let mut before: Vec<[L; K]> = vec![set(&M::ONE); numbers.len()];
    for i in 1..numbers.len() {
        before[i] = mul::<M, L, K>(&before[i - 1], &numbers[i - 1]);
    }
    let Some(last) = numbers.len().checked_sub(1) else { return };
    let mut rest = invert::<M, L, K>(&mul::<M, L, K>(&before[last], &numbers[last]));
    for i in (0..numbers.len()).rev() {
        let one = mul::<M, L, K>(&rest, &before[i]);
        rest = mul::<M, L, K>(&rest, &numbers[i]);
        numbers[i] = one;
    }
}
