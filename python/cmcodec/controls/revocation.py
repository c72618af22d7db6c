"""Revocation by a shared secret (RFC 10002 §6.11)."""

from __future__ import annotations

from hmac import compare_digest

from cmcodec import types
from cmcodec.checked import checked
from cmcodec.controls.algorithms import refused
from cmcodec.errors import ArgumentError
from cmcodec.reasons import Reason

__all__ = ["verify"]


@checked
def verify(request: types.RevokeRequest, secret: bytes) -> None:
    """Checks the shared secret of a revocation request, octet by octet (R-139).

    Nothing matches an empty secret. A request in a message that is signed needs none.

    Raises `ProofError` with badIdentity: ``identity_proof_missing`` where the request has no
    secret, ``identity_proof_wrong`` where it has another. The body part is 0: only the caller
    knows the control.
    """
    if not isinstance(secret, bytes):
        raise ArgumentError("secret", secret)
    received = request.shared_secret
    if received is None:
        raise refused(Reason.IDENTITY_PROOF_MISSING, (0,))
    # Rule R3.
    if not compare_digest(received, secret) or not secret:
        raise refused(Reason.IDENTITY_PROOF_WRONG, (0,))
