//! Project Wycheproof and ed25519-speccheck in every lane, among neighbours good and bad.
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

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, digest};
use cmcodec_lanes::{Machine, Outcome, ecdsa, ed25519, rsa};
use kit::signed::ed25519_hash;
use serde_json::Value;

/// The groups of a file.
fn groups(name: &str) -> Vec<Value> {
    let vectors = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/wycheproof");
    let octets = std::fs::read(vectors.join(name)).unwrap();
    let mut plain = Vec::new();
    lzma_rs::xz_decompress(&mut octets.as_slice(), &mut plain).unwrap();
    let whole: Value = serde_json::from_slice(&plain).unwrap();
    whole["testGroups"].as_array().unwrap().clone()
}

fn octets(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// A number as long as the array; `None` where it is longer.
fn number<const OCTETS: usize>(octets: &[u8]) -> Option<[u8; OCTETS]> {
    let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
    let mut found = [0; OCTETS];
    let at = OCTETS.checked_sub(octets.len() - start)?;
    found[at..].copy_from_slice(&octets[start..]);
    Some(found)
}

fn machines() -> impl Iterator<Item = Machine> {
    [Some(Machine::NUMBERS), Machine::detect()].into_iter().flatten()
}

/// What each job gives in each lane; panics where lanes differ, or where one that is not valid is good.
/// Returns how many of the valid ones are good, and how many there are.
fn in_every_lane<J: Copy>(
    jobs: &[(J, bool)],
    verify: impl Fn(Machine, &[J]) -> Vec<bool>,
) -> (usize, usize) {
    let good = jobs.iter().find(|(_, is_valid)| *is_valid).expect("a valid one").0;
    let mut found: BTreeMap<usize, bool> = BTreeMap::new();
    for machine in machines() {
        for before in 0..machine.lanes() {
            // Good neighbours before it move each job to another lane.
            let mut all = vec![good; before];
            all.extend(jobs.iter().map(|(job, _)| *job));
            let outcomes = verify(machine, &all);
            assert!(outcomes[..before].iter().all(|is_good| *is_good));
            for (i, is_good) in outcomes[before..].iter().enumerate() {
                assert!(!is_good || jobs[i].1, "number {i} is not valid");
                assert_eq!(*found.entry(i).or_insert(*is_good), *is_good, "number {i}");
            }
        }
    }
    let valid = jobs.iter().filter(|(_, is_valid)| *is_valid).count();
    (found.into_values().filter(|is_good| *is_good).count(), valid)
}

fn is_good(outcomes: Vec<Outcome>) -> Vec<bool> {
    outcomes.into_iter().map(|it| it == Outcome::Good).collect()
}

/// The two numbers of an ECDSA-Sig-Value in DER.
fn ecdsa_numbers<const OCTETS: usize>(signature: &[u8]) -> Option<[[u8; OCTETS]; 2]> {
    let [0x30, length, rest @ ..] = signature else { return None };
    let [0x02, first, rest @ ..] = rest else { return None };
    let (r, rest) = rest.split_at_checked(usize::from(*first))?;
    let [0x02, second, s @ ..] = rest else { return None };
    let is_whole = usize::from(*length) + 2 == signature.len() && s.len() == usize::from(*second);
    let is_positive = |it: &[u8]| match it {
        [0, second, ..] => *second >= 0x80,
        [first, ..] => *first < 0x80,
        [] => false,
    };
    let is_sound = is_whole && is_positive(r) && is_positive(s);
    is_sound.then_some([number(r)?, number(s)?])
}

fn ecdsa_jobs<const OCTETS: usize>(
    name: &str,
    algorithm: &'static Algorithm,
) -> Vec<(ecdsa::Job<OCTETS>, bool)> {
    let mut jobs = vec![];
    for group in groups(name) {
        let key = &group["publicKey"];
        let [x, y] = ["wx", "wy"].map(|it| {
            let text = key[it].as_str().unwrap();
            octets(&Value::from(if text.len() % 2 == 1 { format!("0{text}") } else { text.into() }))
        });
        for test in group["tests"].as_array().unwrap() {
            let Some([r, s]) = ecdsa_numbers(&octets(&test["sig"])) else { continue };
            let digest = digest(algorithm, &octets(&test["msg"])).as_ref().try_into().unwrap();
            let (x, y) = (number(&x).unwrap(), number(&y).unwrap());
            jobs.push((ecdsa::Job { x, y, r, s, digest }, test["result"] == "valid"));
        }
    }
    jobs
}

#[test]
fn p256_in_every_lane() {
    let jobs = ecdsa_jobs::<32>("ecdsa_secp256r1_sha256_test.json.xz", &SHA256);
    let (good, valid) = in_every_lane(&jobs, |machine, jobs| is_good(machine.p256(jobs)));
    println!("{good} of {valid} valid ones are good, of {}", jobs.len());
    assert!(good > valid - 4 && jobs.len() > 200);
}

#[test]
fn p384_in_every_lane() {
    let jobs = ecdsa_jobs::<48>("ecdsa_secp384r1_sha384_test.json.xz", &SHA384);
    let (good, valid) = in_every_lane(&jobs, |machine, jobs| is_good(machine.p384(jobs)));
    println!("{good} of {valid} valid ones are good, of {}", jobs.len());
    assert!(good > valid - 4 && jobs.len() > 200);
}

fn ed25519_job(key: &[u8], message: &[u8], signature: &[u8]) -> Option<ed25519::Job> {
    let signature: [u8; 64] = signature.try_into().ok()?;
    let key: [u8; 32] = key.try_into().ok()?;
    let hash = ed25519_hash(&key, &signature, message);
    Some(ed25519::Job { key, signature, hash })
}

#[test]
fn ed25519_in_every_lane() {
    let mut jobs = vec![];
    for group in groups("ed25519_test.json.xz") {
        let key = octets(&group["publicKey"]["pk"]);
        for test in group["tests"].as_array().unwrap() {
            let job = ed25519_job(&key, &octets(&test["msg"]), &octets(&test["sig"]));
            jobs.extend(job.map(|job| (job, test["result"] == "valid")));
        }
    }
    let (good, valid) = in_every_lane(&jobs, |machine, jobs| is_good(machine.ed25519(jobs)));
    assert_eq!(good, valid);
    assert!(jobs.len() > 100);
}

/// What only a cofactored or a lax verifier takes is not good. The first three have keys or R of small
/// order, for which the equation holds: they are the caller's to refuse.
#[test]
fn speccheck_in_every_lane() {
    let vectors = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/wycheproof/ed25519-speccheck-cases.json");
    let cases: Value = serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
    let jobs: Vec<ed25519::Job> = cases
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let [key, message, signature] =
                ["pub_key", "message", "signature"].map(|it| octets(&case[it]));
            ed25519_job(&key, &message, &signature).unwrap()
        })
        .collect();
    for machine in machines() {
        let good = is_good(machine.ed25519(&jobs));
        let numbers: Vec<usize> = (0..good.len()).filter(|i| good[*i]).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
    }
}

/// The one right block of PKCS #1 v1.5 for SHA-256.
fn block<const OCTETS: usize>(message: &[u8]) -> [u8; OCTETS] {
    const DIGEST_INFO: &[u8] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let mut block = [0xFF; OCTETS];
    (block[0], block[1]) = (0, 1);
    let end = [&[0], DIGEST_INFO, digest(&SHA256, message).as_ref()].concat();
    block[OCTETS - end.len()..].copy_from_slice(&end);
    block
}

type Powers<const OCTETS: usize> = fn(Machine, &[rsa::Job<OCTETS>]) -> Vec<Option<[u8; OCTETS]>>;

fn rsa_in_every_lane<const OCTETS: usize>(name: &str, power: Powers<OCTETS>) {
    let mut jobs = vec![];
    for group in groups(name) {
        let key = &group["publicKey"];
        let modulus: [u8; OCTETS] = number(&octets(&key["modulus"])).unwrap();
        if octets(&key["publicExponent"]) != [1, 0, 1] {
            continue;
        }
        for test in group["tests"].as_array().unwrap() {
            let signature = octets(&test["sig"]);
            let Ok(signature) = signature.try_into() else { continue };
            let block = block(&octets(&test["msg"]));
            let job = rsa::Job { modulus, signature };
            jobs.push(((job, block), test["result"] == "valid"));
        }
    }
    let (good, valid) = in_every_lane(&jobs, |machine, jobs| {
        let powers = power(machine, &jobs.iter().map(|(job, _)| *job).collect::<Vec<_>>());
        powers.iter().zip(jobs).map(|(power, (_, block))| *power == Some(*block)).collect()
    });
    assert_eq!(good, valid);
    assert!(jobs.len() > 100);
}

#[test]
fn rsa_2048_in_every_lane() {
    rsa_in_every_lane("rsa_signature_2048_sha256_test.json.xz", Machine::rsa_2048);
}

#[test]
fn rsa_3072_in_every_lane() {
    rsa_in_every_lane("rsa_signature_3072_sha256_test.json.xz", Machine::rsa_3072);
}

#[test]
fn rsa_4096_in_every_lane() {
    rsa_in_every_lane("rsa_signature_4096_sha256_test.json.xz", Machine::rsa_4096);
}
