"""A store in sqlite and one in memory, told the same, say the same."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from cmcodec.stores import Kind, MemoryStore, SQLStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.stores import Transaction

BOTH_BACKENDS = False

KINDS = st.sampled_from((Kind.NONCE, Kind.SECRET, "due"))
KEYS = st.binary(max_size=2) | st.sampled_from((b"\0", b"\xff", b"\xff\xff", b"a", b"A"))
VALUES = st.binary(max_size=8)
TIMES = st.integers(0, 5).map(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + hours * HOUR)
LIMITS = st.integers(1, 4)
HOUR = timedelta(hours=1)


class Stores(RuleBasedStateMachine):
    """Both, and a transaction in each of them, which ends now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stores = SQLStore(f"sqlite:///{self.folder.name}/cmc.db", bytes(16)), MemoryStore()
        self.begin()

    def begin(self) -> None:
        self.block = ExitStack()
        self.both = [self.block.enter_context(store.transaction()) for store in self.stores]

    def same(self, ask: Callable[[Transaction], object]) -> None:
        found, expected = map(ask, self.both)
        assert found == expected

    @rule()
    def commit(self) -> None:
        self.block.close()
        self.begin()

    @rule()
    def undo(self) -> None:
        with pytest.raises(LookupError), self.block:
            raise LookupError
        self.begin()

    @rule(kind=KINDS, key=KEYS, value=VALUES, expires=st.none() | TIMES)
    def put(self, kind: str, key: bytes, value: bytes, expires: datetime | None) -> None:
        self.same(lambda one: one.put(kind, key, value, expires=expires))

    @rule(kind=KINDS, key=KEYS, value=VALUES, expires=st.none() | TIMES)
    def add(self, kind: str, key: bytes, value: bytes, expires: datetime | None) -> None:
        self.same(lambda one: one.add(kind, key, value, expires=expires))

    @rule(kind=KINDS, key=KEYS)
    def delete(self, kind: str, key: bytes) -> None:
        self.same(lambda one: one.delete(kind, key))

    @rule(kind=KINDS, key=KEYS)
    def get(self, kind: str, key: bytes) -> None:
        self.same(lambda one: one.get(kind, key))

    @rule(kind=KINDS, keys=st.lists(KEYS))
    def get_many(self, kind: str, keys: list[bytes]) -> None:
        self.same(lambda one: one.get_many(kind, keys))

    @rule(kind=KINDS, after=KEYS, limit=LIMITS)
    def scan(self, kind: str, after: bytes, limit: int) -> None:
        self.same(lambda one: one.scan(kind, after=after, limit=limit))

    @rule(now=TIMES)
    def expire(self, now: datetime) -> None:
        self.same(lambda one: one.expire(now))

    def teardown(self) -> None:
        for kind in Kind:
            self.same(lambda one, kind=kind: one.scan(kind))  # type: ignore[misc]
        self.block.close()
        self.stores[0].close()
        self.folder.cleanup()


TestStores = Stores.TestCase
