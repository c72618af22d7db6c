//! The certificates that the caller knows, found by signer identifier (V8).

use std::collections::HashMap;

use crate::generated::schema::CERTIFICATE;
use crate::schema::walk::{Options, validate};
use crate::view::SignerIdentifier;
use crate::view::certificate::Certificate;

/// Certificates to look for signers in after those of the message itself.
/// Octets that are no certificate are kept and never found.
#[derive(Clone, Debug, Default)]
pub struct KnownCertificates {
    octets: Vec<Vec<u8>>,
    by_issuer_and_serial: HashMap<Box<[u8]>, Vec<usize>>,
    by_key_identifier: HashMap<Box<[u8]>, Vec<usize>>,
}

impl KnownCertificates {
    /// Takes certificates, one whole DER encoding each.
    pub fn new(octets: Vec<Vec<u8>>) -> Self {
        let mut by_issuer_and_serial: HashMap<Box<[u8]>, Vec<usize>> = HashMap::new();
        let mut by_key_identifier: HashMap<Box<[u8]>, Vec<usize>> = HashMap::new();
        for (index, data) in octets.iter().enumerate() {
            let is_one = validate(&CERTIFICATE, data, Options::default()).is_ok();
            let Some(certificate) = Certificate::parse(data).filter(|_| is_one) else { continue };
            let issuer = certificate.issuer.octets(data);
            let name = [issuer, certificate.serial_number.octets(data)].concat();
            by_issuer_and_serial.entry(name.into()).or_default().push(index);
            if let Some(identifier) = certificate.key_identifier(data) {
                by_key_identifier.entry(identifier.into()).or_default().push(index);
            }
        }
        Self { octets, by_issuer_and_serial, by_key_identifier }
    }

    /// The octets of certificate number `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.octets.get(index).map(Vec::as_slice)
    }

    /// The certificates that `sid` names, in the order given.
    pub(super) fn find(&self, sid: SignerIdentifier<'_>) -> &[usize] {
        let found = match sid {
            SignerIdentifier::IssuerAndSerialNumber(name) => self.by_issuer_and_serial.get(name),
            SignerIdentifier::SubjectKeyIdentifier(identifier) => {
                self.by_key_identifier.get(identifier)
            }
        };
        found.map_or(&[], Vec::as_slice)
    }
}
