//! The decisions of rules V7, V9, V10, V10a and V12, one case each: the tables
//! in `tests/vectors/signatures`, which both backends read, and what no table
//! can say.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken vector must stop the test"
)]

use std::{fs, path::PathBuf, thread};

use cmcodec::der::{children, read_tlv};
use cmcodec::error::Reason;
use cmcodec::verify::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};
use cmcodec::verify::key::v9_read_key;
use serde_json::Value;

struct Case {
    name: String,
    expected: String,
    legacy: bool,
    key: Vec<u8>,
    algorithm: Vec<u8>,
    digest: Option<Vec<u8>>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Case {
    /// The three steps that a signature in a message goes through.
    fn outcome(&self) -> Result<(), Reason> {
        let algorithm = self.signature_algorithm()?;
        let key = v9_read_key(&self.key, self.legacy)?;
        key.verify(&algorithm, &self.message, &self.signature)
    }

    fn signature_algorithm(&self) -> Result<SignatureAlgorithm, Reason> {
        let digest = match &self.digest {
            None => None,
            Some(identifier) => {
                let (oid, parameters) = identifier_parts(identifier);
                let digest = DigestAlgorithm::from_identifier(oid, parameters);
                Some(digest.ok_or(Reason::UnsupportedAlgorithm)?)
            }
        };
        let (oid, parameters) = identifier_parts(&self.algorithm);
        SignatureAlgorithm::from_identifier(oid, parameters, digest, self.legacy)
    }
}

/// The OBJECT IDENTIFIER's content and whatever follows it.
fn identifier_parts(identifier: &[u8]) -> (&[u8], Option<&[u8]>) {
    let outer = read_tlv(identifier, 0, identifier.len()).unwrap();
    let oid = children(identifier, outer.content(), outer.end()).next().unwrap().unwrap();
    let rest = &identifier[oid.end()..outer.end()];
    (oid.value(identifier), (!rest.is_empty()).then_some(rest))
}

fn cases() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/signatures");
    let mut ml_dsa = Vec::new();
    let packed = fs::read(folder.join("ml_dsa.json.xz")).unwrap();
    lzma_rs::xz_decompress(&mut packed.as_slice(), &mut ml_dsa).unwrap();
    let mut cases = table(&fs::read(folder.join("cases.json")).unwrap());
    cases.extend(table(&ml_dsa));
    cases
}

fn table(json: &[u8]) -> Vec<Case> {
    let table: Value = serde_json::from_slice(json).unwrap();
    let hex = |value: &Value| -> Vec<u8> {
        let text = value.as_str().unwrap();
        let octet = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(octet).collect()
    };
    let read = |case: &Value| Case {
        name: case["name"].as_str().unwrap().to_owned(),
        expected: case["expected"].as_str().unwrap().to_owned(),
        legacy: case["legacy"].as_bool().unwrap(),
        key: hex(&case["key"]),
        algorithm: hex(&case["algorithm"]),
        digest: (!case["digest"].is_null()).then(|| hex(&case["digest"])),
        message: hex(&case["message"]),
        signature: hex(&case["signature"]),
    };
    table.as_array().unwrap().iter().map(read).collect()
}

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

#[test]
fn every_case_has_the_outcome_of_its_rule() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = case.outcome().map_or_else(Reason::name, |()| "valid");
        if found != case.expected {
            wrong.push(format!("{}: {found}, not {}", case.name, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// V9: a key out of bounds is refused when it is read, not when it is used;
/// but whether 1024 bits will do depends on the algorithm.
#[test]
fn a_bad_key_is_refused_before_any_signature() {
    let mut refused = 0;
    for case in cases().into_iter().filter(|case| case.expected == "key_rejected") {
        match v9_read_key(&case.key, case.legacy) {
            Err(reason) => assert_eq!(reason, Reason::KeyRejected, "{}", case.name),
            Ok(key) => assert_eq!(key.name(), "RSA-1024", "{}", case.name),
        }
        refused += 1;
    }
    assert!(refused > 150);
}

/// V10a: `legacy` adds; it takes nothing away.
#[test]
fn legacy_accepts_all_that_is_accepted_without() {
    for mut case in cases().into_iter().filter(|case| case.expected == "valid") {
        case.legacy = true;
        assert_eq!(case.outcome(), Ok(()), "{}", case.name);
    }
}

#[test]
fn digests_are_those_of_fips_180() {
    let hex = |octets: &[u8]| -> String { octets.iter().map(|o| format!("{o:02x}")).collect() };
    for (algorithm, name, expected) in [
        (DigestAlgorithm::Sha1, "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            DigestAlgorithm::Sha256,
            "SHA-256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            DigestAlgorithm::Sha384,
            "SHA-384",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            DigestAlgorithm::Sha512,
            "SHA-512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        let digest = algorithm.digest(b"abc");
        assert_eq!(hex(digest.as_ref()), expected, "{name}");
        assert_eq!((algorithm.name(), algorithm.output_len()), (name, expected.len() / 2));
    }
}

#[test]
fn an_algorithm_tells_what_it_is() {
    for (name, expected) in [
        (
            "rsaEncryption with SHA-384",
            (Scheme::RsaPkcs1, Some(DigestAlgorithm::Sha384), 0, "sha384WithRSAEncryption"),
        ),
        (
            "pkcs1 SHA-1, legacy True",
            (Scheme::RsaPkcs1, Some(DigestAlgorithm::Sha1), 0, "sha1WithRSAEncryption"),
        ),
        (
            "pss SHA-512 salt absent",
            (Scheme::RsaPss, Some(DigestAlgorithm::Sha512), 20, "RSASSA-PSS-SHA512"),
        ),
        ("P-521 SHA-256", (Scheme::Ecdsa, Some(DigestAlgorithm::Sha256), 0, "ecdsa-with-SHA256")),
        ("Ed25519", (Scheme::Ed25519, Some(DigestAlgorithm::Sha512), 0, "Ed25519")),
        ("ML-DSA-44, SHA-256", (Scheme::MlDsa44, Some(DigestAlgorithm::Sha512), 0, "ML-DSA-44")),
        ("noSignature", (Scheme::NoSignature, None, 0, "id-alg-noSignature")),
    ] {
        let found = case(name).signature_algorithm().unwrap();
        assert_eq!((found.scheme(), found.digest(), found.salt_len(), found.name()), expected);
    }
    for algorithm in cases().iter().filter_map(|case| case.signature_algorithm().ok()) {
        assert!(!algorithm.name().is_empty(), "{algorithm:?}");
    }
}

#[test]
fn a_key_tells_what_it_is() {
    for (name, expected) in [
        ("rsa 2048 pkcs1 SHA-256", "RSA"),
        ("rsa 1024 pkcs1 SHA-256, legacy", "RSA-1024"),
        ("pss key, no parameters", "RSA-PSS"),
        ("P-256 SHA-256", "P-256"),
        ("P-384 SHA-256", "P-384"),
        ("P-521 SHA-256", "P-521"),
        ("Ed25519", "Ed25519"),
        ("ML-DSA-44, SHA-512", "ML-DSA-44"),
        ("ML-DSA-65, SHA-512", "ML-DSA-65"),
        ("ML-DSA-87, SHA-512", "ML-DSA-87"),
    ] {
        let case = case(name);
        let key = v9_read_key(&case.key, case.legacy).unwrap();
        assert_eq!(key.name(), expected);
        assert_eq!(format!("{key:?}"), format!("PublicKey {{ name: {expected:?}, .. }}"));
    }
}

/// One key, all its algorithms in turn, twice, on several threads: what one
/// verification leaves behind in the key must not touch another.
#[test]
fn one_key_serves_every_algorithm_on_every_thread() {
    for sample in [
        "rsa 2048 pkcs1 SHA-256",
        "P-256 SHA-256",
        "P-384 SHA-384",
        "P-521 SHA-512",
        "Ed25519",
        "ML-DSA-65, SHA-512",
    ] {
        let sample = case(sample);
        let key = v9_read_key(&sample.key, false).unwrap();
        let cases: Vec<_> = cases()
            .into_iter()
            .filter(|case| case.key == sample.key && !case.legacy)
            .filter_map(|case| Some((case.signature_algorithm().ok()?, case)))
            .collect();
        assert!(cases.len() > 5);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for (algorithm, case) in cases.iter().chain(&cases) {
                        let found = key.verify(algorithm, &case.message, &case.signature);
                        let found = found.map_or_else(Reason::name, |()| "valid");
                        assert_eq!(found, case.expected, "{}", case.name);
                    }
                });
            }
        });
    }
}

/// Every octet of a key, signature or RSASSA-PSS-params changed or cut off:
/// no panic, and nothing but the message's own signature verifies.
#[test]
fn no_changed_octet_verifies() {
    for name in [
        "rsa 2048 pkcs1 SHA-256",
        "pss SHA-256 salt 1",
        "P-256 SHA-256",
        "Ed25519",
        "ML-DSA-44, SHA-512",
    ] {
        let good = case(name);
        let algorithm = good.signature_algorithm().unwrap();
        let key = v9_read_key(&good.key, false).unwrap();
        for at in 0..good.signature.len() {
            let mut signature = good.signature.clone();
            signature[at] ^= 1 << (at % 8);
            let found = key.verify(&algorithm, &good.message, &signature);
            assert_eq!(found, Err(Reason::SignatureInvalid), "{name} {at}");
            let found = key.verify(&algorithm, &good.message, &good.signature[..at]);
            assert_eq!(found, Err(Reason::SignatureInvalid), "{name} {at}");
        }
        for at in 0..good.key.len() {
            let cut = v9_read_key(&good.key[..at], false);
            assert_eq!(cut.unwrap_err(), Reason::KeyRejected, "{name} {at}");
            let mut octets = good.key.clone();
            octets[at] ^= 1 << (at % 8);
            let found = v9_read_key(&octets, false)
                .and_then(|key| key.verify(&algorithm, &good.message, &good.signature));
            assert!(found.is_err(), "{name} {at}");
        }
        // From the content of the OBJECT IDENTIFIER on.
        for at in 4..good.algorithm.len() {
            for bit in 0..8 {
                let mut octets = good.algorithm.clone();
                octets[at] ^= 1 << bit;
                let Ok(outer) = read_tlv(&octets, 2, octets.len()) else { continue };
                let rest = &octets[outer.end()..];
                let rest = (!rest.is_empty()).then_some(rest);
                let found =
                    SignatureAlgorithm::from_identifier(outer.value(&octets), rest, None, false)
                        .and_then(|changed| key.verify(&changed, &good.message, &good.signature));
                assert!(found.is_err(), "{name} {at}");
            }
        }
    }
}
