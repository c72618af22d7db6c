//! The rules one by one, on edited messages (rules V1 to V12, R1, R5, P6).
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken vector must stop the test"
)]

mod common;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use cmcodec::der::Elements;
use cmcodec::error::Reason;
use cmcodec::generated::limits::{MAX_DEPTH, MAX_FAILED_WORK};
use cmcodec::load::load;
use cmcodec::schema::walk::Options;
use cmcodec::verify::Row;
use cmcodec::verify::algorithm::DigestAlgorithm;
use cmcodec::verify::report::{
    AlgorithmName, CertificateSource, MessageKind, PopState, SignerKey, fingerprint,
};
use cmcodec::verify::{Config, KnownCertificates};
use cmcodec::view::Attribute;
use common::{
    Edit, MESSAGE_DIGEST, Outcome, Tree, offset, oid, outcome, outer, parts, pops, rows, sample,
    single, vector,
};

/// Edits the sample's SignerInfo and tells outcome and the octets.
fn edited(edit: impl FnOnce(&mut Tree)) -> (Outcome, Row, Vec<u8>) {
    let mut tree = sample();
    edit(tree.signer(0));
    let octets = tree.sorted().encode();
    let row = outer(&octets);
    (outcome(&row), row, octets)
}

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const PROTECTION: &str = "1.2.840.113549.1.9.52";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const ED25519: &str = "1.3.101.112";

fn attribute(number: &str, values: Vec<Tree>) -> Tree {
    Tree::new(0x30, vec![oid(number), Tree::new(0x31, values)])
}

fn identifier(tag: u8, number: &str) -> Tree {
    Tree::new(tag, vec![oid(number)])
}

/// id-alg-noSignature.
fn no_signature() -> Tree {
    Tree::new(0x30, vec![oid("1.3.6.1.5.5.7.6.2"), Tree::leaf(0x05, b"")])
}

/// signedAttrs of a SignerInfo.
fn attributes(info: &mut Tree) -> &mut Vec<Tree> {
    info.child(0xA0).children_mut()
}

fn is_type(tree: &Tree, number: &str) -> bool {
    tree.children()[0] == oid(number)
}

/// The sample around another content, signed again with a key of its own.
fn signed_over(content_type: &str, content: &[u8]) -> Tree {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let mut tree = sample();
    let signed = tree.at(&[1, 0]);
    *signed.at(&[1]) = Tree::new(0x31, vec![identifier(0x30, SHA512)]);
    let octets = Tree::new(0xA0, vec![Tree::leaf(0x04, content)]);
    *signed.at(&[2]) = Tree::new(0x30, vec![oid(content_type), octets]);
    let public = [&[0], key.public_key().as_ref()].concat();
    for certificate in signed.child(0xA0).children_mut() {
        *spki(certificate) =
            Tree::new(0x30, vec![identifier(0x30, ED25519), Tree::leaf(0x03, &public)]);
    }
    let digest = DigestAlgorithm::Sha512.digest(content);
    let info = tree.signer(0);
    *info.at(&[2]) = identifier(0x30, SHA512);
    *info.at(&[4]) = identifier(0x30, ED25519);
    *attributes(info) = vec![
        attribute(CONTENT_TYPE, vec![oid(content_type)]),
        attribute(MESSAGE_DIGEST, vec![Tree::leaf(0x04, digest.as_ref())]),
    ];
    let mut tree = tree.sorted();
    let info = tree.signer(0);
    let message = Tree::new(0x31, attributes(info).clone()).encode();
    *info.last() = Tree::leaf(0x04, key.sign(&message).as_ref());
    tree
}

#[test]
fn v1_content_must_be_there() {
    let mut tree = sample();
    tree.at(&[1, 0, 2]).remove(0xA0);
    let octets = tree.encode();
    let row = outer(&octets);
    assert_eq!(outcome(&row), ("failed", "content_missing", "V1"));
    assert_eq!(offset(&row), parts(&octets).0.encap_content_info.e_content_type.start());
    assert_eq!(row.finding.kind, MessageKind::FullRequest);
    assert!(row.finding.signers.is_empty() && row.finding.requests.is_empty());
}

/// V1: no signature covers a version, so that each is one of CMS.
#[test]
fn v1_versions_that_cms_has_not() {
    let signed_data: Edit = |it| it.at(&[1, 0, 0]).content_mut()[0] = 6;
    let signer_info: Edit = |it| it.signer(0).at(&[0]).content_mut()[0] = 6;
    for (edit, of_signer) in [(signed_data, false), (signer_info, true)] {
        let mut tree = sample();
        edit(&mut tree);
        let octets = tree.encode();
        let row = outer(&octets);
        assert_eq!(outcome(&row), ("failed", "version_mismatch", "V1"));
        let (signed, info) = parts(&octets);
        let version = if of_signer { info.version } else { signed.version };
        assert_eq!(offset(&row), version.start());
        assert_eq!(row.finding.signers[0].key.is_err(), of_signer);
    }
    let mut certs_only = Tree::parse(&vector("bouncycastle/responses/certs-only-crl.der"));
    assert_eq!(outcome(&outer(&certs_only.encode())), ("unsigned", "", ""));
    signed_data(&mut certs_only);
    assert_eq!(outcome(&outer(&certs_only.encode())), ("failed", "version_mismatch", "V1"));
}

/// V1: a version of CMS that the content does not call for is noted, in the
/// SignedData and in a SignerInfo.
#[test]
fn v1_versions_that_are_noted() {
    assert!(!outer(&sample().encode()).finding.has_other_version);
    for path in [&[1, 0, 0][..], &[1, 0, 4, 0, 0]] {
        for version in [0, 2, 5] {
            let mut tree = sample();
            tree.at(path).content_mut()[0] = version;
            let row = outer(&tree.encode());
            assert_eq!(outcome(&row), ("verified", "", ""), "{path:?} {version}");
            assert!(row.finding.has_other_version, "{path:?} {version}");
        }
    }
}

/// V1: certs-only holds nothing but certificates and CRLs.
#[test]
fn v1_id_data_with_content_is_not_certs_only() {
    for (content, kind, expected) in [
        (&b""[..], MessageKind::SimpleResponse, ("unsigned", "", "")),
        (b"content", MessageKind::Other, ("failed", "wrong_content_type", "V1")),
    ] {
        let mut tree = Tree::parse(&vector("bouncycastle/responses/certs-only-crl.der"));
        let held = Tree::new(0xA0, vec![Tree::leaf(0x04, content)]);
        tree.at(&[1, 0, 2]).children_mut().push(held);
        let row = outer(&tree.encode());
        assert_eq!((row.finding.kind, outcome(&row)), (kind, expected));
    }
}

#[test]
fn v1_encrypted_content_may_be_signed() {
    let mut tree = sample();
    let enveloped = vector("bouncycastle/encrypted/enveloped-rsa.der");
    let enveloped = Tree::parse(&enveloped).at(&[1, 0]).encode();
    let content = tree.at(&[1, 0, 2]);
    content.children_mut()[0] = oid("1.2.840.113549.1.7.3");
    *content.at(&[1, 0]).content_mut() = enveloped;
    let row = outer(&tree.encode());
    assert_eq!(outcome(&row), ("failed", "content_type_mismatch", "V5"));
    assert_eq!(row.finding.kind, MessageKind::Other);
}

#[test]
fn v2_no_signer() {
    let mut tree = sample();
    tree.signers().clear();
    let octets = tree.encode();
    let row = outer(&octets);
    assert_eq!(outcome(&row), ("unsigned", "no_signer", "V2"));
    assert_eq!(pops(&row), "verified");
    let root = Tree::parse(&octets).encode().len();
    assert_eq!(offset(&row), root - 2);
}

/// V2: proofs are listed, and change nothing.
#[test]
fn v2_no_signer_and_a_bad_proof() {
    let mut tree = Tree::parse(&vector("bouncycastle/requests/crmf-bad-pop.der"));
    tree.signers().clear();
    let row = outer(&tree.encode());
    assert_eq!(outcome(&row), ("unsigned", "no_signer", "V2"));
    assert_eq!(pops(&row), "failed");
}

#[test]
fn v2_64_signers_and_no_more() {
    for (count, expected) in [(64, ("verified", "", "")), (65, ("failed", "limit", "V2"))] {
        let mut tree = sample();
        let info = tree.signer(0).clone();
        *tree.signers() = vec![info; count];
        let octets = tree.encode();
        let row = outer(&octets);
        assert_eq!(outcome(&row), expected);
        assert_eq!(row.finding.signers.len(), count % 65);
        assert_eq!(pops(&row), "verified");
        if count == 65 {
            assert_eq!(offset(&row), parts(&octets).0.signer_infos.start());
        }
    }
}

/// V3: the reason is that of the first that fails, all are looked at.
#[test]
fn v3_every_signer_has_a_verdict() {
    let octets = vector("bouncycastle/faults/two-signers-one-broken.der");
    let row = outer(&octets);
    let good: Vec<_> = row.finding.signers.iter().map(|it| it.key.is_ok()).collect();
    assert_eq!(good.iter().filter(|good| **good).count(), 1);
    assert!(row.finding.signers.iter().all(|it| matches!(it.algorithm, AlgorithmName::Known(_))));
}

/// V3: of two that are bad the first in received order gives the reason.
#[test]
fn v3_the_first_bad_signer_is_the_reason() {
    let without_attributes: Edit = |info| info.remove(0xA0);
    let unknown_digest: Edit = |info| info.children_mut()[2] = identifier(0x30, "1.2.3");
    let outcomes =
        [("failed", "attribute_missing", "V4"), ("failed", "unsupported_algorithm", "V7")];
    for (edits, expected) in [
        ([without_attributes, unknown_digest], outcomes[0]),
        ([unknown_digest, without_attributes], outcomes[1]),
    ] {
        let mut tree = sample();
        let info = tree.signer(0).clone();
        tree.signers().clear();
        for edit in edits {
            let mut changed = info.clone();
            edit(&mut changed);
            tree.signers().push(changed);
        }
        // In a SET OF the longer one stands behind.
        if expected == outcomes[1] {
            let padding = attribute("1.2.3", vec![Tree::leaf(0x04, &[0; 400])]);
            tree.signer(1).children_mut().push(Tree::new(0xA1, vec![padding]));
        }
        let row = outer(&tree.encode());
        assert_eq!(outcome(&row), expected);
        assert!(row.finding.signers.iter().all(|it| it.key.is_err()));
    }
}

/// P3, V4: the signed attributes are in order, each and its neighbour.
#[test]
fn p3_signed_attributes_are_in_order() {
    let count = attributes(sample().signer(0)).len();
    assert!(count > 2);
    for first in 1..count {
        let mut tree = sample();
        attributes(tree.signer(0)).swap(first - 1, first);
        let found = outcome(&outer(&tree.encode()));
        assert_eq!(found, ("malformed", "attributes_unsorted", "V4"), "{first}");
    }
}

/// P1: an open value counts its levels from where it stands.
#[test]
fn p1_depth_of_open_values() {
    // PKIData, controlSequence, the control and its attrValues are around it.
    let most = MAX_DEPTH - 4;
    for (levels, expected) in [(most, None), (most + 1, Some(Reason::Depth))] {
        let empty = Tree::new(0x30, vec![]);
        let value = (1..levels).fold(empty, |inner, _| Tree::new(0x30, vec![inner]));
        let mut tree = sample();
        let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
        let control = content.at(&[0, 0]);
        *control.at(&[1]) = oid("1.3.6.1.5.5.7.7.99");
        *control.at(&[2]) = Tree::new(0x31, vec![value]);
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        let refused = load(&tree.encode(), Options::default()).err();
        assert_eq!(refused.map(|it| it.reason()), expected, "{levels}");
    }
}

#[test]
fn v4_signed_attributes_missing() {
    let (found, row, octets) = edited(|info| info.remove(0xA0));
    assert_eq!(found, ("failed", "attribute_missing", "V4"));
    assert_eq!(offset(&row), parts(&octets).1.tlv.start());
    assert_eq!(row.finding.signers[0].algorithm.text(&octets), "ecdsa-with-SHA256");
}

#[test]
fn v4_attribute_missing() {
    for number in [CONTENT_TYPE, MESSAGE_DIGEST] {
        let (found, row, octets) =
            edited(|info| attributes(info).retain(|it| !is_type(it, number)));
        assert_eq!(found, ("failed", "attribute_missing", "V4"));
        assert_eq!(offset(&row), parts(&octets).1.signed_attrs.unwrap().start());
    }
}

#[test]
fn v4_second_attribute() {
    let time = || Tree::leaf(0x17, b"260101000000Z");
    let protection =
        || Tree::new(0x30, vec![identifier(0x30, SHA256), identifier(0xA1, ECDSA_SHA256)]);
    let digest = || Tree::leaf(0x04, &[0; 32]);
    for (number, value) in [
        (CONTENT_TYPE, oid("1.3.6.1.5.5.7.12.2")),
        (MESSAGE_DIGEST, digest()),
        (SIGNING_TIME, time()),
        (PROTECTION, protection()),
    ] {
        let (found, row, octets) = edited(|info| {
            let list = attributes(info);
            list.retain(|it| !is_type(it, number));
            list.extend([attribute(number, vec![value.clone()]), attribute(number, vec![value])]);
        });
        assert_eq!(found, ("failed", "attribute_duplicate", "V4"), "{number}");
        let set = parts(&octets).1.signed_attrs.unwrap();
        let second = Elements::of(&octets, set)
            .filter(|it| {
                let attribute = Attribute::read(&octets, *it).unwrap();
                attribute.attr_type.octets(&octets) == oid(number).encode()
            })
            .nth(1);
        assert_eq!(offset(&row), second.unwrap().start(), "{number}");
    }
}

#[test]
fn v4_not_exactly_one_value() {
    let one = vec![Tree::leaf(0x17, b"260101000000Z")];
    let two = vec![Tree::leaf(0x17, b"260101000000Z"), Tree::leaf(0x17, b"270101000000Z")];
    for (number, values) in [
        (CONTENT_TYPE, vec![]),
        (MESSAGE_DIGEST, vec![Tree::leaf(0x04, b""), Tree::leaf(0x04, b"")]),
        (SIGNING_TIME, two),
        (SIGNING_TIME, vec![]),
        (PROTECTION, vec![]),
    ] {
        let (found, ..) = edited(|info| {
            let list = attributes(info);
            list.retain(|it| !is_type(it, number));
            list.push(attribute(number, values));
        });
        assert_eq!(found, ("failed", "attribute_duplicate", "V4"), "{number}");
    }
    // The signing time is not needed: without it the digest is the next fault.
    let (found, ..) = edited(|info| {
        let list = attributes(info);
        list.retain(|it| !is_type(it, SIGNING_TIME));
        list.push(attribute(SIGNING_TIME, one));
    });
    assert_eq!(found, ("failed", "signature_invalid", "V10"));
}

#[test]
fn v7_unknown_algorithms() {
    let (found, row, octets) =
        edited(|info| info.children_mut()[2] = identifier(0x30, "2.16.840.1.101.3.4.2.8"));
    assert_eq!(found, ("failed", "unsupported_algorithm", "V7"));
    assert_eq!(offset(&row), parts(&octets).1.digest_algorithm.tlv.start());
    assert_eq!(row.finding.signers[0].algorithm.text(&octets), "ecdsa-with-SHA256");

    let (found, row, octets) =
        edited(|info| info.children_mut()[4] = identifier(0x30, "1.2.840.10045.4.3.1"));
    assert_eq!(found, ("failed", "unsupported_algorithm", "V7"));
    assert_eq!(offset(&row), parts(&octets).1.signature_algorithm.tlv.start());
    assert_eq!(row.finding.signers[0].algorithm.text(&octets), "1.2.840.10045.4.3.1");
}

/// V7: digestAlgorithm with NULL is the same as without, also for
/// digestAlgorithms; other parameters are not.
#[test]
fn v7_null_is_absent() {
    let null = || Tree::leaf(0x05, b"");
    let (found, ..) = edited(|info| {
        info.children_mut()[2] = Tree::new(0x30, vec![oid(SHA256), null()]);
    });
    assert_eq!(found, ("verified", "", ""));
    let mut tree = sample();
    tree.at(&[1, 0, 1, 0]).children_mut().truncate(1);
    tree.at(&[1, 0, 1, 0]).children_mut().push(null());
    assert_eq!(outcome(&outer(&tree.encode())), ("verified", "", ""));
    tree.at(&[1, 0, 1, 0]).children_mut()[1] = Tree::leaf(0x02, &[1]);
    assert_eq!(outcome(&outer(&tree.encode())), ("failed", "algorithm_mismatch", "V7"));
}

#[test]
fn v7_algorithm_protection() {
    let agrees = |second: Vec<Tree>| {
        let mut fields = vec![identifier(0x30, SHA256)];
        fields.extend(second);
        attribute(PROTECTION, vec![Tree::new(0x30, fields)])
    };
    let signature = || identifier(0xA1, ECDSA_SHA256);
    for (value, expected) in [
        // What the sample says itself.
        (agrees(vec![signature()]), ("verified", "", "")),
        (agrees(vec![]), ("failed", "algorithm_mismatch", "V7")),
        (
            agrees(vec![identifier(0xA1, "1.2.840.10045.4.3.3")]),
            ("failed", "algorithm_mismatch", "V7"),
        ),
        (
            agrees(vec![signature(), identifier(0xA2, "1.2.840.113549.2.9")]),
            ("failed", "algorithm_mismatch", "V7"),
        ),
    ] {
        let (found, row, octets) = edited(|info| {
            let list = attributes(info);
            list.retain(|it| !is_type(it, PROTECTION));
            list.push(value);
        });
        assert_eq!(found, expected);
        if expected.2 == "V7" {
            let set = parts(&octets).1.signed_attrs.unwrap();
            let place = Elements::of(&octets, set).find(|it| it.start() == offset(&row)).unwrap();
            assert!(is_type(&Tree::parse(place.octets(&octets)), PROTECTION));
        }
    }
}

/// V12: nothing else is looked at, not even whether somebody could have signed.
#[test]
fn v12_no_signature() {
    let (found, row, octets) = edited(|info| {
        info.children_mut()[4] = no_signature();
        let list = attributes(info);
        list.retain(|it| !is_type(it, PROTECTION));
        for attribute in list {
            if is_type(attribute, MESSAGE_DIGEST) {
                attribute.at(&[1, 0]).content_mut()[0] ^= 1;
            }
        }
    });
    assert_eq!(found, ("failed", "no_signature", "V12"));
    assert_eq!(offset(&row), parts(&octets).1.signature_algorithm.tlv.start());
}

/// V5: all arcs, not only those that both have.
#[test]
fn v5_content_type() {
    let is_v5 = ("failed", "content_type_mismatch", "V5");
    for number in ["1.3.6.1.5.5.7.12", "1.3.6.1.5.5.7.12.3", "1.3.6.1.5.5.7.12.2.1"] {
        let (found, row, octets) = edited(|info| {
            let list = attributes(info);
            list.retain(|it| !is_type(it, CONTENT_TYPE));
            list.push(attribute(CONTENT_TYPE, vec![oid(number)]));
        });
        assert_eq!(found, is_v5, "{number}");
        let set = parts(&octets).1.signed_attrs.unwrap();
        let place = Elements::of(&octets, set).find(|it| it.start() == offset(&row)).unwrap();
        assert!(is_type(&Tree::parse(place.octets(&octets)), CONTENT_TYPE));
    }
}

#[test]
fn v6_content_changed() {
    let octets = vector("bouncycastle/faults/digest-mismatch.der");
    let row = outer(&octets);
    let set = parts(&octets).1.signed_attrs.unwrap();
    let place = Elements::of(&octets, set).find(|it| it.start() == offset(&row)).unwrap();
    assert!(is_type(&Tree::parse(place.octets(&octets)), MESSAGE_DIGEST));
}

/// The certificates of the sample, to be replaced.
fn with_certificates(edit: impl FnOnce(Tree) -> Vec<Tree>) -> (Outcome, Row, Vec<u8>) {
    let mut tree = sample();
    let set = tree.at(&[1, 0]).child(0xA0).children_mut();
    let signer = set
        .iter()
        .find(|it| {
            let mut alone = sample();
            *alone.at(&[1, 0]).child(0xA0).children_mut() = vec![(*it).clone()];
            outcome(&outer(&alone.encode())).0 == "verified"
        })
        .unwrap()
        .clone();
    *set = edit(signer);
    set.sort_by_key(Tree::encode);
    let octets = tree.encode();
    let row = outer(&octets);
    (outcome(&row), row, octets)
}

/// subjectPublicKeyInfo of a certificate with a version.
fn spki(certificate: &mut Tree) -> &mut Tree {
    certificate.at(&[0, 6])
}

/// V8, V9, V10: every candidate is tried, at most four; the first reason that
/// comes from arithmetic counts.
#[test]
fn v8_candidates() {
    let spki_of = |name: &str| {
        let octets = vector(&format!("bouncycastle/requests/pkcs10-{name}.der"));
        Tree::parse(&octets).at(&[0, 2]).clone()
    };
    let with = |certificate: &Tree, key: Tree| {
        let mut changed = certificate.clone();
        *spki(&mut changed) = key;
        changed
    };
    let unknown = |certificate: &Tree| {
        let mut key = spki_of("p256");
        *key.at(&[0]) = identifier(0x30, "1.3.132.1.12");
        with(certificate, key)
    };
    let rejected = |certificate: &Tree, octets: &[u8]| {
        let mut key = spki_of("p256");
        *key.children_mut().last_mut().unwrap() = Tree::leaf(0x03, octets);
        with(certificate, key)
    };

    let (found, row, octets) = with_certificates(|it| vec![with(&it, spki_of("p256"))]);
    assert_eq!(found, ("failed", "signature_invalid", "V10"));
    assert_eq!(offset(&row), parts(&octets).1.signature.start());

    for (certificate, reason, rule) in [
        (
            Box::new(|it: &Tree| rejected(it, &[0, 4])) as Box<dyn Fn(&Tree) -> Tree>,
            "key_rejected",
            "V9",
        ),
        (Box::new(|it: &Tree| with(it, spki_of("rsa2048"))), "algorithm_mismatch", "V7"),
        (Box::new(unknown), "unsupported_algorithm", "V7"),
    ] {
        let (found, row, octets) = with_certificates(|it| vec![certificate(&it)]);
        assert_eq!(found, ("failed", reason, rule));
        assert_eq!(offset(&row), parts(&octets).1.sid.start());
        // The bad ones and the right one.
        let (found, ..) = with_certificates(|it| vec![certificate(&it), it]);
        assert_eq!(found, ("verified", "", ""));
        // Arithmetic counts more than shape.
        let (found, ..) =
            with_certificates(|it| vec![certificate(&it), with(&it, spki_of("p256"))]);
        assert_eq!(found, ("failed", "signature_invalid", "V10"));
    }

    // Identical certificates are one candidate; five candidates are one too many.
    let (found, ..) = with_certificates(|it| {
        let mut set = vec![rejected(&it, &[0, 4]); 9];
        set.push(it);
        set
    });
    assert_eq!(found, ("verified", "", ""));
    let (found, ..) = with_certificates(|it| {
        let mut set: Vec<_> = (0..4).map(|n| rejected(&it, &[0, n])).collect();
        set.push(it);
        set
    });
    assert_eq!(found, ("failed", "key_rejected", "V9"));
}

/// V8: a certificate that a signed attribute does not name is none to try; both
/// attributes, by their hash functions.
#[test]
fn v8_signing_certificate() {
    let octets = sample().encode();
    let (signed, _) = parts(&octets);
    let certificates: Vec<_> = signed.certificates(&octets).map(|it| it.octets(&octets)).collect();
    let [certificate] = certificates[..] else { panic!("{}", certificates.len()) };
    let digest = |algorithm: DigestAlgorithm| algorithm.digest(certificate).as_ref().to_vec();
    let sha1 = digest(DigestAlgorithm::Sha1);
    let sha256 = digest(DigestAlgorithm::Sha256);
    // What the attributes say is signed: with them no signature is good.
    let (tried, excluded) = (("signature_invalid", "V10"), ("signer_not_found", "V8"));
    for (number, hash, (reason, rule)) in [
        ("1.2.840.113549.1.9.16.2.12", &sha1[..], tried),
        ("1.2.840.113549.1.9.16.2.12", &sha256, excluded),
        ("1.2.840.113549.1.9.16.2.12", &sha1[..19], excluded),
        ("1.2.840.113549.1.9.16.2.47", &sha256, tried),
        ("1.2.840.113549.1.9.16.2.47", &sha1, excluded),
        ("1.2.840.113549.1.9.16.2.47", b"", excluded),
    ] {
        let named = [0x30, 0x30, 0x30]
            .iter()
            .fold(Tree::leaf(0x04, hash), |inner, tag| Tree::new(*tag, vec![inner]));
        let (found, ..) = edited(|info| attributes(info).push(attribute(number, vec![named])));
        assert_eq!(found, ("failed", reason, rule), "{number} {}", hash.len());
    }
}

/// V8: the hash function is the one that signingCertificateV2 names, if it names one.
#[test]
fn v8_signing_certificate_by_another_hash_function() {
    let octets = sample().encode();
    let (signed, _) = parts(&octets);
    let certificate = signed.certificates(&octets).next().unwrap().octets(&octets);
    let hash = |digest: DigestAlgorithm| digest.digest(certificate).as_ref().to_vec();
    let (tried, excluded) = (("signature_invalid", "V10"), ("signer_not_found", "V8"));
    for (number, hash, (reason, rule)) in [
        (SHA512, hash(DigestAlgorithm::Sha512), tried),
        (SHA512, hash(DigestAlgorithm::Sha256), excluded),
        (SHA256, hash(DigestAlgorithm::Sha512), excluded),
        ("1.2.3", hash(DigestAlgorithm::Sha256), excluded),
    ] {
        let named = Tree::new(0x30, vec![identifier(0x30, number), Tree::leaf(0x04, &hash)]);
        let value = Tree::new(0x30, vec![Tree::new(0x30, vec![named])]);
        let number = "1.2.840.113549.1.9.16.2.47";
        let (found, ..) = edited(|info| attributes(info).push(attribute(number, vec![value])));
        assert_eq!(found, ("failed", reason, rule));
    }
}

/// A copy of a certificate that only its unsigned end tells apart.
fn twin(certificate: &Tree, number: u8) -> Tree {
    let mut twin = certificate.clone();
    *twin.last().content_mut().last_mut().unwrap() ^= number;
    twin
}

/// V8: all certificates with the key count, named in the order of the message, after those of the
/// caller and those of an RA that the caller authorised.
#[test]
fn v8_every_certificate_with_the_key_counts() {
    let mut certificates = Vec::new();
    let (found, row, octets) = with_certificates(|it| {
        certificates = vec![it.clone(), twin(&it, 1), twin(&it, 2)];
        certificates.sort_by_key(Tree::encode);
        certificates.clone()
    });
    let certificates: Vec<_> = certificates.iter().map(Tree::encode).collect();
    assert_eq!(found, ("verified", "", ""));
    let named = |row: &Row, config: &Config| -> Vec<Vec<u8>> {
        let Ok(SignerKey::Certificates(sources)) = &row.finding.signers[0].key else { panic!() };
        let octets = |it: &CertificateSource| it.octets(&octets, &config.certificates);
        sources.iter().map(|it| octets(it).unwrap().to_vec()).collect()
    };
    assert_eq!(named(&row, &single()), certificates);
    // What the caller gave counts once, and first.
    let given = KnownCertificates::new(vec![certificates[2].clone()]);
    let config = Config { certificates: given, ..single() };
    let in_order = |order: [usize; 3]| order.map(|index| certificates[index].clone());
    assert_eq!(named(&rows(&octets, &config)[0], &config), in_order([2, 0, 1]));
    let config = Config { authorised_ras: [fingerprint(&certificates[1])].into(), ..config };
    assert_eq!(named(&rows(&octets, &config)[0], &config), in_order([1, 2, 0]));
}

/// V8, V15: a key that did not verify is not tried again for a twin.
#[test]
fn v8_twins_of_a_wrong_key() {
    let key = Tree::parse(&vector("bouncycastle/requests/pkcs10-p256.der")).at(&[0, 2]).clone();
    let wrong = |certificate: &Tree, number| {
        let mut changed = twin(certificate, number);
        *spki(&mut changed) = key.clone();
        changed
    };
    let (found, ..) = with_certificates(|it| vec![wrong(&it, 0), wrong(&it, 1)]);
    assert_eq!(found, ("failed", "signature_invalid", "V10"));
    let (found, ..) = with_certificates(|it| vec![wrong(&it, 0), wrong(&it, 1), it]);
    assert_eq!(found, ("verified", "", ""));
}

/// V15: work on keys that do not verify is bounded, for all signers of a message together.
#[test]
fn v15_work_on_wrong_keys_is_bounded() {
    // As long as moduli and exponents may be: 8192² × 33 / 2²⁶ each.
    const EACH: usize = 33;
    const CANDIDATES: usize = 4;
    let key = |number: u8| {
        let modulus = [&[0, 0xC0], &[0; 1021][..], &[number, 1]].concat();
        let exponent = Tree::leaf(0x02, &[1, 0xFF, 0xFF, 0xFF, 0xFF]);
        let key = Tree::new(0x30, vec![Tree::leaf(0x02, &modulus), exponent]).encode();
        let rsa = vec![oid("1.2.840.113549.1.1.1"), Tree::leaf(0x05, b"")];
        Tree::new(0x30, vec![Tree::new(0x30, rsa), Tree::leaf(0x03, &[&[0], &*key].concat())])
    };
    let name = "bouncycastle/signers/rsa2048-rsaencryption-sha256.der";
    let mut tree = Tree::parse(&vector(name));
    assert_eq!(outcome(&outer(&tree.encode())), ("verified", "", ""));
    let set = tree.at(&[1, 0]).child(0xA0).children_mut();
    let certificates = set.iter().flat_map(|it| (0..4).map(|number| (it.clone(), number)));
    let changed = certificates.map(|(mut it, number)| {
        *spki(&mut it) = key(number);
        it
    });
    *set = changed.collect();
    set.sort_by_key(Tree::encode);
    *tree.signer(0).last() = Tree::leaf(0x04, &[1; 1024]);
    let info = tree.signer(0).clone();
    let count = MAX_FAILED_WORK.div_ceil(EACH * CANDIDATES);
    *tree.signers() = vec![info; count + 2];
    let row = outer(&tree.encode());
    assert_eq!(outcome(&row), ("failed", "signature_invalid", "V10"));
    let reasons: Vec<_> = row.finding.signers.iter().map(|it| it.key.clone().err()).collect();
    let bounded = vec![Some(Reason::LimitV15); 2];
    assert_eq!(reasons, [vec![Some(Reason::SignatureInvalid); count], bounded].concat());
}

/// P3: what has not the shape of a certificate breaks the message.
#[test]
fn p3_shape_of_certificates() {
    let more = ("trailing_data", "P4");
    let edits: [(Edit, (&str, &str)); 6] = [
        (|it| it.at(&[0]).children_mut().truncate(6), ("bad_tag", "P3")),
        (|it| it.at(&[0]).children_mut().push(Tree::leaf(0x05, b"")), more),
        (|it| it.at(&[0, 4]).tag = 0x31, ("bad_tag", "P3")),
        (|it| it.at(&[0]).child(0xA3).children_mut().clear(), ("truncated", "P2")),
        (|it| it.at(&[0]).child(0xA3).children_mut().push(Tree::leaf(0x05, b"")), more),
        (|it| it.at(&[0]).child(0xA3).at(&[0, 0]).children_mut().push(Tree::leaf(0x05, b"")), more),
    ];
    for (index, (edit, (reason, rule))) in edits.into_iter().enumerate() {
        let (found, ..) = with_certificates(|mut it| {
            edit(&mut it);
            vec![it]
        });
        assert_eq!(found, ("malformed", reason, rule), "{index}");
    }
    // Unique identifiers, and no extensions, are in order.
    let (found, ..) = with_certificates(|mut it| {
        it.at(&[0]).remove(0xA3);
        it.at(&[0]).children_mut().extend([Tree::leaf(0x81, &[0]), Tree::leaf(0x82, &[0])]);
        vec![it]
    });
    assert_eq!(found, ("verified", "", ""));
}

/// a request without a key cannot sign.
#[test]
fn v8_request_without_key() {
    let mut tree = Tree::parse(&vector("bouncycastle/requests/request-key-crmf-p256.der"));
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    content.at(&[1, 0, 0, 1]).remove(0xA6);
    // Digests are checked before keys are looked for: say what it is now.
    let octets = content.encode();
    let digest = DigestAlgorithm::Sha256.digest(&octets);
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = octets;
    for attribute in attributes(tree.signer(0)) {
        if is_type(attribute, MESSAGE_DIGEST) {
            attribute.at(&[1, 0]).content_mut().copy_from_slice(digest.as_ref());
        }
    }
    let row = outer(&tree.sorted().encode());
    assert_eq!(outcome(&row), ("failed", "signer_not_found", "V8"));
    assert_eq!(row.finding.requests[0].pop, PopState::Failed);
}

/// The content of a message that a request's key signs, edited; the digest follows.
fn with_requests(name: &str, edit: impl FnOnce(&mut Tree)) -> (Outcome, Row) {
    let mut tree = Tree::parse(&vector(&format!("bouncycastle/requests/{name}.der")));
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    edit(content.at(&[1]));
    let octets = content.encode();
    let named = tree.signer(0).at(&[2]).encode();
    let is_sha256 = named == identifier(0x30, SHA256).encode();
    assert!(is_sha256, "{named:x?}");
    let digest = DigestAlgorithm::Sha256.digest(&octets);
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = octets;
    for attribute in attributes(tree.signer(0)) {
        if is_type(attribute, MESSAGE_DIGEST) {
            attribute.at(&[1, 0]).content_mut().copy_from_slice(digest.as_ref());
        }
    }
    let row = outer(&tree.sorted().encode());
    (outcome(&row), row)
}

/// An orm, of which nothing is known but its id.
fn orm(id: u8) -> Tree {
    Tree::new(0xA2, vec![Tree::leaf(0x02, &[id]), oid("1.2.3"), Tree::leaf(0x05, b"")])
}

/// V8, R-022: the request with the signer's key identifier is found among others, also
/// where it has the identifier twice; two such requests are one too many.
#[test]
fn v8_the_request_with_the_key() {
    // The content has changed: whose key is tried gets as far as the arithmetic.
    let tried = ("failed", "signature_invalid", "V10");
    let ambiguous = ("failed", "signer_ambiguous", "V8");
    let (found, _) = with_requests("request-key-pkcs10-p256", |it| {
        it.children_mut().insert(0, orm(120));
    });
    assert_eq!(found, tried);
    let repeat: Edit = |request| {
        let attributes = request.at(&[1, 0, 3]).children_mut();
        let first = attributes[0].clone();
        attributes.push(first);
    };
    let (found, row) = with_requests("request-key-pkcs10-p256", |it| repeat(it.at(&[0])));
    assert_eq!(found, tried);
    assert_eq!(row.finding.requests.len(), 1);
    for count in [2, 3] {
        let (found, _) = with_requests("request-key-pkcs10-p256", |it| {
            let request = it.at(&[0]).clone();
            for id in 1..count {
                let mut other = request.clone();
                *other.at(&[0]) = Tree::leaf(0x02, &[120 + id]);
                it.children_mut().push(other);
            }
        });
        assert_eq!(found, ambiguous, "{count}");
    }
}

/// R1: what a CertTemplate may have besides is covered by the proof.
#[test]
fn r1_every_field_of_a_template_is_covered() {
    for field in [Tree::new(0xA2, vec![oid(ED25519)]), Tree::leaf(0x81, &[1])] {
        let mut tree = Tree::parse(&vector("bouncycastle/requests/request-key-crmf-p256.der"));
        assert_eq!(pops(&outer(&tree.encode())), "verified");
        let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
        let template = content.at(&[1, 0, 0, 1]);
        let place = usize::from(template.children()[0].tag == 0x80);
        template.children_mut().insert(place, field);
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        assert_eq!(pops(&outer(&tree.encode())), "failed");
    }
}

/// R1: octets are signed, so no signature ends within one. This one ends with
/// bits that may be unused: no octet of it changes.
#[test]
fn r1_unused_bits() {
    let mut tree = Tree::parse(&vector("bouncycastle/requests/pkcs10-rsa2048.der"));
    assert_eq!(outcome(&outer(&tree.encode())), ("verified", "", ""));
    let signature = tree.at(&[2]).content_mut();
    assert_eq!((signature[0], signature.last().unwrap() & 1), (0, 0));
    signature[0] = 1;
    assert_eq!(outcome(&outer(&tree.encode())), ("failed", "pop_invalid", "R1"));
}

/// V12: nothing else signs a bare PKCS#10.
#[test]
fn v12_simple_request_without_signature() {
    let mut tree = Tree::parse(&vector("bouncycastle/requests/pkcs10-p256.der"));
    *tree.at(&[1]) = no_signature();
    let row = outer(&tree.encode());
    assert_eq!(outcome(&row), ("failed", "no_signature", "V12"));
    assert_eq!((offset(&row), &*pops(&row)), (0, "absent"));
}

#[test]
fn r1_algorithm_and_key_of_a_proof() {
    let edits: [(Edit, Outcome); 3] = [
        (|it| *it.at(&[1]) = identifier(0x30, "1.2.3"), ("failed", "unsupported_algorithm", "V7")),
        (
            |it| *it.at(&[1]) = identifier(0x30, "1.2.840.113549.1.1.11"),
            ("failed", "algorithm_mismatch", "V7"),
        ),
        (|it| it.at(&[0, 2, 1]).content_mut()[1] = 9, ("failed", "key_rejected", "V9")),
    ];
    for (edit, expected) in edits {
        let mut tree = Tree::parse(&vector("bouncycastle/requests/pkcs10-p256.der"));
        edit(&mut tree);
        assert_eq!(outcome(&outer(&tree.encode())), expected);
    }
}

/// V4: where the content is id-data a signature may cover it without attributes, in a
/// wrapped request.
#[test]
fn v4_id_data_may_be_signed_without_attributes() {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let request = vector("bouncycastle/requests/pkcs10-p256.der");
    let mut tree = signed_over("1.2.840.113549.1.7.1", &request);
    tree.signer(0).remove(0xA0);
    *tree.signer(0).last() = Tree::leaf(0x04, key.sign(&request).as_ref());
    let mut config = single();
    config.options.wrapped = true;
    let found = |tree: &Tree, config: &Config| outcome(&rows(&tree.encode(), config)[0]);
    assert_eq!(found(&tree, &config), ("verified", "", ""));
    assert_eq!(found(&tree, &single()), ("failed", "wrong_content_type", "V1"));
    tree.signer(0).last().content_mut()[0] ^= 1;
    assert_eq!(found(&tree, &config), ("failed", "signature_invalid", "V10"));
}

/// V1: the content of an AuthenticatedData, whatever it is, waits for its secret.
#[test]
fn v1_authenticated_data_is_unverified() {
    let mut tree = Tree::parse(&vector("bouncycastle/encrypted/authenticated-pwri.der"));
    let unchecked = ("unverified", "mac_unchecked", "");
    let row = outer(&tree.encode());
    assert_eq!((row.finding.kind, outcome(&row)), (MessageKind::FullRequest, unchecked));
    let content = tree.at(&[1, 0]).children_mut().iter_mut();
    let encapsulated = content.filter(|it| it.tag == 0x30).last().unwrap();
    encapsulated.children_mut()[0] = oid("1.2.840.113549.1.7.1");
    let row = outer(&tree.encode());
    assert_eq!((row.finding.kind, outcome(&row)), (MessageKind::Other, unchecked));
}

/// R5: a good signature says nothing about what nobody has seen.
#[test]
fn r5_a_good_signature_over_encrypted_content_is_unverified() {
    let pki_data = Tree::parse(sample().at(&[1, 0, 2, 1, 0]).content()).encode();
    let row = outer(&signed_over("1.3.6.1.5.5.7.12.2", &pki_data).encode());
    assert_eq!(outcome(&row), ("verified", "", ""));
    let mut enveloped = Tree::parse(&vector("bouncycastle/encrypted/enveloped-rsa.der"));
    let mut tree = signed_over("1.2.840.113549.1.7.3", &enveloped.at(&[1, 0]).encode());
    let row = outer(&tree.encode());
    assert_eq!(outcome(&row), ("unverified", "encrypted", ""));
    assert!(row.finding.signers[0].key.is_ok());
    tree.signer(0).last().content_mut()[0] ^= 1;
    assert_eq!(outcome(&outer(&tree.encode())), ("failed", "signature_invalid", "V10"));
}

/// P6: a million body parts and no more. They are orms, as small as there are.
#[test]
fn p6_a_million_body_parts() {
    const MOST: u32 = 1_000_000;
    const FIRST: u32 = 0x01_0000;
    for more in [0, 1] {
        let mut orms = Vec::new();
        for id in FIRST..FIRST + MOST + more {
            let [_, id @ ..] = id.to_be_bytes();
            orms.extend([0x30, 0x0A, 0x02, 0x03]);
            orms.extend(id);
            orms.extend([0x06, 0x01, 0x2A, 0x05, 0x00]);
        }
        let mut content = Tree::new(0x30, vec![Tree::new(0x30, vec![]); 3]);
        content.children_mut().push(Tree::leaf(0x30, &orms));
        let mut tree = sample();
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        let octets = tree.encode();
        let refused = load(&octets, Options::default()).err();
        let id = |at: usize| octets[at..at + 5].to_vec();
        let found = refused.map(|it| (it.reason(), id(it.offset())));
        let [_, last @ ..] = (FIRST + MOST).to_be_bytes();
        let expected = (Reason::LimitP6, [&[0x02, 0x03], &last[..]].concat());
        assert_eq!(found, (more == 1).then_some(expected));
    }
}
