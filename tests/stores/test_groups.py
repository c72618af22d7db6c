"""Transactions of threads that wait for each other: they become durable together, or fail alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec.stores import Kind, SQLStore, StoreError
from cmcodec.stores import database as databases
from cmcodec.stores.turns import Turns
from kit.served import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from cmcodec.stores import Transaction

    Work = Callable[[Transaction], object]

BOTH_BACKENDS = False


@pytest.fixture
def store(url: str) -> Iterator[SQLStore]:
    with closing(SQLStore(url)) as made:
        yield made


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The groups that have ended."""
    found: list[object] = []
    ended = databases._Group.ended

    def counted(group: Any) -> Any:
        found.append(group)
        return ended(group)

    monkeypatch.setattr(databases._Group, "ended", counted)
    return found


def kept(store: SQLStore) -> list[bytes]:
    with store.transaction() as transaction:
        return [key for key, _ in transaction.scan(Kind.NONCE)]


def put(key: bytes) -> Work:
    return lambda transaction: transaction.put(Kind.NONCE, key, b"1")


def together(store: SQLStore, *works: Work) -> list[Future[None]]:
    """A transaction of each, in threads: all others wait while the first has its turn."""
    go = threading.Event()

    def first(transaction: Transaction) -> None:
        assert go.wait(60)
        works[0](transaction)

    def run(work: Work) -> None:
        with store.transaction() as transaction:
            work(transaction)

    turns = store._database._turns
    with ThreadPoolExecutor(len(works)) as threads:
        running = [threads.submit(run, first)]
        until(lambda: turns.is_taken)
        for number, work in enumerate(works[1:], 1):
            running.append(threads.submit(run, work))
            until(lambda count=number: len(turns._waiting) == count)
        go.set()
    return running


def test_those_who_wait_become_durable_together(store: SQLStore, ends: list[object]) -> None:
    """One after another, in the order in which they came, with one end."""
    order: list[bytes] = []

    def work(key: bytes) -> Work:
        def both(transaction: Transaction) -> None:
            order.append(key)
            assert len(transaction.scan(Kind.NONCE)) + 1 == len(order)
            transaction.put(Kind.NONCE, key, b"1")

        return both

    for each in together(store, *map(work, (b"c", b"a", b"b"))):
        each.result()
    assert order == [b"c", b"a", b"b"]
    assert len(ends) == 1
    assert kept(store) == [b"a", b"b", b"c"]


def test_one_that_fails_is_undone_alone(store: SQLStore, ends: list[object]) -> None:
    """What it wrote is not there, whether it is in the middle or the last."""

    def fail(transaction: Transaction) -> None:
        transaction.put(Kind.NONCE, b"a", b"2")
        transaction.put(Kind.NONCE, b"wrong", b"1")
        transaction.scan(Kind.NONCE)
        raise LookupError("no")

    done = together(store, put(b"a"), fail, put(b"b"), fail)
    for number in (0, 2):
        done[number].result()
    for number in (1, 3):
        with pytest.raises(LookupError):
            done[number].result()
    assert len(ends) == 1
    assert kept(store) == [b"a", b"b"]


def test_the_first_that_fails_is_undone_alone(store: SQLStore) -> None:
    """Those behind it begin anew."""

    def fail(transaction: Transaction) -> None:
        transaction.put(Kind.NONCE, b"wrong", b"1")
        transaction.scan(Kind.NONCE)
        raise LookupError("no")

    failed, *others = together(store, fail, put(b"a"), put(b"b"))
    with pytest.raises(LookupError):
        failed.result()
    for each in others:
        each.result()
    assert kept(store) == [b"a", b"b"]


def test_all_are_told_what_does_not_become_durable(store: SQLStore) -> None:
    """Where the database has undone everything, nobody believes that it is kept."""

    def undo(transaction: Transaction) -> None:
        transaction._session._change(transaction._session._cursor.execute, "ROLLBACK", ())
        transaction._session._rows("SELECT nothing", ())

    for each in together(store, put(b"a"), put(b"b"), undo):
        with pytest.raises(StoreError):
            each.result()
    assert kept(store) == []
    with store.transaction() as transaction:
        put(b"c")(transaction)
    assert kept(store) == [b"c"]


def test_an_end_that_fails_is_told_to_all(store: SQLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has an error of its own."""
    begin = databases._Group.__init__

    class Failing:
        """A connection that cannot commit."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def commit(self) -> None:
            raise store._database.errors[1]("the disk is full")

    def failing(group: Any, *given: Any) -> None:
        begin(group, *given)
        group._connection = Failing(group._connection)

    monkeypatch.setattr(databases._Group, "__init__", failing)
    found = [each.exception() for each in together(store, put(b"a"), put(b"b"))]
    assert [str(each) for each in found] == ["the disk is full"] * 2
    assert all(isinstance(each, StoreError) for each in found)
    assert found[0] is not found[1]
    monkeypatch.undo()
    assert kept(store) == []


def test_who_waits_too_long_is_passed_by(store: SQLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is no longer waited for."""
    monkeypatch.setattr(databases, "_WAIT", 20)
    with store.transaction() as transaction:
        put(b"a")(transaction)
        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(kept, store)
            with pytest.raises(StoreError, match="too long"):
                late.result()
    assert kept(store) == [b"a"]


def test_a_turn_that_nobody_wants_is_kept() -> None:
    """And taken again once it is released; it is not taken twice."""
    turns = Turns()
    assert turns.take(0)
    assert not turns.pass_on()
    assert not turns.take(0)
    turns.release()
    assert turns.take(0)
