//! What the arithmetic is written over: a lane of 64 bits.
//!
//! One text serves three readers. [`Number`] runs it on one number, on every machine; eight numbers
//! in a register run it where the processor has AVX-512 IFMA; and in the tests a set of numbers
//! runs it on all of them at once, which proves it. Nothing outside this file names an instruction.

use core::ops::{Add, Sub};

/// A lane: 64 bits, which the text adds, shifts and multiplies. A sum, a difference and a shift to
/// the left that leave 64 bits are wrapped by numbers and refused by the prover.
///
/// Functions that begin with `is_` state what the code means. Numbers ignore them; the prover
/// proves them, and knows afterwards what they say.
pub trait Lane: Copy + Add<Output = Self> + Sub<Output = Self> {
    /// A constant.
    fn set(x: u64) -> Self;
    /// Times 2^bits; the bits of a shift are constants, here and below.
    #[must_use]
    fn shl(self, bits: u32) -> Self;
    /// The floor over 2^bits, of a lane that is not negative.
    #[must_use]
    fn shr(self, bits: u32) -> Self;
    /// The floor over 2^bits, of a lane with a sign.
    #[must_use]
    fn sar(self, bits: u32) -> Self;
    /// The lowest bits.
    #[must_use]
    fn low(self, bits: u32) -> Self;
    /// `self` plus the low half (52 bits) of the product of the lowest 52 bits of both.
    #[must_use]
    fn plus_low(self, a: Self, b: Self) -> Self;
    /// `self` plus the high half.
    #[must_use]
    fn plus_high(self, a: Self, b: Self) -> Self;
    /// `negative` where this lane is below zero, else `other`.
    #[must_use]
    fn select(self, negative: Self, other: Self) -> Self;
    /// The same of numbers in limbs.
    #[inline(always)]
    #[must_use]
    fn select_all<const K: usize>(self, negative: &[Self; K], other: &[Self; K]) -> [Self; K] {
        let mut selected = *other;
        for i in 0..K {
            selected[i] = self.select(negative[i], other[i]);
        }
        selected
    }
    /// The entry of a table that each lane has for itself.
    fn own<const K: usize, const E: usize>(table: &[[[Self; K]; E]], index: Self)
    -> [[Self; K]; E];
    /// The entry of a table of constants, which is not empty.
    fn shared<const K: usize, const E: usize>(
        table: &[[[u64; K]; E]],
        index: Self,
    ) -> [[Self; K]; E];
    /// Runs `P`, as a function of its own.
    #[inline(never)]
    fn call<P: Product<K>, const K: usize>(a: &[Self; K], b: &[Self; K]) -> [Self; K] {
        P::run(a, b)
    }
    /// A digit of Montgomery's quotient: the low half of the product with -1/n mod 2^52.
    #[inline(always)]
    #[must_use]
    fn digit(self, inverse: Self) -> Self {
        Self::set(0).plus_low(self, inverse)
    }
    /// `after` is `before` plus the low half of `digit` times the lowest limb of the modulus: its
    /// lowest 52 bits are zero.
    #[inline(always)]
    fn is_cleared(_before: Self, _digit: Self, _inverse: Self, _lowest: Self, _after: Self) {}
    /// `whole` is a b.
    #[inline(always)]
    fn is_product(_a: &[Self], _b: &[Self], _whole: &[Self]) {}
    /// `after` differs from `before` by a multiple of p.
    #[inline(always)]
    fn is_congruent(_before: &[Self], _after: &[Self]) {}
    /// `top` is (`whole` + q n) / 2^(52 limbs), where the limbs of q are the lowest 52 bits of each.
    #[inline(always)]
    fn is_reduced(_whole: &[Self], _q: &[Self], _n: &[Self], _top: &[Self]) {}
    /// `after` is `before` with limbs of 52 bits, and neither is negative.
    #[inline(always)]
    fn is_carried<const K: usize>(_before: &[Self; K], after: [Self; K]) -> [Self; K] {
        after
    }
    /// `after` is `before` mod n and below n; `less` is -1 where `before` is.
    #[inline(always)]
    fn is_below<const K: usize>(
        _before: &[Self; K],
        _n: &[Self; K],
        _less: Self,
        _difference: &[Self; K],
        after: [Self; K],
    ) -> [Self; K] {
        after
    }
    /// `x` is below 2 p.
    #[inline(always)]
    fn is_below_twice(_x: &[Self], _p: &[Self]) {}
    /// `before` + `up` is `digit` + 2^`bits` `after`.
    #[inline(always)]
    fn is_split(_before: &[Self], _up: Self, _digit: Self, _after: &[Self], _bits: u32) {}
    /// The highest limb, `low` + 2^48 `high`, of what a step of a division leaves: see
    /// [`crate::rsa::step`]. It fits, although `high` is not known to be small by itself, if what is divided
    /// is below 6 n, as it is in the beginning and stays.
    #[inline(always)]
    fn is_rest<const D: usize>(high: Self, low: Self, _step: &Step<'_, Self, D>) -> Self {
        high.shl(48) + low
    }
    /// `after` (limbs of 52 bits) is 2^`shift` `before` (limbs of 48 bits, and more in them).
    #[inline(always)]
    fn is_packed(_before: &[Self], _after: &[Self], _shift: u32) {}
}

/// A step of a division: what it began with, and what it made but for the highest limb.
#[derive(Debug)]
pub struct Step<'a, L, const D: usize> {
    /// Bits of the modulus.
    pub bits: u32,
    /// What is divided.
    pub before: &'a [L; D],
    /// Its leading bits.
    pub leading: L,
    /// The digit of the quotient.
    pub digit: L,
    /// See [`crate::rsa::reciprocal`].
    pub reciprocal: L,
    /// 16 (2^(48 D) - n), limb by limb.
    pub complement: &'a [L; D],
    /// What is left.
    pub after: &'a [L; D],
}

/// A product, or what else is made of two numbers.
pub trait Product<const K: usize> {
    /// Makes it.
    fn run<L: Lane>(a: &[L; K], b: &[L; K]) -> [L; K];
}

/// Lanes there are at most.
pub const MOST: usize = 8;

/// Lanes that come from numbers, and are numbers in the end.
pub trait Lanes: Lane {
    /// How many there are.
    const COUNT: usize;
    /// Of each, what `number` gives for it.
    fn from_numbers(number: impl Fn(usize) -> u64) -> Self;
    /// The numbers in them; what is behind the last is 0.
    fn numbers(&self) -> [u64; MOST];
}

/// Work for lanes of whatever kind. What is for registers is compiled for them where it is inlined
/// into what asked for them: as far as the calls of products all is `#[inline(always)]`, and no
/// closure that has much to do.
pub trait Work {
    /// What it gives.
    type Output;
    /// Does it.
    fn run<L: Lanes>(self) -> Self::Output;
}

/// One number: what every machine can do, and what the register is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub u64);

impl Add for Number {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl Sub for Number {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

#[inline(always)]
fn product(a: Number, b: Number) -> u128 {
    u128::from(a.low(52).0) * u128::from(b.low(52).0)
}

impl Lane for Number {
    #[inline(always)]
    fn set(x: u64) -> Self {
        Self(x)
    }
    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        Self(self.0 << bits)
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(self.0 >> bits)
    }
    #[inline(always)]
    #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)] // The sign bit is what is meant.
    fn sar(self, bits: u32) -> Self {
        Self((self.0 as i64 >> bits) as u64)
    }
    #[inline(always)]
    fn low(self, bits: u32) -> Self {
        Self(self.0 & ((1 << bits) - 1))
    }
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // The low half is meant.
    fn plus_low(self, a: Self, b: Self) -> Self {
        self + Self(product(a, b) as u64).low(52)
    }
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // Of 104 bits, 52 are left.
    fn plus_high(self, a: Self, b: Self) -> Self {
        self + Self((product(a, b) >> 52) as u64)
    }
    #[inline(always)]
    fn select(self, negative: Self, other: Self) -> Self {
        if self.0 >> 63 == 1 { negative } else { other }
    }
    #[allow(clippy::cast_possible_truncation)] // It is proved to be within the table.
    fn own<const K: usize, const E: usize>(
        table: &[[[Self; K]; E]],
        index: Self,
    ) -> [[Self; K]; E] {
        table[index.0 as usize]
    }
    #[allow(clippy::cast_possible_truncation)] // As above.
    fn shared<const K: usize, const E: usize>(
        table: &[[[u64; K]; E]],
        index: Self,
    ) -> [[Self; K]; E] {
        table[index.0 as usize].map(|number| number.map(Self))
    }
}

impl Lanes for Number {
    const COUNT: usize = 1;
    fn from_numbers(number: impl Fn(usize) -> u64) -> Self {
        Self(number(0))
    }
    fn numbers(&self) -> [u64; MOST] {
        [self.0, 0, 0, 0, 0, 0, 0, 0]
    }
}

/// How a machine does work: in registers, where it has them, or one number at a time.
#[derive(Clone, Copy, Debug)]
pub struct Machine(Option<simd::Detected>);

impl Machine {
    /// One number at a time.
    pub const NUMBERS: Self = Self(None);

    /// In registers, where this processor has every instruction that is used, and the operating
    /// system keeps what is in them.
    #[must_use]
    pub fn detect() -> Option<Self> {
        simd::Detected::new().map(|it| Self(Some(it)))
    }

    /// Numbers in each group of work.
    #[must_use]
    pub fn lanes(self) -> usize {
        if self.0.is_some() { simd::COUNT } else { Number::COUNT }
    }

    /// Does the work.
    pub fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Some(detected) => detected.run(work),
            None => work.run::<Number>(),
        }
    }
}

/// Eight numbers in a register.
#[cfg(lanes_in_registers)]
#[allow(clippy::incompatible_msrv)] // `build.rs` asks the compiler.
mod simd {
    use core::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_i64gather_epi64, _mm512_loadu_si512,
        _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64, _mm512_min_epu64,
        _mm512_movepi64_mask, _mm512_mullo_epi64, _mm512_set_epi64, _mm512_set1_epi64,
        _mm512_sllv_epi64, _mm512_srav_epi64, _mm512_srlv_epi64, _mm512_storeu_si512,
        _mm512_sub_epi64,
    };
    use core::ops::{Add, Sub};

    use super::{Lane, Lanes, MOST, Product, Work};

    /// Lanes of a register.
    pub const COUNT: usize = MOST;

    /// That the processor has the instructions: nothing else leads to [`Eight`].
    #[derive(Clone, Copy, Debug)]
    pub struct Detected(());

    impl Detected {
        /// Asks the processor and, by way of it, the operating system.
        pub fn new() -> Option<Self> {
            let found = std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx512ifma");
            found.then_some(Self(()))
        }

        /// Does the work in registers.
        pub fn run<W: Work>(self, work: W) -> W::Output {
            // SAFETY: whoever has a `Detected` has asked for the instructions.
            unsafe { run(work) }
        }
    }

    /// Not made but inside of [`run`].
    #[derive(Clone, Copy)]
    pub struct Eight(__m512i);

    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    fn run<W: Work>(work: W) -> W::Output {
        work.run::<Eight>()
    }

    /// For closures too, which are no functions for registers.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    fn call<P: Product<K>, const K: usize>(a: &[Eight; K], b: &[Eight; K]) -> [Eight; K] {
        P::run(a, b)
    }

    /// An expression of instructions.
    macro_rules! instructions {
        ($expression:expr) => {
            // SAFETY: an `Eight` exists only inside of `run`, whose caller has asked for the
            // instructions. None of these reads or writes memory.
            unsafe { $expression }
        };
    }

    impl Add for Eight {
        type Output = Self;
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            instructions!(Self(_mm512_add_epi64(self.0, other.0)))
        }
    }

    impl Sub for Eight {
        type Output = Self;
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            instructions!(Self(_mm512_sub_epi64(self.0, other.0)))
        }
    }

    impl Lane for Eight {
        #[inline(always)]
        fn set(x: u64) -> Self {
            instructions!(Self(_mm512_set1_epi64(x as i64)))
        }
        #[inline(always)]
        fn shl(self, bits: u32) -> Self {
            instructions!(Self(_mm512_sllv_epi64(self.0, Self::set(bits.into()).0)))
        }
        #[inline(always)]
        fn shr(self, bits: u32) -> Self {
            instructions!(Self(_mm512_srlv_epi64(self.0, Self::set(bits.into()).0)))
        }
        #[inline(always)]
        fn sar(self, bits: u32) -> Self {
            instructions!(Self(_mm512_srav_epi64(self.0, Self::set(bits.into()).0)))
        }
        #[inline(always)]
        fn low(self, bits: u32) -> Self {
            instructions!(Self(_mm512_and_si512(self.0, Self::set((1 << bits) - 1).0)))
        }
        #[inline(always)]
        fn plus_low(self, a: Self, b: Self) -> Self {
            instructions!(Self(_mm512_madd52lo_epu64(self.0, a.0, b.0)))
        }
        #[inline(always)]
        fn plus_high(self, a: Self, b: Self) -> Self {
            instructions!(Self(_mm512_madd52hi_epu64(self.0, a.0, b.0)))
        }
        #[inline(always)]
        fn select(self, negative: Self, other: Self) -> Self {
            instructions!({
                Self(_mm512_mask_blend_epi64(_mm512_movepi64_mask(self.0), other.0, negative.0))
            })
        }
        #[inline(always)]
        fn own<const K: usize, const E: usize>(
            table: &[[[Self; K]; E]],
            index: Self,
        ) -> [[Self; K]; E] {
            let base = table.as_ptr().cast::<i64>();
            let own = within(index, table.len()) * (COUNT * K * E);
            let at = instructions!(Self(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0))) + own;
            let mut entry = [[index; K]; E];
            for (i, limb) in entry.as_flattened_mut().iter_mut().enumerate() {
                // SAFETY: the index is below the length of the table, so that what is read is lane 0
                // to 7 of a limb in it.
                *limb = unsafe { gather(base.add(COUNT * i), at) };
            }
            entry
        }
        #[inline(always)]
        fn shared<const K: usize, const E: usize>(
            table: &[[[u64; K]; E]],
            index: Self,
        ) -> [[Self; K]; E] {
            let base = table.as_ptr().cast::<i64>();
            let at = within(index, table.len()) * (K * E);
            let mut entry = [[index; K]; E];
            for (i, limb) in entry.as_flattened_mut().iter_mut().enumerate() {
                // SAFETY: as above; of a table of numbers.
                *limb = unsafe { gather(base.add(i), at) };
            }
            entry
        }
        #[inline(always)]
        fn call<P: Product<K>, const K: usize>(a: &[Self; K], b: &[Self; K]) -> [Self; K] {
            instructions!(call::<P, K>(a, b))
        }
    }

    impl core::ops::Mul<usize> for Eight {
        type Output = Self;
        #[inline(always)]
        fn mul(self, factor: usize) -> Self {
            instructions!(Self(_mm512_mullo_epi64(self.0, Self::set(factor as u64).0)))
        }
    }

    /// The index: it is proved to be below the length of the table (tests/prover), and is made so where
    /// it is not.
    #[inline(always)]
    fn within(index: Eight, length: usize) -> Eight {
        assert!(length > 0, "an empty table");
        instructions!(Eight(_mm512_min_epu64(index.0, Eight::set(length as u64 - 1).0)))
    }

    /// What stands at `base` + 8 `at`, of each lane.
    ///
    /// # Safety
    ///
    /// That is within an allocation, for each lane.
    #[inline(always)]
    unsafe fn gather(base: *const i64, at: Eight) -> Eight {
        // SAFETY: by the caller.
        unsafe { Eight(_mm512_i64gather_epi64::<8>(at.0, base)) }
    }

    impl Lanes for Eight {
        const COUNT: usize = COUNT;
        #[inline(always)]
        fn from_numbers(number: impl Fn(usize) -> u64) -> Self {
            let numbers: [u64; COUNT] = core::array::from_fn(number);
            // SAFETY: 64 octets are read of 64.
            unsafe { Self(_mm512_loadu_si512(numbers.as_ptr().cast())) }
        }
        #[inline(always)]
        fn numbers(&self) -> [u64; MOST] {
            let mut numbers = [0; MOST];
            // SAFETY: 64 octets are written to 64.
            unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), self.0) };
            numbers
        }
    }
}

/// Without such registers.
#[cfg(not(lanes_in_registers))]
mod simd {
    use super::Work;

    /// Lanes of a register, if there were one.
    pub const COUNT: usize = 8;

    /// None.
    #[derive(Clone, Copy, Debug)]
    pub enum Detected {}

    impl Detected {
        /// No.
        pub fn new() -> Option<Self> {
            None
        }

        /// Never.
        pub fn run<W: Work>(self, _: W) -> W::Output {
            match self {}
        }
    }
}
