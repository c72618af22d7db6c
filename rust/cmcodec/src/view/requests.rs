//! Certification requests: PKCS#10 (RFC 2986) and CRMF (RFC 4211), as CMC uses
//! them (RFC 10002 §3.1 and §3.2.1.2).

use super::certificate::subject_key_identifier;
use super::pkidata::body_part_id;
use super::{
    CertTemplate, CertificationRequest, TaggedCertificationRequest, TaggedRequest, attributes,
};
use crate::der::{Elements, Tlv};
use crate::generated::limits::FEW_EXTENSIONS;
use crate::generated::oids::{ID_EXTENSION_REQUEST, SZ_OID_CERT_EXTENSIONS};

/// The number of a PKCS#10 that stands alone.
const ALONE: u32 = 1;

impl TaggedRequest {
    /// A PKCS#10 that stands alone, as a tcr that is its own body part.
    pub fn alone(data: &[u8], tlv: Tlv) -> Option<Self> {
        let certification_request = CertificationRequest::read(data, tlv)?;
        let body_part_id = tlv;
        Some(Self::Tcr(TaggedCertificationRequest { tlv, body_part_id, certification_request }))
    }

    /// The whole element.
    pub fn tlv(&self) -> Tlv {
        match self {
            Self::Tcr(tagged) => tagged.tlv,
            Self::Crm(message) => message.tlv,
            Self::Orm(other) => other.tlv,
        }
    }

    /// `bodyPartID`; of a crm, certReq.certReqId; of a PKCS#10 that stands alone, 1.
    pub fn id(&self, data: &[u8]) -> u32 {
        let id = match self {
            Self::Tcr(tagged) if tagged.body_part_id == tagged.tlv => return ALONE,
            Self::Tcr(tagged) => tagged.body_part_id,
            Self::Crm(message) => message.cert_req.cert_req_id,
            Self::Orm(other) => other.body_part_id,
        };
        body_part_id(data, id).unwrap_or_default()
    }

    /// Calls `found` with every subject key identifier that is requested, and with the key that is
    /// to be certified, if there is one: a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) whose
    /// identifier in CRMF is a context tag.
    pub fn for_each_key_identifier<'a>(
        &self,
        data: &'a [u8],
        mut found: impl FnMut(&'a [u8], Option<Tlv>),
    ) {
        match self {
            Self::Tcr(tagged) => {
                let request = &tagged.certification_request;
                let key = Some(request.public_key());
                request.key_identifiers(data).for_each(|identifier| found(identifier, key));
            }
            Self::Crm(message) => {
                let CertTemplate { extensions, public_key, .. } = message.cert_req.cert_template;
                let identifier = extensions.and_then(|it| subject_key_identifier(data, it));
                identifier.into_iter().for_each(|identifier| found(identifier, public_key));
            }
            Self::Orm(_) => {}
        }
    }

    /// Whether it may ask for two extensions of one OBJECT IDENTIFIER.
    pub fn may_repeat_extension(&self, data: &[u8]) -> bool {
        match self {
            Self::Tcr(tagged) => tagged.certification_request.may_repeat_extension(data),
            Self::Crm(message) => {
                may_repeat(data, message.cert_req.cert_template.extensions.into_iter())
            }
            Self::Orm(_) => false,
        }
    }
}

impl CertificationRequest {
    /// The SubjectPublicKeyInfo.
    pub fn public_key(&self) -> Tlv {
        self.certification_request_info.subject_public_key_info
    }

    /// Whether it may ask for two extensions of one OBJECT IDENTIFIER.
    pub fn may_repeat_extension(&self, data: &[u8]) -> bool {
        may_repeat(data, self.extensions(data))
    }

    fn key_identifiers<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.extensions(data).filter_map(|extensions| subject_key_identifier(data, extensions))
    }

    /// The lists of Extensions in all values of extensionRequest attributes. Old peers leave the
    /// attributes out.
    fn extensions<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = Tlv> + Clone + use<'a> {
        let set = self.certification_request_info.attributes;
        set.map(|set| attributes(data, set))
            .into_iter()
            .flatten()
            .filter(|it| {
                [ID_EXTENSION_REQUEST, SZ_OID_CERT_EXTENSIONS].contains(&it.attr_type.value(data))
            })
            .flat_map(|attribute| Elements::of(data, attribute.attr_values))
    }
}

/// Whether an OBJECT IDENTIFIER may stand twice in these lists of Extensions: it does, or they have
/// more than a few. Whoever notes it looks again (rule R4).
fn may_repeat(data: &[u8], lists: impl Iterator<Item = Tlv> + Clone) -> bool {
    let ids = lists
        .flat_map(|list| Elements::of(data, list))
        .filter_map(|extension| Elements::of(data, extension).take_value(0x06));
    // Of the last octets that were met, by which those of a standard differ.
    let mut seen = 0_u64;
    ids.clone().enumerate().any(|(before, id)| {
        let bit = 1 << (id.last().copied().unwrap_or_default() % 64);
        let is_new = seen & bit == 0;
        seen |= bit;
        before >= FEW_EXTENSIONS || !is_new && ids.clone().take(before).any(|other| other == id)
    })
}
