"""Keys, what names them, and their certificates."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache, wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from cmcodec import oids, types
from cmcodec.asn1 import TLV

from .der import EMPTY, NULL, identifier, integer, oid, seq, set_of, spki, tlv

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

SHA256 = types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
SHA512 = types.AlgorithmIdentifier(algorithm=oids.ID_SHA512)
HMAC_SHA256 = types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256)
RSA = types.AlgorithmIdentifier(algorithm=oids.RSA_ENCRYPTION, parameters=TLV(NULL))
RSA_SHA256 = types.AlgorithmIdentifier(
    algorithm=oids.SHA256_WITH_RSA_ENCRYPTION, parameters=TLV(NULL)
)
ECDSA_SHA256 = types.AlgorithmIdentifier(algorithm=oids.ECDSA_WITH_SHA256)
ED25519 = types.AlgorithmIdentifier(algorithm=oids.ID_ED25519)

# --- keys that follow from their number --------------------------------------------------------


VALIDITY = seq(tlv(0x17, b"260101000000Z"), tlv(0x17, b"460101000000Z"))


class Key:
    """A deterministic Ed25519 key and what names it."""

    def __init__(self, seed: int) -> None:
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.private.public_key().public_bytes_raw()
        self.algorithm = oids.ID_ED25519
        self.identifier = hashlib.sha1(self.public).digest()

    def spki(self, tag: int = 0x30) -> bytes:
        return spki(identifier(self.algorithm), self.public, tag=tag)

    def certificate(self, serial: int = 1, note: bytes = b"", *, by_ski: bool = True) -> bytes:
        """A certificate; nobody verifies its signature here. ``note`` stands in its subject."""
        extensions = tlv(0xA3, seq(self.extension())) if by_ski else b""
        subject = self.name(note) if note else EMPTY
        tbs = seq(
            tlv(0xA0, integer(2)), integer(serial), identifier(oids.ID_ED25519), self.issuer(),
            VALIDITY, subject, self.spki(), extensions,
        )  # fmt: skip
        return seq(tbs, identifier(oids.ID_ED25519), tlv(0x03, b"\0"))

    @staticmethod
    def name(text: bytes) -> bytes:
        return seq(set_of(seq(oid(oids.ID_AT_COMMON_NAME), tlv(0x0C, text))))

    def issuer(self) -> bytes:
        return self.name(b"CA")

    def extension(self) -> bytes:
        value = tlv(0x04, self.identifier)
        return seq(oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER), tlv(0x04, value))

    def by_serial(self, serial: int = 1) -> bytes:
        return seq(self.issuer(), integer(serial))

    def by_ski(self) -> bytes:
        return tlv(0x80, self.identifier)

    def sign(self, octets: bytes) -> bytes:
        return self.private.sign(octets)


class EcdsaKey(Key):
    """The same with a key on P-256."""

    def __init__(self, seed: int) -> None:
        self.scalar = ec.derive_private_key(seed, ec.SECP256R1())
        self.public = self.scalar.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.identifier = hashlib.sha1(self.public).digest()

    def spki(self, tag: int = 0x30) -> bytes:
        algorithm = identifier(oids.ID_EC_PUBLIC_KEY, oid(oids.SECP256R1))
        return spki(algorithm, self.public, tag=tag)

    def sign(self, octets: bytes) -> bytes:
        return self.scalar.sign(octets, ec.ECDSA(hashes.SHA256()))


ALICE, BOB, CAROL = Key(1), Key(2), EcdsaKey(3)

# --- keys of every algorithm, made once ----------------------------------------------------------

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)

_KEYS: dict[str, Any] = {
    "rsa-1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}


def once(function: Callable[..., T]) -> Callable[..., T]:
    """As `cache`, and the same for threads that ask for it at once: what is made is random."""
    made, lock = cache(function), RLock()

    @wraps(function)
    def found(*given: Any) -> T:
        with lock:
            return made(*given)

    return found


@once
def _key(kind: str, _: int) -> Any:
    return _KEYS[kind]()


def key(kind: str, number: int = 0) -> Any:
    """A private key, the same in all tests."""
    return _key(kind, number)


def key_identifier(private: Any) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(private.public_key()).digest


def hash_for(private: Any) -> Any:
    pure = isinstance(private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return None if pure else hashes.SHA256()


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@once
def certificate(kind: str, number: int = 0) -> x509.Certificate:
    """A certificate of that key, signed by itself."""
    private = key(kind, number)
    own = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name(f"{kind} {number}"))
        .issuer_name(name(f"{kind} {number}"))
        .public_key(private.public_key())
        .serial_number(2**70 + number)
        .not_valid_before(MOMENT)
        .not_valid_after(MOMENT.replace(year=2036))
        .add_extension(own, critical=False)
        .sign(private, hash_for(private))
    )


@once
def crl() -> x509.CertificateRevocationList:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("p-256 0"))
        .last_update(MOMENT)
        .next_update(MOMENT.replace(year=2027))
        .sign(key("p-256"), hashes.SHA256())
    )


def der(value: Any) -> bytes:
    """The octets of a certificate, a CRL or a PKCS#10 request of ``cryptography``."""
    encoded: bytes = value.public_bytes(Encoding.DER)
    return encoded
