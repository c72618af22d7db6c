//! Which of the PKI messages some octets are (RFC 10002 §3 and §4).

use crate::der::{Elements, Tlv, read_tlv};
use crate::generated::oids::{ID_CCT_PKI_DATA, ID_CCT_PKI_RESPONSE, ID_SIGNED_DATA};
use crate::generated::schema::{CERTIFICATION_REQUEST, PKI_DATA, PKI_RESPONSE};
use crate::schema::Node;
use crate::view::{ContentInfo, SignedData, TaggedContentInfo};

named! {
    /// The messages, and everything else that CMS can carry.
    pub enum MessageKind {
        /// A PKIData in a SignedData or AuthenticatedData (RFC 10002 §3.2).
        FullRequest = "full-request",
        /// A PKIResponse in a SignedData or AuthenticatedData (RFC 10002 §4.2).
        FullResponse = "full-response",
        /// A bare PKCS#10 (RFC 10002 §3.1).
        SimpleRequest = "simple-request",
        /// A SignedData without signers and content (RFC 10002 §4.1).
        SimpleResponse = "simple-response",
        /// A PKCS#10 in a SignedData over id-data (MS-WCCE §3.1.1.4.3.1.4), where the
        /// caller expects one.
        WrappedRequest = "wrapped-request",
        /// Any other CMS content.
        Other = "other",
    }
}

impl MessageKind {
    /// What a SignedData or AuthenticatedData of this eContentType is.
    pub fn of_content_type(e_content_type: &[u8]) -> Self {
        match e_content_type {
            ID_CCT_PKI_DATA => Self::FullRequest,
            ID_CCT_PKI_RESPONSE => Self::FullResponse,
            _ => Self::Other,
        }
    }
}

/// What a message is and where its content stands.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// Which message.
    pub kind: MessageKind,
    /// The PKIData, PKIResponse or CertificationRequest, whose octets are
    /// those of the element.
    pub content: Option<(&'static Node, Tlv)>,
}

/// Looks at the validated `root` at `data[start..end]`; `wrapped`: whether it was
/// loaded as a wrapped request.
pub fn message_kind(
    root: &'static Node,
    data: &[u8],
    start: usize,
    end: usize,
    wrapped: bool,
) -> Described {
    let nothing = Described { kind: MessageKind::Other, content: None };
    let Ok(tlv) = read_tlv(data, start, end) else { return nothing };
    if std::ptr::eq(root, &CERTIFICATION_REQUEST) {
        return Described { kind: MessageKind::SimpleRequest, content: Some((root, tlv)) };
    }
    content_info(data, tlv, wrapped).unwrap_or(nothing)
}

fn content_info(data: &[u8], tlv: Tlv, wrapped: bool) -> Option<Described> {
    let info = ContentInfo::read(data, tlv)?;
    let encapsulated = info.encapsulated(data)?;
    let content = encapsulated.e_content.and_then(|octets| Elements::of(data, octets).next());
    let described = match MessageKind::of_content_type(encapsulated.e_content_type.value(data)) {
        kind @ MessageKind::FullRequest => {
            Described { kind, content: content.map(|tlv| (&PKI_DATA, tlv)) }
        }
        kind @ MessageKind::FullResponse => {
            Described { kind, content: content.map(|tlv| (&PKI_RESPONSE, tlv)) }
        }
        kind if info.content_type.value(data) == ID_SIGNED_DATA => {
            let signed = SignedData::read(data, info.content)?;
            match wrapped.then(|| signed.wrapped_request(data)).flatten() {
                Some(request) => Described {
                    kind: MessageKind::WrappedRequest,
                    content: Some((&CERTIFICATION_REQUEST, request)),
                },
                None if signed.is_certs_only(data) => {
                    Described { kind: MessageKind::SimpleResponse, content: None }
                }
                None => Described { kind, content: None },
            }
        }
        kind => Described { kind, content: None },
    };
    Some(described)
}

/// The member of a cmsSequence at `pos`.
pub fn member(data: &[u8], pos: usize, end: usize) -> Option<TaggedContentInfo> {
    TaggedContentInfo::read(data, read_tlv(data, pos, end).ok()?)
}
