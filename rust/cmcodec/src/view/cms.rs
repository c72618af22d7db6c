//! Cryptographic Message Syntax (RFC 5652).

use super::elements::{AlgorithmIdentifier, Elements};
use super::pkidata::PkiMessage;
use crate::der::Tlv;
use crate::generated::oids::{ID_CT_AUTH_DATA, ID_DATA, ID_SIGNED_DATA};

/// ContentInfo (RFC 5652 §3):
///
/// ```text
/// ContentInfo ::= SEQUENCE {
///    contentType  OBJECT IDENTIFIER,
///    content      [0] EXPLICIT ANY DEFINED BY contentType }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ContentInfo {
    /// `contentType`.
    pub content_type: Tlv,
    /// What stands inside `content`.
    pub content: Tlv,
}

impl ContentInfo {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        Some(Self {
            content_type: fields.take_if(0x06)?,
            content: Elements::of(data, fields.take_if(0xA0)?).next()?,
        })
    }

    /// Content octets of `contentType` of the ContentInfo at `tlv`.
    pub fn content_type(data: &[u8], tlv: Tlv) -> &[u8] {
        Elements::of(data, tlv).take_if(0x06).map_or(&[], |oid| oid.value(data))
    }

    /// What a SignedData or AuthenticatedData encapsulates; `None` for other
    /// content types.
    pub fn encapsulated(&self, data: &[u8]) -> Option<EncapsulatedContentInfo> {
        match self.content_type.value(data) {
            ID_SIGNED_DATA => Some(SignedData::read(data, self.content)?.encap_content_info),
            ID_CT_AUTH_DATA => {
                Some(AuthenticatedData::read(data, self.content)?.encap_content_info)
            }
            _ => None,
        }
    }
}

/// SignedData (RFC 5652 §5.1):
///
/// ```text
/// SignedData ::= SEQUENCE {
///    version           CMSVersion,
///    digestAlgorithms  SET OF DigestAlgorithmIdentifier,
///    encapContentInfo  EncapsulatedContentInfo,
///    certificates      [0] IMPLICIT SET OF CertificateChoices OPTIONAL,
///    crls              [1] IMPLICIT SET OF RevocationInfoChoice OPTIONAL,
///    signerInfos       SET OF SignerInfo }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SignedData {
    /// `version`.
    pub version: Tlv,
    /// `digestAlgorithms`.
    pub digest_algorithms: Tlv,
    /// `encapContentInfo`.
    pub encap_content_info: EncapsulatedContentInfo,
    /// `certificates`.
    pub certificates: Option<Tlv>,
    /// `crls`.
    pub crls: Option<Tlv>,
    /// `signerInfos`.
    pub signer_infos: Tlv,
}

impl SignedData {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let version = fields.take_if(0x02)?;
        let digest_algorithms = fields.take_if(0x31)?;
        let encap_content_info = EncapsulatedContentInfo::read(data, fields.take_if(0x30)?)?;
        let certificates = fields.take_if(0xA0);
        let crls = fields.take_if(0xA1);
        let signer_infos = fields.take_if(0x31)?;
        Some(Self {
            version,
            digest_algorithms,
            encap_content_info,
            certificates,
            crls,
            signer_infos,
        })
    }

    /// Whether `version` is what RFC 5652 §5.1 calls for, given that the
    /// content is not id-data: 5 with a certificate or CRL of the kind
    /// "other", 4 with a version 2 attribute certificate, else 3 (R-213).
    pub fn has_right_version(&self, data: &[u8]) -> bool {
        let has = |set: Option<Tlv>, tag| {
            set.is_some_and(|set| Elements::of(data, set).any(|choice| choice.tag() == tag))
        };
        let expected = if has(self.certificates, 0xA3) || has(self.crls, 0xA1) {
            5
        } else if has(self.certificates, 0xA2) {
            4
        } else {
            3
        };
        self.version.value(data) == [expected]
    }

    /// Whether this is the degenerate form of a Simple PKI Response: no
    /// signers and no content (RFC 10002 §4.1).
    pub fn is_certs_only(&self, data: &[u8]) -> bool {
        self.signer_infos.is_empty()
            && self.encap_content_info.e_content.is_none_or(|content| content.is_empty())
            && self.encap_content_info.e_content_type.value(data) == ID_DATA
    }

    /// The `certificate` alternatives among `certificates` (RFC 5652
    /// §10.2.2), in received order.
    pub fn certificates<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = Tlv> + use<'a> {
        self.certificates
            .map(|certificates| Elements::of(data, certificates))
            .into_iter()
            .flatten()
            .filter(|choice| choice.tag() == 0x30)
    }
}

/// EncapsulatedContentInfo (RFC 5652 §5.2):
///
/// ```text
/// EncapsulatedContentInfo ::= SEQUENCE {
///    eContentType  OBJECT IDENTIFIER,
///    eContent      [0] EXPLICIT OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EncapsulatedContentInfo {
    /// `eContentType`.
    pub e_content_type: Tlv,
    /// The OCTET STRING inside `eContent`.
    pub e_content: Option<Tlv>,
}

impl EncapsulatedContentInfo {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let e_content_type = fields.take_if(0x06)?;
        let e_content = fields.take_if(0xA0).and_then(|outer| Elements::of(data, outer).next());
        Some(Self { e_content_type, e_content })
    }

    /// The PKIData or PKIResponse, if that is the content and it is there.
    pub fn pki_message(&self, data: &[u8]) -> Option<PkiMessage> {
        let content = Elements::of(data, self.e_content?).next()?;
        PkiMessage::read(data, self.e_content_type.value(data), content)
    }
}

/// SignerInfo (RFC 5652 §5.3):
///
/// ```text
/// SignerInfo ::= SEQUENCE {
///    version             CMSVersion,
///    sid                 SignerIdentifier,
///    digestAlgorithm     DigestAlgorithmIdentifier,
///    signedAttrs         [0] IMPLICIT SET SIZE (1..MAX) OF Attribute OPTIONAL,
///    signatureAlgorithm  SignatureAlgorithmIdentifier,
///    signature           OCTET STRING,
///    unsignedAttrs       [1] IMPLICIT SET SIZE (1..MAX) OF Attribute OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SignerInfo {
    /// The whole element.
    pub tlv: Tlv,
    /// `version`.
    pub version: Tlv,
    /// `sid`.
    pub sid: Tlv,
    /// `digestAlgorithm`.
    pub digest_algorithm: AlgorithmIdentifier,
    /// `signedAttrs`.
    pub signed_attrs: Option<Tlv>,
    /// `signatureAlgorithm`.
    pub signature_algorithm: AlgorithmIdentifier,
    /// `signature`.
    pub signature: Tlv,
}

impl SignerInfo {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let version = fields.take_if(0x02)?;
        Some(Self {
            tlv,
            version,
            sid: fields.next()?,
            digest_algorithm: AlgorithmIdentifier::read(data, fields.take_if(0x30)?)?,
            signed_attrs: fields.take_if(0xA0),
            signature_algorithm: AlgorithmIdentifier::read(data, fields.take_if(0x30)?)?,
            signature: fields.take_if(0x04)?,
        })
    }

    /// Whether `version` is what RFC 5652 §5.3 calls for: 1 with
    /// issuerAndSerialNumber, 3 with subjectKeyIdentifier (R-214).
    pub fn has_right_version(&self, data: &[u8]) -> bool {
        self.version.value(data) == [if self.sid.tag() == 0x80 { 3 } else { 1 }]
    }

    /// Whose key it is.
    pub fn signer_identifier<'a>(&self, data: &'a [u8]) -> SignerIdentifier<'a> {
        match self.sid.tag() {
            0x80 => SignerIdentifier::SubjectKeyIdentifier(self.sid.value(data)),
            _ => SignerIdentifier::IssuerAndSerialNumber(self.sid.value(data)),
        }
    }
}

/// SignerIdentifier (RFC 5652 §5.3):
///
/// ```text
/// SignerIdentifier ::= CHOICE {
///    issuerAndSerialNumber  IssuerAndSerialNumber,
///    subjectKeyIdentifier   [0] SubjectKeyIdentifier }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerIdentifier<'a> {
    /// The octets of issuer and serialNumber, headers included, in a row
    /// (RFC 5652 §10.2.4).
    IssuerAndSerialNumber(&'a [u8]),
    /// The identifier.
    SubjectKeyIdentifier(&'a [u8]),
}

/// CMSAlgorithmProtection (RFC 6211 §2):
///
/// ```text
/// CMSAlgorithmProtection ::= SEQUENCE {
///    digestAlgorithm     DigestAlgorithmIdentifier,
///    signatureAlgorithm  [1] SignatureAlgorithmIdentifier OPTIONAL,
///    macAlgorithm        [2] MessageAuthenticationCodeAlgorithm OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AlgorithmProtection {
    /// `digestAlgorithm`.
    pub digest_algorithm: AlgorithmIdentifier,
    /// `signatureAlgorithm`.
    pub signature_algorithm: Option<AlgorithmIdentifier>,
    /// `macAlgorithm`.
    pub mac_algorithm: Option<Tlv>,
}

impl AlgorithmProtection {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let identifier = |tlv| AlgorithmIdentifier::read(data, tlv);
        Some(Self {
            digest_algorithm: fields.take_if(0x30).and_then(identifier)?,
            signature_algorithm: fields.take_if(0xA1).and_then(identifier),
            mac_algorithm: fields.take_if(0xA2),
        })
    }
}

/// AuthenticatedData (RFC 5652 §9.1):
///
/// ```text
/// AuthenticatedData ::= SEQUENCE {
///    version           CMSVersion,
///    originatorInfo    [0] IMPLICIT OriginatorInfo OPTIONAL,
///    recipientInfos    SET SIZE (1..MAX) OF RecipientInfo,
///    macAlgorithm      MessageAuthenticationCodeAlgorithm,
///    digestAlgorithm   [1] DigestAlgorithmIdentifier OPTIONAL,
///    encapContentInfo  EncapsulatedContentInfo,
///    authAttrs         [2] IMPLICIT AuthAttributes OPTIONAL,
///    mac               OCTET STRING,
///    unauthAttrs       [3] IMPLICIT UnauthAttributes OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatedData {
    /// `encapContentInfo`.
    pub encap_content_info: EncapsulatedContentInfo,
}

impl AuthenticatedData {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        fields.take_if(0x02)?;
        fields.take_if(0xA0);
        fields.take_if(0x31)?;
        fields.take_if(0x30)?;
        fields.take_if(0xA1);
        let encap_content_info = EncapsulatedContentInfo::read(data, fields.take_if(0x30)?)?;
        Some(Self { encap_content_info })
    }
}
