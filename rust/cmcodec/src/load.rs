//! From received octets to a validated message.

use std::borrow::Cow;

use crate::der::{Tlv, ber, read_tlv};
use crate::error::{Error, Reason, Result, Segment};
use crate::generated::limits::{MAX_MESSAGE_LAYERS, MAX_MESSAGE_SIZE};
use crate::generated::oids::ID_SIGNED_DATA;
use crate::generated::schema::{CERTIFICATION_REQUEST, CONTENT_INFO};
use crate::schema::Node;
use crate::schema::members::{Deferred, Member, Members};
use crate::schema::walk::{Options, Walker};
use crate::stack::on_enough;
use crate::view::{ContentInfo, SignedData};

named! {
    /// How a message was encoded.
    #[derive(Default)]
    pub enum Encoding {
        /// DER throughout.
        #[default]
        Der = "der",
        /// BER in the CMS wrapper; [`Loaded::der`] is its DER form.
        Ber = "ber",
    }
}

/// A validated message.
#[derive(Clone, Debug)]
pub struct Loaded<'a> {
    /// The octets all offsets refer to.
    pub der: Cow<'a, [u8]>,
    /// How it was received.
    pub encoding: Encoding,
    /// [`CONTENT_INFO`], or [`CERTIFICATION_REQUEST`] for a Simple PKI Request.
    pub root: &'static Node,
    /// With [`Options::wrapped`], whether it is a wrapped request.
    pub wrapped: bool,
    /// With [`Members::Listed`], what stands in the cmsSequence of the message
    /// and of those nested in it, each before its own (rule R5).
    pub members: Vec<Member>,
    /// With [`Members::Deferred`], the cmsSequence of whose members nothing is known
    /// yet, nor of body part ids.
    pub deferred: Option<Deferred>,
    options: Options,
}

impl Loaded<'_> {
    /// A walk over its octets, as the one that validated it, that leaves
    /// nothing for later.
    pub(crate) fn walker(&self) -> Walker<'_> {
        Walker::new(&self.der, Options { members: Members::Listed, ..self.options })
    }
}

/// Validates one of the four PKI messages, or another CMS content
/// (RFC 10002 §3 and §4).
///
/// Where the input is not DER and `options.strict` is not set, the CMS wrapper
/// is converted from BER; errors then refer to the converted form. An input
/// that the converter cannot read, or has nothing to convert in, is refused
/// for what the DER walk found.
pub fn load(data: &[u8], options: Options) -> Result<Loaded<'_>> {
    let options = Options { max_layers: options.max_layers.min(MAX_MESSAGE_LAYERS), ..options };
    if data.len() > options.max_size.min(MAX_MESSAGE_SIZE) {
        return Err(Error::new(Reason::LimitP6, 0));
    }
    on_enough(|| {
        let root = root(data);
        let error = match walk(root, Cow::Borrowed(data), Encoding::Der, options) {
            Ok(loaded) => return Ok(loaded),
            Err(error) => error,
        };
        if options.strict {
            return Err(error);
        }
        match ber::to_der(data) {
            Some(der) if der != data => walk(root, Cow::Owned(der), Encoding::Ber, options),
            _ => Err(error),
        }
    })
}

fn walk<'a>(
    root: &'static Node,
    der: Cow<'a, [u8]>,
    encoding: Encoding,
    options: Options,
) -> Result<Loaded<'a>> {
    let mut walker = Walker::new(&der, options);
    if let Err(error) = walker.root(root) {
        // What was left for later may have an error that stands before this one.
        let whole = Options { members: Members::Isolated, ..options };
        return match walker.deferred {
            None => Err(error),
            Some(_) => walk(root, der, encoding, whole),
        };
    }
    let wrapped = options.wrapped && wrapped_request(&mut walker, &der)?;
    let (members, deferred) = (walker.members, walker.deferred);
    Ok(Loaded { der, encoding, root, wrapped, members, deferred, options })
}

/// Whether a validated message is a wrapped request: what begins as one must
/// have a PKCS#10 inside (P1, V1).
fn wrapped_request(walker: &mut Walker<'_>, der: &[u8]) -> Result<bool> {
    let Some(octets) = wrapped_octets(der) else { return Ok(false) };
    let path = ["eContent", "encapContentInfo", "content"];
    let walked = walker.contained(&CERTIFICATION_REQUEST, octets);
    walked
        .map(|()| true)
        .map_err(|error| path.iter().fold(error, |error, name| error.within(Segment::Field(name))))
}

/// The eContent in which a PKCS#10 begins.
fn wrapped_octets(der: &[u8]) -> Option<Tlv> {
    let info = ContentInfo::read(der, read_tlv(der, 0, der.len()).ok()?)?;
    if info.content_type.value(der) != ID_SIGNED_DATA {
        return None;
    }
    let signed = SignedData::read(der, info.content)?;
    signed.wrapped_request(der)?;
    signed.encap_content_info.e_content
}

/// A ContentInfo begins with an OBJECT IDENTIFIER, a CertificationRequest with
/// a SEQUENCE.
pub fn root(data: &[u8]) -> &'static Node {
    let header = match data.get(1) {
        Some(octet @ 0x80..) => 2 + usize::from(octet & 0x7F),
        _ => 2,
    };
    if data.get(header) == Some(&0x30) { &CERTIFICATION_REQUEST } else { &CONTENT_INFO }
}
