"""Public keys that a CA refuses before it asks anybody (R-210)."""

from __future__ import annotations

import hashlib
import logging
import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import oids, types
from cmcodec.cms.recipients.kem import kinds
from cmcodec.errors import DecodeError, ProofError
from cmcodec.reasons import Reason, Rule
from cmcodec.roles import public_keys
from kit.der import NULL, identifier, integer, oid, seq, spki
from kit.diffie_hellman import dh_key, group
from kit.keys import certificate, key

if TYPE_CHECKING:
    from collections.abc import Iterator

E = 65537


def rsa_spki(modulus: int, exponent: int = E) -> bytes:
    numbers = seq(integer(modulus), integer(exponent))
    return spki(identifier(oids.RSA_ENCRYPTION, NULL), numbers)


def encoded(private: Any) -> bytes:
    octets: bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def pure(number: str, octets: bytes) -> bytes:
    return spki(identifier(number), octets)


def on_p256(point: bytes) -> bytes:
    return spki(identifier(oids.ID_EC_PUBLIC_KEY, oid(oids.SECP256R1)), point)


def of_dh(y: int, p: int, q: int, g: int) -> bytes:
    parameters = seq(integer(p), integer(g), integer(q))
    return spki(identifier(oids.DHPUBLICNUMBER, parameters), integer(y))


def of_dsa(y: int, p: int, q: int, g: int) -> bytes:
    parameters = seq(integer(p), integer(q), integer(g))
    return spki(identifier(oids.ID_DSA, parameters), integer(y))


def check(octets: bytes, *, legacy: bool = False) -> None:
    public_keys.check(types.SubjectPublicKeyInfo.from_der(octets), 7, legacy=legacy)


def refused(octets: bytes, *, legacy: bool = False) -> None:
    with pytest.raises(ProofError) as caught:
        check(octets, legacy=legacy)
    assert caught.value.reason == Reason.KEY_REJECTED
    assert caught.value.fail_info == types.CMCFailInfo.BAD_REQUEST
    assert caught.value.body_parts == (7,)
    assert caught.value.rule == Rule.V9


# --- keys as they should be ----------------------------------------------------------------------

P, Q, G = group()
MODULUS = key("rsa-2048").public_key().public_numbers().n
POINT = key("p-256").public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
UNKNOWN = "1.3.6.1.4.1.99999.1"

GOOD = {
    **{
        kind: encoded(key(kind))
        for kind in ("rsa-2048", "p-256", "p-384", "p-521", "ed25519", "ed448")
    },
    "the-greatest-exponent": rsa_spki(MODULUS, 2**33 - 1),
    "x25519": encoded(x25519.X25519PrivateKey.generate()),
    "x448": encoded(x448.X448PrivateKey.generate()),
    "dh": encoded(dh_key()),
    "dsa": of_dsa(pow(G, 5, P), P, Q, G),
    **{oids.name(number): encoded(private.generate()) for number, (private, _) in kinds().items()},
}


@pytest.mark.parametrize("kind", GOOD)
def test_r_210_good_keys(kind: str) -> None:
    """R-210: a key within the bounds is not refused, whatever its algorithm."""
    check(GOOD[kind])


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(pure(UNKNOWN, b"octets"), id="algorithm"),
        pytest.param(encoded(key("secp256k1")), id="curve"),
    ],
)
def test_r_210_what_is_not_known_is_not_refused(octets: bytes) -> None:
    """R-210: of an algorithm or curve that is not on offer, its proof of possession tells."""
    check(octets)


# --- the bounds ----------------------------------------------------------------------------------

BAD = {
    "even-modulus": rsa_spki(MODULUS + 1),
    "2040-bits": rsa_spki(MODULUS >> 8 | 1),
    "8200-bits": rsa_spki(1 << 8199 | 1),
    "exponent-1": rsa_spki(MODULUS, 1),
    "even-exponent": rsa_spki(MODULUS, 65536),
    "exponent-of-34-bits": rsa_spki(MODULUS, 2**33 + 1),
    "rsa-without-null": spki(identifier(oids.RSA_ENCRYPTION), seq(integer(MODULUS), integer(E))),
    "not-on-the-curve": on_p256(POINT[:-1] + bytes([POINT[-1] ^ 1])),
    "compressed": on_p256(bytes([2 + (POINT[-1] & 1)]) + POINT[1:33]),
    "infinity": on_p256(b"\0"),
    "ed25519-small-order": pure(oids.ID_ED25519, bytes([1]) + bytes(31)),
    "ed25519-short": pure(oids.ID_ED25519, bytes([2]) * 31),
    "ed448-small-order": pure(oids.ID_ED448, bytes([1]) + bytes(56)),
    "ed448-beyond-the-prime": pure(oids.ID_ED448, b"\xff" * 56 + b"\0"),
    "ed448-short": pure(oids.ID_ED448, bytes([2]) * 56),
    "x25519-small-order": pure(oids.ID_X25519, bytes([1]) + bytes(31)),
    "x25519-short": pure(oids.ID_X25519, bytes([9]) * 31),
    "x448-small-order": pure(oids.ID_X448, bytes(56)),
    "x448-short": pure(oids.ID_X448, bytes([5]) * 55),
    "ml-dsa-44-short": pure(oids.ID_ML_DSA_44, bytes(1311)),
    "dh-1": of_dh(1, P, Q, G),
    "dh-outside-the-group": of_dh(pow(G, 5, P) * (P - 1) % P, P, Q, G),
    "dh-small-order": of_dh(P - 1, P, 2, P - 1),
    "dh-generator-of-another-order": of_dh(pow(G, 5, P), P, Q, 2),
    "dh-without-parameters": pure(oids.DHPUBLICNUMBER, integer(5)),
    "dsa-outside-the-group": of_dsa(P - 2, P, Q, G),
    **{
        f"{oids.name(number)}-short": pure(number, encoded(private.generate())[-700:])
        for number, (private, _) in kinds().items()
    },
}


@pytest.mark.parametrize("kind", BAD)
def test_r_210_bad_keys(kind: str) -> None:
    """R-210, rule V9: a key out of the bounds gets no certificate."""
    refused(BAD[kind])


def test_r_210_short_rsa_keys_need_leave() -> None:
    """R-210, rule V10a: 1024 bits are admitted by the caller's leave, and no other length."""
    short = encoded(key("rsa-1024"))
    refused(short)
    check(short, legacy=True)
    modulus = key("rsa-1024").public_key().public_numbers().n
    refused(rsa_spki(modulus >> 8 | 1), legacy=True)
    refused(rsa_spki(modulus, 1), legacy=True)


# --- weak moduli ---------------------------------------------------------------------------------


def small_primes() -> Iterator[int]:
    """The primes below 65,538."""
    sieve = bytearray([1]) * 65538
    for number in range(2, 65538):
        if sieve[number]:
            yield number
            sieve[number * number :: number] = bytes(len(sieve[number * number :: number]))


PRIMORIAL = math.prod(small_primes())
FIRST_PRIMES = math.prod(list(small_primes())[:39])


def without_small_factors(candidates: Iterator[int]) -> int:
    return next(number for number in candidates if math.gcd(number, PRIMORIAL) == 1)


def roca() -> Iterator[int]:
    """A power of 65537 modulo the product of the first primes, as Infineon's primes were."""
    residue = pow(65537, 123456789, FIRST_PRIMES)
    first = (3 << 2046) // FIRST_PRIMES
    return (residue + FIRST_PRIMES * multiple for multiple in range(first, first + 10**6))


def close_primes() -> Iterator[int]:
    """The squares of numbers near each other, subtracted."""
    return ((3 << 1022 | a) ** 2 - 9 for a in range(0, 10**6, 2))


def sparse() -> Iterator[int]:
    """Hardly any bit set."""
    return ((1 << 2047) + (1 << 1000) + a for a in range(1, 10**6, 2))


def repeated() -> Iterator[int]:
    """Sixteen octets alike, in a modulus that has nothing else."""
    return (((MODULUS >> 512) << 512) - (1 << 512) + (1 << 200) - 1 - a for a in range(0, 10**6, 2))


WEAK = {
    "roca": without_small_factors(roca()),
    "smallfactors": 65521 * (MODULUS >> 16 | 1),
    "fermat": without_small_factors(close_primes()),
    "rsapoly": without_small_factors(sparse()),
    "pattern": without_small_factors(repeated()),
}


@pytest.mark.parametrize("weakness", WEAK)
def test_r_210_weak_keys(weakness: str, caplog: pytest.LogCaptureFixture) -> None:
    """R-210: moduli that are known to be easily factored are refused, and the log says why."""
    with caplog.at_level(logging.INFO, "cmcodec.roles.public_keys"):
        check(rsa_spki(MODULUS))
        assert caplog.messages == []
        refused(rsa_spki(WEAK[weakness]))
    assert weakness in caplog.text
    assert set(WEAK) == set(public_keys.WEAKNESSES)


def test_r_210_missing_tests_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-210: without badkeys weak keys pass, bad ones do not, and what is missing has a name."""
    assert public_keys.missing() == ()
    with monkeypatch.context() as changed:
        changed.setitem(sys.modules, "badkeys", None)
        public_keys._badkeys.cache_clear()
        assert public_keys.missing() == public_keys.WEAKNESSES
        check(rsa_spki(WEAK["roca"]))
        refused(BAD["even-modulus"])
    public_keys._badkeys.cache_clear()
    assert public_keys.missing() == ()
    refused(rsa_spki(WEAK["roca"]))


# --- keys that are blocked -----------------------------------------------------------------------


class Kept(dict[tuple[str, bytes], bytes]):
    """As much of a store, and of its one transaction, as a list of keys needs."""

    @contextmanager
    def transaction(self) -> Iterator[Kept]:
        yield self

    def put(self, kind: str, key: bytes, value: bytes) -> None:
        self[kind, key] = value

    def get(self, kind: str, key: bytes) -> bytes | None:  # type: ignore[override]
        return super().get((kind, key))


def test_r_210_blocked_keys() -> None:
    """R-210: a key that was blocked is known again, however it comes; others are not blocked."""
    store: Any = Kept()
    one, other = encoded(key("p-256")), encoded(key("p-384"))
    assert not public_keys.is_blocked(store, one)
    public_keys.block_key(store, certificate("p-256").public_key())
    assert public_keys.is_blocked(store, one)
    assert not public_keys.is_blocked(store, other)
    public_keys.block_key(store, other)
    assert public_keys.is_blocked(store, other)
    with pytest.raises(DecodeError):
        public_keys.block_key(store, b"no key")
    assert {octets for _, octets in store} == {
        hashlib.sha256(each).digest() for each in (one, other)
    }
