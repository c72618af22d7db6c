//! Certification requests: PKCS#10 (RFC 2986) and CRMF (RFC 4211), as CMC uses
//! them (RFC 10002 §3.1 and §3.2.1.2).

use super::certificate::subject_key_identifier;
use super::pkidata::body_part_id;
use super::{CertificationRequest, TaggedRequest, attributes};
use crate::der::{Elements, Tlv};
use crate::generated::oids::{ID_EXTENSION_REQUEST, SZ_OID_CERT_EXTENSIONS};

impl TaggedRequest {
    /// The whole element.
    pub fn tlv(&self) -> Tlv {
        match self {
            Self::Tcr(tagged) => tagged.tlv,
            Self::Crm(message) => message.tlv,
            Self::Orm(other) => other.tlv,
        }
    }

    /// `bodyPartID`; of a crm, certReq.certReqId.
    pub fn id(&self, data: &[u8]) -> u32 {
        let id = match self {
            Self::Tcr(tagged) => tagged.body_part_id,
            Self::Crm(message) => message.cert_req.cert_req_id,
            Self::Orm(other) => other.body_part_id,
        };
        body_part_id(data, id).unwrap_or_default()
    }

    /// The key that is to be certified, as a SubjectPublicKeyInfo (RFC 5280
    /// §4.1.2.7) whose identifier in CRMF is a context tag.
    pub fn public_key(&self) -> Option<Tlv> {
        match self {
            Self::Tcr(tagged) => Some(tagged.certification_request.public_key()),
            Self::Crm(message) => message.cert_req.cert_template.public_key,
            Self::Orm(_) => None,
        }
    }

    /// Calls `found` with every subject key identifier that is requested.
    pub fn for_each_key_identifier<'a>(&self, data: &'a [u8], mut found: impl FnMut(&'a [u8])) {
        match self {
            Self::Tcr(tagged) => {
                tagged.certification_request.key_identifiers(data).for_each(found);
            }
            Self::Crm(message) => {
                let extensions = message.cert_req.cert_template.extensions;
                extensions.and_then(|it| subject_key_identifier(data, it)).map(&mut found);
            }
            Self::Orm(_) => {}
        }
    }
}

impl CertificationRequest {
    /// The SubjectPublicKeyInfo.
    pub fn public_key(&self) -> Tlv {
        self.certification_request_info.subject_public_key_info
    }

    /// The subject key identifiers in all values of extensionRequest
    /// attributes, which old peers leave out.
    fn key_identifiers<'a>(&self, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let set = self.certification_request_info.attributes;
        set.map(|set| attributes(data, set))
            .into_iter()
            .flatten()
            .filter(|it| {
                [ID_EXTENSION_REQUEST, SZ_OID_CERT_EXTENSIONS].contains(&it.attr_type.value(data))
            })
            .flat_map(|attribute| Elements::of(data, attribute.attr_values))
            .filter_map(|extensions| subject_key_identifier(data, extensions))
    }
}
