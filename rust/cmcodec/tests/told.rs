//! What rows say, in the forms that are written: JSON, CSV, columns, sums.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken vector must stop the test"
)]

mod common;

use std::borrow::Cow;
use std::collections::HashMap;

use cmcodec::verify::columns::{Array, Columns};
use cmcodec::verify::lines::{Form, Lines};
use cmcodec::verify::report::fingerprint;
use cmcodec::verify::tally::{Group, Tally};
use cmcodec::verify::told::{Chain, Named, Origin, Sink, Told, ToldRequest, ToldSigner, tell};
use cmcodec::{
    Config, Encoding, MessageKind, PopState, Reason, Report, RequestForm, Row, Rule, SignerKey,
    Verdict,
};
use common::{all_rows, report, single, vector, vectors};
use serde_json::{Value, json};

/// A signer of whom all is known, by who looked at the chain.
fn signer() -> ToldSigner<'static> {
    ToldSigner {
        algorithm: Some("Ed25519".into()),
        certificate: Some([0xAB; 32]),
        request_id: None,
        chain: Some(Chain::Untrusted),
        anchor: Some([0x09; 32]),
        reason: Some(Reason::UntrustedChain),
        detail: Some("no \"anchor\"; none,\r\nat all".into()),
        purposes: ["1.3.6.1.5.5.7.3.27".to_owned(), "1.2.3".to_owned()].into(),
    }
}

/// One of whom nothing is.
fn nobody() -> ToldSigner<'static> {
    ToldSigner {
        algorithm: None,
        certificate: None,
        request_id: Some(7),
        chain: None,
        anchor: None,
        reason: None,
        detail: None,
        purposes: [].into(),
    }
}

/// A row that says all that a row can say.
fn full() -> Told<'static> {
    let pkcs10 = (1, RequestForm::Pkcs10, Some("RSA".into()), PopState::Verified);
    let other = (u32::MAX, RequestForm::Other, None, PopState::Absent);
    let requests = [pkcs10, other];
    Told {
        item: 3,
        path: Cow::Borrowed(&[21, 11]),
        kind: MessageKind::FullRequest,
        encoding: Encoding::Ber,
        verdict: Verdict::Failed,
        reason: Some(Reason::UntrustedChain),
        offset: Some(17),
        span: 40..99,
        signers: vec![signer(), nobody()],
        requests: requests
            .map(|(id, form, algorithm, pop)| ToldRequest { id, form, algorithm, pop })
            .into(),
        transaction_id: Some("-0x1f".to_owned()),
        notes: vec![
            (Some(5), Reason::DanglingReference),
            (None, Reason::VersionMismatch),
            (Some(6), Reason::DanglingReference),
        ],
    }
}

/// One that says as little as it can.
fn bare() -> Told<'static> {
    Told {
        item: 4,
        path: Cow::Borrowed(&[]),
        kind: MessageKind::Other,
        encoding: Encoding::Der,
        verdict: Verdict::Unsigned,
        reason: None,
        offset: None,
        span: 0..1,
        signers: Vec::new(),
        requests: Vec::new(),
        transaction_id: None,
        notes: Vec::new(),
    }
}

/// Lines of these rows, of which the first has a name.
fn lines(form: Form, named: bool, rows: &[Told<'_>]) -> String {
    let name = |_: usize| if form == Form::Json { "\"file\": \"a\"" } else { "a" };
    let mut lines = Lines { form, firsts: named.then_some(name), text: String::new() };
    rows.iter().for_each(|told| lines.take(0, told));
    lines.text
}

#[test]
fn json_of_a_row() {
    let text = lines(Form::Json, false, &[full(), bare()]);
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let full = json!({
        "index": 3,
        "path": [21, 11],
        "kind": "full-request",
        "encoding": "ber",
        "verdict": "failed",
        "reason": "untrusted_chain",
        "rule": "V13",
        "offset": 17,
        "span": [40, 99],
        "signers": [
            {
                "algorithm": "Ed25519",
                "certificate_sha256": "ab".repeat(32),
                "request_id": null,
                "chain": "untrusted",
                "anchor_sha256": "09".repeat(32),
                "reason": "untrusted_chain",
                "detail": "no \"anchor\"; none,\r\nat all",
            },
            {
                "algorithm": null,
                "certificate_sha256": null,
                "request_id": 7,
                "chain": null,
                "anchor_sha256": null,
                "reason": null,
                "detail": null,
            },
        ],
        "origin": "certificate",
        "requests": [
            {"id": 1, "form": "pkcs10", "algorithm": "RSA", "pop": "verified"},
            {"id": u32::MAX, "form": "other", "algorithm": null, "pop": "absent"},
        ],
        "transaction_id": "-0x1f",
        "notes": [
            {"body_part_id": 5, "reason": "dangling_reference"},
            {"body_part_id": null, "reason": "version_mismatch"},
            {"body_part_id": 6, "reason": "dangling_reference"},
        ],
    });
    let bare = json!({
        "index": 4,
        "path": [],
        "kind": "other",
        "encoding": "der",
        "verdict": "unsigned",
        "reason": null,
        "rule": null,
        "offset": null,
        "span": [0, 1],
        "signers": [],
        "origin": null,
        "requests": [],
        "transaction_id": null,
        "notes": [],
    });
    assert_eq!(found, [full, bare]);
    assert!(
        lines(Form::Json, true, &[self::bare()]).starts_with("{\"file\": \"a\", \"path\": [], ")
    );
}

#[test]
fn csv_of_a_row() {
    let certificate = "ab".repeat(32);
    let anchor = "09".repeat(32);
    // Quotation marks and commas are quoted; what separates lines and objects is replaced.
    let signer = format!(
        "\"Ed25519:{certificate}::untrusted:{anchor}:untrusted_chain:no \"\"anchor\"\", none,  at all"
    );
    let expected = format!(
        "3,/21/11,full-request,ber,failed,untrusted_chain,V13,17,40-99,{signer}; ::7::::\",\
         certificate,1:pkcs10:RSA:verified; 4294967295:other::absent,-0x1f,\
         5:dangling_reference; :version_mismatch; 6:dangling_reference\n\
         4,,other,der,unsigned,,,,0-1,,,,,\n"
    );
    assert_eq!(lines(Form::Csv, false, &[full(), bare()]), expected);
    assert!(lines(Form::Csv, true, &[bare()]).starts_with("a,,other,"));
}

fn texts(array: &Array) -> Vec<Option<String>> {
    let [validity, Some(bounds), Some(octets)] = &array.buffers[..] else { panic!("{array:?}") };
    let bounds: Vec<usize> = bounds
        .chunks_exact(4)
        .map(|each| usize::try_from(i32::from_ne_bytes(each.try_into().unwrap())).unwrap())
        .collect();
    let is_there =
        |place: usize| validity.as_ref().is_none_or(|bits| bits[place / 8] >> (place % 8) & 1 == 1);
    (0..array.len)
        .map(|it| is_there(it).then(|| text(&octets[bounds[it]..bounds[it + 1]])))
        .collect()
}

/// Texts as they are, a SHA-256 by its first octet.
fn text(octets: &[u8]) -> String {
    match octets.len() {
        32 => format!("{:02x}", octets[0]),
        _ => String::from_utf8(octets.to_vec()).unwrap(),
    }
}

fn some(words: &[&str]) -> Vec<Option<String>> {
    words.iter().map(|word| (!word.is_empty()).then(|| (*word).to_owned())).collect()
}

fn numbers(array: &Array) -> Vec<u32> {
    let octets = array.buffers[1].as_ref().unwrap();
    octets.chunks_exact(4).map(|each| u32::from_ne_bytes(each.try_into().unwrap())).collect()
}

/// Signers, requests and notes are lists of structs; what is not known is null.
#[test]
fn columns_of_a_row() {
    let mut columns = Columns::new(true, true);
    columns.take(0, &full());
    let array = columns.finish().unwrap();
    let [.., signers, requests, notes, _, _] = &array.children[..] else { panic!() };
    let inside = |list: &Array| list.children[0].children.iter().map(|it| it.len).max();
    assert_eq!([signers, requests, notes].map(inside), [Some(2), Some(2), Some(3)]);

    let [algorithm, certificate, request, chain, anchor, reason, detail, purposes] =
        &signers.children[0].children[..]
    else {
        panic!()
    };
    assert_eq!(texts(algorithm), some(&["Ed25519", ""]));
    assert_eq!(texts(certificate), some(&["ab", ""]));
    assert_eq!((numbers(request), request.nulls), (vec![0, 7], 1));
    assert_eq!(texts(chain), some(&["untrusted", ""]));
    assert_eq!(texts(anchor), some(&["09", ""]));
    assert_eq!(texts(reason), some(&["untrusted_chain", ""]));
    assert_eq!(texts(detail), some(&["no \"anchor\"; none,\r\nat all", ""]));
    assert_eq!(texts(&purposes.children[0]), some(&["1.3.6.1.5.5.7.3.27", "1.2.3"]));

    let [id, form, pop, algorithm] = &requests.children[0].children[..] else { panic!() };
    assert_eq!(numbers(id), [1, u32::MAX]);
    assert_eq!(texts(form), some(&["pkcs10", "other"]));
    assert_eq!(texts(pop), some(&["verified", "absent"]));
    assert_eq!(texts(algorithm), some(&["RSA", ""]));

    let [id, reason] = &notes.children[0].children[..] else { panic!() };
    assert_eq!((numbers(id), id.nulls), (vec![5, 0, 6], 1));
    let names = ["dangling_reference", "version_mismatch", "dangling_reference"];
    assert_eq!(texts(reason), some(&names));
}

#[test]
fn sums_over_rows() {
    let mut tally = Tally::new(2);
    for index in 0..3 {
        tally.take(10 + index, &bare());
    }
    tally.take(20, &full());
    let group = |verdict, reason, is_nested| Group { verdict, reason, is_nested };
    assert_eq!(
        tally.groups,
        [
            (group(Verdict::Unsigned, None, false), 3, vec![10, 11]),
            (group(Verdict::Failed, Some(Reason::UntrustedChain), true), 1, vec![20]),
        ]
    );
    let counted = |chain: Chain| tally.chains[chain as usize];
    assert_eq!(Chain::ALL.map(counted), [0, 0, 1]);
    assert_eq!(tally.pops.iter().sum::<usize>(), 2);
    assert_eq!(tally.pops[PopState::Verified as usize], 1);
    assert_eq!(tally.pops[PopState::Absent as usize], 1);
    let notes = [(Reason::DanglingReference, 2), (Reason::VersionMismatch, 1)];
    assert_eq!(tally.notes, notes);
}

/// V13: whose key is good: a certificate's before that of a request, which also
/// proves for itself where it stands alone.
#[test]
fn origins() {
    assert_eq!(full().origin(), Some(Origin::Certificate));
    assert_eq!(bare().origin(), None);
    let mut told = bare();
    told.signers = vec![nobody()];
    assert_eq!(told.origin(), Some(Origin::RequestKey));
    for (kind, pop, expected) in [
        (MessageKind::SimpleRequest, PopState::Verified, Some(Origin::RequestKey)),
        (MessageKind::SimpleRequest, PopState::Failed, None),
        (MessageKind::FullRequest, PopState::Verified, None),
    ] {
        let request = ToldRequest { id: 1, form: RequestForm::Pkcs10, algorithm: None, pop };
        let told = Told { kind, requests: vec![request], ..bare() };
        assert_eq!(told.origin(), expected);
    }
}

/// What a sink hears.
#[derive(Debug, Default)]
struct Heard {
    calls: Vec<String>,
    /// Whether messages within others are wanted.
    nested: bool,
}

impl Sink for Heard {
    fn wants(&self, around: usize) -> bool {
        self.nested || around == 0
    }

    fn enter(&mut self, around: usize, verdict: Verdict) {
        self.calls.push(format!("enter {around} {}", verdict.name()));
    }

    fn skip(&mut self) {
        self.calls.push("skip".to_owned());
    }

    fn take(&mut self, index: usize, told: &Told<'_>) {
        self.calls.push(format!("take {index} {:?} {}", told.path, told.verdict.name()));
    }
}

/// A sink that takes what it is told, and hears nothing else.
#[derive(Debug, Default)]
struct Taken(Vec<Value>);

impl Sink for Taken {
    fn take(&mut self, _index: usize, told: &Told<'_>) {
        let text = lines(Form::Json, false, std::slice::from_ref(told));
        self.0.push(serde_json::from_str(&text).unwrap());
    }
}

fn told_of(report: &Report, items: &[&[u8]], config: &Config, sink: &mut impl Sink) {
    let der = |item| report.converted(item).unwrap_or_else(|| items[item]);
    tell(report, 0..report.len(), der, config, &HashMap::new(), sink);
}

/// A sink hears of every message, and is told of those that it wants.
#[test]
fn sinks_are_told_what_they_want() {
    let octets = vector("bouncycastle/batches/batch-3-inner-signature-broken.der");
    let report = report(&[&octets], &single());
    let mut heard = Heard::default();
    told_of(&report, &[&octets], &single(), &mut heard);
    let [good, bad] = ["enter 1 verified", "enter 1 failed"];
    let outer = ["enter 0 verified", "take 0 [] verified"];
    assert_eq!(heard.calls[..], [&outer[..], &[good, bad, good]].concat());
    let mut heard = Heard { nested: true, ..Heard::default() };
    // Beyond the end there is nothing.
    let none = HashMap::new();
    tell(&report, 2..99, |_| &*octets, &single(), &none, &mut heard);
    assert_eq!(heard.calls.len(), 4);
    assert!(heard.calls[1].starts_with("take 2 [") && heard.calls[1].ends_with("] failed"));
}

/// A sink need not hear of what is skipped.
#[test]
fn sinks_are_not_told_of_what_is_skipped() {
    let octets = vector("bouncycastle/batches/batch-3-inner-signature-broken.der");
    let report = report(&[&octets], &single());
    let mut taken = Taken::default();
    tell(&report, 0..4, |_| &*octets, &single(), &HashMap::from([(2, None)]), &mut taken);
    let verdicts: Vec<_> = taken.0.iter().map(|told| told["verdict"].clone()).collect();
    assert_eq!(verdicts, ["verified"; 3]);
}

/// What was found above the engine is told instead: another verdict, or nothing.
#[test]
fn amended_rows_are_told_instead() {
    let octets = vector("bouncycastle/batches/batch-3-inner-signature-broken.der");
    let report = report(&[&octets], &single());
    let amended = HashMap::from([(1, Some(full())), (3, None)]);
    for nested in [false, true] {
        let mut heard = Heard { nested, ..Heard::default() };
        tell(&report, 1..4, |_| &*octets, &single(), &amended, &mut heard);
        let takes: Vec<_> = heard.calls.iter().filter(|it| it.starts_with("take")).collect();
        assert_eq!(heard.calls[0], "enter 1 failed");
        assert_eq!(heard.calls[heard.calls.len() - 2..], ["enter 1 verified", "skip"]);
        assert_eq!(takes.len(), if nested { 2 } else { 0 });
        assert!(!nested || takes[0] == "take 1 [21, 11] failed");
    }
}

/// The members of a line that a row says by itself.
fn expected(row: &Row, der: &[u8], config: &Config) -> Value {
    let finding = &row.finding;
    let certificate = |key: &_| match key {
        Ok(SignerKey::Certificates(sources)) => {
            let octets = sources[0].octets(der, &config.certificates).unwrap();
            Some(fingerprint(octets).map(|octet| format!("{octet:02x}")).concat())
        }
        _ => None,
    };
    let signers: Vec<_> = finding
        .signers
        .iter()
        .map(|it| {
            let certificate = certificate(&it.key);
            json!({
                "algorithm": it.algorithm.text(der),
                "request_id": if let Ok(SignerKey::Request(id)) = it.key { Some(id) } else { None },
                "chain": certificate.as_ref().map(|_| "unchecked"),
                "certificate_sha256": certificate,
                "anchor_sha256": null,
                "reason": it.key.as_ref().err().map(|reason| reason.name()),
                "detail": null,
            })
        })
        .collect();
    let requests: Vec<_> = finding
        .requests
        .iter()
        .map(|it| {
            let algorithm = it.algorithm.map(|name| name.text(der));
            json!({"id": it.id, "form": it.form.name(), "algorithm": algorithm, "pop": it.pop.name()})
        })
        .collect();
    let other = json!({"body_part_id": null, "reason": "version_mismatch"});
    let notes = if finding.has_other_version { vec![other] } else { vec![] };
    json!({
        "index": row.item,
        "path": *row.path,
        "kind": finding.kind.name(),
        "encoding": row.encoding.name(),
        "verdict": finding.verdict.name(),
        "reason": finding.fault.map(|it| it.reason.name()),
        "rule": finding.fault.and_then(|it| it.reason.rule()).map(Rule::name),
        "offset": finding.fault.and_then(|it| it.offset),
        "span": [row.span.start, row.span.end],
        "signers": signers,
        "requests": requests,
        "notes": notes,
    })
}

/// What is told of every vector is what its rows say.
#[test]
fn rows_are_told_as_they_are() {
    let mut files: Vec<Vec<u8>> = vectors("bouncycastle/MANIFEST.tsv")
        .iter()
        .map(|line| vector(&format!("bouncycastle/{}", line[0])))
        .collect();
    files.push(vector("shared/controls/05-transactionId-negative.signed.der"));
    files.push(vector("field/win-eobo-two-signers.der"));
    let items: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let report = report(&items, &single());
    let mut taken = Taken::default();
    told_of(&report, &items, &single(), &mut taken);
    let rows = all_rows(&items, &single());
    assert_eq!(taken.0.len(), rows.len());
    let mut ids = 0;
    for (mut told, row) in taken.0.into_iter().zip(&rows) {
        let der = report.converted(row.item).unwrap_or_else(|| items[row.item]);
        let members = told.as_object_mut().unwrap();
        let id = members.remove("transaction_id").unwrap();
        assert_eq!(id.is_null(), row.finding.transaction_id.is_none());
        ids += usize::from(!id.is_null());
        members.remove("origin");
        assert_eq!(told, expected(row, der, &single()));
    }
    assert!(ids > 10, "{ids}");
}

/// What a certificate is called by and for, also where the same is asked again.
#[test]
fn what_is_told_of_a_certificate() {
    let ca = vector("shared/keys/ca-cert.der");
    let ra = vector("shared/keys/ra-p256-cert.der");
    let mut named = Named::default();
    for certificate in [&ca, &ra, &ra, &ca] {
        let facts = named.facts(certificate);
        assert_eq!(facts.fingerprint, fingerprint(certificate));
        let expected = if *certificate == ca { "1.3.6.1.5.5.7.3.27" } else { "1.3.6.1.5.5.7.3.28" };
        assert_eq!(*facts.purposes, [expected]);
    }
    // One that is none, one without extensions, one whose extKeyUsage cannot be read.
    let mut without = common::Tree::parse(&ra);
    without.at(&[0]).remove(0xA3);
    let mut broken = ra.clone();
    let usage = [0x06, 3, 0x55, 0x1D, 0x25];
    let at = broken.windows(5).position(|octets| octets == usage).unwrap();
    let list = broken[at..].iter().position(|octet| *octet == 0x04).unwrap();
    broken[at + list + 2] = 0x31;
    for octets in [&b"none"[..], &without.encode(), &broken] {
        assert!(Named::default().facts(octets).purposes.is_empty());
    }
}
