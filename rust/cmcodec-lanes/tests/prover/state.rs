//! What is known of lanes.

use std::cell::RefCell;
use std::collections::HashMap;

use num_bigint::BigInt;
use num_integer::Integer;

use super::All;
use super::expression::{Expression, Range, added, both, either, multiplied, power, scaled};

/// Bits of a limb.
pub const LIMB: u32 = 52;
/// Bits of the highest limb of five that stay when what is above 2^256 is folded.
const FOLDED: u32 = 48;

/// A number in limbs of which more is known than of each limb.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its limbs.
    pub unknowns: Vec<u32>,
    pub range: Range,
    /// By how much it may be above the modulus that it was reduced by, and that modulus.
    pub above: Option<(BigInt, Expression)>,
}

/// A number that was reduced.
#[derive(Debug)]
pub struct Reduced {
    pub whole: Expression,
    pub range: Range,
    pub above: (BigInt, Expression),
}

/// What each lane is: an exact expression, and the range of it.
#[derive(Debug, Default)]
pub struct State {
    /// p, for what is congruent.
    pub modulus: BigInt,
    nodes: Vec<(Expression, Range)>,
    unknowns: Vec<Range>,
    /// Of a lane and bits, the lane that is the floor, and the one of the lowest bits.
    floors: HashMap<(usize, u32), usize>,
    lows: HashMap<(usize, u32), usize>,
    /// Of an unknown, the lane and the bits that it is the floor of.
    floor_of: HashMap<u32, (usize, u32)>,
    /// Of two lanes, the unknown that is the upper half of their product.
    halves: HashMap<(usize, usize), u32>,
    pub elements: Vec<Element>,
    element_of: HashMap<u32, usize>,
    pub reduced: Vec<Reduced>,
    /// Of a choice: by what lane, and between which.
    pub chosen: HashMap<usize, (usize, usize, usize)>,
    /// Pairs of which the product is -1 mod 2^52.
    pub inverses: Vec<(usize, usize)>,
    /// Of a digit of a quotient: what is to be cleared, by which inverse.
    pub digits: HashMap<usize, (usize, usize)>,
    /// Of a digit, what is zero because of it.
    pub cleared: HashMap<usize, Expression>,
    /// Lanes that are the reciprocal of the modulus of a division.
    pub reciprocals: Vec<usize>,
}

thread_local! { static STATE: RefCell<State> = RefCell::default(); }

/// Asks or tells the state.
pub fn with<T>(f: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(f)
}

impl State {
    pub fn new(modulus: BigInt) -> Self {
        Self { modulus, ..Self::default() }
    }

    pub fn expression(&self, lane: All) -> &Expression {
        &self.nodes[lane.0].0
    }

    pub fn range(&self, lane: All) -> &Range {
        &self.nodes[lane.0].1
    }

    pub fn unknown(&mut self, range: Range) -> u32 {
        if self.unknowns.is_empty() {
            self.unknowns.push((BigInt::from(1), BigInt::from(1)));
        }
        self.unknowns.push(range);
        u32::try_from(self.unknowns.len() - 1).unwrap()
    }

    /// A lane; refuses one that leaves 64 bits, with a sign or without.
    pub fn lane(&mut self, expression: Expression, range: Range) -> All {
        let (least, most) = &range;
        assert!(least <= most, "empty");
        let fits = *least >= BigInt::ZERO && *most < power(64);
        let fits = fits || *least >= -power(63) && *most < power(63);
        assert!(fits, "a lane leaves 64 bits: {least} to {most}");
        self.nodes.push((expression, range));
        All(self.nodes.len() - 1)
    }

    pub fn constant(&mut self, x: BigInt) -> All {
        self.lane(Expression::constant(x.clone()), (x.clone(), x))
    }

    /// A lane of which nothing but the range is known.
    pub fn new_lane(&mut self, range: Range) -> All {
        let a = self.unknown(range.clone());
        self.lane(Expression::unknown(a), range)
    }

    /// The floor over 2^bits.
    pub fn floor(&mut self, lane: All, bits: u32) -> All {
        if let Some(known) = self.floors.get(&(lane.0, bits)) {
            return All(*known);
        }
        let (expression, (least, most)) = self.nodes[lane.0].clone();
        let range = (least.div_floor(&power(bits)), most.div_floor(&power(bits)));
        let floor = if range.0 == range.1 {
            self.constant(range.0)
        } else if let Some(quotient) = expression.shifted_down(bits) {
            self.lane(quotient, range)
        } else {
            let a = self.unknown(range.clone());
            self.floor_of.insert(a, (lane.0, bits));
            self.lane(Expression::unknown(a), range)
        };
        self.floors.insert((lane.0, bits), floor.0);
        floor
    }

    /// The lowest bits.
    pub fn low(&mut self, lane: All, bits: u32) -> All {
        if let Some(known) = self.lows.get(&(lane.0, bits)) {
            return All(*known);
        }
        let floor = self.floor(lane, bits);
        let (floor, (least, most)) = self.nodes[floor.0].clone();
        if (&least, &most) == (&BigInt::ZERO, &BigInt::ZERO) {
            return lane;
        }
        let (expression, range) = self.nodes[lane.0].clone();
        let range = match least == most {
            true => (range.0 - &least * power(bits), range.1 - least * power(bits)),
            false => (BigInt::ZERO, power(bits) - 1),
        };
        let low = self.lane(expression.plus(&floor, &-power(bits)), range);
        self.lows.insert((lane.0, bits), low.0);
        low
    }

    /// The product of the lowest 52 bits of both, and its upper half, each with its range.
    pub fn product(&mut self, a: All, b: All) -> [(Expression, Range); 2] {
        let (a, b) = (self.low(a, LIMB), self.low(b, LIMB));
        let (a, b) = (a.0.min(b.0), a.0.max(b.0));
        let ((ea, ra), (eb, rb)) = (self.nodes[a].clone(), self.nodes[b].clone());
        let range = (&ra.0 * &rb.0, &ra.1 * &rb.1);
        let half: Range = (&range.0 >> LIMB, &range.1 >> LIMB);
        let upper = if half.0 == half.1 {
            Expression::constant(half.0.clone())
        } else if let Some(known) = self.halves.get(&(a, b)) {
            Expression::unknown(*known)
        } else {
            let upper = self.unknown(half.clone());
            self.halves.insert((a, b), upper);
            Expression::unknown(upper)
        };
        [(ea.times(&eb), range), (upper, half)]
    }

    /// The number that limbs of so many bits are.
    pub fn sum(&self, limbs: &[All], bits: u32) -> Expression {
        let mut sum = Expression::default();
        for (limb, at) in limbs.iter().zip((0..).step_by(bits as usize)) {
            sum.add(self.expression(*limb), &power(at));
        }
        sum
    }

    /// What it is within by what is known of each limb.
    pub fn sum_of_ranges(&self, limbs: &[All], bits: u32) -> Range {
        limbs.iter().rev().fold((BigInt::ZERO, BigInt::ZERO), |sum, limb| {
            added((sum.0 << bits, sum.1 << bits), self.range(*limb).clone())
        })
    }

    /// What an expression is within by what is known of each unknown.
    fn by_unknowns(&self, expression: &Expression) -> Range {
        let mut sum = (BigInt::ZERO, BigInt::ZERO);
        for ((a, b), factor) in &expression.0 {
            let one = (BigInt::from(1), BigInt::from(1));
            let [a, b] = [a, b].map(|it| match it {
                0 => &one,
                it => &self.unknowns[*it as usize],
            });
            sum = added(sum, scaled(&multiplied(a, b), factor));
        }
        sum
    }

    /// The element of which an unknown is the highest limb.
    fn whole(&self, highest: u32) -> Option<&Element> {
        let element = &self.elements[*self.element_of.get(&highest)?];
        (element.unknowns.last() == Some(&highest)).then_some(element)
    }

    /// The same by what is known of elements and of products of two, where they stand whole.
    pub fn by_elements(&self, expression: &Expression) -> Range {
        let (mut rest, mut sum) = (expression.clone(), (BigInt::ZERO, BigInt::ZERO));
        for ((a, b), factor) in &expression.0 {
            let (limbs, range, others) = match (*a, self.whole(*a), self.whole(*b)) {
                (0, _, Some(element)) => (element.unknowns.clone(), element.range.clone(), vec![0]),
                (_, Some(a), Some(b)) => {
                    let range = multiplied(&a.range, &b.range);
                    (a.unknowns.clone(), range, b.unknowns.clone())
                }
                _ => continue,
            };
            let highest = LIMB * u32::try_from(limbs.len() + others.len() - 2).unwrap();
            let (factor, left) = factor.div_rem(&power(highest));
            if left != BigInt::ZERO {
                continue;
            }
            for (a, i) in limbs.iter().zip((0..).step_by(52)) {
                for (b, j) in others.iter().zip((0..).step_by(52)) {
                    let monomial = ((*a).min(*b), (*a).max(*b));
                    rest.add(&Expression::monomial(monomial, power(i + j)), &-&factor);
                }
            }
            sum = added(sum, scaled(&range, &factor));
        }
        both(added(sum, self.by_unknowns(&rest)), self.by_unknowns(expression))
    }

    /// What a number that was carried is within.
    pub fn range_of(&self, number: &Expression) -> Range {
        if let Some(reduced) = self.reduced.iter().find(|it| it.whole == *number) {
            return reduced.range.clone();
        }
        let is_fold = |a: &u32| self.floor_of.get(a).is_some_and(|it| it.1 == FOLDED);
        match number.0.keys().find(|(_, a)| is_fold(a)) {
            Some((_, floor)) => self.folded(number, *floor),
            None => self.by_elements(number),
        }
    }

    /// What was folded is some floor of the highest of five limbs: one case for each.
    fn folded(&self, number: &Expression, floor: u32) -> Range {
        let (lane, bits) = self.floor_of[&floor];
        let (top, within) = &self.nodes[lane];
        let factor = number.0[&(0, floor)].clone();
        let mut without = number.clone();
        without.0.remove(&(0, floor));
        let below = self.by_unknowns(&without.clone().plus(top, &-power(4 * LIMB)));
        let all = self.by_elements(&without);
        let cases = &self.unknowns[floor as usize];
        let mut found: Option<Range> = None;
        let mut case = cases.0.clone();
        while case <= cases.1 {
            let above = &case * power(bits);
            let low = (&within.0 - &above, &within.1 - &above);
            let low = scaled(&both(low, (BigInt::ZERO, power(bits) - 1)), &power(4 * LIMB));
            let fixed = &case * &factor;
            // Either way to see it holds: as a whole, and by what is left of the highest limb.
            let one = (&all.0 + &fixed, &all.1 + &fixed);
            let fixed = fixed + above * power(4 * LIMB);
            let range = both(one, (&below.0 + low.0 + &fixed, &below.1 + low.1 + fixed));
            if range.0 <= range.1 {
                found = Some(found.map_or(range.clone(), |found| either(found, range)));
            }
            case += 1;
        }
        found.expect("no case")
    }

    /// A number of which the limbs and the whole are within these ranges.
    pub fn element<const K: usize>(
        &mut self,
        limbs: [Range; K],
        range: Range,
        above: Option<(BigInt, Expression)>,
    ) -> [All; K] {
        let lanes = limbs.map(|limb| self.new_lane(limb));
        let unknowns = lanes.map(|lane| self.expression(lane).as_unknown().unwrap()).to_vec();
        for a in &unknowns {
            self.element_of.insert(*a, self.elements.len());
        }
        self.elements.push(Element { unknowns, range, above });
        lanes
    }

    /// By how much these limbs may be above n: known where they are, limb by limb, what was reduced.
    pub fn above(&self, limbs: &[All]) -> Option<(BigInt, Expression)> {
        let unknowns = limbs.iter().map(|limb| self.expression(*limb).as_unknown());
        let unknowns: Vec<u32> = unknowns.collect::<Option<_>>()?;
        let element = self.whole(*unknowns.last()?)?;
        element.above.clone().filter(|_| element.unknowns == unknowns)
    }

    /// One side of a choice: narrower where it differs from the sign, or its negative, by a constant.
    pub fn side(&self, side: All, sign: All, within: &Range) -> Range {
        let (expression, range) = &self.nodes[side.0];
        let mut found = range.clone();
        for factor in [BigInt::from(1), BigInt::from(-1)] {
            let rest = expression.clone().plus(self.expression(sign), &-&factor);
            if let Some(constant) = rest.as_constant() {
                let range = scaled(within, &factor);
                found = both(found, (range.0 + &constant, range.1 + constant));
            }
        }
        found
    }
}
