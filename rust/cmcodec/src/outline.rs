//! Which of the four PKI messages some octets are (RFC 10002 §3 and §4).

use crate::der::{Tlv, children, read_tlv};
use crate::schema::Node;
use crate::schema::compiled::{
    AUTHENTICATED_DATA, CERTIFICATION_REQUEST, PKI_DATA, PKI_RESPONSE, SIGNED_DATA, TABLE_CONTENT,
    TABLE_ENCAPSULATED,
};
use crate::schema::locate::{Step, locate};
use crate::schema::primitive::small_integer;

/// id-data (RFC 5652 §4).
const ID_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];

/// The four messages, and everything else that CMS can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A PKIData in a SignedData or AuthenticatedData (RFC 10002 §3.2).
    FullRequest,
    /// A PKIResponse in a SignedData or AuthenticatedData (RFC 10002 §4.2).
    FullResponse,
    /// A bare PKCS#10 (RFC 10002 §3.1).
    SimpleRequest,
    /// A SignedData without signers and content (RFC 10002 §4.1).
    SimpleResponse,
    /// Any other CMS content.
    Other,
}

impl MessageKind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FullRequest => "full-request",
            Self::FullResponse => "full-response",
            Self::SimpleRequest => "simple-request",
            Self::SimpleResponse => "simple-response",
            Self::Other => "other",
        }
    }
}

/// What a message is and where its content stands.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    /// Which message.
    pub kind: MessageKind,
    /// The PKIData, PKIResponse or CertificationRequest, whose octets are
    /// those of the element.
    pub content: Option<(&'static Node, Tlv)>,
}

/// Looks at the validated `root` at `data[start..end]`.
pub fn outline(root: &'static Node, data: &[u8], start: usize, end: usize) -> Outline {
    let other = Outline { kind: MessageKind::Other, content: None };
    if std::ptr::eq(root, &CERTIFICATION_REQUEST) {
        let content = read_tlv(data, start, end).ok().map(|tlv| (root, tlv));
        return Outline { kind: MessageKind::SimpleRequest, content };
    }
    let find = |path: &[&str]| {
        let steps: Vec<Step<'_>> = path.iter().copied().map(Step::Field).collect();
        locate(root, data, start, end, &steps)
    };
    let Some(layer) = find(&["contentType"]).and_then(|oid| TABLE_CONTENT.look_up(oid.value(data)))
    else {
        return other;
    };
    let signed = std::ptr::eq(layer, &SIGNED_DATA);
    if !signed && !std::ptr::eq(layer, &AUTHENTICATED_DATA) {
        return other;
    }
    let Some(content_type) = find(&["content", "encapContentInfo", "eContentType"]) else {
        return other;
    };
    let e_content =
        find(&["content", "encapContentInfo", "eContent"]).filter(|tlv| !tlv.is_empty());
    let content = e_content.and_then(|tlv| {
        let node = TABLE_ENCAPSULATED.look_up(content_type.value(data))?;
        Some((node, read_tlv(data, tlv.content, tlv.end).ok()?))
    });
    match content {
        Some((node, _)) if std::ptr::eq(node, &PKI_DATA) => {
            Outline { kind: MessageKind::FullRequest, content }
        }
        Some((node, _)) if std::ptr::eq(node, &PKI_RESPONSE) => {
            Outline { kind: MessageKind::FullResponse, content }
        }
        _ => {
            let unsigned = find(&["content", "signerInfos"])
                .is_some_and(|tlv| children(data, tlv.content, tlv.end).next().is_none());
            let certs_only =
                signed && unsigned && e_content.is_none() && content_type.value(data) == ID_DATA;
            let kind = if certs_only { MessageKind::SimpleResponse } else { MessageKind::Other };
            Outline { kind, content: None }
        }
    }
}

/// Of the TaggedContentInfo at `pos`: its body part id, its ContentInfo, and
/// where it ends.
pub fn member(data: &[u8], pos: usize, end: usize) -> Option<(u32, Tlv, usize)> {
    let tagged = read_tlv(data, pos, end).ok()?;
    let id = read_tlv(data, tagged.content, tagged.end).ok()?;
    let value = u32::try_from(small_integer(id.value(data))?).ok()?;
    Some((value, read_tlv(data, id.end, tagged.end).ok()?, tagged.end))
}
