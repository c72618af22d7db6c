//! Jobs of signatures that aws-lc makes.

use aws_lc_rs::digest::{Algorithm, SHA512, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair};
use cmcodec_lanes::{ecdsa, ed25519};

/// By a new key on a curve.
pub fn ecdsa_job<const OCTETS: usize>(
    signs: &'static EcdsaSigningAlgorithm,
    hash: &'static Algorithm,
    message: &[u8],
) -> ecdsa::Job<OCTETS> {
    let key = EcdsaKeyPair::generate(signs).unwrap();
    let signature = key.sign(&SystemRandom::new(), message).unwrap();
    let (point, digest) = (key.public_key().as_ref(), digest(hash, message));
    let part = |of: &[u8], i: usize| of[OCTETS * i..][..OCTETS].try_into().unwrap();
    ecdsa::Job {
        x: part(&point[1..], 0),
        y: part(&point[1..], 1),
        r: part(signature.as_ref(), 0),
        s: part(signature.as_ref(), 1),
        digest: digest.as_ref().try_into().unwrap(),
    }
}

/// By a new key of Ed25519.
pub fn ed25519_job(message: &[u8]) -> ed25519::Job {
    signed_by(&Ed25519KeyPair::generate().unwrap(), message)
}

/// By this key.
pub fn signed_by(pair: &Ed25519KeyPair, message: &[u8]) -> ed25519::Job {
    let key = pair.public_key().as_ref().try_into().unwrap();
    let signature = pair.sign(message).as_ref().try_into().unwrap();
    ed25519::Job { key, signature, hash: ed25519_hash(&key, &signature, message) }
}

/// The base point as R and 1 as s: good where nothing is added to the base point.
pub fn of_base_point() -> [u8; 64] {
    let mut signature = [0x66; 64];
    signature[0] = 0x58;
    signature[32..].fill(0);
    signature[32] = 1;
    signature
}

/// A key with a small y, and an even x if there is any.
pub fn small_key(y: u8) -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = y;
    key
}

/// What R, the key and a message hash to.
pub fn ed25519_hash(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> [u8; 64] {
    let hashed = digest(&SHA512, &[&signature[..32], key, message].concat());
    hashed.as_ref().try_into().unwrap()
}
