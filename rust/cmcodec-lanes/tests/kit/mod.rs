//! Whole numbers, and numbers in limbs.

#![allow(dead_code)] // Each test takes what it needs.

pub mod mutants;
pub mod signed;

use cmcodec_lanes::lane::Number;
use cmcodec_lanes::montgomery::Modulus;
use num_bigint::BigInt;
use num_integer::Integer;

/// 2^bits.
pub fn power(bits: u32) -> BigInt {
    BigInt::from(1) << bits
}

/// The number in limbs of 52 bits.
pub fn number(limbs: &[Number]) -> BigInt {
    limbs.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << 52u32) + limb.0)
}

/// The same of constants.
pub fn whole(limbs: &[u64]) -> BigInt {
    limbs.iter().rev().fold(BigInt::ZERO, |sum, limb| (sum << 52u32) + limb)
}

/// The modulus.
pub fn modulus<M: Modulus<K>, const K: usize>() -> BigInt {
    whole(&M::N)
}

/// A number in limbs.
pub fn limbs<const K: usize>(x: &BigInt) -> [Number; K] {
    assert!(*x >= BigInt::ZERO && x.bits() <= 52 * K as u64);
    std::array::from_fn(|i| {
        let limb: BigInt = (x >> (52 * i)) & BigInt::from((1u64 << 52) - 1);
        Number(limb.iter_u64_digits().next().unwrap_or(0))
    })
}

/// A number in octets, the highest first.
pub fn octets<const OCTETS: usize>(x: &BigInt) -> [u8; OCTETS] {
    let (_, short) = x.to_bytes_be();
    let mut whole = [0; OCTETS];
    whole[OCTETS - short.len()..].copy_from_slice(&short);
    whole
}

/// 1 / x mod a prime.
pub fn inverse(x: &BigInt, p: &BigInt) -> BigInt {
    x.mod_floor(p).modpow(&(p - 2), p)
}

/// Whether two numbers are the same mod p.
pub fn is_same(a: &BigInt, b: &BigInt, p: &BigInt) -> bool {
    (a - b).is_multiple_of(p)
}

/// Whether a lane is negative.
pub fn is_negative(lane: Number) -> bool {
    lane.0 >> 63 == 1
}

/// Numbers that look random, and are the same in each run.
#[derive(Debug)]
pub struct Random(pub u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn bits(&mut self, bits: u32) -> BigInt {
        (0..=bits / 64).fold(BigInt::ZERO, |x, _| (x << 64u32) + self.next()) % power(bits)
    }

    pub fn below(&mut self, most: &BigInt) -> BigInt {
        let bits = u32::try_from(most.bits()).unwrap() + 64;
        self.bits(bits) % most
    }
}

/// How often something is tried; Miri takes a thousand times as long.
pub fn times(count: usize) -> usize {
    if cfg!(miri) { count.div_ceil(20) } else { count }
}

/// Silences what the prover says when it refuses.
pub fn quietly() {
    std::panic::set_hook(Box::new(|_| {}));
}
