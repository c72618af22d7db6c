"""The values of CMC controls and attributes, in the order of their numbers (RFC 10002 §6, §7.1).

``tables.CONTROLS`` below them maps each OID to its class. A control whose value is a bare OCTET
STRING, INTEGER or UTF8String is a class named after its identifier.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Annotated

from cmcodec.asn1 import (
    OID,
    Asn1,
    BitString,
    Choice,
    Default,
    First,
    Implicit,
    Legacy,
    Named,
    NamedBits,
    Open,
    Size,
    choice,
    named,
    sequence,
)
from cmcodec.asn1 import (
    Name as FieldName,
)
from cmcodec.types.cmc import (
    BodyPartID,
    BodyPartList,
    BodyPartPath,
    BodyPartReference,
    OwnBodyPartID,
    TaggedRequest,
)
from cmcodec.types.cms import ContentInfo
from cmcodec.types.crmf import CertTemplate, PKIPublicationInfo
from cmcodec.types.pkix import (
    AlgorithmIdentifier,
    CRLReason,
    Extension,
    GeneralName,
    GeneralNames,
    IssuerAndSerialNumber,
    Name,
)


class CMCStatus(IntEnum):
    """RFC 10002 §6.1.3. 1 is reserved."""

    SUCCESS = 0
    FAILED = 2
    PENDING = 3
    NO_SUPPORT = 4
    CONFIRM_REQUIRED = 5
    POP_REQUIRED = 6
    PARTIAL = 7


class CMCFailInfo(IntEnum):
    """RFC 10002 §6.1.4. Codes 1000 to 1999 are private."""

    BAD_ALG = 0
    BAD_MESSAGE_CHECK = 1
    BAD_REQUEST = 2
    BAD_TIME = 3
    BAD_CERT_ID = 4
    UNSUPPORTED_EXT = 5
    MUST_ARCHIVE_KEYS = 6
    BAD_IDENTITY = 7
    POP_REQUIRED = 8
    POP_FAILED = 9
    NO_KEY_REUSE = 10
    INTERNAL_CA_ERROR = 11
    TRY_LATER = 12
    AUTH_DATA_FAIL = 13


@sequence
class PendInfo(Asn1):
    """RFC 10002 §6.1.1."""

    pend_token: bytes
    pend_time: datetime


@sequence
class LegacyPendInfo(Asn1):
    """PendInfo as the ASN.1 module of RFC 2797 has it: the token an INTEGER."""

    pend_token: int
    pend_time: datetime


@sequence
class ExtendedFailInfo(Asn1):
    """RFC 10002 §6.1.1. Servers should not send it (R-006)."""

    fail_info_oid: Annotated[OID, FieldName("failInfoOID")]
    fail_info_value: Annotated[Asn1, Open("failure")]


@choice
class OtherStatusInfo(Choice):
    """RFC 10002 §6.1.1. RFC 5272 printed ``extendedFailInfo`` without its tag (T-06)."""

    fail_info: Annotated[int | None, Named(CMCFailInfo)] = None
    legacy_extended_fail_info: Annotated[
        ExtendedFailInfo | None, First((0x06,)), Legacy(), FieldName("extendedFailInfo")
    ] = None
    legacy_pend_info: Annotated[
        LegacyPendInfo | None, First((0x02,)), Legacy(), FieldName("pendInfo")
    ] = None
    pend_info: PendInfo | None = None
    extended_fail_info: Annotated[ExtendedFailInfo | None, Implicit(1)] = None


@choice
class StatusInfoOther(Choice):
    """RFC 10002 §6.1.2, ``otherInfo`` of CMCStatusInfo."""

    fail_info: Annotated[int | None, Named(CMCFailInfo)] = None
    legacy_pend_info: Annotated[
        LegacyPendInfo | None, First((0x02,)), Legacy(), FieldName("pendInfo")
    ] = None
    pend_info: PendInfo | None = None


@sequence
class CMCStatusInfo(Asn1):
    """id-cmc 1, statusInfo (RFC 10002 §6.1.2)."""

    cmc_status: Annotated[int, Named(CMCStatus), FieldName("cMCStatus")]
    body_list: BodyPartList
    status_string: str | None = None
    other_info: StatusInfoOther | None = None


@named
class Identification(Asn1):
    """id-cmc 2, identification (RFC 10002 §6.2.3)."""

    value: str


@named
class IdentityProof(Asn1):
    """id-cmc 3, identityProof (RFC 10002 §6.2.2): HMAC-SHA1 over reqSequence."""

    value: bytes


@named
class DataReturn(Asn1):
    """id-cmc 4, dataReturn (RFC 10002 §6.4)."""

    value: bytes


@named
class TransactionId(Asn1):
    """id-cmc 5, transactionId (RFC 10002 §6.6): any INTEGER, negative ones too."""

    value: int


@named
class SenderNonce(Asn1):
    """id-cmc 6, senderNonce (RFC 10002 §6.6)."""

    value: bytes


@named
class RecipientNonce(Asn1):
    """id-cmc 7, recipientNonce (RFC 10002 §6.6)."""

    value: bytes


@sequence
class AddExtensions(Asn1):
    """id-cmc 8, addExtensions (RFC 10002 §6.5.2), deprecated."""

    pki_data_reference: BodyPartID
    cert_references: tuple[BodyPartID, ...]
    extensions: tuple[Extension, ...]


@sequence
class EncryptedPOP(Asn1):
    """id-cmc 9, encryptedPOP (RFC 10002 §6.7)."""

    request: TaggedRequest
    cms: ContentInfo
    the_pop_alg_id: Annotated[AlgorithmIdentifier, FieldName("thePOPAlgID")]
    witness_alg_id: Annotated[AlgorithmIdentifier, FieldName("witnessAlgID")]
    witness: bytes


@sequence
class DecryptedPOP(Asn1):
    """id-cmc 10, decryptedPOP (RFC 10002 §6.7)."""

    body_part_id: OwnBodyPartID
    the_pop_alg_id: Annotated[AlgorithmIdentifier, FieldName("thePOPAlgID")]
    the_pop: Annotated[bytes, FieldName("thePOP")]


@sequence
class LraPopWitness(Asn1):
    """id-cmc 11, lraPOPWitness (RFC 10002 §6.8)."""

    pki_data_bodyid: BodyPartID
    body_ids: tuple[BodyPartID, ...]


@sequence
class GetCert(Asn1):
    """id-cmc 15, getCert (RFC 10002 §6.9)."""

    issuer_name: GeneralName
    serial_number: int


@sequence
class GetCRL(Asn1):
    """id-cmc 16, getCRL (RFC 10002 §6.10)."""

    issuer_name: Name
    crl_name: Annotated[GeneralName | None, FieldName("cRLName")] = None
    time: datetime | None = None
    reasons: Annotated[BitString | None, NamedBits] = None


@sequence
class RevokeRequest(Asn1):
    """id-cmc 17, revokeRequest (RFC 10002 §6.11)."""

    issuer_name: Name
    serial_number: int
    reason: Annotated[int, Named(CRLReason, enumerated=True)]
    invalidity_date: datetime | None = None
    shared_secret: bytes | None = None
    comment: str | None = None


@named
class RegInfo(Asn1):
    """id-cmc 18, regInfo (RFC 10002 §6.12): bilateral content."""

    value: bytes


@named
class ResponseInfo(Asn1):
    """id-cmc 19, responseInfo (RFC 10002 §6.12): bilateral content."""

    value: bytes


@named
class QueryPending(Asn1):
    """id-cmc 21, queryPending (RFC 10002 §6.13): the token of a PendInfo."""

    value: bytes


@named
class PopLinkRandom(Asn1):
    """id-cmc 22, popLinkRandom (RFC 10002 §6.3.1)."""

    value: bytes


@named
class PopLinkWitness(Asn1):
    """id-cmc 23, popLinkWitness (RFC 10002 §6.3.1.2): HMAC-SHA1 over popLinkRandom."""

    value: bytes


@sequence
class LegacyIssuerSerial(Asn1):
    """CMCCertId as RFC 2797 has it (T-11); only a single directoryName is understood."""

    issuer: Annotated[tuple[GeneralName, ...], Size(1, 1)]
    serial_number: int
    issuer_uid: Annotated[BitString | None, FieldName("issuerUID")] = None


@choice
class CMCCertId(Choice):
    """id-cmc 24, confirmCertAcceptance (RFC 10002 §6.14)."""

    legacy_issuer_serial: Annotated[
        LegacyIssuerSerial | None, First((0x30, 0xA4)), Legacy(), FieldName("issuerSerial")
    ] = None
    issuer_and_serial_number: IssuerAndSerialNumber | None = None


@sequence
class CMCStatusInfoV2(Asn1):
    """id-cmc 25, statusInfoV2 (RFC 10002 §6.1.1)."""

    cmc_status: Annotated[int, Named(CMCStatus), FieldName("cMCStatus")]
    body_list: Annotated[tuple[BodyPartReference, ...], Size(1)]
    status_string: str | None = None
    other_info: OtherStatusInfo | None = None


@sequence
class PublishTrustAnchors(Asn1):
    """id-cmc 26, trustedAnchors (RFC 10002 §6.15)."""

    seq_number: int
    hash_algorithm: AlgorithmIdentifier
    anchor_hashes: tuple[bytes, ...]


@named
class AuthPublish(Asn1):
    """id-cmc 27, authData (RFC 10002 §6.16): the id of an AuthenticatedData in cmsSequence."""

    value: BodyPartID


@sequence
class CMCPublicationInfo(Asn1):
    """id-cmc 30, publishCert (RFC 10002 §6.18)."""

    hash_alg: AlgorithmIdentifier
    cert_hashes: tuple[bytes, ...]
    pub_info: PKIPublicationInfo


@sequence
class ModCertTemplate(Asn1):
    """id-cmc 31, modCertTemplate (RFC 10002 §6.5.1)."""

    pki_data_reference: BodyPartPath
    cert_references: BodyPartList
    replace: Annotated[bool, Default(True)] = True
    cert_template: CertTemplate


@sequence
class ControlsProcessed(Asn1):
    """id-cmc 32, controlProcessed (RFC 10002 §6.19)."""

    body_list: Annotated[tuple[BodyPartReference, ...], Size(1)]


@sequence
class PopLinkWitnessV2(Asn1):
    """id-cmc 33, popLinkWitnessV2 (RFC 10002 §6.3.1.1); older modules swap 33 and 34 (T-01)."""

    key_gen_algorithm: AlgorithmIdentifier
    mac_algorithm: AlgorithmIdentifier
    witness: bytes


@sequence
class IdentityProofV2(Asn1):
    """id-cmc 34, identityProofV2 (RFC 10002 §6.2.1); older modules swap 33 and 34 (T-01)."""

    proof_alg_id: Annotated[AlgorithmIdentifier, FieldName("proofAlgID")]
    mac_alg_id: Annotated[AlgorithmIdentifier, FieldName("macAlgID")]
    witness: bytes


@sequence(at_least_one=True)
class ChangeSubjectName(Asn1):
    """id-cmc 36, changeSubjectName (RFC 10002 §7.1): an attribute of a request, not a control.

    RFC 6402 printed ``subjectAlt`` without its tag (T-08).
    """

    subject: Annotated[Name | None, First((0x31,), or_empty=True)] = None
    legacy_subject_alt: Annotated[GeneralNames | None, Legacy(), FieldName("subjectAlt")] = None
    subject_alt: Annotated[GeneralNames | None, Implicit(1)] = None
