"""`cmcodec`, with the backend in use (``cmcodec._backend.use``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cmcodec
from benches.peers import ingredients, signatures
from benches.peers.answers import COMMON_NAME, Fields
from benches.peers.ingredients import IdentityProof
from benches.workload import (
    EXTENSION_REQUEST,
    PKI_DATA,
    SENDER_NONCE,
    SIGNED_DATA,
    TRANSACTION_ID,
    certificates,
)
from cmcodec import types
from cmcodec.asn1 import TLV, BitString
from cmcodec.types import controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benches.peers.ingredients import Algorithm, Answer, Ingredients
    from benches.workload.keys import PrivateKey

    Identity = tuple[PrivateKey, bytes]

NAME = "cmcodec"
DISTRIBUTIONS = ("cmcodec",)


# --- decoding --------------------------------------------------------------------------------


def load(der: bytes) -> cmcodec.Message:
    """Validates everything."""
    return cmcodec.load(der)


def read(der: bytes) -> list[tuple[Any, ...]]:
    """Validates everything and reads the six fields."""
    messages = cmcodec.load(der).unverified_messages
    return [six_fields(message.unverified_content) for _, message in messages]


def six_fields(content: Any) -> tuple[Any, ...]:
    """The fields, as they are in a PKIData."""
    transaction_id = sender_nonce = None
    for control in content.control_sequence:
        if control.attr_type == TRANSACTION_ID:
            transaction_id = control.attr_values[0].value
        elif control.attr_type == SENDER_NONCE:
            sender_nonce = control.attr_values[0].value
    request = content.req_sequence[0]
    if request.tcr is not None:
        info = request.tcr.certification_request.certification_request_info
        subject, key, extensions = info.subject, info.subject_public_key_info, ()
        for attribute in info.attributes:
            if attribute.attr_type == EXTENSION_REQUEST:
                extensions = attribute.attr_values[0].value
        return transaction_id, sender_nonce, subject, key, extensions, "pkcs10"
    template = request.crm.cert_req.cert_template
    pop = "another" if request.crm.popo.signature is None else "signature"
    return (
        transaction_id,
        sender_nonce,
        template.subject,
        template.public_key,
        template.extensions,
        pop,
    )


def fields(rows: Iterable[tuple[Any, ...]]) -> Iterable[Fields]:
    for transaction_id, sender_nonce, subject, key, extensions, pop in rows:
        (name,) = (
            attribute.value.der[2:].decode()
            for rdn in subject.rdn_sequence
            for attribute in rdn
            if attribute.type == COMMON_NAME
        )
        size = len(key.subject_public_key.data)
        oids = tuple(extension.extn_id for extension in extensions)
        yield Fields(transaction_id, sender_nonce, name, size, oids, pop)


def walk(der: bytes) -> list[tuple[Any, Any]]:
    """Validates everything and makes everything: structure and content of each message."""
    message = cmcodec.load(der)
    found: list[tuple[Any, Any]] = [(message.unverified_structure, None)]
    found.extend(
        (nested.unverified_structure, nested.unverified_content)
        for _, nested in message.unverified_messages
    )
    return found


def contents(found: cmcodec.Message | list[tuple[Any, Any]]) -> list[Any]:
    """Each nested PKIData of what `load` or `walk` found."""
    if isinstance(found, cmcodec.Message):
        return [message.unverified_content for _, message in found.unverified_messages]
    return [content for _, content in found[1:]]


# --- encoding --------------------------------------------------------------------------------


class Parts(NamedTuple):
    """A message but for the layers that hold the octets of its content."""

    content: types.PKIData
    certificates: tuple[types.CertificateChoices, ...] | None
    signer_info: types.SignerInfo


def objects(der: bytes) -> Iterator[Parts]:
    return (_parts(it) for it in ingredients.messages(der))


def encode(objects: Iterable[Parts]) -> list[bytes]:
    return [_whole(it).to_der() for it in objects]


def _whole(parts: Parts) -> types.ContentInfo:
    return types.ContentInfo(
        content_type=SIGNED_DATA,
        content=types.SignedData(
            version=3,
            digest_algorithms=(parts.signer_info.digest_algorithm,),
            encap_content_info=types.EncapsulatedContentInfo(
                e_content_type=PKI_DATA, e_content=parts.content.to_der()
            ),
            certificates=parts.certificates,
            signer_infos=(parts.signer_info,),
        ),
    )


CONTROLS: dict[str, Any] = {
    ingredients.IDENTIFICATION: controls.Identification,
    TRANSACTION_ID: controls.TransactionId,
    SENDER_NONCE: controls.SenderNonce,
}


def _parts(it: Ingredients) -> Parts:
    content = types.PKIData(
        control_sequence=tuple(
            types.TaggedAttribute(
                body_part_id=number, attr_type=oid, attr_values=(_control(oid, value),)
            )
            for number, oid, value in it.controls
        ),
        req_sequence=(_pkcs10(it) if it.form == "pkcs10" else _crmf(it),),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    certificates = tuple(
        types.CertificateChoices(certificate=types.Certificate(der)) for der in it.certificates
    )
    return Parts(content, certificates or None, _signer_info(it))


def _control(oid: str, value: Any) -> Any:
    if isinstance(value, IdentityProof):
        return controls.IdentityProofV2(
            proof_alg_id=_algorithm(value.proof_algorithm),
            mac_alg_id=_algorithm(value.mac_algorithm),
            witness=value.witness,
        )
    return CONTROLS[oid](value)


def _signer_info(it: Ingredients) -> types.SignerInfo:
    digest, signature = _algorithm(it.digest), _algorithm(it.signature_algorithm)
    values: tuple[tuple[str, Any], ...] = (
        (signatures.CONTENT_TYPE, types.ContentType(PKI_DATA)),
        (signatures.MESSAGE_DIGEST, types.MessageDigest(it.message_digest)),
        (signatures.SIGNING_TIME, types.SigningTime(types.Time(utc_time=it.signing_time))),
        (
            signatures.ALGORITHM_PROTECTION,
            types.CMSAlgorithmProtection(digest_algorithm=digest, signature_algorithm=signature),
        ),
    )
    return types.SignerInfo(
        version=3,
        sid=types.SignerIdentifier(subject_key_identifier=it.signer),
        digest_algorithm=digest,
        signed_attrs=tuple(
            types.Attribute(attr_type=oid, attr_values=(value,)) for oid, value in values
        ),
        signature_algorithm=signature,
        signature=it.signature,
    )


def _pkcs10(it: Ingredients) -> types.TaggedRequest:
    request = types.CertificationRequest(
        certification_request_info=types.CertificationRequestInfo(
            version=0,
            subject=_name(it),
            subject_public_key_info=_key(it),
            attributes=(
                types.Attribute(
                    attr_type=EXTENSION_REQUEST,
                    attr_values=(types.ExtensionReq(_extensions(it)),),
                ),
            ),
        ),
        signature_algorithm=_algorithm(it.pop_algorithm),
        signature=BitString(it.pop),
    )
    return types.TaggedRequest(
        tcr=types.TaggedCertificationRequest(
            body_part_id=ingredients.REQUEST_ID, certification_request=request
        )
    )


def _crmf(it: Ingredients) -> types.TaggedRequest:
    template = types.CertTemplate(
        subject=_name(it), public_key=_key(it), extensions=_extensions(it)
    )
    proof = types.POPOSigningKey(
        algorithm_identifier=_algorithm(it.pop_algorithm), signature=BitString(it.pop)
    )
    return types.TaggedRequest(
        crm=types.CertReqMsg(
            cert_req=types.CertRequest(cert_req_id=ingredients.REQUEST_ID, cert_template=template),
            popo=types.ProofOfPossession(signature=proof),
        )
    )


def _name(it: Ingredients) -> types.Name:
    return types.Name(
        rdn_sequence=tuple(
            (types.AttributeTypeAndValue(type=oid, value=TLV(value)),) for oid, value in it.subject
        )
    )


def _key(it: Ingredients) -> types.SubjectPublicKeyInfo:
    return types.SubjectPublicKeyInfo(
        algorithm=_algorithm(it.key_algorithm), subject_public_key=BitString(it.key)
    )


def _extensions(it: Ingredients) -> tuple[types.Extension, ...]:
    return tuple(
        types.Extension(extn_id=oid, critical=critical, extn_value=octets)
        for oid, critical, octets in it.extensions
    )


def _algorithm(it: Algorithm) -> types.AlgorithmIdentifier:
    parameters = None if it.parameters is None else TLV(it.parameters)
    return types.AlgorithmIdentifier(algorithm=it.oid, parameters=parameters)


# --- verifying -------------------------------------------------------------------------------


def verify(der: bytes) -> int:
    report = cmcodec.verify_batch(der, threads=1)
    return report.counts().get("verified", 0)


# --- building --------------------------------------------------------------------------------


def build(answers: list[Answer], threads: int = 1, by: Identity | None = None) -> bytes:
    """By the authority, unless it is another's key and certificate that sign."""
    # Imported here because the benches run with packages that cannot build, too (`compare`).
    from cmcodec import builders, cms

    key, certificate = by or (certificates.authority(), certificates.authority_certificate())
    signer = cms.SigningKey.from_private_key(key, certificate)
    drafts = [cms.Draft(_response(it), it.certificates) for it in answers]
    messages = cms.sign_many(drafts, signer, threads=threads)
    return builders.batch_responses(messages, signer, ids=range(1, 1 + len(messages)))


def _response(it: Answer) -> types.PKIResponse:
    values = (
        (TRANSACTION_ID, controls.TransactionId(it.transaction_id)),
        (SENDER_NONCE, controls.SenderNonce(it.sender_nonce)),
        (ingredients.RECIPIENT_NONCE, controls.RecipientNonce(it.recipient_nonce)),
        (ingredients.STATUS, ingredients.SUCCESS),
    )
    return types.PKIResponse(
        control_sequence=tuple(
            types.TaggedAttribute(body_part_id=number, attr_type=oid, attr_values=(value,))
            for number, (oid, value) in enumerate(values, 1)
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )
