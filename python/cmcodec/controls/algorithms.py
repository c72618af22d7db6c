"""Digests, MACs and derivations that controls name themselves (RFC 10002 §6, RFC 10004 §5.1).

Whoever makes a control says which by name or by AlgorithmIdentifier; whoever checks one has the
AlgorithmIdentifier that was received. SHA-1 is among them: the first versions of controls have no
other, and RFC 5274 demanded it of the second.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from cmcodec import oids, types
from cmcodec.algorithms import DIGESTS, MACS
from cmcodec.cms.derivation import check_password_derivation, password_key
from cmcodec.cms.identifiers import row_of
from cmcodec.errors import ArgumentError, EncodeError, ProofError, VerificationError
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Algorithm: TypeAlias = str | types.AlgorithmIdentifier
"""A name in `cmcodec.oids.NAMES`, or an algorithm with its parameters."""

SHA1: Final = types.AlgorithmIdentifier(algorithm=oids.ID_SHA1)
HMAC_SHA1: Final = types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA1)


def digest(identifier: types.AlgorithmIdentifier, octets: bytes) -> bytes:
    """The digest of octets; raises `VerificationError` (``unsupported_algorithm``)."""
    row = row_of(DIGESTS, identifier)
    return hashlib.new(row.name, octets, usedforsecurity=not row.legacy).digest()


def mac(identifier: types.AlgorithmIdentifier, key: bytes, octets: bytes) -> bytes:
    """The MAC of octets; raises `VerificationError` (``unsupported_algorithm``)."""
    return hmac.digest(key, octets, row_of(MACS, identifier).digest)


def check_mac(identifier: types.AlgorithmIdentifier) -> None:
    """Raises `VerificationError` for a MAC that is not on offer."""
    row_of(MACS, identifier)


def check_digest(identifier: types.AlgorithmIdentifier) -> None:
    """Raises `VerificationError` for a digest that is not on offer."""
    row_of(DIGESTS, identifier)


def check_derivation(identifier: types.AlgorithmIdentifier) -> int:
    """How many iterations a keyGenAlgorithm takes: a digest none, PBKDF2 what it says (T-28).

    Nothing is derived. Raises `VerificationError` for what is neither, and `LimitError` beyond the
    bounds of rule P10.
    """
    if identifier.algorithm == oids.ID_PBKDF2:
        return check_password_derivation(identifier)[0].iteration_count
    check_digest(identifier)
    return 0


def derived_key(
    identifier: types.AlgorithmIdentifier, secret: bytes, used_by: types.AlgorithmIdentifier
) -> bytes:
    """The key that a keyGenAlgorithm makes of a secret.

    PBKDF2 without a keyLength makes as many octets as the MAC has that uses them. Raises what
    `check_derivation` raises.
    """
    if identifier.algorithm == oids.ID_PBKDF2:
        return password_key(identifier, secret, row_of(MACS, used_by).octets)
    return digest(identifier, secret)


def chosen(
    algorithm: Algorithm, check: Callable[[types.AlgorithmIdentifier], object]
) -> types.AlgorithmIdentifier:
    """The AlgorithmIdentifier that a caller means; parameters of a name are absent (RFC 5754 §2).

    Raises `EncodeError` for what ``check`` does not find on offer, and `LimitError` as it does.
    """
    identifier = algorithm
    if isinstance(algorithm, str):
        number = oids.number(algorithm)
        if number is None:
            raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, algorithm)
        identifier = types.AlgorithmIdentifier(algorithm=number)
    if not isinstance(identifier, types.AlgorithmIdentifier):
        raise ArgumentError("algorithm", identifier)
    try:
        check(identifier)
    except VerificationError as error:
        raise EncodeError(error.reason, None, oids.name(identifier.algorithm)) from None
    return identifier


@contextmanager
def concerning(*body_parts: int) -> Iterator[None]:
    """Says of an algorithm that is not on offer which body parts name it (RFC 10002 §6.1.4)."""
    try:
        yield
    except VerificationError as error:
        bad = types.CMCFailInfo.BAD_ALG
        raise ProofError(error.reason, bad, body_parts, error.rule) from None


def secret_octets(secret: bytes) -> bytes:
    """A shared secret that proves are made with.

    Raises `ArgumentError` for what are no ``bytes``, and `EncodeError` for none: everybody has
    that.
    """
    if not isinstance(secret, bytes):
        raise ArgumentError("secret", secret)
    if not secret:
        raise EncodeError(Reason.BAD_VALUE, None, "secret", hint="at least one octet")
    return secret


def refused(reason: Reason, body_parts: tuple[int, ...], rule: str | None = None) -> ProofError:
    """What a proof of identity gets that is missing or wrong (RFC 10002 §6.2)."""
    return ProofError(reason, types.CMCFailInfo.BAD_IDENTITY, body_parts, rule or reason.rule)


def pop_failed(reason: Reason, body_part_id: int) -> ProofError:
    """What a proof of possession gets that is wrong, and a challenge (RFC 10002 §6.7)."""
    return ProofError(reason, types.CMCFailInfo.POP_FAILED, (body_part_id,), reason.rule)
