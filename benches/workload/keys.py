"""Keys that follow from their number, and signatures that follow from the key."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from tests.kit.keys import ECDSA_SHA256, ED25519, RSA_SHA256, SHA256, SHA512

from benches.workload import store
from benches.workload.mixes import octets

if TYPE_CHECKING:
    from cmcodec import types

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA_KEYS = 256
FEW_RSA_KEYS = 10
"""Enough for batches so small that no time is taken of them."""

# --- RSA -------------------------------------------------------------------------------------

PUBLIC_EXPONENT = 65537
_SIEVE = [n for n in range(3, 8192, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def _is_prime(number: int) -> bool:
    """Trial division and Miller and Rabin's test, which no number from a hash deceives."""
    if any(number % prime == 0 for prime in _SIEVE):
        return False
    twos = (number - 1 & 1 - number).bit_length() - 1
    for base in (2, 3, 5, 7):
        power = pow(base, number - 1 >> twos, number)
        squares = (pow(power, 1 << count, number) for count in range(twos))
        if power != 1 and number - 1 not in squares:
            return False
    return True


def _prime(name: str, index: int) -> int:
    """The first prime of 1024 bits from where the name leads, for a product of 2048 bits."""
    number = int.from_bytes(octets(name, index, 128), "big") | 3 << 1022 | 1
    while not _is_prime(number) or number % PUBLIC_EXPONENT == 1:
        number += 2
    return number


def _new_rsa(index: int) -> bytes:
    p, q = _prime("p", index), _prime("q", index)
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    key = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    ).private_key()
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@cache
def rsa_keys(number: int) -> list[rsa.RSAPrivateKey]:
    """The first RSA keys, out of the cache as far as they are there."""
    paths = [store.path("keys", f"rsa-2048-{index:03}.der") for index in range(number)]
    missing = [index for index, path in enumerate(paths) if not path.exists()]
    if missing:
        with ProcessPoolExecutor() as pool:
            for index, der in zip(missing, pool.map(_new_rsa, missing), strict=True):
                store.write(paths[index], der)
    return [_load_rsa(path.read_bytes()) for path in paths]


def _load_rsa(der: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


# --- all ---------------------------------------------------------------------------------------


def key(key_type: str, what: str, index: int, rsa_number: int = RSA_KEYS) -> PrivateKey:
    """Key number ``index`` for a purpose; of RSA keys there are no more than ``rsa_number``."""
    if key_type == "rsa-2048":
        return rsa_keys(rsa_number)[index % rsa_number]
    if key_type == "p-256":
        scalar = int.from_bytes(octets(what, index, 31), "big") + 1
        return ec.derive_private_key(scalar, ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.from_private_bytes(octets(what, index, 32))


def spki(of: PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo of a key."""
    return of.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def algorithms(of: PrivateKey) -> tuple[types.AlgorithmIdentifier, types.AlgorithmIdentifier]:
    """Digest and signature algorithm."""
    if isinstance(of, rsa.RSAPrivateKey):
        return SHA256, RSA_SHA256
    if isinstance(of, ec.EllipticCurvePrivateKey):
        return SHA256, ECDSA_SHA256
    return SHA512, ED25519


def sign(by: PrivateKey, message: bytes) -> bytes:
    if isinstance(by, rsa.RSAPrivateKey):
        return by.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(by, ec.EllipticCurvePrivateKey):
        return by.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return by.sign(message)


def signing(by: PrivateKey) -> dict[str, Any]:
    """The arguments of `cryptography` builders that make their signatures repeatable."""
    if isinstance(by, ec.EllipticCurvePrivateKey):
        return {"algorithm": hashes.SHA256(), "ecdsa_deterministic": True}
    return {"algorithm": hashes.SHA256() if isinstance(by, rsa.RSAPrivateKey) else None}
