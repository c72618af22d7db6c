"""``cryptography.hazmat.asn1``, and ``cryptography`` for signatures.

In its favour: it does not look for repeated body part ids and bounds neither depth nor counts; it
has no open types, so that the values of controls and attributes are octets to it until somebody
asks for one: ``walk`` asks for all of them, ``load`` for none.

One schema serves both directions; to encode, each value of an open type is encoded by itself and
decoded as an `asn1.TLV`, as there is no other way to make one. What holds such values is made in
the measured time, too; `hazmat_encoder_peer` does without either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import ObjectIdentifier

from benches.peers import hazmat_schema as schema
from benches.peers import ingredients, signatures
from benches.peers.answers import COMMON_NAME, Fields
from benches.peers.ingredients import IdentityProof
from benches.workload import EXTENSION_REQUEST, PKI_DATA, SENDER_NONCE, SIGNED_DATA, TRANSACTION_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benches.peers.ingredients import Algorithm, Ingredients

NAME = "hazmat.asn1"
DISTRIBUTIONS = ("cryptography",)

_TRANSACTION_ID = ObjectIdentifier(TRANSACTION_ID)
_SENDER_NONCE = ObjectIdentifier(SENDER_NONCE)
_EXTENSION_REQUEST = ObjectIdentifier(EXTENSION_REQUEST)
_PKI_DATA = ObjectIdentifier(PKI_DATA)
_SIGNED_DATA = ObjectIdentifier(SIGNED_DATA)
_CONTENT_TYPE = ObjectIdentifier(signatures.CONTENT_TYPE)
_MESSAGE_DIGEST = ObjectIdentifier(signatures.MESSAGE_DIGEST)
_KEY_IDENTIFIER = ObjectIdentifier(signatures.KEY_IDENTIFIER)

CONTROLS: dict[ObjectIdentifier, type] = {
    ObjectIdentifier(ingredients.IDENTIFICATION): str,
    _TRANSACTION_ID: int,
    _SENDER_NONCE: bytes,
    ObjectIdentifier(ingredients.IDENTITY_PROOF_V2): schema.IdentityProofV2,
}
SIGNED_ATTRIBUTES: dict[ObjectIdentifier, type] = {
    _CONTENT_TYPE: ObjectIdentifier,
    _MESSAGE_DIGEST: bytes,
    ObjectIdentifier(signatures.SIGNING_TIME): asn1.UTCTime,
    ObjectIdentifier(signatures.ALGORITHM_PROTECTION): schema.CMSAlgorithmProtection,
}


# --- decoding --------------------------------------------------------------------------------


def load(der: bytes) -> list[schema.PKIData]:
    """Everything that it has types for."""
    outer = _content(asn1.decode_der(schema.ContentInfo, der))
    return [_content(tagged.content_info) for tagged in outer.cms_sequence]


def _content(content_info: schema.ContentInfo) -> schema.PKIData:
    octets = content_info.content.encap_content_info.e_content
    assert octets is not None
    return asn1.decode_der(schema.PKIData, octets)


def read(der: bytes) -> list[tuple[Any, ...]]:
    """Decodes everything and reads the six fields."""
    return list(map(six_fields, load(der)))


def six_fields(content: schema.PKIData) -> tuple[Any, ...]:
    """The fields, as they are in a PKIData."""
    transaction_id = sender_nonce = None
    for control in content.control_sequence:
        if control.attr_type == _TRANSACTION_ID:
            transaction_id = control.attr_values.as_list()[0].parse(int)
        elif control.attr_type == _SENDER_NONCE:
            sender_nonce = control.attr_values.as_list()[0].parse(bytes)
    request: Any = content.req_sequence[0]
    if type(request) is schema.TaggedCertificationRequest:
        info: Any = request.certification_request.certification_request_info
        subject, key, extensions = info.subject, info.subject_public_key_info, ()
        for attribute in info.attributes.as_list():
            if attribute.type == _EXTENSION_REQUEST:
                extensions = attribute.values.as_list()[0]
        return transaction_id, sender_nonce, subject, key, extensions, "pkcs10"
    template = request.cert_req.cert_template
    pop = "signature" if type(request.popo) is schema.POPOSigningKey else "another"
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
            attribute.value.parse(str)
            for rdn in subject
            for attribute in rdn.as_list()
            if attribute.type.dotted_string == COMMON_NAME
        )
        size = len(key.subject_public_key.as_bytes())
        oids = tuple(extension.extn_id.dotted_string for extension in extensions)
        yield Fields(transaction_id, sender_nonce, name, size, oids, pop)


class Walked(NamedTuple):
    """Everything of a message, open values included."""

    content_info: schema.ContentInfo
    content: schema.PKIData
    controls: list[Any]
    attributes: list[Any]


def walk(der: bytes) -> list[Walked]:
    """Decodes everything, the values of controls and signed attributes included."""
    outer = _walk(asn1.decode_der(schema.ContentInfo, der))
    return [_walk(tagged.content_info) for tagged in outer.content.cms_sequence]


def _walk(content_info: Any) -> Walked:
    content = _content(content_info)
    controls = [
        value.parse(CONTROLS.get(control.attr_type, asn1.TLV))
        for control in content.control_sequence
        for value in control.attr_values.as_list()
    ]
    attributes = [
        value.parse(SIGNED_ATTRIBUTES[attribute.type])
        for signer_info in content_info.content.signer_infos.as_list()
        for attribute in signer_info.signed_attrs.as_list()
        for value in attribute.values.as_list()
    ]
    return Walked(content_info, content, controls, attributes)


def contents(walked: list[Any]) -> list[schema.PKIData]:
    """Each nested PKIData of what `load` and `walk` found."""
    return [it.content if isinstance(it, Walked) else it for it in walked]


# --- encoding --------------------------------------------------------------------------------


class Parts(NamedTuple):
    """A message but for the layers that hold octets: the values of open types, and the content."""

    controls: list[tuple[int, ObjectIdentifier, Any]]
    request: Any
    certificates: Any
    signer: dict[str, Any]
    attributes: list[tuple[ObjectIdentifier, Any]]


def objects(der: bytes) -> Iterator[Parts]:
    return (parts(it) for it in ingredients.messages(der))


def encode(objects: Iterable[Parts]) -> list[bytes]:
    return [asn1.encode_der(_whole(it)) for it in objects]


def _whole(it: Parts) -> schema.ContentInfo:
    content = schema.PKIData(
        control_sequence=[
            schema.TaggedAttribute(
                body_part_id=number, attr_type=oid, attr_values=asn1.SetOf([_tlv(value)])
            )
            for number, oid, value in it.controls
        ],
        req_sequence=[it.request],
        cms_sequence=[],
        other_msg_sequence=[],
    )
    attributes = [
        schema.Attribute(type=oid, values=asn1.SetOf([_tlv(value)])) for oid, value in it.attributes
    ]
    signer = schema.SignerInfo(signed_attrs=asn1.SetOf(attributes), **it.signer)
    signed = schema.SignedData(
        version=3,
        digest_algorithms=asn1.SetOf([signer.digest_algorithm]),
        encap_content_info=schema.EncapsulatedContentInfo(
            e_content_type=_PKI_DATA, e_content=asn1.encode_der(content)
        ),
        certificates=it.certificates,
        crls=None,
        signer_infos=asn1.SetOf([signer]),
    )
    return schema.ContentInfo(content_type=_SIGNED_DATA, content=signed)


def _tlv(value: Any) -> asn1.TLV:
    """The value of an open type."""
    return asn1.decode_der(asn1.TLV, asn1.encode_der(value))


def parts(it: Ingredients) -> Parts:
    certificates = [asn1.decode_der(asn1.TLV, der) for der in it.certificates]
    protection = schema.CMSAlgorithmProtection(
        digest_algorithm=_algorithm(it.digest),
        signature_algorithm=_algorithm(it.signature_algorithm),
        mac_algorithm=None,
    )
    values = (_PKI_DATA, it.message_digest, asn1.UTCTime(it.signing_time), protection)
    return Parts(
        controls=[
            (number, ObjectIdentifier(oid), _control(value)) for number, oid, value in it.controls
        ],
        request=_pkcs10(it) if it.form == "pkcs10" else _crmf(it),
        certificates=asn1.SetOf(certificates) if certificates else None,
        signer={
            "version": 3,
            "sid": it.signer,
            "digest_algorithm": _algorithm(it.digest),
            "signature_algorithm": _algorithm(it.signature_algorithm),
            "signature": it.signature,
            "unsigned_attrs": None,
        },
        attributes=list(zip(SIGNED_ATTRIBUTES, values, strict=True)),
    )


def _control(value: Any) -> Any:
    if isinstance(value, IdentityProof):
        return schema.IdentityProofV2(
            proof_alg_id=_algorithm(value.proof_algorithm),
            mac_alg_id=_algorithm(value.mac_algorithm),
            witness=value.witness,
        )
    return value


def _pkcs10(it: Ingredients) -> schema.TaggedCertificationRequest:
    attribute = schema.ExtensionRequest(
        type=_EXTENSION_REQUEST, values=asn1.SetOf([_extensions(it)])
    )
    info = schema.CertificationRequestInfo(
        version=0,
        subject=_name(it),
        subject_public_key_info=_key(it),
        attributes=asn1.SetOf([attribute]),
    )
    return schema.TaggedCertificationRequest(
        body_part_id=ingredients.REQUEST_ID,
        certification_request=schema.CertificationRequest(
            certification_request_info=info,
            signature_algorithm=_algorithm(it.pop_algorithm),
            signature=asn1.BitString(it.pop, 0),
        ),
    )


def _crmf(it: Ingredients) -> schema.CertReqMsg:
    template = schema.CertTemplate(
        version=None,
        serial_number=None,
        signing_alg=None,
        issuer=None,
        validity=None,
        subject=_name(it),
        public_key=_key(it),
        issuer_uid=None,
        subject_uid=None,
        extensions=_extensions(it),
    )
    return schema.CertReqMsg(
        cert_req=schema.CertRequest(
            cert_req_id=ingredients.REQUEST_ID, cert_template=template, controls=None
        ),
        popo=schema.POPOSigningKey(
            poposk_input=None,
            algorithm_identifier=_algorithm(it.pop_algorithm),
            signature=asn1.BitString(it.pop, 0),
        ),
        reg_info=None,
    )


def _name(it: Ingredients) -> list[Any]:
    return [
        asn1.SetOf([schema.AttributeTypeAndValue(type=ObjectIdentifier(oid), value=value)])
        for oid, value in ((oid, asn1.decode_der(asn1.TLV, der)) for oid, der in it.subject)
    ]


def _key(it: Ingredients) -> schema.SubjectPublicKeyInfo:
    return schema.SubjectPublicKeyInfo(
        algorithm=_algorithm(it.key_algorithm), subject_public_key=asn1.BitString(it.key, 0)
    )


def _extensions(it: Ingredients) -> list[schema.Extension]:
    return [
        schema.Extension(extn_id=ObjectIdentifier(oid), critical=critical, extn_value=octets)
        for oid, critical, octets in it.extensions
    ]


def _algorithm(it: Algorithm) -> schema.AlgorithmIdentifier:
    parameters: Any = None
    if it.parameters is not None:
        kind = asn1.Null if it.parameters == b"\x05\x00" else ObjectIdentifier
        parameters = asn1.decode_der(kind, it.parameters)
    return schema.AlgorithmIdentifier(algorithm=ObjectIdentifier(it.oid), parameters=parameters)


# --- verifying -------------------------------------------------------------------------------


def verify(der: bytes) -> int:
    outer = _verify(asn1.decode_der(schema.ContentInfo, der))
    verified = 1
    for tagged in outer.cms_sequence:
        _verify(tagged.content_info)
        verified += 1
    return verified


def _verify(content_info: Any) -> schema.PKIData:
    """The content of a message, whose signature and proofs of possession are verified."""
    signed = content_info.content
    octets = signed.encap_content_info.e_content
    content = asn1.decode_der(schema.PKIData, octets)
    keys = dict(map(_request_key, content.req_sequence))
    (signer,) = signed.signer_infos.as_list()
    key = keys.get(signer.sid)
    if signed.certificates is not None:
        for certificate in signed.certificates.as_list():
            key = key or signatures.certificate_key(asn1.encode_der(certificate), signer.sid)
    values = {it.type: it.values.as_list()[0] for it in signer.signed_attrs.as_list()}
    if values[_CONTENT_TYPE].parse(ObjectIdentifier) != signed.encap_content_info.e_content_type:
        raise signatures.Refused("content-type")
    digest = values[_MESSAGE_DIGEST].parse(bytes)
    digest_algorithm = signer.digest_algorithm.algorithm.dotted_string
    signatures.check_digest(digest_algorithm, digest, octets)
    algorithm = signer.signature_algorithm.algorithm.dotted_string
    attributes = asn1.encode_der(signer.signed_attrs)
    signatures.check_signature(key, algorithm, signer.signature, attributes)
    return content


def _request_key(request: Any) -> tuple[bytes, Any]:
    """Key identifier and key of a request, whose proof of possession is verified."""
    if type(request) is schema.TaggedCertificationRequest:
        return signatures.request_key(asn1.encode_der(request.certification_request))
    template = request.cert_req.cert_template
    key = load_der_public_key(asn1.encode_der(template.public_key))
    algorithm = request.popo.algorithm_identifier.algorithm.dotted_string
    signature = request.popo.signature.as_bytes()
    signatures.check_signature(key, algorithm, signature, asn1.encode_der(request.cert_req))
    for extension in template.extensions:
        if extension.extn_id == _KEY_IDENTIFIER:
            return asn1.decode_der(bytes, extension.extn_value), key
    raise signatures.Refused("no key identifier")
