//! Where the named elements of a message stand, and which message it is.

mod common;

use cmcodec::der::{children, read_tlv};
use cmcodec::generated::oids::ID_DATA;
use cmcodec::generated::schema::{
    ATTRIBUTE, CERTIFICATION_REQUEST, CONTENT_INFO, NODES, PKI_DATA, PKI_RESPONSE,
};
use cmcodec::message_kind::{member, message_kind};
use cmcodec::schema::Node;
use cmcodec::schema::locate::locate;
use cmcodec::{MessageKind, Options, Segment, load};
use common::{Tree, oid, outer, parts, sample, vector, vectors};

/// The steps of a path as errors spell it.
fn steps(path: &str) -> Vec<Segment<'_>> {
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.map(|it| it.parse().map_or(Segment::Field(it), Segment::Index)).collect()
}

fn found(node: &'static Node, octets: &[u8], path: &str) -> Option<Vec<u8>> {
    let place = locate(node, octets, 0, octets.len(), &steps(path))?;
    Some(place.octets(octets).to_vec())
}

/// A path leads through fields, alternatives, elements, open types, octet strings
/// and what others have signed.
#[test]
fn a_path_leads_to_an_element() {
    let mut tree = sample();
    let octets = tree.encode();
    let mut content = Tree::parse(tree.at(&[1, 0, 2, 1, 0]).content());
    let e_content = "content.encapContentInfo.eContent";
    for (path, expected) in [
        (String::new(), octets.clone()),
        ("contentType".into(), tree.at(&[0]).encode()),
        ("content".into(), tree.at(&[1, 0]).encode()),
        ("content.encapContentInfo".into(), tree.at(&[1, 0, 2]).encode()),
        (e_content.into(), tree.at(&[1, 0, 2, 1, 0]).encode()),
        (format!("{e_content}.reqSequence[0].tcr"), content.at(&[1, 0]).encode()),
        (
            format!("{e_content}.reqSequence[0].tcr.certificationRequest.signature"),
            content.at(&[1, 0, 1, 2]).encode(),
        ),
        ("content.certificates[0]".into(), tree.at(&[1, 0, 3, 0]).encode()),
        (
            "content.certificates[0].certificate.tbsCertificate.serialNumber".into(),
            tree.at(&[1, 0, 3, 0, 0, 1]).encode(),
        ),
        (
            "content.signerInfos[0].sid.issuerAndSerialNumber.serialNumber".into(),
            tree.at(&[1, 0, 4, 0, 1, 1]).encode(),
        ),
        (
            "content.signerInfos[0].signedAttrs[0].attrValues[0]".into(),
            tree.at(&[1, 0, 4, 0, 3, 0, 1, 0]).encode(),
        ),
    ] {
        assert_eq!(found(&CONTENT_INFO, &octets, &path), Some(expected), "{path}");
    }
}

#[test]
fn a_path_that_leads_nowhere() {
    let octets = sample().encode();
    for path in [
        "nothing",
        "content.crls",
        "content.nothing",
        "content[0]",
        "contentType.nothing",
        "content.certificates.certificate",
        "content.certificates[9]",
        "content.certificates[0].other",
        "content.signerInfos[0].sid.subjectKeyIdentifier",
        "content.encapContentInfo.eContent.reqSequence[0].crm",
        "content.encapContentInfo.eContent.reqSequence[1]",
        "content.encapContentInfo.eContentType[0]",
    ] {
        assert_eq!(found(&CONTENT_INFO, &octets, path), None, "{path}");
    }
    assert_eq!(found(&CONTENT_INFO, &[], ""), None);
    // What nobody knows the type of has no names inside.
    let unknown =
        Tree::new(0x30, vec![oid("1.2.3"), Tree::new(0x31, vec![Tree::new(0x30, vec![])])]);
    assert!(found(&ATTRIBUTE, &unknown.encode(), "attrValues[0]").is_some());
    assert_eq!(found(&ATTRIBUTE, &unknown.encode(), "attrValues[0].version"), None);
}

/// Where errors of the walk are, their paths lead, or end in what is not there.
#[test]
fn errors_are_where_their_paths_lead() {
    let octets = vector("bouncycastle/requests/four-requests.der");
    let mut led = 0;
    for at in 0..octets.len() {
        let mut changed = octets.clone();
        changed.get_mut(at).into_iter().for_each(|octet| *octet ^= 0x20);
        let Err(error) = load(&changed, Options { strict: true, ..Options::default() }) else {
            continue;
        };
        let path = error.path();
        let Some(place) = locate(&CONTENT_INFO, &changed, 0, changed.len(), &steps(&path)) else {
            continue;
        };
        let range = place.start()..=place.end();
        assert!(range.contains(&error.offset()), "octet {at}: {error}");
        led += 1;
    }
    assert!(led > 100, "{led}");
}

/// A type that a value need not fit stands for the published one.
#[test]
fn published_types() {
    let alone = NODES.iter().filter(|node| std::ptr::eq(node.published(), **node)).count();
    let tolerant = NODES.iter().filter(|node| node.name.starts_with("tolerant_")).count();
    assert!(tolerant > 10);
    assert_eq!(alone + tolerant, NODES.len());
    for node in NODES.iter().filter(|node| node.name.starts_with("tolerant_")) {
        assert_eq!(node.published().name, node.name.trim_start_matches("tolerant_"));
    }
}

/// The kind of a message is that of its row, and its content stands where the
/// kind says.
#[test]
fn kinds_are_those_of_rows() {
    let mut seen = Vec::new();
    for line in vectors("bouncycastle/MANIFEST.tsv") {
        let name = line.first().unwrap();
        let octets = vector(&format!("bouncycastle/{name}"));
        let row = outer(&octets);
        let Ok(loaded) = load(&octets, Options::default()) else { continue };
        let described = message_kind(loaded.root, &loaded.der, 0, loaded.der.len(), false);
        assert_eq!(described.kind, row.finding.kind, "{name}");
        let expected = match described.kind {
            MessageKind::FullRequest => Some(&PKI_DATA),
            MessageKind::FullResponse => Some(&PKI_RESPONSE),
            MessageKind::SimpleRequest => Some(&CERTIFICATION_REQUEST),
            _ => None,
        };
        let node = described.content.map(|(node, _)| node);
        assert_eq!(node.map(|it| it.name), expected.map(|it| it.name), "{name}");
        if !seen.contains(&described.kind) {
            seen.push(described.kind);
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    let mut other = Tree::parse(&vector("bouncycastle/encrypted/authenticated-pwri.der"));
    let content = other.at(&[1, 0]).children_mut().iter_mut();
    content.filter(|it| it.tag == 0x30).last().unwrap().children_mut()[0] =
        Tree::leaf(0x06, ID_DATA);
    let octets = other.encode();
    let described = message_kind(&CONTENT_INFO, &octets, 0, octets.len(), false);
    assert_eq!(described.kind, outer(&octets).finding.kind);
    assert!(described.content.is_none());
    let (root, nothing) = (&CONTENT_INFO, &[0x30, 9]);
    assert_eq!(message_kind(root, nothing, 0, 2, false).kind, MessageKind::Other);
}

/// V1: a wrapped request is one where it was loaded as such.
#[test]
fn v1_wrapped_requests_are_told() {
    let octets = vector("field/win-pkcs7-renewal.der");
    let kind = |wrapped| message_kind(&CONTENT_INFO, &octets, 0, octets.len(), wrapped);
    assert_eq!(kind(false).kind, MessageKind::Other);
    assert!(kind(false).content.is_none());
    assert_eq!(kind(true).kind, MessageKind::WrappedRequest);
    let (node, tlv) = kind(true).content.unwrap();
    assert_eq!(node.name, "CertificationRequest");
    let (signed, _) = parts(&octets);
    let content = signed.encap_content_info.e_content.unwrap();
    assert_eq!(tlv.octets(&octets), content.value(&octets));
    // What others hold is no wrapped request.
    let octets = sample().encode();
    let described = message_kind(&CONTENT_INFO, &octets, 0, octets.len(), true);
    assert_eq!(described.kind, MessageKind::FullRequest);
}

/// A member of a cmsSequence by where it starts.
#[test]
fn a_member_has_an_id_and_a_message() {
    let data = Tree::new(0x30, vec![Tree::leaf(0x06, ID_DATA)]);
    let octets = Tree::new(0x30, vec![Tree::leaf(0x02, &[7]), data.clone()]).encode();
    let found = member(&octets, 0, octets.len()).unwrap();
    assert_eq!(found.body_part_id, 7);
    assert_eq!(found.content_info.octets(&octets), data.encode());
    assert_eq!(member(&octets, 0, octets.len() - 1).map(|it| it.body_part_id), None);
    let root = read_tlv(&octets, 0, octets.len()).unwrap();
    assert_eq!(children(&octets, root.content(), root.end()).count(), 2);
}
