//! PKIData and PKIResponse (RFC 10002 §3.2 and §4.2).

use super::crmf::CertReqMsg;
use super::elements::{Elements, body_part_id};
use super::pkcs10::CertificationRequest;
use crate::der::Tlv;
use crate::generated::oids::{ID_CCT_PKI_DATA, ID_CCT_PKI_RESPONSE, ID_CMC};

/// PKIData (RFC 10002 §3.2.1) or PKIResponse (§4.2), which has
/// no reqSequence:
///
/// ```text
/// PKIData ::= SEQUENCE {
///    controlSequence   SEQUENCE SIZE (0..MAX) OF TaggedAttribute,
///    reqSequence       SEQUENCE SIZE (0..MAX) OF TaggedRequest,
///    cmsSequence       SEQUENCE SIZE (0..MAX) OF TaggedContentInfo,
///    otherMsgSequence  SEQUENCE SIZE (0..MAX) OF OtherMsg }
///
/// PKIResponse ::= SEQUENCE {
///    controlSequence   SEQUENCE SIZE (0..MAX) OF TaggedAttribute,
///    cmsSequence       SEQUENCE SIZE (0..MAX) OF TaggedContentInfo,
///    otherMsgSequence  SEQUENCE SIZE (0..MAX) OF OtherMsg }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PkiMessage {
    /// `controlSequence`.
    pub control_sequence: Tlv,
    /// `reqSequence`.
    pub req_sequence: Option<Tlv>,
    /// `cmsSequence`.
    pub cms_sequence: Tlv,
}

impl PkiMessage {
    /// Reads the fields of `tlv`, the content that `e_content_type` stands
    /// for: PKIData or PKIResponse.
    pub fn read(data: &[u8], e_content_type: &[u8], tlv: Tlv) -> Option<Self> {
        let has_requests = match e_content_type {
            ID_CCT_PKI_DATA => true,
            ID_CCT_PKI_RESPONSE => false,
            _ => return None,
        };
        let mut fields = Elements::of(data, tlv);
        let control_sequence = fields.take_if(0x30)?;
        let req_sequence = if has_requests { Some(fields.take_if(0x30)?) } else { None };
        Some(Self { control_sequence, req_sequence, cms_sequence: fields.take_if(0x30)? })
    }

    /// The controls.
    pub fn controls<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = TaggedAttribute> + use<'a> {
        Elements::of(data, self.control_sequence).filter_map(|tlv| TaggedAttribute::read(data, tlv))
    }

    /// The requests; none in a PKIResponse.
    pub fn requests<'a>(
        &self,
        data: &'a [u8],
    ) -> impl Iterator<Item = TaggedRequest> + Clone + use<'a> {
        self.req_sequence
            .map(|sequence| Elements::of(data, sequence))
            .into_iter()
            .flatten()
            .filter_map(|tlv| TaggedRequest::read(data, tlv))
    }

    /// The members of cmsSequence.
    pub fn members<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = TaggedContentInfo> + use<'a> {
        Elements::of(data, self.cms_sequence).filter_map(|tlv| TaggedContentInfo::read(data, tlv))
    }
}

/// TaggedAttribute (RFC 10002 §3.2.1.1):
///
/// ```text
/// TaggedAttribute ::= SEQUENCE {
///    bodyPartID  BodyPartID,
///    attrType    OBJECT IDENTIFIER,
///    attrValues  SET OF AttributeValue }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TaggedAttribute {
    /// `attrType`.
    pub attr_type: Tlv,
    /// `attrValues`.
    pub attr_values: Tlv,
}

impl TaggedAttribute {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        fields.take_if(0x02)?;
        Some(Self { attr_type: fields.take_if(0x06)?, attr_values: fields.take_if(0x31)? })
    }

    /// The number of the control below id-cmc, for those below 128.
    pub fn number(&self, data: &[u8]) -> Option<u8> {
        match self.attr_type.value(data).strip_prefix(ID_CMC)? {
            &[number @ ..0x80] => Some(number),
            _ => None,
        }
    }

    /// The first value.
    pub fn first_value(&self, data: &[u8]) -> Option<Tlv> {
        Elements::of(data, self.attr_values).next()
    }
}

/// TaggedContentInfo (RFC 10002 §3.2.1.3):
///
/// ```text
/// TaggedContentInfo ::= SEQUENCE {
///    bodyPartID   BodyPartID,
///    contentInfo  ContentInfo }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TaggedContentInfo {
    /// The whole element.
    pub tlv: Tlv,
    /// `bodyPartID`.
    pub body_part_id: u32,
    /// `contentInfo`. Nothing is known of an isolated member but its id (R5);
    /// there this is all that follows the id.
    pub content_info: Tlv,
}

impl TaggedContentInfo {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let id = fields.take_if(0x02)?;
        let rest = Tlv::new(0, id.end(), id.end(), tlv.end())?;
        Some(Self {
            tlv,
            body_part_id: body_part_id(data, id)?,
            content_info: fields
                .take_if(0x30)
                .filter(|info| info.end() == tlv.end())
                .unwrap_or(rest),
        })
    }
}

/// TaggedRequest (RFC 10002 §3.2.1.2):
///
/// ```text
/// TaggedRequest ::= CHOICE {
///    tcr  [0] TaggedCertificationRequest,
///    crm  [1] CertReqMsg,
///    orm  [2] SEQUENCE {
///       bodyPartID           BodyPartID,
///       requestMessageType   OBJECT IDENTIFIER,
///       requestMessageValue  ANY DEFINED BY requestMessageType } }
///
/// TaggedCertificationRequest ::= SEQUENCE {
///    bodyPartID            BodyPartID,
///    certificationRequest  CertificationRequest }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TaggedRequest {
    /// The whole element.
    pub tlv: Tlv,
    /// `bodyPartID`; of a crm, certReq.certReqId.
    pub id: u32,
    /// The alternative.
    pub request: Request,
}

/// The alternatives of a TaggedRequest.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `tcr`: PKCS#10.
    Pkcs10(CertificationRequest),
    /// `crm`: CRMF.
    Crmf(CertReqMsg),
    /// `orm`: of a type that CMC does not know.
    Other,
}

impl TaggedRequest {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        if tlv.tag() == 0xA1 {
            let message = CertReqMsg::read(data, tlv)?;
            let id = body_part_id(data, message.cert_req_id)?;
            return Some(Self { tlv, id, request: Request::Crmf(message) });
        }
        let mut fields = Elements::of(data, tlv);
        let id = body_part_id(data, fields.take_if(0x02)?)?;
        let request = match tlv.tag() {
            0xA0 => Request::Pkcs10(CertificationRequest::read(data, fields.take_if(0x30)?)?),
            _ => Request::Other,
        };
        Some(Self { tlv, id, request })
    }
}

impl Request {
    /// The key that is to be certified, as a SubjectPublicKeyInfo (RFC 5280
    /// §4.1.2.7) whose identifier in CRMF is a context tag.
    pub fn public_key(&self) -> Option<Tlv> {
        match self {
            Self::Pkcs10(request) => Some(request.subject_public_key_info),
            Self::Crmf(message) => message.public_key,
            Self::Other => None,
        }
    }

    /// Calls `found` with every subject key identifier that is requested.
    pub fn for_each_key_identifier<'a>(&self, data: &'a [u8], found: impl FnMut(&'a [u8])) {
        match self {
            Self::Pkcs10(request) => request.key_identifiers(data).for_each(found),
            Self::Crmf(message) => message.key_identifier(data).into_iter().for_each(found),
            Self::Other => {}
        }
    }
}
