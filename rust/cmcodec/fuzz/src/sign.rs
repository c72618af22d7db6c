//! Signs what was mangled, from the inside out: else all search ends at a digest (V6).

use aws_lc_rs::digest::{SHA512, digest};

use crate::random::Random;
use crate::ring::{CERTIFICATE, SIGNER, public_key};
use crate::tree::{Inside, Tree, encode, parse};

/// 1.2.840.113549.1.7.2
pub const ID_SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.9.3
pub const ID_CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
/// 1.2.840.113549.1.9.4
pub const ID_MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
/// 2.16.840.1.101.3.4.2.3
pub const ID_SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
/// 1.3.101.112
const ID_ED25519: &[u8] = b"\x2b\x65\x70";

/// Signs every request and message in it, each step left out now and then, so that each check
/// meets what only it refuses.
pub fn sign_all(trees: &mut [Tree], random: &mut Random) {
    for tree in trees {
        sign_all(tree.trees_mut(), random);
        if is_pkcs10(tree) {
            sign_pkcs10(tree, random);
        } else if is_crmf(tree) {
            sign_crmf(tree, random);
        } else if let Some(signed) = signed_data(tree) {
            sign_message(signed, random);
        }
    }
}

fn tags(tree: &Tree) -> Vec<u8> {
    tree.trees().iter().map(Tree::tag).collect()
}

fn often(random: &mut Random) -> bool {
    !random.one_in(12)
}

fn algorithm(oid: &[u8]) -> Tree {
    Tree::new(0x30, vec![Tree::leaf(0x06, oid)])
}

fn signature(octets: &[u8]) -> Vec<u8> {
    SIGNER.sign(octets).as_ref().to_vec()
}

fn bit_string(octets: &[u8]) -> Tree {
    Tree::leaf(0x03, &[&[0], octets].concat())
}

fn spki(tag: u8) -> Tree {
    Tree::new(tag, vec![algorithm(ID_ED25519), bit_string(public_key())])
}

/// CertificationRequest: a CertificationRequestInfo, an algorithm, a BIT STRING.
fn is_pkcs10(tree: &Tree) -> bool {
    tree.tag() == 0x30
        && tags(tree) == [0x30, 0x30, 0x03]
        && tags(&tree.trees()[0]).starts_with(&[0x02, 0x30, 0x30])
}

fn sign_pkcs10(tree: &mut Tree, random: &mut Random) {
    let [info, name, value] = tree.trees_mut() else { return };
    if often(random) {
        info.trees_mut()[2] = spki(0x30);
    }
    if often(random) {
        *name = algorithm(ID_ED25519);
    }
    *value = bit_string(&signature(&info.encode()));
}

/// CertReqMsg: a CertRequest, and a POPOSigningKey \[1].
fn is_crmf(tree: &Tree) -> bool {
    tags(tree).starts_with(&[0x30, 0xA1]) && tags(&tree.trees()[0]).starts_with(&[0x02, 0x30])
}

fn sign_crmf(tree: &mut Tree, random: &mut Random) {
    let [request, proof, ..] = tree.trees_mut() else { return };
    if often(random) {
        let template = &mut request.trees_mut()[1];
        for field in template.trees_mut().iter_mut().filter(|field| field.tag() == 0xA6) {
            *field = spki(0xA6);
        }
    }
    let value = bit_string(&signature(&request.encode()));
    if let [.., name, last] = proof.trees_mut() {
        if often(random) {
            *name = algorithm(ID_ED25519);
        }
        *last = value;
    }
}

/// The SignedData in a ContentInfo.
fn signed_data(tree: &mut Tree) -> Option<&mut Tree> {
    match tree.trees_mut() {
        [id, content] if id.content() == ID_SIGNED_DATA && content.tag() == 0xA0 => {
            content.trees_mut().first_mut()
        }
        _ => None,
    }
}

fn sign_message(signed: &mut Tree, random: &mut Random) {
    let Some(content) = signed.trees().iter().find(|tree| tree.tag() == 0x30) else { return };
    let content_type = content.trees().first().map(Tree::encode).unwrap_or_default();
    let octets = content.trees().get(1).and_then(|explicit| explicit.trees().first());
    let octets = octets.map(Tree::content).unwrap_or_default();
    if often(random)
        && let Some(Tree { inside: Inside::Trees(listed), .. }) = signed.trees_mut().get_mut(1)
        && !listed.contains(&algorithm(ID_SHA512))
    {
        listed.push(algorithm(ID_SHA512));
        listed.sort_by_cached_key(Tree::encode);
    }
    let Some(infos) = signed.trees_mut().last_mut() else { return };
    for info in infos.trees_mut() {
        sign_info(info, &content_type, &octets, random);
    }
    infos.trees_mut().sort_by_cached_key(Tree::encode);
}

fn sign_info(info: &mut Tree, content_type: &[u8], octets: &[u8], random: &mut Random) {
    let [_, sid, digests, rest @ ..] = info.trees_mut() else { return };
    if often(random) {
        let parsed = parse(CERTIFICATE);
        let fields = parsed[0].trees()[0].trees();
        *sid = Tree::new(0x30, vec![fields[3].clone(), fields[1].clone()]);
    }
    if often(random) {
        *digests = algorithm(ID_SHA512);
    }
    let mut covered = octets.to_vec();
    if let Some(attributes) = rest.iter_mut().find(|tree| tree.tag() == 0xA0) {
        let digest = digest(&SHA512, octets);
        let digest = Tree::leaf(0x04, digest.as_ref()).encode();
        for (number, value) in [(ID_CONTENT_TYPE, content_type), (ID_MESSAGE_DIGEST, &digest)] {
            if often(random) {
                set_attribute(attributes, number, value);
            }
        }
        if often(random) {
            attributes.trees_mut().sort_by_cached_key(Tree::encode);
        }
        covered = Tree { identifier: vec![0x31], ..attributes.clone() }.encode();
    }
    let signature = signature(&covered);
    // What follows are the signature algorithm, the signature and attributes without a signature.
    let mut after = rest.iter_mut().skip_while(|tree| tree.tag() == 0xA0);
    if let (Some(name), Some(value)) = (after.next(), after.next()) {
        if often(random) {
            *name = algorithm(ID_ED25519);
        }
        *value = Tree::leaf(0x04, &signature);
    }
}

/// Gives the first attribute of this type this only value.
fn set_attribute(attributes: &mut Tree, number: &[u8], value: &[u8]) {
    let is_it = |tree: &&mut Tree| tree.trees().first().is_some_and(|id| id.content() == number);
    if let Some(attribute) = attributes.trees_mut().iter_mut().find(is_it) {
        let known = attribute.trees().get(1).map(|values| encode(values.trees()));
        if known.as_deref() != Some(value) {
            *attribute =
                Tree::new(0x30, vec![Tree::leaf(0x06, number), Tree::new(0x31, parse(value))]);
        }
    }
}

/// A message with this eContentType and content, which [`SIGNER`] signed where `is_signed`.
pub fn message(content_type: &[u8], content: Vec<Tree>, is_signed: bool) -> Vec<u8> {
    let attribute = |number| {
        let value = Tree::leaf(0x05, b"");
        Tree::new(0x30, vec![Tree::leaf(0x06, number), Tree::new(0x31, vec![value])])
    };
    let empty = || Tree::new(0x30, Vec::new());
    let info = Tree::new(
        0x30,
        vec![
            Tree::leaf(0x02, b"\x01"),
            empty(),
            empty(),
            Tree::new(0xA0, vec![attribute(ID_CONTENT_TYPE), attribute(ID_MESSAGE_DIGEST)]),
            empty(),
            Tree::leaf(0x04, b""),
        ],
    );
    let octets = Tree::new(0xA0, vec![Tree::new(0x04, content)]);
    let signed = Tree::new(
        0x30,
        vec![
            Tree::leaf(0x02, b"\x03"),
            Tree::new(0x31, Vec::new()),
            Tree::new(0x30, vec![Tree::leaf(0x06, content_type), octets]),
            Tree::new(0x31, if is_signed { vec![info] } else { Vec::new() }),
        ],
    );
    let content = Tree::new(0xA0, vec![signed]);
    let mut whole = Tree::new(0x30, vec![Tree::leaf(0x06, ID_SIGNED_DATA), content]);
    if let (true, Some(signed)) = (is_signed, signed_data(&mut whole)) {
        sign_message(signed, &mut Random::none());
    }
    whole.encode()
}
