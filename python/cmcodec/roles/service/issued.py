"""Certificates that were issued, and what they are known by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, final

from cryptography import x509

from cmcodec import _backend, types
from cmcodec.asn1.der import element
from cmcodec.roles import records
from cmcodec.roles.store import Kind
from cmcodec.verify.certificates import certificate_octets

if TYPE_CHECKING:
    from datetime import datetime

    from cmcodec.roles.store import Transaction

__all__ = ["Issued", "IssuedCertificate", "issued_key", "known_by", "name_of"]

IssuedState: TypeAlias = Literal["issued", "confirming", "confirmed", "rejected", "expired"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate that a CA has issued, as its store knows it.

    ``state``: ``"issued"`` where no confirmation is asked for; ``"confirming"`` until the client
    says that it accepts it, then ``"confirmed"`` or ``"rejected"``; ``"expired"`` where it did not
    in time. What was rejected or has expired so is revoked. ``requester``: `Requester` as text;
    ``identification``: under which it, or the one that it renews, was asked for.
    """

    certificate: x509.Certificate
    application_id: bytes
    requester: str
    identification: str | None
    state: IssuedState

    @classmethod
    def read(
        cls,
        transaction: Transaction,
        certificate: types.IssuerAndSerialNumber,
        now: datetime,
    ) -> IssuedCertificate | None:
        """One of which a store knows; None where it knows none."""
        record = records.read(transaction, Kind.ISSUED, issued_key(certificate), now)
        return None if record is None else cls.of(record)

    @classmethod
    def of(cls, record: dict[str, Any]) -> IssuedCertificate:
        """What a record says."""
        return cls(
            certificate=x509.load_der_x509_certificate(records.octets(record["certificate"])),
            application_id=records.octets(record["application"]),
            requester=record["requester"],
            identification=record["identification"],
            state=record["state"],
        )


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
