//! A lane that stands for all numbers it can be: a range, and an exact expression in unknowns.
//! Running the text of the crate on it proves, or panics:
//!
//! - no operation leaves 64 bits, and no unsigned shift meets a negative lane;
//! - what was carried is what it was before, is not negative and fits;
//! - what was folded is what it was before, mod p;
//! - a product that was reduced is r with R r = a b + q n and 0 <= q < R, and has the bound that
//!   follows;
//! - what ends below n does; a step of a division leaves exactly what is to be left, within the same
//!   bounds; no index is beyond its table; and nothing of a scalar is left over.
//!
//! What is assumed: the compiler, and that the instructions do what the operations of `Lane` say. The
//! rules of this prover are to be read; each has a planted fault of its own in the tests.

#![allow(dead_code)] // Each test takes what it needs.

mod claims;
pub mod expression;
pub mod faulty;
mod state;

use std::ops::{Add, Sub};

use cmcodec_lanes::lane::{Lane, Step};
use num_bigint::BigInt;

use expression::{Expression, Range, added, either, power};
use state::{LIMB, with};

/// All numbers that a lane can be.
#[derive(Clone, Copy, Debug)]
pub struct All(usize);

impl Add for All {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        with(|s| {
            let sum = s.expression(self).clone().plus(s.expression(other), &BigInt::from(1));
            let range = added(s.range(self).clone(), s.range(other).clone());
            s.lane(sum, range)
        })
    }
}

impl Sub for All {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        with(|s| {
            let rest = s.expression(self).clone().plus(s.expression(other), &BigInt::from(-1));
            let (a, b) = (s.range(self).clone(), s.range(other).clone());
            s.lane(rest, (a.0 - b.1, a.1 - b.0))
        })
    }
}

impl Lane for All {
    fn set(x: u64) -> Self {
        with(|s| s.constant(x.into()))
    }

    fn shl(self, bits: u32) -> Self {
        with(|s| {
            let shifted = Expression::default().plus(s.expression(self), &power(bits));
            let (least, most) = s.range(self).clone();
            s.lane(shifted, (least << bits, most << bits))
        })
    }

    fn shr(self, bits: u32) -> Self {
        with(|s| {
            let least = &s.range(self).0;
            assert!(*least >= BigInt::ZERO, "an unsigned shift of what may be negative");
            s.floor(self, bits)
        })
    }

    fn sar(self, bits: u32) -> Self {
        with(|s| {
            assert!(s.range(self).1 < power(63), "a signed shift of what may be 2^63");
            s.floor(self, bits)
        })
    }

    fn low(self, bits: u32) -> Self {
        with(|s| s.low(self, bits))
    }

    fn plus_low(self, a: Self, b: Self) -> Self {
        with(|s| {
            let [(product, range), (upper, _)] = s.product(a, b);
            let lower = product.plus(&upper, &-power(LIMB));
            let sum = s.expression(self).clone().plus(&lower, &BigInt::from(1));
            let (least, most) = s.range(self).clone();
            s.lane(sum, (least, most + range.1.min(power(LIMB) - 1)))
        })
    }

    fn plus_high(self, a: Self, b: Self) -> Self {
        with(|s| {
            let [_, (upper, range)] = s.product(a, b);
            let sum = s.expression(self).clone().plus(&upper, &BigInt::from(1));
            let range = added(s.range(self).clone(), range);
            s.lane(sum, range)
        })
    }

    fn select(self, negative: Self, other: Self) -> Self {
        with(|s| {
            let (least, most) = s.range(self).clone();
            assert!(most < power(63), "the sign of what may be 2^63");
            if most < BigInt::ZERO {
                return negative;
            } else if least >= BigInt::ZERO {
                return other;
            }
            let below = s.side(negative, self, &(least, BigInt::from(-1)));
            let above = s.side(other, self, &(BigInt::ZERO, most));
            let chosen = s.new_lane(either(below, above));
            s.chosen.insert(chosen.0, (self.0, negative.0, other.0));
            chosen
        })
    }

    /// Both are elements: so is the one that is selected.
    fn select_all<const K: usize>(self, negative: &[Self; K], other: &[Self; K]) -> [Self; K] {
        any_of_these(&[negative, other])
    }

    fn own<const K: usize, const E: usize>(
        table: &[[[Self; K]; E]],
        index: Self,
    ) -> [[Self; K]; E] {
        is_index(index, table.len());
        std::array::from_fn(|e| {
            let numbers: Vec<_> = table.iter().map(|entry| &entry[e]).collect();
            any_of_these(&numbers)
        })
    }

    fn shared<const K: usize, const E: usize>(
        table: &[[[u64; K]; E]],
        index: Self,
    ) -> [[Self; K]; E] {
        is_index(index, table.len());
        std::array::from_fn(|e| {
            let numbers = table.iter().map(|entry| {
                let fits = entry[e][..K - 1].iter().all(|limb| *limb < 1 << LIMB);
                assert!(fits, "a limb of a table has more than 52 bits");
                let limbs = entry[e].iter().rev();
                limbs.fold(BigInt::ZERO, |sum, limb| (sum << LIMB) + limb)
            });
            any(&numbers.max().unwrap())
        })
    }

    fn digit(self, inverse: Self) -> Self {
        with(|s| {
            let digit = s.new_lane((BigInt::ZERO, power(LIMB) - 1));
            s.digits.insert(digit.0, (self.0, inverse.0));
            digit
        })
    }

    fn is_cleared(before: Self, digit: Self, inverse: Self, lowest: Self, after: Self) {
        with(|s| s.is_cleared([before, digit, inverse, lowest, after]));
    }

    fn is_product(a: &[Self], b: &[Self], whole: &[Self]) {
        with(|s| s.is_product(a, b, whole));
    }

    fn is_congruent(before: &[Self], after: &[Self]) {
        with(|s| s.is_congruent(before, after));
    }

    fn is_reduced(whole: &[Self], q: &[Self], n: &[Self], top: &[Self]) {
        with(|s| s.is_reduced(whole, q, n, top));
    }

    fn is_carried<const K: usize>(before: &[Self; K], after: [Self; K]) -> [Self; K] {
        with(|s| s.is_carried(before, after))
    }

    fn is_below<const K: usize>(
        before: &[Self; K],
        n: &[Self; K],
        less: Self,
        difference: &[Self; K],
        after: [Self; K],
    ) -> [Self; K] {
        with(|s| s.is_below(before, n, less, difference, after))
    }

    fn is_below_twice(x: &[Self], p: &[Self]) {
        with(|s| s.is_below_twice(x, p));
    }

    fn is_split(before: &[Self], up: Self, digit: Self, after: &[Self], bits: u32) {
        with(|s| s.is_split(before, up, digit, after, bits));
    }

    fn is_rest<const D: usize>(high: Self, low: Self, step: &Step<'_, Self, D>) -> Self {
        with(|s| s.is_rest(high, low, step))
    }

    fn is_packed(before: &[Self], after: &[Self], shift: u32) {
        with(|s| s.is_packed(before, after, shift));
    }
}

fn is_index(index: All, length: usize) {
    let (least, most) = range(index);
    assert!(least >= BigInt::ZERO && most < BigInt::from(length), "an index beyond the table");
}

/// An element that is one of these.
fn any_of_these<const K: usize>(numbers: &[&[All; K]]) -> [All; K] {
    with(|s| {
        let limbs = std::array::from_fn(|i| {
            let ranges = numbers.iter().map(|number| s.range(number[i]).clone());
            ranges.reduce(either).unwrap()
        });
        let wholes = numbers.iter().map(|it| s.by_elements(&s.sum(&it[..], LIMB)));
        let range = wholes.reduce(either).unwrap();
        s.element(limbs, range, None)
    })
}

// --- what tests say and ask ------------------------------------------------------------------------

/// Forgets all lanes; what is congruent is so mod p from now on.
pub fn forget(p: &BigInt) {
    with(|s| *s = state::State::new(p.clone()));
}

/// Whether it neither panics nor says no, mod p.
pub fn proves(p: &BigInt, holds: impl FnOnce() -> bool) -> bool {
    forget(p);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(holds)).unwrap_or(false)
}

/// Any number within the range, in limbs.
pub fn any_within<const K: usize>(least: &BigInt, most: &BigInt) -> [All; K] {
    let top = LIMB * u32::try_from(K - 1).unwrap();
    let mut limbs = [(); K].map(|()| (BigInt::ZERO, power(LIMB) - 1));
    limbs[K - 1] = (least >> top, most >> top);
    with(|s| s.element(limbs, (least.clone(), most.clone()), None))
}

/// Any number up to this one.
pub fn any<const K: usize>(most: &BigInt) -> [All; K] {
    any_within(&BigInt::ZERO, most)
}

/// Any lane within the range.
pub fn any_lane(least: BigInt, most: BigInt) -> All {
    with(|s| s.new_lane((least, most)))
}

/// What -1/n mod 2^52 is, for the lowest limb of n.
pub fn inverse_of(lowest: All) -> All {
    with(|s| {
        let inverse = s.new_lane((BigInt::ZERO, power(LIMB) - 1));
        s.inverses.push((inverse.0, lowest.0));
        inverse
    })
}

/// What `rsa::reciprocal` gives.
pub fn any_reciprocal() -> All {
    with(|s| {
        let reciprocal = s.new_lane((power(51), power(52) - 1));
        s.reciprocals.push(reciprocal.0);
        reciprocal
    })
}

/// The largest that a number can be.
pub fn most(limbs: &[All]) -> BigInt {
    with(|s| s.by_elements(&s.sum(limbs, LIMB)).1)
}

/// By how much a reduced number may be above n.
pub fn above(limbs: &[All]) -> BigInt {
    with(|s| s.above(limbs).expect("a reduced number").0)
}

/// What a lane is within.
pub fn range(lane: All) -> Range {
    with(|s| s.range(lane).clone())
}

/// Whether a lane is 0 or -1.
pub fn is_flag(lane: All) -> bool {
    let (least, most) = range(lane);
    least >= BigInt::from(-1) && most <= BigInt::ZERO
}

/// Whether a lane is zero.
pub fn is_zero(lane: All) -> bool {
    range(lane) == (BigInt::ZERO, BigInt::ZERO)
}
