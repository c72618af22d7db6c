"""Digests of certificates, which two controls name them by (RFC 10002 §6.15 and §6.18)."""

from __future__ import annotations

import hashlib
from typing import Final

from cmcodec import oids, types
from cmcodec.algorithms import DIGESTS
from cmcodec.checked import checked
from cmcodec.cms.identifiers import named, row_of
from cmcodec.errors import EncodeError, VerificationError
from cmcodec.verify.certificates import certificates_octets
from cmcodec.verify.given import Certificates

__all__ = ["CURRENT", "certificate_hashes"]

CURRENT: Final = tuple(row for row in DIGESTS if not row.legacy)
"""The digests that are neither made nor accepted with a caller's leave only."""


@checked
def certificate_hashes(
    certificates: Certificates, digest: str | types.AlgorithmIdentifier
) -> tuple[types.AlgorithmIdentifier, tuple[bytes, ...]]:
    """The identifier of a digest, and that of the whole DER of each certificate, in their order.

    ``digest`` is its name in `cmcodec.oids.NAMES`, or an identifier without parameters or with
    NULL. Raises `DecodeError` and `TypeError` for what are no certificates, `EncodeError` for a
    digest that is not on offer.
    """
    if isinstance(digest, types.AlgorithmIdentifier):
        identifier = digest
        try:
            row = row_of(CURRENT, identifier)
        except VerificationError as error:
            raise EncodeError(error.reason, None, oids.name(digest.algorithm)) from None
    else:
        row = named(CURRENT, digest)
        identifier = types.AlgorithmIdentifier(algorithm=row.oid)
    octets = certificates_octets("certificates", certificates)
    return identifier, tuple(hashlib.new(row.name, each).digest() for each in octets)
