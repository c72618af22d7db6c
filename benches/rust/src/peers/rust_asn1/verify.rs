//! Verification as a user of `asn1` and aws-lc-rs writes it: each key is read where it is needed.

use asn1::{BitString, ObjectIdentifier, OctetStringEncoded, oid};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::requested;
use super::types::{
    AttributeValues, CertificateChoices, Content, ContentInfo, EContent, Extensions, Kept,
    PKI_DATA, PkiData, ProofOfPossession, SignedData, SignerIdentifier, SignerInfo,
    SubjectPublicKeyInfo, TaggedRequest,
};
use crate::Result;

const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = oid!(2, 5, 29, 14);

const SHA_256: ObjectIdentifier = oid!(2, 16, 840, 1, 101, 3, 4, 2, 1);
const SHA_512: ObjectIdentifier = oid!(2, 16, 840, 1, 101, 3, 4, 2, 3);

const RSA_SHA_256: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 1, 11);
const ECDSA_SHA_256: ObjectIdentifier = oid!(1, 2, 840, 10045, 4, 3, 2);
const ID_ED25519: ObjectIdentifier = oid!(1, 3, 101, 112);

/// Verifies a message and those nested in it; returns how many they are.
pub fn message(message: &ContentInfo<'_>) -> Result<usize> {
    let Content::SignedData(signed) = &message.content else { return Err("no SignedData".into()) };
    let signed = signed.as_inner();
    let EContent::PkiData(octets) = &signed.encap_content_info.e_content else {
        return Err("no PKIData".into());
    };
    let octets = octets.as_inner();
    let content = octets.value.get();
    let mut signers = 0;
    for info in signed.signer_infos.clone() {
        signer(signed, octets, &info)?;
        signers += 1;
    }
    if signers == 0 {
        return Err("nobody signed".into());
    }
    for request in content.req_sequence.clone() {
        proof(&request)?;
    }
    let mut verified = 1;
    for nested in &content.cms_sequence.0 {
        verified += self::message(&nested.content_info)?;
    }
    Ok(verified)
}

fn signer(
    signed: &SignedData<'_>,
    content: &Kept<'_, OctetStringEncoded<PkiData<'_>>>,
    info: &SignerInfo<'_>,
) -> Result<()> {
    let attributes = info.signed_attrs.as_ref().ok_or("no signed attributes")?;
    let algorithm = match &info.digest_algorithm.algorithm {
        it if *it == SHA_256 => &digest::SHA256,
        it if *it == SHA_512 => &digest::SHA512,
        _ => return Err("another digest".into()),
    };
    let digest = digest::digest(algorithm, content.content);
    let (mut is_type_right, mut is_digest_right) = (false, false);
    for attribute in attributes.value.clone() {
        match attribute.attr_values {
            AttributeValues::ContentType(values) => is_type_right = values.eq([PKI_DATA]),
            AttributeValues::MessageDigest(values) => {
                is_digest_right = values.eq([digest.as_ref()])
            }
            _ => {}
        }
    }
    if !(is_type_right && is_digest_right) {
        return Err("another content".into());
    }
    let SignerIdentifier::SubjectKeyIdentifier(identifier) = info.sid else {
        return Err("no subjectKeyIdentifier".into());
    };
    let key = certified_key(signed, identifier)
        .or_else(|| requested_key(content.value.get(), identifier))
        .ok_or("no key of the signer")?;
    verify(&key, &info.signature_algorithm.algorithm, &attributes.signed()?, info.signature)
}

fn certified_key<'a>(
    signed: &SignedData<'a>,
    identifier: &[u8],
) -> Option<SubjectPublicKeyInfo<'a>> {
    signed.certificates.clone()?.find_map(|choice| {
        let CertificateChoices::Certificate(certificate) = choice else { return None };
        let tbs = certificate.tbs_certificate;
        is_named(tbs.extensions?, identifier).then_some(tbs.subject_public_key_info)
    })
}

fn requested_key<'a>(content: &PkiData<'a>, identifier: &[u8]) -> Option<SubjectPublicKeyInfo<'a>> {
    content.req_sequence.clone().find_map(|request| {
        let (_, key, extensions) = requested(request)?;
        is_named(extensions?, identifier).then_some(key)
    })
}

/// Whether the extensions name a key by this identifier.
fn is_named(mut extensions: Extensions<'_>, identifier: &[u8]) -> bool {
    extensions.any(|extension| {
        extension.extn_id == SUBJECT_KEY_IDENTIFIER
            && asn1::parse_single::<&[u8]>(extension.extn_value) == Ok(identifier)
    })
}

fn proof(request: &TaggedRequest<'_>) -> Result<()> {
    match request {
        TaggedRequest::Tcr(it) => {
            let it = &it.certification_request;
            let info = &it.certification_request_info;
            let key = &info.value.subject_public_key_info;
            let algorithm = &it.signature_algorithm.algorithm;
            verify(key, algorithm, &info.signed()?, octets(&it.signature)?)
        }
        TaggedRequest::Crm(it) => {
            let Some(ProofOfPossession::Signature(proof)) = &it.popo else {
                return Err("another proof of possession".into());
            };
            let request = &it.cert_req;
            let key = request.value.cert_template.public_key.as_ref().ok_or("no public key")?;
            let algorithm = &proof.algorithm_identifier.algorithm;
            verify(key, algorithm, &request.signed()?, octets(&proof.signature)?)
        }
        TaggedRequest::Orm(_) => Err("another request".into()),
    }
}

fn verify(
    key: &SubjectPublicKeyInfo<'_>,
    algorithm: &ObjectIdentifier,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let algorithm: &'static dyn VerificationAlgorithm = match algorithm {
        it if *it == RSA_SHA_256 => &RSA_PKCS1_2048_8192_SHA256,
        it if *it == ECDSA_SHA_256 => &ECDSA_P256_SHA256_ASN1,
        it if *it == ID_ED25519 => &ED25519,
        _ => return Err("another algorithm".into()),
    };
    UnparsedPublicKey::new(algorithm, octets(&key.subject_public_key)?)
        .verify(message, signature)
        .map_err(|_| "a signature is not good".into())
}

fn octets<'a>(bits: &BitString<'a>) -> Result<&'a [u8]> {
    if bits.padding_bits() != 0 {
        return Err("not whole octets".into());
    }
    Ok(bits.as_bytes())
}
