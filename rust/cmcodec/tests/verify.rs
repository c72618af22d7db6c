//! What a row says: the vectors of both MANIFESTs, signers, requests, controls
//! (rules V8, R2).

mod common;

use std::collections::HashSet;

use cmcodec::verify::algorithm::DigestAlgorithm;
use cmcodec::verify::report::{
    CertificateSource, MessageKind, RequestForm, SignerKey, Verdict, fingerprint,
};
use cmcodec::verify::{Config, KnownCertificates};
use common::{
    Tree, offset, oid, outcome, outer, parts, pops, rows, sample, single, vector, vectors,
};

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
    assert_eq!(signer.algorithm.text(&octets), "ecdsa-with-SHA256");
    let Ok(SignerKey::Certificates(sources)) = &signer.key else { panic!("{signer:?}") };
    let [source @ CertificateSource::Message(span)] = &sources[..] else { panic!("{sources:?}") };
    let known = KnownCertificates::default();
    let certificate = source.octets(&octets, &known).unwrap();
    assert_eq!(certificate, &octets[span.clone()]);
    let sha256 = DigestAlgorithm::Sha256.digest(certificate);
    assert_eq!(sha256.as_ref(), fingerprint(certificate));
}

#[test]
fn a_signer_names_its_request() {
    let row = outer(&vector("bouncycastle/requests/request-key-crmf-p256.der"));
    assert_eq!(row.finding.signers[0].key, Ok(SignerKey::Request(3)));
}

/// A transactionId that stands twice is none (R4), and may be a note.
#[test]
fn the_transaction_id_is_found() {
    let found = |controls: Vec<Tree>| {
        let mut tree = sample();
        let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
        *content.at(&[0]).children_mut() = controls;
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        let octets = tree.encode();
        let row = outer(&octets);
        let id = row.finding.transaction_id.map(|span| octets[span].to_vec());
        (id, row.finding.may_have_notes)
    };
    let control = |id, number, values| {
        Tree::new(0x30, vec![Tree::leaf(0x02, &[id]), oid(number), Tree::new(0x31, values)])
    };
    let transaction = |id, values| control(id, "1.3.6.1.5.5.7.7.5", values);
    let nonce = || control(90, "1.3.6.1.5.5.7.7.6", vec![Tree::leaf(0x04, b"nonce")]);
    let number = |octet| vec![Tree::leaf(0x02, &[octet])];
    assert_eq!(found(vec![nonce()]), (None, false));
    let one = transaction(91, number(0x85));
    assert_eq!(found(vec![nonce(), one.clone()]), (Some(vec![0x85]), false));
    let mut more = vec![nonce(), one, transaction(92, number(7))];
    assert_eq!(found(more.clone()), (None, true));
    more.push(transaction(93, number(7)));
    assert_eq!(found(more), (None, true));
    assert_eq!(found(vec![transaction(91, vec![])]), (None, false));
    let unknown = |id| control(id, "1.3.6.1.5.5.7.7.5.5", number(7));
    assert_eq!(found(vec![unknown(91), unknown(92)]), (None, false));
    let unsigned = outer(&vector("bouncycastle/encrypted/authenticated-pwri.der"));
    assert_eq!(unsigned.finding.kind, MessageKind::FullRequest);
    assert!(unsigned.finding.requests.is_empty());
}

/// R4: those that refer, and 5 and 6, which stand in every message of these vectors besides.
#[test]
fn controls_that_may_have_notes() {
    let expected: HashSet<u32> = [5, 6, 8, 10, 11, 27, 28, 29, 31, 32, 35, 37].into();
    for line in vectors("shared/MANIFEST.tsv") {
        let name = &line[0];
        let Some(number) = name.strip_prefix("controls/").filter(|it| it.ends_with("signed.der"))
        else {
            continue;
        };
        let number = number[..2].parse().unwrap_or(0);
        let row = outer(&vector(&format!("shared/{name}")));
        assert_eq!(row.finding.may_have_notes, expected.contains(&number), "{name}");
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
        (("failed", "signer_not_found", "V8"), info.sid.start())
    );
    let config = Config { certificates: KnownCertificates::new(certificates.clone()), ..single() };
    let row = rows(&octets, &config).swap_remove(0);
    assert_eq!(outcome(&row), ("verified", "", ""));
    let Ok(SignerKey::Certificates(sources)) = &row.finding.signers[0].key else { panic!() };
    let [source @ CertificateSource::Caller(index)] = &sources[..] else { panic!("{sources:?}") };
    assert_eq!(source.octets(&octets, &config.certificates), Some(&*certificates[*index]));
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
    let Ok(SignerKey::Certificates(sources)) = &row.finding.signers[0].key else { panic!() };
    let sha256 = fingerprint(sources[0].octets(&octets, &KnownCertificates::default()).unwrap());
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
