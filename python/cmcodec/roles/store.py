"""What roles keep, and what keeps it: the interface of stores.

A store is all that the processes of one server share. It knows kinds, keys and octets, and nothing
of what they mean. It has no clock: a role compares times by its own, and tells `Transaction.expire`
what time it is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

__all__ = ["Kind", "Store", "Transaction"]


class Kind(StrEnum):
    """Which kinds of records roles keep, and what their keys are."""

    MESSAGE = "message"
    """A message that was received: its SHA-256. Who works on it, or the answer it got."""
    NONCE = "nonce"
    """A senderNonce: SHA-256 of who sent it and of the nonce."""
    SECRET = "secret"  # noqa: S105 - a kind
    """A shared secret: the UTF-8 octets of its identification, empty without one."""
    APPLICATION = "application"
    """An application that is not settled: its id."""
    CHALLENGE = "challenge"
    """A request that was challenged: SHA-256 of who sent it, of the transaction and of it."""
    ISSUED = "issued"
    """A certificate that was issued: SHA-256 of its issuer and serial number."""
    PART = "part"
    """Answers to a batch that are not sent yet: the token that asks for them."""
    DUE = "due"
    """What is to be done later: the time, in eight octets, and an id."""
    BLOCKED = "blocked"
    """A public key that gets no certificate: SHA-256 of its SubjectPublicKeyInfo."""
    RECEIVED = "received"
    """What an RA received: its id."""
    WAITING = "waiting"
    """What an RA has to send on: a number that grows, and the id."""
    BATCH = "batch"
    """What an RA sent: the id of the batch."""


class Transaction(Protocol):
    """One unit of work: all of it becomes durable, or none."""

    def get(self, kind: str, key: bytes) -> bytes | None:
        """The value; None where there is none. What was put before is seen."""

    def put(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> None:
        """Keeps a value in the place of the one before; it may be removed from ``expires`` on."""

    def add(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> bool:
        """Keeps a value unless there is one; False where there is, also one that has expired."""

    def delete(self, kind: str, key: bytes) -> None:
        """Removes a value, if there is one."""

    def scan(
        self, kind: str, *, after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        """Keys and values of a kind in the order of the keys' octets, from the first beyond."""

    def expire(self, now: datetime, limit: int = 1000) -> int:
        """Removes up to ``limit`` values that have expired, and says how many."""


class Store(Protocol):
    """Where roles keep what must not be lost. Safe to use from many threads.

    What a store cannot do because it is down, full or busy, it raises as an ``OSError`` or a
    ``TimeoutError``: a role answers tryLater then.
    """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction that no other one can be told to have run beside (serialisable).

        It is durable when the block ends, and undone when it raises.
        """

    def close(self) -> None:
        """Gives up what the store holds open."""
