"""PKCS#10 certification requests (RFC 2986) and the attributes of CMC and CMS.

A tag without a keyword is IMPLICIT, as in the module of RFC 2986.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cmcodec.asn1 import (
    OID,
    Asn1,
    BitString,
    Elements,
    Implicit,
    Open,
    SetOf,
    alias,
    sequence,
)
from cmcodec.foreign import quietly
from cmcodec.types.pkix import AlgorithmIdentifier, Extension, Name, SubjectPublicKeyInfo

if TYPE_CHECKING:
    from cryptography import x509


@sequence
class Attribute(Asn1):
    """RFC 5652 §5.3, RFC 2986 §4.1: an attribute of a CMS message or of a PKCS#10 request.

    ::

        Attribute ::= SEQUENCE {
          attrType OBJECT IDENTIFIER,
          attrValues SET OF AttributeValue }

        AttributeValue ::= ANY

    RFC 2986 calls the fields ``type`` and ``values``, and wants at least one value.
    """

    attr_type: OID
    attr_values: SetOf[Annotated[Asn1, Open("attribute")]]


@alias
class ExtensionReq(Elements):
    """RFC 10002 §3.1: the value of id-ExtensionReq, and of its Microsoft twin (T-22).

    ::

        ExtensionReq ::= SEQUENCE SIZE (1..MAX) OF Extension

    RFC 2797 has no SIZE, so an empty one is read too. It asks for nothing, as an attribute without
    values does.
    """

    value: tuple[Extension, ...]


@sequence
class CertificationRequestInfo(Asn1):
    """RFC 2986 §4.1: the signed part of a PKCS#10 request.

    ::

        CertificationRequestInfo ::= SEQUENCE {
          version       INTEGER { v1(0) } (v1,...),
          subject       Name,
          subjectPKInfo SubjectPublicKeyInfo{{ PKInfoAlgorithms }},
          attributes    [0] Attributes{{ CRIAttributes }} }

        Attributes { ATTRIBUTE:IOSet } ::= SET OF Attribute{{ IOSet }}

    RFC 10002 calls ``subjectPKInfo`` ``subjectPublicKeyInfo``, as the field here does.
    Some peers leave ``attributes`` out where it must be empty.
    """

    version: int
    subject: Name
    subject_public_key_info: SubjectPublicKeyInfo
    attributes: Annotated[SetOf[Attribute] | None, Implicit(0)] = None


@sequence
class CertificationRequest(Asn1):
    """RFC 2986 §4.2: a PKCS#10 request, the Simple PKI Request of RFC 10002 §3.1.

    ::

        CertificationRequest ::= SEQUENCE {
          certificationRequestInfo CertificationRequestInfo,
          signatureAlgorithm AlgorithmIdentifier{{ SignatureAlgorithms }},
          signature          BIT STRING }
    """

    certification_request_info: CertificationRequestInfo
    signature_algorithm: AlgorithmIdentifier
    signature: BitString

    def to_cryptography(self) -> x509.CertificateSigningRequest:
        """The request as an object of ``cryptography``; raises `ValueError` if it is none."""
        from cryptography import x509

        return quietly(x509.load_der_x509_csr, self.to_der())
