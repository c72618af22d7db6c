"""Stores in memory that are counted, that fail at a step, or where others are in the way."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmcodec.stores import MemoryStore, StoreConflictError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.roles.store import Store, Transaction


class WatchedStore:
    """A store in memory; ``transactions`` counts them."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self.transactions = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as transaction:
            self.transactions += 1
            yield transaction

    def close(self) -> None:
        self._store.close()

    def keys(self, kind: str) -> list[bytes]:
        """The keys of a kind."""
        with self._store.transaction() as transaction:
            return [key for key, _ in transaction.scan(kind)]


class Killed(BaseException):
    """The process ends: nothing may catch it."""


class FailingStore:
    """Another store, whose transaction of a number, and those after it, raise an error.

    ``durable``: what the transaction of that number did is kept all the same.
    """

    def __init__(
        self, store: Store, number: int, error: BaseException, *, durable: bool = False
    ) -> None:
        self._store, self._error = store, error
        # How many are begun, and how many end well.
        self._begun, self._ended = number + durable, number

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self._begun <= 0:
            raise self._error
        self._begun -= 1
        with self._store.transaction() as transaction:
            yield transaction
        self._ended -= 1
        if self._ended < 0:
            raise self._error

    def close(self) -> None:
        self._store.close()


class OverlappedStore:
    """Another store; before its transaction of a number begins, somebody else does something."""

    def __init__(self, store: Store, number: int, act: Callable[[], object]) -> None:
        self._store, self._left, self._act = store, number, act

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self._left -= 1
        if self._left == -1:
            self._act()
        with self._store.transaction() as transaction:
            yield transaction

    def close(self) -> None:
        self._store.close()


class BreakingStore:
    """Another store; one of its next transactions fails when it is told so."""

    def __init__(self) -> None:
        self._store: Store = MemoryStore()
        self._left: int | None = None
        self._durable = False

    def fail(self, number: int | None, *, durable: bool = False) -> None:
        """``durable``: what that transaction did is kept all the same. None: no longer."""
        self._left, self._durable = number, durable

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        fails, self._left = self._left == 0, self._left and self._left - 1
        if fails:
            self._left = None
        if fails and not self._durable:
            raise StoreError("the store is down")
        with self._store.transaction() as transaction:
            yield transaction
        if fails:
            raise StoreError("the connection broke")

    def close(self) -> None:
        self._store.close()


class ConflictingStore:
    """Another store, where somebody is in the way of every transaction, the first time."""

    def __init__(self, store: Store) -> None:
        self._store, self._conflicts = store, False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self._conflicts = not self._conflicts
        with self._store.transaction() as transaction:
            yield transaction
            if self._conflicts:
                raise StoreConflictError("once more")

    def close(self) -> None:
        self._store.close()
