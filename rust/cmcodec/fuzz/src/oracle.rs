//! V4 to V6 once more, and V10 for one key, on [`crate::tree`]: what the engine calls verified is
//! held against it.

use aws_lc_rs::digest::{self, Algorithm, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use crate::ring::public_key;
use crate::sign::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SHA512};
use crate::tree::{Tree, encode, parse};

/// Of SHA-1, SHA-256 and SHA-384, which vectors have.
const DIGESTS: [(&[u8], &Algorithm); 4] = [
    (b"\x2b\x0e\x03\x02\x1a", &digest::SHA1_FOR_LEGACY_USE_ONLY),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", &digest::SHA256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", &digest::SHA384),
    (ID_SHA512, &digest::SHA512),
];

/// What every signer of a message must have signed, as far as it can be told.
///
/// `by_ring`: for each SignerInfo, whether the key of [`crate::ring`] is said to have signed it.
/// Panics where a signer of this SignedData signed something else.
pub fn assert_signed(message: &[u8], by_ring: &[bool]) {
    let forest = parse(message);
    let signed = &forest[0].trees()[1].trees()[0];
    let content = &signed.trees()[2];
    let content_type = content.trees()[0].encode();
    let octets = content.trees()[1].trees()[0].content();
    let infos = signed.trees().last().expect("signerInfos").trees();
    assert_eq!(infos.len(), by_ring.len());
    for (info, by_ring) in infos.iter().zip(by_ring) {
        assert_info(info, &content_type, &octets, *by_ring);
    }
}

fn assert_info(info: &Tree, content_type: &[u8], octets: &[u8], by_ring: bool) {
    let fields = info.trees();
    assert_eq!(fields[3].tag(), 0xA0, "signedAttrs are there");
    let attributes = fields[3].trees();
    assert_eq!(only(attributes, ID_CONTENT_TYPE), content_type, "V5");
    let name = fields[2].trees()[0].content();
    if let Some((_, algorithm)) = DIGESTS.iter().find(|(oid, _)| *oid == name) {
        let expected = Tree::leaf(0x04, digest(algorithm, octets).as_ref()).encode();
        assert_eq!(only(attributes, ID_MESSAGE_DIGEST), expected, "V6");
    }
    if by_ring {
        let covered = Tree { identifier: vec![0x31], ..fields[3].clone() }.encode();
        let key = UnparsedPublicKey::new(&ED25519, public_key());
        key.verify(&covered, &fields[5].content()).expect("V10");
    }
}

/// The octets of the only value of the only attribute of this type.
fn only(attributes: &[Tree], number: &[u8]) -> Vec<u8> {
    let is_it = |tree: &&Tree| tree.trees()[0].content() == number;
    let found: Vec<&Tree> = attributes.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "V4");
    encode(found[0].trees()[1].trees())
}

/// The request in an unsigned message: where its key is that of [`crate::ring`], it signed it (R1).
pub fn assert_request(message: &[u8]) {
    let forest = parse(message);
    let content = &forest[0].trees()[1].trees()[0].trees()[2].trees()[1].trees()[0].trees()[0];
    let request = &content.trees()[1].trees()[0];
    let (covered, spki, signature) = match request.tag() {
        0xA0 => {
            let [info, _, signature] = request.trees()[1].trees() else { panic!("a PKCS#10") };
            (info, &info.trees()[2], signature)
        }
        _ => {
            let (covered, proof) = (&request.trees()[0], &request.trees()[1]);
            let fields = covered.trees()[1].trees();
            let spki = fields.iter().find(|field| field.tag() == 0xA6).expect("publicKey");
            (covered, spki, proof.trees().last().expect("signature"))
        }
    };
    let key = spki.trees()[1].content();
    if key.strip_prefix(&[0]) == Some(public_key()) {
        let signature = signature.content();
        let key = UnparsedPublicKey::new(&ED25519, public_key());
        key.verify(&covered.encode(), signature.get(1..).unwrap_or_default()).expect("R1");
    }
}
