//! PKIData and PKIResponse (RFC 10002 §3.2 and §4.2).

use super::{PKIData, PKIResponse, TaggedAttribute, TaggedRequest};
use crate::der::{Elements, Tlv};
use crate::generated::oids::{ID_CCT_PKI_DATA, ID_CCT_PKI_RESPONSE, ID_CMC};

/// A PKIData (RFC 10002 §3.2.1), or a PKIResponse (§4.2), which has no requests;
/// or what holds one PKCS#10 and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct PkiMessage {
    control_sequence: Option<Tlv>,
    /// What the requests stand in, and whether it is one PKCS#10 alone.
    requests: Option<Tlv>,
    alone: bool,
}

impl PkiMessage {
    /// Reads the fields of `tlv`, the content that `e_content_type` stands
    /// for: PKIData or PKIResponse.
    pub fn read(data: &[u8], e_content_type: &[u8], tlv: Tlv) -> Option<Self> {
        match e_content_type {
            ID_CCT_PKI_DATA => PKIData::read(data, tlv).map(|it| Self {
                control_sequence: Some(it.control_sequence),
                requests: Some(it.req_sequence),
                alone: false,
            }),
            ID_CCT_PKI_RESPONSE => PKIResponse::read(data, tlv).map(|it| Self {
                control_sequence: Some(it.control_sequence),
                requests: None,
                alone: false,
            }),
            _ => None,
        }
    }

    /// What holds a PKCS#10 alone: the octets of an eContent.
    pub fn around_request(octets: Tlv) -> Self {
        Self { control_sequence: None, requests: Some(octets), alone: true }
    }

    /// The controls.
    pub fn controls<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = TaggedAttribute> + use<'a> {
        inside(data, self.control_sequence).filter_map(|tlv| TaggedAttribute::read(data, tlv))
    }

    /// The requests; none in a PKIResponse.
    pub fn requests<'a>(
        &self,
        data: &'a [u8],
    ) -> impl Iterator<Item = TaggedRequest> + Clone + use<'a> {
        let alone = self.alone;
        inside(data, self.requests).filter_map(move |tlv| match alone {
            true => TaggedRequest::alone(data, tlv),
            false => TaggedRequest::read(data, tlv),
        })
    }
}

/// The elements of a sequence; none where there is none.
#[inline]
fn inside(data: &[u8], sequence: Option<Tlv>) -> Elements<'_> {
    sequence.map_or_else(|| Elements::all(&[]), |sequence| Elements::of(data, sequence))
}

impl TaggedAttribute {
    /// The bit of its arc below id-cmc in a set of controls; 0 for another control.
    pub fn bit(&self, data: &[u8]) -> u64 {
        match self.attr_type.value(data).strip_prefix(ID_CMC) {
            Some(&[number @ ..64]) => 1 << number,
            _ => 0,
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

/// The number in a BodyPartID (RFC 10002 §3.2.2):
///
/// ```text
/// BodyPartID ::= INTEGER (0..4294967295)
/// ```
pub(super) fn body_part_id(data: &[u8], tlv: Tlv) -> Option<u32> {
    let shift = |id: u32, octet: &u8| id.checked_mul(256)?.checked_add(u32::from(*octet));
    tlv.value(data).iter().try_fold(0, shift)
}
