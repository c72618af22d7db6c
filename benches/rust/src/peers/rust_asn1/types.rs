//! The CMC levels as types of the `asn1` crate, fields in the standards' order.

use asn1::{
    Asn1DefinedByRead, Asn1Read, Asn1Readable, BigInt, BitString, DefinedByMarker, Explicit,
    IA5String, Null, ObjectIdentifier, OctetStringEncoded, PrintableString, Sequence, SequenceOf,
    SetOf, SimpleAsn1Readable, Tag, Tlv, UtcTime, Utf8String, X509GeneralizedTime, oid,
};

/// A value and the octets that it was read from, which a signature covers.
pub struct Kept<'a, T> {
    /// Its content octets.
    pub content: &'a [u8],
    pub value: T,
}

impl<'a, T: SimpleAsn1Readable<'a>> SimpleAsn1Readable<'a> for Kept<'a, T> {
    const TAG: Tag = T::TAG;

    fn parse_data(content: &'a [u8]) -> asn1::ParseResult<Self> {
        Ok(Self { content, value: T::parse_data(content)? })
    }
}

impl<'a, T: SimpleAsn1Readable<'a>> Kept<'a, T> {
    /// What is signed: the element under its own tag.
    pub fn signed(&self) -> asn1::WriteResult<Vec<u8>> {
        asn1::write(|writer| {
            writer.write_tlv(T::TAG, Some(self.content.len()), |octets| {
                octets.push_slice(self.content)
            })
        })
    }
}

/// A SEQUENCE OF whose elements are made once: nested messages, which a `SequenceOf` would decode
/// again for everybody who iterates.
pub struct List<T>(pub Vec<T>);

impl<'a, T: Asn1Readable<'a>> SimpleAsn1Readable<'a> for List<T> {
    const TAG: Tag = <Sequence<'a> as SimpleAsn1Readable<'a>>::TAG;

    fn parse_data(content: &'a [u8]) -> asn1::ParseResult<Self> {
        asn1::parse(content, |parser| {
            let mut elements = Vec::new();
            while !parser.is_empty() {
                elements.push(parser.read_element()?);
            }
            Ok(Self(elements))
        })
    }
}

// --- X.509 and PKCS#10 ---------------------------------------------------------------------------

#[derive(Asn1Read)]
pub struct AlgorithmIdentifier<'a> {
    pub algorithm: ObjectIdentifier,
    pub parameters: Option<Tlv<'a>>,
}

#[derive(Asn1Read)]
pub struct AttributeTypeAndValue<'a> {
    pub r#type: ObjectIdentifier,
    pub value: AttributeValue<'a>,
}

#[derive(Asn1Read)]
pub enum AttributeValue<'a> {
    Utf8(Utf8String<'a>),
    Printable(PrintableString<'a>),
    Ia5(IA5String<'a>),
    Other(Tlv<'a>),
}

pub type Name<'a> = SequenceOf<'a, SetOf<'a, AttributeTypeAndValue<'a>>>;

#[derive(Asn1Read)]
pub struct Extension<'a> {
    pub extn_id: ObjectIdentifier,
    #[default(false)]
    pub critical: bool,
    pub extn_value: &'a [u8],
}

pub type Extensions<'a> = SequenceOf<'a, Extension<'a>>;

#[derive(Asn1Read)]
pub struct SubjectPublicKeyInfo<'a> {
    pub algorithm: AlgorithmIdentifier<'a>,
    pub subject_public_key: BitString<'a>,
}

#[derive(Asn1Read)]
pub enum Time {
    Utc(UtcTime),
    General(X509GeneralizedTime),
}

#[derive(Asn1Read)]
pub struct Validity {
    pub not_before: Time,
    pub not_after: Time,
}

#[derive(Asn1Read)]
pub struct TbsCertificate<'a> {
    #[explicit(0)]
    #[default(0u8)]
    pub version: u8,
    pub serial_number: BigInt<'a>,
    pub signature: AlgorithmIdentifier<'a>,
    pub issuer: Name<'a>,
    pub validity: Validity,
    pub subject: Name<'a>,
    pub subject_public_key_info: SubjectPublicKeyInfo<'a>,
    #[implicit(1)]
    pub issuer_unique_id: Option<BitString<'a>>,
    #[implicit(2)]
    pub subject_unique_id: Option<BitString<'a>>,
    #[explicit(3)]
    pub extensions: Option<Extensions<'a>>,
}

#[derive(Asn1Read)]
pub struct Certificate<'a> {
    pub tbs_certificate: TbsCertificate<'a>,
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    pub signature_value: BitString<'a>,
}

#[derive(Asn1Read)]
pub struct CertificationRequestInfo<'a> {
    pub version: u8,
    pub subject: Name<'a>,
    pub subject_public_key_info: SubjectPublicKeyInfo<'a>,
    #[implicit(0)]
    pub attributes: Option<SetOf<'a, Attribute<'a>>>,
}

#[derive(Asn1Read)]
pub struct CertificationRequest<'a> {
    pub certification_request_info: Kept<'a, CertificationRequestInfo<'a>>,
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    pub signature: BitString<'a>,
}

// --- CRMF ----------------------------------------------------------------------------------------

#[derive(Asn1Read)]
pub struct OptionalValidity {
    #[explicit(0)]
    pub not_before: Option<Time>,
    #[explicit(1)]
    pub not_after: Option<Time>,
}

#[derive(Asn1Read)]
pub struct CertTemplate<'a> {
    #[implicit(0)]
    pub version: Option<u8>,
    #[implicit(1)]
    pub serial_number: Option<BigInt<'a>>,
    #[implicit(2)]
    pub signing_alg: Option<AlgorithmIdentifier<'a>>,
    #[explicit(3)]
    pub issuer: Option<Name<'a>>,
    #[implicit(4)]
    pub validity: Option<OptionalValidity>,
    #[explicit(5)]
    pub subject: Option<Name<'a>>,
    #[implicit(6)]
    pub public_key: Option<SubjectPublicKeyInfo<'a>>,
    #[implicit(7)]
    pub issuer_uid: Option<BitString<'a>>,
    #[implicit(8)]
    pub subject_uid: Option<BitString<'a>>,
    #[implicit(9)]
    pub extensions: Option<Extensions<'a>>,
}

#[derive(Asn1Read)]
pub struct OpenTypeAndValue<'a> {
    pub r#type: ObjectIdentifier,
    pub value: Tlv<'a>,
}

#[derive(Asn1Read)]
pub struct CertRequest<'a> {
    pub cert_req_id: u32,
    pub cert_template: CertTemplate<'a>,
    pub controls: Option<SequenceOf<'a, OpenTypeAndValue<'a>, 1>>,
}

#[derive(Asn1Read)]
pub struct PopoSigningKeyInput<'a> {
    pub auth_info: Tlv<'a>,
    pub public_key: SubjectPublicKeyInfo<'a>,
}

#[derive(Asn1Read)]
pub struct PopoSigningKey<'a> {
    #[implicit(0)]
    pub poposk_input: Option<PopoSigningKeyInput<'a>>,
    pub algorithm_identifier: AlgorithmIdentifier<'a>,
    pub signature: BitString<'a>,
}

#[derive(Asn1Read)]
pub enum ProofOfPossession<'a> {
    #[implicit(0)]
    RaVerified(Null),
    #[implicit(1)]
    Signature(PopoSigningKey<'a>),
    #[explicit(2)]
    KeyEncipherment(Tlv<'a>),
    #[explicit(3)]
    KeyAgreement(Tlv<'a>),
}

#[derive(Asn1Read)]
pub struct CertReqMsg<'a> {
    pub cert_req: Kept<'a, CertRequest<'a>>,
    pub popo: Option<ProofOfPossession<'a>>,
    pub reg_info: Option<SequenceOf<'a, OpenTypeAndValue<'a>, 1>>,
}

// --- CMS -----------------------------------------------------------------------------------------

const SIGNED_DATA: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 7, 2);

#[derive(Asn1Read)]
pub struct ContentInfo<'a> {
    pub content_type: DefinedByMarker<ObjectIdentifier>,
    #[defined_by(content_type)]
    pub content: Content<'a>,
}

#[derive(Asn1DefinedByRead)]
pub enum Content<'a> {
    #[defined_by(SIGNED_DATA)]
    SignedData(Explicit<Box<SignedData<'a>>, 0>),
    #[default]
    Other(ObjectIdentifier, Explicit<Tlv<'a>, 0>),
}

#[derive(Asn1Read)]
pub struct SignedData<'a> {
    pub version: u8,
    pub digest_algorithms: SetOf<'a, AlgorithmIdentifier<'a>>,
    pub encap_content_info: EncapsulatedContentInfo<'a>,
    #[implicit(0)]
    pub certificates: Option<SetOf<'a, CertificateChoices<'a>>>,
    #[implicit(1)]
    pub crls: Option<SetOf<'a, Tlv<'a>>>,
    pub signer_infos: SetOf<'a, SignerInfo<'a>>,
}

#[derive(Asn1Read)]
pub enum CertificateChoices<'a> {
    Certificate(Certificate<'a>),
    Other(Tlv<'a>),
}

#[derive(Asn1Read)]
pub struct EncapsulatedContentInfo<'a> {
    pub e_content_type: DefinedByMarker<ObjectIdentifier>,
    #[defined_by(e_content_type)]
    pub e_content: EContent<'a>,
}

pub const PKI_DATA: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 12, 2);

#[derive(Asn1DefinedByRead)]
pub enum EContent<'a> {
    #[defined_by(PKI_DATA)]
    PkiData(Explicit<Kept<'a, OctetStringEncoded<PkiData<'a>>>, 0>),
    #[default]
    Other(ObjectIdentifier, Option<Explicit<&'a [u8], 0>>),
}

#[derive(Asn1Read)]
pub struct IssuerAndSerialNumber<'a> {
    pub issuer: Name<'a>,
    pub serial_number: BigInt<'a>,
}

#[derive(Asn1Read)]
pub enum SignerIdentifier<'a> {
    IssuerAndSerialNumber(IssuerAndSerialNumber<'a>),
    #[implicit(0)]
    SubjectKeyIdentifier(&'a [u8]),
}

#[derive(Asn1Read)]
pub struct SignerInfo<'a> {
    pub version: u8,
    pub sid: SignerIdentifier<'a>,
    pub digest_algorithm: AlgorithmIdentifier<'a>,
    #[implicit(0)]
    pub signed_attrs: Option<Kept<'a, SetOf<'a, Attribute<'a>>>>,
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    pub signature: &'a [u8],
    #[implicit(1)]
    pub unsigned_attrs: Option<SetOf<'a, Attribute<'a>>>,
}

const CONTENT_TYPE: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 9, 3);
const MESSAGE_DIGEST: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 9, 4);
const SIGNING_TIME: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 9, 5);
const EXTENSION_REQUEST: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 9, 14);
const ALGORITHM_PROTECTION: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 9, 52);

#[derive(Asn1Read)]
pub struct Attribute<'a> {
    pub attr_type: DefinedByMarker<ObjectIdentifier>,
    #[defined_by(attr_type)]
    pub attr_values: AttributeValues<'a>,
}

#[derive(Asn1DefinedByRead)]
pub enum AttributeValues<'a> {
    #[defined_by(CONTENT_TYPE)]
    ContentType(SetOf<'a, ObjectIdentifier>),
    #[defined_by(MESSAGE_DIGEST)]
    MessageDigest(SetOf<'a, &'a [u8]>),
    #[defined_by(SIGNING_TIME)]
    SigningTime(SetOf<'a, Time>),
    #[defined_by(EXTENSION_REQUEST)]
    ExtensionRequest(SetOf<'a, Extensions<'a>>),
    #[defined_by(ALGORITHM_PROTECTION)]
    AlgorithmProtection(SetOf<'a, CmsAlgorithmProtection<'a>>),
    #[default]
    Other(ObjectIdentifier, SetOf<'a, Tlv<'a>>),
}

#[derive(Asn1Read)]
pub struct CmsAlgorithmProtection<'a> {
    pub digest_algorithm: AlgorithmIdentifier<'a>,
    #[implicit(1)]
    pub signature_algorithm: Option<AlgorithmIdentifier<'a>>,
    #[implicit(2)]
    pub mac_algorithm: Option<AlgorithmIdentifier<'a>>,
}

// --- CMC -----------------------------------------------------------------------------------------

const IDENTIFICATION: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 2);
const TRANSACTION_ID: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 5);
const SENDER_NONCE: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 6);
const RECIPIENT_NONCE: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 7);
const REG_INFO: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 18);
const BATCH_REQUESTS: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 28);
const IDENTITY_PROOF_V2: ObjectIdentifier = oid!(1, 3, 6, 1, 5, 5, 7, 7, 34);

#[derive(Asn1Read)]
pub struct TaggedAttribute<'a> {
    pub body_part_id: u32,
    pub attr_type: DefinedByMarker<ObjectIdentifier>,
    #[defined_by(attr_type)]
    pub attr_values: ControlValues<'a>,
}

#[derive(Asn1DefinedByRead)]
pub enum ControlValues<'a> {
    #[defined_by(IDENTIFICATION)]
    Identification(SetOf<'a, Utf8String<'a>>),
    #[defined_by(TRANSACTION_ID)]
    TransactionId(SetOf<'a, BigInt<'a>>),
    #[defined_by(SENDER_NONCE)]
    SenderNonce(SetOf<'a, &'a [u8]>),
    #[defined_by(RECIPIENT_NONCE)]
    RecipientNonce(SetOf<'a, &'a [u8]>),
    #[defined_by(REG_INFO)]
    RegInfo(SetOf<'a, &'a [u8]>),
    #[defined_by(BATCH_REQUESTS)]
    BatchRequests(SetOf<'a, SequenceOf<'a, u32>>),
    #[defined_by(IDENTITY_PROOF_V2)]
    IdentityProofV2(SetOf<'a, IdentityProofV2<'a>>),
    #[default]
    Other(ObjectIdentifier, SetOf<'a, Tlv<'a>>),
}

#[derive(Asn1Read)]
pub struct IdentityProofV2<'a> {
    pub proof_alg_id: AlgorithmIdentifier<'a>,
    pub mac_alg_id: AlgorithmIdentifier<'a>,
    pub witness: &'a [u8],
}

#[derive(Asn1Read)]
pub struct TaggedCertificationRequest<'a> {
    pub body_part_id: u32,
    pub certification_request: CertificationRequest<'a>,
}

#[derive(Asn1Read)]
pub struct OtherRequest<'a> {
    pub body_part_id: u32,
    pub request_message_type: ObjectIdentifier,
    pub request_message_value: Tlv<'a>,
}

#[derive(Asn1Read)]
pub enum TaggedRequest<'a> {
    #[implicit(0)]
    Tcr(TaggedCertificationRequest<'a>),
    #[implicit(1)]
    Crm(CertReqMsg<'a>),
    #[implicit(2)]
    Orm(OtherRequest<'a>),
}

#[derive(Asn1Read)]
pub struct TaggedContentInfo<'a> {
    pub body_part_id: u32,
    pub content_info: ContentInfo<'a>,
}

#[derive(Asn1Read)]
pub struct OtherMsg<'a> {
    pub body_part_id: u32,
    pub other_msg_type: ObjectIdentifier,
    pub other_msg_value: Tlv<'a>,
}

#[derive(Asn1Read)]
pub struct PkiData<'a> {
    pub control_sequence: SequenceOf<'a, TaggedAttribute<'a>>,
    pub req_sequence: SequenceOf<'a, TaggedRequest<'a>>,
    pub cms_sequence: List<TaggedContentInfo<'a>>,
    pub other_msg_sequence: SequenceOf<'a, OtherMsg<'a>>,
}
