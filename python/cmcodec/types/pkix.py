"""The X.509 types that CMC borrows (RFC 5280, RFC 5912).

A tag without a keyword is IMPLICIT, and EXPLICIT before a CHOICE such as Name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cmcodec import oids
from cmcodec.asn1 import (
    OID,
    TLV,
    AsIssued,
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
from cmcodec.asn1.der import element
from cmcodec.asn1.scalars import encode_object_identifier
from cmcodec.foreign import quietly

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

    def to_cryptography(self) -> x509.Name:
        """The name as an object of ``cryptography``; raises `ValueError` for what it refuses."""
        return as_request(self).subject


def as_request(
    subject: Name | None = None,
    key: SubjectPublicKeyInfo | None = None,
    extensions: tuple[Extension, ...] = (),
) -> x509.CertificateSigningRequest:
    """Parts of a certificate in a request that nobody signed: ``cryptography`` reads them there.

    A key that is not given is any. Raises `ValueError` for what is no request; its properties, for
    what they cannot read.
    """
    from cryptography import x509

    algorithm = element(0x30, element(0x06, encode_object_identifier(oids.ID_ED25519)))
    name = b"\x30\x00" if subject is None else subject.to_der()
    spki = element(0x30, algorithm, element(0x03, bytes(33))) if key is None else key.to_der()
    attributes = b""
    if extensions:
        asked = element(
            0x30, *(replace(each, critical_written=None).to_der() for each in extensions)
        )
        kind = element(0x06, encode_object_identifier(oids.ID_EXTENSION_REQUEST))
        attributes = element(0x30, kind, element(0x31, asked))
    info = element(0x30, b"\x02\x01\x00", name, spki, element(0xA0, attributes))
    return x509.load_der_x509_csr(element(0x30, info, algorithm, element(0x03, bytes(65))))


def as_extensions(extensions: tuple[Extension, ...]) -> x509.Extensions:
    """Extensions as ``cryptography`` has them; raises `ValueError` for what it refuses."""
    from cryptography import x509

    try:
        return as_request(extensions=extensions).extensions
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from None


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

    @classmethod
    def from_cryptography(cls, extension: x509.Extension[Any]) -> Extension:
        """The extension as this package's type."""
        return cls(
            extn_id=extension.oid.dotted_string,
            critical=extension.critical,
            extn_value=extension.value.public_bytes(),
        )

    def to_cryptography(self) -> x509.Extension[Any]:
        """The extension as an object of ``cryptography``; raises `ValueError` for a bad value.

        One whose type that library does not know is an ``UnrecognizedExtension``.
        """
        found: x509.Extension[Any] = next(iter(as_extensions((self,))))
        return found


@alias
class Extensions(Elements):
    """RFC 5280 §4.1.2.9: the extensions of a certificate.

    ::

        Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension
    """

    value: Annotated[tuple[Extension, ...], Size(1)]


@sequence
class BasicConstraints(Asn1):
    """RFC 5280 §4.2.1.9: whether a certificate is that of a CA, and how many CAs may follow.

    ::

        BasicConstraints ::= SEQUENCE {
          cA                      BOOLEAN DEFAULT FALSE,
          pathLenConstraint       INTEGER (0..MAX) OPTIONAL }

    ``ca_written`` is True where FALSE is written out for ``ca``, which DER forbids and old CAs do.
    """

    ca: Annotated[bool, FieldName("cA"), Default(False, written="ca_written")] = False
    path_len_constraint: int | None = None
    ca_written: Literal[True] | None = None


class KeyUsage(IntEnum):
    """RFC 5280 §4.2.1.3: the bits of KeyUsage.

    ::

        KeyUsage ::= BIT STRING {
          digitalSignature        (0),
          nonRepudiation          (1),
          keyEncipherment         (2),
          dataEncipherment        (3),
          keyAgreement            (4),
          keyCertSign             (5),
          cRLSign                 (6),
          encipherOnly            (7),
          decipherOnly            (8) }

    ``KeyUsage.KEY_CERT_SIGN in usages`` asks for one bit.
    """

    DIGITAL_SIGNATURE = 0
    NON_REPUDIATION = 1
    KEY_ENCIPHERMENT = 2
    DATA_ENCIPHERMENT = 3
    KEY_AGREEMENT = 4
    KEY_CERT_SIGN = 5
    CRL_SIGN = 6
    ENCIPHER_ONLY = 7
    DECIPHER_ONLY = 8


@alias
class ExtKeyUsageSyntax(Elements):
    """RFC 5280 §4.2.1.12: what a key is for.

    ::

        ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId
        KeyPurposeId ::= OBJECT IDENTIFIER
    """

    value: Annotated[tuple[OID, ...], Size(1)]


@sequence
class AuthorityKeyIdentifier(Asn1):
    """RFC 5280 §4.2.1.1: with which key of its issuer a certificate was signed.

    ::

        AuthorityKeyIdentifier ::= SEQUENCE {
          keyIdentifier             [0] KeyIdentifier            OPTIONAL,
          authorityCertIssuer       [1] GeneralNames             OPTIONAL,
          authorityCertSerialNumber [2] CertificateSerialNumber  OPTIONAL }

        KeyIdentifier ::= OCTET STRING
    """

    key_identifier: Annotated[bytes | None, Implicit(0)] = None
    authority_cert_issuer: Annotated[GeneralNames | None, Implicit(1)] = None
    authority_cert_serial_number: Annotated[int | None, Implicit(2)] = None


@sequence
class GeneralSubtree(Asn1):
    """RFC 5280 §4.2.1.10: names of one kind that have something in common.

    ::

        GeneralSubtree ::= SEQUENCE {
          base             GeneralName,
          minimum      [0] BaseDistance DEFAULT 0,
          maximum      [1] BaseDistance OPTIONAL }

        BaseDistance ::= INTEGER (0..MAX)
    """

    base: GeneralName
    minimum: Annotated[int, Implicit(0), Default(0)] = 0
    maximum: Annotated[int | None, Implicit(1)] = None


@sequence
class NameConstraints(Asn1):
    """RFC 5280 §4.2.1.10: which names the certificates below a CA may have.

    ::

        NameConstraints ::= SEQUENCE {
          permittedSubtrees [0] GeneralSubtrees OPTIONAL,
          excludedSubtrees  [1] GeneralSubtrees OPTIONAL }

        GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree
    """

    permitted_subtrees: Annotated[tuple[GeneralSubtree, ...] | None, Implicit(0), Size(1)] = None
    excluded_subtrees: Annotated[tuple[GeneralSubtree, ...] | None, Implicit(1), Size(1)] = None


@sequence
class PolicyConstraints(Asn1):
    """RFC 5280 §4.2.1.11: after how many more certificates a policy is needed.

    ::

        PolicyConstraints ::= SEQUENCE {
          requireExplicitPolicy [0] SkipCerts OPTIONAL,
          inhibitPolicyMapping  [1] SkipCerts OPTIONAL }

        SkipCerts ::= INTEGER (0..MAX)
    """

    require_explicit_policy: Annotated[int | None, Implicit(0)] = None
    inhibit_policy_mapping: Annotated[int | None, Implicit(1)] = None


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
class Validity(Asn1):
    """RFC 5280 §4.1.2.5: from when until when a certificate is valid, both included.

    ::

        Validity ::= SEQUENCE {
          notBefore      Time,
          notAfter       Time }
    """

    not_before: Time
    not_after: Time


@sequence
class IssuerAndSerialNumber(Asn1):
    """RFC 5652 §10.2.4: a certificate, by its issuer and its number.

    ::

        IssuerAndSerialNumber ::= SEQUENCE {
          issuer Name,
          serialNumber CertificateSerialNumber }

        CertificateSerialNumber ::= INTEGER

    ``issuer`` is a copy of what stands in the certificate, to which it is compared octet for octet:
    the order of a RelativeDistinguishedName is that of the certificate (rule V8).
    """

    issuer: AsIssued[Name]
    serial_number: int


# --- what stays octets, and what these are checked to be (rule P3) --------------------------------


@sequence
class _NameAttribute(Asn1):
    """RFC 5280 §4.1.2.4: AttributeTypeAndValue, of any value."""

    type: OID
    value: TLV


@choice
class _DistinguishedName(Choice):
    """RFC 5280 §4.1.2.4: Name as it is there, without the forms of peers."""

    rdn_sequence: tuple[Annotated[SetOf[_NameAttribute], Size(1)], ...] | None = None


@sequence
class _Validity(Asn1):
    """RFC 5280 §4.1.2.5.

    ::

        Validity ::= SEQUENCE {
          notBefore      Time,
          notAfter       Time }
    """

    not_before: Time
    not_after: Time


@sequence
class _TBSCertificate(Asn1):
    """RFC 5280 §4.1.2.

    ::

        TBSCertificate ::= SEQUENCE {
          version         [0]  EXPLICIT Version DEFAULT v1,
          serialNumber         CertificateSerialNumber,
          signature            AlgorithmIdentifier,
          issuer               Name,
          validity             Validity,
          subject              Name,
          subjectPublicKeyInfo SubjectPublicKeyInfo,
          issuerUniqueID  [1]  IMPLICIT UniqueIdentifier OPTIONAL,
          subjectUniqueID [2]  IMPLICIT UniqueIdentifier OPTIONAL,
          extensions      [3]  EXPLICIT Extensions OPTIONAL }

        Version ::= INTEGER { v1(0), v2(1), v3(2) }
        UniqueIdentifier ::= BIT STRING
    """

    version: Annotated[int, Explicit(0), Default(0)] = 0
    serial_number: int
    signature: AlgorithmIdentifier
    issuer: _DistinguishedName
    validity: _Validity
    subject: _DistinguishedName
    subject_public_key_info: SubjectPublicKeyInfo
    issuer_unique_id: Annotated[BitString | None, Implicit(1), FieldName("issuerUniqueID")] = None
    subject_unique_id: Annotated[BitString | None, Implicit(2), FieldName("subjectUniqueID")] = None
    extensions: Annotated[tuple[Extension, ...] | None, Size(1), Explicit(3)] = None


@sequence
class _Certificate(Asn1):
    """RFC 5280 §4.1: the SEQUENCE that `Certificate` prints."""

    tbs_certificate: _TBSCertificate
    signature_algorithm: AlgorithmIdentifier
    signature_value: BitString


class Certificate(TLV):
    """RFC 5280 §4.1: a certificate, opaque because it is signed as it stands.

    ::

        Certificate ::= SEQUENCE {
          tbsCertificate       TBSCertificate,
          signatureAlgorithm   AlgorithmIdentifier,
          signatureValue       BIT STRING }

    The fields, tags and types are those of RFC 5280, ``extnValue`` being any octets, and the octets
    are DER, but for the order of a SET OF and DEFAULT values written out, which an issuer may have
    signed (rule P3). ``strict`` makes no difference.
    """

    __slots__ = ()
    __asn1__ = "opaque"
    __asn1_inside__ = _Certificate

    def to_cryptography(self) -> x509.Certificate:
        """The certificate as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return quietly(x509.load_der_x509_certificate, self.der)


class CertificateList(TLV):
    """RFC 5280 §5.1: a CRL, opaque because it is signed as it stands.

    ::

        CertificateList ::= SEQUENCE {
          tbsCertList          TBSCertList,
          signatureAlgorithm   AlgorithmIdentifier,
          signatureValue       BIT STRING }

    The octets are DER in the sense of `Certificate`; which fields there are is not checked.
    """

    __slots__ = ()
    __asn1__ = "opaque"
    __asn1_inside__ = TLV

    def to_cryptography(self) -> x509.CertificateRevocationList:
        """The CRL as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return quietly(x509.load_der_x509_crl, self.der)


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
