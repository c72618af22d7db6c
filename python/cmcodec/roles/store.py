"""What roles keep, and what keeps it: the interface of stores.

A store is all that the processes of one server share. It knows kinds, keys and octets, and nothing
of what they mean. It has no clock: a role compares times by its own, and tells `Transaction.expire`
what time it is.
"""

from __future__ import annotations

import random
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from datetime import datetime

__all__ = ["Kind", "Store", "StoreConflictError", "StoreError", "Transaction", "attempting"]

T = TypeVar("T")

_ATTEMPTS: Final = 20
_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.1
"""Seconds; each pause is a random part of twice the one before."""


class StoreError(OSError):
    """The store is down, full, or was busy for too long; a role answers tryLater.

    Nothing of the transaction is kept, with one exception: where the connection breaks while the
    end of the block is being made durable, all of it may be.
    """


class StoreConflictError(StoreError):
    """Another transaction was in the way, nothing was kept: `attempting` runs the work again."""


class Kind(StrEnum):
    """Which kinds of records roles keep, and what their keys are."""

    MESSAGE = "message"
    """A message that was received: its SHA-256. Who works on it, and what was decided."""
    ANSWER = "answer"
    """The answer that a message got: the SHA-256 of the message."""
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
    """A message of an RA that is not answered: its transaction id."""
    SENT = "sent"
    """The octets of such a message."""
    DELIVERED = "delivered"
    """What a response to such a message answered: its SHA-256."""


class Transaction(Protocol):
    """One unit of work: all of it becomes durable, or none."""

    def get(self, kind: str, key: bytes) -> bytes | None:
        """The value; None where there is none. What was put before is seen."""

    def get_many(self, kind: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that are there; `get` of any of them costs little after it."""

    def put(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> None:
        """Keeps a value in the place of the one before; it may be removed from ``expires`` on."""

    def add(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> bool:
        """Keeps a value unless there is one; False where there is, also one that has expired."""

    def delete(self, kind: str, key: bytes) -> None:
        """Removes a value, if there is one."""

    def scan(
        self, kind: str, *, after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        """Keys and values of a kind in the order of the keys' octets, from the first beyond.

        The empty key is beyond none, so that it is never listed.
        """

    def expire(self, now: datetime, limit: int = 1000) -> int:
        """Removes up to ``limit`` values that have expired, longest first, and says how many."""


class Store(Protocol):
    """Where roles keep what must not be lost. Safe to use from many threads.

    What a store cannot do because it is down, full or busy, it raises as a `StoreError` or any
    other ``OSError``: a role answers tryLater then. After an error the store can be used again.
    """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction that no other one can be told to have run beside (serialisable).

        It is durable when the block ends, and undone when it raises.
        """

    def close(self) -> None:
        """Gives up what the store holds open."""


def attempting(store: Store, work: Callable[[Transaction], T]) -> T:
    """Runs a unit of work in a transaction, again after each `StoreConflictError`.

    ``work`` has no effect but on the transaction and gives what is returned. Raises what it
    raises, and the `StoreConflictError` of the last of 20 attempts.
    """
    pause = _FIRST_PAUSE
    for _ in range(_ATTEMPTS - 1):
        try:
            with store.transaction() as transaction:
                return work(transaction)
        except StoreConflictError:
            # Chance keeps two processes from meeting in step.
            time.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
    with store.transaction() as transaction:
        return work(transaction)
