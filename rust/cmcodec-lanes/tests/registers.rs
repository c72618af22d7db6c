//! Eight numbers in a register do what each of them does by itself.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is broken must stop the test"
)]

mod kit;

use cmcodec_lanes::lane::{Lanes, Machine, Work};
use cmcodec_lanes::limbs::each;
use kit::{Random, times};

/// Numbers at the ends of what a lane and a limb can be, and some others.
fn operands() -> Vec<u64> {
    let mut random = Random::default();
    let ends = [0, 1, 2, 1 << 51, 1 << 52, 1 << 63]
        .into_iter()
        .flat_map(|x: u64| [x.wrapping_sub(1), x, x + 1]);
    ends.chain((0..times(14)).map(|_| random.next())).collect()
}

/// What each operation gives for three numbers.
struct Operations<'a>(&'a [[u64; 3]]);

impl Work for Operations<'_> {
    type Output = Vec<Vec<u64>>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Self::Output {
        let mut found = vec![];
        for group in self.0.chunks(L::COUNT) {
            let of = |lane: usize| group.get(lane).unwrap_or(&group[0]);
            let [a, b, c]: [L; 3] = each(|i| L::from_numbers(|lane| of(lane)[i]));
            let table: Vec<[[L; 2]; 2]> =
                (0..8).map(|i| [[a, b + L::set(i)], [c, a - L::set(i)]]).collect();
            let constants: Vec<[[u64; 2]; 2]> =
                (0..8).map(|i| [[i, i + 100], [i + 200, i + 300]]).collect();
            let index = c.low(3);
            let results = [
                a + b,
                a - b,
                a.shl(1),
                a.shl(17),
                a.shl(48),
                a.shr(1),
                a.shr(48),
                a.shr(52),
                a.sar(1),
                a.sar(48),
                a.sar(52),
                a.low(1),
                a.low(48),
                a.low(52),
                c.plus_low(a, b),
                c.plus_high(a, b),
                c.select(a, b),
                a.digit(b),
            ];
            let both = c.select_all(&[a, b], &[b, a]);
            let gathered = [L::own(&table, index), L::shared(&constants, index)];
            let lanes: Vec<L> = results
                .into_iter()
                .chain(both)
                .chain(gathered.into_iter().flatten().flatten())
                .collect();
            found.extend(
                (0..group.len())
                    .map(|lane| lanes.iter().map(|it| it.numbers()[lane]).collect::<Vec<u64>>()),
            );
        }
        found
    }
}

#[test]
fn each_operation_gives_what_one_number_gives() {
    let Some(registers) = Machine::detect() else {
        println!("this processor has no such registers");
        return;
    };
    assert_eq!((registers.lanes(), Machine::NUMBERS.lanes()), (8, 1));
    let all = operands();
    let mut triples = vec![];
    for a in &all {
        for b in &all {
            triples.extend(all.iter().map(|c| [*a, *b, *c]));
        }
    }
    let (eight, one) =
        (registers.run(Operations(&triples)), Machine::NUMBERS.run(Operations(&triples)));
    assert_eq!(eight.len(), triples.len());
    for ((eight, one), triple) in eight.iter().zip(&one).zip(&triples) {
        assert_eq!(eight, one, "{triple:x?}");
    }
}

/// What numbers do is what the machine's own arithmetic does.
#[test]
fn each_operation_of_a_number_is_the_one_it_is_named_after() {
    let all = operands();
    for a in &all {
        for b in &all {
            let c = all[(*a % 7) as usize];
            let found = &Machine::NUMBERS.run(Operations(&[[*a, *b, c]]))[0];
            let mask = (1u64 << 52) - 1;
            let product = u128::from(a & mask) * u128::from(b & mask);
            let expected = [
                a.wrapping_add(*b),
                a.wrapping_sub(*b),
                a << 1,
                a << 17,
                a << 48,
                a >> 1,
                a >> 48,
                a >> 52,
                (*a as i64 >> 1) as u64,
                (*a as i64 >> 48) as u64,
                (*a as i64 >> 52) as u64,
                a & 1,
                a & ((1 << 48) - 1),
                a & mask,
                c.wrapping_add(product as u64 & mask),
                c.wrapping_add((product >> 52) as u64),
                if (c as i64) < 0 { *a } else { *b },
                product as u64 & mask,
            ];
            assert_eq!(found[..18], expected);
            let index = c & 7;
            let [first, second] = if (c as i64) < 0 { [*a, *b] } else { [*b, *a] };
            let rest = [
                first,
                second,
                *a,
                b.wrapping_add(index),
                c,
                a.wrapping_sub(index),
                index,
                index + 100,
                index + 200,
                index + 300,
            ];
            assert_eq!(found[18..], rest);
        }
    }
}
