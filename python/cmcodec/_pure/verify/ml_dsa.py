"""ML-DSA, as far as ``cryptography`` offers it (FIPS 204, RFC 9881, RFC 9882; rules V7, V9, V10).

The module is there from 47 on; the wheels have the algorithm from 48 on, and a build of one's own
has it with OpenSSL 3.5, AWS-LC or BoringSSL. Where it is not there, ML-DSA is as any algorithm that
is in no table.
"""

from __future__ import annotations

from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm

from cmcodec.algorithms import PUBLIC_KEYS, Scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NOT_OFFERED", "PARAMETER_SETS", "PureKey"]

_NAMES: Final = {
    Scheme.ML_DSA_44: "MLDSA44PublicKey",
    Scheme.ML_DSA_65: "MLDSA65PublicKey",
    Scheme.ML_DSA_87: "MLDSA87PublicKey",
}


class PureKey(Protocol):
    """A public key whose signatures are over the message itself, as those of Ed25519 are too."""

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Return where a signature, for ML-DSA with the empty context, is valid, or raise."""


def _offered() -> Mapping[Scheme, Callable[[bytes], PureKey]]:
    if find_spec("cryptography.hazmat.primitives.asymmetric.mldsa") is None:
        return {}
    from cryptography.hazmat.primitives.asymmetric import mldsa

    sets = {scheme: getattr(mldsa, name).from_public_bytes for scheme, name in _NAMES.items()}
    try:
        for row in PUBLIC_KEYS:
            if row.schemes[0] in sets:
                sets[row.schemes[0]](bytes(row.key_octets))
    except UnsupportedAlgorithm:
        return {}
    return sets


PARAMETER_SETS: Final = MappingProxyType(_offered())
"""What reads the keys of each parameter set on offer: three, or none."""

NOT_OFFERED: Final = frozenset(_NAMES) - PARAMETER_SETS.keys()
"""The schemes that this ``cryptography`` does not have."""
