//! X.509 certificates (RFC 5280), as far as a signature needs them.

use crate::der::{Elements, Tlv, read_tlv};
use crate::generated::oids::{ID_CE_EXT_KEY_USAGE, ID_CE_SUBJECT_KEY_IDENTIFIER};

/// Certificate (RFC 5280 §4.1):
///
/// ```text
/// Certificate ::= SEQUENCE {
///    tbsCertificate      TBSCertificate,
///    signatureAlgorithm  AlgorithmIdentifier,
///    signatureValue      BIT STRING }
///
/// TBSCertificate ::= SEQUENCE {
///    version               [0] EXPLICIT Version DEFAULT v1,
///    serialNumber          CertificateSerialNumber,
///    signature             AlgorithmIdentifier,
///    issuer                Name,
///    validity              Validity,
///    subject               Name,
///    subjectPublicKeyInfo  SubjectPublicKeyInfo,
///    issuerUniqueID        [1] IMPLICIT UniqueIdentifier OPTIONAL,
///    subjectUniqueID       [2] IMPLICIT UniqueIdentifier OPTIONAL,
///    extensions            [3] EXPLICIT Extensions OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Certificate {
    /// `tbsCertificate.serialNumber`.
    pub serial_number: Tlv,
    /// `tbsCertificate.issuer`.
    pub issuer: Tlv,
    /// `tbsCertificate.subjectPublicKeyInfo`.
    pub subject_public_key_info: Tlv,
    /// The SEQUENCE inside `tbsCertificate.extensions`.
    pub extensions: Option<Tlv>,
}

impl Certificate {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut tbs = Elements::of(data, Elements::of(data, tlv).take_if(0x30)?);
        tbs.take_if(0xA0);
        let serial_number = tbs.take_if(0x02)?;
        tbs.take_if(0x30)?;
        let issuer = tbs.take_if(0x30)?;
        tbs.take_if(0x30)?;
        tbs.take_if(0x30)?;
        let subject_public_key_info = tbs.take_if(0x30)?;
        tbs.take_if(0x81);
        tbs.take_if(0x82);
        let extensions = match tbs.take_if(0xA3) {
            Some(outer) => Some(Elements::of(data, outer).only(0x30)?),
            None => None,
        };
        Some(Self { serial_number, issuer, subject_public_key_info, extensions })
    }

    /// Reads a certificate that validated `octets` consist of.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        Self::read(octets, Elements::all(octets).only(0x30)?)
    }

    /// Whether the content of an IssuerAndSerialNumber (RFC 5652
    /// §10.2.4) names this certificate, octet for octet.
    pub fn has_issuer_and_serial(&self, data: &[u8], issuer_and_serial: &[u8]) -> bool {
        issuer_and_serial
            .strip_prefix(self.issuer.octets(data))
            .is_some_and(|serial| serial == self.serial_number.octets(data))
    }

    /// `tbsCertificate.validity` and `subject`, which no signature of a message
    /// needs.
    pub fn validity_and_subject(&self, data: &[u8]) -> Option<(Tlv, Tlv)> {
        let end = self.subject_public_key_info.start();
        let validity = read_tlv(data, self.issuer.end(), end).ok()?;
        Some((validity, read_tlv(data, validity.end(), end).ok()?))
    }

    /// The subject key identifier.
    pub fn key_identifier<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        subject_key_identifier(data, self.extensions?)
    }

    /// The value of the last extKeyUsage (RFC 5280 §4.2.1.12), which was not validated.
    pub fn extended_key_usage<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let (_, value) = Elements::of(data, self.extensions?)
            .filter_map(|tlv| extension(data, tlv))
            .filter(|(id, _)| id.value(data) == ID_CE_EXT_KEY_USAGE)
            .last()?;
        Some(value.value(data))
    }
}

/// Extension (RFC 5280 §4.1):
///
/// ```text
/// Extension ::= SEQUENCE {
///    extnID     OBJECT IDENTIFIER,
///    critical   BOOLEAN DEFAULT FALSE,
///    extnValue  OCTET STRING }
/// ```
///
/// Returns extnID and extnValue.
fn extension(data: &[u8], tlv: Tlv) -> Option<(Tlv, Tlv)> {
    let mut fields = Elements::of(data, tlv);
    let id = fields.take_if(0x06)?;
    fields.take_if(0x01);
    let value = fields.take_if(0x04)?;
    Some((id, value))
}

/// The value of the first subjectKeyIdentifier (RFC 5280 §4.2.1.2)
/// among Extensions: an OCTET STRING inside extnValue, nothing after it.
pub(super) fn subject_key_identifier(data: &[u8], extensions: Tlv) -> Option<&[u8]> {
    let (_, value) = Elements::of(data, extensions)
        .filter_map(|tlv| extension(data, tlv))
        .find(|(id, _)| id.value(data) == ID_CE_SUBJECT_KEY_IDENTIFIER)?;
    Elements::of(data, value).only(0x04).map(|identifier| identifier.value(data))
}
