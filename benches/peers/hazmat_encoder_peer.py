"""``cryptography.hazmat.asn1`` with a schema that serves to encode and nothing else.

Every control and attribute has a class of its own, in a CHOICE by class, so that no value has to be
made an `asn1.TLV` first (as in `hazmat_peer`). Such a schema decodes nothing: the first class of a
CHOICE takes every SEQUENCE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from benches.peers import hazmat_peer, ingredients
from benches.peers import hazmat_schema as schema
from benches.workload import PKI_DATA, SIGNED_DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benches.peers.ingredients import Ingredients

NAME = "hazmat.asn1, schema for encoding only"
DISTRIBUTIONS = ("cryptography",)

_PKI_DATA = ObjectIdentifier(PKI_DATA)
_SIGNED_DATA = ObjectIdentifier(SIGNED_DATA)


@asn1.sequence
class IntegerControl:
    body_part_id: int
    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[int]


@asn1.sequence
class OctetStringControl:
    body_part_id: int
    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[bytes]


@asn1.sequence
class UTF8StringControl:
    body_part_id: int
    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[str]


@asn1.sequence
class IdentityProofV2Control:
    body_part_id: int
    attr_type: ObjectIdentifier
    attr_values: asn1.SetOf[schema.IdentityProofV2]


CONTROLS: dict[type, Any] = {
    int: IntegerControl,
    bytes: OctetStringControl,
    str: UTF8StringControl,
    schema.IdentityProofV2: IdentityProofV2Control,
}


@asn1.sequence
class PKIData:
    control_sequence: list[
        IntegerControl | OctetStringControl | UTF8StringControl | IdentityProofV2Control
    ]
    req_sequence: list[
        Annotated[schema.TaggedCertificationRequest, asn1.Implicit(0)]
        | Annotated[schema.CertReqMsg, asn1.Implicit(1)]
        | Annotated[schema.OtherRequest, asn1.Implicit(2)]
    ]
    cms_sequence: list[schema.TaggedContentInfo]
    other_msg_sequence: list[schema.OtherMsg]


@asn1.sequence
class ContentTypeAttribute:
    type: ObjectIdentifier
    values: asn1.SetOf[ObjectIdentifier]


@asn1.sequence
class MessageDigestAttribute:
    type: ObjectIdentifier
    values: asn1.SetOf[bytes]


@asn1.sequence
class SigningTimeAttribute:
    type: ObjectIdentifier
    values: asn1.SetOf[asn1.UTCTime]


@asn1.sequence
class AlgorithmProtectionAttribute:
    type: ObjectIdentifier
    values: asn1.SetOf[schema.CMSAlgorithmProtection]


ATTRIBUTES: tuple[Any, ...] = (
    ContentTypeAttribute,
    MessageDigestAttribute,
    SigningTimeAttribute,
    AlgorithmProtectionAttribute,
)


@asn1.sequence
class SignerInfo:
    version: int
    sid: schema.IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    digest_algorithm: schema.AlgorithmIdentifier
    signed_attrs: Annotated[
        asn1.SetOf[
            ContentTypeAttribute
            | MessageDigestAttribute
            | SigningTimeAttribute
            | AlgorithmProtectionAttribute
        ],
        asn1.Implicit(0),
    ]
    signature_algorithm: schema.AlgorithmIdentifier
    signature: bytes
    unsigned_attrs: Annotated[asn1.SetOf[schema.Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class SignedData:
    version: int
    digest_algorithms: asn1.SetOf[schema.AlgorithmIdentifier]
    encap_content_info: schema.EncapsulatedContentInfo
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    crls: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signer_infos: asn1.SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    content_type: ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


class Parts(NamedTuple):
    """A message but for the layers that hold the octets of its content."""

    content: PKIData
    certificates: Any
    signer_info: SignerInfo


def objects(der: bytes) -> Iterator[Parts]:
    return (_parts(it) for it in ingredients.messages(der))


def encode(objects: Iterable[Parts]) -> list[bytes]:
    return [asn1.encode_der(_whole(it)) for it in objects]


def _whole(parts: Parts) -> ContentInfo:
    signed = SignedData(
        version=3,
        digest_algorithms=asn1.SetOf([parts.signer_info.digest_algorithm]),
        encap_content_info=schema.EncapsulatedContentInfo(
            e_content_type=_PKI_DATA, e_content=asn1.encode_der(parts.content)
        ),
        certificates=parts.certificates,
        crls=None,
        signer_infos=asn1.SetOf([parts.signer_info]),
    )
    return ContentInfo(content_type=_SIGNED_DATA, content=signed)


def _parts(it: Ingredients) -> Parts:
    parts = hazmat_peer.parts(it)
    content = PKIData(
        control_sequence=[
            CONTROLS[type(value)](
                body_part_id=number, attr_type=oid, attr_values=asn1.SetOf([value])
            )
            for number, oid, value in parts.controls
        ],
        req_sequence=[parts.request],
        cms_sequence=[],
        other_msg_sequence=[],
    )
    attributes = [
        attribute(type=oid, values=asn1.SetOf([value]))
        for attribute, (oid, value) in zip(ATTRIBUTES, parts.attributes, strict=True)
    ]
    signer_info = SignerInfo(signed_attrs=asn1.SetOf(attributes), **parts.signer)
    return Parts(content, parts.certificates, signer_info)
