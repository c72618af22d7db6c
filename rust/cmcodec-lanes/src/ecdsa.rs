//! Jobs of ECDSA.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::Outcome;
use crate::lane::{Lanes, Machine, Work};
use crate::limbs::{each, is_less, limbs};
use crate::montgomery::{Modulus, invert_all};
use crate::p256::P256;
use crate::p384::P384;
use crate::weierstrass::{Curve, Numbers, in_form, verify};

/// A key, a signature, and what was signed: numbers as long as the order, the highest octet first.
#[derive(Clone, Copy, Debug)]
pub struct Job<const OCTETS: usize> {
    /// x of the key.
    pub x: [u8; OCTETS],
    /// y of the key.
    pub y: [u8; OCTETS],
    /// r.
    pub r: [u8; OCTETS],
    /// s.
    pub s: [u8; OCTETS],
    /// The leftmost bits of the digest; zeros before a shorter one.
    pub digest: [u8; OCTETS],
}

/// x, y, r, s and the digest; `None` where one is out of its bounds.
fn numbers<C: Curve<K>, const K: usize, const OCTETS: usize>(
    job: &Job<OCTETS>,
) -> Option<[[u64; K]; 5]> {
    let found = [&job.x, &job.y, &job.r, &job.s, &job.digest].map(|octets| {
        let mut octets = *octets;
        octets.reverse();
        limbs(&octets)
    });
    let [x, y, r, s, _] = &found;
    let order = &<C::Order as Modulus<K>>::N;
    let is_scalar = |k: &[u64; K]| *k != [0; K] && is_less(k, order);
    let is_good = is_less(x, &C::N) && is_less(y, &C::N) && is_scalar(r) && is_scalar(s);
    is_good.then_some(found)
}

/// Jobs on a curve.
struct Verify<'a, C, const K: usize, const OCTETS: usize>(&'a [Job<OCTETS>], PhantomData<C>);

impl<C: Curve<K>, const K: usize, const OCTETS: usize> Work for Verify<'_, C, K, OCTETS> {
    type Output = Vec<Outcome>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Self::Output {
        let numbers: Vec<_> = self.0.iter().map(numbers::<C, K, OCTETS>).collect();
        // What is not known to be good, and spoils no inversion.
        let usual = [core::array::from_fn(|i| u64::from(i == 0)); 5];
        let groups: Vec<_> = numbers.chunks(L::COUNT).collect();
        let load = |group: &[Option<[[u64; K]; 5]>], which: usize| -> [L; K] {
            let of = |lane: usize| group.get(lane).and_then(Option::as_ref).unwrap_or(&usual);
            each(|i| L::from_numbers(|lane| of(lane)[which][i]))
        };
        let mut inverses: Vec<[L; K]> = Vec::with_capacity(groups.len());
        for group in &groups {
            inverses.push(in_form::<C::Order, L, K>(&load(group, 3)));
        }
        invert_all::<C::Order, L, K>(&mut inverses);
        let mut found = vec![Outcome::Unknown; numbers.len()];
        let results = found.chunks_mut(L::COUNT);
        for ((group, w), results) in groups.iter().zip(inverses).zip(results) {
            let q = [load(group, 0), load(group, 1)];
            let numbers = Numbers { q, r: load(group, 2), z: load(group, 4), w };
            let wrong = verify::<C, L, K>(&numbers, C::multiples_of_g());
            for ((result, it), wrong) in results.iter_mut().zip(*group).zip(wrong.numbers()) {
                *result = Outcome::of(it.is_some(), wrong);
            }
        }
        found
    }
}

impl Machine {
    /// Signatures by keys on P-256.
    #[must_use]
    pub fn p256(self, jobs: &[Job<32>]) -> Vec<Outcome> {
        self.run(Verify::<P256, 5, 32>(jobs, PhantomData))
    }

    /// Signatures by keys on P-384.
    #[must_use]
    pub fn p384(self, jobs: &[Job<48>]) -> Vec<Outcome> {
        self.run(Verify::<P384, 8, 48>(jobs, PhantomData))
    }
}
