//! PKCS#10 (RFC 2986), as CMC uses it (RFC 10002 section 3.1 and 3.2.1.2.1).

use super::certificate::subject_key_identifier;
use super::{AlgorithmIdentifier, Elements, cms};
use crate::der::Tlv;

/// id-ExtensionReq, 1.2.840.113549.1.9.14 (RFC 2985 section 5.4.2)
const ID_EXTENSION_REQ: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E];

/// Microsoft's older number for the same attribute, 1.3.6.1.4.1.311.2.1.14
const MS_CERT_EXTENSIONS: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0E];

/// CertificationRequest (RFC 2986 section 4):
///
/// ```text
/// CertificationRequest ::= SEQUENCE {
///    certificationRequestInfo  CertificationRequestInfo,
///    signatureAlgorithm        AlgorithmIdentifier,
///    signature                 BIT STRING }
///
/// CertificationRequestInfo ::= SEQUENCE {
///    version               INTEGER,
///    subject               Name,
///    subjectPublicKeyInfo  SubjectPublicKeyInfo,
///    attributes            [0] IMPLICIT SET OF Attribute }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CertificationRequest {
    /// `certificationRequestInfo`.
    pub certification_request_info: Tlv,
    /// `certificationRequestInfo.subjectPublicKeyInfo`.
    pub subject_public_key_info: Tlv,
    /// `certificationRequestInfo.attributes`, which old peers leave out.
    pub attributes: Option<Tlv>,
    /// `signatureAlgorithm`.
    pub signature_algorithm: AlgorithmIdentifier,
    /// `signature`.
    pub signature: Tlv,
}

impl CertificationRequest {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let certification_request_info = fields.take_if(0x30)?;
        let mut info = Elements::of(data, certification_request_info);
        info.take_if(0x02)?;
        info.next()?; // subject, which may be an empty name in an old form
        Some(Self {
            certification_request_info,
            subject_public_key_info: info.take_if(0x30)?,
            attributes: info.take_if(0xA0),
            signature_algorithm: AlgorithmIdentifier::read(data, fields.take_if(0x30)?)?,
            signature: fields.take_if(0x03)?,
        })
    }

    /// The subject key identifiers in all values of extensionRequest
    /// attributes.
    pub fn key_identifiers<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.attributes
            .map(|attributes| cms::attributes(data, attributes))
            .into_iter()
            .flatten()
            .filter(|it| [ID_EXTENSION_REQ, MS_CERT_EXTENSIONS].contains(&it.attr_type.value(data)))
            .flat_map(|attribute| Elements::of(data, attribute.attr_values))
            .filter_map(|extensions| subject_key_identifier(data, extensions))
    }
}
