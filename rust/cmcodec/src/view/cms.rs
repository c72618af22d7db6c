//! Cryptographic Message Syntax (RFC 5652).

use super::{
    AlgorithmIdentifier, Attribute, AuthenticatedData, ContentInfo, EncapsulatedContentInfo,
    PkiMessage, SignedData, SignerInfo,
};
use crate::der::{Elements, Tlv};
use crate::generated::oids::{ID_CT_AUTH_DATA, ID_DATA, ID_SIGNED_DATA};

/// NULL, as parameters have it.
const NULL: &[u8] = &[0x05, 0x00];

impl ContentInfo {
    /// Content octets of `contentType` of the ContentInfo at `tlv`.
    pub fn content_type(data: &[u8], tlv: Tlv) -> &[u8] {
        Elements::of(data, tlv).take_value(0x06).unwrap_or_default()
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

/// Whether these are the content octets of a version that CMS has (RFC 5652
/// §10.2.5).
pub fn is_cms_version(version: &[u8]) -> bool {
    matches!(version, [0..=5])
}

impl SignedData {
    /// Whether `version` is what RFC 5652 §5.1 calls for (R-213): 5 with a
    /// certificate or CRL of the kind "other", 4 with a version 2 attribute
    /// certificate, 3 with a version 1 attribute certificate, a SignerInfo of
    /// version 3, or a content other than id-data, else 1.
    pub fn has_right_version(&self, data: &[u8]) -> bool {
        let has = |set: Option<Tlv>, tag| {
            set.is_some_and(|set| Elements::of(data, set).any(|choice| choice.tag() == tag))
        };
        let is_three = |info| Elements::of(data, info).take_value(0x02).is_some_and(|it| it == [3]);
        let expected = if has(self.certificates, 0xA3) || has(self.crls, 0xA1) {
            5
        } else if has(self.certificates, 0xA2) {
            4
        } else if self.encap_content_info.e_content_type.value(data) != ID_DATA
            || has(self.certificates, 0xA1)
            || Elements::of(data, self.signer_infos).any(is_three)
        {
            3
        } else {
            1
        };
        self.version.value(data) == [expected]
    }

    /// The SignerInfos, in received order.
    pub fn signers<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = SignerInfo> + use<'a> {
        Elements::of(data, self.signer_infos).filter_map(|tlv| SignerInfo::read(data, tlv))
    }

    /// Whether this is the degenerate form of a Simple PKI Response: no
    /// signers and no content (RFC 10002 §4.1).
    pub fn is_certs_only(&self, data: &[u8]) -> bool {
        self.signer_infos.is_empty()
            && self.encap_content_info.e_content.is_none_or(|content| content.is_empty())
            && self.encap_content_info.e_content_type.value(data) == ID_DATA
    }

    /// The PKCS#10 that id-data holds in a wrapped request (MS-WCCE §3.1.1.4.3.1.4),
    /// told by how it begins: a SEQUENCE of a version and a Name. Whether it
    /// is one to its end, [`crate::load()`] looks where it is told to.
    pub fn wrapped_request(&self, data: &[u8]) -> Option<Tlv> {
        let EncapsulatedContentInfo { e_content_type, e_content, .. } = self.encap_content_info;
        if e_content_type.value(data) != ID_DATA {
            return None;
        }
        let request = Elements::of(data, e_content?).take_if(0x30)?;
        let mut info = Elements::of(data, Elements::of(data, request).take_if(0x30)?);
        info.take_if(0x02)?;
        let subject = info.take_any(&[0x30, 0x05])?;
        let is_name = Elements::of(data, subject).next().is_none_or(|name| name.tag() == 0x31);
        is_name.then_some(request)
    }

    /// The `certificate` alternatives among `certificates` (RFC 5652
    /// §10.2.2), in received order.
    pub fn certificates<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = Tlv> + use<'a> {
        let set = self.certificates.map(|set| Elements::of(data, set));
        set.into_iter().flatten().filter(|choice| choice.tag() == 0x30)
    }
}

impl EncapsulatedContentInfo {
    /// The PKIData or PKIResponse, if that is the content and it is there.
    pub fn pki_message(&self, data: &[u8]) -> Option<PkiMessage> {
        let content = Elements::of(data, self.e_content?).next()?;
        PkiMessage::read(data, self.e_content_type.value(data), content)
    }
}

impl SignerInfo {
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

impl AlgorithmIdentifier {
    /// Content octets of the OBJECT IDENTIFIER.
    pub fn oid<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        self.algorithm.value(data)
    }

    /// The parameters, header included.
    pub fn parameters<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        self.parameters.map(|parameters| parameters.octets(data))
    }

    /// Whether both name the same algorithm with the same parameters, where
    /// absent parameters and NULL are alike (RFC 6211 §2, V7).
    pub fn agrees_with(&self, data: &[u8], other: &Self) -> bool {
        let settled = |it: &Self| it.parameters(data).filter(|octets| *octets != NULL);
        self.oid(data) == other.oid(data) && settled(self) == settled(other)
    }
}

impl Attribute {
    /// The value, if there is exactly one.
    pub fn only_value(&self, data: &[u8]) -> Option<Tlv> {
        let mut values = Elements::of(data, self.attr_values);
        values.next().filter(|_| values.is_empty())
    }
}

/// The attributes of a SET OF Attribute, in received order.
pub fn attributes(data: &[u8], set: Tlv) -> impl Iterator<Item = Attribute> + Clone {
    Elements::of(data, set).filter_map(|tlv| Attribute::read(data, tlv))
}
