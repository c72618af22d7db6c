"""Certificate Request Message Format (RFC 4211), as far as CMC uses or refuses it."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from cmcodec.asn1 import (
    TLV,
    Asn1,
    BitString,
    Choice,
    Elements,
    Explicit,
    Implicit,
    Named,
    NullType,
    SetOf,
    Size,
    choice,
    named,
    sequence,
)
from cmcodec.asn1 import (
    Name as FieldName,
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
)


@sequence(at_least_one=True)
class OptionalValidity(Asn1):
    """RFC 4211 §5."""

    not_before: Annotated[Time | None, Explicit(0)] = None
    not_after: Annotated[Time | None, Explicit(1)] = None


@sequence
class CertTemplate(Asn1):
    """RFC 4211 §5. Requesters leave [0], [1], [2], [7] and [8] out (R-048)."""

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


@sequence
class CertRequest(Asn1):
    """RFC 4211 §5. ``cert_req_id`` is the body part id of the request in CMC (R-057)."""

    cert_req_id: int
    cert_template: CertTemplate
    controls: Annotated[tuple[AttributeTypeAndValue, ...] | None, Size(1)] = None


@sequence
class PKMACValue(Asn1):
    """RFC 4211 §4.1."""

    alg_id: AlgorithmIdentifier
    value: BitString


@choice
class AuthInfo(Choice):
    """RFC 4211 §4.1, ``authInfo`` of POPOSigningKeyInput."""

    sender: Annotated[GeneralName | None, Explicit(0)] = None
    public_key_mac: Annotated[PKMACValue | None, FieldName("publicKeyMAC")] = None


@sequence
class POPOSigningKeyInput(Asn1):
    """RFC 4211 §4.1. RFC 10002 §3.2.1.2.2 forbids it (R-044)."""

    auth_info: AuthInfo
    public_key: SubjectPublicKeyInfo


@sequence
class POPOSigningKey(Asn1):
    """RFC 4211 §4.1: a signature over the DER encoding of ``certReq`` (R-046)."""

    poposk_input: Annotated[POPOSigningKeyInput | None, Implicit(0)] = None
    algorithm_identifier: AlgorithmIdentifier
    signature: BitString


class SubsequentMessage(IntEnum):
    """RFC 4211 §4.2. CMC forbids ``encrCert`` (R-043)."""

    ENCR_CERT = 0
    CHALLENGE_RESP = 1


@choice
class POPOPrivKey(Choice):
    """RFC 4211 §4.2."""

    this_message: Annotated[BitString | None, Implicit(0)] = None
    subsequent_message: Annotated[int | None, Named(SubsequentMessage), Implicit(1)] = None
    dh_mac: Annotated[BitString | None, Implicit(2), FieldName("dhMAC")] = None
    agree_mac: Annotated[PKMACValue | None, Implicit(3), FieldName("agreeMAC")] = None
    encrypted_key: Annotated[EnvelopedData | None, Implicit(4)] = None


@choice
class ProofOfPossession(Choice):
    """RFC 4211 §4. ``ra_verified`` counts from an authorised RA only (RULES R2)."""

    ra_verified: Annotated[NullType | None, Implicit(0)] = None
    signature: Annotated[POPOSigningKey | None, Implicit(1)] = None
    key_encipherment: Annotated[POPOPrivKey | None, Explicit(2)] = None
    key_agreement: Annotated[POPOPrivKey | None, Explicit(3)] = None


@sequence
class CertReqMsg(Asn1):
    """RFC 4211 §3. CMC forbids ``reg_info`` (R-042)."""

    cert_req: CertRequest
    popo: ProofOfPossession | None = None
    reg_info: Annotated[tuple[AttributeTypeAndValue, ...] | None, Size(1)] = None


@named
class CertReqMessages(Elements):
    """RFC 4211 §3."""

    value: Annotated[tuple[CertReqMsg, ...], Size(1)]


@sequence
class PBMParameter(Asn1):
    """RFC 4211 §4.4: the parameters of id-PasswordBasedMac."""

    salt: bytes
    owf: AlgorithmIdentifier
    iteration_count: int
    mac: AlgorithmIdentifier


class PublicationAction(IntEnum):
    """RFC 4211 §6.3, ``action``."""

    DONT_PUBLISH = 0
    PLEASE_PUBLISH = 1


class PublicationMethod(IntEnum):
    """RFC 4211 §6.3, ``pubMethod``."""

    DONT_CARE = 0
    X500 = 1
    WEB = 2
    LDAP = 3


@sequence
class SinglePubInfo(Asn1):
    """RFC 4211 §6.3."""

    pub_method: Annotated[int, Named(PublicationMethod)]
    pub_location: GeneralName | None = None


@sequence
class PKIPublicationInfo(Asn1):
    """RFC 4211 §6.3. ``pub_infos`` is absent with ``dontPublish`` (R-160)."""

    action: Annotated[int, Named(PublicationAction)]
    pub_infos: Annotated[tuple[SinglePubInfo, ...] | None, Size(1)] = None


@named
class RegToken(Asn1):
    """RFC 4211 §6.1. CMC forbids it (R-206)."""

    value: str


@named
class Authenticator(Asn1):
    """RFC 4211 §6.2. CMC forbids it (R-206)."""

    value: str


@choice
class EncryptedKey(Choice):
    """RFC 4211 §6.4, in the other order: ``encrypted_value`` would take any tag for its own."""

    enveloped_data: Annotated[EnvelopedData | None, Implicit(0)] = None
    encrypted_value: TLV | None = None


@choice
class PKIArchiveOptions(Choice):
    """RFC 4211 §6.4."""

    encrypted_priv_key: Annotated[EncryptedKey | None, Explicit(0)] = None
    key_gen_parameters: Annotated[bytes | None, Implicit(1)] = None
    archive_rem_gen_priv_key: Annotated[bool | None, Implicit(2)] = None


@sequence
class CertId(Asn1):
    """RFC 4211 §6.5, the value of oldCertID."""

    issuer: GeneralName
    serial_number: int


@named
class UTF8Pairs(Asn1):
    """RFC 4211 §7.1."""

    value: str


@sequence
class PrivateKeyInfo(Asn1):
    """RFC 5958 §2, OneAsymmetricKey."""

    version: int
    private_key_algorithm: AlgorithmIdentifier
    private_key: bytes
    attributes: Annotated[SetOf[Attribute] | None, Implicit(0)] = None
    public_key: Annotated[BitString | None, Implicit(1)] = None


@choice
class KeyIdentifier(Choice):
    """RFC 4211 §4.2.1, ``identifier`` of EncKeyWithID."""

    string: str | None = None
    general_name: GeneralName | None = None


@sequence
class EncKeyWithID(Asn1):
    """RFC 4211 §4.2.1."""

    private_key: PrivateKeyInfo
    identifier: KeyIdentifier | None = None
