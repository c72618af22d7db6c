//! The fixed keys: those of the vectors, of which one signs what is mangled.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use cmcodec::verify::report::fingerprint;
use cmcodec::{Config, KnownCertificates};

macro_rules! key_file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/vectors/shared/keys/", $name))
    };
}

/// The certificate of [`SIGNER`].
pub const CERTIFICATE: &[u8] = key_file!("ra-ed25519-cert.der");

/// The key that signs: Ed25519, so that a seed repeats its signatures.
pub static SIGNER: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(key_file!("ra-ed25519-key.p8"))
        .expect("a key of Ed25519")
});

/// The public key of [`SIGNER`].
pub fn public_key() -> &'static [u8] {
    SIGNER.public_key().as_ref()
}

/// What verdicts are asked for with: certificates of the vectors, one of them an RA's.
pub static CONFIG: LazyLock<Config> = LazyLock::new(|| Config {
    certificates: KnownCertificates::new(vec![
        CERTIFICATE.to_vec(),
        key_file!("ra-p256-cert.der").to_vec(),
        key_file!("ra-rsa2048-cert.der").to_vec(),
        key_file!("ca-cert.der").to_vec(),
    ]),
    authorised_ras: [fingerprint(CERTIFICATE), fingerprint(key_file!("ra-p256-cert.der"))].into(),
    threads: 1,
    ..Config::default()
});
