"""ML-DSA, as far as ``cryptography`` offers it (FIPS 204, RFC 9881, RFC 9882; RULES V7, V9, V10).

The module is there from 47 on; the wheels have the algorithm from 48 on, and a build of one's own
has it with OpenSSL 3.5, AWS-LC or BoringSSL. Where it is not there, ML-DSA is as any algorithm that
is in no table.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from cryptography.exceptions import UnsupportedAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PARAMETER_SETS", "Family", "ParameterSet", "PureKey"]

Family = Literal["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"]


class PureKey(Protocol):
    """A public key whose signatures are over the message itself, as those of Ed25519 are too."""

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Return where a signature, for ML-DSA with the empty context, is valid, or raise."""


class ParameterSet(NamedTuple):
    """One of FIPS 204 section 4, with the lengths of table 2.

    ``digests`` are the digest algorithms that are as strong as it is, of those on offer
    (RFC 9882 section 3.3), SHA-512 first, which every signer may use.
    """

    oid: str
    key_octets: int
    signature_octets: int
    digests: tuple[str, ...]
    read: Callable[[bytes], PureKey]

    def key(self, octets: bytes) -> PureKey:
        """Read a public key (RFC 9881 section 4), or raise ``ValueError``.

        All octets of the right length are a key.
        """
        if len(octets) != self.key_octets:
            raise ValueError("not the length of a key of this parameter set")
        return self.read(octets)

    def check_form(self, signature: bytes) -> None:
        """Check the length of a signature (FIPS 204 section 5.3), or raise ``ValueError``."""
        if len(signature) != self.signature_octets:
            raise ValueError("not the length of a signature of this parameter set")


def _offered() -> Mapping[Family, ParameterSet]:
    """Return the parameter sets, all of them or none."""
    if find_spec("cryptography.hazmat.primitives.asymmetric.mldsa") is None:
        return {}
    from cryptography.hazmat.primitives.asymmetric import mldsa

    sets: dict[Family, ParameterSet] = {
        "ml-dsa-44": ParameterSet(
            "2.16.840.1.101.3.4.3.17",
            1312,
            2420,
            ("sha512", "sha384", "sha256"),
            mldsa.MLDSA44PublicKey.from_public_bytes,
        ),
        "ml-dsa-65": ParameterSet(
            "2.16.840.1.101.3.4.3.18",
            1952,
            3309,
            ("sha512", "sha384"),
            mldsa.MLDSA65PublicKey.from_public_bytes,
        ),
        "ml-dsa-87": ParameterSet(
            "2.16.840.1.101.3.4.3.19",
            2592,
            4627,
            ("sha512",),
            mldsa.MLDSA87PublicKey.from_public_bytes,
        ),
    }
    try:
        for row in sets.values():
            row.read(bytes(row.key_octets))
    except UnsupportedAlgorithm:
        return {}
    return sets


PARAMETER_SETS: Mapping[Family, ParameterSet] = MappingProxyType(_offered())
"""The parameter sets on offer: three, or none."""
