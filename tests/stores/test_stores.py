"""What every store does, whatever it is made of."""

from __future__ import annotations

import inspect
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cmcodec.roles.public_keys import is_blocked
from cmcodec.roles.secrets import Secret
from cmcodec.stores import (
    Kind,
    MemoryStore,
    StoreConflictError,
    StoreError,
    add_secret,
    attempting,
    block_key,
)
from kit import stores
from kit.keys import key

if TYPE_CHECKING:
    from cmcodec.stores import Store, Transaction

BOTH_BACKENDS = False

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def get(store: Store, kind: str, name: bytes) -> bytes | None:
    with store.transaction() as transaction:
        return transaction.get(kind, name)


def put(store: Store, kind: str, **values: bytes) -> None:
    with store.transaction() as transaction:
        for name, value in values.items():
            transaction.put(kind, name.encode(), value)


def test_what_was_put_is_there(store: Store) -> None:
    """Octets of any value and length, by kind and key."""
    octets = bytes(range(256)) * 1000
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"a", octets)
        transaction.put(Kind.NONCE, b"", b"")
    assert get(store, Kind.NONCE, b"a") == octets
    assert get(store, Kind.NONCE, b"") == b""
    assert get(store, Kind.NONCE, b"b") is None
    assert get(store, Kind.PART, b"a") is None


def test_a_kind_is_its_name(store: Store) -> None:
    """A member of Kind and a plain string say the same."""
    put(store, Kind.NONCE, a=b"1")
    put(store, "batch", a=b"2")
    assert get(store, "nonce", b"a") == b"1"
    assert get(store, Kind.BATCH, b"a") == b"2"


def test_the_last_put_counts(store: Store) -> None:
    """In one transaction, and in the next."""
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"a", b"1", expires=NOW)
        transaction.put(Kind.NONCE, b"a", b"2")
        assert transaction.get(Kind.NONCE, b"a") == b"2"
    assert get(store, Kind.NONCE, b"a") == b"2"
    with store.transaction() as transaction:
        assert transaction.expire(NOW) == 0
    put(store, Kind.NONCE, a=b"3")
    assert get(store, Kind.NONCE, b"a") == b"3"


def test_a_transaction_sees_what_it_wrote(store: Store) -> None:
    """Puts and deletes, by get, get_many, add and scan; what was there before is replaced."""
    put(store, Kind.NONCE, a=b"1", b=b"1", c=b"1")
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"a", b"2")
        transaction.delete(Kind.NONCE, b"b")
        transaction.put(Kind.NONCE, b"d", b"2")
        assert transaction.get(Kind.NONCE, b"a") == b"2"
        assert transaction.get(Kind.NONCE, b"b") is None
        expected = {b"a": b"2", b"c": b"1", b"d": b"2"}
        assert transaction.get_many(Kind.NONCE, [b"a", b"b", b"c", b"d", b"e"]) == expected
        assert not transaction.add(Kind.NONCE, b"d", b"3")
        assert transaction.scan(Kind.NONCE) == sorted(expected.items())
        assert transaction.add(Kind.NONCE, b"b", b"3")
        assert transaction.scan(Kind.NONCE, after=b"a", limit=1) == [(b"b", b"3")]


def test_an_error_undoes_everything(store: Store) -> None:
    """All or nothing: also what was written on the way, and what was deleted."""
    put(store, Kind.NONCE, a=b"1", b=b"1")
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"b", b"1", expires=NOW)

    def broken() -> None:
        with store.transaction() as transaction:
            transaction.put(Kind.NONCE, b"a", b"2")
            transaction.put(Kind.NONCE, b"c", b"2")
            assert len(transaction.scan(Kind.NONCE)) == 3
            assert transaction.expire(NOW) == 1
            transaction.delete(Kind.NONCE, b"a")
            raise LookupError

    with pytest.raises(LookupError):
        broken()
    with store.transaction() as transaction:
        assert transaction.scan(Kind.NONCE) == [(b"a", b"1"), (b"b", b"1")]
        assert transaction.expire(NOW) == 1


def test_add_keeps_what_is_there(store: Store) -> None:
    """Also what has expired and was not removed yet."""
    with store.transaction() as transaction:
        assert transaction.add(Kind.NONCE, b"a", b"1", expires=NOW - SECOND)
    with store.transaction() as transaction:
        assert not transaction.add(Kind.NONCE, b"a", b"2")
        assert transaction.get(Kind.NONCE, b"a") == b"1"
        assert transaction.expire(NOW) == 1
        assert transaction.add(Kind.NONCE, b"a", b"2")
    assert get(store, Kind.NONCE, b"a") == b"2"


def test_delete_removes_what_is_there(store: Store) -> None:
    """And does nothing where there is nothing."""
    put(store, Kind.NONCE, a=b"1")
    for _ in range(2):
        with store.transaction() as transaction:
            transaction.delete(Kind.NONCE, b"a")
            assert transaction.get(Kind.NONCE, b"a") is None
    assert get(store, Kind.NONCE, b"a") is None


def test_many_values_at_once(store: Store) -> None:
    """More than fit in one statement, some of them asked for twice."""
    names = [number.to_bytes(2, "big") for number in range(1200)]
    with store.transaction() as transaction:
        for name in names[::2]:
            transaction.put(Kind.ISSUED, name, name)
    with store.transaction() as transaction:
        expected = {name: name for name in names[::2]}
        assert transaction.get_many(Kind.ISSUED, iter(names + names)) == expected
        assert transaction.get_many(Kind.ISSUED, []) == {}


def test_scan_is_in_the_order_of_octets(store: Store) -> None:
    """As memcmp and Python have it: 00 before everything, ff behind, a prefix before the rest."""
    names = [b"\0", b"\0\0", b"\0\xff", b"A", b"Z", b"a", b"\x7f", b"\x80", b"\xff", b"\xff\0"]
    with store.transaction() as transaction:
        for name in reversed(names):
            transaction.put(Kind.DUE, name, b"v" + name)
        transaction.put(Kind.WAITING, b"B", b"")
        transaction.put(Kind.DUE, b"", b"is beyond none")
    items = [(name, b"v" + name) for name in sorted(names)]
    with store.transaction() as transaction:
        assert transaction.scan(Kind.DUE) == items
        assert transaction.scan(Kind.DUE, limit=3) == items[:3]
        for number, name in enumerate(sorted(names), start=1):
            assert transaction.scan(Kind.DUE, after=name) == items[number:]
        assert transaction.scan(Kind.DUE, after=b"B", limit=2) == items[4:6]
        assert transaction.scan(Kind.PART) == []


def test_expire_removes_so_many_longest_first(store: Store) -> None:
    """The limit holds, of all kinds; what has no expiry or a later one stays."""
    with store.transaction() as transaction:
        for age in (3, 1, 5, 2, 4):
            kind = Kind.NONCE if age % 2 else Kind.PART
            transaction.put(kind, bytes([age]), b"", expires=NOW - age * SECOND)
        transaction.put(Kind.NONCE, b"now", b"", expires=NOW)
        transaction.put(Kind.NONCE, b"later", b"", expires=NOW + SECOND / 1000)
        transaction.put(Kind.NONCE, b"ever", b"")
    with store.transaction() as transaction:
        assert transaction.expire(NOW - SECOND, limit=3) == 3
    with store.transaction() as transaction:
        left = [name for name, _ in transaction.scan(Kind.NONCE)]
        assert left == [bytes([1]), b"ever", b"later", b"now"]
        assert [name for name, _ in transaction.scan(Kind.PART)] == [bytes([2])]
        assert transaction.expire(NOW) == 3
        assert transaction.expire(NOW) == 0
        assert [name for name, _ in transaction.scan(Kind.NONCE)] == [b"ever", b"later"]


def test_a_time_is_the_same_in_every_zone(store: Store) -> None:
    """Two hours east of UTC, two hours later on the clock."""
    from datetime import timezone

    east = timezone(timedelta(hours=2))
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"a", b"", expires=(NOW + SECOND).astimezone(east))
        assert transaction.expire(NOW) == 0
        assert transaction.expire((NOW + SECOND).astimezone(east)) == 1


def test_threads_do_not_meet(store: Store) -> None:
    """Two threads, each reading and adding one 200 times: nothing is lost."""

    def count(transaction: Transaction) -> None:
        number = int(transaction.get(Kind.DUE, b"n") or b"0")
        transaction.put(Kind.DUE, b"n", str(number + 1).encode())

    def run() -> None:
        for _ in range(200):
            attempting(store, count)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get(store, Kind.DUE, b"n") == b"400"


def test_secrets_and_blocked_keys_are_kept(store: Store) -> None:
    """R-210: a secret as it was added last; a key as an object and as its octets."""
    add_secret(store, "client-1", b"s3cret", uses=2)
    add_secret(store, "client-1", b"other", expires=NOW + SECOND)
    add_secret(store, None, b"for all")
    public = key("p-256").public_key()
    block_key(store, public)
    with store.transaction() as transaction:
        found = Secret.read(transaction, "client-1", NOW)
        assert found is not None
        assert (found.secret, found.uses) == (b"other", 1)
        assert Secret.read(transaction, "client-1", NOW + SECOND) is None
        assert Secret.read(transaction, None, NOW) is not None
        assert is_blocked(transaction, _der(public))
        assert not is_blocked(transaction, _der(key("rsa-2048").public_key()))


def _der(public: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    octets: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return octets


# --- attempts --------------------------------------------------------------------------------


def test_work_is_run_again_after_a_conflict() -> None:
    """Until it succeeds; what it did before is undone."""
    store, runs = MemoryStore(), []

    def work(transaction: Transaction) -> int:
        runs.append(transaction.add(Kind.NONCE, b"a", b""))
        if len(runs) < 5:
            raise StoreConflictError("another one was faster")
        return len(runs)

    assert attempting(store, work) == 5
    assert runs == [True] * 5


def test_attempts_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the twentieth conflict it is told; any other error at once."""
    monkeypatch.setattr("cmcodec.roles.store._FIRST_PAUSE", 0)
    raised: list[Exception] = []

    def work(error: Exception) -> None:
        raised.append(error)
        raise error

    for error, times in ((StoreConflictError("again"), 20), (StoreError("down"), 1)):
        raised.clear()
        with pytest.raises(type(error)) as caught:
            attempting(MemoryStore(), lambda _, error=error: work(error))  # type: ignore[misc]
        assert caught.value is error
        assert len(raised) == times
    assert issubclass(StoreConflictError, OSError)


# --- in memory -------------------------------------------------------------------------------


def test_a_transaction_in_memory_has_none_inside() -> None:
    """The thread would wait for itself."""
    store = MemoryStore()
    with store.transaction() as transaction:
        with pytest.raises(RuntimeError), store.transaction():
            pass
        transaction.put(Kind.NONCE, b"a", b"1")
    assert get(store, Kind.NONCE, b"a") == b"1"


def test_what_is_kept_is_a_copy() -> None:
    """Changing a bytearray afterwards changes nothing in a store."""
    store, value = MemoryStore(), bytearray(b"1")
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, b"a", value)
        value[:] = b"2"
        assert transaction.get(Kind.NONCE, b"a") == b"1"


def test_a_store_is_forty_lines() -> None:
    """Counted where one is written out in full."""
    written = inspect.getsource(stores.DictStore) + inspect.getsource(stores.DictTransaction)
    assert len([line for line in written.splitlines() if line.strip()]) <= 40
