"""Certificate Request Message Format (RFC 4211), as far as CMC uses or refuses it.

A tag without a keyword is IMPLICIT, as in the module of RFC 4211, and EXPLICIT before a CHOICE.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cmcodec.asn1 import (
    TLV,
    Asn1,
    BitString,
    Choice,
    Elements,
    Explicit,
    FieldName,
    Implicit,
    NamedNumbers,
    NullType,
    SetOf,
    Size,
    alias,
    choice,
    sequence,
)
from cmcodec.types.cms import EnvelopedData
from cmcodec.types.pkcs10 import Attribute
from cmcodec.types.pkix import (
    AlgorithmIdentifier,
    AttributeTypeAndValue,
    Extension,
    GeneralName,
    Name,
    SubjectPublicKeyInfo,
    Time,
    as_extensions,
)

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


@sequence(at_least_one=True)
class OptionalValidity(Asn1):
    """RFC 4211 §5: the validity that a requester asks for.

    ::

        OptionalValidity ::= SEQUENCE {
          notBefore      [0] Time OPTIONAL,
          notAfter       [1] Time OPTIONAL } -- at least one MUST be present
    """

    not_before: Annotated[Time | None, Explicit(0)] = None
    not_after: Annotated[Time | None, Explicit(1)] = None


@sequence
class CertTemplate(Asn1):
    """RFC 4211 §5: what the certificate should hold.

    ::

        CertTemplate ::= SEQUENCE {
          version      [0] Version               OPTIONAL,
          serialNumber [1] INTEGER               OPTIONAL,
          signingAlg   [2] AlgorithmIdentifier   OPTIONAL,
          issuer       [3] Name                  OPTIONAL,
          validity     [4] OptionalValidity      OPTIONAL,
          subject      [5] Name                  OPTIONAL,
          publicKey    [6] SubjectPublicKeyInfo  OPTIONAL,
          issuerUID    [7] UniqueIdentifier      OPTIONAL,
          subjectUID   [8] UniqueIdentifier      OPTIONAL,
          extensions   [9] Extensions            OPTIONAL }

    Requesters leave [0], [1], [2], [7] and [8] out (R-048).
    """

    version: Annotated[int | None, Implicit(0)] = None
    serial_number: Annotated[int | None, Implicit(1)] = None
    signing_alg: Annotated[AlgorithmIdentifier | None, Implicit(2)] = None
    issuer: Annotated[Name | None, Explicit(3)] = None
    validity: Annotated[OptionalValidity | None, Implicit(4)] = None
    subject: Annotated[Name | None, Explicit(5)] = None
    public_key: Annotated[SubjectPublicKeyInfo | None, Implicit(6)] = None
    issuer_uid: Annotated[BitString | None, Implicit(7), FieldName("issuerUID")] = None
    subject_uid: Annotated[BitString | None, Implicit(8), FieldName("subjectUID")] = None
    extensions: Annotated[tuple[Extension, ...] | None, Size(1), Implicit(9)] = None

    def to_cryptography(self) -> Template:
        """What is asked for as objects of ``cryptography``.

        Raises `ValueError` for a name or an extension that it refuses, and whatever it raises for
        keys that it lacks.
        """
        return Template(
            None if self.subject is None else self.subject.to_cryptography(),
            None if self.public_key is None else self.public_key.to_cryptography(),
            as_extensions(self.extensions or ()),
        )


class Template(NamedTuple):
    """What a certificate should hold, as a CA makes it with ``cryptography``.

    ``subject`` and ``key`` are None where they are not asked for.
    """

    subject: x509.Name | None
    key: PublicKeyTypes | None
    extensions: x509.Extensions


@sequence
class CertRequest(Asn1):
    """RFC 4211 §5: the request proper, which the proof of possession covers.

    ::

        CertRequest ::= SEQUENCE {
          certReqId     INTEGER,
          certTemplate  CertTemplate,
          controls      Controls OPTIONAL }

        Controls ::= SEQUENCE SIZE(1..MAX) OF AttributeTypeAndValue

    ``cert_req_id`` is the body part id of the request in CMC (R-057).
    """

    cert_req_id: int
    cert_template: CertTemplate
    controls: Annotated[tuple[AttributeTypeAndValue, ...] | None, Size(1)] = None


@sequence
class PKMACValue(Asn1):
    """RFC 4211 §4.1: a MAC and its algorithm.

    ::

        PKMACValue ::= SEQUENCE {
          algId  AlgorithmIdentifier,
          value  BIT STRING }
    """

    alg_id: AlgorithmIdentifier
    value: BitString


@choice
class AuthInfo(Choice):
    """RFC 4211 §4.1: ``authInfo`` of POPOSigningKeyInput, who the requester is.

    ::

        POPOSigningKeyInput ::= SEQUENCE {
          authInfo            CHOICE {
            sender              [0] GeneralName,
            publicKeyMAC        PKMACValue },
          publicKey           SubjectPublicKeyInfo }
    """

    sender: Annotated[GeneralName | None, Explicit(0)] = None
    public_key_mac: Annotated[PKMACValue | None, FieldName("publicKeyMAC")] = None


@sequence
class POPOSigningKeyInput(Asn1):
    """RFC 4211 §4.1: what is signed where the template lacks the subject or the key.

    ::

        POPOSigningKeyInput ::= SEQUENCE {
          authInfo            CHOICE {
            sender              [0] GeneralName,
            publicKeyMAC        PKMACValue },
          publicKey           SubjectPublicKeyInfo }  -- from CertTemplate

    RFC 10002 §3.2.1.2.2 forbids it (R-044).
    """

    auth_info: AuthInfo
    public_key: SubjectPublicKeyInfo


@sequence
class POPOSigningKey(Asn1):
    """RFC 4211 §4.1: a signature over the DER encoding of ``certReq`` (R-046).

    ::

        POPOSigningKey ::= SEQUENCE {
          poposkInput           [0] POPOSigningKeyInput OPTIONAL,
          algorithmIdentifier   AlgorithmIdentifier,
          signature             BIT STRING }
    """

    poposk_input: Annotated[POPOSigningKeyInput | None, Implicit(0)] = None
    algorithm_identifier: AlgorithmIdentifier
    signature: BitString


class SubsequentMessage(IntEnum):
    """RFC 4211 §4.2: how possession of a decryption key is to be proved later.

    ::

        SubsequentMessage ::= INTEGER {
          encrCert (0),
          challengeResp (1) }

    CMC forbids ``encrCert`` (R-043).
    """

    ENCR_CERT = 0
    CHALLENGE_RESP = 1


@choice
class POPOPrivKey(Choice):
    """RFC 4211 §4.2: the proof of possession of a key that does not sign.

    ::

        POPOPrivKey ::= CHOICE {
          thisMessage       [0] BIT STRING,  -- Deprecated
          subsequentMessage [1] SubsequentMessage,
          dhMAC             [2] BIT STRING,  -- Deprecated
          agreeMAC          [3] PKMACValue,
          encryptedKey      [4] EnvelopedData }
    """

    this_message: Annotated[BitString | None, Implicit(0)] = None
    subsequent_message: Annotated[int | None, NamedNumbers(SubsequentMessage), Implicit(1)] = None
    dh_mac: Annotated[BitString | None, Implicit(2), FieldName("dhMAC")] = None
    agree_mac: Annotated[PKMACValue | None, Implicit(3), FieldName("agreeMAC")] = None
    encrypted_key: Annotated[EnvelopedData | None, Implicit(4)] = None


@choice
class ProofOfPossession(Choice):
    """RFC 4211 §4: the proof that the requester has the private key.

    ::

        ProofOfPossession ::= CHOICE {
          raVerified        [0] NULL,
          signature         [1] POPOSigningKey,
          keyEncipherment   [2] POPOPrivKey,
          keyAgreement      [3] POPOPrivKey }

    ``ra_verified`` counts from an authorised RA only (rule R2).
    """

    ra_verified: Annotated[NullType | None, Implicit(0)] = None
    signature: Annotated[POPOSigningKey | None, Implicit(1)] = None
    key_encipherment: Annotated[POPOPrivKey | None, Explicit(2)] = None
    key_agreement: Annotated[POPOPrivKey | None, Explicit(3)] = None


@sequence
class CertReqMsg(Asn1):
    """RFC 4211 §3: one certification request with its proof of possession.

    ::

        CertReqMsg ::= SEQUENCE {
          certReq   CertRequest,
          popo      ProofOfPossession  OPTIONAL,
          regInfo   SEQUENCE SIZE(1..MAX) OF AttributeTypeAndValue OPTIONAL }

    CMC forbids ``reg_info`` (R-042).
    """

    cert_req: CertRequest
    popo: ProofOfPossession | None = None
    reg_info: Annotated[tuple[AttributeTypeAndValue, ...] | None, Size(1)] = None


@alias
class CertReqMessages(Elements):
    """RFC 4211 §3: one or more requests; CMC carries each by itself.

    ::

        CertReqMessages ::= SEQUENCE SIZE (1..MAX) OF CertReqMsg
    """

    value: Annotated[tuple[CertReqMsg, ...], Size(1)]


@sequence
class PBMParameter(Asn1):
    """RFC 4211 §4.4: the parameters of id-PasswordBasedMac.

    ::

        PBMParameter ::= SEQUENCE {
          salt                OCTET STRING,
          owf                 AlgorithmIdentifier,
          iterationCount      INTEGER,
          mac                 AlgorithmIdentifier }
    """

    salt: bytes
    owf: AlgorithmIdentifier
    iteration_count: int
    mac: AlgorithmIdentifier


class PublicationAction(IntEnum):
    """RFC 4211 §6.3: ``action`` of PKIPublicationInfo.

    ::

        PKIPublicationInfo ::= SEQUENCE {
          action     INTEGER {
                       dontPublish   (0),
                       pleasePublish (1) },
          pubInfos   SEQUENCE SIZE (1..MAX) OF SinglePubInfo OPTIONAL }
    """

    DONT_PUBLISH = 0
    PLEASE_PUBLISH = 1


class PublicationMethod(IntEnum):
    """RFC 4211 §6.3: ``pubMethod`` of SinglePubInfo.

    ::

        SinglePubInfo ::= SEQUENCE {
          pubMethod    INTEGER {
                         dontCare (0),
                         x500     (1),
                         web      (2),
                         ldap     (3) },
          pubLocation  GeneralName OPTIONAL }
    """

    DONT_CARE = 0
    X500 = 1
    WEB = 2
    LDAP = 3


@sequence
class SinglePubInfo(Asn1):
    """RFC 4211 §6.3: how and where to publish the certificate.

    ::

        SinglePubInfo ::= SEQUENCE {
          pubMethod    INTEGER {
                         dontCare (0),
                         x500     (1),
                         web      (2),
                         ldap     (3) },
          pubLocation  GeneralName OPTIONAL }
    """

    pub_method: Annotated[int, NamedNumbers(PublicationMethod)]
    pub_location: GeneralName | None = None


@sequence
class PKIPublicationInfo(Asn1):
    """RFC 4211 §6.3: whether to publish, the value of id-regCtrl-pkiPublicationInfo.

    ::

        PKIPublicationInfo ::= SEQUENCE {
          action     INTEGER {
                       dontPublish   (0),
                       pleasePublish (1) },
          pubInfos   SEQUENCE SIZE (1..MAX) OF SinglePubInfo OPTIONAL }

    ``pub_infos`` is absent with ``dontPublish`` (R-160).
    """

    action: Annotated[int, NamedNumbers(PublicationAction)]
    pub_infos: Annotated[tuple[SinglePubInfo, ...] | None, Size(1)] = None


@alias
class RegToken(Asn1):
    """RFC 4211 §6.1: a secret for one use, the value of id-regCtrl-regToken.

    ::

        RegToken ::= UTF8String

    CMC forbids it (R-206).
    """

    value: str


@alias
class Authenticator(Asn1):
    """RFC 4211 §6.2: a secret for repeated use, the value of id-regCtrl-authenticator.

    ::

        Authenticator ::= UTF8String

    CMC forbids it (R-206).
    """

    value: str


@sequence
class EncryptedValue(Asn1):
    """RFC 4211 §2.1: an encrypted value, deprecated there in favour of EnvelopedData.

    ::

        EncryptedValue ::= SEQUENCE {
          intendedAlg   [0] AlgorithmIdentifier  OPTIONAL,
          symmAlg       [1] AlgorithmIdentifier  OPTIONAL,
          encSymmKey    [2] BIT STRING           OPTIONAL,
          keyAlg        [3] AlgorithmIdentifier  OPTIONAL,
          valueHint     [4] OCTET STRING         OPTIONAL,
          encValue          BIT STRING }
    """

    intended_alg: Annotated[AlgorithmIdentifier | None, Implicit(0)] = None
    symm_alg: Annotated[AlgorithmIdentifier | None, Implicit(1)] = None
    enc_symm_key: Annotated[BitString | None, Implicit(2)] = None
    key_alg: Annotated[AlgorithmIdentifier | None, Implicit(3)] = None
    value_hint: Annotated[bytes | None, Implicit(4)] = None
    enc_value: BitString


@choice
class EncryptedKey(Choice):
    """RFC 4211 §6.4: an encrypted private key.

    ::

        EncryptedKey ::= CHOICE {
          encryptedValue        EncryptedValue,  -- Deprecated
          envelopedData     [0] EnvelopedData }

    The alternatives stand in the other order here: ``encrypted_value`` would take any tag for its
    own.
    """

    enveloped_data: Annotated[EnvelopedData | None, Implicit(0)] = None
    encrypted_value: TLV | None = None


@choice
class PKIArchiveOptions(Choice):
    """RFC 4211 §6.4: the private key to archive, the value of id-regCtrl-pkiArchiveOptions.

    ::

        PKIArchiveOptions ::= CHOICE {
          encryptedPrivKey     [0] EncryptedKey,
          keyGenParameters     [1] KeyGenParameters,
          archiveRemGenPrivKey [2] BOOLEAN }

        KeyGenParameters ::= OCTET STRING
    """

    encrypted_priv_key: Annotated[EncryptedKey | None, Explicit(0)] = None
    key_gen_parameters: Annotated[bytes | None, Implicit(1)] = None
    archive_rem_gen_priv_key: Annotated[bool | None, Implicit(2)] = None


@sequence
class CertId(Asn1):
    """RFC 4211 §6.5: a certificate by issuer and number, the value of id-regCtrl-oldCertID.

    ::

        CertId ::= SEQUENCE {
          issuer           GeneralName,
          serialNumber     INTEGER }
    """

    issuer: GeneralName
    serial_number: int


@alias
class UTF8Pairs(Asn1):
    """RFC 4211 §7.1: names and values as text, the value of id-regInfo-utf8Pairs.

    ::

        UTF8Pairs ::= UTF8String
    """

    value: str


@sequence
class PrivateKeyInfo(Asn1):
    """RFC 5958 §2: a private key, OneAsymmetricKey.

    ::

        PrivateKeyInfo ::= OneAsymmetricKey

        OneAsymmetricKey ::= SEQUENCE {
          version                   Version,
          privateKeyAlgorithm       PrivateKeyAlgorithmIdentifier,
          privateKey                PrivateKey,
          attributes            [0] Attributes OPTIONAL,
          ...,
          [[2: publicKey        [1] PublicKey OPTIONAL ]],
          ... }

        Version ::= INTEGER { v1(0), v2(1) } (v1, ..., v2)
        PrivateKey ::= OCTET STRING
        PublicKey ::= BIT STRING
    """

    version: int
    private_key_algorithm: AlgorithmIdentifier
    private_key: bytes
    attributes: Annotated[SetOf[Attribute] | None, Implicit(0)] = None
    public_key: Annotated[BitString | None, Implicit(1)] = None


@choice
class KeyIdentifier(Choice):
    """RFC 4211 §4.2.1: ``identifier`` of EncKeyWithID, whose key it is.

    ::

        EncKeyWithID ::= SEQUENCE {
          privateKey           PrivateKeyInfo,
          identifier CHOICE {
            string               UTF8String,
            generalName          GeneralName
          } OPTIONAL }
    """

    string: str | None = None
    general_name: GeneralName | None = None


@sequence
class EncKeyWithID(Asn1):
    """RFC 4211 §4.2.1: a private key and whose it is, the content of id-ct-encKeyWithID.

    ::

        EncKeyWithID ::= SEQUENCE {
          privateKey           PrivateKeyInfo,
          identifier CHOICE {
            string               UTF8String,
            generalName          GeneralName
          } OPTIONAL }
    """

    private_key: PrivateKeyInfo
    identifier: KeyIdentifier | None = None
