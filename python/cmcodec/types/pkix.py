"""The X.509 types that CMC borrows (RFC 5280, RFC 5912).

A tag without a keyword is IMPLICIT, and EXPLICIT before a CHOICE such as Name.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Literal

from cmcodec.asn1 import (
    OID,
    TLV,
    Asn1,
    BitString,
    Choice,
    Default,
    Elements,
    Explicit,
    FieldName,
    IA5String,
    Implicit,
    Legacy,
    NullType,
    Open,
    SetOf,
    Size,
    UTCTime,
    alias,
    choice,
    sequence,
)

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


@sequence
class AlgorithmIdentifier(Asn1):
    """RFC 5280 §4.1.1.2: an algorithm and its parameters.

    ::

        AlgorithmIdentifier ::= SEQUENCE {
          algorithm               OBJECT IDENTIFIER,
          parameters              ANY DEFINED BY algorithm OPTIONAL }

    ``parameters`` stay as received.
    """

    algorithm: OID
    parameters: TLV | None = None


@sequence
class AttributeTypeAndValue(Asn1):
    """RFC 5280 §4.1.2.4: a part of a name; also a registration control of RFC 4211 §6 and §7.

    ::

        AttributeTypeAndValue ::= SEQUENCE {
          type     AttributeType,
          value    AttributeValue }

        AttributeType ::= OBJECT IDENTIFIER
        AttributeValue ::= ANY -- DEFINED BY AttributeType
    """

    type: OID
    value: Annotated[Asn1, Open("registration")]


@choice
class Name(Choice):
    """RFC 5280 §4.1.2.4: a distinguished name.

    ::

        Name ::= CHOICE { -- only one possibility for now --
          rdnSequence  RDNSequence }

        RDNSequence ::= SEQUENCE OF RelativeDistinguishedName
        RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue

    The empty name, "NULL" in RFC 10002, is ``rdn_sequence=()``.

    Some peers send an ASN.1 NULL for it (T-12): ``null``.
    """

    rdn_sequence: tuple[Annotated[SetOf[AttributeTypeAndValue], Size(1)], ...] | None = None
    null: Annotated[NullType | None, Legacy()] = None

    @classmethod
    def from_cryptography(cls, name: x509.Name) -> Name:
        """The name as this package's type."""
        return cls.from_der(name.public_bytes())


@choice
class GeneralName(Choice):
    """RFC 5280 §4.2.1.6: a name of any kind.

    ::

        GeneralName ::= CHOICE {
          otherName                 [0]  OtherName,
          rfc822Name                [1]  IA5String,
          dNSName                   [2]  IA5String,
          x400Address               [3]  ORAddress,
          directoryName             [4]  Name,
          ediPartyName              [5]  EDIPartyName,
          uniformResourceIdentifier [6]  IA5String,
          iPAddress                 [7]  OCTET STRING,
          registeredID              [8]  OBJECT IDENTIFIER }

    The types of [3] and [5] are kept as octets.
    """

    other_name: Annotated[OtherName | None, Implicit(0)] = None
    rfc822_name: Annotated[IA5String | None, Implicit(1), FieldName("rfc822Name")] = None
    dns_name: Annotated[IA5String | None, Implicit(2), FieldName("dNSName")] = None
    x400_address: Annotated[TLV | None, Implicit(3), FieldName("x400Address")] = None
    directory_name: Annotated[Name | None, Explicit(4)] = None
    edi_party_name: Annotated[TLV | None, Implicit(5)] = None
    uniform_resource_identifier: Annotated[IA5String | None, Implicit(6)] = None
    ip_address: Annotated[bytes | None, Implicit(7), FieldName("iPAddress")] = None
    registered_id: Annotated[OID | None, Implicit(8), FieldName("registeredID")] = None


@sequence
class OtherName(Asn1):
    """RFC 5280 §4.2.1.6: a name of a kind that its OID names, an alternative of GeneralName.

    ::

        OtherName ::= SEQUENCE {
          type-id    OBJECT IDENTIFIER,
          value      [0] EXPLICIT ANY DEFINED BY type-id }
    """

    type_id: Annotated[OID, FieldName("type-id")]
    value: Annotated[TLV, Explicit(0)]


@alias
class GeneralNames(Elements):
    """RFC 5280 §4.2.1.6: one or more names, the value of subjectAltName among others.

    ::

        GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName
    """

    value: Annotated[tuple[GeneralName, ...], Size(1)]


@sequence
class Extension(Asn1):
    """RFC 5280 §4.2: one extension of a certificate.

    ::

        Extension ::= SEQUENCE {
          extnID      OBJECT IDENTIFIER,
          critical    BOOLEAN DEFAULT FALSE,
          extnValue   OCTET STRING }

    ``extn_value`` is the content of the OCTET STRING, itself DER. ``critical_written`` is True
    where FALSE is written out for ``critical``, which DER forbids and certmonger does (rule P3);
    it makes no difference where ``critical`` is True.
    """

    extn_id: Annotated[OID, FieldName("extnID")]
    critical: Annotated[bool, Default(False, written="critical_written")] = False
    extn_value: bytes
    critical_written: Literal[True] | None = None


@alias
class Extensions(Elements):
    """RFC 5280 §4.1.2.9: the extensions of a certificate.

    ::

        Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension
    """

    value: Annotated[tuple[Extension, ...], Size(1)]


@sequence
class PolicyInformation(Asn1):
    """RFC 5280 §4.2.1.4: a policy, and what qualifies it.

    ::

        PolicyInformation ::= SEQUENCE {
          policyIdentifier   CertPolicyId,
          policyQualifiers   SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo OPTIONAL }

        CertPolicyId ::= OBJECT IDENTIFIER

    Qualifiers stay octets.
    """

    policy_identifier: OID
    policy_qualifiers: Annotated[tuple[TLV, ...] | None, Size(1)] = None


@sequence
class SubjectPublicKeyInfo(Asn1):
    """RFC 5280 §4.1.2.7: a public key and its algorithm.

    ::

        SubjectPublicKeyInfo ::= SEQUENCE {
          algorithm            AlgorithmIdentifier,
          subjectPublicKey     BIT STRING }
    """

    algorithm: AlgorithmIdentifier
    subject_public_key: BitString

    def to_cryptography(self) -> PublicKeyTypes:
        """The key as an object of ``cryptography``; whatever that raises for keys it lacks."""
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        return load_der_public_key(self.to_der())


@choice
class Time(Choice):
    """RFC 5280 §4.1.2.5: a time, UTCTime up to 2049 and GeneralizedTime from 2050.

    ::

        Time ::= CHOICE {
          utcTime        UTCTime,
          generalTime    GeneralizedTime }
    """

    utc_time: UTCTime | None = None
    general_time: datetime | None = None


@sequence
class IssuerAndSerialNumber(Asn1):
    """RFC 5652 §10.2.4: a certificate, by its issuer and its number.

    ::

        IssuerAndSerialNumber ::= SEQUENCE {
          issuer Name,
          serialNumber CertificateSerialNumber }

        CertificateSerialNumber ::= INTEGER
    """

    issuer: Name
    serial_number: int


class Certificate(TLV):
    """RFC 5280 §4.1: a certificate, opaque because it is signed as it stands.

    ::

        Certificate ::= SEQUENCE {
          tbsCertificate       TBSCertificate,
          signatureAlgorithm   AlgorithmIdentifier,
          signatureValue       BIT STRING }
    """

    __slots__ = ()
    __asn1__ = "opaque"

    def to_cryptography(self) -> x509.Certificate:
        """The certificate as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return x509.load_der_x509_certificate(self.der)


class CertificateList(TLV):
    """RFC 5280 §5.1: a CRL, opaque because it is signed as it stands.

    ::

        CertificateList ::= SEQUENCE {
          tbsCertList          TBSCertList,
          signatureAlgorithm   AlgorithmIdentifier,
          signatureValue       BIT STRING }
    """

    __slots__ = ()
    __asn1__ = "opaque"

    def to_cryptography(self) -> x509.CertificateRevocationList:
        """The CRL as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return x509.load_der_x509_crl(self.der)


class CRLReason(IntEnum):
    """RFC 5280 §5.3.1: why a certificate is revoked.

    ::

        CRLReason ::= ENUMERATED {
          unspecified             (0),
          keyCompromise           (1),
          cACompromise            (2),
          affiliationChanged      (3),
          superseded              (4),
          cessationOfOperation    (5),
          certificateHold         (6),
               -- value 7 is not used
          removeFromCRL           (8),
          privilegeWithdrawn      (9),
          aACompromise           (10) }
    """

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


class ReasonFlag(IntEnum):
    """RFC 5280 §4.2.1.13: the bits of ReasonFlags.

    ::

        ReasonFlags ::= BIT STRING {
          unused                  (0),
          keyCompromise           (1),
          cACompromise            (2),
          affiliationChanged      (3),
          superseded              (4),
          cessationOfOperation    (5),
          certificateHold         (6),
          privilegeWithdrawn      (7),
          aACompromise            (8) }

    ``ReasonFlag.SUPERSEDED in reasons`` asks for one bit.
    """

    UNUSED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    PRIVILEGE_WITHDRAWN = 7
    AA_COMPROMISE = 8
