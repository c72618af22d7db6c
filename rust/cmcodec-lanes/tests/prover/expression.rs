//! Exact expressions in unknowns, and ranges of whole numbers.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_integer::Integer;

/// From the least to the most.
pub type Range = (BigInt, BigInt);

/// Two unknowns of which it is the product; unknown 0 is the number 1.
pub type Monomial = (u32, u32);

/// A sum of monomials with their factors, none of which is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression(pub BTreeMap<Monomial, BigInt>);

impl Expression {
    /// A number.
    pub fn constant(x: BigInt) -> Self {
        Self::monomial((0, 0), x)
    }

    /// An unknown.
    pub fn unknown(a: u32) -> Self {
        Self::monomial((0, a), BigInt::from(1))
    }

    pub fn monomial(monomial: Monomial, factor: BigInt) -> Self {
        let mut found = Self::default();
        found.add_one(monomial, factor);
        found
    }

    fn add_one(&mut self, monomial: Monomial, factor: BigInt) {
        let slot = self.0.entry(monomial).or_default();
        *slot += factor;
        if *slot == BigInt::ZERO {
            self.0.remove(&monomial);
        }
    }

    /// Adds another one `factor` times.
    pub fn add(&mut self, other: &Self, factor: &BigInt) {
        for (monomial, one) in &other.0 {
            self.add_one(*monomial, one * factor);
        }
    }

    /// The same, of which nothing is to be left.
    pub fn plus(mut self, other: &Self, factor: &BigInt) -> Self {
        self.add(other, factor);
        self
    }

    /// The product of two that are sums of unknowns.
    pub fn times(&self, other: &Self) -> Self {
        let mut found = Self::default();
        for (m, c) in &self.0 {
            for (n, d) in &other.0 {
                let monomial = match (*m, *n) {
                    ((0, 0), other) | (other, (0, 0)) => other,
                    ((0, a), (0, b)) => (a.min(b), a.max(b)),
                    _ => panic!("a product of products"),
                };
                found.add_one(monomial, c * d);
            }
        }
        found
    }

    /// A quotient without a rest, where there is one.
    pub fn shifted_down(&self, bits: u32) -> Option<Self> {
        let power = power(bits);
        let is_multiple = self.0.values().all(|factor| factor.is_multiple_of(&power));
        let quotient = || self.0.iter().map(|(m, factor)| (*m, factor >> bits)).collect();
        is_multiple.then(|| Self(quotient()))
    }

    /// The number that it is, if it is one.
    pub fn as_constant(&self) -> Option<BigInt> {
        match self.0.len() {
            0 => Some(BigInt::ZERO),
            1 => self.0.get(&(0, 0)).cloned(),
            _ => None,
        }
    }

    /// The unknown that it is, if it is one.
    pub fn as_unknown(&self) -> Option<u32> {
        let ((_, a), _) = self.0.first_key_value()?;
        (*self == Self::unknown(*a)).then_some(*a)
    }

    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

/// 2^bits.
pub fn power(bits: u32) -> BigInt {
    BigInt::from(1) << bits
}

/// Each number of the range times `factor`.
pub fn scaled(range: &Range, factor: &BigInt) -> Range {
    let (a, b) = (&range.0 * factor, &range.1 * factor);
    if a <= b { (a, b) } else { (b, a) }
}

/// The products of a number of each.
pub fn multiplied(a: &Range, b: &Range) -> Range {
    let all = [&a.0 * &b.0, &a.0 * &b.1, &a.1 * &b.0, &a.1 * &b.1];
    (all.iter().min().unwrap().clone(), all.iter().max().unwrap().clone())
}

/// The sum of a number of each.
pub fn added(a: Range, b: Range) -> Range {
    (a.0 + b.0, a.1 + b.1)
}

/// What is in both.
pub fn both(a: Range, b: Range) -> Range {
    (a.0.max(b.0), a.1.min(b.1))
}

/// What is in one of them.
pub fn either(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Whether a limb has no sign and at most `bits` bits.
pub fn has_bits(range: &Range, bits: u32) -> bool {
    range.0 >= BigInt::ZERO && range.1 < power(bits)
}
