//! Verdicts on whole messages: the vectors of both MANIFESTs, the rules one
//! by one on edited messages (RULES V and R), and batches.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken vector must stop the test"
)]

mod common;

use std::collections::HashSet;
use std::sync::Mutex;
use std::{fs, thread};

use cmcodec::der::read_tlv;
use cmcodec::error::Reason;
use cmcodec::load::Encoding;
use cmcodec::schema::walk::Options;
use cmcodec::verify::algorithm::DigestAlgorithm;
use cmcodec::verify::report::{
    CertificateSource, MessageKind, PopState, RequestForm, Rule, SignerKey, Verdict,
};
use cmcodec::verify::{Cancelled, Config, KnownCertificates, Report, Row, verify};
use cmcodec::view::cms::{ContentInfo, SignedData, SignerInfo};
use cmcodec::view::{Attribute, Elements};
use common::{Tree, oid, vector, vectors};

fn quiet(_: usize, _: usize) -> bool {
    true
}

fn single() -> Config {
    Config { threads: 1, ..Config::default() }
}

fn report(items: &[&[u8]], config: &Config) -> Report {
    verify(items, config, &quiet).unwrap()
}

fn rows(octets: &[u8], config: &Config) -> Vec<Row> {
    report(&[octets], config).rows
}

fn outer(octets: &[u8]) -> Row {
    rows(octets, &single()).swap_remove(0)
}

type Edit = fn(&mut Tree);

/// Verdict, reason, rule.
type Outcome = (&'static str, &'static str, &'static str);

fn outcome(row: &Row) -> Outcome {
    let fault = row.finding.fault;
    (
        row.finding.verdict.name(),
        fault.map_or("", |fault| fault.reason.code()),
        fault.and_then(|fault| fault.rule).map_or("", Rule::id),
    )
}

fn pops(row: &Row) -> String {
    let names: Vec<_> = row.finding.requests.iter().map(|request| request.pop.name()).collect();
    names.join(",")
}

fn offset(row: &Row) -> usize {
    row.finding.fault.unwrap().offset.unwrap()
}

/// The SignedData of a message, and its first SignerInfo.
fn parts(data: &[u8]) -> (SignedData, SignerInfo) {
    let root = read_tlv(data, 0, data.len()).unwrap();
    let signed = SignedData::read(data, ContentInfo::read(data, root).unwrap().content).unwrap();
    let info = Elements::of(data, signed.signer_infos).next().unwrap();
    (signed, SignerInfo::read(data, info).unwrap())
}

#[test]
fn every_bouncycastle_vector_has_its_verdict() {
    let mut wrong = Vec::new();
    for line in vectors("bouncycastle/MANIFEST.tsv") {
        let octets = vector(&format!("bouncycastle/{}", line[0]));
        let row = outer(&octets);
        let kind = row.finding.kind.name();
        let expected = [&line[1], &line[2], &line[3], &line[4], &line[5]].map(String::as_str);
        let (verdict, reason, rule) = outcome(&row);
        let found = [kind, verdict, reason, rule, &pops(&row)];
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", line[0]));
        }
        if line[6].contains("legacy: verified") {
            let row = rows(&octets, &Config { legacy: true, ..single() }).swap_remove(0);
            if (row.finding.verdict, &*pops(&row)) != (Verdict::Verified, "verified") {
                wrong.push(format!("{} legacy: {:?}", line[0], outcome(&row)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_shared_vector_has_its_verdict() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in vectors("shared/MANIFEST.tsv") {
        if line[3].is_empty() || ["value", "type"].contains(&&*line[3]) {
            continue;
        }
        checked += 1;
        let rows = rows(&vector(&format!("shared/{}", line[0])), &single());
        let expected = [&line[3], &line[4], &line[5]].map(String::as_str);
        let (verdict, reason, rule) = outcome(&rows[0]);
        if [verdict, reason, rule] != expected {
            wrong.push(format!("{}: {:?}, not {expected:?}", line[0], outcome(&rows[0])));
        }
        if !line[6].is_empty() && pops(&rows[0]) != line[6] {
            wrong.push(format!("{}: {}, not {}", line[0], pops(&rows[0]), line[6]));
        }
        let good = rows.iter().filter(|row| row.finding.verdict == Verdict::Verified).count();
        let counts = format!("{good}/{}", rows.len() - good);
        if !line[7].is_empty() && counts != line[7] {
            wrong.push(format!("{}: {counts}, not {}", line[0], line[7]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 60);
}

#[test]
fn nested_messages_follow_theirs_in_order() {
    let rows = rows(&vector("bouncycastle/batches/nested-batch.der"), &single());
    let paths: Vec<_> = rows.iter().map(|row| row.path.to_vec()).collect();
    assert_eq!(paths[..4], [vec![], vec![21], vec![21, 11], vec![21, 12]]);
    assert_eq!(paths.len(), 5);
    assert!(rows.iter().all(|row| row.finding.verdict == Verdict::Verified));
    assert!(rows[0].finding.has_references);
}

#[test]
fn without_nested_there_is_one_row() {
    let octets = vector("bouncycastle/batches/nested-batch.der");
    assert_eq!(rows(&octets, &Config { nested: false, ..single() }).len(), 1);
}

/// R5: one bad inner message fails alone.
#[test]
fn a_bad_inner_message_fails_alone() {
    let rows = rows(&vector("bouncycastle/batches/batch-3-inner-signature-broken.der"), &single());
    let found: Vec<_> = rows.iter().map(outcome).collect();
    let good = ("verified", "", "");
    assert_eq!(found, [good, good, ("failed", "signature_invalid", "V10"), good]);
}

#[test]
fn the_der_form_of_ber_is_kept() {
    let ber = vector("bouncycastle/batches/batch-5.ber");
    let der = vector("bouncycastle/batches/batch-5.der");
    let report = report(&[&der, &ber], &single());
    assert_eq!((report.converted(0), report.converted(1)), (None, Some(&*der)));
    let encodings: Vec<_> = report.rows.iter().map(|row| row.encoding).collect();
    assert_eq!(encodings[6..8], [Encoding::Ber, Encoding::Der]);
    assert_eq!(report.counts(), [12, 0, 0, 0, 0]);
    assert_eq!(format!("{report:?}"), "Report { rows: 12, .. }");
}

#[test]
fn strict_refuses_ber() {
    let options = Options { strict: true, ..Options::default() };
    let rows = rows(&vector("bouncycastle/batches/batch-5.ber"), &Config { options, ..single() });
    assert_eq!(outcome(&rows[0]), ("malformed", "not_canonical", "P3"));
}

#[test]
fn what_does_not_load_is_one_row() {
    let good = vector("bouncycastle/requests/pkcs10-p256.der");
    let report = report(&[b"", &good[..9], &good, &[&*good, b"x"].concat()], &single());
    let found: Vec<_> = report.rows.iter().map(outcome).collect();
    assert_eq!(
        found,
        [
            ("malformed", "truncated", "P2"),
            ("malformed", "truncated", "P2"),
            ("verified", "", ""),
            ("malformed", "trailing_data", "P4"),
        ]
    );
    assert_eq!(report.rows[1].span, 0..9);
    assert_eq!(report.rows[3].item, 3);
    assert_eq!(offset(&report.rows[3]), good.len());
}

#[test]
fn a_simple_request_is_request_1() {
    let row = outer(&vector("bouncycastle/requests/pkcs10-p256.der"));
    assert!(row.finding.signers.is_empty());
    let request = row.finding.requests[0];
    assert_eq!((request.id, request.form.name(), request.pop.name()), (1, "pkcs10", "verified"));
    let row = outer(&vector("bouncycastle/requests/pkcs10-bad-signature.der"));
    assert_eq!(offset(&row), 0);
}

#[test]
fn requests_are_listed_in_order() {
    let row = outer(&vector("bouncycastle/requests/four-requests.der"));
    let found: Vec<_> = row.finding.requests.iter().map(|it| (it.id, it.form)).collect();
    assert_eq!(
        found,
        [
            (11, RequestForm::Pkcs10),
            (12, RequestForm::Crmf),
            (13, RequestForm::Other),
            (u32::MAX, RequestForm::Crmf)
        ]
    );
    let names: Vec<_> = found.iter().map(|(_, form)| form.name()).collect();
    assert_eq!(names, ["pkcs10", "crmf", "other", "crmf"]);
}

#[test]
fn a_signer_names_its_certificate() {
    let octets = vector("bouncycastle/signers/p256-sha256.der");
    let row = outer(&octets);
    let signer = &row.finding.signers[0];
    assert_eq!(signer.algorithm, Some("ecdsa-with-SHA256"));
    let Ok(SignerKey::Certificate { sha256, source: CertificateSource::Message(span) }) =
        &signer.key
    else {
        panic!("{signer:?}")
    };
    assert_eq!(DigestAlgorithm::Sha256.digest(&octets[span.clone()]).as_ref(), sha256);
}

#[test]
fn a_signer_names_its_request() {
    let row = outer(&vector("bouncycastle/requests/request-key-crmf-p256.der"));
    assert_eq!(row.finding.signers[0].key, Ok(SignerKey::Request(3)));
}

/// The first transactionId counts, even one without a value.
#[test]
fn the_transaction_id_is_found() {
    let found = |controls: Vec<Tree>| {
        let mut tree = sample();
        let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
        *content.at(&[0]).children_mut() = controls;
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        let octets = tree.encode();
        let row = outer(&octets);
        assert!(!row.finding.has_references);
        row.finding.transaction_id.map(|span| octets[span].to_vec())
    };
    let control = |id, number, values| {
        Tree::new(0x30, vec![Tree::leaf(0x02, &[id]), oid(number), Tree::new(0x31, values)])
    };
    let transaction = |id, values| control(id, "1.3.6.1.5.5.7.7.5", values);
    let nonce = || control(90, "1.3.6.1.5.5.7.7.6", vec![Tree::leaf(0x04, b"nonce")]);
    let number = |octet| vec![Tree::leaf(0x02, &[octet])];
    assert_eq!(found(vec![nonce()]), None);
    let two = vec![nonce(), transaction(91, number(0x85)), transaction(92, number(7))];
    assert_eq!(found(two), Some(vec![0x85]));
    assert_eq!(found(vec![transaction(91, vec![]), transaction(92, number(7))]), None);
    assert_eq!(found(vec![control(91, "1.3.6.1.5.5.7.7.5.5", number(7))]), None);
    let unsigned = outer(&vector("bouncycastle/encrypted/authenticated-pwri.der"));
    assert_eq!(unsigned.finding.kind, MessageKind::FullRequest);
    assert!(unsigned.finding.requests.is_empty());
}

#[test]
fn controls_that_refer_are_noted() {
    let expected: HashSet<u32> = [8, 10, 11, 27, 28, 29, 31, 32, 35, 37].into();
    for line in vectors("shared/MANIFEST.tsv") {
        let name = &line[0];
        let Some(number) = name.strip_prefix("controls/").filter(|it| it.ends_with("signed.der"))
        else {
            continue;
        };
        let number = number[..2].parse().unwrap_or(0);
        let row = outer(&vector(&format!("shared/{name}")));
        assert_eq!(row.finding.has_references, expected.contains(&number), "{name}");
    }
}

/// V8: certificates of the caller, by issuer and serial.
#[test]
fn the_caller_may_bring_the_certificate() {
    let mut tree = sample();
    let octets = tree.encode();
    let (signed, _) = parts(&octets);
    let mut certificates = vec![b"no certificate".to_vec()];
    certificates.extend(signed.certificates(&octets).map(|it| it.octets(&octets).to_vec()));
    tree.at(&[1, 0]).remove(0xA0);
    let octets = tree.encode();
    let (_, info) = parts(&octets);
    let row = outer(&octets);
    assert_eq!(
        (outcome(&row), offset(&row)),
        (("failed", "signer_not_found", "V8"), info.sid.start)
    );
    let config = Config { certificates: KnownCertificates::new(certificates.clone()), ..single() };
    let row = rows(&octets, &config).swap_remove(0);
    assert_eq!(outcome(&row), ("verified", "", ""));
    let Ok(SignerKey::Certificate { sha256, source: CertificateSource::Caller(index) }) =
        row.finding.signers[0].key
    else {
        panic!()
    };
    let known = config.certificates.get(index).unwrap();
    assert_eq!(known, certificates[index]);
    assert_eq!(DigestAlgorithm::Sha256.digest(known).as_ref(), sha256);
}

/// V8: by subject key identifier.
#[test]
fn the_caller_may_bring_the_certificate_of_a_key_identifier() {
    let octets = vector("bouncycastle/signers/certificate-by-ski.der");
    let (signed, _) = parts(&octets);
    let certificates = signed.certificates(&octets).map(|it| it.octets(&octets).to_vec()).collect();
    let mut tree = Tree::parse(&octets);
    tree.at(&[1, 0]).remove(0xA0);
    let octets = tree.encode();
    assert_eq!(outcome(&outer(&octets)), ("failed", "signer_not_found", "V8"));
    let config = Config { certificates: KnownCertificates::new(certificates), ..single() };
    assert_eq!(outcome(&rows(&octets, &config)[0]), ("verified", "", ""));
}

/// R2: raVerified counts only in a message of an authorised RA.
#[test]
fn an_authorised_ra_asserts() {
    let octets = vector("bouncycastle/requests/crmf-raverified.der");
    let row = outer(&octets);
    assert_eq!(pops(&row), "absent");
    let Ok(SignerKey::Certificate { sha256, .. }) = row.finding.signers[0].key else { panic!() };
    let config = Config { authorised_ras: [sha256].into(), ..single() };
    assert_eq!(pops(&rows(&octets, &config)[0]), "ra-asserted");
    let other = Config { authorised_ras: [[0; 32]].into(), ..single() };
    assert_eq!(pops(&rows(&octets, &other)[0]), "absent");
    // Two signers, one of them bad: nobody asserts anything.
    let mut tree = Tree::parse(&octets);
    let mut second = tree.signer(0).clone();
    second.last().content_mut()[5] ^= 1;
    tree.signers().push(second);
    let octets = tree.sorted().encode();
    let row = rows(&octets, &config).swap_remove(0);
    assert_eq!(outcome(&row), ("failed", "signature_invalid", "V10"));
    assert_eq!(pops(&row), "absent");
}

/// The message that the rules are tried on: a certificate signs, P-256.
fn sample() -> Tree {
    Tree::parse(&vector("bouncycastle/signers/p256-sha256.der"))
}

/// Edits the sample's SignerInfo and tells outcome and the octets.
fn edited(edit: impl FnOnce(&mut Tree)) -> (Outcome, Row, Vec<u8>) {
    let mut tree = sample();
    edit(tree.signer(0));
    let octets = tree.sorted().encode();
    let row = outer(&octets);
    (outcome(&row), row, octets)
}

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const PROTECTION: &str = "1.2.840.113549.1.9.52";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

fn attribute(number: &str, values: Vec<Tree>) -> Tree {
    Tree::new(0x30, vec![oid(number), Tree::new(0x31, values)])
}

fn identifier(tag: u8, number: &str) -> Tree {
    Tree::new(tag, vec![oid(number)])
}

/// signedAttrs of a SignerInfo.
fn attributes(info: &mut Tree) -> &mut Vec<Tree> {
    info.child(0xA0).children_mut()
}

fn is_type(tree: &Tree, number: &str) -> bool {
    tree.children()[0] == oid(number)
}

#[test]
fn v1_content_must_be_there() {
    let mut tree = sample();
    tree.at(&[1, 0, 2]).remove(0xA0);
    let octets = tree.encode();
    let row = outer(&octets);
    assert_eq!(outcome(&row), ("failed", "wrong_content_type", "V1"));
    assert_eq!(offset(&row), parts(&octets).0.encap_content_info.e_content_type.start);
    assert_eq!(row.finding.kind, MessageKind::FullRequest);
    assert!(row.finding.signers.is_empty() && row.finding.requests.is_empty());
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
            assert_eq!(offset(&row), parts(&octets).0.signer_infos.start);
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
    assert!(row.finding.signers.iter().all(|it| it.algorithm.is_some()));
}

#[test]
fn v4_signed_attributes_missing() {
    let (found, row, octets) = edited(|info| info.remove(0xA0));
    assert_eq!(found, ("failed", "attribute_missing", "V4"));
    assert_eq!(offset(&row), parts(&octets).1.tlv.start);
    assert_eq!(row.finding.signers[0].algorithm, Some("ecdsa-with-SHA256"));
}

#[test]
fn v4_attribute_missing() {
    for number in [CONTENT_TYPE, MESSAGE_DIGEST] {
        let (found, row, octets) =
            edited(|info| attributes(info).retain(|it| !is_type(it, number)));
        assert_eq!(found, ("failed", "attribute_missing", "V4"));
        assert_eq!(offset(&row), parts(&octets).1.signed_attrs.unwrap().start);
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
        assert_eq!(offset(&row), second.unwrap().start, "{number}");
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
    assert_eq!(offset(&row), parts(&octets).1.digest_algorithm.tlv.start);
    assert_eq!(row.finding.signers[0].algorithm, Some("ecdsa-with-SHA256"));

    let (found, row, octets) =
        edited(|info| info.children_mut()[4] = identifier(0x30, "1.2.840.10045.4.3.1"));
    assert_eq!(found, ("failed", "unsupported_algorithm", "V7"));
    assert_eq!(offset(&row), parts(&octets).1.signature_algorithm.tlv.start);
    assert_eq!(row.finding.signers[0].algorithm, None);
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
            let place = Elements::of(&octets, set).find(|it| it.start == offset(&row)).unwrap();
            assert!(is_type(&Tree::parse(place.octets(&octets)), PROTECTION));
        }
    }
}

#[test]
fn v6_content_changed() {
    let octets = vector("bouncycastle/faults/digest-mismatch.der");
    let row = outer(&octets);
    let set = parts(&octets).1.signed_attrs.unwrap();
    let place = Elements::of(&octets, set).find(|it| it.start == offset(&row)).unwrap();
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
    assert_eq!(offset(&row), parts(&octets).1.signature.start);

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
        assert_eq!(offset(&row), parts(&octets).1.sid.start);
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

/// V8: what has not the shape of a certificate is no candidate.
#[test]
fn v8_shape_of_certificates() {
    let edits: [Edit; 6] = [
        |it| it.at(&[0]).children_mut().truncate(6),
        |it| it.at(&[0]).children_mut().push(Tree::leaf(0x05, b"")),
        |it| it.at(&[0, 4]).tag = 0x31,
        |it| it.at(&[0]).child(0xA3).children_mut().clear(),
        |it| it.at(&[0]).child(0xA3).children_mut().push(Tree::leaf(0x05, b"")),
        |it| it.at(&[0]).child(0xA3).at(&[0, 0]).children_mut().push(Tree::leaf(0x05, b"")),
    ];
    for (index, edit) in edits.into_iter().enumerate() {
        let (found, row, octets) = with_certificates(|mut it| {
            edit(&mut it);
            vec![it]
        });
        assert_eq!(found, ("failed", "signer_not_found", "V8"), "{index}");
        assert_eq!(offset(&row), parts(&octets).1.sid.start);
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

/// R1: octets are signed, so no signature ends within one.
#[test]
fn r1_unused_bits() {
    let mut tree = Tree::parse(&vector("bouncycastle/requests/pkcs10-p256.der"));
    let signature = tree.at(&[2]).content_mut();
    signature[0] = 1;
    *signature.last_mut().unwrap() &= 0xFE;
    assert_eq!(outcome(&outer(&tree.encode())), ("failed", "pop_invalid", "R1"));
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

fn batch() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/batch-1000.der");
    fs::read(path).unwrap()
}

#[test]
fn a_thousand_and_one_are_verified() {
    let report = report(&[&batch()], &Config::default());
    assert_eq!(report.counts(), [1001, 0, 0, 0, 0]);
}

/// V14: any number of threads, one item or many: the same rows.
#[test]
fn threads_change_nothing() {
    let batch = batch();
    let files: Vec<Vec<u8>> = vectors("bouncycastle/MANIFEST.tsv")
        .iter()
        .map(|line| vector(&format!("bouncycastle/{}", line[0])))
        .chain([batch[..batch.len() / 2].to_vec()])
        .collect();
    let items: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let one = report(&items, &single()).rows;
    for threads in [2, 3, 8, 0] {
        assert_eq!(report(&items, &Config { threads, ..Config::default() }).rows, one);
    }
    let mut at = 0;
    for (item, octets) in items.iter().enumerate() {
        for mut row in rows(octets, &single()) {
            row.item = item;
            assert_eq!(row, one[at]);
            at += 1;
        }
    }
    assert_eq!(at, one.len());
}

#[test]
fn one_changed_octet_fails_its_message_and_the_outer() {
    let mut octets = batch();
    let rows = rows(&octets, &single());
    let mut places = Vec::new();
    for (index, part) in [(17, "signature"), (500, "content"), (1000, "attribute")] {
        let inner = &octets[rows[index].span.clone()];
        let (signed, info) = parts(inner);
        let at = match part {
            "signature" => info.signature.end - 1,
            "content" => {
                let content = signed.encap_content_info.pki_message(inner).unwrap();
                content.requests(inner).next().unwrap().tlv.end - 1
            }
            _ => {
                let set = info.signed_attrs.unwrap();
                let attribute = Elements::of(inner, set)
                    .map(|it| Attribute::read(inner, it).unwrap())
                    .find(|it| it.attr_type.octets(inner) == oid(MESSAGE_DIGEST).encode());
                attribute.unwrap().tlv.end - 1
            }
        };
        places.push((index, part, rows[index].span.start + at));
    }
    for (_, _, at) in &places {
        octets[*at] ^= 1;
    }
    for threads in [1, 2, 4] {
        let report = report(&[&octets], &Config { threads, ..Config::default() });
        assert_eq!(report.counts(), [997, 4, 0, 0, 0]);
        assert_eq!(outcome(&report.rows[0]), ("failed", "digest_mismatch", "V6"));
        for (index, part, _) in &places {
            let expected = match *part {
                "signature" => ("failed", "signature_invalid", "V10"),
                _ => ("failed", "digest_mismatch", "V6"),
            };
            assert_eq!(outcome(&report.rows[*index]), expected, "{part}");
        }
    }
}

/// R5: an error inside a TaggedContentInfo of sound frame is one row.
#[test]
fn a_malformed_inner_message_is_one_row() {
    let mut octets = batch();
    let spans: Vec<_> = rows(&octets, &single()).into_iter().map(|row| row.span).collect();
    let (signed, _) = parts(&octets[spans[3].clone()]);
    let at = spans[3].start + signed.signer_infos.start;
    octets[at] = 0x30;
    let report = report(&[&octets], &single());
    assert_eq!(report.counts(), [999, 1, 0, 0, 1]);
    let row = &report.rows[3];
    assert_eq!(outcome(row), ("malformed", "bad_tag", "P3"));
    assert_eq!((row.finding.kind, row.span.clone()), (MessageKind::Other, spans[3].clone()));
    assert_eq!(offset(row), at);
    assert!(row.finding.signers.is_empty() && row.path.len() == 1);
}

/// R5, P6: errors in two layers at once, the outer one found after the inner.
#[test]
fn a_malformed_message_hides_those_inside() {
    let mut tree = Tree::parse(&vector("bouncycastle/batches/nested-batch.der"));
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    let mut inner = content.at(&[2, 0, 1]).clone();
    let mut list = Tree::parse(inner.at(&[1, 0, 2, 1, 0]).content());
    list.at(&[2, 0, 1]).signers().push(Tree::leaf(0x05, b""));
    *inner.at(&[1, 0, 2, 1, 0]).content_mut() = list.encode();
    *content.at(&[2, 0, 1]) = inner.clone();
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    let paths = |rows: &[Row]| {
        rows.iter().map(|row| (row.path.to_vec(), outcome(row).0)).collect::<Vec<_>>()
    };
    let found = rows(&tree.encode(), &single());
    assert_eq!(
        paths(&found)[..4],
        [
            (vec![], "failed"),
            (vec![21], "failed"),
            (vec![21, 11], "malformed"),
            (vec![21, 12], "verified")
        ]
    );
    inner.signers().push(Tree::leaf(0x05, b""));
    *content.at(&[2, 0, 1]) = inner;
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    let found = rows(&tree.encode(), &single());
    assert_eq!(paths(&found)[..2], [(vec![], "failed"), (vec![21], "malformed")]);
    assert_eq!(found.len(), 3);
}

#[test]
fn data_in_cms_sequence_has_no_row() {
    let mut tree = sample();
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    let data = Tree::new(
        0x30,
        vec![oid("1.2.840.113549.1.7.1"), Tree::new(0xA0, vec![Tree::leaf(0x04, b"x")])],
    );
    let tagged = Tree::new(0x30, vec![Tree::leaf(0x02, &[0x7D]), data]);
    content.at(&[2]).children_mut().push(tagged);
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    let rows = rows(&tree.encode(), &single());
    assert_eq!(rows.len(), 1);
    assert_eq!(outcome(&rows[0]), ("failed", "digest_mismatch", "V6"));
}

#[test]
fn progress_counts_messages_on_the_calling_thread() {
    let batch = batch();
    for threads in [1, 3] {
        let caller = thread::current().id();
        let calls = Mutex::new(Vec::new());
        let progress = |done, total| {
            assert_eq!(thread::current().id(), caller);
            calls.lock().unwrap().push((done, total));
            true
        };
        verify(&[&batch], &Config { threads, ..Config::default() }, &progress).unwrap();
        let calls = calls.into_inner().unwrap();
        assert_eq!(calls[0], (0, 1));
        assert_eq!(*calls.last().unwrap(), (1001, 1001));
        assert!(calls.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}

#[test]
fn progress_can_cancel() {
    let batch = batch();
    for threads in [1, 3] {
        let config = Config { threads, ..Config::default() };
        let found = verify(&[&batch], &config, &|_, _| false);
        assert_eq!(found.unwrap_err(), Cancelled);
        let found = verify(&[&batch], &config, &|done, total| done == 0 || done == total);
        assert!(found.is_err());
    }
    assert_eq!(Cancelled.to_string(), "verification was cancelled");
}

#[test]
fn nothing_is_an_empty_report() {
    let report = report(&[], &Config::default());
    assert_eq!((report.rows.len(), report.counts()), (0, [0; 5]));
}

/// The memory of 100,000 rows must stay a fraction of 190 MB of input.
#[test]
fn rows_are_small() {
    assert!(size_of::<Row>() <= 320, "{}", size_of::<Row>());
}

/// Octets of every vector changed one at a time: no panic, and nothing that
/// is signed verifies changed.
#[test]
fn no_changed_octet_panics() {
    for name in ["requests/request-key-crmf-p256.der", "batches/nested-batch.der"] {
        let octets = vector(&format!("bouncycastle/{name}"));
        let changed: Vec<Vec<u8>> = (0..octets.len())
            .step_by(if name.starts_with("batches") { 7 } else { 1 })
            .map(|at| {
                let mut changed = octets.clone();
                changed[at] ^= 1 << (at % 8);
                changed
            })
            .collect();
        let items: Vec<&[u8]> = changed.iter().map(Vec::as_slice).collect();
        let report = report(&items, &Config { threads: 2, ..Config::default() });
        for row in report.rows.iter().filter(|row| row.path.is_empty()) {
            if row.finding.verdict == Verdict::Verified {
                // The version of CMS structures and tags of unsigned parts.
                assert!(row.finding.signers.iter().all(|it| it.key.is_ok()));
            }
            let reason = row.finding.fault.map(|fault| fault.reason);
            assert_ne!(reason, Some(Reason::Encrypted));
        }
    }
}
