//! What holds for verdicts, whatever the input is.

use std::borrow::Cow;
use std::collections::HashMap;

use cmcodec::der::{Elements, Tlv, read_tlv};
use cmcodec::generated::oids::{ID_CCT_PKI_DATA, ID_CT_AUTH_DATA, ID_DATA, ID_SIGNED_DATA};
use cmcodec::generated::schema::{CERTIFICATION_REQUEST, TAGGED_REQUEST};
use cmcodec::schema::walk::validate;
use cmcodec::verify::columns::Columns;
use cmcodec::verify::lines::{Form, Lines};
use cmcodec::verify::tally::Tally;
use cmcodec::verify::told::tell;
use cmcodec::view::{ContentInfo, SignedData, TaggedContentInfo};
use cmcodec::{
    CertificateSource, Config, Encoding, Fault, Finding, Item, Loaded, Members, MessageKind,
    Options, PopState, Reason, Report, Request, Row, SignerKey, Verdict, load, verify,
};

use crate::oracle::{assert_request, assert_signed};
use crate::ring::{CERTIFICATE, CONFIG};
use crate::sign::message;
use crate::tree::Tree;

/// A message that is verified, a neighbour.
const GOOD: &[u8] =
    include_bytes!("../../../../tests/vectors/shared/signed/ed25519-crmf-sigpop.der");

/// Every verdict on one input, against what else is known of it.
pub fn verdicts(data: &[u8]) {
    let items = [Item::Received(data)];
    let report = verified(&items, &CONFIG);
    let rows = rows(&report, &items);
    let loaded = load(data, Options { members: Members::Isolated, ..CONFIG.options });
    match &loaded {
        Ok(loaded) => accepted(&rows, loaded),
        Err(error) => {
            let fault = Some(Fault::new(error.reason(), error.offset()));
            let finding = Finding::new(MessageKind::Other, Verdict::Malformed, fault);
            assert_eq!(rows.iter().map(|row| &row.finding).collect::<Vec<_>>(), [&finding]);
        }
    }
    written(&report, &rows, data);
    let flat = Config { nested: false, ..CONFIG.clone() };
    assert_eq!(all(&items, &flat), rows[..1], "what is nested changes nothing outside");
    legacy(&rows, &all(&items, &Config { legacy: true, ..CONFIG.clone() }));
    let as_wrapped = all(&[Item::Wrapped(data)], &CONFIG);
    let outer = &as_wrapped[0].finding;
    if outer.verdict != Verdict::Malformed && outer.kind != MessageKind::WrappedRequest {
        assert_eq!(as_wrapped, rows, "no wrapped request");
    }
}

/// A batch is what its members are, however it is read, and whoever is beside it.
pub fn batches(data: &[u8]) {
    let items = [Item::Received(data)];
    let alone = all(&items, &CONFIG);
    let threads = Config { threads: 3, ..CONFIG.clone() };
    assert_eq!(all(&items, &threads), alone, "three threads");
    if let Ok(loaded) = load(data, Options { members: Members::Listed, ..CONFIG.options }) {
        assert_eq!(one_pass(&loaded), alone, "read in one pass");
    }
    let together = all(&[GOOD, data, data, &data[..data.len() / 2]].map(Item::Received), &threads);
    for item in [1, 2] {
        let moved = |row: &Row| Row { item, ..row.clone() };
        let found: Vec<Row> = together.iter().filter(|row| row.item == item).cloned().collect();
        assert_eq!(found, alone.iter().map(moved).collect::<Vec<_>>(), "beside others");
    }
    assert_eq!(together[0].finding.verdict, Verdict::Verified);
    // So often that lanes look at each signature.
    let several = [GOOD, data, data, data, data].map(Item::Received);
    let lanes = Config { lanes: true, ..threads.clone() };
    assert_eq!(all(&several, &lanes), all(&several, &threads), "lanes");
    neighbours(data, &alone, &threads);
}

/// Whether mutants go on from here: a TaggedRequest, or a PKCS#10 by itself.
pub fn is_request(data: &[u8]) -> bool {
    let node = if data.first() == Some(&0x30) { &CERTIFICATION_REQUEST } else { &TAGGED_REQUEST };
    validate(node, data, CONFIG.options).is_ok()
}

/// Requests and proofs of possession: alone, in an unsigned message, and in one of an RA.
pub fn requests(data: &[u8]) {
    let Ok(tlv) = read_tlv(data, 0, data.len()) else { return };
    if tlv.end() != data.len() {
        return;
    }
    let tagged = match tlv.tag() {
        0x30 => Tree::new(0xA0, vec![Tree::leaf(0x02, b"\x01"), Tree::raw(data)]),
        _ => Tree::raw(data),
    };
    let carried = |is_signed, config: &Config| {
        let empty = || Tree::new(0x30, Vec::new());
        let list = Tree::new(0x30, vec![tagged.clone()]);
        let content = Tree::new(0x30, vec![empty(), list, empty(), empty()]);
        let octets = message(ID_CCT_PKI_DATA, vec![content], is_signed);
        let row = all(&[Item::Received(&octets)], config).swap_remove(0);
        (row, octets)
    };
    let (unsigned, octets) = carried(false, &CONFIG);
    let (by_ra, _) = carried(true, &CONFIG);
    let nobody = Config { authorised_ras: Default::default(), ..CONFIG.clone() };
    let (by_somebody, _) = carried(true, &nobody);
    let bare = all(&[Item::Received(data)], &CONFIG).swap_remove(0);
    if unsigned.finding.verdict == Verdict::Malformed {
        assert_eq!(by_ra.finding.verdict, Verdict::Malformed);
        // In a message it stands deeper, and a bound is met sooner (P1).
        let is_deep = unsigned.finding.fault.is_some_and(|it| it.reason == Reason::Depth);
        assert!(is_deep || bare.finding.kind != MessageKind::SimpleRequest);
        return;
    }
    let pops = |row: &Row| row.finding.requests.iter().map(|it| it.pop).collect::<Vec<_>>();
    let (without, with) = (pops(&unsigned), pops(&by_ra));
    assert_eq!(pops(&by_somebody), without, "R2");
    assert_eq!((without.len(), with.len()), (1, 1));
    assert!(!without.contains(&PopState::RaAsserted), "R2");
    if with != without {
        assert_eq!(
            (&with[..], &without[..]),
            (&[PopState::RaAsserted][..], &[PopState::Absent][..])
        );
    }
    let is_good = !without.contains(&PopState::Failed);
    for row in [&by_ra, &by_somebody] {
        assert_eq!(row.finding.verdict == Verdict::Verified, is_good, "R6");
    }
    assert_eq!(unsigned.finding.fault.map(|it| it.reason), Some(Reason::NoSigner));
    if without == [PopState::Verified] {
        assert_request(&octets);
    }
    if bare.finding.kind == MessageKind::SimpleRequest {
        let [Request { algorithm, pop, .. }] = bare.finding.requests[..] else {
            panic!("one request")
        };
        let carried = unsigned.finding.requests[0];
        assert_eq!(pop, carried.pop);
        assert_eq!(algorithm.is_some(), carried.algorithm.is_some());
        assert_eq!(bare.finding.verdict == Verdict::Verified, pop == PopState::Verified, "V12, R1");
    }
}

// --- what is asked ---------------------------------------------------------------------------------

fn verified(items: &[Item<'_>], config: &Config) -> Report {
    verify(items, config, &|_, _| true).expect("nobody cancels")
}

fn rows(report: &Report, items: &[Item<'_>]) -> Vec<Row> {
    let received = |item: usize| match &items[item] {
        Item::Received(octets) | Item::Wrapped(octets) => *octets,
        Item::Validated { buffer, .. } => buffer,
    };
    let der = |item| report.converted(item).unwrap_or_else(|| received(item));
    let rows: Vec<Row> = report.rows(der).map(Cow::into_owned).collect();
    assert_eq!(rows.len(), report.len());
    rows
}

fn all(items: &[Item<'_>], config: &Config) -> Vec<Row> {
    rows(&verified(items, config), items)
}

/// What is found of the validated message at this place.
fn finding(der: &[u8], span: std::ops::Range<usize>, encoding: Encoding) -> Finding {
    let item = Item::Validated { buffer: der, span, encoding, wrapped: false };
    let mut rows = all(&[item], &CONFIG);
    assert_eq!(rows.len(), 1);
    rows.swap_remove(0).finding
}

// --- what must hold --------------------------------------------------------------------------------

/// Each row of a message that is one: where it points, and that it is so by itself.
fn accepted(rows: &[Row], loaded: &Loaded<'_>) {
    let der = &*loaded.der;
    assert_ne!(rows[0].finding.verdict, Verdict::Malformed);
    for row in rows {
        let octets = der.get(row.span.clone()).expect("a span in the message");
        let Finding { verdict, fault, signers, requests, transaction_id, .. } = &row.finding;
        let is_certs_only = row.finding.kind == MessageKind::SimpleResponse;
        let is_blameless =
            *verdict == Verdict::Verified || *verdict == Verdict::Unsigned && is_certs_only;
        assert_eq!(fault.is_none(), is_blameless);
        assert!(fault.and_then(|it| it.offset).is_none_or(|offset| offset <= der.len()));
        assert!(transaction_id.clone().is_none_or(|range| der.get(range).is_some()));
        if *verdict == Verdict::Malformed {
            continue;
        }
        assert_eq!(finding(der, row.span.clone(), row.encoding), row.finding, "V14");
        if !row.path.is_empty() {
            let alone = all(&[Item::Received(octets)], &CONFIG).swap_remove(0).finding;
            assert_eq!(same(&alone, 0), same(&row.finding, row.span.start), "R5");
        }
        if *verdict == Verdict::Verified {
            assert!(signers.iter().all(|signer| signer.key.is_ok()), "V3");
            assert!(requests.iter().all(|request| request.pop != PopState::Failed), "R6");
            if row.finding.kind != MessageKind::SimpleRequest {
                assert!(!signers.is_empty(), "V2");
                let by_ring = |key: &SignerKey| match key {
                    SignerKey::Certificates(sources) => is_ring(sources, der),
                    SignerKey::Request(_) => false,
                };
                let by_ring: Vec<_> =
                    signers.iter().map(|it| it.key.as_ref().is_ok_and(by_ring)).collect();
                assert_signed(octets, &by_ring);
                changed(octets);
            }
        }
    }
}

fn is_ring(sources: &[CertificateSource], der: &[u8]) -> bool {
    let octets = sources.first().and_then(|it| it.octets(der, &CONFIG.certificates));
    octets == Some(CERTIFICATE)
}

/// What is said of a message wherever it stands.
fn same(finding: &Finding, start: usize) -> impl PartialEq + std::fmt::Debug {
    let Finding { kind, verdict, fault, requests, may_have_notes, has_other_version, .. } = finding;
    let fault = fault.map(|it| (it.reason, it.offset.map(|offset| offset - start)));
    let pops: Vec<_> = requests.iter().map(|it| (it.id, it.form, it.pop)).collect();
    let keys: Vec<_> = finding
        .signers
        .iter()
        .map(|signer| signer.key.as_ref().map(drop).map_err(|it| *it))
        .collect();
    let transaction = finding.transaction_id.clone().map(|range| range.start - start);
    (*kind, *verdict, fault, pops, keys, transaction, (*may_have_notes, *has_other_version))
}

/// A verified message of which a bit of the content or of a signature changed is not (G9).
fn changed(octets: &[u8]) {
    let root = read_tlv(octets, 0, octets.len()).expect("validated");
    let info = ContentInfo::read(octets, root).expect("validated");
    let Some(signed) = SignedData::read(octets, info.content) else { return };
    let content = signed.encap_content_info.e_content;
    let places = content.into_iter().chain(signed.signers(octets).map(|info| info.signature));
    for place in places.filter(|place| !place.is_empty()) {
        let chance =
            octets.iter().fold(0usize, |sum, octet| sum.wrapping_mul(31) + usize::from(*octet));
        let mut copy = octets.to_vec();
        copy[place.content() + chance % place.len()] ^= 1 << (chance % 8);
        let row = all(&[Item::Received(&copy)], &CONFIG).swap_remove(0);
        assert_ne!(row.finding.verdict, Verdict::Verified, "a bit in {place:?} changed");
    }
}

/// What is legacy is all that changes with it (V10a).
fn legacy(rows: &[Row], with: &[Row]) {
    let excusable = [Reason::UnsupportedAlgorithm, Reason::KeyRejected];
    assert_eq!(rows.len(), with.len());
    for (row, with) in rows.iter().zip(with) {
        let faults = row.finding.signers.iter().map(|it| it.key.as_ref().err().copied());
        let faults = faults.chain([row.finding.fault.map(|it| it.reason)]);
        let is_excused = faults.flatten().any(|reason| excusable.contains(&reason));
        // A proof of which the algorithm is not on offer is not the first fault, where there is
        // another.
        let has_failed = row.finding.requests.iter().any(|it| it.pop == PopState::Failed);
        if !is_excused && !has_failed {
            assert_eq!(row, with, "V10a");
        }
        assert_eq!(
            (&row.path, &row.span, row.finding.kind),
            (&with.path, &with.span, with.finding.kind)
        );
        if row.finding.verdict != Verdict::Failed {
            assert_eq!(row.finding.verdict, with.finding.verdict, "V10a");
        }
    }
}

/// Columns, lines and counts are made of any rows, and of all.
fn written(report: &Report, rows: &[Row], data: &[u8]) {
    let der = |item| report.converted(item).unwrap_or(data);
    let nothing = HashMap::new();
    let range = || 0..report.len();
    let mut columns = Columns::new(false, true);
    columns.begin(0, true);
    tell(report, range(), der, &CONFIG, &nothing, &mut columns);
    assert!(columns.finish().is_ok());
    for form in [Form::Json, Form::Csv] {
        let firsts: Option<fn(usize) -> &'static str> = None;
        let mut lines = Lines { form, firsts, text: String::new() };
        tell(report, range(), der, &CONFIG, &nothing, &mut lines);
        assert!(lines.text.lines().count() >= rows.len());
    }
    let mut tally = Tally::new(3);
    tell(report, range(), der, &CONFIG, &nothing, &mut tally);
    assert_eq!(tally.groups.iter().map(|(_, count, _)| count).sum::<usize>(), rows.len());
    assert_eq!(report.counts().iter().sum::<usize>(), rows.len());
    for verdict in Verdict::ALL {
        let count = rows.iter().filter(|row| row.finding.verdict == verdict).count();
        assert_eq!(report.counts()[verdict as usize], count);
    }
    let noted = |index: &usize| rows[*index].finding.may_have_notes;
    assert_eq!(report.noted(range()), range().filter(noted).collect::<Vec<_>>());
}

/// The rows of a message of which all members were listed by one walk.
fn one_pass(loaded: &Loaded<'_>) -> Vec<Row> {
    let der = &*loaded.der;
    let root = read_tlv(der, 0, der.len()).expect("validated");
    let row = |path: &[u32], info: Tlv, finding| Row {
        item: 0,
        path: path.into(),
        encoding: if path.is_empty() { loaded.encoding } else { Encoding::Der },
        span: info.start()..info.end(),
        finding,
    };
    let mut rows = vec![row(&[], root, finding(der, 0..der.len(), loaded.encoding))];
    // Of each message around the next one, its id and whether it can hold others.
    let mut around = vec![(0, holds(der, root))];
    let outermost = loaded.members.first().map_or(0, |member| member.layer);
    for member in &loaded.members {
        let at = read_tlv(der, member.start as usize, der.len()).expect("a member has a frame");
        let tagged = TaggedContentInfo::read(der, at).expect("a member has an id");
        around.truncate(usize::from(member.layer - outermost) + 1);
        let is_listed = around.iter().all(|(_, holds)| *holds);
        let info = tagged.content_info;
        around.push((tagged.body_part_id, holds(der, info)));
        let path: Vec<u32> = around[1..].iter().map(|(id, _)| *id).collect();
        let is_data = ContentInfo::content_type(der, info) == ID_DATA;
        let found = match member.error {
            _ if !is_listed => continue,
            Some(reason) => {
                let fault = Some(Fault::new(reason, member.offset as usize));
                Finding::new(MessageKind::Other, Verdict::Malformed, fault)
            }
            None if is_data => continue,
            None => finding(der, info.start()..info.end(), Encoding::Der),
        };
        rows.push(row(&path, info, found));
    }
    rows
}

fn holds(der: &[u8], info: Tlv) -> bool {
    matches!(ContentInfo::content_type(der, info), ID_SIGNED_DATA | ID_CT_AUTH_DATA)
}

/// A member between two good ones harms neither, and is what it is alone.
fn neighbours(data: &[u8], alone: &[Row], config: &Config) {
    let whole = read_tlv(data, 0, data.len());
    if !whole.is_ok_and(|tlv| tlv.tag() == 0x30 && tlv.end() == data.len()) {
        return;
    }
    let member = |id: u8, octets| Tree::new(0x30, vec![Tree::leaf(0x02, &[id]), Tree::raw(octets)]);
    let empty = || Tree::new(0x30, Vec::new());
    let members = Tree::new(0x30, vec![member(1, GOOD), member(2, data), member(3, GOOD)]);
    let content = Tree::new(0x30, vec![empty(), empty(), members, empty()]);
    let octets = message(ID_CCT_PKI_DATA, vec![content], false);
    let rows = all(&[Item::Received(&octets)], config);
    let (first, last) = (&rows[1], &rows[rows.len() - 1]);
    assert_eq!((&first.path[..], first.finding.verdict), (&[1][..], Verdict::Verified), "R5");
    assert_eq!((&last.path[..], last.finding.verdict), (&[3][..], Verdict::Verified), "R5");
    let between = &rows[2..rows.len() - 1];
    let is_bounded = |row: &&Row| {
        let reason = row.finding.fault.map(|it| it.reason);
        matches!(reason, Some(Reason::Depth | Reason::LimitP6))
    };
    let is_der = alone[0].encoding == Encoding::Der
        && alone[0].finding.verdict != Verdict::Malformed
        && Elements::of(data, read_tlv(data, 0, data.len()).expect("read"))
            .next()
            .is_some_and(|it| it.tag() == 0x06);
    // Where it stands deeper, bounds are met sooner.
    if is_der && !between.iter().any(|row| is_bounded(&row)) && !between.is_empty() {
        let start = between[0].span.start;
        let found: Vec<_> =
            between.iter().map(|row| (&row.path[1..], same(&row.finding, start))).collect();
        let expected: Vec<_> =
            alone.iter().map(|row| (&row.path[..], same(&row.finding, 0))).collect();
        assert_eq!(found, expected, "R5");
    }
}
