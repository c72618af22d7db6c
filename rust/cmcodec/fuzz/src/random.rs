//! Chance that a seed repeats.

/// SplitMix64; without a state it has no chance.
pub struct Random(Option<u64>);

impl Random {
    /// The numbers that follow from `seed`.
    pub fn new(seed: u32) -> Self {
        Self(Some(u64::from(seed)))
    }

    /// None: what happens once in so many times never does.
    pub fn none() -> Self {
        Self(None)
    }

    fn next(&mut self) -> Option<u64> {
        let state = self.0?.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0 = Some(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(mixed ^ (mixed >> 31))
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.next().map_or(bound - 1, |number| (number % bound as u64) as usize)
    }

    /// True once in `bound` times.
    pub fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    /// One of `choices`, which are not none.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
