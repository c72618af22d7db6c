"""Kinds of new private keys, by the names that callers give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from cmcodec.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "new_key"]


def _ml_dsa_65() -> Any:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return mldsa.MLDSA65PrivateKey.generate()


def _ml_kem_768() -> Any:
    from cryptography.hazmat.primitives.asymmetric import mlkem

    return mlkem.MLKEM768PrivateKey.generate()


KINDS: Final[dict[str, Callable[[], Any]]] = {
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "mldsa65": _ml_dsa_65,
    "x25519": x25519.X25519PrivateKey.generate,
    "mlkem768": _ml_kem_768,
}
"""How each is made. ``x25519`` and ``mlkem768`` do not sign."""


def new_key(kind: str) -> Any:
    """A new private key of ``cryptography``.

    Raises `ValueError` for an unknown kind, `UnsupportedError` for ML-DSA and ML-KEM where the
    installed ``cryptography`` or its OpenSSL does not have them.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    if kind not in KINDS:
        raise ValueError(f"key: {kind!r} is not one of {', '.join(KINDS)}")
    try:
        return KINDS[kind]()
    except (ImportError, UnsupportedAlgorithm) as error:
        raise UnsupportedError(f"{kind}: {error}") from error
