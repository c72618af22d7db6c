//! What a report answers by number is what it answers in order.

mod common;

use std::borrow::Cow;

use cmcodec::Verdict;
use common::{Tree, report, sample, single, vector};

/// A batch with a member that cannot be read.
fn damaged() -> Vec<u8> {
    let mut tree = Tree::parse(&vector("bouncycastle/batches/nested-batch.der"));
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    let inner = content.at(&[2, 0, 1]);
    let mut list = Tree::parse(inner.at(&[1, 0, 2, 1, 0]).content());
    list.at(&[2, 0, 1]).signers().push(Tree::leaf(0x05, b""));
    *inner.at(&[1, 0, 2, 1, 0]).content_mut() = list.encode();
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    tree.encode()
}

/// A message, one in BER, one that holds others, one that is none, and one of which a
/// member is none.
fn items() -> Vec<Vec<u8>> {
    let names = ["batch-5.ber", "batch-5.der", "nested-batch.der"];
    let batches = names.map(|name| vector(&format!("bouncycastle/batches/{name}")));
    let mut items = vec![sample().encode()];
    items.extend(batches);
    items.extend([b"nothing".to_vec(), damaged()]);
    items
}

#[test]
fn rows_by_number_are_those_in_order() {
    let items = items();
    let given: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let report = report(&given, &single());
    let der = |item| report.converted(item).unwrap_or_else(|| given[item]);
    let rows: Vec<_> = report.rows(der).map(Cow::into_owned).collect();
    assert_eq!((rows.len(), report.is_empty()), (report.len(), false));
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(report.item(index), Some(row.item));
        assert_eq!(report.brief(index), Some((row.path.len(), row.finding.verdict)));
        assert_eq!(report.row(index, der(row.item)).as_deref(), Some(row));
    }
    let end = report.len();
    assert_eq!((report.item(end), report.brief(end), report.row(end, &[])), (None, None, None));
    for item in 0..items.len() {
        let first = rows.iter().position(|row| row.item == item);
        assert_eq!(report.position(item), first);
    }
    assert_eq!(report.position(items.len()), None);
}

/// R4: rows that may have notes.
#[test]
fn rows_with_notes_are_found() {
    let items = items();
    let given: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let report = report(&given, &single());
    let der = |item| report.converted(item).unwrap_or_else(|| given[item]);
    let rows: Vec<_> = report.rows(der).collect();
    let noted = |from: usize, to: usize| -> Vec<usize> {
        (from..to).filter(|index| rows[*index].finding.may_have_notes).collect()
    };
    let all = noted(0, rows.len());
    assert!(!all.is_empty() && all.len() < rows.len());
    assert_eq!(report.noted(0..rows.len()), all);
    assert_eq!(report.noted(0..rows.len() + 5), all);
    let (from, to) = (all[0] + 1, rows.len() - 1);
    assert_eq!(report.noted(from..to), noted(from, to));
}

/// R5: whether a message within another could not be read, by where it stands.
#[test]
fn malformed_members_are_found() {
    let items = items();
    let given: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let report = report(&given, &single());
    let der = |item| report.converted(item).unwrap_or_else(|| given[item]);
    let mut expected = Vec::new();
    for row in report.rows(der).filter(|row| !row.path.is_empty()) {
        if row.finding.verdict == Verdict::Malformed {
            expected.push((row.item, row.span.start));
        }
    }
    assert_eq!(expected.len(), 1);
    let mut found = Vec::new();
    for item in 0..items.len() + 1 {
        let octets = if item < items.len() { der(item) } else { &[] };
        let places =
            (0..octets.len() + 1).filter(|start| report.is_malformed(item, *start, octets));
        found.extend(places.map(|start| (item, start)));
    }
    assert_eq!(found, expected);
}

#[test]
fn der_forms_are_given_away_once() {
    let ber = vector("bouncycastle/batches/batch-5.ber");
    let mut report = report(&[b"nothing", &ber], &single());
    assert_eq!(report.converted(0), None);
    let der = vector("bouncycastle/batches/batch-5.der");
    assert_eq!(report.converted(1), Some(&*der));
    assert_eq!(report.take_converted(), [(1, der)]);
    assert_eq!(report.converted(1), None);
    assert_eq!(report.take_converted(), []);
}

#[test]
fn no_item_has_no_row() {
    let report = report(&[], &single());
    assert!(report.is_empty());
    assert_eq!((report.position(0), report.is_malformed(0, 0, &[])), (None, false));
}
