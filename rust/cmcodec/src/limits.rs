//! Every bound on untrusted input, named, with its reason (RULES P1–P8).

/// Deepest nesting of TLVs within one message layer (P1). Real messages stay
/// below 20; a stack frame of the walk is some hundred octets.
pub const MAX_DEPTH: usize = 32;

/// PKI messages inside PKI messages by default (P6): EE in RA in RA is 3.
pub const DEFAULT_MESSAGE_LAYERS: usize = 8;

/// What [`DEFAULT_MESSAGE_LAYERS`] may be raised to (P6): bounds the stack of
/// the walk to `MAX_MESSAGE_LAYERS` × `MAX_DEPTH` frames.
pub const MAX_MESSAGE_LAYERS: usize = 32;

/// Octets in a message by default (P6).
pub const DEFAULT_MESSAGE_SIZE: usize = 512 * 1024 * 1024;

/// What [`DEFAULT_MESSAGE_SIZE`] may be raised to: offsets have 32 bits.
pub const MAX_MESSAGE_SIZE: usize = 0xFFFF_FFFF;

/// Elements of one PKIData or PKIResponse (P6).
pub const MAX_BODY_PARTS: usize = 1_000_000;

/// Octets of the content of an OBJECT IDENTIFIER (P5): longer ones cost
/// quadratic time to print and name nothing.
pub const MAX_OID_OCTETS: usize = 128;

/// Octets of one OBJECT IDENTIFIER arc: 19 × 7 bits hold every arc below
/// 2^128 (P5); the first octet may then carry five bits of payload at most.
pub const MAX_ARC_OCTETS: usize = 19;

/// Octets of the content of an INTEGER (P5): 16,384 bits.
pub const MAX_INTEGER_OCTETS: usize = 2048;

/// SignerInfos of one SignedData (V2).
pub const MAX_SIGNERS: usize = 64;

/// Candidate keys tried for one SignerInfo (V8, V15).
pub const MAX_KEY_CANDIDATES: usize = 4;
