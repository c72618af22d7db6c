"""Key-encryption keys from passwords and shared secrets (RFC 8018, 5753, 8418, 2631, 9629)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from cmcodec import metering, oids, types
from cmcodec.algorithms import MACS, Derivation
from cmcodec.asn1.der import element
from cmcodec.cms.identifiers import parameters, row_of, unsupported
from cmcodec.errors import LimitError
from cmcodec.limits import MAX_ITERATIONS
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec.algorithms import Agreement, Mac

_MAX_DERIVED_OCTETS: Final = 64
"""Octets of a derived key: that of the longest MAC (P10)."""


def password_key(identifier: types.AlgorithmIdentifier, password: bytes, octets: int) -> bytes:
    """A key of PBKDF2 (RFC 8018 §5.2), whose parameters `check_password_derivation` accepted.

    ``octets`` is the length where the parameters give none.
    """
    found, prf = check_password_derivation(identifier)
    assert found.salt.specified is not None
    length = found.key_length or octets
    with metering.cryptography():
        return hashlib.pbkdf2_hmac(
            prf.digest, password, found.salt.specified, found.iteration_count, length
        )


def check_password_derivation(
    identifier: types.AlgorithmIdentifier,
) -> tuple[types.PBKDF2Params, Mac]:
    """The parameters of PBKDF2 and the row of its PRF, before anything is derived (rule P10).

    Raises `LimitError` for more than 1,000,000 iterations or a key of more than 64 octets, and
    `VerificationError` (``unsupported_algorithm``) for what is not on offer: another derivation, a
    salt from elsewhere, an unknown PRF.
    """
    found = parameters(identifier, oids.ID_PBKDF2, types.PBKDF2Params)
    if found.iteration_count > MAX_ITERATIONS or (found.key_length or 0) > _MAX_DERIVED_OCTETS:
        raise LimitError(Reason.LIMIT, None, "keyDerivationAlgorithm")
    prf = row_of(MACS, found.prf)
    if found.salt.specified is None:
        raise unsupported()
    return found, prf


def shared_info(wrap: types.AlgorithmIdentifier, ukm: bytes | None, octets: int) -> bytes:
    """ECC-CMS-SharedInfo (RFC 5753 §7.2): ``wrap`` as it stands, and the length of the key."""
    return element(
        0x30,
        wrap.to_der(),
        b"" if ukm is None else element(0xA0, element(0x04, ukm)),
        element(0xA2, element(0x04, (8 * octets).to_bytes(4, "big"))),
    )


def agreed_key(
    agreement: Agreement,
    secret: bytes,
    wrap: types.AlgorithmIdentifier,
    ukm: bytes | None,
    octets: int,
) -> bytes:
    """The key-encryption key of a shared secret."""
    if agreement.derivation is Derivation.X942:
        return _x942(secret, wrap.algorithm, ukm, octets)
    hashed = getattr(hashes, agreement.digest.upper())()
    info = shared_info(wrap, ukm, octets)
    if agreement.derivation is Derivation.X963:
        return X963KDF(hashed, octets, info).derive(secret)
    # RFC 8418 §2.2: the ukm is the salt too.
    return HKDF(hashed, octets, ukm, info).derive(secret)


def _x942(secret: bytes, wrap: str, ukm: bytes | None, octets: int) -> bytes:
    """RFC 2631 §2.1.2, over SHA-1."""
    party = b"" if ukm is None else element(0xA0, element(0x04, ukm))
    public = element(0xA2, element(0x04, (8 * octets).to_bytes(4, "big")))
    algorithm = types.ContentType(wrap).to_der()
    made = b""
    counter = 0
    while len(made) < octets:
        counter += 1
        specific = element(0x30, algorithm, element(0x04, counter.to_bytes(4, "big")))
        other = element(0x30, specific, party, public)
        made += hashlib.sha1(secret + other, usedforsecurity=False).digest()
    return made[:octets]


def encapsulated_key(
    secret: bytes, wrap: types.AlgorithmIdentifier, ukm: bytes | None, octets: int
) -> bytes:
    """The key-encryption key of a KEM's secret: HKDF-SHA256 (RFC 9629 §5, RFC 9936 §2.2.1)."""
    info = element(
        0x30,
        wrap.to_der(),
        element(0x02, octets.to_bytes(octets.bit_length() // 8 + 1, "big")),
        b"" if ukm is None else element(0xA0, element(0x04, ukm)),
    )
    return HKDF(hashes.SHA256(), octets, None, info).derive(secret)
