"""Diffie-Hellman over finite fields, while the installed ``cryptography`` offers it (RFC 2631).

That its support is going to end, ``cryptography`` says in warnings: a user of messages cannot do
anything about that, so they stay here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from cmcodec import types
from cmcodec.cms.identifiers import elements
from cmcodec.errors import DecodeError
from cmcodec.foreign import quietly
from cmcodec.limits import MAX_GROUP_MODULUS_BITS, MIN_GROUP_ORDER_BITS

_SEQUENCE: Final = b"\x30"


def public_key(spki: types.SubjectPublicKeyInfo) -> Any:
    """A public key of any kind.

    Raises what ``cryptography`` raises, and `ValueError` for a group with a modulus of more than
    4096 bits: whether it is prime is tested there.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if any(number.bit_length() > MAX_GROUP_MODULUS_BITS for number in domain(spki)):
        raise ValueError("a group that is too large")
    return quietly(load_der_public_key, spki.to_der())


def domain(spki: types.SubjectPublicKeyInfo) -> tuple[int, ...]:
    """The numbers p, g and, with dhpublicnumber, q of a key's group; () where there are none.

    Nobody has checked what they are worth (RFC 3279 §2.3.3).
    """
    parameters = spki.algorithm.parameters
    if parameters is None or parameters.der[:1] != _SEQUENCE:
        return ()
    try:
        numbers = elements(parameters.der)[:3]
        return tuple(types.DHPublicKey.from_der(number).value for number in numbers)
    except DecodeError:
        return ()


def group(key: Any) -> tuple[int, int | None, int]:
    """The numbers p, q where it is known, and g of a private or public key."""
    numbers = quietly(lambda: key.parameters().parameter_numbers())
    return numbers.p, numbers.q, numbers.g


def numbers(key: Any) -> tuple[int, int]:
    """The numbers x and y of a private key."""
    found = quietly(key.private_numbers)
    return found.x, found.public_numbers.y


@cache
def _classes() -> tuple[Any, ...]:
    """The private key, the public key and its numbers; ``()`` for each where there are none."""

    def found() -> tuple[Any, ...]:
        from cryptography.hazmat.primitives.asymmetric import dh

        return dh.DHPrivateKey, dh.DHPublicKey, dh.DHPublicNumbers

    try:
        classes: tuple[Any, ...] = quietly(found)
    except (ImportError, AttributeError):
        return (), (), ()
    return classes


def is_private(key: object) -> bool:
    """Whether this is a private key of Diffie-Hellman."""
    return isinstance(key, _classes()[0])


def is_public(key: object) -> bool:
    """Whether this is a public key of Diffie-Hellman."""
    return isinstance(key, _classes()[1])


def number(public: Any, octets: bytes) -> int | None:
    """The number y that ``octets`` encode; None for no public key of the parameters of this one."""
    try:
        y = types.DHPublicKey.from_der(octets).value
    except DecodeError:
        return None
    p, q, _ = group(public)
    is_in_group = q is None or pow(y, q, p) == 1
    return y if 1 < y < p - 1 and is_in_group else None


def is_in_group(y: int, p: int, q: int, g: int) -> bool:
    """Whether y is a public key of the group of order q that g generates (RFC 2631 §2.1.5).

    Whether p and q are prime, is not tested. Where p has more than 4096 bits, the answer is no.
    """
    return (
        q.bit_length() >= MIN_GROUP_ORDER_BITS
        and p.bit_length() <= MAX_GROUP_MODULUS_BITS
        and 1 < q < p
        and 1 < g < p
        and 1 < y < p
        and (p - 1) % q == 0
        and pow(g, q, p) == pow(y, q, p) == 1
    )


def agree(key: Any, y: int) -> bytes:
    """ZZ with a public key of the same parameters."""
    public = _classes()[2](y, key.parameters().parameter_numbers()).public_key()
    secret: bytes = key.exchange(public)
    return secret


def ephemeral(key: Any) -> tuple[bytes, bytes]:
    """A new key of the parameters of a public one: the encoding of its y, and ZZ."""
    private = key.parameters().generate_private_key()
    encoded = types.DHPublicKey(private.public_key().public_numbers().y).to_der()
    return encoded, as_long_as_p(key, private.exchange(key))


def as_long_as_p(public: Any, secret: bytes) -> bytes:
    """ZZ with the zero octets before it that RFC 2631 §2.1.2 wants."""
    p = public.parameters().parameter_numbers().p
    return secret.rjust((p.bit_length() + 7) // 8, b"\0")
