//! The rows of the tables of algorithms ([`crate::generated`]).

use crate::generated::algorithms::{Curve, DigestAlgorithm, KeyAlgorithm, Parameters, Scheme};

/// What is known of a hash function.
#[derive(Clone, Copy, Debug)]
pub struct DigestRow {
    /// Which one it is.
    pub kind: DigestAlgorithm,
    /// Content octets of the OBJECT IDENTIFIER.
    pub oid: &'static [u8],
    /// Whether it needs the leave of the caller (rule V10a).
    pub legacy: bool,
}

/// A signature algorithm.
#[derive(Clone, Copy, Debug)]
pub struct SignatureRow {
    /// Content octets of the OBJECT IDENTIFIER.
    pub oid: &'static [u8],
    /// Its scheme.
    pub scheme: Scheme,
    /// The parameters that it has.
    pub parameters: Parameters,
    /// The hash functions that go with it as digestAlgorithm, its own first; empty where the
    /// identifier does not tell.
    pub digests: &'static [DigestAlgorithm],
}

/// What is known of a type of public key.
#[derive(Clone, Copy, Debug)]
pub struct KeyRow {
    /// Which one it is.
    pub kind: KeyAlgorithm,
    /// Content octets of the OBJECT IDENTIFIER.
    pub oid: &'static [u8],
    /// The schemes that it serves.
    pub schemes: &'static [Scheme],
    /// Octets of a key, where they are fixed.
    pub key_octets: usize,
    /// Octets of a signature, where they are fixed.
    pub signature_octets: usize,
    /// What a verification costs, in those by RSA keys of 2048 bits; 0 where it depends on the key
    /// (rule V15).
    pub work: usize,
}

/// What is known of a curve.
#[derive(Clone, Copy, Debug)]
pub struct CurveRow {
    /// Which one it is.
    pub kind: Curve,
    /// Content octets of the OBJECT IDENTIFIER.
    pub oid: &'static [u8],
    /// Octets of a coordinate.
    pub coordinate: usize,
    /// What a verification costs, as in [`KeyRow`].
    pub work: usize,
}
