"""The discrete-log signature of a Diffie-Hellman key: DSA over its group (RFC 6955 §5).

Where q is longer than the hash, RFC 6955 expands the hash; such groups are not supported.
"""

from __future__ import annotations

import hashlib
from random import SystemRandom
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa

from cmcodec import oids, types
from cmcodec.cms.recipients import diffie_hellman
from cmcodec.controls.algorithms import pop_failed
from cmcodec.errors import UnsupportedError
from cmcodec.limits import MAX_GROUP_MODULUS_BITS
from cmcodec.reasons import Reason

_ROUNDS: Final = 10
"""Of Miller and Rabin: a number that is not prime passes each with 1 in 4 at most."""


def sign(info: bytes, key: Any, digest: str) -> bytes:
    """The DSA-Sig-Value by a private key of Diffie-Hellman; raises `UnsupportedError`."""
    p, q, g = diffie_hellman.group(key)
    # A group that says no q is one of a safe prime, if it is any good: q is long.
    order = (p - 1) // 2 if q is None else q
    _check_size(p, order, digest)
    x, y = diffie_hellman.numbers(key)
    public = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, order, g))
    try:
        private = dsa.DSAPrivateNumbers(x % order, public).private_key()
        return private.sign(info, getattr(hashes, digest.upper())())
    except (ValueError, UnsupportedAlgorithm):
        raise UnsupportedError(Reason.UNSUPPORTED_ALGORITHM) from None


def verify(
    info: bytes,
    spki: types.SubjectPublicKeyInfo,
    digest: str,
    signature: bytes,
    body_part_id: int,
) -> None:
    """Checks the signature of a public key of Diffie-Hellman, and its group.

    Nothing in it is secret. Raises `ProofError` (``pop_wrong``) and `UnsupportedError`.
    """
    wrong = pop_failed(Reason.POP_WRONG, body_part_id)
    try:
        # Not all of these are there in another key.
        p, g, q = diffie_hellman.domain(spki)
        y = types.DHPublicKey.from_der(spki.subject_public_key.data).value
        value = types.ECDSASigValue.from_der(signature)
    except ValueError:
        raise wrong from None
    _check_size(p, q, digest)
    r, s = value.r, value.s
    if not diffie_hellman.is_in_group(y, p, q, g) or not (0 < r < q and 0 < s < q):
        raise wrong
    hashed = hashlib.new(digest, info, usedforsecurity=False).digest()
    m = int.from_bytes(hashed, "big") >> max(0, 8 * len(hashed) - q.bit_length())
    try:
        w = pow(s, -1, q)
    except ValueError:
        raise wrong from None
    if pow(g, m * w % q, p) * pow(y, r * w % q, p) % p % q != r:
        raise wrong
    # Last, for it takes the longest.
    if spki.algorithm.algorithm != oids.DHPUBLICNUMBER or not (_is_prime(q) and _is_prime(p)):
        raise wrong


def _check_size(p: int, q: int, digest: str) -> None:
    octets = hashlib.new(digest, usedforsecurity=False).digest_size
    if q.bit_length() > 8 * octets or p.bit_length() > MAX_GROUP_MODULUS_BITS:
        raise UnsupportedError(Reason.UNSUPPORTED_ALGORITHM)


def _is_prime(number: int) -> bool:
    """Miller and Rabin, with bases that nobody foresees: who made the number is not trusted."""
    if number % 2 == 0:
        return False
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    chance = SystemRandom()
    for _ in range(_ROUNDS):
        power = pow(chance.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
