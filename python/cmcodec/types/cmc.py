"""The messages of Certificate Management over CMS (RFC 10002 §3 and §4).

A tag without a keyword is IMPLICIT, as in the module of RFC 10002.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, overload

from cmcodec import oids
from cmcodec.asn1 import (
    OID,
    Asn1,
    Choice,
    Elements,
    FieldName,
    Implicit,
    LazySequenceOf,
    Open,
    Range,
    SetOf,
    Size,
    alias,
    choice,
    sequence,
)
from cmcodec.asn1.schema import open_types
from cmcodec.errors import EncodeError
from cmcodec.reasons import Reason
from cmcodec.types.cms import ContentInfo
from cmcodec.types.crmf import CertReqMsg
from cmcodec.types.pkcs10 import CertificationRequest

AnyValue = TypeVar("AnyValue", bound=Asn1)

_OBJECT_IDENTIFIER: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")

BodyPartID = Annotated[int, Range(0, 2**32 - 1)]
"""RFC 10002 §3.2.2: ``BodyPartID ::= INTEGER (0..4294967295)``.

0 names the current PKIData or PKIResponse.
"""

OwnBodyPartID = Annotated[int, Range(0, 2**32 - 1), FieldName("bodyPartID")]


@alias
class BodyPartList(Elements):
    """The value of id-cmc 28, batchRequests, and id-cmc 29, batchResponses (RFC 10002 §6.17).

    ::

        BodyPartList ::= SEQUENCE SIZE (1..MAX) OF BodyPartID
    """

    value: Annotated[tuple[BodyPartID, ...], Size(1)]


@alias
class BodyPartPath(Elements):
    """The value of id-cmc 35, raIdentityWitness, and id-cmc 37, responseBody (RFC 10002 §3.2.2).

    ::

        BodyPartPath ::= SEQUENCE SIZE (1..MAX) OF BodyPartID

    It is a path: ids from the current message inwards. Other types hold paths, too.
    """

    value: Annotated[tuple[BodyPartID, ...], Size(1)]


@choice
class BodyPartReference(Choice):
    """RFC 10002 §6.1.1: a body part, by its id or by its path.

    ::

        BodyPartReference ::= CHOICE {
          bodyPartID           BodyPartID,
          bodyPartPath         BodyPartPath }
    """

    body_part_id: Annotated[int | None, Range(0, 2**32 - 1), FieldName("bodyPartID")] = None
    body_part_path: BodyPartPath | None = None


@sequence
class TaggedAttribute(Asn1):
    """RFC 10002 §3.2.1.1: one control.

    ::

        TaggedAttribute ::= SEQUENCE {
          bodyPartID         BodyPartID,
          attrType           OBJECT IDENTIFIER,
          attrValues         SET OF AttributeValue }

        AttributeValue ::= ANY

    ``types.CONTROLS`` names the class of its value.
    """

    body_part_id: OwnBodyPartID
    attr_type: OID
    attr_values: SetOf[Annotated[Asn1, Open("control")]]

    @classmethod
    def of(cls, value: Asn1, attr_type: str | None = None, *, body_part_id: int) -> TaggedAttribute:
        """The control with this value.

        ``attr_type`` is its name or its OBJECT IDENTIFIER, where the class of the value does not
        tell: ``"batchRequests"`` for a BodyPartList. Raises `EncodeError` (``bad_type`` at
        ``attr_type``) where neither tells it.
        """
        return cls(
            body_part_id=body_part_id,
            attr_type=control_type(value, attr_type),
            attr_values=(value,),
        )


def control_number(name: str) -> str:
    """The OBJECT IDENTIFIER of a control by its name, with ``id-cmc-`` or without, or by itself."""
    known = None if name in oids.NAMES else oids.number(name) or oids.number(f"id-cmc-{name}")
    return known or name


def control_type(value: object, name: str | None = None) -> str:
    """The OBJECT IDENTIFIER of a control with this value, as `TaggedAttribute.of` takes them."""
    if isinstance(name, str):
        number = control_number(name)
        if _OBJECT_IDENTIFIER.fullmatch(number):
            return number
    elif name is None:
        found = [number for number, cls in open_types("control").items() if cls is type(value)]
        if len(found) == 1:
            return found[0]
    raise EncodeError(Reason.BAD_TYPE, None, "attr_type")


@sequence
class TaggedCertificationRequest(Asn1):
    """RFC 10002 §3.2.1.2.1: a PKCS#10 request with its id, ``tcr`` of TaggedRequest.

    ::

        TaggedCertificationRequest ::= SEQUENCE {
          bodyPartID            BodyPartID,
          certificationRequest  CertificationRequest }
    """

    body_part_id: OwnBodyPartID
    certification_request: CertificationRequest


@sequence
class OtherRequest(Asn1):
    """RFC 10002 §3.2.1.2.3: a request of another kind, ``orm`` of TaggedRequest.

    ::

        TaggedRequest ::= CHOICE {
          tcr               [0] TaggedCertificationRequest,
          crm               [1] CertReqMsg,
          orm               [2] SEQUENCE {
            bodyPartID            BodyPartID,
            requestMessageType    OBJECT IDENTIFIER,
            requestMessageValue   ANY DEFINED BY requestMessageType } }
    """

    body_part_id: OwnBodyPartID
    request_message_type: OID
    request_message_value: Annotated[Asn1, Open("request")]


@choice
class TaggedRequest(Choice):
    """RFC 10002 §3.2.1.2: one certification request.

    ::

        TaggedRequest ::= CHOICE {
          tcr               [0] TaggedCertificationRequest,
          crm               [1] CertReqMsg,
          orm               [2] SEQUENCE {
            bodyPartID            BodyPartID,
            requestMessageType    OBJECT IDENTIFIER,
            requestMessageValue   ANY DEFINED BY requestMessageType } }

    The tag of each alternative replaces that of its SEQUENCE (T-14).
    """

    tcr: Annotated[TaggedCertificationRequest | None, Implicit(0)] = None
    crm: Annotated[CertReqMsg | None, Implicit(1)] = None
    orm: Annotated[OtherRequest | None, Implicit(2)] = None


@sequence
class TaggedContentInfo(Asn1):
    """RFC 10002 §3.2.1.3: a CMS object with its id, a nested message say.

    ::

        TaggedContentInfo ::= SEQUENCE {
          bodyPartID              BodyPartID,
          contentInfo             ContentInfo }
    """

    body_part_id: OwnBodyPartID
    content_info: ContentInfo


@sequence
class OtherMsg(Asn1):
    """RFC 10002 §3.2.1.4: a message part of another kind.

    ::

        OtherMsg ::= SEQUENCE {
          bodyPartID        BodyPartID,
          otherMsgType      OBJECT IDENTIFIER,
          otherMsgValue     ANY DEFINED BY otherMsgType }
    """

    body_part_id: OwnBodyPartID
    other_msg_type: OID
    other_msg_value: Annotated[Asn1, Open("message")]


class _WithControls:
    """What has a controlSequence."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def control_sequence(self) -> tuple[TaggedAttribute, ...]: ...

    @overload
    def find(self, control: type[AnyValue]) -> tuple[tuple[int, AnyValue], ...]: ...
    @overload
    def find(self, control: str) -> tuple[tuple[int, Any], ...]: ...
    def find(self, control: str | type[AnyValue]) -> tuple[tuple[int, Any], ...]:
        """Body part id and value of each control that is meant, in received order.

        ``control`` is the class of its value; or its name, ``"batchRequests"``, or its OBJECT
        IDENTIFIER.
        """
        values = ((each, value) for each in self.control_sequence for value in each.attr_values)
        if isinstance(control, str):
            number = control_number(control)
            return tuple((of.body_part_id, value) for of, value in values if of.attr_type == number)
        return tuple((of.body_part_id, value) for of, value in values if isinstance(value, control))


@sequence(body_parts=True)
class PKIData(_WithControls, Asn1):
    """RFC 10002 §3.2.1: what a Full PKI Request asks.

    ::

        PKIData ::= SEQUENCE {
          controlSequence    SEQUENCE SIZE(0..MAX) OF TaggedAttribute,
          reqSequence        SEQUENCE SIZE(0..MAX) OF TaggedRequest,
          cmsSequence        SEQUENCE SIZE(0..MAX) OF TaggedContentInfo,
          otherMsgSequence   SEQUENCE SIZE(0..MAX) OF OtherMsg }
    """

    control_sequence: tuple[TaggedAttribute, ...]
    req_sequence: tuple[TaggedRequest, ...]
    cms_sequence: LazySequenceOf[TaggedContentInfo]
    other_msg_sequence: tuple[OtherMsg, ...]


@sequence(body_parts=True)
class PKIResponse(_WithControls, Asn1):
    """RFC 10002 §4.2: what a Full PKI Response answers.

    ::

        PKIResponse ::= SEQUENCE {
          controlSequence   SEQUENCE SIZE(0..MAX) OF TaggedAttribute,
          cmsSequence       SEQUENCE SIZE(0..MAX) OF TaggedContentInfo,
          otherMsgSequence  SEQUENCE SIZE(0..MAX) OF OtherMsg }

    RFC 2797 calls it ResponseBody.
    """

    control_sequence: tuple[TaggedAttribute, ...]
    cms_sequence: LazySequenceOf[TaggedContentInfo]
    other_msg_sequence: tuple[OtherMsg, ...]


@sequence
class CMCUnsignedData(Asn1):
    """RFC 10002 §3.2.3: data that may be removed, the value of id-aa-cmc-unsignedData.

    ::

        CMCUnsignedData ::= SEQUENCE {
          bodyPartPath        BodyPartPath,
          identifier          OBJECT IDENTIFIER,
          content             ANY DEFINED BY identifier }
    """

    body_part_path: BodyPartPath
    identifier: OID
    content: Annotated[Asn1, Open("unsigned")]


@alias
class NoSignatureValue(Asn1):
    """RFC 10002 §C.1: what stands for the signature with id-alg-noSignature.

    ::

        NoSignatureValue ::= OCTET STRING

    It carries no security and is ignored.
    """

    value: bytes
