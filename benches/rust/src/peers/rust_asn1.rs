//! The peer rust-asn1 (the crate `asn1`): the CMC levels as its derived types, verified with
//! aws-lc-rs.
//!
//! Everything is typed but parameters of algorithms, extension values and what stands under an
//! OBJECT IDENTIFIER that does not occur here. It borrows: a SEQUENCE OF or SET OF is proven when
//! it is read, and its elements are made again when somebody iterates.
//!
//! Less than `cmcodec`: it does not look into values of unknown type, for repeated body part ids,
//! or at depth.

#[allow(dead_code)] // The schema is whole; what nobody asks for is read all the same.
mod types;
mod verify;

use self::types::{
    AttributeValue, AttributeValues, CertTemplate, CertificationRequestInfo, Content, ContentInfo,
    ControlValues, EContent, Extensions, Name, PkiData, ProofOfPossession, SubjectPublicKeyInfo,
    TaggedRequest,
};
use super::{Outcome, measured};
use crate::Result;
use crate::answers::{Fields, Pop, digest_of, number};

/// Decodes everything.
pub fn load(data: &[u8]) -> Result<Outcome> {
    measured(
        || decode(data),
        |message| {
            let messages = pki_data(message)?.cms_sequence.0.len();
            Ok((messages, messages.into()))
        },
    )
}

/// Decodes everything and reads the six fields of each nested message.
pub fn read(data: &[u8]) -> Result<Outcome> {
    let work = || {
        let message = decode(data)?;
        let nested = pki_data(&message)?.cms_sequence.0.iter();
        nested.map(|tagged| six_fields(pki_data(&tagged.content_info)?)).collect()
    };
    measured(work, |rows: &Vec<Row<'_>>| {
        let found: Vec<_> = rows.iter().map(fields).collect::<Option<_>>().ok_or("no name")?;
        Ok((rows.len(), digest_of(found).into()))
    })
}

/// Verifies the signer and the proof of possession of each message.
pub fn verify(data: &[u8]) -> Result<Outcome> {
    measured(|| verify::message(&decode(data)?), |verified| Ok((verified - 1, (*verified).into())))
}

fn decode(data: &[u8]) -> Result<ContentInfo<'_>> {
    asn1::parse_single(data).map_err(|error| error.to_string().into())
}

/// The PKIData that a message signs.
fn pki_data<'a, 'b>(message: &'b ContentInfo<'a>) -> Result<&'b PkiData<'a>> {
    let Content::SignedData(signed) = &message.content else { return Err("no SignedData".into()) };
    match &signed.as_inner().encap_content_info.e_content {
        EContent::PkiData(octets) => Ok(octets.as_inner().value.get()),
        EContent::Other(..) => Err("no PKIData".into()),
    }
}

/// The six fields in the types of the library.
struct Row<'a> {
    transaction_id: asn1::BigInt<'a>,
    sender_nonce: &'a [u8],
    subject: Name<'a>,
    public_key: SubjectPublicKeyInfo<'a>,
    extensions: Extensions<'a>,
    pop: Pop,
}

fn six_fields<'a>(content: &PkiData<'a>) -> Result<Row<'a>> {
    let (mut transaction_id, mut sender_nonce) = (None, None);
    for control in content.control_sequence.clone() {
        match control.attr_values {
            ControlValues::TransactionId(mut values) => transaction_id = values.next(),
            ControlValues::SenderNonce(mut values) => sender_nonce = values.next(),
            _ => {}
        }
    }
    let request = content.req_sequence.clone().next().ok_or("no request")?;
    let pop = match &request {
        TaggedRequest::Tcr(_) => Pop::Pkcs10,
        TaggedRequest::Crm(it) => match it.popo {
            Some(ProofOfPossession::Signature(_)) => Pop::Signature,
            _ => Pop::Another,
        },
        TaggedRequest::Orm(_) => Pop::Another,
    };
    let (subject, public_key, extensions) = requested(request).ok_or("no template")?;
    Ok(Row {
        transaction_id: transaction_id.ok_or("no transactionId")?,
        sender_nonce: sender_nonce.ok_or("no senderNonce")?,
        subject,
        public_key,
        extensions: extensions.ok_or("no extensions")?,
        pop,
    })
}

type Requested<'a> = (Name<'a>, SubjectPublicKeyInfo<'a>, Option<Extensions<'a>>);

/// Subject, public key and extensions that a request asks for.
fn requested(request: TaggedRequest<'_>) -> Option<Requested<'_>> {
    match request {
        TaggedRequest::Tcr(it) => {
            let info = it.certification_request.certification_request_info.value;
            let CertificationRequestInfo { subject, subject_public_key_info, attributes, .. } =
                info;
            let extensions = attributes.and_then(|mut attributes| {
                attributes.find_map(|attribute| match attribute.attr_values {
                    AttributeValues::ExtensionRequest(mut values) => values.next(),
                    _ => None,
                })
            });
            Some((subject, subject_public_key_info, extensions))
        }
        TaggedRequest::Crm(it) => {
            let CertTemplate { subject, public_key, extensions, .. } =
                it.cert_req.value.cert_template;
            Some((subject?, public_key?, extensions))
        }
        TaggedRequest::Orm(_) => None,
    }
}

const COMMON_NAME: asn1::ObjectIdentifier = asn1::oid!(2, 5, 4, 3);

fn fields(row: &Row<'_>) -> Option<Fields> {
    let mut names =
        row.subject.clone().flatten().filter(|attribute| attribute.r#type == COMMON_NAME);
    let AttributeValue::Utf8(common_name) = names.next()?.value else { return None };
    Some(Fields {
        transaction_id: number(row.transaction_id.as_bytes())?,
        sender_nonce: row.sender_nonce.to_vec(),
        common_name: common_name.as_str().to_owned(),
        key_octets: row.public_key.subject_public_key.as_bytes().len(),
        extensions: row.extensions.clone().map(|extension| extension.extn_id.to_string()).collect(),
        pop: row.pop,
    })
}
