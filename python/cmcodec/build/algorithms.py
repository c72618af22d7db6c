"""What messages are signed with: algorithms as data, and private keys of ``cryptography``.

Names are those that a report has (`cmcodec.Signer.algorithm`); identifiers are written as SPEC D.2
and D.3 say. Which keys are long enough is for the verifier to say (RULES V9), and only for it.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from cmcodec import types
from cmcodec.asn1 import TLV
from cmcodec.errors import SigningError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

    PrivateKey: TypeAlias = (
        rsa.RSAPrivateKey
        | ec.EllipticCurvePrivateKey
        | ed25519.Ed25519PrivateKey
        | mldsa.MLDSA44PrivateKey
        | mldsa.MLDSA65PrivateKey
        | mldsa.MLDSA87PrivateKey
    )
    """The keys that ``cryptography`` signs with; ML-DSA where it is offered."""


class Algorithm(NamedTuple):
    """A way to sign: the kind of key, its digest as `hashlib` calls it, and the identifiers."""

    family: str
    digest: str
    digest_algorithm: types.AlgorithmIdentifier
    signature_algorithm: types.AlgorithmIdentifier


_NULL: Final = TLV(b"\x05\x00")
_DIGESTS: Final = {
    "sha256": ("2.16.840.1.101.3.4.2.1", 32),
    "sha384": ("2.16.840.1.101.3.4.2.2", 48),
    "sha512": ("2.16.840.1.101.3.4.2.3", 64),
}


def _identifier(oid: str, parameters: TLV | None = None) -> types.AlgorithmIdentifier:
    return types.AlgorithmIdentifier(algorithm=oid, parameters=parameters)


def _pss(digest: str) -> types.AlgorithmIdentifier:
    """RSASSA-PSS with MGF1 over the same hash and a salt of its length (RFC 4055 §3.1)."""
    oid, octets = _DIGESTS[digest]
    hashed = _identifier(oid, _NULL)
    parameters = types.RSASSAPSSParams(
        hash_algorithm=hashed,
        mask_gen_algorithm=_identifier("1.2.840.113549.1.1.8", TLV(hashed.to_der())),
        salt_length=octets,
    )
    return _identifier("1.2.840.113549.1.1.10", TLV(parameters.to_der()))


def _table() -> dict[str, Algorithm]:
    found: dict[str, Algorithm] = {}

    def add(name: str, family: str, digest: str, signature: types.AlgorithmIdentifier) -> None:
        # RFC 5754 §2: the parameters of a digest algorithm are absent.
        found[name] = Algorithm(family, digest, _identifier(_DIGESTS[digest][0]), signature)

    for digest, rsa_arc, ecdsa_arc in (("sha256", 11, 2), ("sha384", 12, 3), ("sha512", 13, 4)):
        identifier = _identifier(f"1.2.840.113549.1.1.{rsa_arc}", _NULL)
        add(f"{digest}WithRSAEncryption", "rsa", digest, identifier)
        add(f"RSASSA-PSS-{digest.upper()}", "rsa-pss", digest, _pss(digest))
        identifier = _identifier(f"1.2.840.10045.4.3.{ecdsa_arc}")
        add(f"ecdsa-with-{digest.upper()}", "ecdsa", digest, identifier)
    # RFC 8419 §3 and RFC 9882 §3.3: with signed attributes, SHA-512.
    add("Ed25519", "pure", "sha512", _identifier("1.3.101.112"))
    for name, arc in (("ML-DSA-44", 17), ("ML-DSA-65", 18), ("ML-DSA-87", 19)):
        add(name, "pure", "sha512", _identifier(f"2.16.840.1.101.3.4.3.{arc}"))
    return found


ALGORITHMS: Final = _table()
"""By name."""

_CURVES: Final = {
    "secp256r1": "ecdsa-with-SHA256",
    "secp384r1": "ecdsa-with-SHA384",
    "secp521r1": "ecdsa-with-SHA512",
}


def algorithm(name: str) -> Algorithm:
    """The algorithm of this name, or `SigningError`."""
    found = ALGORITHMS.get(name)
    if found is None:
        raise SigningError("unsupported_algorithm")
    return found


def natural(key: object) -> str:
    """The name of the algorithm that a private key signs with unless told otherwise.

    For RSA that is what RFC 10004 §5.1 demands of everyone. Raises `SigningError` for other keys.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    found: str | None = None
    if isinstance(key, rsa.RSAPrivateKey):
        found = "sha256WithRSAEncryption"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        found = _CURVES.get(key.curve.name)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        found = "Ed25519"
    elif find_spec("cryptography.hazmat.primitives.asymmetric.mldsa") is not None:
        from cryptography.hazmat.primitives.asymmetric import mldsa

        for cls, name in (
            (mldsa.MLDSA44PrivateKey, "ML-DSA-44"),
            (mldsa.MLDSA65PrivateKey, "ML-DSA-65"),
            (mldsa.MLDSA87PrivateKey, "ML-DSA-87"),
        ):
            if isinstance(key, cls):
                found = name
    if found is None:
        raise SigningError("unsupported_algorithm")
    return found


def is_fast(key: object) -> bool:
    """Whether a signature takes so little time that threads only get in each other's way."""
    return natural(key) in ("ecdsa-with-SHA256", "Ed25519")


def signing(key: Any, name: str, *, deterministic: bool) -> Callable[[bytes], bytes]:
    """The function that signs with a private key, which stays in ``cryptography``.

    Raises `SigningError` where the key does not serve the algorithm, and `UnsupportedError` for
    deterministic ECDSA that the installed OpenSSL does not have.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    usual, chosen = natural(key), algorithm(name)
    families = {ALGORITHMS[usual].family, "rsa-pss" if usual.endswith("RSAEncryption") else ""}
    if chosen.family not in families or (chosen.family == "pure" and name != usual):
        raise SigningError("algorithm_mismatch")
    sign: Callable[..., bytes] = key.sign
    if chosen.family == "pure":
        return sign
    hashed = getattr(hashes, chosen.digest.upper())()
    if chosen.family == "ecdsa":
        try:
            ecdsa = ec.ECDSA(hashed, deterministic_signing=deterministic)
        except UnsupportedAlgorithm as error:
            raise UnsupportedError("deterministic ECDSA needs OpenSSL 3.2 or newer") from error
        return lambda octets: sign(octets, ecdsa)
    padded: Any = padding.PKCS1v15()
    if chosen.family == "rsa-pss":
        padded = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
    return lambda octets: sign(octets, padded, hashed)
