"""Enhanced Security Services: the certificate that a signer says it signs with (RFC 5035)."""

from __future__ import annotations

from cmcodec.asn1 import TLV, Asn1, sequence
from cmcodec.types.pkix import AlgorithmIdentifier, GeneralName


@sequence
class IssuerSerial(Asn1):
    """RFC 5035 §5.4.1.1: a certificate by its issuer and serial number.

    ::

        IssuerSerial ::= SEQUENCE {
          issuer        GeneralNames,
          serialNumber  CertificateSerialNumber }
    """

    issuer: tuple[GeneralName, ...]
    serial_number: int


@sequence
class ESSCertID(Asn1):
    """RFC 5035 §5.4.1.1: a certificate by its SHA-1.

    ::

        ESSCertID ::= SEQUENCE {
          certHash      OCTET STRING,
          issuerSerial  IssuerSerial OPTIONAL }
    """

    cert_hash: bytes
    issuer_serial: IssuerSerial | None = None


@sequence
class ESSCertIDv2(Asn1):
    """RFC 5035 §4: a certificate by its hash value.

    ::

        ESSCertIDv2 ::= SEQUENCE {
          hashAlgorithm  AlgorithmIdentifier DEFAULT {algorithm id-sha256},
          certHash       OCTET STRING,
          issuerSerial   IssuerSerial OPTIONAL }

    Writers in use also write the DEFAULT out: it is OPTIONAL here, and None stands for id-sha256.
    """

    hash_algorithm: AlgorithmIdentifier | None = None
    cert_hash: bytes
    issuer_serial: IssuerSerial | None = None


@sequence
class SigningCertificate(Asn1):
    """RFC 5035 §5.4.1: the value of the attribute id-aa-signingCertificate.

    ::

        SigningCertificate ::= SEQUENCE {
          certs     SEQUENCE OF ESSCertID,
          policies  SEQUENCE OF PolicyInformation OPTIONAL }

    The first of ``certs`` is the signer's certificate; another one is no candidate (rule V8).
    """

    certs: tuple[ESSCertID, ...]
    policies: tuple[TLV, ...] | None = None


@sequence
class SigningCertificateV2(Asn1):
    """RFC 5035 §3: the value of the attribute id-aa-signingCertificateV2.

    ::

        SigningCertificateV2 ::= SEQUENCE {
          certs     SEQUENCE OF ESSCertIDv2,
          policies  SEQUENCE OF PolicyInformation OPTIONAL }

    The first of ``certs`` is the signer's certificate; another one is no candidate (rule V8).
    """

    certs: tuple[ESSCertIDv2, ...]
    policies: tuple[TLV, ...] | None = None
