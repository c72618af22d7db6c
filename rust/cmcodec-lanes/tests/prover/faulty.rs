//! A lane that leaves out one operation.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::{Add, Sub};
use std::panic::Location;

use cmcodec_lanes::lane::{Lane, Step};

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    static PLACE: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
    static EVERYWHERE: Cell<Option<Place>> = const { Cell::new(None) };
    static MET: RefCell<BTreeSet<Place>> = const { RefCell::new(BTreeSet::new()) };
}

/// Where an operation stands in the text: file, line, column.
type Place = (&'static str, u32, u32);

/// Does what `L` does, but for one operation.
#[derive(Clone, Copy, Debug)]
pub struct Faulty<L>(pub L);

/// Whether this operation is the one.
#[track_caller]
fn is_left_out() -> bool {
    let caller = Location::caller();
    if let Some(place) = EVERYWHERE.get() {
        let here = (caller.file(), caller.line(), caller.column());
        if place == NOWHERE {
            MET.with_borrow_mut(|met| met.insert(here));
        }
        return place == here;
    }
    let is_it = LEFT.with(|it| it.replace(it.get().wrapping_sub(1)) == 0);
    if is_it {
        PLACE.set(Some(caller));
    }
    is_it
}

const NOWHERE: Place = ("", 0, 0);

/// Leaves out one operation of the text after the other, wherever it is run: those that `is_right` still
/// calls right must stand in one of these lines, and one in each.
pub fn every_place_is_needed(
    name: &str,
    is_right: impl Fn() -> bool,
    without_effect: &[(&str, &str)],
) {
    EVERYWHERE.set(Some(NOWHERE));
    assert!(is_right(), "{name}");
    let met = MET.take();
    let is_unnoticed = |place: &Place| {
        EVERYWHERE.set(Some(*place));
        is_right()
    };
    let count = met.len();
    let unnoticed: Vec<_> =
        met.into_iter().filter(is_unnoticed).map(|(file, line, _)| text(file, line)).collect();
    EVERYWHERE.set(None);
    println!("{name}: {count} places, {} without effect", unnoticed.len());
    compare(name, &unnoticed, without_effect);
}

/// Whether these lines, and no others, are listed.
fn compare(name: &str, unnoticed: &[String], without_effect: &[(&str, &str)]) {
    let found: BTreeSet<&str> = unnoticed.iter().map(String::as_str).collect();
    let listed: BTreeSet<&str> = without_effect.iter().map(|(line, _)| *line).collect();
    if found != listed {
        println!("{name}: {found:#?}");
    }
    assert!(found == listed, "{name}");
}

/// Runs it without operation number `index`, counted from 0.
pub fn without<T>(index: u64, run: impl FnOnce() -> T) -> T {
    LEFT.set(index);
    let found = run();
    LEFT.set(u64::MAX);
    found
}

/// Runs it, and has the same operation left out of what follows.
pub fn again<T>(run: impl FnOnce() -> T) -> T {
    let left = LEFT.get();
    let found = run();
    LEFT.set(left);
    found
}

/// Leaves out one operation of `run` after the other: those that `is_right` still calls right must
/// stand in one of these lines of the text, and one in each. Beside it stands why it has no effect.
pub fn every_operation_is_needed(
    name: &str,
    run: impl FnOnce(),
    is_right: impl Fn() -> bool,
    without_effect: &[(&str, &str)],
) {
    LEFT.set(u64::MAX);
    run();
    let count = u64::MAX - LEFT.get();
    let is_unnoticed = |index: &u64| without(*index, &is_right);
    let unnoticed: Vec<_> = (0..count)
        .filter(is_unnoticed)
        .map(|_| PLACE.get().expect("an operation was left out"))
        .map(|place| text(place.file(), place.line()))
        .collect();
    println!("{name}: {count} operations, {} without effect", unnoticed.len());
    compare(name, &unnoticed, without_effect);
}

/// The line of the text.
fn text(file: &str, line: u32) -> String {
    let file = file.rsplit("src/").next().unwrap();
    let path = format!("{}/src/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the text of the crate");
    let line = text.lines().nth(line as usize - 1).unwrap();
    format!("{file}: {}", line.trim())
}

impl<L: Lane> Add for Faulty<L> {
    type Output = Self;
    #[track_caller]
    fn add(self, other: Self) -> Self {
        if is_left_out() { self } else { Self(self.0 + other.0) }
    }
}

impl<L: Lane> Sub for Faulty<L> {
    type Output = Self;
    #[track_caller]
    fn sub(self, other: Self) -> Self {
        if is_left_out() { self } else { Self(self.0 - other.0) }
    }
}

impl<L: Lane> Lane for Faulty<L> {
    fn set(x: u64) -> Self {
        Self(L::set(x))
    }
    #[track_caller]
    fn shl(self, bits: u32) -> Self {
        if is_left_out() { self } else { Self(self.0.shl(bits)) }
    }
    #[track_caller]
    fn shr(self, bits: u32) -> Self {
        if is_left_out() { Self(L::set(0)) } else { Self(self.0.shr(bits)) }
    }
    #[track_caller]
    fn sar(self, bits: u32) -> Self {
        if is_left_out() { Self(L::set(0)) } else { Self(self.0.sar(bits)) }
    }
    #[track_caller]
    fn low(self, bits: u32) -> Self {
        if is_left_out() { self } else { Self(self.0.low(bits)) }
    }
    #[track_caller]
    fn plus_low(self, a: Self, b: Self) -> Self {
        if is_left_out() { self } else { Self(self.0.plus_low(a.0, b.0)) }
    }
    #[track_caller]
    fn plus_high(self, a: Self, b: Self) -> Self {
        if is_left_out() { self } else { Self(self.0.plus_high(a.0, b.0)) }
    }
    #[track_caller]
    fn select(self, negative: Self, other: Self) -> Self {
        if is_left_out() { other } else { Self(self.0.select(negative.0, other.0)) }
    }
    #[track_caller]
    fn select_all<const K: usize>(self, negative: &[Self; K], other: &[Self; K]) -> [Self; K] {
        if is_left_out() {
            return *other;
        }
        faulty(self.0.select_all(&right(*negative), &right(*other)))
    }
    fn own<const K: usize, const E: usize>(
        table: &[[[Self; K]; E]],
        index: Self,
    ) -> [[Self; K]; E] {
        let table: Vec<_> = table.iter().map(|entry| entry.map(right)).collect();
        L::own(&table, index.0).map(faulty)
    }
    fn shared<const K: usize, const E: usize>(
        table: &[[[u64; K]; E]],
        index: Self,
    ) -> [[Self; K]; E] {
        L::shared(table, index.0).map(faulty)
    }
    #[track_caller]
    fn digit(self, inverse: Self) -> Self {
        if is_left_out() { self } else { Self(self.0.digit(inverse.0)) }
    }
    fn is_cleared(before: Self, digit: Self, inverse: Self, lowest: Self, after: Self) {
        L::is_cleared(before.0, digit.0, inverse.0, lowest.0, after.0);
    }
    fn is_product(a: &[Self], b: &[Self], whole: &[Self]) {
        L::is_product(&lanes(a), &lanes(b), &lanes(whole));
    }
    fn is_congruent(before: &[Self], after: &[Self]) {
        L::is_congruent(&lanes(before), &lanes(after));
    }
    fn is_reduced(whole: &[Self], q: &[Self], n: &[Self], top: &[Self]) {
        L::is_reduced(&lanes(whole), &lanes(q), &lanes(n), &lanes(top));
    }
    fn is_carried<const K: usize>(before: &[Self; K], after: [Self; K]) -> [Self; K] {
        faulty(L::is_carried(&right(*before), right(after)))
    }
    fn is_below<const K: usize>(
        before: &[Self; K],
        n: &[Self; K],
        less: Self,
        difference: &[Self; K],
        after: [Self; K],
    ) -> [Self; K] {
        let [before, n, difference] = [before, n, difference].map(|it| right(*it));
        faulty(L::is_below(&before, &n, less.0, &difference, right(after)))
    }
    fn is_below_twice(x: &[Self], p: &[Self]) {
        L::is_below_twice(&lanes(x), &lanes(p));
    }
    fn is_split(before: &[Self], up: Self, digit: Self, after: &[Self], bits: u32) {
        L::is_split(&lanes(before), up.0, digit.0, &lanes(after), bits);
    }
    fn is_rest<const D: usize>(high: Self, low: Self, step: &Step<'_, Self, D>) -> Self {
        let [before, complement, after] =
            [step.before, step.complement, step.after].map(|it| right(*it));
        let step = Step {
            bits: step.bits,
            before: &before,
            leading: step.leading.0,
            digit: step.digit.0,
            reciprocal: step.reciprocal.0,
            complement: &complement,
            after: &after,
        };
        Self(L::is_rest(high.0, low.0, &step))
    }
    fn is_packed(before: &[Self], after: &[Self], shift: u32) {
        L::is_packed(&lanes(before), &lanes(after), shift);
    }
}

fn lanes<L: Lane>(of: &[Faulty<L>]) -> Vec<L> {
    of.iter().map(|lane| lane.0).collect()
}

/// Lanes of which one operation may be left out.
pub fn faulty<L: Lane, const K: usize>(limbs: [L; K]) -> [Faulty<L>; K] {
    limbs.map(Faulty)
}

/// What is in them.
pub fn right<L: Lane, const K: usize>(limbs: [Faulty<L>; K]) -> [L; K] {
    limbs.map(|lane| lane.0)
}
