//! Every function that touches a limb is proved, or only carries numbers in and out.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what is broken must stop the test"
)]

use std::collections::BTreeMap;
use std::path::Path;

/// The functions over lanes of each file, and the test that proves each for all inputs: all that one
/// calls is proved with it.
const PROVED: &[(&str, &str, &str)] = &[
    ("limbs.rs", "set each carry signed_carry product square", "whole_verification_is_proved"),
    ("limbs.rs", "differ not or", "whole_verification_is_proved"),
    ("limbs.rs", "below", "products_stay_near_n_and_end_below_it"),
    ("limbs.rs", "digits", "digits_are_within_the_tables"),
    ("montgomery.rs", "reduce run mul sqr", "products_and_inverses_stay_within_their_bounds"),
    ("montgomery.rs", "invert invert_all", "products_and_inverses_stay_within_their_bounds"),
    ("p256.rs", "reduce", "products_and_inverses_stay_within_their_bounds"),
    ("p256.rs", "fold", "doubling_and_addition_keep_the_invariant"),
    ("p384.rs", "fold", "doubling_and_addition_keep_the_invariant"),
    ("weierstrass.rs", "fold times_p sum difference", "doubling_and_addition_keep_the_invariant"),
    ("weierstrass.rs", "double add_end add_mixed add", "doubling_and_addition_keep_the_invariant"),
    ("weierstrass.rs", "table", "table_and_ladder_keep_the_invariant"),
    ("weierstrass.rs", "nothing take add_own add_shared", "table_and_ladder_keep_the_invariant"),
    ("weierstrass.rs", "with_sign", "table_and_ladder_keep_the_invariant"),
    ("weierstrass.rs", "multiply differs_from_zero is_off", "whole_verification_is_proved"),
    ("weierstrass.rs", "in_form verify", "whole_verification_is_proved"),
    ("ed25519.rs", "fold run mul sqr add sub canonical", "field_keeps_its_bounds"),
    ("ed25519.rs", "sqr_times chain invert", "field_keeps_its_bounds"),
    ("ed25519.rs", "small neutral close double sum", "ladder_keeps_the_invariant"),
    ("ed25519.rs", "add_own add_shared with_sign", "ladder_keeps_the_invariant"),
    ("ed25519.rs", "entry table is_zero decode", "formulas_and_table_keep_the_invariant"),
    ("ed25519.rs", "hash", "the_hash_is_below_the_order"),
    ("ed25519.rs", "multiply compare", "whole_verification_is_proved"),
    ("rsa.rs", "add_product add_pairs add_diagonal", "products_stay_near_n_and_end_below_it"),
    ("rsa.rs", "add_quotient next reduce mul sqr", "products_stay_near_n_and_end_below_it"),
    ("rsa.rs", "step", "division_keeps_its_invariant"),
    ("rsa.rs", "pack", "what_division_gives_settles"),
    // What runs for lanes of numbers: in, out, and calls of the others.
    ("rsa.rs", "lift power", "powers_of_2048_bits_are_right"),
    ("ecdsa.rs", "run", "p256"),
    ("rsa.rs", "run", "rsa_2048"),
];

/// The names of functions over lanes in a file.
fn functions(text: &str) -> Vec<String> {
    let mut found = vec![];
    let mut is_over_lanes = false;
    let lines: Vec<&str> = text.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        if line.starts_with("impl") {
            is_over_lanes = line.contains(": Lane");
        } else if line.starts_with('}') {
            is_over_lanes = false;
        }
        let code = line.trim_start().trim_start_matches("pub ").trim_start_matches("const ");
        let Some(rest) = code.strip_prefix("fn ") else { continue };
        let name = rest.split(['<', '(']).next().unwrap();
        let signature = lines[i..].iter().take_while(|it| !it.trim_end().ends_with([';', '{']));
        let signature: Vec<_> = signature.chain([line]).copied().collect();
        let is_generic =
            signature.join(" ").contains(": Lane") || signature.join(" ").contains("<L,");
        if is_over_lanes || is_generic {
            found.push(name.to_string());
        }
    }
    found
}

#[test]
fn every_function_over_lanes_is_proved() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut expected: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, names, _) in PROVED {
        expected.entry(file).or_default().extend(names.split(' '));
    }
    for entry in std::fs::read_dir(root.join("src")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        if file == "lane.rs" {
            continue;
        }
        let mut found = functions(&std::fs::read_to_string(&path).unwrap());
        found.sort();
        found.dedup();
        let mut known = expected.remove(file).unwrap_or_default();
        known.sort_unstable();
        known.dedup();
        assert_eq!(found, known, "{file}");
    }
    assert!(expected.is_empty(), "no such files: {expected:?}");
}

#[test]
fn every_proof_is_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut tests = String::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            tests += &std::fs::read_to_string(path).unwrap();
        }
    }
    for (_, _, test) in PROVED {
        assert!(tests.contains(&format!("fn {test}")), "{test}");
    }
}
