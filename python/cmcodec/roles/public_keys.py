"""Public keys that get no certificate: bad ones, weak ones, blocked ones (RFC 10004 §10, R-210)."""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed448, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import oids, types
from cmcodec.algorithms import KEMS
from cmcodec.asn1 import BitString
from cmcodec.cms.recipients import diffie_hellman
from cmcodec.errors import ProofError
from cmcodec.reasons import Reason
from cmcodec.roles.store import Kind
from cmcodec.verify.batch import verify_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.roles.store import Store, Transaction

__all__ = ["WEAKNESSES", "block_key", "check", "is_blocked", "key_hash", "missing"]

_log = logging.getLogger(__name__)

WEAKNESSES: Final = ("roca", "smallfactors", "fermat", "rsapoly", "pattern")
"""The tests of RSA keys that `badkeys <https://pypi.org/project/badkeys>`_ makes, by its names.

They need no list from elsewhere, and each takes a bounded time. Its ``sharedprimes`` is not among
them: it takes twice the time of all these together.
"""

_ED448_PRIME: Final = 2**448 - 2**224 - 1
_ED448_SMALL_ORDER: Final = frozenset({0, 1, _ED448_PRIME - 1})
"""The y of the four points whose order divides 4 (RFC 8032 §5.2)."""


def check(
    key: types.SubjectPublicKeyInfo,
    body_part_id: int,
    *,
    legacy: bool = False,
    is_verified: bool = False,
) -> None:
    """Refuses a public key that nobody should have a certificate for.

    ``key``: that of a request, whose id is ``body_part_id``. ``legacy`` admits RSA with 1024 bits
    (rule V10a). ``is_verified``: whether the verifier has accepted a signature by it, which it
    does for no key that breaks rule V9.

    A key is refused that breaks rule V9; a point of X25519, X448 or Ed448 that is none or of small
    order; a key of ML-KEM, DSA or Diffie-Hellman that is none of its parameters; and, with
    ``badkeys`` installed, a modulus of RSA with one of the `WEAKNESSES`. Whether the modulus and
    the order of a Diffie-Hellman group are prime, is tested with the proof of possession. A key of
    an algorithm or curve that is not known here is not refused: the verifier says of its proof of
    possession that it is not on offer.

    Raises `ProofError` (``key_rejected``, badRequest).
    """
    bad = types.CMCFailInfo.BAD_REQUEST
    refused = ProofError(Reason.KEY_REJECTED, bad, (body_part_id,), Reason.KEY_REJECTED.rule)
    reason = None if is_verified else _verifier_says(key, legacy)
    if reason is Reason.KEY_REJECTED:
        raise refused
    try:
        if reason is Reason.UNSUPPORTED_ALGORITHM:
            _check_other(key)
        elif key.algorithm.algorithm in (oids.RSA_ENCRYPTION, oids.ID_RSASSA_PSS):
            _check_modulus(diffie_hellman.public_key(key))
    except UnsupportedAlgorithm:
        return
    except ValueError:
        raise refused from None


def missing() -> tuple[str, ...]:
    """The tests that `check` does not make, as ``badkeys`` (extra ``[server]``) is not installed.

    A CA logs them when it starts.
    """
    return () if _badkeys() else WEAKNESSES


def block_key(store: Store, key: Any) -> None:
    """Refuses certificates for a public key from now on (R-210).

    ``key``: a public key of ``cryptography``, or the DER of a SubjectPublicKeyInfo. Raises what
    reading that raises.
    """
    octets = key if isinstance(key, bytes) else _encoded(key)
    types.SubjectPublicKeyInfo.from_der(octets)
    with store.transaction() as transaction:
        transaction.put(Kind.BLOCKED, key_hash(octets), b"")


def is_blocked(transaction: Transaction, public_key: bytes) -> bool:
    """Whether certificates for a key, a SubjectPublicKeyInfo, are refused."""
    return transaction.get(Kind.BLOCKED, key_hash(public_key)) is not None


def key_hash(public_key: bytes) -> bytes:
    """What a key is known by: SHA-256 of its SubjectPublicKeyInfo."""
    return hashlib.sha256(public_key).digest()


def _encoded(key: Any) -> bytes:
    octets: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets


# --- what the verifier tells ---------------------------------------------------------------------


def _verifier_says(key: types.SubjectPublicKeyInfo, legacy: bool) -> Reason | None:
    """Why the verifier refuses a request for this key with a signature that is none.

    It reads the key before it looks at the signature (rules V9, R1): ``key_rejected`` and
    ``unsupported_algorithm`` are about the key.
    """
    request = types.CertificationRequest(
        certification_request_info=types.CertificationRequestInfo(
            version=0,
            subject=types.Name(rdn_sequence=()),
            subject_public_key_info=key,
            attributes=(),
        ),
        # Only keys of Ed25519 are tried with it, and that is fast.
        signature_algorithm=types.AlgorithmIdentifier(algorithm=oids.ID_ED25519),
        signature=BitString(b""),
    )
    return verify_batch([request.to_der()], legacy=legacy, threads=1)[0].reason


# --- keys that the verifier does not know --------------------------------------------------------


def _check_other(key: types.SubjectPublicKeyInfo) -> None:
    """Raises `ValueError` for a bad key, `UnsupportedAlgorithm` for one that nobody knows here."""
    kind = key.algorithm.algorithm
    if kind in (oids.DHPUBLICNUMBER, oids.ID_DSA):
        _check_group(key)
        return
    if kind not in (oids.ID_X25519, oids.ID_X448, oids.ID_ED448, *KEMS):
        raise UnsupportedAlgorithm("an algorithm or curve that is not on offer")
    public = diffie_hellman.public_key(key)
    # With a point of small order these agree on zero, which cryptography refuses.
    if isinstance(public, x25519.X25519PublicKey):
        x25519.X25519PrivateKey.from_private_bytes(bytes(32)).exchange(public)
    elif isinstance(public, x448.X448PublicKey):
        x448.X448PrivateKey.from_private_bytes(bytes(56)).exchange(public)
    elif isinstance(public, ed448.Ed448PublicKey):
        y = int.from_bytes(public.public_bytes_raw(), "little") & (1 << 455) - 1
        if y >= _ED448_PRIME or y in _ED448_SMALL_ORDER:
            raise ValueError("no point, or one of small order")


def _check_group(key: types.SubjectPublicKeyInfo) -> None:
    """Checks a key of Diffie-Hellman or DSA; raises `ValueError`."""
    # Dss-Parms has q before g, DomainParameters behind it (RFC 3279 §2.3.2, §2.3.3).
    p, *others = diffie_hellman.domain(key)
    g, q = others if key.algorithm.algorithm == oids.DHPUBLICNUMBER else reversed(others)
    y = types.DHPublicKey.from_der(key.subject_public_key.data).value
    if not diffie_hellman.is_in_group(y, p, q, g):
        raise ValueError("not in the group that the key names")


# --- what badkeys tells --------------------------------------------------------------------------


def _check_modulus(key: rsa.RSAPublicKey) -> None:
    """Raises `ValueError` for a modulus with a weakness that ``badkeys`` finds."""
    checkrsa = _badkeys()
    if checkrsa is None:
        return
    numbers = key.public_numbers()
    found = checkrsa(numbers.n, e=numbers.e, checks=WEAKNESSES)
    if found:
        _log.info("a public key is weak: %s", ", ".join(found))
        raise ValueError("a weak modulus")


@cache
def _badkeys() -> Callable[..., dict[str, Any]] | None:
    try:
        from badkeys import checkrsa
    except ImportError:
        return None
    return checkrsa  # type: ignore[no-any-return]
