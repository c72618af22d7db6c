"""What users of every Python peer write to verify with ``cryptography``."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

DIGESTS = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}
RSA_SHA256 = "1.2.840.113549.1.1.11"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
ED25519 = "1.3.101.112"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
KEY_IDENTIFIER = "2.5.29.14"

_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_ECDSA = ec.ECDSA(_SHA256)


class Refused(Exception):
    """Something else than a signature is wrong."""


def check_signature(key: Any, algorithm: str, signature: bytes, signed: bytes) -> None:
    """Raises unless the signature is good."""
    if algorithm == RSA_SHA256:
        key.verify(signature, signed, _PKCS1, _SHA256)
    elif algorithm == ECDSA_SHA256:
        key.verify(signature, signed, _ECDSA)
    elif algorithm == ED25519:
        key.verify(signature, signed)
    else:
        raise Refused(f"algorithm {algorithm}")


def check_digest(algorithm: str, digest: bytes | None, octets: bytes) -> None:
    """Raises unless it is the digest of the content."""
    if DIGESTS[algorithm](octets).digest() != digest:
        raise Refused("message-digest")


def certificate_key(der: bytes, key_identifier: bytes) -> Any:
    """The key of a certificate with that identifier, or None."""
    certificate = x509.load_der_x509_certificate(der)
    found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return certificate.public_key() if found.value.digest == key_identifier else None


def request_key(der: bytes) -> tuple[bytes, Any]:
    """Key identifier and key of a PKCS#10 request, whose signature is verified."""
    request = x509.load_der_x509_csr(der)
    if not request.is_signature_valid:
        raise Refused("proof of possession")
    found = request.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return found.value.digest, request.public_key()
