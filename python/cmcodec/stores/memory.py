"""A store in memory, for tests."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from contextlib import contextmanager
from heapq import heappop, heappush
from threading import RLock
from typing import TYPE_CHECKING, final

from cmcodec.arguments import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cmcodec.roles.store import Transaction

__all__ = ["MemoryStore"]


@final
class MemoryStore:
    """A store that ends with its process: one transaction at a time, each all or nothing."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._records = _Records()
        self._busy = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """As `Store.transaction` says; raises `RuntimeError` inside another one of its thread."""
        with self._lock:
            if self._busy:
                raise RuntimeError("this thread is in a transaction already")
            self._busy = True
            transaction = _MemoryTransaction(self._records)
            try:
                yield transaction
            except BaseException:
                transaction.undo()
                raise
            finally:
                self._busy = False

    def close(self) -> None:
        """Nothing is held open."""


class _Record:
    """A value, and the moment from which on it may be removed."""

    __slots__ = ("expires", "value")

    def __init__(self, value: bytes, expires: datetime | None) -> None:
        self.value = value
        self.expires = expires


class _Records:
    """Records by kind and key; the keys of each kind in order; and what expires when.

    ``expiring`` is a heap that may name what has been replaced or removed.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, bytes], _Record] = {}
        self.keys: dict[str, list[bytes]] = {}
        self.expiring: list[tuple[datetime, str, bytes]] = []

    def set(self, kind: str, key: bytes, record: _Record | None) -> _Record | None:
        """Puts a record, or none, in the place of the one before, and gives that."""
        before = self.records.pop((kind, key), None)
        keys = self.keys.setdefault(kind, [])
        if record is None:
            if before is not None:
                del keys[bisect_left(keys, key)]
            return before
        if before is None:
            insort(keys, key)
        self.records[kind, key] = record
        if record.expires is not None:
            heappush(self.expiring, (record.expires, kind, key))
        return before


class _MemoryTransaction:
    """Writes at once, and remembers how to undo it."""

    def __init__(self, records: _Records) -> None:
        self._records = records
        self._before: list[tuple[str, bytes, _Record | None]] = []

    def get(self, kind: str, key: bytes) -> bytes | None:
        found = self._records.records.get((kind, key))
        return None if found is None else found.value

    def get_many(self, kind: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        values = ((key, self.get(kind, key)) for key in keys)
        return {key: value for key, value in values if value is not None}

    def put(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> None:
        until = None if expires is None else moment("expires", expires)
        self._set(kind, bytes(key), _Record(bytes(value), until))

    def add(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> bool:
        if self.get(kind, key) is not None:
            return False
        self.put(kind, key, value, expires=expires)
        return True

    def delete(self, kind: str, key: bytes) -> None:
        self._set(kind, key, None)

    def scan(
        self, kind: str, *, after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        keys = self._records.keys.get(kind, [])
        first = bisect_right(keys, after)
        return [
            (key, self._records.records[kind, key].value) for key in keys[first : first + limit]
        ]

    def expire(self, now: datetime, limit: int = 1000) -> int:
        now = moment("now", now)
        expiring, removed = self._records.expiring, 0
        while removed < limit and expiring and expiring[0][0] <= now:
            expires, kind, key = heappop(expiring)
            found = self._records.records.get((kind, key))
            if found is not None and found.expires == expires:
                self._set(kind, key, None)
                removed += 1
        return removed

    def undo(self) -> None:
        for kind, key, record in reversed(self._before):
            self._records.set(kind, key, record)

    def _set(self, kind: str, key: bytes, record: _Record | None) -> None:
        self._before.append((kind, key, self._records.set(kind, key, record)))
