"""Cryptographic Message Syntax (RFC 5652, RFC 5083, RFC 9629)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from cmcodec.asn1 import (
    OID,
    TLV,
    Asn1,
    BitString,
    Choice,
    Containing,
    Explicit,
    Implicit,
    Open,
    Range,
    SetOf,
    SignedSetOf,
    Size,
    choice,
    named,
    sequence,
)
from cmcodec.types.pkcs10 import Attribute
from cmcodec.types.pkix import (
    AlgorithmIdentifier,
    Certificate,
    CertificateList,
    IssuerAndSerialNumber,
    Time,
)


@sequence
class ContentInfo(Asn1):
    """RFC 5652 §3."""

    content_type: OID
    content: Annotated[Asn1, Open("content"), Explicit(0)]


@named
class Data(Asn1):
    """RFC 5652 §4, the content of id-data."""

    value: bytes


@sequence
class EncapsulatedContentInfo(Asn1):
    """RFC 5652 §5.2. A PKIData or PKIResponse in ``e_content`` is validated, and stays octets."""

    e_content_type: OID
    e_content: Annotated[bytes | None, Containing("encapsulated"), Explicit(0)] = None


@sequence
class OtherCertificateFormat(Asn1):
    """RFC 5652 §10.2.2."""

    other_cert_format: OID
    other_cert: TLV


@choice
class CertificateChoices(Choice):
    """RFC 5652 §10.2.2. Attribute certificates and PKCS#6 certificates stay octets."""

    certificate: Certificate | None = None
    extended_certificate: Annotated[TLV | None, Implicit(0)] = None
    v1_attr_cert: Annotated[TLV | None, Implicit(1)] = None
    v2_attr_cert: Annotated[TLV | None, Implicit(2)] = None
    other: Annotated[OtherCertificateFormat | None, Implicit(3)] = None


@sequence
class OtherRevocationInfoFormat(Asn1):
    """RFC 5652 §10.2.1."""

    other_rev_info_format: OID
    other_rev_info: TLV


@choice
class RevocationInfoChoice(Choice):
    """RFC 5652 §10.2.1."""

    crl: CertificateList | None = None
    other: Annotated[OtherRevocationInfoFormat | None, Implicit(1)] = None


@choice
class SignerIdentifier(Choice):
    """RFC 5652 §5.3."""

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    subject_key_identifier: Annotated[bytes | None, Implicit(0)] = None


@sequence
class SignerInfo(Asn1):
    """RFC 5652 §5.3."""

    version: int
    sid: SignerIdentifier
    digest_algorithm: AlgorithmIdentifier
    signed_attrs: Annotated[SignedSetOf[Attribute] | None, Size(1), Implicit(0)] = None
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(1)] = None


@sequence
class SignedData(Asn1):
    """RFC 5652 §5.1."""

    version: int
    digest_algorithms: SetOf[AlgorithmIdentifier]
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[SetOf[CertificateChoices] | None, Implicit(0)] = None
    crls: Annotated[SetOf[RevocationInfoChoice] | None, Implicit(1)] = None
    signer_infos: SetOf[SignerInfo]


@sequence
class OriginatorInfo(Asn1):
    """RFC 5652 §6.1."""

    certs: Annotated[SetOf[CertificateChoices] | None, Implicit(0)] = None
    crls: Annotated[SetOf[RevocationInfoChoice] | None, Implicit(1)] = None


@choice
class RecipientIdentifier(Choice):
    """RFC 5652 §6.2.1."""

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    subject_key_identifier: Annotated[bytes | None, Implicit(0)] = None


@sequence
class KeyTransRecipientInfo(Asn1):
    """RFC 5652 §6.2.1."""

    version: int
    rid: RecipientIdentifier
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@sequence
class OriginatorPublicKey(Asn1):
    """RFC 5652 §6.2.2."""

    algorithm: AlgorithmIdentifier
    public_key: BitString


@choice
class OriginatorIdentifierOrKey(Choice):
    """RFC 5652 §6.2.2."""

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    subject_key_identifier: Annotated[bytes | None, Implicit(0)] = None
    originator_key: Annotated[OriginatorPublicKey | None, Implicit(1)] = None


@sequence
class OtherKeyAttribute(Asn1):
    """RFC 5652 §10.2.7."""

    key_attr_id: OID
    key_attr: TLV | None = None


@sequence
class RecipientKeyIdentifier(Asn1):
    """RFC 5652 §6.2.2."""

    subject_key_identifier: bytes
    date: datetime | None = None
    other: OtherKeyAttribute | None = None


@choice
class KeyAgreeRecipientIdentifier(Choice):
    """RFC 5652 §6.2.2."""

    issuer_and_serial_number: IssuerAndSerialNumber | None = None
    r_key_id: Annotated[RecipientKeyIdentifier | None, Implicit(0)] = None


@sequence
class RecipientEncryptedKey(Asn1):
    """RFC 5652 §6.2.2."""

    rid: KeyAgreeRecipientIdentifier
    encrypted_key: bytes


@sequence
class KeyAgreeRecipientInfo(Asn1):
    """RFC 5652 §6.2.2."""

    version: int
    originator: Annotated[OriginatorIdentifierOrKey, Explicit(0)]
    ukm: Annotated[bytes | None, Explicit(1)] = None
    key_encryption_algorithm: AlgorithmIdentifier
    recipient_encrypted_keys: tuple[RecipientEncryptedKey, ...]


@sequence
class KEKIdentifier(Asn1):
    """RFC 5652 §6.2.3."""

    key_identifier: bytes
    date: datetime | None = None
    other: OtherKeyAttribute | None = None


@sequence
class KEKRecipientInfo(Asn1):
    """RFC 5652 §6.2.3."""

    version: int
    kekid: KEKIdentifier
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@sequence
class PasswordRecipientInfo(Asn1):
    """RFC 5652 §6.2.4, the recipient of a CMC AuthenticatedData (R-023)."""

    version: int
    key_derivation_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(0)] = None
    key_encryption_algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@sequence
class OtherRecipientInfo(Asn1):
    """RFC 5652 §6.2.5."""

    ori_type: OID
    ori_value: Annotated[Asn1, Open("recipient")]


@sequence
class KEMRecipientInfo(Asn1):
    """RFC 9629 §3, the value of id-ori-kem."""

    version: int
    rid: RecipientIdentifier
    kem: AlgorithmIdentifier
    kemct: bytes
    kdf: AlgorithmIdentifier
    kek_length: Annotated[int, Range(1, 65535)]
    ukm: Annotated[bytes | None, Explicit(0)] = None
    wrap: AlgorithmIdentifier
    encrypted_key: bytes


@choice
class RecipientInfo(Choice):
    """RFC 5652 §6.2."""

    ktri: KeyTransRecipientInfo | None = None
    kari: Annotated[KeyAgreeRecipientInfo | None, Implicit(1)] = None
    kekri: Annotated[KEKRecipientInfo | None, Implicit(2)] = None
    pwri: Annotated[PasswordRecipientInfo | None, Implicit(3)] = None
    ori: Annotated[OtherRecipientInfo | None, Implicit(4)] = None


@sequence
class EncryptedContentInfo(Asn1):
    """RFC 5652 §6.1."""

    content_type: OID
    content_encryption_algorithm: AlgorithmIdentifier
    encrypted_content: Annotated[bytes | None, Implicit(0)] = None


@sequence
class EnvelopedData(Asn1):
    """RFC 5652 §6.1."""

    version: int
    originator_info: Annotated[OriginatorInfo | None, Implicit(0)] = None
    recipient_infos: Annotated[SetOf[RecipientInfo], Size(1)]
    encrypted_content_info: EncryptedContentInfo
    unprotected_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(1)] = None


@sequence
class AuthEnvelopedData(Asn1):
    """RFC 5083 §2.1."""

    version: int
    originator_info: Annotated[OriginatorInfo | None, Implicit(0)] = None
    recipient_infos: Annotated[SetOf[RecipientInfo], Size(1)]
    auth_encrypted_content_info: EncryptedContentInfo
    auth_attrs: Annotated[SignedSetOf[Attribute] | None, Size(1), Implicit(1)] = None
    mac: bytes
    unauth_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(2)] = None


@sequence
class AuthenticatedData(Asn1):
    """RFC 5652 §9.1."""

    version: int
    originator_info: Annotated[OriginatorInfo | None, Implicit(0)] = None
    recipient_infos: Annotated[SetOf[RecipientInfo], Size(1)]
    mac_algorithm: AlgorithmIdentifier
    digest_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(1)] = None
    encap_content_info: EncapsulatedContentInfo
    auth_attrs: Annotated[SignedSetOf[Attribute] | None, Size(1), Implicit(2)] = None
    mac: bytes
    unauth_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(3)] = None


@sequence
class DigestedData(Asn1):
    """RFC 5652 §7."""

    version: int
    digest_algorithm: AlgorithmIdentifier
    encap_content_info: EncapsulatedContentInfo
    digest: bytes


@sequence
class EncryptedData(Asn1):
    """RFC 5652 §8."""

    version: int
    encrypted_content_info: EncryptedContentInfo
    unprotected_attrs: Annotated[SetOf[Attribute] | None, Size(1), Implicit(1)] = None


# --- attribute values ------------------------------------------------------------------------


@named
class ContentType(Asn1):
    """RFC 5652 §11.1."""

    value: OID


@named
class MessageDigest(Asn1):
    """RFC 5652 §11.2."""

    value: bytes


@named
class SigningTime(Asn1):
    """RFC 5652 §11.3. Reported, never trusted (RULES V11)."""

    value: Time


@sequence
class CMSAlgorithmProtection(Asn1):
    """RFC 6211 §2."""

    digest_algorithm: AlgorithmIdentifier
    signature_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(1)] = None
    mac_algorithm: Annotated[AlgorithmIdentifier | None, Implicit(2)] = None
