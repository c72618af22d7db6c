//! The peer rasn: CMS and X.509 of `rasn-cms` and `rasn-pkix`, the other levels as derived types.
//!
//! ANY is octets in those crates. The values of controls and attributes are decoded from them here
//! where `cmcodec` has a type for what occurs; parameters of algorithms and the values in names are
//! left as octets.
//!
//! Less than `cmcodec`: it does not look into values of unknown type, for repeated body part ids,
//! or at the order of a SET OF.

use ::rasn::der::decode;
use ::rasn::prelude::*;
use ::rasn::types::SetOf;
use rasn_cms::{AlgorithmIdentifier, ContentInfo, SignedData};
use rasn_pkix::{
    Attribute, AttributeTypeAndValue, Extension, Extensions, Name, SubjectPublicKeyInfo, Time,
    UniqueIdentifier,
};

use super::{Outcome, measured};
use crate::Result as Outcomes;
use crate::answers::{Fields, Pop, digest_of};

// --- PKCS#10 and CRMF ----------------------------------------------------------------------------

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct CertificationRequestInfo {
    version: Integer,
    subject: Name,
    subject_public_key_info: SubjectPublicKeyInfo,
    #[rasn(tag(0))]
    attributes: Option<SetOf<Attribute>>,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct CertificationRequest {
    certification_request_info: CertificationRequestInfo,
    signature_algorithm: AlgorithmIdentifier,
    signature: BitString,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct OptionalValidity {
    #[rasn(tag(explicit(0)))]
    not_before: Option<Time>,
    #[rasn(tag(explicit(1)))]
    not_after: Option<Time>,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct CertTemplate {
    #[rasn(tag(0))]
    version: Option<Integer>,
    #[rasn(tag(1))]
    serial_number: Option<Integer>,
    #[rasn(tag(2))]
    signing_alg: Option<AlgorithmIdentifier>,
    #[rasn(tag(explicit(3)))]
    issuer: Option<Name>,
    #[rasn(tag(4))]
    validity: Option<OptionalValidity>,
    #[rasn(tag(explicit(5)))]
    subject: Option<Name>,
    #[rasn(tag(6))]
    public_key: Option<SubjectPublicKeyInfo>,
    #[rasn(tag(7))]
    issuer_uid: Option<UniqueIdentifier>,
    #[rasn(tag(8))]
    subject_uid: Option<UniqueIdentifier>,
    #[rasn(tag(9))]
    extensions: Option<Extensions>,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct CertRequest {
    cert_req_id: u32,
    cert_template: CertTemplate,
    controls: Option<SequenceOf<AttributeTypeAndValue>>,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct PopoSigningKeyInput {
    auth_info: Any,
    public_key: SubjectPublicKeyInfo,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct PopoSigningKey {
    #[rasn(tag(0))]
    poposk_input: Option<PopoSigningKeyInput>,
    algorithm_identifier: AlgorithmIdentifier,
    signature: BitString,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
#[rasn(choice)]
enum ProofOfPossession {
    #[rasn(tag(0))]
    RaVerified(()),
    #[rasn(tag(1))]
    Signature(PopoSigningKey),
    #[rasn(tag(explicit(2)))]
    KeyEncipherment(Any),
    #[rasn(tag(explicit(3)))]
    KeyAgreement(Any),
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct CertReqMsg {
    cert_req: CertRequest,
    popo: Option<ProofOfPossession>,
    reg_info: Option<SequenceOf<AttributeTypeAndValue>>,
}

// --- CMC -----------------------------------------------------------------------------------------

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct TaggedAttribute {
    body_part_id: u32,
    attr_type: ObjectIdentifier,
    attr_values: SetOf<Any>,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct IdentityProofV2 {
    proof_alg_id: AlgorithmIdentifier,
    mac_alg_id: AlgorithmIdentifier,
    witness: OctetString,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct TaggedCertificationRequest {
    body_part_id: u32,
    certification_request: CertificationRequest,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct OtherRequest {
    body_part_id: u32,
    request_message_type: ObjectIdentifier,
    request_message_value: Any,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
#[rasn(choice)]
enum TaggedRequest {
    #[rasn(tag(0))]
    Tcr(TaggedCertificationRequest),
    #[rasn(tag(1))]
    Crm(CertReqMsg),
    #[rasn(tag(2))]
    Orm(OtherRequest),
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct TaggedContentInfo {
    body_part_id: u32,
    content_info: ContentInfo,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct OtherMsg {
    body_part_id: u32,
    other_msg_type: ObjectIdentifier,
    other_msg_value: Any,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct PkiData {
    control_sequence: SequenceOf<TaggedAttribute>,
    req_sequence: SequenceOf<TaggedRequest>,
    cms_sequence: SequenceOf<TaggedContentInfo>,
    other_msg_sequence: SequenceOf<OtherMsg>,
}

#[derive(AsnType, Clone, Debug, Decode, PartialEq, Eq, Hash)]
struct CmsAlgorithmProtection {
    digest_algorithm: AlgorithmIdentifier,
    #[rasn(tag(1))]
    signature_algorithm: Option<AlgorithmIdentifier>,
    #[rasn(tag(2))]
    mac_algorithm: Option<AlgorithmIdentifier>,
}

// --- open types ----------------------------------------------------------------------------------

const IDENTIFICATION: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 2]);
const TRANSACTION_ID: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 5]);
const SENDER_NONCE: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 6]);
const RECIPIENT_NONCE: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 7]);
const REG_INFO: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 18]);
const BATCH_REQUESTS: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 28]);
const IDENTITY_PROOF_V2: &Oid = Oid::const_new(&[1, 3, 6, 1, 5, 5, 7, 7, 34]);

/// The value of a control.
enum Control {
    Identification { _text: Utf8String },
    TransactionId(Integer),
    SenderNonce(OctetString),
    RecipientNonce { _octets: OctetString },
    RegInfo { _octets: OctetString },
    BatchRequests { _ids: SequenceOf<u32> },
    IdentityProofV2 { _proof: IdentityProofV2 },
    Other,
}

fn control(id: &Oid, value: &Any) -> Outcomes<Control> {
    let der = value.as_bytes();
    Ok(match id {
        it if *it == *IDENTIFICATION => Control::Identification { _text: decode(der)? },
        it if *it == *TRANSACTION_ID => Control::TransactionId(decode(der)?),
        it if *it == *SENDER_NONCE => Control::SenderNonce(decode(der)?),
        it if *it == *RECIPIENT_NONCE => Control::RecipientNonce { _octets: decode(der)? },
        it if *it == *REG_INFO => Control::RegInfo { _octets: decode(der)? },
        it if *it == *BATCH_REQUESTS => Control::BatchRequests { _ids: decode(der)? },
        it if *it == *IDENTITY_PROOF_V2 => Control::IdentityProofV2 { _proof: decode(der)? },
        _ => Control::Other,
    })
}

const EXTENSION_REQUEST: &Oid = Oid::const_new(&[1, 2, 840, 113_549, 1, 9, 14]);
const ALGORITHM_PROTECTION: &Oid = Oid::const_new(&[1, 2, 840, 113_549, 1, 9, 52]);

/// The value of an attribute.
enum Value {
    ContentType { _id: ObjectIdentifier },
    MessageDigest { _digest: OctetString },
    SigningTime { _time: Time },
    ExtensionRequest(SequenceOf<Extension>),
    AlgorithmProtection { _algorithms: CmsAlgorithmProtection },
    Other,
}

fn value(id: &Oid, value: &Any) -> Outcomes<Value> {
    let der = value.as_bytes();
    Ok(match id {
        it if *it == *rasn_cms::CONTENT_TYPE => Value::ContentType { _id: decode(der)? },
        it if *it == *rasn_cms::MESSAGE_DIGEST => Value::MessageDigest { _digest: decode(der)? },
        it if *it == *rasn_cms::SIGNING_TIME => Value::SigningTime { _time: decode(der)? },
        it if *it == *EXTENSION_REQUEST => Value::ExtensionRequest(decode(der)?),
        it if *it == *ALGORITHM_PROTECTION => {
            Value::AlgorithmProtection { _algorithms: decode(der)? }
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
    fn decode(info: &ContentInfo) -> Outcomes<Self> {
        let signed: SignedData = decode(info.content.as_bytes())?;
        let octets = signed.encap_content_info.content.as_ref().ok_or("no content")?;
        let content: PkiData = decode(octets)?;
        let controls = content.control_sequence.iter();
        let controls = controls
            .flat_map(|it| it.attr_values.iter().map(|value| control(&it.attr_type, value)))
            .collect::<Outcomes<_>>()?;
        let requested = content.req_sequence.iter().filter_map(|request| match request {
            TaggedRequest::Tcr(it) => {
                it.certification_request.certification_request_info.attributes.as_ref()
            }
            _ => None,
        });
        let signers = signed.signer_infos.iter();
        let values = requested
            .chain(signers.filter_map(|info| info.signed_attrs.as_ref()))
            .flat_map(SetOf::iter)
            .flat_map(|it| it.values.iter().map(|octets| value(&it.r#type, octets)))
            .collect::<Outcomes<_>>()?;
        let nested = content.cms_sequence.iter().map(|it| Self::decode(&it.content_info));
        let nested = nested.collect::<Outcomes<_>>()?;
        Ok(Self { _signed: signed, content, controls, values, nested })
    }
}

/// Decodes everything.
pub fn load(data: &[u8]) -> Outcomes<Outcome> {
    measured(
        || Message::decode(&decode(data)?),
        |message| Ok((message.nested.len(), message.nested.len().into())),
    )
}

/// Decodes everything and reads the six fields of each nested message.
pub fn read(data: &[u8]) -> Outcomes<Outcome> {
    let work = || {
        let message = Message::decode(&decode(data)?)?;
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
    transaction_id: Integer,
    sender_nonce: OctetString,
    subject: Name,
    public_key: SubjectPublicKeyInfo,
    extensions: SequenceOf<Extension>,
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
                let info = it.certification_request.certification_request_info;
                let extensions = message.values.into_iter().find_map(|value| match value {
                    Value::ExtensionRequest(extensions) => Some(extensions),
                    _ => None,
                });
                (info.subject, info.subject_public_key_info, extensions?, Pop::Pkcs10)
            }
            TaggedRequest::Crm(it) => {
                let template = it.cert_req.cert_template;
                let pop = match it.popo {
                    Some(ProofOfPossession::Signature(_)) => Pop::Signature,
                    _ => Pop::Another,
                };
                (template.subject?, template.public_key?, template.extensions?.to_vec(), pop)
            }
            TaggedRequest::Orm(_) => return None,
        };
    let (transaction_id, sender_nonce) = (transaction_id?, sender_nonce?);
    Some(Row { transaction_id, sender_nonce, subject, public_key, extensions, pop })
}

const COMMON_NAME: &Oid = Oid::const_new(&[2, 5, 4, 3]);

fn fields(row: &Row) -> Option<Fields> {
    let Name::RdnSequence(subject) = &row.subject;
    let mut attributes = subject.iter().flat_map(|names| names.iter());
    let name = attributes.find(|attribute| attribute.r#type == *COMMON_NAME)?;
    Some(Fields {
        transaction_id: row.transaction_id.to_string().parse().ok()?,
        sender_nonce: row.sender_nonce.to_vec(),
        common_name: decode::<Utf8String>(name.value.as_bytes()).ok()?,
        key_octets: row.public_key.subject_public_key.as_raw_slice().len(),
        extensions: row.extensions.iter().map(|extension| extension.extn_id.to_string()).collect(),
        pop: row.pop,
    })
}
