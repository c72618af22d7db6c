"""Who opens an encrypted or MACed layer, and for whom one is made (RFC 5652 §6.2).

`RecipientKey` opens, `Recipient` is made for. Each kind of RecipientInfo has its module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self, final, runtime_checkable

from cmcodec import algorithms, oids, types
from cmcodec.algorithms import KeyWrap
from cmcodec.checked import checked
from cmcodec.cms.identifiers import named
from cmcodec.cms.recipients import agreement, diffie_hellman, kem, shared, transport
from cmcodec.cms.recipients.names import Names
from cmcodec.errors import ArgumentError, EncodeError, LimitError
from cmcodec.limits import (
    MAX_ITERATIONS,
    MAX_RSA_EXPONENT,
    MAX_RSA_MODULUS_BITS,
    MIN_RSA_MODULUS_BITS,
)
from cmcodec.reasons import Reason
from cmcodec.verify.given import CertificateLike

__all__ = ["Recipient", "RecipientKey"]

_WRAP = "id-aes256-wrap"


@runtime_checkable
class _Opener(Protocol):
    def attempt(self, info: types.RecipientInfo, /) -> Callable[[], bytes | None] | None: ...


@runtime_checkable
class _Maker(Protocol):
    def make(
        self, content_key: bytes, random: Callable[[int], bytes], /
    ) -> types.RecipientInfo: ...


@final
@checked
@dataclass(frozen=True, slots=True, repr=False)
class RecipientKey:
    """A secret that opens encrypted and MACed layers. It never shows.

    Made by `from_private_key`, `from_password`, `from_kek` or `from_callbacks`.
    """

    _opener: _Opener

    @classmethod
    def from_private_key(
        cls,
        key: Any,
        certificate: CertificateLike | None = None,
        *,
        key_identifier: bytes | None = None,
    ) -> Self:
        """A private key of ``cryptography``: RSA, EC, X25519, X448, DH, ML-KEM where offered.

        It fits recipients that its certificate or ``key_identifier`` names, and with neither every
        recipient of its kind. Raises `ArgumentError` for other keys, and `EncodeError` for what is
        no certificate.
        """
        from cryptography.hazmat.primitives.asymmetric import rsa

        names = Names.of(certificate, key_identifier)
        if isinstance(key, rsa.RSAPrivateKey):
            return cls(transport.TransportKey(names, transport.decrypting(key)))
        if kem.kem_of(key) is not None and hasattr(key, "decapsulate"):
            return cls(kem.KemKey(names, key))
        public = key.public_key() if hasattr(key, "public_key") else None
        if agreement.agrees(public):
            return cls(agreement.AgreementKey(names, public, agreement.agreeing(key)))
        raise ArgumentError("key", hint=f"{type(key).__name__} opens nothing")

    @classmethod
    def from_password(cls, secret: bytes, identification: str = "") -> Self:
        """A password: the UTF-8 octets of the identification, then the secret (R-025)."""
        return cls(shared.PasswordKey(_password(secret, identification)))

    @classmethod
    def from_kek(cls, key: bytes, identifier: bytes) -> Self:
        """A key-encryption key of AES, and what it is known by."""
        return cls(shared.KekKey(_kek(key), _octets("identifier", identifier)))

    @classmethod
    def from_callbacks(
        cls,
        certificate: CertificateLike,
        *,
        decrypt: Callable[[bytes, types.AlgorithmIdentifier], bytes] | None = None,
        agree: Callable[[bytes], bytes] | None = None,
    ) -> Self:
        """A key in an HSM or a service, of the certificate given.

        ``decrypt`` gets an encrypted key and its algorithm (RSA), ``agree`` the
        SubjectPublicKeyInfo of the originator, and returns the shared secret: of a curve the x
        coordinate. Where there is nothing to return, they return ``b""``; what they raise leaves
        the call unchanged. Raises `ArgumentError` unless one of them is given.
        """
        names = Names.of(certificate, None)
        if decrypt is not None and agree is None:
            return cls(transport.TransportKey(names, decrypt))
        if agree is not None and decrypt is None:
            public = _public_key(certificate)
            if agreement.agrees(public):
                return cls(agreement.AgreementKey(names, public, agree))
            raise ArgumentError("certificate", hint=f"{type(public).__name__} agrees on nothing")
        raise ArgumentError("decrypt", hint="or agree, and not both")

    def attempt(self, info: types.RecipientInfo) -> Callable[[], bytes | None] | None:
        """What gives the key of a recipient, None where this is none of its secrets.

        Nothing is computed before it is called. A kari has one RecipientEncryptedKey. Raises
        `VerificationError` for an algorithm that is not on offer, and `LimitError` for a derivation
        that takes too long.
        """
        return self._opener.attempt(info)

    def __repr__(self) -> str:
        return f"<RecipientKey, {type(self._opener).__name__}>"


@final
@checked
@dataclass(frozen=True, slots=True, repr=False)
class Recipient:
    """For whom a layer is made. A secret in it never shows.

    Made by `from_certificate`, `from_public_key`, `from_password` or `from_kek`.
    """

    _maker: _Maker

    @classmethod
    def from_certificate(
        cls,
        certificate: CertificateLike,
        *,
        algorithm: str | None = None,
        wrap: str = _WRAP,
        by_key_identifier: bool = False,
    ) -> Self:
        """The key of a certificate, named by issuer and serial number, or by key identifier.

        ``algorithm``: ``rsaEncryption`` (the default for RSA, R-197) or ``id-RSAES-OAEP``; for
        curves a scheme such as ``dhSinglePass-stdDH-sha256kdf-scheme``, by default that of the
        curve's strength. ``wrap``: ``id-aes128-wrap``, ``-192-`` or ``-256-``. Raises `EncodeError`
        for what is no certificate, a name that is not on offer, and a key that rule V9 refuses.
        """
        names = Names.of(certificate, None)
        chosen = (
            Names(None, names.key_identifier)
            if by_key_identifier
            else names._replace(key_identifier=None)
        )
        if by_key_identifier and names.key_identifier is None:
            raise EncodeError(Reason.BAD_VALUE, None, "subjectKeyIdentifier")
        return cls(_maker(_public_key(certificate), chosen, algorithm, wrap))

    @classmethod
    def from_public_key(
        cls,
        key: Any,
        *,
        key_identifier: bytes | None = None,
        issuer_and_serial: types.IssuerAndSerialNumber | None = None,
        algorithm: str | None = None,
        wrap: str = _WRAP,
    ) -> Self:
        """A public key of ``cryptography``, named by one of the two.

        Raises `ArgumentError` unless exactly one is given, and what `from_certificate` raises.
        """
        if (key_identifier is None) == (issuer_and_serial is None):
            raise ArgumentError("key_identifier", hint="or issuer_and_serial, and not both")
        name = None if issuer_and_serial is None else issuer_and_serial.to_der()
        return cls(_maker(key, Names(name, key_identifier), algorithm, wrap))

    @classmethod
    def from_password(
        cls,
        secret: bytes,
        identification: str = "",
        *,
        wrap: str = _WRAP,
        prf: str = "id-hmacWithSHA256",
        iterations: int = 600_000,
    ) -> Self:
        """A password, as `RecipientKey.from_password` has it; PBKDF2 (R-199).

        ``wrap`` may be ``id-alg-PWRI-KEK`` too, which is what OpenSSL and BouncyCastle read. Raises
        `EncodeError` for names that are not on offer, and `LimitError` for iterations outside 1 to
        1,000,000.
        """
        if not 1 <= iterations <= MAX_ITERATIONS:
            raise LimitError(Reason.LIMIT, None, "iterations")
        is_pwri = wrap == oids.name(oids.ID_ALG_PWRI_KEK)
        password = _password(secret, identification)
        chosen = None if is_pwri else named(algorithms.KEY_WRAPS, wrap)
        return cls(
            shared.PasswordRecipient(password, named(algorithms.MACS, prf), iterations, chosen)
        )

    @classmethod
    def from_kek(cls, key: bytes, identifier: bytes) -> Self:
        """A key-encryption key of AES, with 16, 24 or 32 octets, and what it is known by."""
        kek = _kek(key)
        wrap = next(row for row in algorithms.KEY_WRAPS if row.key_octets == len(key))
        return cls(shared.KekRecipient(kek, _octets("identifier", identifier), wrap))

    def make(self, content_key: bytes, random: Callable[[int], bytes]) -> types.RecipientInfo:
        """The RecipientInfo with the key of a layer."""
        return self._maker.make(content_key, random)

    def __repr__(self) -> str:
        return f"<Recipient, {type(self._maker).__name__}>"


def _octets(argument: str, value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ArgumentError(argument, value)
    return value


def _password(secret: bytes, identification: str) -> shared.Secret:
    return shared.Secret(identification.encode() + _octets("secret", secret))


def _kek(key: bytes) -> shared.Secret:
    if len(_octets("key", key)) not in (16, 24, 32):
        raise EncodeError(Reason.BAD_VALUE, None, "key", hint="16, 24 or 32 octets")
    return shared.Secret(key)


def _public_key(certificate: CertificateLike) -> Any:
    """The public key of a certificate that `Names.of` has seen; raises `EncodeError`."""
    from cryptography.exceptions import UnsupportedAlgorithm

    from cmcodec import _backend
    from cmcodec.verify.certificates import certificate_octets

    outline = _backend.certificate(certificate_octets(certificate))
    try:
        assert outline
        return diffie_hellman.public_key(types.SubjectPublicKeyInfo.from_der(outline[5]))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise EncodeError(Reason.KEY_REJECTED, None, "certificate") from None


def _maker(key: Any, names: Names, algorithm: str | None, wrap: str) -> _Maker:
    """What makes RecipientInfos for a public key."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    row = named(algorithms.KEY_WRAPS, wrap)
    if isinstance(key, rsa.RSAPublicKey):
        is_large = MIN_RSA_MODULUS_BITS <= key.key_size <= MAX_RSA_MODULUS_BITS
        if not is_large or key.public_numbers().e > MAX_RSA_EXPONENT:
            raise EncodeError(Reason.KEY_REJECTED, None, "key")
        known = {oids.name(each.algorithm): each for each in (transport.RSA, transport.OAEP)}
        chosen = known.get(algorithm or oids.name(oids.RSA_ENCRYPTION))
        if chosen is None:
            raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, str(algorithm))
        return transport.TransportRecipient(names, key, chosen)
    mechanism = kem.kem_of(key)
    if mechanism is not None:
        if algorithm not in (None, oids.name(mechanism)):
            raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, str(algorithm))
        return kem.KemRecipient(names, key, mechanism, _kem_wrap(row))
    return agreement.AgreementRecipient(names, key, agreement.scheme_for(key, algorithm), row)


def _kem_wrap(row: KeyWrap) -> KeyWrap:
    if row.oid != oids.ID_AES256_WRAP:
        raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, oids.name(row.oid))
    return row
