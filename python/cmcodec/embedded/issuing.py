"""Certificates and CRLs, made by ``cryptography`` (RFC 5280)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cmcodec import metering, oids
from cmcodec.cms import private_keys
from cmcodec.types.pkix import CRLReason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cmcodec.cms import SigningKey
    from cmcodec.embedded.profiles import Profile
    from cmcodec.embedded.register import Revoked

__all__ = ["Issuer", "metered", "self_signed", "server_access"]

_SKEW: Final = timedelta(minutes=5)
"""How much slower the clock of who reads a certificate may be."""

_CURVES: Final = {"secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}


@final
@dataclass(frozen=True)
class Issuer:
    """A CA's certificate, and its key, which signs certificates and CRLs."""

    certificate: x509.Certificate
    key: Any = field(repr=False)

    @cached_property
    def name(self) -> x509.Name:
        """Who issues."""
        return self.certificate.subject

    @cached_property
    def _authority(self) -> x509.AuthorityKeyIdentifier:
        try:
            own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            identifier = own.value
        except x509.ExtensionNotFound:
            identifier = x509.SubjectKeyIdentifier.from_public_key(self.certificate.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)

    def certify(
        self,
        builder: x509.CertificateBuilder,
        key: Any,
        profile: Profile,
        *,
        serial: int,
        now: datetime,
        more: Iterable[x509.ExtensionType] = (),
    ) -> x509.Certificate:
        """A certificate for what stands in the builder, with everything of its profile.

        It has both key identifiers, and ends when the CA does at the latest. Raises `ValueError`
        for a key or a name that ``cryptography`` refuses, and for a CA that has ended.
        """
        builder = builder.serial_number(serial).not_valid_before(now - _SKEW)
        end = now + timedelta(days=profile.days)
        builder = builder.not_valid_after(min(end, self.certificate.not_valid_after_utc))
        for extension, is_critical in profile.extensions(key):
            builder = builder.add_extension(extension, critical=is_critical)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key)
        for extension in (identifier, self._authority, *more):
            builder = builder.add_extension(extension, critical=False)
        with metering.cryptography():
            return builder.sign(self.key, _digest(self.key))

    def sign(self, octets: bytes) -> bytes:
        """A signature over octets, which shows that the key is there."""
        usual = private_keys.usual(self.key)
        return private_keys.signing(self.key, usual, deterministic=False)(octets)

    def crl(
        self, revoked: Iterable[Revoked], *, number: int, now: datetime, until: datetime
    ) -> x509.CertificateRevocationList:
        """A CRL of all that is revoked (RFC 5280 §5)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now)
            .next_update(until)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._authority, critical=False)
        )
        for each in revoked:
            builder = builder.add_revoked_certificate(_entry(each))
        return builder.sign(self.key, _digest(self.key))


def metered(signer: SigningKey) -> SigningKey:
    """A signer whose signatures count as time of cryptography."""
    sign = signer.sign

    def signed(octets: bytes) -> bytes:
        with metering.cryptography():
            return sign(octets)

    return replace(signer, sign=signed)


def self_signed(
    key: Any, subject: x509.Name, *, serial: int, now: datetime, days: int
) -> x509.Certificate:
    """The certificate of a new CA: it signs certificates and CRLs, and nothing else."""
    public = key.public_key()
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return (
        x509.CertificateBuilder(subject, subject, public, serial)
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
        .sign(key, _digest(key))
    )


def _digest(key: Any) -> Any:
    """The hash function that goes with a key; None for those that have their own."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _CURVES.get(key.curve.name, hashes.SHA256)()
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None


def server_access(url: str) -> x509.SubjectInformationAccess:
    """Where the CMC server is whose certificate has this (RFC 10002 §9)."""
    access = x509.AccessDescription(
        x509.ObjectIdentifier(oids.ID_AD_CMC), x509.UniformResourceIdentifier(url)
    )
    return x509.SubjectInformationAccess([access])


def _entry(revoked: Revoked) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder().serial_number(revoked.serial).revocation_date(revoked.date)
    )
    reason = _reason(revoked.reason)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if revoked.invalidity_date is not None:
        date = x509.InvalidityDate(revoked.invalidity_date)
        builder = builder.add_extension(date, critical=False)
    return builder.build()


def _reason(number: int) -> x509.ReasonFlags | None:
    """A reason as ``cryptography`` has it; of unspecified, and of numbers without a name, none."""
    try:
        reason = CRLReason(number)
    except ValueError:
        return None
    is_said = reason != CRLReason.UNSPECIFIED
    return x509.ReasonFlags[reason.name.lower()] if is_said else None
