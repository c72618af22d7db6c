"""The X.509 types that CMC borrows (RFC 5280, RFC 5912)."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated

from cmcodec.asn1 import (
    OID,
    TLV,
    Asn1,
    BitString,
    Choice,
    Default,
    Elements,
    Explicit,
    IA5String,
    Implicit,
    Legacy,
    NullType,
    Open,
    SetOf,
    Size,
    UTCTime,
    choice,
    named,
    sequence,
)
from cmcodec.asn1 import (
    Name as FieldName,
)

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


@sequence
class AlgorithmIdentifier(Asn1):
    """RFC 5280 §4.1.1.2. ``parameters`` stay as received; SPEC D says which are accepted where."""

    algorithm: OID
    parameters: TLV | None = None


@sequence
class AttributeTypeAndValue(Asn1):
    """RFC 5280 §4.1.2.4, and the registration controls of RFC 4211 §6 and §7."""

    type: OID
    value: Annotated[Asn1, Open("registration")]


@choice
class Name(Choice):
    """RFC 5280 §4.1.2.4. The empty name, "NULL" in RFC 10002, is ``rdn_sequence=()``.

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
    """RFC 5280 §4.2.1.6. The types of [0], [3] and [5] are kept as octets."""

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
    """RFC 5280 §4.2.1.6, an alternative of GeneralName."""

    type_id: Annotated[OID, FieldName("type-id")]
    value: Annotated[TLV, Explicit(0)]


@named
class GeneralNames(Elements):
    """RFC 5280 §4.2.1.6."""

    value: Annotated[tuple[GeneralName, ...], Size(1)]


@sequence
class Extension(Asn1):
    """RFC 5280 §4.2. ``extn_value`` is the content of the OCTET STRING, itself DER."""

    extn_id: Annotated[OID, FieldName("extnID")]
    critical: Annotated[bool, Default(False)] = False
    extn_value: bytes


@named
class Extensions(Elements):
    """RFC 5280 §4.1.2.9."""

    value: Annotated[tuple[Extension, ...], Size(1)]


@sequence
class SubjectPublicKeyInfo(Asn1):
    """RFC 5280 §4.1.2.7."""

    algorithm: AlgorithmIdentifier
    subject_public_key: BitString

    def to_cryptography(self) -> PublicKeyTypes:
        """The key as an object of ``cryptography``; whatever that raises for keys it lacks."""
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        return load_der_public_key(self.to_der())


@choice
class Time(Choice):
    """RFC 5280 §4.1.2.5."""

    utc_time: UTCTime | None = None
    general_time: datetime | None = None


@sequence
class IssuerAndSerialNumber(Asn1):
    """RFC 5652 §10.2.4."""

    issuer: Name
    serial_number: int


class Certificate(TLV):
    """A certificate (RFC 5280 §4.1), opaque because it is signed as it stands."""

    __slots__ = ()
    __asn1__ = "opaque"

    def to_cryptography(self) -> x509.Certificate:
        """The certificate as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return x509.load_der_x509_certificate(self.der)


class CertificateList(TLV):
    """A CRL (RFC 5280 §5.1), opaque because it is signed as it stands."""

    __slots__ = ()
    __asn1__ = "opaque"

    def to_cryptography(self) -> x509.CertificateRevocationList:
        """The CRL as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return x509.load_der_x509_crl(self.der)


class CRLReason(IntEnum):
    """RFC 5280 §5.3.1."""

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
    """The bits of ReasonFlags (RFC 5280 §4.2.1.13): ``ReasonFlag.SUPERSEDED in reasons``."""

    UNUSED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    PRIVILEGE_WITHDRAWN = 7
    AA_COMPROMISE = 8
