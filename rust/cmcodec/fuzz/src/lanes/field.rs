//! Functions of arithmetic, on operands within their declared ranges: what eight lanes of registers
//! give is what each of them gives by itself, and what whole numbers say of one of them.

use std::sync::LazyLock;

use cmcodec_lanes::lane::{Lanes, MOST, Machine, Work};
use cmcodec_lanes::p256::P256;
use cmcodec_lanes::p384::P384;
use cmcodec_lanes::{ed25519, p256, p384};

use super::parts::{Curve, Edwards, Limbs, Modular, Rsa};
use super::{EIGHT, Octets, tell};

/// Some functions, and what they are given.
pub trait Part: Sync {
    /// How many functions there are.
    const FUNCTIONS: usize;
    /// Limbs of an operand.
    const LIMBS: usize;
    /// How many operands, from the first on, may be those of any lane, whatever the others are.
    const FREE: usize;
    /// Operands of a lane.
    fn operands(&self, octets: &mut Octets) -> Vec<u64>;
    /// What the functions give.
    fn run<L: Lanes>(&self, given: &[L]) -> Vec<L>;
    /// Panics where whole numbers say something else of a lane.
    fn check(&self, given: &[u64], found: &[u64]);
}

/// A part, on operands of as many lanes as there are.
struct On<'a, P>(&'a P, &'a [Vec<u64>]);

impl<P: Part> Work for On<'_, P> {
    type Output = Vec<[u64; MOST]>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Self::Output {
        let mut given = Vec::with_capacity(self.1[0].len());
        for i in 0..self.1[0].len() {
            given.push(L::from_numbers(|lane| self.1[lane][i]));
        }
        let mut found = vec![];
        for lane in self.0.run(&given) {
            found.push(lane.numbers());
        }
        found
    }
}

/// How often operands of eight lanes are put together in another way.
const ROUNDS: usize = 8;

fn compare<P: Part>(part: &P, octets: &mut Octets) {
    let given: Vec<Vec<u64>> = (0..EIGHT).map(|_| part.operands(octets)).collect();
    let rounds = if P::FREE == 0 { 1 } else { ROUNDS };
    // Whole numbers take longer than lanes: one lane of four inputs is held against them.
    let checked = octets.choice(4 * EIGHT * rounds);
    for round in 0..rounds {
        let operand =
            |lane: usize, i: usize| given[(lane + round * (i / P::LIMBS).min(P::FREE)) % EIGHT][i];
        let mixed: Vec<Vec<u64>> = (0..EIGHT)
            .map(|lane| (0..given[lane].len()).map(|i| operand(lane, i)).collect())
            .collect();
        let registers = Machine::detect().map(|it| it.run(On(part, &mixed)));
        for (lane, operands) in mixed.iter().enumerate() {
            let one = Machine::NUMBERS.run(On(part, &mixed[lane..=lane]));
            if let Some(eight) = &registers {
                let is_same = eight.iter().zip(&one).all(|(eight, one)| eight[lane] == one[0]);
                assert!(is_same && eight.len() == one.len(), "{operands:x?}");
            }
            if checked == round * EIGHT + lane {
                let one: Vec<u64> = one.iter().map(|it| it[0]).collect();
                part.check(operands, &one);
            }
        }
    }
    tell(rounds * EIGHT * P::FUNCTIONS, 0);
}

/// All parts.
struct Parts {
    limbs: (Limbs<5>, Limbs<8>),
    curves: (Curve<P256, 5>, Curve<P384, 8>),
    edwards: Edwards,
    rsa: (Rsa<40, 43, 256>, Rsa<64, 64, 384>, Rsa<80, 86, 512>),
}

static PARTS: LazyLock<Parts> = LazyLock::new(|| Parts {
    limbs: (Limbs, Limbs),
    curves: (Curve::new(101), Curve::new(1100)),
    edwards: Edwards::make(),
    rsa: (Rsa::make(), Rsa::make(), Rsa::make()),
});

/// The first octet names a part; those of RSA, which take ten times as long, less often than others.
pub fn functions(data: &[u8]) {
    let octets = &mut Octets::new(data);
    match octets.choice(128) {
        0 => compare(&PARTS.rsa.0, octets),
        1 => compare(&PARTS.rsa.1, octets),
        2 => compare(&PARTS.rsa.2, octets),
        other => match other % 10 {
            0 => compare(&PARTS.limbs.0, octets),
            1 => compare(&PARTS.limbs.1, octets),
            2 => compare(&Modular::<P256, 5>::make(), octets),
            3 => compare(&Modular::<P384, 8>::make(), octets),
            4 => compare(&Modular::<p256::Order, 5>::make(), octets),
            5 => compare(&Modular::<p384::Order, 8>::make(), octets),
            6 => compare(&Modular::<ed25519::Order, 5>::make(), octets),
            7 => compare(&PARTS.curves.0, octets),
            8 => compare(&PARTS.curves.1, octets),
            _ => compare(&PARTS.edwards, octets),
        },
    }
}
