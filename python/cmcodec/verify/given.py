"""What callers give that means certificates: names for annotations.

Loaded by nothing but annotations: it needs ``cryptography``, which not every program does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeAlias

from cryptography import x509

from cmcodec.types import Certificate

__all__ = ["CertificateLike", "Certificates", "Trust"]

CertificateLike: TypeAlias = x509.Certificate | Certificate | bytes
"""A certificate as an object of ``cryptography``, of this package, as DER or as PEM."""

Certificates: TypeAlias = CertificateLike | Iterable[CertificateLike]
"""One certificate or many; PEM is a bundle, and every certificate in it counts."""

Trust: TypeAlias = (
    Certificates | Callable[[x509.Certificate, list[x509.Certificate], datetime], bool]
)
"""Trust anchors, or a callback.

The callback gets the signer's certificate, the certificates that came with it and the time,
and returns True where the signer is trusted, else False. Anything else, a coroutine too, raises
`TypeError`; what the callback raises ends the verification. It is asked before the call that
verifies returns, about each certificate once, and never about a request's own key.
"""
