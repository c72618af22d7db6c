"""Certificates as callers give them: objects, DER, or PEM, one or many (RFC 5280 §4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from cmcodec import _backend
from cmcodec.errors import ArgumentError, DecodeError
from cmcodec.foreign import quietly
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec.verify.given import CertificateLike, Certificates

__all__ = ["certificate_octets", "certificates_octets"]

_PEM_CERTIFICATE: Final = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")


def certificate_octets(certificate: CertificateLike) -> bytes:
    """The DER octets of a certificate in any of the forms that are accepted.

    Raises `ValueError` for what is none.
    """
    x509, encoding = _cryptography()
    if isinstance(certificate, x509.Certificate):
        return certificate.public_bytes(encoding)  # type: ignore[no-any-return]
    der: bytes | None = getattr(certificate, "der", None)
    octets = bytes(memoryview(certificate)) if der is None else der  # type: ignore[arg-type]
    if der is None and octets.lstrip().startswith(b"-----BEGIN"):
        loaded = quietly(x509.load_pem_x509_certificate, octets)
        return loaded.public_bytes(encoding)  # type: ignore[no-any-return]
    return octets


@cache
def _cryptography() -> tuple[Any, Any]:
    """The library's certificates and DER, loaded when a certificate is first looked at."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509, Encoding.DER


def certificates_octets(argument: str, given: Certificates) -> list[bytes]:
    """The DER octets of every certificate given, in order; each was read as a certificate.

    Raises `DecodeError` for octets that are none, and `ArgumentError`, a `TypeError`, for what are
    no octets.
    """
    is_many = isinstance(given, Iterable) and not isinstance(given, str)
    if not isinstance(given, (tuple, list)):
        found = _one_or_bundle(given)
        if found is not None:
            return found
    certificates: list[bytes] = []
    for element in cast("Iterable[object]", given) if is_many else (given,):
        octets = _one_or_bundle(element)
        if octets is None:
            raise ArgumentError(argument, hint=f"{type(element).__name__} is no certificate")
        certificates += octets
    return certificates


def _one_or_bundle(given: object) -> list[bytes] | None:
    """The certificates in one object; None for what can hold none."""
    from cmcodec.asn1 import TLV

    if isinstance(given, TLV):
        return [_checked(given.der)]
    if hasattr(given, "public_bytes"):
        from cryptography import x509

        if isinstance(given, x509.Certificate):
            return [_checked(certificate_octets(given))]
        return None
    try:
        octets = bytes(memoryview(given))  # type: ignore[arg-type]
    except TypeError:
        return None
    armoured = 0 if octets[:1] == b"\x30" else len(_PEM_CERTIFICATE.findall(octets))
    return _bundle(octets, armoured) if armoured else [_checked(octets)]


def _bundle(octets: bytes, armoured: int) -> list[bytes]:
    """The certificates of a PEM bundle, which are as many as have begun in it."""
    from cryptography import x509

    try:
        found = quietly(x509.load_pem_x509_certificates, octets)
    except ValueError:
        found = []
    if len(found) != armoured:
        raise DecodeError(Reason.BAD_VALUE, 0, "pem")
    return [certificate_octets(certificate) for certificate in found]


def _checked(octets: bytes) -> bytes:
    """Octets that are one certificate (RFC 5280 §4.1)."""
    _backend.decode("Certificate", octets, False)
    return octets
