//! Mutants of elements: lengths around a change are put right again, so that many
//! of them stay readable.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use libfuzzer_sys::{Corpus, fuzzer_mutate};

use crate::random::Random;
use crate::sign::sign_all;
use crate::tree::{Inside, Length, Tree, count, encode, parse, place};

/// What an identifier is swapped for: universal types, context tags, and what DER has not.
const TAGS: &[u8] = b"\x01\x02\x03\x04\x05\x06\x0a\x0c\x13\x16\x17\x18\x1e\x24\x30\x31\x80\x81\x82\xa0\xa1\xa2\xa3\xa4\xa6\xbf\x00";

/// What a content is swapped for.
const CONTENTS: &[&[u8]] = &[
    b"",
    b"\x00",
    b"\x01",
    b"\x03",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\x00\x80",
    b"\x00\xff",
    b"\xff\xff",
    b"\x00\xff\xff\xff\xff",
    b"\x01\x00\x00\x00\x00",
    b"\x30\x00",
    b"\x31\x00",
    b"\x05\x00",
    b"260101000000Z",
    b"20260101000000Z",
    b"20260101000000.5Z",
    b"00000101000000Z",
];

/// Elements that are doubled this often at once reach bounds.
const TIMES: &[usize] = &[1, 1, 1, 2, 3, 16, 65];

/// Mutants that are made at most, until one is readable: half are in the end.
const ATTEMPTS: usize = 3;

/// Mutants after which the share of readable ones is told.
const TOLD: u64 = 1024;

/// A mutant of the structure, or now and then of the octets. Of those that are `signed` half are
/// signed again, from the inside out.
pub fn mutant(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    is_readable: fn(&[u8]) -> bool,
    signed: bool,
) -> usize {
    let mut random = Random::new(seed);
    let forest = parse(&data[..size]);
    let (mut octets, mut readable) = (Vec::new(), false);
    if !forest.is_empty() && !random.one_in(16) {
        for _ in 0..ATTEMPTS {
            octets = attempt(forest.clone(), &mut random, signed);
            readable = is_readable(&octets);
            if readable {
                break;
            }
        }
    }
    if octets.is_empty() || octets.len() > max_size {
        let size = fuzzer_mutate(data, size, max_size);
        tell(is_readable(&data[..size]));
        return size;
    }
    tell(readable);
    data[..octets.len()].copy_from_slice(&octets);
    octets.len()
}

/// Some changes of elements, encoded.
fn attempt(mut forest: Vec<Tree>, random: &mut Random, signed: bool) -> Vec<u8> {
    for _ in 0..random.pick(&[1, 1, 1, 1, 2, 4]) {
        if !forest.is_empty() {
            change(&mut forest, random);
        }
    }
    if !random.one_in(8) {
        sort_sets(&mut forest);
    }
    if signed && random.one_in(2) {
        sign_all(&mut forest, random);
    }
    encode(&forest)
}

/// Whether more mutants begin with an input that was new: all that are readable do, and of the others
/// one in four, whose mutants are seldom readable.
pub fn kept(data: &[u8], is_readable: fn(&[u8]) -> bool) -> Corpus {
    let sum = data.iter().step_by(64).fold(0, |sum: u32, it| sum.rotate_left(5) ^ u32::from(*it));
    match Random::new(sum).one_in(4) || is_readable(data) {
        true => Corpus::Keep,
        false => Corpus::Reject,
    }
}

/// Counts a mutant, and says now and then how many were readable: `tools/fuzz.py` reads it.
fn tell(is_readable: bool) {
    static MUTANTS: AtomicU64 = AtomicU64::new(0);
    static READABLE: AtomicU64 = AtomicU64::new(0);
    let readable = READABLE.fetch_add(is_readable.into(), Relaxed) + u64::from(is_readable);
    let mutants = MUTANTS.fetch_add(1, Relaxed) + 1;
    if mutants.is_multiple_of(TOLD) {
        eprintln!("readable: {}", 100 * readable / mutants);
    }
}

/// `one` with an element of `other` in it, mostly where one of the same identifier stood.
pub fn cross(one: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut random = Random::new(seed);
    let (mut forest, mut others) = (parse(one), parse(other));
    if !forest.is_empty() && !others.is_empty() {
        let index = random.below(count(&others));
        let (siblings, at) = place(&mut others, index);
        let graft = siblings[at].clone();
        // One of the same identifier, unless chance has it.
        for _ in 0..16 {
            let index = random.below(count(&forest));
            let (siblings, at) = place(&mut forest, index);
            if siblings[at].identifier == graft.identifier {
                match random.one_in(3) {
                    true => siblings.insert(at, graft),
                    false => siblings[at] = graft,
                }
                break;
            }
        }
    }
    let octets = encode(&forest);
    let octets = if octets.len() > out.len() { one } else { &octets[..] };
    let length = octets.len().min(out.len());
    out[..length].copy_from_slice(&octets[..length]);
    length
}

/// One change of one element.
fn change(forest: &mut Vec<Tree>, random: &mut Random) {
    let total = count(forest);
    let donor = {
        let (siblings, at) = place(forest, random.below(total));
        siblings[at].clone()
    };
    let (siblings, at) = place(forest, random.below(total));
    match random.below(24) {
        0 => drop(siblings.remove(at)),
        1 => {
            let copy = siblings[at].clone();
            siblings.splice(at..at, vec![copy; random.pick(TIMES)]);
        }
        2 => {
            let other = random.below(siblings.len());
            siblings.swap(at, other);
        }
        3 => siblings[at] = donor,
        4 => siblings.insert(at, donor),
        5 if !siblings[at].identifier.is_empty() => {
            siblings[at].identifier = vec![random.pick(TAGS)];
        }
        6 if !siblings[at].identifier.is_empty() => {
            let bit = random.pick(&[0x01, 0x02, 0x20, 0x40, 0x80]);
            siblings[at].identifier[0] ^= bit;
        }
        7 => {
            let lengths = [
                Length::Indefinite,
                Length::Indefinite,
                Length::Long(1),
                Length::Long(2),
                Length::Long(4),
            ];
            siblings[at].length = random.pick(&lengths);
        }
        8 if random.one_in(4) => {
            siblings[at].length = Length::Lie(random.pick(&[-2, -1, 1, 2, 127]));
        }
        9 => {
            let inner = siblings[at].clone();
            siblings[at] =
                Tree::new(random.pick(&[0x30, 0x31, 0xA0, 0xA1, 0x24, 0x04]), vec![inner]);
        }
        10 => {
            if let Inside::Trees(trees) = siblings[at].inside.clone() {
                siblings.splice(at..=at, trees);
            }
        }
        11 => segment(&mut siblings[at], random),
        12 => siblings[at].inside = Inside::Octets(random.pick(CONTENTS).to_vec()),
        13..18 => same_kind(forest, random),
        _ => octets(&mut siblings[at], random),
    }
}

/// One element takes the place of another of the same identifier.
fn same_kind(forest: &mut Vec<Tree>, random: &mut Random) {
    let total = count(forest);
    let (siblings, at) = place(forest, random.below(total));
    let donor = siblings[at].clone();
    for _ in 0..16 {
        let (siblings, at) = place(forest, random.below(total));
        if siblings[at].identifier == donor.identifier && siblings[at] != donor {
            siblings[at] = donor;
            return;
        }
    }
}

/// A string in segments, as BER has it.
fn segment(tree: &mut Tree, random: &mut Random) {
    let content = tree.content();
    if tree.identifier.len() == 1 && tree.tag() & 0x20 == 0 && !content.is_empty() {
        let size = 1 + random.below(content.len());
        let segments = content.chunks(size).map(|chunk| Tree::leaf(0x04, chunk)).collect();
        *tree = Tree::new(tree.tag() | 0x20, segments);
        if random.one_in(2) {
            tree.length = Length::Indefinite;
        }
    }
}

/// The content of a leaf, as libFuzzer changes octets. Of what contains elements, the first leaf.
fn octets(tree: &mut Tree, random: &mut Random) {
    let leaf = match &mut tree.inside {
        Inside::Trees(trees) if !trees.is_empty() => {
            let index = random.below(count(trees));
            let (siblings, at) = place(trees, index);
            &mut siblings[at]
        }
        _ => tree,
    };
    if let Inside::Octets(content) = &mut leaf.inside {
        let size = content.len();
        let most = size + 16;
        content.resize(most, 0);
        let size = fuzzer_mutate(content, size, most);
        content.truncate(size);
    }
}

/// Puts each SET in the order of DER.
pub fn sort_sets(trees: &mut [Tree]) {
    for tree in trees {
        sort_sets(tree.trees_mut());
        if tree.tag() == 0x31 {
            tree.trees_mut().sort_by_cached_key(Tree::encode);
        }
    }
}
