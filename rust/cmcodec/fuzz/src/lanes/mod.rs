//! Lanes of `cmcodec-lanes`: eight at once in registers, one number at a time, and whole numbers or
//! aws-lc beside them. Where the processor has no such registers, numbers alone are compared.

pub mod field;
#[path = "../../../../cmcodec-lanes/tests/kit/mod.rs"]
mod kit;
pub mod parts;
pub mod signatures;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use cmcodec_lanes::Machine;
use cmcodec_lanes::limbs::LIMB;

/// Lanes that are looked at together.
const EIGHT: usize = 8;

/// Numbers that an input stands for; behind its end, those that follow from what was read.
pub struct Octets<'a> {
    rest: &'a [u8],
    state: u64,
}

impl<'a> Octets<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest, state: 0 }
    }

    fn take<const K: usize>(&mut self) -> [u8; K] {
        if let Some((first, rest)) = self.rest.split_first_chunk() {
            self.rest = rest;
            self.state = first.iter().fold(self.state, |sum, it| {
                (sum.rotate_left(9) ^ u64::from(*it)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            return *first;
        }
        self.rest = &[];
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mixed = (mixed ^ (mixed >> 31)).to_le_bytes();
        std::array::from_fn(|i| mixed[i])
    }

    /// One of so many, 256 at most.
    pub fn choice(&mut self, bound: usize) -> usize {
        usize::from(u8::from_le_bytes(self.take())) % bound
    }

    pub fn word(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    /// A limb, often at an end of what it can be.
    fn limb(&mut self) -> u64 {
        match self.choice(8) {
            0 => 0,
            1 => LIMB,
            2 => 1 << self.choice(52),
            3 => LIMB - (1 << self.choice(52)),
            _ => self.word() & LIMB,
        }
    }

    /// A number in limbs, often at an end of what is allowed: `most` is the largest.
    pub fn number<const K: usize>(&mut self, most: &[u64; K]) -> [u64; K] {
        let mut found = match self.choice(8) {
            0 => [0; K],
            1 | 2 => *most,
            _ => [(); K].map(|()| self.limb()),
        };
        if self.choice(4) == 0 {
            found[self.choice(K)] = self.limb();
        }
        for i in (0..K).rev() {
            if found[i] > most[i] {
                found[i] = most[i] - u64::from(most[i] > 0 && self.choice(2) == 0);
            }
            if found[i] < most[i] {
                break;
            }
        }
        found
    }
}

/// Counts executions of functions on lanes, and says now and then how many there were:
/// `tools/fuzz.py` reads it.
fn tell(lanes: usize, missed: usize) {
    static INPUTS: AtomicU64 = AtomicU64::new(0);
    static LANES: AtomicU64 = AtomicU64::new(0);
    static MISSED: AtomicU64 = AtomicU64::new(0);
    let missed = MISSED.fetch_add(missed as u64, Relaxed) + missed as u64;
    let lanes = LANES.fetch_add(lanes as u64, Relaxed) + lanes as u64;
    if INPUTS.fetch_add(1, Relaxed).is_multiple_of(256) {
        let machine = if Machine::detect().is_some() { "registers" } else { "numbers" };
        eprintln!("lanes: {lanes} of {machine}, {missed} left to the library");
    }
}
