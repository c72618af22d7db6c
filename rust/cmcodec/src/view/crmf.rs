//! Certificate Request Message Format (RFC 4211), as CMC uses it (RFC 10002
//! §3.2.1.2.2).

use super::certificate::subject_key_identifier;
use super::elements::{AlgorithmIdentifier, Elements};
use crate::der::Tlv;

/// CertReqMsg (RFC 4211 §3), with what matters of its CertRequest
/// (§5):
///
/// ```text
/// CertReqMsg ::= SEQUENCE {
///    certReq  CertRequest,
///    popo     ProofOfPossession OPTIONAL,
///    regInfo  SEQUENCE SIZE (1..MAX) OF AttributeTypeAndValue OPTIONAL }
///
/// CertRequest ::= SEQUENCE {
///    certReqId     INTEGER,
///    certTemplate  CertTemplate,
///    controls      Controls OPTIONAL }
///
/// CertTemplate ::= SEQUENCE {
///    ...
///    publicKey   [6] SubjectPublicKeyInfo OPTIONAL,
///    ...
///    extensions  [9] Extensions OPTIONAL }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CertReqMsg {
    /// `certReq`.
    pub cert_req: Tlv,
    /// `certReq.certReqId`.
    pub cert_req_id: Tlv,
    /// `certReq.certTemplate.publicKey`.
    pub public_key: Option<Tlv>,
    /// `certReq.certTemplate.extensions`.
    pub extensions: Option<Tlv>,
    /// `popo`.
    pub popo: Option<ProofOfPossession>,
}

/// ProofOfPossession (RFC 4211 §4):
///
/// ```text
/// ProofOfPossession ::= CHOICE {
///    raVerified       [0] NULL,
///    signature        [1] POPOSigningKey,
///    keyEncipherment  [2] POPOPrivKey,
///    keyAgreement     [3] POPOPrivKey }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum ProofOfPossession {
    /// `raVerified`.
    RaVerified,
    /// `signature`.
    Signature(PopoSigningKey),
    /// `keyEncipherment` or `keyAgreement`.
    PrivateKey,
}

/// POPOSigningKey (RFC 4211 §4.1):
///
/// ```text
/// POPOSigningKey ::= SEQUENCE {
///    poposkInput          [0] POPOSigningKeyInput OPTIONAL,
///    algorithmIdentifier  AlgorithmIdentifier,
///    signature            BIT STRING }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PopoSigningKey {
    /// `poposkInput`.
    pub poposk_input: Option<Tlv>,
    /// `algorithmIdentifier`.
    pub algorithm_identifier: AlgorithmIdentifier,
    /// `signature`.
    pub signature: Tlv,
}

impl CertReqMsg {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        let cert_req = fields.take_if(0x30)?;
        let mut request = Elements::of(data, cert_req);
        let cert_req_id = request.take_if(0x02)?;
        let template = Elements::of(data, request.take_if(0x30)?);
        let field = |tag| template.clone().find(|field| field.tag() == tag);
        Some(Self {
            cert_req,
            cert_req_id,
            public_key: field(0xA6),
            extensions: field(0xA9),
            popo: match fields.next() {
                Some(popo) if popo.tag() != 0x30 => Some(ProofOfPossession::read(data, popo)?),
                _ => None,
            },
        })
    }

    /// The subject key identifier in the template.
    pub fn key_identifier<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        subject_key_identifier(data, self.extensions?)
    }
}

impl ProofOfPossession {
    /// Reads the alternative that `tlv` is.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        match tlv.tag() {
            0x80 => Some(Self::RaVerified),
            0xA1 => PopoSigningKey::read(data, tlv).map(Self::Signature),
            _ => Some(Self::PrivateKey),
        }
    }
}

impl PopoSigningKey {
    /// Reads the fields of `tlv`.
    pub fn read(data: &[u8], tlv: Tlv) -> Option<Self> {
        let mut fields = Elements::of(data, tlv);
        Some(Self {
            poposk_input: fields.take_if(0xA0),
            algorithm_identifier: AlgorithmIdentifier::read(data, fields.take_if(0x30)?)?,
            signature: fields.take_if(0x03)?,
        })
    }
}
