//! Eight signature verifications at once, in the lanes of one register: RSA with 2048, 3072 and 4096
//! bits, ECDSA on P-256 and P-384, Ed25519. For public data only: what is done, and how long it takes,
//! depends on the numbers.
//!
//! What is [`Outcome::Good`] is good. What is not may be either: a short group, a number out of its
//! bounds, a point that the formulas do not know. It is for the caller to ask another
//! implementation, whose answer alone is reported as a failure.
//!
//! | Module | Holds |
//! |---|---|
//! | [`lane`] | what the arithmetic is written over, and how a machine does it |
//! | [`limbs`] | numbers in limbs of 52 bits |
//! | [`montgomery`] | products mod an odd number, inverses of many |
//! | [`rsa`] | s^65537 mod n |
//! | [`weierstrass`], [`p256`], [`p384`], [`ecdsa`] | curves, and signatures by their keys |
//! | [`ed25519`] | Edwards' curve, and signatures by its keys |
//!
//! Bounds and equations are proved for all inputs by `tests/prover`, which runs this text on sets of
//! numbers; formulas are compared with those of books at random points. Of the standard library,
//! what asks for the processor's instructions and tables that are made once are used.

#![no_std]
#![allow(clippy::inline_always)] // Calls between kernels would spill registers.
#![allow(clippy::indexing_slicing)] // Limbs: numbers of constant length, with constant indices.

extern crate alloc;
extern crate std;

pub mod ecdsa;
pub mod ed25519;
pub mod lane;
pub mod limbs;
pub mod montgomery;
pub mod p256;
pub mod p384;
pub mod rsa;
pub mod weierstrass;

pub use lane::Machine;

/// What is known of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is good.
    Good,
    /// Nothing: somebody else is to be asked.
    Unknown,
}

impl Outcome {
    /// Good where there were numbers and the lane is not negative.
    const fn of(has_numbers: bool, wrong: u64) -> Self {
        if has_numbers && wrong >> 63 == 0 { Self::Good } else { Self::Unknown }
    }
}
