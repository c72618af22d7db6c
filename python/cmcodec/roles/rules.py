"""How strict a server is, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import final

__all__ = ["Rules"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a server leaves to who runs it; the defaults are safe.

    ``simple_requests``: a bare PKCS#10 is answered (R-003). ``require_pop_link``: a proof of
    identity counts only with a POP link: witnesses in all requests, or a name that goes with the
    secret (R-096). ``confirm``: certificates must be accepted (R-144), within ``confirm_within``,
    else they are revoked. ``poll_after``: when a client asks again that the server could not serve.
    ``challenge``: a proof of possession that is missing is asked for by encryption (R-121).
    ``allow_key_reuse``: a renewal may keep its key (R-028). ``empty_subject``: a request may ask
    for the empty name (R-038). ``ra_pop``: an RA's word for possession counts (R-131).

    ``revoke_replaced_after``: how long after a renewal is settled the old certificate is revoked;
    None: never. ``nonce_window``: how long a senderNonce counts as used. ``answers_kept``: how long
    the same octets get the same answer. ``secret_attempts``: wrong secrets until the identification
    is locked (R-090). ``iterations``: of PBKDF2, in what the server makes with a secret.
    ``claim_for``: how long a message belongs to the process that works on it. ``clock_skew``: how
    far a signing time may be off; None: it is not looked at. ``status_v1``: statusInfo beside
    statusInfoV2, for old clients (R-076). ``split_after``: how many answers to a batch are sent in
    one response; None: all (R-243).

    ``compatibility``: takes what old peers mean (T-01, T-03, T-04), and the control in which
    Windows says who and what asks. ``legacy``: SHA-1 and 1024-bit RSA (rule V10a). ``wrapped``: a
    PKCS#10 in a SignedData (rule V1).
    """

    simple_requests: bool = True
    require_pop_link: bool = False
    confirm: bool = False
    confirm_within: timedelta = timedelta(hours=24)
    poll_after: timedelta = timedelta(minutes=5)
    challenge: bool = True
    allow_key_reuse: bool = False
    empty_subject: bool = False
    ra_pop: bool = True
    revoke_replaced_after: timedelta | None = None
    nonce_window: timedelta = timedelta(hours=1)
    answers_kept: timedelta = timedelta(days=7)
    secret_attempts: int = 5
    iterations: int = 600_000
    claim_for: timedelta = timedelta(minutes=1)
    clock_skew: timedelta | None = None
    status_v1: bool = False
    split_after: int | None = None
    compatibility: bool = False
    legacy: bool = False
    wrapped: bool = False
