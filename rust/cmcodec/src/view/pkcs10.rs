//! PKCS#10 (RFC 2986), as CMC uses it (RFC 10002 §3.1 and §3.2.1.2.1).

use super::certificate::subject_key_identifier;
use super::elements::{AlgorithmIdentifier, Elements, attributes};
use crate::der::Tlv;
use crate::generated::oids::{ID_EXTENSION_REQUEST, SZ_OID_CERT_EXTENSIONS};

/// CertificationRequest (RFC 2986 §4):
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
            .map(|set| attributes(data, set))
            .into_iter()
            .flatten()
            .filter(|it| {
                [ID_EXTENSION_REQUEST, SZ_OID_CERT_EXTENSIONS].contains(&it.attr_type.value(data))
            })
            .flat_map(|attribute| Elements::of(data, attribute.attr_values))
            .filter_map(|extensions| subject_key_identifier(data, extensions))
    }
}
