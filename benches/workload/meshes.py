"""Messages of many CAs: good chains, and meshes of as many that lead nowhere or everywhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.kit.messages import pki_data

from benches.workload import keys
from benches.workload.certificates import key_identifier, name
from benches.workload.parts import DAY, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = "Root"
SIGNERS = 64
AUTHORITIES = 150
"""With so many signers, a message of 108 kB."""
LINE = 8
"""CAs in a good chain."""


class Authority(NamedTuple):
    """A name, and the number of its key."""

    name: str
    key: int


def _key(number: int) -> keys.PrivateKey:
    return keys.key("p-256", "mesh", number)


@cache
def _certificate(subject: Authority, issuer: Authority, serial: int = 1, *, ca: bool) -> bytes:
    key, signer = _key(subject.key), _key(issuer.key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject.name))
        .issuer_name(name(issuer.name))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(DAY)
        .not_valid_after(DAY.replace(year=2030))
        .add_extension(key_identifier(key), critical=False)
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    made = builder.sign(signer, **keys.signing(signer))
    return made.public_bytes(serialization.Encoding.DER)


ANCHOR = Authority(ROOT, 0)


def anchors() -> list[bytes]:
    """What the good chains lead to."""
    return [_certificate(ANCHOR, ANCHOR, ca=True)]


def _good(authorities: int) -> Iterator[tuple[Authority, Authority]]:
    """Chains of different names, each under the root."""
    above = ANCHOR
    for number in range(1, authorities + 1):
        own = Authority(f"CA {number}", number)
        yield own, above
        above = own if number % LINE else ANCHOR


def _one_key(authorities: int) -> Iterator[tuple[Authority, Authority]]:
    """CAs of one name and key, of which one more is the root's."""
    for _ in range(authorities):
        yield Authority("Mesh", 1), Authority("Mesh", 1)
    yield Authority("Mesh", 1), ANCHOR


def _of_the_root(authorities: int) -> Iterator[tuple[Authority, Authority]]:
    """CAs that claim the root's name and have other keys."""
    for number in range(1, authorities + 1):
        yield Authority(ROOT, number), Authority(ROOT, number % authorities + 1)


def _many_keys(authorities: int) -> Iterator[tuple[Authority, Authority]]:
    """CAs of one name, each certified by the next, and one by the root."""
    for number in range(1, authorities + 1):
        yield Authority("Mesh", number), Authority("Mesh", number % authorities + 1)
    yield Authority("Mesh", 1), ANCHOR


def _many_names(authorities: int) -> Iterator[tuple[Authority, Authority]]:
    """Sixteen CAs, each certified by many others, and one by the root."""
    for number in range(authorities):
        one, other = number % 16 + 1, (number * 7 + number // 16) % 16 + 1
        yield Authority(f"Mesh {one}", one), Authority(f"Mesh {other}", other)
    yield Authority("Mesh 1", 1), ANCHOR


def _line(authorities: int) -> Iterator[tuple[Authority, Authority]]:
    """One chain through all of them."""
    above = ANCHOR
    for number in range(1, authorities + 1):
        yield Authority(f"CA {number}", number), above
        above = Authority(f"CA {number}", number)


GOOD = "good"
SHAPES: dict[str, Callable[[int], Iterator[tuple[Authority, Authority]]]] = {
    GOOD: _good,
    "one name and key": _one_key,
    "the root's name": _of_the_root,
    "one name, many keys": _many_keys,
    "many names": _many_names,
    "one line": _line,
}


@cache
def message(shape: str, authorities: int = AUTHORITIES, signers: int = SIGNERS) -> bytes:
    """A message by as many signers, each issued by another of the CAs it carries."""
    pairs = list(SHAPES[shape](authorities))
    carried = [
        _certificate(subject, issuer, serial, ca=True)
        for serial, (subject, issuer) in enumerate(pairs, start=1)
    ]
    leaves = []
    for number in range(signers):
        issuer = pairs[(number * LINE + LINE - 1) % authorities][0]
        leaves.append(_certificate(Authority(f"Signer {number}", 1000 + number), issuer, ca=False))
    own = [_key(1000 + number) for number in range(signers)]
    return signed(pki_data(), *own, certificates=[*leaves, *carried])
