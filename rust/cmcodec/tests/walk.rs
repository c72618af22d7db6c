//! The one walk over untrusted octets, on small types (rules P1 to P6, V1).

mod common;

use cmcodec::der::read_tlv;
use cmcodec::generated::limits::MAX_DEPTH;
use cmcodec::generated::oids::{ID_EXTENSION_REQUEST, SZ_OID_OS_VERSION};
use cmcodec::generated::schema::{
    ALGORITHM_IDENTIFIER, ATTRIBUTE, BASIC_CONSTRAINTS, BMP_STRING, CHANGE_SUBJECT_NAME,
    ENCAPSULATED_CONTENT_INFO, NAME, NODES, OPTIONAL_VALIDITY, PKI_DATA, RSASSAPSS_PARAMS,
    STATUS_INFO_OTHER,
};
use cmcodec::schema::walk::{validate, validate_element};
use cmcodec::schema::{Kind, Node};
use cmcodec::{Error, Members, Options, Reason, load};
use common::{Edit, Tree, oid, sample, vector};

/// Reason, offset and path.
type Refusal = Option<(Reason, usize, String)>;

fn told(error: Error) -> (Reason, usize, String) {
    (error.reason(), error.offset(), error.path())
}

fn refused(node: &'static Node, octets: &[u8], strict: bool) -> Refusal {
    validate(node, octets, Options { strict, ..Options::default() }).err().map(told)
}

fn of(reason: Reason, offset: usize, path: &str) -> Refusal {
    Some((reason, offset, path.to_owned()))
}

/// An attribute with these values.
fn attribute(number: Tree, values: &[u8]) -> Vec<u8> {
    Tree::new(0x30, vec![number, Tree::leaf(0x31, values)]).encode()
}

/// P1: what stands as deep as it may has nothing inside.
#[test]
fn p1_depth_of_fields() {
    let octets = Tree::new(0x30, vec![oid("1.2.3")]).encode();
    let tlv = read_tlv(&octets, 0, octets.len()).unwrap();
    let found = |depth| validate_element(&ALGORITHM_IDENTIFIER, &octets, tlv, depth).err();
    assert_eq!(found(MAX_DEPTH - 1), None);
    assert_eq!(found(MAX_DEPTH).map(told), of(Reason::Depth, 2, "algorithm"));
}

/// P3: each value of an attribute is of the type that the attribute's OBJECT IDENTIFIER stands for,
/// whatever one before it names.
#[test]
fn p3_each_value_of_an_attribute() {
    let extension = Tree::new(0x30, vec![oid("2.5.29.15"), Tree::leaf(0x04, b"")]);
    let good = Tree::new(0x30, vec![extension]).encode();
    let other = Tree::new(0x30, vec![Tree::leaf(0x02, &[1; 12])]).encode();
    let number = || Tree::leaf(0x06, ID_EXTENSION_REQUEST);
    let octets = attribute(number(), &[&good[..], &other].concat());
    let found = refused(&ATTRIBUTE, &octets, false);
    let place = octets.len() - 14;
    assert_eq!(found, of(Reason::BadTag, place, "attrValues[1][0]"));
    assert_eq!(refused(&ATTRIBUTE, &attribute(oid("1.2.3"), &other), false), None);
}

/// P1: the same of elements, of what stands in a tag of its own, and of messages.
#[test]
fn p1_depth_of_elements() {
    let found = |node, octets: &[u8], depth| {
        let tlv = read_tlv(octets, 0, octets.len()).unwrap();
        validate_element(node, octets, tlv, depth).err().map(told)
    };
    let name = Tree::new(0x30, vec![Tree::new(0x31, vec![])]).encode();
    assert_eq!(found(&NAME, &[0x30, 0], MAX_DEPTH), None);
    assert_eq!(found(&NAME, &name, MAX_DEPTH), of(Reason::Depth, 2, "rdnSequence[0]"));
    let content = Tree::new(0xA0, vec![Tree::leaf(0x04, b"")]);
    let content = Tree::new(0x30, vec![oid("1.2.3"), content]).encode();
    assert_eq!(found(&ENCAPSULATED_CONTENT_INFO, &content, MAX_DEPTH - 2), None);
    let deep = found(&ENCAPSULATED_CONTENT_INFO, &content, MAX_DEPTH - 1);
    assert_eq!(deep, of(Reason::Depth, 8, "eContent"));
    let empty = || Tree::new(0x30, vec![]);
    let messages = Tree::new(0x30, vec![empty()]);
    let content = Tree::new(0x30, vec![empty(), empty(), messages, empty()]).encode();
    let deep = found(&PKI_DATA, &content, MAX_DEPTH - 1);
    assert_eq!(deep, of(Reason::Depth, 8, "cmsSequence[0]"));
}

/// P3: an element that stands alone has the identifier of its type.
#[test]
fn p3_identifier_of_an_element() {
    let tlv = read_tlv(&[0x31, 0], 0, 2).unwrap();
    let found = validate_element(&ALGORITHM_IDENTIFIER, &[0x31, 0], tlv, 1);
    assert_eq!(found.err().map(told), of(Reason::BadTag, 0, ""));
}

/// P3: of some types one field must be there, although each is OPTIONAL.
#[test]
fn p3_at_least_one_field() {
    let time = Tree::new(0xA0, vec![Tree::leaf(0x17, b"260101000000Z")]);
    let validity = Tree::new(0x30, vec![time]).encode();
    assert_eq!(refused(&OPTIONAL_VALIDITY, &validity, true), None);
    assert_eq!(refused(&OPTIONAL_VALIDITY, &[0x30, 0], false), of(Reason::BadValue, 0, ""));
}

/// P3: an RDN has an attribute, at least.
#[test]
fn p3_at_least_one_element() {
    assert_eq!(refused(&NAME, &[0x30, 0], false), None);
    let found = refused(&NAME, &[0x30, 2, 0x31, 0], false);
    assert_eq!(found, of(Reason::BadValue, 2, "rdnSequence[0]"));
}

/// P3: the attributes of an RDN are in order.
#[test]
fn p3_order_of_elements() {
    let one = |number: &str| Tree::new(0x30, vec![oid(number), Tree::leaf(0x0C, b"x")]);
    let name = |first, second| {
        Tree::new(0x30, vec![Tree::new(0x31, vec![one(first), one(second)])]).encode()
    };
    assert_eq!(refused(&NAME, &name("2.5.4.3", "2.5.4.10"), false), None);
    let found = refused(&NAME, &name("2.5.4.10", "2.5.4.3"), false);
    assert_eq!(found, of(Reason::NotCanonical, 14, "rdnSequence[0][1]"));
}

/// P3: a DEFAULT value is not written out, unless clients in use do and the
/// walk is not strict.
#[test]
fn p3_default_values() {
    for (octets, expected) in [
        (&[0x30, 3, 1, 1, 0xFF][..], None),
        (&[0x30, 3, 1, 1, 0], of(Reason::NotCanonical, 2, "cA")),
    ] {
        assert_eq!(refused(&BASIC_CONSTRAINTS, octets, false), None);
        assert_eq!(refused(&BASIC_CONSTRAINTS, octets, true), expected);
    }
    for (salt, expected) in [(32, None), (20, of(Reason::NotCanonical, 2, "saltLength"))] {
        let octets = [0x30, 5, 0xA2, 3, 2, 1, salt];
        assert_eq!(refused(&RSASSAPSS_PARAMS, &octets, false), expected);
    }
}

/// P3: a form of old peers is none of the alternatives where the walk is strict.
#[test]
fn p3_legacy_alternatives() {
    let time = Tree::leaf(0x18, b"20270101000000Z");
    let token = || Tree::leaf(0x04, b"token");
    let published = Tree::new(0x30, vec![token(), time.clone()]).encode();
    assert_eq!(refused(&STATUS_INFO_OTHER, &published, true), None);
    let fail_info = [0x02, 1, 0];
    assert_eq!(refused(&STATUS_INFO_OTHER, &fail_info, true), None);
    let found = refused(&STATUS_INFO_OTHER, &[0x30, 2, 0x02, 0], true);
    assert_eq!(found, of(Reason::BadTag, 2, "pendInfo.pendToken"));
}

/// P3: what stands in a SET of unknown type is in order.
#[test]
fn p3_order_in_unknown_values() {
    let ordered = attribute(oid("1.2.3"), &[0x31, 6, 2, 1, 1, 2, 1, 2]);
    assert_eq!(refused(&ATTRIBUTE, &ordered, false), None);
    let octets = attribute(oid("1.2.3"), &[0x31, 6, 2, 1, 2, 2, 1, 1]);
    let last = octets.len() - 3;
    assert_eq!(
        refused(&ATTRIBUTE, &octets, false),
        of(Reason::NotCanonical, last, "attrValues[0]")
    );
}

/// P3: a value that does not fit the published type of its attribute is any
/// value, and DER.
#[test]
fn p3_values_that_need_not_fit() {
    let number = || Tree::leaf(0x06, SZ_OID_OS_VERSION);
    for (value, expected) in [
        (&[0x16, 1, b'6'][..], None),
        (&[0x02, 1, 6], None),
        (&[0x02, 2, 0, 6], Some(Reason::NotCanonical)),
    ] {
        let found = refused(&ATTRIBUTE, &attribute(number(), value), false);
        assert_eq!(found.map(|(reason, ..)| reason), expected, "{value:?}");
    }
}

/// P3: a BMPString is UTF-16, two octets a unit.
#[test]
fn p3_bmp_strings() {
    for (octets, good) in [
        (&[0x1E, 0][..], true),
        (&[0x1E, 2, 0, 0x41], true),
        (&[0x1E, 1, 0x41], false),
        (&[0x1E, 3, 0, 0x41, 0], false),
        (&[0x1E, 2, 0xD8, 0], false),
    ] {
        let expected = if good { None } else { of(Reason::BadValue, 0, "") };
        assert_eq!(refused(&BMP_STRING, octets, false), expected, "{octets:?}");
    }
}

/// P3: a field that is told by what it begins with is also told where it is empty,
/// if it may be.
#[test]
fn p3_an_empty_name_is_a_name() {
    assert_eq!(refused(&CHANGE_SUBJECT_NAME, &[0x30, 2, 0x30, 0], true), None);
    let found = refused(&CHANGE_SUBJECT_NAME, &[0x30, 2, 0x30, 1], true);
    assert_eq!(found, of(Reason::Truncated, 2, "subject"));
}

/// P6: a message has as many octets as the caller allows.
#[test]
fn p6_size_of_a_message() {
    let octets = sample().encode();
    let found = |max_size| load(&octets, Options { max_size, ..Options::default() }).err();
    assert_eq!(found(octets.len()), None);
    assert_eq!(found(octets.len() - 1).map(told), of(Reason::LimitP6, 0, ""));
}

/// P6: of members that can be refused alone, none is looked at beyond the first
/// that is too many: not even for its id.
#[test]
fn p6_a_million_members() {
    const MOST: u32 = 1_000_000;
    const FIRST: u32 = 0x01_0000;
    let mut members = Vec::new();
    for id in FIRST..FIRST + MOST {
        let [_, id @ ..] = id.to_be_bytes();
        members.extend([0x30, 5, 0x02, 3]);
        members.extend(id);
    }
    for (more, expected) in [(&[][..], None), (&[0x30, 0], Some(Reason::LimitP6))] {
        let octets = [&*members, more].concat();
        let mut content = Tree::new(0x30, vec![Tree::new(0x30, vec![]); 4]);
        *content.at(&[2]) = Tree::leaf(0x30, &octets);
        let mut tree = sample();
        *tree.at(&[1, 0, 2, 1, 0]).content_mut() = content.encode();
        let octets = tree.encode();
        let isolated = Options { members: Members::Isolated, ..Options::default() };
        let found = load(&octets, isolated).err();
        let at = |error: &Error| octets.get(error.offset()..error.offset() + 4).unwrap().to_vec();
        // Behind it stands otherMsgSequence.
        let place = found.as_ref().map(at);
        assert_eq!(place, expected.map(|_| vec![0x30, 0, 0x30, 0]));
        assert_eq!(found.map(|error| error.reason()), expected);
    }
}

/// V1, R-213 and R-214: a strict walk takes no version but the one that the content
/// calls for.
#[test]
fn v1_versions_of_a_strict_walk() {
    let mut certs_only = Tree::parse(&vector("bouncycastle/responses/certs-only-crl.der"));
    certs_only.at(&[1, 0]).remove(0xA1);
    let signed_by_key = Tree::parse(&vector("bouncycastle/signers/certificate-by-ski.der"));
    let other = |tag| Tree::new(tag, vec![oid("1.2.3"), Tree::leaf(0x05, b"")]);
    let with = |tag| {
        let mut tree = certs_only.clone();
        tree.at(&[1, 0]).child(0xA0).children_mut().push(other(tag));
        tree
    };
    let mut with_crl = certs_only.clone();
    with_crl.at(&[1, 0]).children_mut().insert(4, Tree::new(0xA1, vec![other(0xA1)]));
    let of_data: &[usize] = &[1, 0, 0];
    let of_signer: &[usize] = &[1, 0, 4, 0, 0];
    let signer_path = "content.signerInfos[0].version";
    for (tree, place, path, expected) in [
        (certs_only.clone(), of_data, "content.version", 1),
        (with(0xA1), of_data, "content.version", 3),
        (with(0xA2), of_data, "content.version", 4),
        (with(0xA3), of_data, "content.version", 5),
        (with_crl, of_data, "content.version", 5),
        (sample(), of_data, "content.version", 3),
        (sample(), of_signer, signer_path, 1),
        (signed_by_key, of_signer, signer_path, 3),
    ] {
        for version in 0..=5 {
            let mut tree = tree.clone();
            *tree.at(place).content_mut() = vec![version];
            let octets = tree.encode();
            assert_eq!(load(&octets, Options::default()).err(), None);
            let strict = load(&octets, Options { strict: true, ..Options::default() }).err();
            let found = strict.map(|error| (error.reason(), error.path()));
            let refusal = (Reason::VersionMismatch, path.to_owned());
            assert_eq!(found, (version != expected).then_some(refusal), "{path} {version}");
        }
    }
}

/// V1: a wrapped request is a SignedData, whatever the caller expects.
#[test]
fn v1_other_content_is_no_wrapped_request() {
    let wrapped = Options { wrapped: true, ..Options::default() };
    for (name, expected) in [
        ("field/win-pkcs7-renewal.der", true),
        ("bouncycastle/encrypted/enveloped-rsa.der", false),
        ("bouncycastle/signers/p256-sha256.der", false),
        ("bouncycastle/requests/pkcs10-p256.der", false),
    ] {
        assert_eq!(load(&vector(name), wrapped).unwrap().wrapped, expected, "{name}");
    }
}

/// P1, V1: what begins as a wrapped request is one to its end.
#[test]
fn v1_a_wrapped_request_is_read_to_its_end() {
    let mut tree = Tree::parse(&vector("field/win-pkcs7-renewal.der"));
    let content = tree.at(&[1, 0, 2, 1, 0]).content_mut();
    let mut request = Tree::parse(content);
    request.at(&[2]).tag = 0x04;
    *content = request.encode();
    let octets = tree.encode();
    assert!(load(&octets, Options::default()).is_ok());
    let error = load(&octets, Options { wrapped: true, ..Options::default() }).unwrap_err();
    let expected = "content.encapContentInfo.eContent.signature";
    assert_eq!((error.reason(), &*error.path()), (Reason::BadTag, expected));
}

/// An error says in words why, where, and in which field.
#[test]
fn errors_in_words() {
    let edits: [(Edit, &str); 2] =
        [(|it| it.at(&[1, 0, 0]).tag = 0x0A, " in content.version"), (|it| it.tag = 0x31, "")];
    for (edit, path) in edits {
        let mut tree = sample();
        edit(&mut tree);
        let error = load(&tree.encode(), Options::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("bad_tag at offset {}{path}", error.offset()));
    }
}

/// Whether reading this needs the OBJECT IDENTIFIER before it.
fn asks(node: &Node) -> bool {
    match &node.kind {
        Kind::Open(_) | Kind::Containing(_) => true,
        Kind::Alias(inner) => asks(inner),
        Kind::SequenceOf { element, .. } | Kind::SetOf { element, .. } => asks(element),
        Kind::Choice { fields } => fields.iter().any(|field| asks(field.node)),
        _ => false,
    }
}

/// Whether another one may have taken its place then.
fn replaces(node: &Node) -> bool {
    match &node.kind {
        Kind::Sequence { .. } => true,
        Kind::Alias(inner) => replaces(inner),
        Kind::SequenceOf { element, .. } | Kind::SetOf { element, .. } => replaces(element),
        Kind::Choice { fields } => fields.iter().any(|field| replaces(field.node)),
        _ => false,
    }
}

/// A walk keeps one OBJECT IDENTIFIER, and no SEQUENCE puts back what stood before it: no type may
/// call for that.
#[test]
fn what_asks_for_an_object_identifier_follows_it() {
    let mut asking = 0;
    for node in NODES {
        match &node.kind {
            Kind::Sequence { fields, .. } => {
                let mut stands = false;
                for field in *fields {
                    assert!(stands || !asks(field.node), "{} of {}", field.name, node.name);
                    asking += usize::from(asks(field.node));
                    match field.node.kind {
                        Kind::ObjectIdentifier => stands = field.is_required(),
                        _ => stands &= !replaces(field.node),
                    }
                }
            }
            _ => assert!(!(asks(node) && replaces(node)), "{}", node.name),
        }
    }
    assert!(asking > 10, "{asking}");
}
