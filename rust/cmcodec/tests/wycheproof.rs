//! Project Wycheproof and ed25519-speccheck for every algorithm on offer (G8).
//!
//! Each vector is put through the same three steps as a signature in a
//! message: read the AlgorithmIdentifier, read the SubjectPublicKeyInfo,
//! verify. Where our rules are stricter than "valid" of the suite, the vector
//! must fail with the reason of that rule:
//!
//! | Vectors | Expected | Rule |
//! |---|---|---|
//! | `valid` | `Ok` | |
//! | `acceptable` (RSA PKCS#1 v1.5 without NULL in DigestInfo) | `SignatureInvalid` | V10 |
//! | `invalid` | `SignatureInvalid` | V10 |
//! | RSASSA-PSS with SHA-1 or SHA-224, another hash in MGF1, or a salt longer than the digest | `UnsupportedAlgorithm` | V7, V10 |
//! | Ed25519 public key of small order | `KeyRejected` | V9 |
//! | Ed25519 signature that only a cofactored or a lax verifier takes | `SignatureInvalid` | V9 |
//! | ML-DSA public key of another length | `KeyRejected` | V9 |
//! | ML-DSA signature with a context, which CMS leaves empty | `SignatureInvalid` | V10 |
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken vector must stop the test"
)]

use std::{fs, path::PathBuf};

use cmcodec::error::Reason;
use cmcodec::verify::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use cmcodec::verify::find_good;
use cmcodec::verify::job::Machine;
use cmcodec::verify::key::{PublicKey, v9_read_key};
use serde_json::Value;

const RSA_SHA256: &str = "2a864886f70d01010b";
const RSA_PSS: &str = "2a864886f70d01010a";
const MGF1: &str = "2a864886f70d010108";
const ECDSA_SHA256: &str = "2a8648ce3d040302";
const ECDSA_SHA384: &str = "2a8648ce3d040303";
const ECDSA_SHA512: &str = "2a8648ce3d040304";
const ED25519: &str = "2b6570";
const ML_DSA_44: &str = "608648016503040311";
const ML_DSA_65: &str = "608648016503040312";
const ML_DSA_87: &str = "608648016503040313";
const NULL: &[u8] = &[0x05, 0x00];

/// The hash functions of the RSASSA-PSS vectors: OID, octets of a digest and
/// whether we offer it.
const HASHES: [(&str, &str, u64, bool); 5] = [
    ("SHA-1", "2b0e03021a", 20, false),
    ("SHA-224", "608648016503040204", 28, false),
    ("SHA-256", "608648016503040201", 32, true),
    ("SHA-384", "608648016503040202", 48, true),
    ("SHA-512", "608648016503040203", 64, true),
];

fn vectors(name: &str) -> Value {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/wycheproof").join(name);
    let mut octets = fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    if name.ends_with(".xz") {
        let mut plain = Vec::new();
        lzma_rs::xz_decompress(&mut octets.as_slice(), &mut plain).unwrap();
        octets = plain;
    }
    serde_json::from_slice(&octets).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn octets(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

/// One TLV with less than 128 octets of content.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80);
    [&[tag, length], content.as_slice()].concat()
}

fn hash(name: &str) -> (&'static str, u64, bool) {
    let row = HASHES.iter().find(|row| row.0 == name);
    row.map(|row| (row.1, row.2, row.3)).unwrap_or_else(|| panic!("{name}"))
}

fn has_flag(test: &Value, flag: &str) -> bool {
    test["flags"].as_array().unwrap().iter().any(|it| it == flag)
}

fn has_context(test: &Value) -> bool {
    test["ctx"].as_str().is_some_and(|context| !context.is_empty())
}

/// Runs all vectors of a file with the algorithm that `identify` makes of a
/// group, None if the group must be refused with `UnsupportedAlgorithm`.
/// Returns how many verified and how many did not.
fn run(
    file: &str,
    identify: impl Fn(&Value) -> Result<SignatureAlgorithm, Reason>,
    offered: impl Fn(&Value) -> bool,
) -> (usize, usize) {
    let suite = vectors(file);
    let (mut good, mut bad) = (0, 0);
    let mut asked = vec![];
    for group in suite["testGroups"].as_array().unwrap() {
        let spki = octets(&group["publicKeyDer"]);
        let algorithm = identify(group);
        for test in group["tests"].as_array().unwrap() {
            let (message, signature) = (octets(&test["msg"]), octets(&test["sig"]));
            let found = algorithm.and_then(|algorithm| {
                let key = v9_read_key(&spki, false)?;
                let verified = key.verify(&algorithm, &message, &signature);
                asked.push((key, algorithm, message, signature, verified.is_ok()));
                verified
            });
            let expected = match test["result"].as_str().unwrap() {
                _ if !offered(group) => Err(Reason::UnsupportedAlgorithm),
                _ if has_flag(test, "IncorrectPublicKeyLength") => Err(Reason::KeyRejected),
                _ if has_context(test) => Err(Reason::SignatureInvalid),
                "valid" => Ok(()),
                "acceptable" | "invalid" => Err(Reason::SignatureInvalid),
                other => panic!("{other}"),
            };
            assert_eq!(found, expected, "{file} {} {}", test["tcId"], test["comment"]);
            *if found.is_ok() { &mut good } else { &mut bad } += 1;
        }
    }
    assert_eq!(suite["numberOfTests"].as_u64(), u64::try_from(good + bad).ok(), "{file}");
    ask_lanes(file, &asked);
    (good, bad)
}

/// A signature: key, algorithm, message, octets, and whether the library says that it is good.
type Asked = (PublicKey, SignatureAlgorithm, Vec<u8>, Vec<u8>, bool);

/// Lanes find nothing good that the library refuses, in whichever lane and beside whatever it is;
/// and of what it takes they miss next to nothing, where they know such keys.
fn ask_lanes(file: &str, asked: &[Asked]) {
    for machine in [Some(Machine::NUMBERS), Machine::detect()].into_iter().flatten() {
        for shift in 0..machine.lanes() {
            let turned = || asked.iter().cycle().skip(shift).take(asked.len());
            let signatures = turned().map(|(key, algorithm, message, octets, _)| {
                (key, *algorithm, &**message, &**octets)
            });
            let found = find_good(machine, signatures);
            let wrong = turned().zip(&found).find(|(it, found)| **found && !it.4);
            assert!(wrong.is_none(), "{file}: {:?}", wrong.map(|(it, _)| it));
            let (good, known) = (found.iter().filter(|it| **it).count(), good_of(asked));
            let missed = known - good;
            assert!(missed <= known / 50 + 7 || !knows(file), "{file}: {missed} of {known}");
        }
    }
}

fn good_of(asked: &[Asked]) -> usize {
    asked.iter().filter(|it| it.4).count()
}

/// Whether lanes know the keys of a file.
fn knows(file: &str) -> bool {
    !["521", "mldsa", "8192"].iter().any(|it| file.contains(it))
}

fn fixed(
    file: &str,
    oid: &str,
    parameters: Option<&[u8]>,
    digest: DigestAlgorithm,
) -> (usize, usize) {
    let identify =
        |_: &Value| SignatureAlgorithm::from_identifier(&hex(oid), parameters, Some(digest), false);
    run(file, identify, |_| true)
}

fn pss(file: &str) -> (usize, usize) {
    let identify = |group: &Value| {
        let algorithm = |name: &Value| {
            let (oid, ..) = hash(name.as_str().unwrap());
            tlv(0x30, &[&tlv(0x06, &[&hex(oid)]), NULL])
        };
        let salt = group["sLen"].as_u64().unwrap();
        let explicit = match u8::try_from(salt).unwrap() {
            20 => Vec::new(),
            other => tlv(0xA2, &[&tlv(0x02, &[&[other]])]),
        };
        let mask = tlv(0x30, &[&tlv(0x06, &[&hex(MGF1)]), &algorithm(&group["mgfSha"])]);
        let hashed = tlv(0xA0, &[&algorithm(&group["sha"])]);
        let parameters = tlv(0x30, &[&hashed, &tlv(0xA1, &[&mask]), &explicit]);
        SignatureAlgorithm::from_identifier(&hex(RSA_PSS), Some(&parameters), None, false)
    };
    run(file, identify, |group| {
        let (_, length, offered) = hash(group["sha"].as_str().unwrap());
        offered && group["sha"] == group["mgfSha"] && group["sLen"].as_u64().unwrap() <= length
    })
}

#[test]
fn rsa_pkcs1() {
    for (file, expected) in [
        ("rsa_signature_2048_sha256_test.json.xz", 9),
        ("rsa_signature_3072_sha256_test.json.xz", 8),
        ("rsa_signature_4096_sha256_test.json.xz", 7),
        ("rsa_signature_8192_sha256_test.json.xz", 7),
    ] {
        for parameters in [Some(NULL), None] {
            let (good, _) = fixed(file, RSA_SHA256, parameters, DigestAlgorithm::Sha256);
            assert_eq!(good, expected, "{file}");
        }
    }
}

#[test]
fn rsa_pss() {
    for (file, expected) in [
        ("rsa_pss_2048_sha1_mgf1_20_test.json.xz", 0),
        ("rsa_pss_2048_sha256_mgf1_0_test.json.xz", 61),
        ("rsa_pss_2048_sha256_mgf1_32_test.json.xz", 63),
        ("rsa_pss_2048_sha256_mgf1_32_params_test.json.xz", 63),
        ("rsa_pss_4096_sha256_mgf1_32_test.json.xz", 63),
        ("rsa_pss_misc_test.json.xz", 15),
        ("rsa_pss_misc_params_test.json.xz", 15),
    ] {
        let (good, _) = pss(file);
        assert_eq!(good, expected, "{file}");
    }
}

#[test]
fn ecdsa() {
    for (file, oid, digest, expected) in [
        ("ecdsa_secp256r1_sha256_test.json.xz", ECDSA_SHA256, DigestAlgorithm::Sha256, 174),
        ("ecdsa_secp384r1_sha384_test.json.xz", ECDSA_SHA384, DigestAlgorithm::Sha384, 194),
        ("ecdsa_secp521r1_sha512_test.json.xz", ECDSA_SHA512, DigestAlgorithm::Sha512, 232),
    ] {
        let (good, _) = fixed(file, oid, None, digest);
        assert_eq!(good, expected, "{file}");
    }
}

#[test]
fn ed25519() {
    let found = fixed("ed25519_test.json.xz", ED25519, None, DigestAlgorithm::Sha512);
    assert_eq!(found, (88, 63));
}

#[test]
fn ml_dsa() {
    for (file, oid, expected) in [
        ("mldsa_44_verify_test.json.xz", ML_DSA_44, (75, 105)),
        ("mldsa_65_verify_test.json.xz", ML_DSA_65, (77, 133)),
        ("mldsa_87_verify_test.json.xz", ML_DSA_87, (69, 172)),
    ] {
        let found = fixed(file, oid, None, DigestAlgorithm::Sha512);
        assert_eq!(found, expected, "{file}");
    }
}

/// ed25519-speccheck, table 1 of "Taming the many EdDSAs": strict,
/// cofactorless and no small order leaves case 3 alone.
#[test]
fn ed25519_speccheck() {
    const SMALL_KEY: Result<(), Reason> = Err(Reason::KeyRejected);
    const INVALID: Result<(), Reason> = Err(Reason::SignatureInvalid);
    let expected = [
        (SMALL_KEY, "A and R of small order"),
        (SMALL_KEY, "A of small order"),
        (INVALID, "R of small order"),
        (Ok(()), "A and R of mixed order, holds without cofactor"),
        (INVALID, "holds only with the cofactor"),
        (INVALID, "holds only with the cofactor, multiplied before reducing"),
        (INVALID, "s above L"),
        (INVALID, "s far above L"),
        (INVALID, "R not canonical, reduced for hashing"),
        (INVALID, "R not canonical"),
        (SMALL_KEY, "A not canonical, reduced for hashing"),
        (SMALL_KEY, "A not canonical"),
    ];
    let algorithm = SignatureAlgorithm::from_identifier(&hex(ED25519), None, None, false).unwrap();
    let cases = vectors("ed25519-speccheck-cases.json");
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), expected.len());
    for (number, (case, (expected, what))) in cases.iter().zip(expected).enumerate() {
        let spki = [&hex("302a300506032b6570032100"), octets(&case["pub_key"]).as_slice()].concat();
        let found = v9_read_key(&spki, false).and_then(|key| {
            key.verify(&algorithm, &octets(&case["message"]), &octets(&case["signature"]))
        });
        assert_eq!(found, expected, "case {number}: {what}");
    }
}
