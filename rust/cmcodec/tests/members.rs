//! A message whose members are read later, in groups, is accepted and refused as
//! one that is read as a whole (V14).

mod common;

use cmcodec::verify::members::Groups;
use cmcodec::{Config, Member, Members, Options, Result, Verdict, load};
use common::{Tree, all_rows, outcome, rows, vector};

/// Members of the batch: a hundred kilobytes, of which four groups are full.
const MEMBERS: usize = 75;

/// A batch that is large enough to be read in groups; what signs it has changed.
fn batch() -> Vec<u8> {
    let mut tree = Tree::parse(&vector("../../examples/batch-1000.der"));
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    content.at(&[2]).children_mut().truncate(MEMBERS);
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    tree.encode()
}

/// What is nested in a message, in order.
fn members(data: &[u8], options: Options) -> Result<Vec<Member>> {
    let loaded = load(data, options)?;
    let mut members = loaded.members.clone();
    if let Some(deferred) = &loaded.deferred {
        let mut groups = Groups::new(deferred, false);
        while let Some(group) = groups.next(&loaded.der) {
            members.extend(group.members(&loaded)?);
        }
        groups.check_body_parts(&loaded)?;
    }
    Ok(members)
}

#[test]
fn groups_change_no_refusal() {
    let batch = batch();
    let whole = Options { members: Members::Listed, strict: true, ..Options::default() };
    let deferred = Options { members: Members::Deferred, ..whole };
    let config = Config { options: whole, threads: 2, ..Config::default() };
    let known = members(&batch, whole).unwrap();
    assert_eq!(members(&batch, deferred).unwrap(), known);
    let mut groups = Groups::new(&load(&batch, deferred).unwrap().deferred.unwrap(), false);
    assert_eq!(groups.next(&batch).map(|group| (group.first(), group.count())), Some((0, 16)));
    assert_eq!(groups.total(&batch), MEMBERS);
    assert_eq!(groups.next(&batch).map(|group| (group.first(), group.count())), Some((16, 16)));
    assert_eq!(rows(&batch, &config).len(), 1 + MEMBERS);

    let (mut refused, mut isolated) = (0, 0);
    for (round, member) in known.iter().enumerate().cycle().take(3 * MEMBERS) {
        // In the header of a member, in its id, and anywhere in it.
        let mut data = batch.clone();
        let at = member.start as usize + [0, 2, 5, 9, 40, 200, 700][round * 5 % 7];
        data[at] ^= 1 << (round % 8);
        // An error behind the members must not hide one in them.
        let last = data.len() - 1;
        data.truncate(if round % 9 == 0 { last } else { last + 1 });
        match members(&data, whole) {
            Ok(found) => {
                assert_eq!(members(&data, deferred), Ok(found.clone()), "round {round}");
                isolated += found.iter().filter(|member| member.error.is_some()).count();
            }
            Err(error) => {
                assert!(members(&data, deferred).is_err(), "round {round}");
                let rows = rows(&data, &config);
                assert_eq!((rows.len(), rows[0].finding.verdict), (1, Verdict::Malformed));
                assert_eq!(outcome(&rows[0]).1, error.reason().name(), "round {round}");
                let offset = rows[0].finding.fault.and_then(|fault| fault.offset);
                assert_eq!(offset, Some(error.offset()), "round {round}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20 && isolated > 20, "{refused} refused, {isolated} isolated");
}

/// P6: ids are unique wherever the two that are equal stand: in one group, in
/// two, in the last, which is not full, or before the members.
#[test]
fn p6_body_part_ids_of_groups() {
    let mut tree = Tree::parse(&batch());
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    let control = content.at(&[0, 0, 0]).clone();
    let mut with = |member: usize, id: &Tree| {
        let mut content = content.clone();
        *content.at(&[2, member, 0]) = id.clone();
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        tree.encode()
    };
    let ids: Vec<_> = (0..MEMBERS).map(|it| content.clone().at(&[2, it, 0]).clone()).collect();
    let last = MEMBERS - 1;
    let unused = Tree::leaf(0x02, &[0x7F, 0xFF, 0xFF, 0xFF]);
    let cases = [
        (last, &unused, None),
        (1, &ids[0], Some("duplicate_body_part_id")),
        (40, &ids[20], Some("duplicate_body_part_id")),
        (last, &ids[last - 1], Some("duplicate_body_part_id")),
        (last, &ids[0], Some("duplicate_body_part_id")),
        (0, &ids[last], Some("duplicate_body_part_id")),
        (last, &control, Some("duplicate_body_part_id")),
    ];
    for (member, id, expected) in cases {
        let data = with(member, id);
        let refused = load(&data, Options::default()).err();
        assert_eq!(refused.as_ref().map(|it| it.reason().name()), expected);
        for threads in [1, 3] {
            let rows = rows(&data, &Config { threads, ..Config::default() });
            let Some(error) = &refused else {
                assert_eq!(rows.len(), 1 + MEMBERS);
                continue;
            };
            assert_eq!(rows.len(), 1, "{member} {threads}");
            assert_eq!(outcome(&rows[0]), ("malformed", error.reason().name(), "P6"));
            assert_eq!(rows[0].finding.fault.and_then(|it| it.offset), Some(error.offset()));
        }
    }
}

/// R5: a batch that is refused for one of its members takes nothing from its neighbours.
#[test]
fn r5_neighbours_of_a_refused_batch() {
    let good = vector("bouncycastle/requests/pkcs10-p256.der");
    let mut tree = Tree::parse(&batch());
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    *content.at(&[2, MEMBERS - 1, 0]) = Tree::leaf(0x02, &[0]);
    *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
    let refused = tree.encode();
    for threads in [1, 3] {
        let config = Config { threads, ..Config::default() };
        let rows = all_rows(&[&good, &batch(), &refused, &good], &config);
        let items: Vec<_> = rows.iter().map(|row| row.item).collect();
        assert_eq!(items, [&[0][..], &[1; 1 + MEMBERS], &[2, 3]].concat());
        let verdicts = [Some(&rows[0]), rows.last()].map(|row| row.map(outcome));
        assert_eq!(verdicts, [Some(("verified", "", "")); 2]);
        assert_eq!(outcome(&rows[rows.len() - 2]), ("malformed", "limit", "P6"));
    }
}

/// R5, P6: a member that has no id has no row. It refuses the message, for what
/// is wrong in it and not for the id, which is looked at later.
#[test]
fn r5_a_member_without_an_id_is_no_row() {
    for members in [3, MEMBERS] {
        let mut tree = Tree::parse(&batch());
        let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
        content.at(&[2]).children_mut().truncate(members);
        *content.at(&[2, 1]) = Tree::new(0x30, vec![Tree::leaf(0x02, &[0])]);
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        for threads in [1, 3] {
            let rows = rows(&tree.encode(), &Config { threads, ..Config::default() });
            assert_eq!(rows.len(), 1, "{members} {threads}");
            assert_eq!(outcome(&rows[0]), ("malformed", "bad_tag", "P3"));
        }
    }
}
