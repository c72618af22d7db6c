"""The messages of Certificate Management over CMS (RFC 10002 §3 and §4).

A tag without a keyword is IMPLICIT, as in the module of RFC 10002.
"""

from __future__ import annotations

from typing import Annotated

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
from cmcodec.types.cms import ContentInfo
from cmcodec.types.crmf import CertReqMsg
from cmcodec.types.pkcs10 import CertificationRequest

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


@sequence(body_parts=True)
class PKIData(Asn1):
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
class PKIResponse(Asn1):
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
