//! Many messages: nested ones, malformed ones, threads, progress (rules R5,
//! P6, V14).
#![expect(clippy::unwrap_used, reason = "a broken vector must stop the test")]

mod common;

use std::sync::Mutex;
use std::{fs, thread};

use cmcodec::der::Elements;
use cmcodec::error::Reason;
use cmcodec::generated::limits::MAX_MESSAGE_LAYERS;
use cmcodec::load::Encoding;
use cmcodec::schema::walk::Options;
use cmcodec::verify::report::{MessageKind, Verdict};
use cmcodec::verify::{Cancelled, Config, Item, Row, verify};
use cmcodec::view::Attribute;
use common::{
    MESSAGE_DIGEST, Tree, all_rows, offset, oid, outcome, parts, quiet, received, report, rows,
    sample, single, vector, vectors,
};

#[test]
fn nested_messages_follow_theirs_in_order() {
    let rows = rows(&vector("bouncycastle/batches/nested-batch.der"), &single());
    let paths: Vec<_> = rows.iter().map(|row| row.path.to_vec()).collect();
    assert_eq!(paths[..4], [vec![], vec![21], vec![21, 11], vec![21, 12]]);
    assert_eq!(paths.len(), 5);
    assert!(rows.iter().all(|row| row.finding.verdict == Verdict::Verified));
    assert!(rows[0].finding.may_have_notes);
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
    let encodings: Vec<_> =
        all_rows(&[&der, &ber], &single()).iter().map(|row| row.encoding).collect();
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
    let rows = all_rows(&[b"", &good[..9], &good, &[&*good, b"x"].concat()], &single());
    let found: Vec<_> = rows.iter().map(outcome).collect();
    assert_eq!(
        found,
        [
            ("malformed", "truncated", "P2"),
            ("malformed", "truncated", "P2"),
            ("verified", "", ""),
            ("malformed", "trailing_data", "P4"),
        ]
    );
    assert_eq!(rows[1].span, 0..9);
    assert_eq!(rows[3].item, 3);
    assert_eq!(offset(&rows[3]), good.len());
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
    let one = all_rows(&items, &single());
    for threads in [2, 3, 8, 0] {
        assert_eq!(all_rows(&items, &Config { threads, ..Config::default() }), one);
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

/// V14: lanes change no row, of an item or of a member, whatever is beside it, nor where more wait than
/// there is room for.
#[test]
fn v14_lanes_change_no_row() {
    let batch = batch();
    let mut files: Vec<Vec<u8>> = vectors("bouncycastle/MANIFEST.tsv")
        .iter()
        .map(|line| vector(&format!("bouncycastle/{}", line[0])))
        .collect();
    files.push(vector("shared/signed/rsa2048-crmf-sigpop.der"));
    files.push(batch[..batch.len() / 2].to_vec());
    let common = vector("bouncycastle/requests/pkcs10-p256.der");
    let items: Vec<&[u8]> = files.iter().map(Vec::as_slice).cycle().take(600).collect();
    let items: Vec<&[u8]> = items.into_iter().chain([&*batch]).chain([&*common; 1100]).collect();
    for config in [single(), Config { threads: 3, ..Config::default() }] {
        let lanes = Config { lanes: true, ..config.clone() };
        assert_eq!(all_rows(&items, &lanes), all_rows(&items, &config));
    }
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
            "signature" => info.signature.end() - 1,
            "content" => {
                let content = signed.encap_content_info.pki_message(inner).unwrap();
                content.requests(inner).next().unwrap().tlv().end() - 1
            }
            _ => {
                let set = info.signed_attrs.unwrap();
                let attribute = Elements::of(inner, set)
                    .map(|it| Attribute::read(inner, it).unwrap())
                    .find(|it| it.attr_type.octets(inner) == oid(MESSAGE_DIGEST).encode());
                attribute.unwrap().tlv.end() - 1
            }
        };
        places.push((index, part, rows[index].span.start + at));
    }
    for (_, _, at) in &places {
        octets[*at] ^= 1;
    }
    for threads in [1, 2, 4] {
        let config = Config { threads, ..Config::default() };
        assert_eq!(report(&[&octets], &config).counts(), [997, 4, 0, 0, 0]);
        let rows = all_rows(&[&octets], &config);
        assert_eq!(outcome(&rows[0]), ("failed", "digest_mismatch", "V6"));
        for (index, part, _) in &places {
            let expected = match *part {
                "signature" => ("failed", "signature_invalid", "V10"),
                _ => ("failed", "digest_mismatch", "V6"),
            };
            assert_eq!(outcome(&rows[*index]), expected, "{part}");
        }
    }
}

/// R5: an error inside a TaggedContentInfo of sound frame is one row.
#[test]
fn a_malformed_inner_message_is_one_row() {
    let mut octets = batch();
    let spans: Vec<_> = rows(&octets, &single()).into_iter().map(|row| row.span).collect();
    let (signed, _) = parts(&octets[spans[3].clone()]);
    let at = spans[3].start + signed.signer_infos.start();
    octets[at] = 0x30;
    assert_eq!(report(&[&octets], &single()).counts(), [999, 1, 0, 0, 1]);
    let row = &rows(&octets, &single())[3];
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

/// R5: a member that cannot be read has its path, also behind one that holds others.
#[test]
fn a_malformed_member_behind_a_batch_has_its_path() {
    let mut tree = Tree::parse(&vector("bouncycastle/batches/nested-batch.der"));
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    let inner = content.at(&[2, 0, 1]);
    let mut list = Tree::parse(inner.at(&[1, 0, 2, 1, 0]).content());
    *list.at(&[2, 0, 1]) = Tree::parse(&vector("bouncycastle/batches/batch-5.der"));
    list.at(&[2, 1, 1]).signers().push(Tree::leaf(0x05, b""));
    *inner.at(&[1, 0, 2, 1, 0]).content_mut() = list.encode();
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    let rows = rows(&tree.encode(), &single());
    let malformed = rows.iter().filter(|row| row.finding.verdict == Verdict::Malformed);
    let paths: Vec<_> = malformed.map(|row| row.path.to_vec()).collect();
    assert_eq!(paths, [[21, 12]]);
    assert_eq!(rows.iter().filter(|row| row.path.starts_with(&[21, 11])).count(), 1 + 5);
}

/// R5: what is nested in a content that nobody signed or authenticated has no row.
#[test]
fn members_of_digested_data_have_no_row() {
    let mut tree = Tree::parse(&vector("bouncycastle/batches/batch-5.der"));
    let batch = tree.clone();
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    for (digested, count) in [(false, 1 + 5 + 5), (true, 1 + 5)] {
        let mut inner = batch.clone();
        if digested {
            let version = inner.at(&[1, 0, 0]).clone();
            let algorithm = inner.at(&[1, 0, 1, 0]).clone();
            let encapsulated = inner.at(&[1, 0, 2]).clone();
            inner.children_mut()[0] = oid("1.2.840.113549.1.7.5");
            let digest = Tree::leaf(0x04, &[0; 32]);
            *inner.at(&[1, 0]) = Tree::new(0x30, vec![version, algorithm, encapsulated, digest]);
        }
        *content.at(&[2, 4, 1]) = inner;
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        let rows = rows(&tree.encode(), &single());
        assert_eq!(rows.len(), count);
        let last = &rows[5];
        assert_eq!(last.path.len(), 1);
        let expected = if digested { "wrong_content_type" } else { "" };
        assert_eq!(outcome(last).1, expected);
    }
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
        verify(&received(&[&batch]), &Config { threads, ..Config::default() }, &progress).unwrap();
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
        let found = verify(&received(&[&batch]), &config, &|_, _| false);
        assert_eq!(found.unwrap_err(), Cancelled);
        // Long enough that progress is told in between on any machine.
        let long = [batch.as_slice(); 16];
        let found = verify(&received(&long), &config, &|done, total| done == 0 || done == total);
        assert!(found.is_err());
        // Also when there is nothing left to do.
        let found = verify(&received(&[&batch]), &config, &|done, total| done < total);
        assert_eq!(found.unwrap_err(), Cancelled);
    }
    assert_eq!(Cancelled.to_string(), "verification was cancelled");
}

#[test]
fn nothing_is_an_empty_report() {
    let report = report(&[], &Config::default());
    assert_eq!((report.len(), report.counts()), (0, [0; 5]));
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
        let rows = all_rows(&items, &Config { threads: 2, ..Config::default() });
        for row in rows.iter().filter(|row| row.path.is_empty()) {
            if row.finding.verdict == Verdict::Verified {
                // The version of CMS structures and tags of unsigned parts.
                assert!(row.finding.signers.iter().all(|it| it.key.is_ok()));
            }
            let reason = row.finding.fault.map(|fault| fault.reason);
            assert_ne!(reason, Some(Reason::Encrypted));
        }
    }
}

/// P1, P6: the deepest message there may be, on the small stack of a helper.
#[test]
fn the_deepest_message_fits_every_stack() {
    let mut inner = sample();
    for _ in 1..MAX_MESSAGE_LAYERS {
        let mut tree = Tree::parse(&vector("bouncycastle/batches/batch-5.der"));
        let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
        content.at(&[2]).children_mut().truncate(1);
        *content.at(&[2, 0, 1]) = inner;
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        inner = tree;
    }
    let octets = inner.encode();
    let items = [&*octets; 32];
    for (max_layers, counts) in [
        (8, [0, 8 * 32, 0, 0, 32]),
        (MAX_MESSAGE_LAYERS, [32, 31 * 32, 0, 0, 0]),
        (usize::MAX, [32, 31 * 32, 0, 0, 0]),
    ] {
        let options = Options { max_layers, ..Options::default() };
        let report = report(&items, &Config { options, threads: 4, ..Config::default() });
        assert_eq!(report.counts(), counts);
    }
}

/// V1: a PKCS#10 in id-data is a message where the caller says so, for one item
/// or for all.
#[test]
fn v1_wrapped_requests() {
    let renewal = vector("field/win-pkcs7-renewal.der");
    let validated = |wrapped| Item::Validated {
        buffer: &renewal,
        span: 0..renewal.len(),
        encoding: Encoding::Der,
        wrapped,
    };
    let items =
        [Item::Received(&renewal), Item::Wrapped(&renewal), validated(false), validated(true)];
    let kinds = |config: &Config| -> Vec<_> {
        let report = verify(&items, config, &quiet).unwrap();
        report.rows(|_| &renewal).map(|row| (row.finding.kind, row.finding.verdict)).collect()
    };
    let other = (MessageKind::Other, Verdict::Failed);
    let good = (MessageKind::WrappedRequest, Verdict::Verified);
    assert_eq!(kinds(&single()), [other, good, other, good]);
    let mut config = single();
    config.options.wrapped = true;
    assert_eq!(kinds(&config), [good, good, other, good]);
}

/// A message that was validated before is verified where it stands, and what is
/// nested in it is left alone.
#[test]
fn validated_messages_are_not_read_again() {
    let batch = vector("bouncycastle/batches/batch-5.der");
    let known = rows(&batch, &single());
    let items: Vec<Item<'_>> = known
        .iter()
        .map(|row| Item::Validated {
            buffer: &batch,
            span: row.span.clone(),
            encoding: Encoding::Ber,
            wrapped: false,
        })
        .collect();
    let report = verify(&items, &single(), &quiet).unwrap();
    let found: Vec<_> = report.rows(|_| &batch).collect();
    assert_eq!(found.len(), known.len());
    for (item, (found, known)) in found.iter().zip(&known).enumerate() {
        assert_eq!((found.item, found.path.len(), found.encoding), (item, 0, Encoding::Ber));
        assert_eq!((&found.span, &found.finding), (&known.span, &known.finding));
    }
}
