"""Profiles: what certificates of a kind have in them (RFC 5280 §4.2, RFC 10002 §9)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519

from cmcodec import oids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec import types

__all__ = ["Profile", "key_usage"]

_OWN: Final = frozenset(
    {
        oids.ID_CE_BASIC_CONSTRAINTS,
        oids.ID_CE_SUBJECT_KEY_IDENTIFIER,
        oids.ID_CE_AUTHORITY_KEY_IDENTIFIER,
        oids.ID_CE_KEY_USAGE,
        oids.ID_CE_EXT_KEY_USAGE,
    }
)
"""What is never as somebody asks for it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What certificates of a kind have in them.

    ``days``: how long they are valid, but never longer than the CA. ``sign``, ``encrypt``: what
    their keys may be used for, as far as these can. ``purposes``: extended key usages, by name in
    `cmcodec.oids.NAMES` or as numbers. ``take``: extensions that are taken from the request as they
    stand there, by the same names; all others are left out. ``authorised_ra``: whether whoever has
    one is an RA whose word counts.
    """

    days: int = 90
    sign: bool = True
    encrypt: bool = True
    purposes: tuple[str, ...] = ()
    take: tuple[str, ...] = ("id-ce-subjectAltName",)
    authorised_ra: bool = False

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("days: at least 1")
        if not (self.sign or self.encrypt):
            raise ValueError("sign, encrypt: at least one of them")
        taken = set(map(_number, self.take))
        if taken & _OWN:
            raise ValueError(f"take: {', '.join(sorted(map(oids.name, taken & _OWN)))} is the CA's")
        for each in self.purposes:
            _number(each)

    def taken(self, extensions: tuple[types.Extension, ...] | None) -> tuple[types.Extension, ...]:
        """Those extensions of a request that its certificate has too."""
        numbers = set(map(_number, self.take))
        return tuple(each for each in extensions or () if each.extn_id in numbers)

    def extensions(self, key: Any) -> Iterator[tuple[x509.ExtensionType, bool]]:
        """What a certificate for a key has of its profile, and whether it is critical."""
        yield x509.BasicConstraints(ca=False, path_length=None), True
        yield key_usage(key, sign=self.sign, encrypt=self.encrypt), True
        if self.purposes:
            purposes = (x509.ObjectIdentifier(_number(each)) for each in self.purposes)
            yield x509.ExtendedKeyUsage(purposes), False


@cache
def _number(name: str) -> str:
    found = oids.number(name) or name
    try:
        x509.ObjectIdentifier(found)
    except ValueError:
        raise ValueError(f"{name!r} is no name that is known, and no number") from None
    return found


_AGREEING: Final = (ec.EllipticCurvePublicKey, x25519.X25519PublicKey, x448.X448PublicKey)


def key_usage(key: Any, *, sign: bool = True, encrypt: bool = True) -> x509.KeyUsage:
    """What a public key can do of signing and encrypting (RFC 5280 §4.2.1.3).

    With RSA keys are transported, with elliptic curves agreed upon, with ML-KEM encapsulated
    (RFC 9935 §5). A key that can do none of what is wanted does what it can.
    """
    agrees = isinstance(key, _AGREEING)
    enciphers = hasattr(key, "encrypt") or hasattr(key, "encapsulate")
    signs = hasattr(key, "verify")
    if not (signs and sign) and not ((agrees or enciphers) and encrypt):
        sign = encrypt = True
    return x509.KeyUsage(
        digital_signature=signs and sign,
        content_commitment=False,
        key_encipherment=enciphers and encrypt,
        data_encipherment=False,
        key_agreement=agrees and encrypt,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
