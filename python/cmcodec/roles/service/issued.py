"""Certificates that were issued, and what they are known by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cmcodec import _backend, types
from cmcodec.asn1.der import element
from cmcodec.verify.certificates import certificate_octets

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Issued", "issued_key", "known_by", "name_of"]


class Issued(NamedTuple):
    """A certificate that was issued, and what it is known by.

    ``key``: that of the record that is kept of it, ``public_key``: its SubjectPublicKeyInfo.
    """

    certificate: x509.Certificate
    key: bytes
    public_key: bytes

    @property
    def octets(self) -> bytes:
        """Its DER."""
        return certificate_octets(self.certificate)

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Issued:
        """What a certificate is known by."""
        key, public_key = known_by(certificate_octets(certificate))
        return cls(certificate, key, public_key)


def known_by(certificate: bytes) -> tuple[bytes, bytes]:
    """The key of the record of a certificate, and its public key; raises `ValueError`."""
    outline = _backend.certificate(certificate)
    if outline is None:
        raise ValueError("this is no certificate of RFC 5280")
    issuer, serial_number, *_ = outline
    return hashlib.sha256(element(0x30, issuer, serial_number)).digest(), outline[5]


def issued_key(certificate: types.IssuerAndSerialNumber) -> bytes:
    """By what a certificate is known."""
    return hashlib.sha256(certificate.to_der()).digest()


def name_of(certificate: x509.Certificate) -> types.IssuerAndSerialNumber:
    """Issuer and serial number of a certificate."""
    issuer = types.Name.from_cryptography(certificate.issuer)
    return types.IssuerAndSerialNumber(issuer=issuer, serial_number=certificate.serial_number)
