"""Keys that both sides have: passwords and key-encryption keys (RFC 5652 §6.2.3, §6.2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from cmcodec import oids, types
from cmcodec.arguments import by_chance
from cmcodec.asn1 import TLV
from cmcodec.cms.ciphers import Wrapping, wrap_identifier
from cmcodec.cms.derivation import check_password_derivation, password_key
from cmcodec.cms.identifiers import NULL, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.algorithms import KeyWrap, Mac

_SALT_OCTETS = 16


@final
class Secret:
    """Octets that nothing shows, whatever looks into the object around it."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets: Final = octets

    def __repr__(self) -> str:
        return "<Secret>"


class PasswordKey(NamedTuple):
    """What opens a PasswordRecipientInfo; ``password`` is identification and secret (R-025)."""

    password: Secret

    def attempt(self, info: types.RecipientInfo) -> Callable[[], bytes | None] | None:
        """What gives the key; everything is within its bounds before anything is derived."""
        pwri = info.pwri
        if pwri is None:
            return None
        derivation = pwri.key_derivation_algorithm
        if derivation is None:
            raise unsupported()
        wrapping = Wrapping.read(pwri.key_encryption_algorithm)
        found, _ = check_password_derivation(derivation)
        if found.key_length not in (None, wrapping.key_octets):
            raise unsupported()

        def attempt() -> bytes | None:
            kek = password_key(derivation, self.password.octets, wrapping.key_octets)
            return wrapping.unwrap(kek, pwri.encrypted_key)

        return attempt


class PasswordRecipient(NamedTuple):
    """Whom a key is encrypted for with a password."""

    password: Secret
    prf: Mac
    iterations: int
    wrap: KeyWrap | None

    def make(self, content_key: bytes, random: Callable[[int], bytes]) -> types.RecipientInfo:
        """The RecipientInfo; without a ``wrap`` that of id-alg-PWRI-KEK."""
        parameters = types.PBKDF2Params(
            salt=types.PBKDF2Salt(specified=by_chance(random, _SALT_OCTETS)),
            iteration_count=self.iterations,
            # Absent is preferred (RFC 10002 §A.2), and what reads id-alg-PWRI-KEK wants NULL.
            prf=types.AlgorithmIdentifier(
                algorithm=self.prf.oid, parameters=NULL if self.wrap is None else None
            ),
        )
        derivation = types.AlgorithmIdentifier(
            algorithm=oids.ID_PBKDF2, parameters=TLV(parameters.to_der())
        )
        identifier = pwri_kek(random) if self.wrap is None else wrap_identifier(self.wrap)
        wrapping = Wrapping.read(identifier)
        kek = password_key(derivation, self.password.octets, wrapping.key_octets)
        pwri = types.PasswordRecipientInfo(
            version=0,
            key_derivation_algorithm=derivation,
            key_encryption_algorithm=identifier,
            encrypted_key=wrapping.wrap(kek, content_key, random),
        )
        return types.RecipientInfo(pwri=pwri)


def pwri_kek(random: Callable[[int], bytes]) -> types.AlgorithmIdentifier:
    """id-alg-PWRI-KEK with AES-256-CBC (RFC 3211 §2.3)."""
    from cmcodec.algorithms import CONTENT_CIPHERS
    from cmcodec.cms.ciphers import ContentEncryption

    row = next(row for row in CONTENT_CIPHERS if row.oid == oids.ID_AES256_CBC)
    inner = ContentEncryption.make(row, random).identifier()
    return types.AlgorithmIdentifier(algorithm=oids.ID_ALG_PWRI_KEK, parameters=TLV(inner.to_der()))


class KekKey(NamedTuple):
    """What opens a KEKRecipientInfo."""

    key: Secret
    identifier: bytes

    def attempt(self, info: types.RecipientInfo) -> Callable[[], bytes | None] | None:
        """What gives the key, if the identifier is meant."""
        kekri = info.kekri
        if kekri is None or kekri.kekid.key_identifier != self.identifier:
            return None
        wrapping = Wrapping.read(kekri.key_encryption_algorithm)
        if wrapping.cbc is not None or wrapping.key_octets != len(self.key.octets):
            raise unsupported()
        return lambda: wrapping.unwrap(self.key.octets, kekri.encrypted_key)


class KekRecipient(NamedTuple):
    """Whom a key is encrypted for with a key-encryption key."""

    key: Secret
    identifier: bytes
    wrap: KeyWrap

    def make(self, content_key: bytes, random: Callable[[int], bytes]) -> types.RecipientInfo:
        """The RecipientInfo."""
        identifier = wrap_identifier(self.wrap)
        kekri = types.KEKRecipientInfo(
            version=4,
            kekid=types.KEKIdentifier(key_identifier=self.identifier),
            key_encryption_algorithm=identifier,
            encrypted_key=Wrapping.read(identifier).wrap(self.key.octets, content_key, random),
        )
        return types.RecipientInfo(kekri=kekri)
