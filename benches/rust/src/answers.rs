//! What a reader found, in a form that every library's values convert to.

use aws_lc_rs::digest::{SHA256, digest};

/// Six fields of a message.
pub struct Fields {
    pub transaction_id: u128,
    pub sender_nonce: Vec<u8>,
    pub common_name: String,
    /// Octets of the requested key, without the octet that counts unused bits.
    pub key_octets: usize,
    /// The OBJECT IDENTIFIERs of the requested extensions, dotted.
    pub extensions: Vec<String>,
    pub pop: Pop,
}

/// The forms of a proof of possession.
#[derive(Clone, Copy)]
pub enum Pop {
    Pkcs10,
    Signature,
    Another,
}

impl Pop {
    const fn name(self) -> &'static str {
        match self {
            Self::Pkcs10 => "pkcs10",
            Self::Signature => "signature",
            Self::Another => "another",
        }
    }
}

/// SHA-256 over one line for each message: what `digest_of` of
/// `benches/peers/answers.py` computes from the same fields.
pub fn digest_of(found: impl IntoIterator<Item = Fields>) -> String {
    let mut lines = String::new();
    for fields in found {
        lines += &format!(
            "{},{},{},{},{},{}\n",
            fields.transaction_id,
            hex(&fields.sender_nonce),
            fields.common_name,
            fields.key_octets,
            fields.extensions.join(";"),
            fields.pop.name(),
        );
    }
    hex(digest(&SHA256, lines.as_bytes()).as_ref())
}

/// The number in the content octets of a non-negative INTEGER; `None` above 128 bits.
pub fn number(octets: &[u8]) -> Option<u128> {
    let shift = |number: u128, octet: &u8| number.checked_mul(256)?.checked_add((*octet).into());
    octets.iter().try_fold(0, shift)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
