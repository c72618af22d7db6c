//! What the text claims, and why it is so.

use num_bigint::BigInt;

use super::All;
use super::expression::{Expression, both, has_bits, power};
use super::state::{LIMB, Reduced, State};
use cmcodec_lanes::lane::Step;

fn minus_one() -> BigInt {
    BigInt::from(-1)
}

fn one() -> BigInt {
    BigInt::from(1)
}

/// Bits of so many limbs.
fn bits_of(limbs: usize) -> u32 {
    LIMB * u32::try_from(limbs).unwrap()
}

impl State {
    /// The digit is `before` times -1/n, so that `before` + digit n is 0 mod 2^52: what is left of it
    /// when the upper half of the product and the carry are taken away is zero.
    pub fn is_cleared(&mut self, [before, digit, inverse, lowest, after]: [All; 5]) {
        assert!(self.digits.get(&digit.0) == Some(&(before.0, inverse.0)), "not the digit");
        let constants = [inverse, lowest].map(|it| self.expression(it).as_constant());
        let inverts = match constants {
            [Some(a), Some(b)] => (a * b + 1) % power(LIMB) == BigInt::ZERO,
            _ => self.inverses.contains(&(inverse.0, lowest.0)),
        };
        assert!(inverts, "not the inverse");
        let [(product, _), (upper, _)] = self.product(digit, lowest);
        let expected = self.expression(before).clone().plus(&product, &one());
        let expected = expected.plus(&upper, &-power(LIMB));
        assert!(*self.expression(after) == expected, "not cleared");
        let floor = self.floor(after, LIMB);
        let zero = expected.plus(self.expression(floor), &-power(LIMB));
        self.cleared.insert(digit.0, zero);
    }

    pub fn is_product(&self, a: &[All], b: &[All], whole: &[All]) {
        let product = self.sum(a, LIMB).times(&self.sum(b, LIMB));
        assert!(self.sum(whole, LIMB) == product, "not the product");
    }

    pub fn is_congruent(&self, before: &[All], after: &[All]) {
        let left = self.sum(after, LIMB).plus(&self.sum(before, LIMB), &minus_one());
        let is_multiple = |factor: &BigInt| factor % &self.modulus == BigInt::ZERO;
        assert!(left.0.values().all(is_multiple), "not congruent");
    }

    /// R top = whole + q n, but for what digits cleared: as q is below R, top is at most
    /// (whole + (R - 1) n) / R.
    pub fn is_reduced(&mut self, whole: &[All], q: &[All], n: &[All], top: &[All]) {
        let bits = bits_of(q.len());
        let q: Vec<All> = q.iter().map(|q| self.low(*q, LIMB)).collect();
        let [whole, top, n, quotient] = [whole, top, n, &q].map(|it| self.sum(it, LIMB));
        let mut left = Expression::default().plus(&top, &power(bits)).plus(&whole, &minus_one());
        left.add(&quotient.times(&n), &minus_one());
        for (q, at) in q.iter().zip((0..).step_by(LIMB as usize)) {
            if let Some(zero) = self.cleared.get(&q.0) {
                left.add(zero, &power(at));
            }
        }
        assert!(left.is_zero(), "not a Montgomery reduction");
        let modulus = n.clone();
        let (range, n) = (self.by_elements(&whole), self.by_elements(&n));
        let up = |x: &BigInt| -> BigInt { (x + power(bits) - 1) >> bits };
        let most = (&range.1 + n.1 * (power(bits) - 1)) >> bits;
        self.reduced.push(Reduced {
            whole: top,
            range: (up(&range.0), most),
            above: (up(&range.1), modulus),
        });
    }

    pub fn is_carried<const K: usize>(&mut self, before: &[All; K], after: [All; K]) -> [All; K] {
        let (was, is) = (self.sum(before, LIMB), self.sum(&after, LIMB));
        assert!(was == is, "carrying changed the value");
        let range = both(self.range_of(&was), self.sum_of_ranges(before, LIMB));
        assert!(range.0 >= BigInt::ZERO, "a number may be negative");
        assert!(range.1 < power(bits_of(K)), "a number may not fit");
        let mut limbs = after.map(|limb| self.range(limb).clone());
        let fits = limbs[..K - 1].iter().all(|limb| has_bits(limb, LIMB));
        assert!(fits, "a limb has more than 52 bits");
        let top = bits_of(K - 1);
        limbs[K - 1] = (&range.0 >> top, &range.1 >> top);
        let above = self.reduced.iter().find(|it| it.whole == was).map(|it| it.above.clone());
        self.element(limbs, range, above)
    }

    pub fn is_below<const K: usize>(
        &mut self,
        before: &[All; K],
        n: &[All; K],
        less: All,
        difference: &[All; K],
        after: [All; K],
    ) -> [All; K] {
        let (x, n) = (self.sum(before, LIMB), self.sum(n, LIMB));
        let mut left = self.sum(difference, LIMB);
        left.add(self.expression(less), &power(bits_of(K)));
        let left = left.plus(&x, &minus_one()).plus(&n, &one());
        assert!(left.is_zero(), "not the difference");
        let fits = difference.iter().all(|limb| has_bits(self.range(*limb), LIMB));
        assert!(fits, "a limb has more than 52 bits");
        assert!(*self.range(less) == (minus_one(), BigInt::ZERO), "not a borrow");
        for i in 0..K {
            let expected = (less.0, before[i].0, difference[i].0);
            assert!(self.chosen.get(&after[i].0) == Some(&expected), "not the choice");
        }
        let modulus = n.clone();
        let (n, x) = (self.by_elements(&n), self.by_elements(&x));
        let known = self.above(before).filter(|it| it.1 == modulus).map(|it| it.0);
        let above = known.unwrap_or(x.1 - &n.0);
        assert!(x.0 >= BigInt::ZERO && above < n.0, "not below after one subtraction");
        let range = (BigInt::ZERO, &n.1 - 1);
        let mut limbs = [(); K].map(|()| (BigInt::ZERO, power(LIMB) - 1));
        limbs[K - 1].1 = &range.1 >> bits_of(K - 1);
        self.element(limbs, range, None)
    }

    pub fn is_below_twice(&self, x: &[All], p: &[All]) {
        let [x, p] = [x, p].map(|it| self.by_elements(&self.sum(it, LIMB)));
        assert!(x.1 < p.0 * 2, "not below twice the modulus");
    }

    pub fn is_split(&self, before: &[All], up: All, digit: All, after: &[All], bits: u32) {
        let left = self.sum(before, LIMB).plus(self.expression(up), &one());
        let left = left.plus(self.expression(digit), &minus_one());
        let left = left.plus(&self.sum(after, LIMB), &-power(bits));
        assert!(left.is_zero(), "not split");
    }

    /// With h the leading 52 bits of n, which has `size`, b = `before` within n … 6 n, l = `leading` and
    /// v = `reciprocal`: n < 2^(size - 52) (h + 1) and v (h + 1) <= 2^103 < (v + 1) (h + 1). Then
    /// n (digit + 1) <= n l v / 2^52 <= 2^(size - 1) l <= 2^48 b, so that n or more is left; and
    /// n (digit + 2) > n l v / 2^52 >= 2^(size - 1) l (1 - 1 / (h + 1)) - n l / 2^52
    /// >= 2^(size - 1) l - n - n, and 2^(size - 1) l >= 2^48 b - 2 n, so that less than 6 n is left.
    pub fn is_rest<const D: usize>(&mut self, high: All, low: All, step: &Step<'_, All, D>) -> All {
        let Step { bits: size, before, leading, digit, reciprocal, complement, after } = *step;
        assert!(self.reciprocals.contains(&reciprocal.0), "not the reciprocal");
        let top = 48 * u32::try_from(D - 1).unwrap();
        let up = top + 49 - size;
        let floor = self.floor(before[D - 2], 48 - up);
        let mut expected = self.expression(floor).clone();
        expected.add(self.expression(before[D - 1]), &power(up));
        assert!(*self.expression(leading) == expected, "not the leading bits");
        let [_, (upper, _)] = self.product(leading, reciprocal);
        let expected = upper.plus(&Expression::constant(one()), &minus_one());
        assert!(*self.expression(digit) == expected, "not the digit");
        assert!(has_bits(self.range(digit), 52) && has_bits(self.range(leading), 52));
        // What `leading` leaves out, times 2^48, is at most 2 n.
        let below = self.most_of(&before[..D - 2]);
        let left_out = (power(size - 49) + below) << 48u32;
        assert!(left_out <= power(size), "the limbs are too large");
        let mut highest = self.expression(low).clone();
        highest.add(self.expression(high), &power(48));
        let mut left = self.sum(&after[..D - 1], 48);
        left.add(&highest, &power(top));
        left.add(&self.sum(before, 48), &-power(48));
        // 16 times all: so the complement is.
        let left = Expression::default().plus(&left, &BigInt::from(16));
        let left =
            left.plus(&self.expression(digit).times(&self.sum(complement, 48)), &minus_one());
        let left = left.plus(self.expression(digit), &power(top + 48 + 4));
        assert!(left.is_zero(), "not what is left");
        let least: BigInt = (power(size - 1) - self.most_of(&after[..D - 1])) >> top;
        self.lane(highest, (least, power(size - top) * 6 - 1))
    }

    /// The most that limbs of 48 bits, none of which is negative, can be.
    fn most_of(&self, limbs: &[All]) -> BigInt {
        let is_positive = limbs.iter().all(|limb| self.range(*limb).0 >= BigInt::ZERO);
        assert!(is_positive, "a limb may be negative");
        self.sum_of_ranges(limbs, 48).1
    }

    pub fn is_packed(&self, before: &[All], after: &[All], shift: u32) {
        let left = self.sum(after, LIMB).plus(&self.sum(before, 48), &-power(shift));
        assert!(left.is_zero(), "packing changed the value");
        let fits = after.iter().all(|limb| has_bits(self.range(*limb), LIMB));
        assert!(fits, "a limb has more than 52 bits");
    }
}
