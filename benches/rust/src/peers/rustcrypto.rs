//! The peer RustCrypto: CMS and X.509 of `cms` and `x509-cert`, the other levels as derived types.
//!
//! ANY is octets in those crates. The values of controls and attributes are decoded from them here
//! where `cmcodec` has a type for what occurs; parameters of algorithms and the values in names are
//! left as octets.
//!
//! Less than `cmcodec`: it does not look into values of unknown type, for repeated body part ids,
//! or at depth; and it sorts a SET OF that is out of order.

use cms::cert::x509::attr::{Attribute, AttributeTypeAndValue};
use cms::cert::x509::ext::{Extension, Extensions};
use cms::cert::x509::name::Name;
use cms::cert::x509::request::CertReq;
use cms::cert::x509::time::Time;
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::asn1::{Any, BitString, Int, Null, ObjectIdentifier, OctetString, SetOfVec};
use der::{Choice, Decode, Sequence};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::{Outcome, measured};
use crate::Result;
use crate::answers::{Fields, Pop, digest_of, number};

// --- CRMF ----------------------------------------------------------------------------------------

#[derive(Sequence)]
struct OptionalValidity {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    not_before: Option<Time>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    not_after: Option<Time>,
}

#[derive(Sequence)]
struct CertTemplate {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    version: Option<u8>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    serial_number: Option<Int>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    signing_alg: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    issuer: Option<Name>,
    #[asn1(context_specific = "4", tag_mode = "IMPLICIT", optional = "true")]
    validity: Option<OptionalValidity>,
    #[asn1(context_specific = "5", tag_mode = "EXPLICIT", optional = "true")]
    subject: Option<Name>,
    #[asn1(context_specific = "6", tag_mode = "IMPLICIT", optional = "true")]
    public_key: Option<SubjectPublicKeyInfoOwned>,
    #[asn1(context_specific = "7", tag_mode = "IMPLICIT", optional = "true")]
    issuer_uid: Option<BitString>,
    #[asn1(context_specific = "8", tag_mode = "IMPLICIT", optional = "true")]
    subject_uid: Option<BitString>,
    #[asn1(context_specific = "9", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct CertRequest {
    cert_req_id: u32,
    cert_template: CertTemplate,
    #[asn1(optional = "true")]
    controls: Option<Vec<AttributeTypeAndValue>>,
}

#[derive(Sequence)]
struct PopoSigningKeyInput {
    auth_info: Any,
    public_key: SubjectPublicKeyInfoOwned,
}

#[derive(Sequence)]
struct PopoSigningKey {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    poposk_input: Option<PopoSigningKeyInput>,
    algorithm_identifier: AlgorithmIdentifierOwned,
    signature: BitString,
}

#[derive(Choice)]
enum ProofOfPossession {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    RaVerified(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Signature(PopoSigningKey),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    KeyEncipherment(Any),
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", constructed = "true")]
    KeyAgreement(Any),
}

#[derive(Sequence)]
struct CertReqMsg {
    cert_req: CertRequest,
    #[asn1(optional = "true")]
    popo: Option<ProofOfPossession>,
    #[asn1(optional = "true")]
    reg_info: Option<Vec<AttributeTypeAndValue>>,
}

// --- CMC -----------------------------------------------------------------------------------------

#[derive(Sequence)]
struct TaggedAttribute {
    body_part_id: u32,
    attr_type: ObjectIdentifier,
    attr_values: SetOfVec<Any>,
}

#[derive(Sequence)]
struct IdentityProofV2 {
    proof_alg_id: AlgorithmIdentifierOwned,
    mac_alg_id: AlgorithmIdentifierOwned,
    witness: OctetString,
}

#[derive(Sequence)]
struct TaggedCertificationRequest {
    body_part_id: u32,
    certification_request: CertReq,
}

#[derive(Sequence)]
struct OtherRequest {
    body_part_id: u32,
    request_message_type: ObjectIdentifier,
    request_message_value: Any,
}

#[derive(Choice)]
enum TaggedRequest {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    Tcr(TaggedCertificationRequest),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Crm(CertReqMsg),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", constructed = "true")]
    Orm(OtherRequest),
}

#[derive(Sequence)]
struct TaggedContentInfo {
    body_part_id: u32,
    content_info: ContentInfo,
}

#[derive(Sequence)]
struct OtherMsg {
    body_part_id: u32,
    other_msg_type: ObjectIdentifier,
    other_msg_value: Any,
}

#[derive(Sequence)]
struct PkiData {
    control_sequence: Vec<TaggedAttribute>,
    req_sequence: Vec<TaggedRequest>,
    cms_sequence: Vec<TaggedContentInfo>,
    other_msg_sequence: Vec<OtherMsg>,
}

#[derive(Sequence)]
struct CmsAlgorithmProtection {
    digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    signature_algorithm: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    mac_algorithm: Option<AlgorithmIdentifierOwned>,
}

// --- open types ----------------------------------------------------------------------------------

const IDENTIFICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.2");
const TRANSACTION_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.5");
const SENDER_NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.6");
const RECIPIENT_NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.7");
const REG_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.18");
const BATCH_REQUESTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.28");
const IDENTITY_PROOF_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.7.34");

/// The value of a control.
enum Control {
    Identification { _text: String },
    TransactionId(Int),
    SenderNonce(OctetString),
    RecipientNonce { _octets: OctetString },
    RegInfo { _octets: OctetString },
    BatchRequests { _ids: Vec<u32> },
    IdentityProofV2 { _proof: IdentityProofV2 },
    Other,
}

fn control(id: ObjectIdentifier, value: &Any) -> der::Result<Control> {
    Ok(match id {
        IDENTIFICATION => Control::Identification { _text: value.decode_as()? },
        TRANSACTION_ID => Control::TransactionId(value.decode_as()?),
        SENDER_NONCE => Control::SenderNonce(value.decode_as()?),
        RECIPIENT_NONCE => Control::RecipientNonce { _octets: value.decode_as()? },
        REG_INFO => Control::RegInfo { _octets: value.decode_as()? },
        BATCH_REQUESTS => Control::BatchRequests { _ids: value.decode_as()? },
        IDENTITY_PROOF_V2 => Control::IdentityProofV2 { _proof: value.decode_as()? },
        _ => Control::Other,
    })
}

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
const ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// The value of an attribute.
enum Value {
    ContentType { _id: ObjectIdentifier },
    MessageDigest { _digest: OctetString },
    SigningTime { _time: Time },
    ExtensionRequest(Vec<Extension>),
    AlgorithmProtection { _algorithms: Box<CmsAlgorithmProtection> },
    Other,
}

fn value(id: ObjectIdentifier, value: &Any) -> der::Result<Value> {
    Ok(match id {
        CONTENT_TYPE => Value::ContentType { _id: value.decode_as()? },
        MESSAGE_DIGEST => Value::MessageDigest { _digest: value.decode_as()? },
        SIGNING_TIME => Value::SigningTime { _time: Time::from_der(&der::Encode::to_der(value)?)? },
        EXTENSION_REQUEST => Value::ExtensionRequest(value.decode_as()?),
        ALGORITHM_PROTECTION => {
            Value::AlgorithmProtection { _algorithms: Box::new(value.decode_as()?) }
        }
        _ => Value::Other,
    })
}

// --- what it is asked for ------------------------------------------------------------------------

/// A message, decoded in all its levels.
struct Message {
    _signed: SignedData,
    content: PkiData,
    controls: Vec<Control>,
    /// Of requests, then of signers.
    values: Vec<Value>,
    nested: Vec<Self>,
}

impl Message {
    fn decode(info: &ContentInfo) -> Result<Self> {
        let signed: SignedData = info.content.decode_as()?;
        let octets = signed.encap_content_info.econtent.as_ref().ok_or("no content")?;
        let content = PkiData::from_der(octets.value())?;
        let controls = content.control_sequence.iter();
        let controls = controls
            .flat_map(|it| it.attr_values.iter().map(|value| control(it.attr_type, value)))
            .collect::<der::Result<_>>()?;
        let requested = content.req_sequence.iter().filter_map(|request| match request {
            TaggedRequest::Tcr(it) => Some(&it.certification_request.info.attributes),
            _ => None,
        });
        let signers = signed.signer_infos.0.iter();
        let values = requested
            .chain(signers.filter_map(|info| info.signed_attrs.as_ref()))
            .flat_map(SetOfVec::<Attribute>::iter)
            .flat_map(|it| it.values.iter().map(|octets| value(it.oid, octets)))
            .collect::<der::Result<_>>()?;
        let nested = content.cms_sequence.iter().map(|it| Self::decode(&it.content_info));
        let nested = nested.collect::<Result<_>>()?;
        Ok(Self { _signed: signed, content, controls, values, nested })
    }
}

/// Decodes everything.
pub fn load(data: &[u8]) -> Result<Outcome> {
    measured(
        || Message::decode(&ContentInfo::from_der(data)?),
        |message| Ok((message.nested.len(), message.nested.len().into())),
    )
}

/// Decodes everything and reads the six fields of each nested message.
pub fn read(data: &[u8]) -> Result<Outcome> {
    let work = || {
        let message = Message::decode(&ContentInfo::from_der(data)?)?;
        let rows: Option<Vec<Row>> = message.nested.into_iter().map(six_fields).collect();
        rows.ok_or_else(|| "no such field".into())
    };
    measured(work, |rows| {
        let found: Vec<_> = rows.iter().map(fields).collect::<Option<_>>().ok_or("no name")?;
        Ok((rows.len(), digest_of(found).into()))
    })
}

/// The six fields in the types of the library.
struct Row {
    transaction_id: Int,
    sender_nonce: OctetString,
    subject: Name,
    public_key: SubjectPublicKeyInfoOwned,
    extensions: Vec<Extension>,
    pop: Pop,
}

fn six_fields(message: Message) -> Option<Row> {
    let (mut transaction_id, mut sender_nonce) = (None, None);
    for control in message.controls {
        match control {
            Control::TransactionId(value) => transaction_id = Some(value),
            Control::SenderNonce(value) => sender_nonce = Some(value),
            _ => {}
        }
    }
    let (subject, public_key, extensions, pop) =
        match message.content.req_sequence.into_iter().next()? {
            TaggedRequest::Tcr(it) => {
                let info = it.certification_request.info;
                let extensions = message.values.into_iter().find_map(|value| match value {
                    Value::ExtensionRequest(extensions) => Some(extensions),
                    _ => None,
                });
                (info.subject, info.public_key, extensions?, Pop::Pkcs10)
            }
            TaggedRequest::Crm(it) => {
                let template = it.cert_req.cert_template;
                let pop = match it.popo {
                    Some(ProofOfPossession::Signature(_)) => Pop::Signature,
                    _ => Pop::Another,
                };
                (template.subject?, template.public_key?, template.extensions?, pop)
            }
            TaggedRequest::Orm(_) => return None,
        };
    let (transaction_id, sender_nonce) = (transaction_id?, sender_nonce?);
    Some(Row { transaction_id, sender_nonce, subject, public_key, extensions, pop })
}

fn fields(row: &Row) -> Option<Fields> {
    Some(Fields {
        transaction_id: number(row.transaction_id.as_bytes())?,
        sender_nonce: row.sender_nonce.as_bytes().to_vec(),
        common_name: row.subject.common_name().ok()??.value().into_owned(),
        key_octets: row.public_key.subject_public_key.raw_bytes().len(),
        extensions: row.extensions.iter().map(|extension| extension.extn_id.to_string()).collect(),
        pop: row.pop,
    })
}
