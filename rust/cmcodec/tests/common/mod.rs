//! Vectors, verdicts in short, and messages as trees that can be edited.
#![allow(dead_code)] // Each test takes what it needs.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a broken vector must stop the test"
)]

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use cmcodec::der::Elements;
use cmcodec::der::{children, read_tlv};
use cmcodec::view::{ContentInfo, SignedData, SignerInfo};
use cmcodec::{Config, Item, Report, Row, Rule, verify};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name)
}

/// The octets of a vector.
pub fn vector(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

/// The lines of a table, without its header, by field.
pub fn vectors(name: &str) -> Vec<Vec<String>> {
    let table = fs::read_to_string(path(name)).unwrap();
    table.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// id-messageDigest.
pub const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

/// No progress.
pub fn quiet(_: usize, _: usize) -> bool {
    true
}

/// On one thread.
pub fn single() -> Config {
    Config { threads: 1, ..Config::default() }
}

/// Items as received.
pub fn received<'a>(items: &[&'a [u8]]) -> Vec<Item<'a>> {
    items.iter().copied().map(Item::Received).collect()
}

/// What is found in items.
pub fn report(items: &[&[u8]], config: &Config) -> Report {
    verify(&received(items), config, &quiet).unwrap()
}

/// The rows of items, in order.
pub fn all_rows(items: &[&[u8]], config: &Config) -> Vec<Row> {
    let report = report(items, config);
    let der = |item| report.converted(item).unwrap_or_else(|| items[item]);
    report.rows(der).map(Cow::into_owned).collect()
}

/// The rows of one item.
pub fn rows(octets: &[u8], config: &Config) -> Vec<Row> {
    all_rows(&[octets], config)
}

/// The row of one item itself.
pub fn outer(octets: &[u8]) -> Row {
    rows(octets, &single()).swap_remove(0)
}

/// A change of one element.
pub type Edit = fn(&mut Tree);

/// Verdict, reason, rule.
pub type Outcome = (&'static str, &'static str, &'static str);

/// What a row comes to.
pub fn outcome(row: &Row) -> Outcome {
    let fault = row.finding.fault;
    (
        row.finding.verdict.name(),
        fault.map_or("", |fault| fault.reason.name()),
        fault.and_then(|fault| fault.reason.rule()).map_or("", Rule::name),
    )
}

/// The states of its proofs, in order.
pub fn pops(row: &Row) -> String {
    let names: Vec<_> = row.finding.requests.iter().map(|request| request.pop.name()).collect();
    names.join(",")
}

/// Where its fault is.
pub fn offset(row: &Row) -> usize {
    row.finding.fault.unwrap().offset.unwrap()
}

/// The SignedData of a message, and its first SignerInfo.
pub fn parts(data: &[u8]) -> (SignedData, SignerInfo) {
    let root = read_tlv(data, 0, data.len()).unwrap();
    let signed = SignedData::read(data, ContentInfo::read(data, root).unwrap().content).unwrap();
    let info = Elements::of(data, signed.signer_infos).next().unwrap();
    (signed, SignerInfo::read(data, info).unwrap())
}

/// The message that the rules are tried on: a certificate signs, P-256.
pub fn sample() -> Tree {
    Tree::parse(&vector("bouncycastle/signers/p256-sha256.der"))
}

/// An OBJECT IDENTIFIER.
pub fn oid(number: &str) -> Tree {
    let arcs: Vec<u64> = number.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in [&[40 * arcs[0] + arcs[1]], &arcs[2..]].concat() {
        let septets: Vec<u8> =
            (0..10).map(|n| u8::try_from(arc >> (7 * n) & 0x7F).unwrap()).collect();
        let used = septets.iter().rposition(|septet| *septet != 0).unwrap_or(0);
        content.extend((1..=used).rev().map(|n| septets[n] | 0x80));
        content.push(septets[0]);
    }
    Tree::leaf(0x06, &content)
}

/// An element, taken apart as far as constructed encoding goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    pub tag: u8,
    inside: Inside,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inside {
    Octets(Vec<u8>),
    Trees(Vec<Tree>),
}

impl Tree {
    pub fn new(tag: u8, children: Vec<Self>) -> Self {
        Self { tag, inside: Inside::Trees(children) }
    }

    pub fn leaf(tag: u8, content: &[u8]) -> Self {
        Self { tag, inside: Inside::Octets(content.to_vec()) }
    }

    pub fn parse(octets: &[u8]) -> Self {
        let tlv = read_tlv(octets, 0, octets.len()).unwrap();
        if tlv.tag() & 0x20 == 0 {
            return Self::leaf(tlv.tag(), tlv.value(octets));
        }
        let inside = children(octets, tlv.content(), tlv.end())
            .map(|child| Self::parse(child.unwrap().octets(octets)))
            .collect();
        Self::new(tlv.tag(), inside)
    }

    pub fn encode(&self) -> Vec<u8> {
        let content = match &self.inside {
            Inside::Octets(octets) => octets.clone(),
            Inside::Trees(trees) => trees.iter().map(Self::encode).collect::<Vec<_>>().concat(),
        };
        let length = content.len().to_be_bytes();
        let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
        let header = match content.len() {
            short @ 0..=0x7F => vec![self.tag, u8::try_from(short).unwrap()],
            _ => [&[self.tag, 0x80 | u8::try_from(length.len()).unwrap()], &*length].concat(),
        };
        [header, content].concat()
    }

    pub fn children(&self) -> &[Self] {
        match &self.inside {
            Inside::Trees(trees) => trees,
            Inside::Octets(_) => panic!("primitive"),
        }
    }

    pub fn children_mut(&mut self) -> &mut Vec<Self> {
        match &mut self.inside {
            Inside::Trees(trees) => trees,
            Inside::Octets(_) => panic!("primitive"),
        }
    }

    pub fn content(&self) -> &[u8] {
        match &self.inside {
            Inside::Octets(octets) => octets,
            Inside::Trees(_) => panic!("constructed"),
        }
    }

    pub fn content_mut(&mut self) -> &mut Vec<u8> {
        match &mut self.inside {
            Inside::Octets(octets) => octets,
            Inside::Trees(_) => panic!("constructed"),
        }
    }

    /// The element that positions lead to.
    pub fn at(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |tree, index| &mut tree.children_mut()[*index])
    }

    pub fn last(&mut self) -> &mut Self {
        self.children_mut().last_mut().unwrap()
    }

    /// The first child with this identifier.
    pub fn child(&mut self, tag: u8) -> &mut Self {
        self.children_mut().iter_mut().find(|child| child.tag == tag).unwrap()
    }

    /// Takes all children with this identifier out.
    pub fn remove(&mut self, tag: u8) {
        self.children_mut().retain(|child| child.tag != tag);
    }

    /// The signerInfos of a signed message.
    pub fn signers(&mut self) -> &mut Vec<Self> {
        self.at(&[1, 0]).last().children_mut()
    }

    pub fn signer(&mut self, index: usize) -> &mut Self {
        &mut self.signers()[index]
    }

    /// A signed message with its signers and their attributes in DER order.
    pub fn sorted(mut self) -> Self {
        for signer in self.signers() {
            for set in signer.children_mut().iter_mut().filter(|child| child.tag == 0xA0) {
                for attribute in set.children_mut() {
                    attribute.at(&[1]).children_mut().sort_by_key(Self::encode);
                }
                set.children_mut().sort_by_key(Self::encode);
            }
        }
        self.signers().sort_by_key(Self::encode);
        self
    }
}
