"""Keys, PKCS#10 requests and a certificate for ``cmc demo``, made by ``cryptography``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

RSA_KEYS: Final = 10
"""RSA keys made at most: each takes longer than a hundred of the other kinds."""


def generate(size: int) -> Iterator[PrivateKey]:
    """P-256 and Ed25519 in turn, now and then RSA."""
    for number in range(size):
        if number % 20 == 5 and number // 20 < RSA_KEYS:
            yield rsa.generate_private_key(65537, 2048)
        elif number % 2:
            yield ed25519.Ed25519PrivateKey.generate()
        else:
            yield p256()


def p256() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_identifier(key: PrivateKey) -> bytes:
    """The subjectKeyIdentifier of the key (RFC 5280 §4.2.1.2, method 1)."""
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def _hash(key: PrivateKey) -> SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def pkcs10(key: PrivateKey, common_name: str) -> bytes:
    """A request for this key, with the identifier that names it as a signer (RFC 10002 §3.2)."""
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_name(common_name))
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(key)), critical=False)
        .sign(key, _hash(key))
    )
    return request.public_bytes(Encoding.DER)


def certificate(key: PrivateKey) -> bytes:
    """A certificate of an RA, signed by itself: the demonstration checks no chain."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name("Demonstration RA"))
        .issuer_name(_name("Demonstration RA"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(key)), critical=False)
        .sign(key, _hash(key))
    )
    return made.public_bytes(Encoding.DER)
