"""The messages of Certificate Management over CMS (RFC 10002 §3 and §4)."""

from __future__ import annotations

from typing import Annotated

from cmcodec.asn1 import (
    OID,
    Asn1,
    Choice,
    Elements,
    Implicit,
    Open,
    Parts,
    Range,
    SetOf,
    Size,
    choice,
    named,
    sequence,
)
from cmcodec.asn1 import (
    Name as FieldName,
)
from cmcodec.types.cms import ContentInfo
from cmcodec.types.crmf import CertReqMsg
from cmcodec.types.pkcs10 import CertificationRequest

BodyPartID = Annotated[int, Range(0, 2**32 - 1)]
"""RFC 10002 §3.2.2. 0 names the current PKIData or PKIResponse."""

OwnBodyPartID = Annotated[int, Range(0, 2**32 - 1), FieldName("bodyPartID")]


@named
class BodyPartList(Elements):
    """RFC 10002 §6.17."""

    value: Annotated[tuple[BodyPartID, ...], Size(1)]


@named
class BodyPartPath(Elements):
    """RFC 10002 §3.2.2: ids from the current message inwards."""

    value: Annotated[tuple[BodyPartID, ...], Size(1)]


@choice
class BodyPartReference(Choice):
    """RFC 10002 §6.1.1."""

    body_part_id: Annotated[int | None, Range(0, 2**32 - 1), FieldName("bodyPartID")] = None
    body_part_path: BodyPartPath | None = None


@sequence
class TaggedAttribute(Asn1):
    """RFC 10002 §3.2.1.1: one control. ``types.CONTROLS`` names the class of its value."""

    body_part_id: OwnBodyPartID
    attr_type: OID
    attr_values: SetOf[Annotated[Asn1, Open("control")]]


@sequence
class TaggedCertificationRequest(Asn1):
    """RFC 10002 §3.2.1.2.1."""

    body_part_id: OwnBodyPartID
    certification_request: CertificationRequest


@sequence
class OtherRequest(Asn1):
    """RFC 10002 §3.2.1.2.3, the alternative ``orm`` of TaggedRequest."""

    body_part_id: OwnBodyPartID
    request_message_type: OID
    request_message_value: Annotated[Asn1, Open("request")]


@choice
class TaggedRequest(Choice):
    """RFC 10002 §3.2.1.2. The tag of each alternative replaces that of its SEQUENCE (T-14)."""

    tcr: Annotated[TaggedCertificationRequest | None, Implicit(0)] = None
    crm: Annotated[CertReqMsg | None, Implicit(1)] = None
    orm: Annotated[OtherRequest | None, Implicit(2)] = None


@sequence
class TaggedContentInfo(Asn1):
    """RFC 10002 §3.2.1.3."""

    body_part_id: OwnBodyPartID
    content_info: ContentInfo


@sequence
class OtherMsg(Asn1):
    """RFC 10002 §3.2.1.4."""

    body_part_id: OwnBodyPartID
    other_msg_type: OID
    other_msg_value: Annotated[Asn1, Open("message")]


@sequence(body_parts=True)
class PKIData(Asn1):
    """RFC 10002 §3.2.1: what a Full PKI Request asks."""

    control_sequence: tuple[TaggedAttribute, ...]
    req_sequence: tuple[TaggedRequest, ...]
    cms_sequence: Parts[TaggedContentInfo]
    other_msg_sequence: tuple[OtherMsg, ...]


@sequence(body_parts=True)
class PKIResponse(Asn1):
    """RFC 10002 §4.2: what a Full PKI Response answers. RFC 2797 calls it ResponseBody."""

    control_sequence: tuple[TaggedAttribute, ...]
    cms_sequence: Parts[TaggedContentInfo]
    other_msg_sequence: tuple[OtherMsg, ...]


@sequence
class CMCUnsignedData(Asn1):
    """RFC 10002 §3.2.3, the value of id-aa-cmc-unsignedData."""

    body_part_path: BodyPartPath
    identifier: OID
    content: Annotated[Asn1, Open("unsigned")]


@named
class NoSignatureValue(Asn1):
    """RFC 10002 §C.1. Carries no security and is ignored."""

    value: bytes
