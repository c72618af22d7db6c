"""What every transport has in common: who answers, what a peer may cost, and what goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, final

from cmcodec.errors import CMCError
from cmcodec.limits import MAX_MESSAGE_SIZE

__all__ = ["DEFAULT", "Handler", "Limits", "TransportError", "TransportReason"]

Handler: TypeAlias = Callable[[bytes], bytes] | Callable[[bytes], Awaitable[bytes]]
"""Who answers: `CertificationAuthority.respond` is one. ``b""`` is no answer at all.

Plain functions run in threads of their own, never on the event loop.
"""


class TransportReason(StrEnum):
    """Why a message did not arrive, or its answer did not."""

    TIMEOUT = "timeout"
    """It took too long."""
    CLOSED = "closed"
    """The peer closed the connection before its message was complete."""
    LIMIT = "limit"
    """What came exceeds one of `Limits`, or is no message."""
    STATUS = "status"
    """The HTTP status is no success."""
    MEDIA_TYPE = "media_type"
    """What came is of another media type."""
    REFUSED = "refused"
    """Nobody could be reached."""


class TransportError(CMCError):
    """A message did not arrive, or its answer did not.

    ``reason`` is a `TransportReason`; ``status`` the HTTP status, where there is one.
    """

    def __init__(self, reason: TransportReason, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status

    def __str__(self) -> str:
        return self.reason if self.status is None else f"{self.reason} {self.status}"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason, self.status)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may cost; whoever exceeds one is cut off.

    ``max_size``: octets of a message. ``idle``: seconds until a peer says the first of it, after
    it has connected or had its last answer. ``whole``: seconds that a message may take to arrive,
    and its answer to be taken; what the handler takes does not count. ``connections``: so many at a
    time; further ones are closed.

    Raises `ValueError` for what is not positive, or for more octets than a message may have.
    """

    max_size: int = 64 * 2**20
    idle: float = 30.0
    whole: float = 120.0
    connections: int = 256

    def __post_init__(self) -> None:
        if not 1 <= self.max_size <= MAX_MESSAGE_SIZE:
            raise ValueError(f"max_size: 1 to {MAX_MESSAGE_SIZE}")
        for name in ("idle", "whole"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name}: seconds, more than 0")
        if self.connections < 1:
            raise ValueError("connections: at least 1")


DEFAULT: Final = Limits()
"""Those of who names none."""
