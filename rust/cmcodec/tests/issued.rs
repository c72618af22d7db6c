//! Who signed a certificate (rule V13).
#![expect(clippy::unwrap_used, reason = "a broken vector must stop the test")]

mod common;

use cmcodec::error::Reason;
use cmcodec::verify::issued::v13_certificate_signature;
use cmcodec::view::certificate::Certificate;
use common::Tree;

fn vector(name: &str) -> Vec<u8> {
    common::vector(&format!("shared/keys/{name}"))
}

fn spki(certificate: &[u8]) -> &[u8] {
    Certificate::parse(certificate).unwrap().subject_public_key_info.octets(certificate)
}

#[test]
fn v13_the_key_of_the_issuer_and_no_other() {
    let (ca, ra) = (vector("ca-cert.der"), vector("ra-p256-cert.der"));
    assert_eq!(v13_certificate_signature(&ca, spki(&ca)), Ok(()));
    assert_eq!(v13_certificate_signature(&ra, spki(&ca)), Ok(()));
    assert_eq!(v13_certificate_signature(&ra, spki(&ra)), Err(Reason::AlgorithmMismatch));
    let other = vector("ra-rsa2048-cert.der");
    assert_eq!(v13_certificate_signature(&ra, spki(&other)), Err(Reason::SignatureInvalid));
    assert_eq!(v13_certificate_signature(&ra, &[]), Err(Reason::KeyRejected));
}

/// What a certificate says of its signature twice is the same twice; only one of
/// the two is signed.
#[test]
fn v13_the_two_algorithms_are_the_same() {
    let (ca, ra) = (vector("ca-cert.der"), vector("ra-p256-cert.der"));
    for algorithm in [&[0, 2, 0][..], &[1, 0]] {
        let mut changed = Tree::parse(&ra);
        *changed.at(algorithm).content_mut().last_mut().unwrap() ^= 1;
        let found = v13_certificate_signature(&changed.encode(), spki(&ca));
        assert_eq!(found, Err(Reason::AlgorithmMismatch));
    }
}

#[test]
fn v13_every_octet_counts() {
    let (ca, ra) = (vector("ca-cert.der"), vector("ra-p256-cert.der"));
    for at in 0..ra.len() {
        let mut changed = ra.clone();
        changed.get_mut(at).into_iter().for_each(|octet| *octet ^= 1);
        assert!(v13_certificate_signature(&changed, spki(&ca)).is_err(), "octet {at}");
        let short = ra.get(..at).unwrap();
        assert_eq!(v13_certificate_signature(short, spki(&ca)), Err(Reason::BadValue));
    }
}

/// V13: what a path is built with besides keys stands where RFC 5280 has it.
#[test]
fn v13_validity_subject_and_purposes() {
    for (name, purpose) in [("ca-cert.der", 27), ("ra-p256-cert.der", 28)] {
        let octets = vector(name);
        let mut tree = Tree::parse(&octets);
        let certificate = Certificate::parse(&octets).unwrap();
        let (validity, subject) = certificate.validity_and_subject(&octets).unwrap();
        assert_eq!(validity.octets(&octets), tree.at(&[0, 4]).encode());
        assert_eq!(subject.octets(&octets), tree.at(&[0, 5]).encode());
        let number = common::oid(&format!("1.3.6.1.5.5.7.3.{purpose}"));
        let usage = Tree::new(0x30, vec![number]).encode();
        assert_eq!(certificate.extended_key_usage(&octets), Some(&*usage));
        tree.at(&[0]).remove(0xA3);
        let without = tree.encode();
        let certificate = Certificate::parse(&without).unwrap();
        assert_eq!(certificate.extended_key_usage(&without), None);
    }
}
