"""Keys whose signatures are the same octets every time, good or bad in a chosen way."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from math import gcd, lcm
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cmcodec import oids
from kit.der import NULL, identifier, integer, seq, spki, tlv
from kit.keys import EcdsaKey, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HASHES = {
    "sha1": oids.ID_SHA1,
    "sha256": oids.ID_SHA256,
    "sha384": oids.ID_SHA384,
    "sha512": oids.ID_SHA512,
}
RSA_WITH = {
    "sha1": oids.SHA1_WITH_RSA_ENCRYPTION,
    "sha256": oids.SHA256_WITH_RSA_ENCRYPTION,
    "sha384": oids.SHA384_WITH_RSA_ENCRYPTION,
    "sha512": oids.SHA512_WITH_RSA_ENCRYPTION,
}
E_65537 = 65537


class Curve(EcdsaKey):
    """A key on P-256 that signs by RFC 6979."""

    def sign(self, octets: bytes) -> bytes:
        return self.scalar.sign(octets, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


# --- RSA -----------------------------------------------------------------------------------------


SMALL = 3 * 5 * 7 * 11 * 13 * 17 * 19 * 23 * 29 * 31 * 37 * 41 * 43 * 47
"""Most composites have one of these factors."""


def _is_prime(number: int) -> bool:
    """Whether it is one, by Fermat's test; composites that pass are not met by chance."""
    return gcd(number, SMALL) == 1 and all(pow(base, number - 1, number) == 1 for base in (2, 3))


def _primes(bits: int, exponent: int) -> Iterator[int]:
    """Different primes of so many bits, the two highest set, for keys of that exponent."""
    chance = Random(bits * exponent)
    found = set()
    while True:
        number = chance.getrandbits(bits) | 3 << (bits - 2) | 1
        if gcd(exponent, number - 1) == 1 and _is_prime(number) and number not in found:
            found.add(number)
            yield number


class RsaKey(Key):
    """A key of RSA, of as many primes as make it quick to find; its modulus has the exact length.

    ``factor`` is a small factor of the modulus beside the primes.
    """

    def __init__(self, bits: int = 2048, exponent: int = E_65537, factor: int = 1) -> None:
        super().__init__(1)
        primes = _primes(128, exponent)
        parts = [factor] if factor > 1 else []
        modulus = factor
        while bits - modulus.bit_length() >= 256:
            parts.append(next(primes))
            modulus *= parts[-1]
        last = bits - modulus.bit_length()
        for candidate in _primes(last, exponent):
            if candidate not in parts and (modulus * candidate).bit_length() == bits:
                parts.append(candidate)
                break
        self.exponent = exponent
        self.modulus = modulus * parts[-1]
        self.octets = (bits + 7) // 8
        order = lcm(*(part - 1 for part in parts))
        private = pow(exponent, -1, order)
        # The Chinese remainder theorem: exponent, prime, and what its remainder counts.
        self._ways = [
            (private % (part - 1), part, rest * pow(rest, -1, part))
            for part in parts
            for rest in [self.modulus // part]
        ]
        self.algorithm_octets = identifier(oids.RSA_ENCRYPTION, NULL)
        self._name()

    def _name(self) -> None:
        self.public = seq(integer(self.modulus), integer(self.exponent))
        self.identifier = hashlib.sha1(self.public).digest()

    def spki(self, tag: int = 0x30) -> bytes:
        return spki(self.algorithm_octets, self.public, tag=tag)

    def restricted(self, *parameters: bytes) -> RsaKey:
        """The same key, for RSASSA-PSS alone."""
        made = object.__new__(RsaKey)
        made.__dict__.update(self.__dict__)
        made.algorithm_octets = identifier(oids.ID_RSASSA_PSS, *parameters)
        return made

    def raised(self, encoded: bytes) -> bytes:
        """The signature of what was encoded."""
        number = int.from_bytes(encoded, "big")
        sums = (pow(number % part, power, part) * counts for power, part, counts in self._ways)
        return (sum(sums) % self.modulus).to_bytes(self.octets, "big")

    def sign(self, octets: bytes) -> bytes:
        return self.pkcs1(octets)

    def pkcs1(self, octets: bytes, name: str = "sha256", *, info: bytes | None = None) -> bytes:
        """A signature of RSASSA-PKCS1-v1_5; ``info`` takes the place of the DigestInfo."""
        return self.raised(self.padded(digest_info(octets, name) if info is None else info))

    def padded(self, info: bytes) -> bytes:
        return b"\0\1" + b"\xff" * (self.octets - len(info) - 3) + b"\0" + info

    def pss(
        self, octets: bytes, name: str = "sha256", salt: int = 32, *, mask: str | None = None,
        trailer: int = 0xBC,
    ) -> bytes:  # fmt: skip
        """A signature of RSASSA-PSS, whose salt is known (RFC 8017 §9.1.1)."""
        bits = self.modulus.bit_length() - 1
        size = (bits + 7) // 8
        chosen = bytes(range(salt))
        digest = hashlib.new(name, bytes(8) + hashlib.new(name, octets).digest() + chosen).digest()
        block = bytes(size - salt - len(digest) - 2) + b"\1" + chosen
        covered = mgf1(digest, len(block), mask or name)
        masked = int.from_bytes(block, "big") ^ int.from_bytes(covered, "big")
        masked &= (1 << (bits - 8 * (size - len(block)))) - 1
        return self.raised(masked.to_bytes(len(block), "big") + digest + bytes([trailer]))


def digest_info(octets: bytes, name: str, *parameters: bytes) -> bytes:
    """A DigestInfo, with NULL."""
    algorithm = identifier(HASHES[name], *(parameters or (NULL,)))
    return seq(algorithm, tlv(0x04, hashlib.new(name, octets).digest()))


def mgf1(seed: bytes, length: int, name: str) -> bytes:
    rounds = -(-length // hashlib.new(name).digest_size)
    parts = (hashlib.new(name, seed + n.to_bytes(4, "big")).digest() for n in range(rounds))
    return b"".join(parts)[:length]


@cache
def rsa(bits: int = 2048, exponent: int = E_65537, factor: int = 1) -> RsaKey:
    return RsaKey(bits, exponent, factor)


# --- ML-DSA --------------------------------------------------------------------------------------

KEPT = Path(__file__).with_name("ml_dsa.json")
"""Signatures by ``lattice_seed``'s keys, whose octets libraries choose by chance: kept.

`python -m hostile.keys` in ``tests`` writes those that are missing.
"""

LATTICES = {44: (oids.ID_ML_DSA_44, 32, 4, 80), 65: (oids.ID_ML_DSA_65, 48, 6, 55),
            87: (oids.ID_ML_DSA_87, 64, 8, 75)}  # fmt: skip
"""Of each parameter set: its number, octets of the challenge, k, and omega: how many hints at most
(FIPS 204, tables 1 and 2).
"""


class Lattice(Key):
    """A key of ML-DSA whose public key and signatures are kept; see `KEPT`."""

    def __init__(self, bits: int, kept: dict[str, str]) -> None:
        super().__init__(1)
        self.algorithm = LATTICES[bits][0]
        self._kept = {name: base64.b64decode(text) for name, text in kept.items()}
        self.public = self._kept["public"]
        self.identifier = hashlib.sha1(self.public).digest()
        self.bits = bits

    def sign(self, octets: bytes) -> bytes:
        return self.signature(octets, "pure")

    def signature(self, octets: bytes, form: str) -> bytes:
        return self._kept[f"{form} {hashlib.sha256(octets).hexdigest()[:16]}"]


@cache
def lattice(bits: int) -> Lattice:
    return Lattice(bits, json.loads(KEPT.read_text())[str(bits)])


FORMS: dict[str, Callable[[Any, bytes], bytes]] = {
    "pure": lambda private, octets: private.sign(octets),
    "context": lambda private, octets: private.sign(octets, b"CMS"),
    "digest": lambda private, octets: private.sign(hashlib.sha512(octets).digest()),
}
"""How a signature is made: as it should be, with a context, and over the digest."""


def _keep(*signed: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for bits in LATTICES:
        own = kept.setdefault(str(bits), {})
        private = getattr(mldsa, f"MLDSA{bits}PrivateKey").from_seed_bytes(bytes([1]) * 32)
        public = private.public_key().public_bytes_raw()
        own["public"] = base64.b64encode(public).decode()
        for octets in signed:
            for form, make in FORMS.items():
                name = f"{form} {hashlib.sha256(octets).hexdigest()[:16]}"
                if name not in own:
                    own[name] = base64.b64encode(make(private, octets)).decode()
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    from kit.der import set_of
    from kit.messages import required_attributes

    _keep(set_of(*required_attributes()))
