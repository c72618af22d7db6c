"""A store over a dict: as small as one can be. Another database takes about as much."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cmcodec.stores import Transaction

__all__ = ["DictStore"]


class DictStore:
    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, bytes], tuple[bytes, datetime | None]] = {}

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._lock:
            transaction = DictTransaction(dict(self._kept))
            yield transaction
            self._kept = transaction.kept

    def close(self) -> None: ...


class DictTransaction:
    def __init__(self, kept: dict[tuple[str, bytes], tuple[bytes, datetime | None]]) -> None:
        self.kept = kept

    def get(self, kind: str, key: bytes) -> bytes | None:
        return self.get_many(kind, [key]).get(key)

    def get_many(self, kind: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        return {key: self.kept[kind, key][0] for key in keys if (kind, key) in self.kept}

    def put(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> None:
        self.kept[kind, key] = value, expires

    def add(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> bool:
        return self.kept.setdefault((kind, key), new := (value, expires)) is new

    def delete(self, kind: str, key: bytes) -> None:
        self.kept.pop((kind, key), None)

    def scan(
        self, kind: str, *, after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        found = ((key, value) for (its, key), (value, _) in self.kept.items() if its == kind)
        return sorted(item for item in found if item[0] > after)[:limit]

    def expire(self, now: datetime, limit: int = 1000) -> int:
        ends = sorted((end, place) for place, (_, end) in self.kept.items() if end and end <= now)
        for _, place in ends[:limit]:
            del self.kept[place]
        return len(ends[:limit])
