"""The values of CMC controls and attributes, in the order of their numbers (RFC 10002 §6, §7.1).

``tables.CONTROLS`` below them maps each OID to its class. A control whose value is a bare OCTET
STRING, INTEGER or UTF8String is a class named after its identifier.

A tag without a keyword is IMPLICIT, as in the module of RFC 10002.
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
    FieldName,
    First,
    Implicit,
    Legacy,
    NamedBitList,
    NamedNumbers,
    Open,
    Size,
    alias,
    choice,
    sequence,
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
    """RFC 10002 §6.1.3: how a request fared.

    ::

        CMCStatus ::= INTEGER {
          success                (0),
          -- reserved            (1),
          failed                 (2),
          pending                (3),
          noSupport              (4),
          confirmRequired        (5),
          popRequired            (6),
          partial                (7) }
    """

    SUCCESS = 0
    FAILED = 2
    PENDING = 3
    NO_SUPPORT = 4
    CONFIRM_REQUIRED = 5
    POP_REQUIRED = 6
    PARTIAL = 7


class CMCFailInfo(IntEnum):
    """RFC 10002 §6.1.4: why a request failed.

    ::

        CMCFailInfo ::= INTEGER {
          badAlg            (0),
          badMessageCheck   (1),
          badRequest        (2),
          badTime           (3),
          badCertId         (4),
          unsupportedExt    (5),
          mustArchiveKeys   (6),
          badIdentity       (7),
          popRequired       (8),
          popFailed         (9),
          noKeyReuse        (10),
          internalCAError   (11),
          tryLater          (12),
          authDataFail      (13) }

    Codes 1000 to 1999 are private.
    """

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
    """RFC 10002 §6.1.1: when to ask again, and with which token.

    ::

        PendInfo ::= SEQUENCE {
          pendToken           OCTET STRING,
          pendTime            GeneralizedTime }
    """

    pend_token: bytes
    pend_time: datetime


@sequence
class LegacyPendInfo(Asn1):
    """PendInfo as the ASN.1 module of RFC 2797 has it: the token an INTEGER.

    ::

        PendInfo ::= SEQUENCE {
          pendToken           INTEGER,
          pendTime            GeneralizedTime }
    """

    pend_token: int
    pend_time: datetime


@sequence
class ExtendedFailInfo(Asn1):
    """RFC 10002 §6.1.1: why a request failed, in the terms of another specification.

    ::

        ExtendedFailInfo ::= SEQUENCE {
          failInfoOID            OBJECT IDENTIFIER,
          failInfoValue          ANY DEFINED BY failInfoOID }

    Servers should not send it (R-006).
    """

    fail_info_oid: Annotated[OID, FieldName("failInfoOID")]
    fail_info_value: Annotated[Asn1, Open("failure")]


@choice
class OtherStatusInfo(Choice):
    """RFC 10002 §6.1.1: ``otherInfo`` of CMCStatusInfoV2.

    ::

        OtherStatusInfo ::= CHOICE {
          failInfo              CMCFailInfo,
          pendInfo              PendInfo,
          extendedFailInfo      [1] ExtendedFailInfo }

    RFC 5272 printed ``extendedFailInfo`` without its tag (T-06). ``legacy_pend_info`` is that of
    RFC 2797.
    """

    fail_info: Annotated[int | None, NamedNumbers(CMCFailInfo)] = None
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
    """RFC 10002 §6.1.2: ``otherInfo`` of CMCStatusInfo.

    ::

        CMCStatusInfo ::= SEQUENCE {
          cMCStatus           CMCStatus,
          bodyList            BodyPartList,
          statusString        UTF8String OPTIONAL,
          otherInfo           CHOICE {
            failInfo            CMCFailInfo,
            pendInfo            PendInfo } OPTIONAL }

    ``legacy_pend_info`` is that of RFC 2797.
    """

    fail_info: Annotated[int | None, NamedNumbers(CMCFailInfo)] = None
    legacy_pend_info: Annotated[
        LegacyPendInfo | None, First((0x02,)), Legacy(), FieldName("pendInfo")
    ] = None
    pend_info: PendInfo | None = None


@sequence
class CMCStatusInfo(Asn1):
    """id-cmc 1, statusInfo (RFC 10002 §6.1.2): how the requests named fared.

    ::

        CMCStatusInfo ::= SEQUENCE {
          cMCStatus           CMCStatus,
          bodyList            BodyPartList,
          statusString        UTF8String OPTIONAL,
          otherInfo           CHOICE {
            failInfo            CMCFailInfo,
            pendInfo            PendInfo } OPTIONAL }
    """

    cmc_status: Annotated[int, NamedNumbers(CMCStatus), FieldName("cMCStatus")]
    body_list: BodyPartList
    status_string: str | None = None
    other_info: StatusInfoOther | None = None


@alias
class Identification(Asn1):
    """id-cmc 2, identification (RFC 10002 §6.2.3): the name that goes with a shared secret.

    ::

        Identification ::= UTF8String
    """

    value: str


@alias
class IdentityProof(Asn1):
    """id-cmc 3, identityProof (RFC 10002 §6.2.2): HMAC-SHA1 over reqSequence.

    ::

        IdentityProof ::= OCTET STRING
    """

    value: bytes


@alias
class DataReturn(Asn1):
    """id-cmc 4, dataReturn (RFC 10002 §6.4): octets that the server sends back as they are.

    ::

        DataReturn ::= OCTET STRING
    """

    value: bytes


@alias
class TransactionId(Asn1):
    """id-cmc 5, transactionId (RFC 10002 §6.6): any INTEGER, negative ones too.

    ::

        TransactionId ::= INTEGER
    """

    value: int


@alias
class SenderNonce(Asn1):
    """id-cmc 6, senderNonce (RFC 10002 §6.6): the sender's nonce, against replay.

    ::

        SenderNonce ::= OCTET STRING
    """

    value: bytes


@alias
class RecipientNonce(Asn1):
    """id-cmc 7, recipientNonce (RFC 10002 §6.6): the senderNonce that is answered.

    ::

        RecipientNonce ::= OCTET STRING
    """

    value: bytes


@sequence
class AddExtensions(Asn1):
    """id-cmc 8, addExtensions (RFC 10002 §6.5.2), deprecated: extensions that an RA adds.

    ::

        AddExtensions ::= SEQUENCE {
          pkiDataReference             BodyPartID,
          certReferences               SEQUENCE OF BodyPartID,
          extensions                   SEQUENCE OF Extension }
    """

    pki_data_reference: BodyPartID
    cert_references: tuple[BodyPartID, ...]
    extensions: tuple[Extension, ...]


@sequence
class EncryptedPOP(Asn1):
    """id-cmc 9, encryptedPOP (RFC 10002 §6.7): the server's challenge to prove possession of a key.

    ::

        EncryptedPOP ::= SEQUENCE {
          request        TaggedRequest,
          cms            ContentInfo,
          thePOPAlgID    AlgorithmIdentifier,
          witnessAlgID   AlgorithmIdentifier,
          witness        OCTET STRING }
    """

    request: TaggedRequest
    cms: ContentInfo
    the_pop_alg_id: Annotated[AlgorithmIdentifier, FieldName("thePOPAlgID")]
    witness_alg_id: Annotated[AlgorithmIdentifier, FieldName("witnessAlgID")]
    witness: bytes


@sequence
class DecryptedPOP(Asn1):
    """id-cmc 10, decryptedPOP (RFC 10002 §6.7): the client's answer to an EncryptedPOP.

    ::

        DecryptedPOP ::= SEQUENCE {
          bodyPartID     BodyPartID,
          thePOPAlgID    AlgorithmIdentifier,
          thePOP         OCTET STRING }
    """

    body_part_id: OwnBodyPartID
    the_pop_alg_id: Annotated[AlgorithmIdentifier, FieldName("thePOPAlgID")]
    the_pop: Annotated[bytes, FieldName("thePOP")]


@sequence
class LraPopWitness(Asn1):
    """id-cmc 11, lraPOPWitness (RFC 10002 §6.8): the requests whose POP an RA checked.

    ::

        LraPopWitness ::= SEQUENCE {
          pkiDataBodyid   BodyPartID,
          bodyIds         SEQUENCE OF BodyPartID }
    """

    pki_data_bodyid: BodyPartID
    body_ids: tuple[BodyPartID, ...]


@sequence
class GetCert(Asn1):
    """id-cmc 15, getCert (RFC 10002 §6.9): asks for a certificate.

    ::

        GetCert ::= SEQUENCE {
          issuerName    GeneralName,
          serialNumber  INTEGER }
    """

    issuer_name: GeneralName
    serial_number: int


@sequence
class GetCRL(Asn1):
    """id-cmc 16, getCRL (RFC 10002 §6.10): asks for a CRL.

    ::

        GetCRL ::= SEQUENCE {
          issuerName    Name,
          cRLName       GeneralName OPTIONAL,
          time          GeneralizedTime OPTIONAL,
          reasons       ReasonFlags OPTIONAL }
    """

    issuer_name: Name
    crl_name: Annotated[GeneralName | None, FieldName("cRLName")] = None
    time: datetime | None = None
    reasons: Annotated[BitString | None, NamedBitList] = None


@sequence
class RevokeRequest(Asn1):
    """id-cmc 17, revokeRequest (RFC 10002 §6.11): asks to revoke a certificate.

    ::

        RevokeRequest ::= SEQUENCE {
          issuerName      Name,
          serialNumber    INTEGER,
          reason          CRLReason,
          invalidityDate  GeneralizedTime OPTIONAL,
          sharedSecret    OCTET STRING OPTIONAL,
          comment         UTF8String OPTIONAL }

    The ASN.1 modules call ``sharedSecret`` ``passphrase`` (T-31).
    """

    issuer_name: Name
    serial_number: int
    reason: Annotated[int, NamedNumbers(CRLReason, enumerated=True)]
    invalidity_date: datetime | None = None
    shared_secret: bytes | None = None
    comment: str | None = None


@alias
class RegInfo(Asn1):
    """id-cmc 18, regInfo (RFC 10002 §6.12): bilateral content.

    ::

        RegInfo ::= OCTET STRING
    """

    value: bytes


@alias
class ResponseInfo(Asn1):
    """id-cmc 19, responseInfo (RFC 10002 §6.12): bilateral content.

    ::

        ResponseInfo ::= OCTET STRING
    """

    value: bytes


@alias
class QueryPending(Asn1):
    """id-cmc 21, queryPending (RFC 10002 §6.13): the token of a PendInfo.

    ::

        QueryPending ::= OCTET STRING
    """

    value: bytes


@alias
class PopLinkRandom(Asn1):
    """id-cmc 22, popLinkRandom (RFC 10002 §6.3.1): the random value that POP link witnesses cover.

    ::

        PopLinkRandom ::= OCTET STRING
    """

    value: bytes


@alias
class PopLinkWitness(Asn1):
    """id-cmc 23, popLinkWitness (RFC 10002 §6.3.1.2): HMAC-SHA1 over popLinkRandom.

    ::

        PopLinkWitness ::= OCTET STRING
    """

    value: bytes


@sequence
class LegacyIssuerSerial(Asn1):
    """CMCCertId as RFC 2797 has it (T-11); only a single directoryName is understood.

    ::

        CMCCertId ::= IssuerSerial

        IssuerSerial ::= SEQUENCE {
          issuer         GeneralNames,
          serial         CertificateSerialNumber,
          issuerUID      UniqueIdentifier OPTIONAL }

    ``serial`` is ``serial_number`` here, as in IssuerAndSerialNumber.
    """

    issuer: Annotated[tuple[GeneralName, ...], Size(1, 1)]
    serial_number: int
    issuer_uid: Annotated[BitString | None, FieldName("issuerUID")] = None


@choice
class CMCCertId(Choice):
    """id-cmc 24, confirmCertAcceptance (RFC 10002 §6.14): the certificate that the client accepts.

    ::

        CMCCertId ::= IssuerAndSerialNumber

    It is a CHOICE here because RFC 2797 has another type, LegacyIssuerSerial (T-11).
    """

    legacy_issuer_serial: Annotated[
        LegacyIssuerSerial | None, First((0x30, 0xA4)), Legacy(), FieldName("issuerSerial")
    ] = None
    issuer_and_serial_number: IssuerAndSerialNumber | None = None


@sequence
class CMCStatusInfoV2(Asn1):
    """id-cmc 25, statusInfoV2 (RFC 10002 §6.1.1): how the body parts named fared.

    ::

        CMCStatusInfoV2 ::= SEQUENCE {
          cMCStatus             CMCStatus,
          bodyList              SEQUENCE SIZE (1..MAX) OF BodyPartReference,
          statusString          UTF8String OPTIONAL,
          otherInfo             OtherStatusInfo OPTIONAL }
    """

    cmc_status: Annotated[int, NamedNumbers(CMCStatus), FieldName("cMCStatus")]
    body_list: Annotated[tuple[BodyPartReference, ...], Size(1)]
    status_string: str | None = None
    other_info: OtherStatusInfo | None = None


@sequence
class PublishTrustAnchors(Asn1):
    """id-cmc 26, trustedAnchors (RFC 10002 §6.15): the digests of the trust anchors to use.

    ::

        PublishTrustAnchors ::= SEQUENCE {
          seqNumber      INTEGER,
          hashAlgorithm  AlgorithmIdentifier,
          anchorHashes   SEQUENCE OF OCTET STRING }
    """

    seq_number: int
    hash_algorithm: AlgorithmIdentifier
    anchor_hashes: tuple[bytes, ...]


@alias
class AuthPublish(Asn1):
    """id-cmc 27, authData (RFC 10002 §6.16): the id of an AuthenticatedData in cmsSequence.

    ::

        AuthPublish ::= BodyPartID
    """

    value: BodyPartID


@sequence
class CMCPublicationInfo(Asn1):
    """id-cmc 30, publishCert (RFC 10002 §6.18): which certificates to publish, and where.

    ::

        CMCPublicationInfo ::= SEQUENCE {
          hashAlg         AlgorithmIdentifier,
          certHashes      SEQUENCE OF OCTET STRING,
          pubInfo         PKIPublicationInfo }
    """

    hash_alg: AlgorithmIdentifier
    cert_hashes: tuple[bytes, ...]
    pub_info: PKIPublicationInfo


@sequence
class ModCertTemplate(Asn1):
    """id-cmc 31, modCertTemplate (RFC 10002 §6.5.1): what an RA changes in the requests named.

    ::

        ModCertTemplate ::= SEQUENCE {
          pkiDataReference             BodyPartPath,
          certReferences               BodyPartList,
          replace                      BOOLEAN DEFAULT TRUE,
          certTemplate                 CertTemplate }
    """

    pki_data_reference: BodyPartPath
    cert_references: BodyPartList
    replace: Annotated[bool, Default(True)] = True
    cert_template: CertTemplate


@sequence
class ControlsProcessed(Asn1):
    """id-cmc 32, controlProcessed (RFC 10002 §6.19): the controls that an RA has dealt with.

    ::

        ControlsProcessed ::= SEQUENCE {
          bodyList        SEQUENCE SIZE (1..MAX) OF BodyPartReference }
    """

    body_list: Annotated[tuple[BodyPartReference, ...], Size(1)]


@sequence
class PopLinkWitnessV2(Asn1):
    """id-cmc 33, popLinkWitnessV2 (RFC 10002 §6.3.1.1): a MAC over popLinkRandom.

    ::

        PopLinkWitnessV2 ::= SEQUENCE {
          keyGenAlgorithm   AlgorithmIdentifier,
          macAlgorithm      AlgorithmIdentifier,
          witness           OCTET STRING }

    Older modules swap 33 and 34 (T-01).
    """

    key_gen_algorithm: AlgorithmIdentifier
    mac_algorithm: AlgorithmIdentifier
    witness: bytes


@sequence
class IdentityProofV2(Asn1):
    """id-cmc 34, identityProofV2 (RFC 10002 §6.2.1): a MAC over reqSequence.

    ::

        IdentityProofV2 ::= SEQUENCE {
          proofAlgID       AlgorithmIdentifier,
          macAlgID         AlgorithmIdentifier,
          witness          OCTET STRING }

    Older modules swap 33 and 34 (T-01).
    """

    proof_alg_id: Annotated[AlgorithmIdentifier, FieldName("proofAlgID")]
    mac_alg_id: Annotated[AlgorithmIdentifier, FieldName("macAlgID")]
    witness: bytes


@sequence(at_least_one=True)
class ChangeSubjectName(Asn1):
    """id-cmc 36, changeSubjectName (RFC 10002 §7.1): an attribute of a request, not a control.

    ::

        ChangeSubjectName ::= SEQUENCE {
          subject             Name OPTIONAL,
          subjectAlt          [1] GeneralNames OPTIONAL }
        (WITH COMPONENTS {..., subject PRESENT} |
         WITH COMPONENTS {..., subjectAlt PRESENT} )

    RFC 6402 printed ``subjectAlt`` without its tag (T-08).
    """

    subject: Annotated[Name | None, First((0x31,), or_empty=True)] = None
    legacy_subject_alt: Annotated[GeneralNames | None, Legacy(), FieldName("subjectAlt")] = None
    subject_alt: Annotated[GeneralNames | None, Implicit(1)] = None
