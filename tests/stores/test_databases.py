"""What stores in a database do beside: connections, tables, processes, failures."""

from __future__ import annotations

import pickle
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from cmcodec.errors import UnsupportedError
from cmcodec.roles.store import StoreConflictError
from cmcodec.stores import Kind, SQLStore, StoreError
from cmcodec.stores import database as databases
from kit.postgresql import Server, server

if TYPE_CHECKING:
    from pathlib import Path

BOTH_BACKENDS = False


def value(store: SQLStore, name: bytes) -> bytes | None:
    with store.transaction() as transaction:
        return transaction.get(Kind.NONCE, name)


def keep(store: SQLStore, name: bytes, octets: bytes = b"1") -> None:
    with store.transaction() as transaction:
        transaction.put(Kind.NONCE, name, octets)


def table(url: str) -> sa.Table:
    """The table as anyone sees it."""
    engine = sa.create_engine(url)
    found = sa.Table("cmcodec", sa.MetaData(), autoload_with=engine)
    engine.dispose()
    return found


# --- the table -------------------------------------------------------------------------------


def test_what_was_kept_is_found_again(url: str) -> None:
    """By the next process."""
    with closing(SQLStore(url)) as store:
        keep(store, b"a")
    with closing(SQLStore(sa.make_url(url))) as store:
        assert value(store, b"a") == b"1"


def test_the_table_is_one(url: str) -> None:
    """Its key is kind and key; what expires has an index."""
    SQLStore(url).close()
    made = table(url)
    assert [column.name for column in made.primary_key] == ["kind", "key"]
    assert [[column.name for column in index.columns] for index in made.indexes] == [["expires"]]


def test_a_table_of_another_version_is_refused(url: str) -> None:
    """Nothing in it is read or changed."""
    SQLStore(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(table(url)).values(value=b"2"))
    engine.dispose()
    with pytest.raises(StoreError, match="another version: b'2'"):
        SQLStore(url)


def test_a_table_of_another_shape_is_refused(url: str) -> None:
    """Whoever made it."""
    engine = sa.create_engine(url)
    sa.Table("cmcodec", sa.MetaData(), sa.Column("id", sa.Integer)).create(engine)
    engine.dispose()
    with pytest.raises(StoreError, match="not that of a store"):
        SQLStore(url)


def test_a_table_without_a_version_is_refused(url: str) -> None:
    """What another program made of the same columns is not taken over."""
    SQLStore(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.delete(table(url)))
    engine.dispose()
    with pytest.raises(StoreError, match="another version: None"):
        SQLStore(url)


def test_sqlite_is_durable_and_lets_others_read(tmp_path: Path) -> None:
    """A write-ahead log, written through at each commit."""
    path = tmp_path / "cmc.db"
    with closing(SQLStore(f"sqlite:///{path}")) as store:
        connection = store._database._engine.raw_connection()
        cursor = connection.cursor()
        (mode,) = cursor.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = cursor.execute("PRAGMA synchronous").fetchone()
        connection.close()
        assert (mode, synchronous) == ("wal", 2)
        keep(store, b"a")
        with store.transaction() as transaction, closing(sqlite3.connect(path)) as other:
            transaction.put(Kind.NONCE, b"b", b"")
            transaction.scan(Kind.NONCE)
            assert other.execute("SELECT key FROM cmcodec WHERE kind = 'nonce'").fetchall() == [
                (b"a",)
            ]


def test_what_a_transaction_knows_it_does_not_ask_for(url: str) -> None:
    """What get_many found, and what it did not find; until something expires."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with closing(SQLStore(url)) as store:
        keep(store, b"a")
        with store.transaction() as transaction:
            transaction.get_many(Kind.NONCE, [b"a", b"b"])
            transaction.put(Kind.NONCE, b"c", b"1", expires=now)
            session, transaction._session = transaction._session, None
            assert transaction.get(Kind.NONCE, b"a") == b"1"
            assert transaction.get(Kind.NONCE, b"b") is None
            assert transaction.get(Kind.NONCE, b"c") == b"1"
            transaction._session = session
            assert transaction.expire(now) == 1
            assert transaction.get_many(Kind.NONCE, [b"a", b"c"]) == {b"a": b"1"}


# --- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&cache=shared&uri=true"],
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    """Each thread would have its own."""
    with pytest.raises(ValueError, match="MemoryStore"):
        SQLStore(url)


@pytest.mark.parametrize("url", ["cmc.db", "", "mysql://localhost/cmc", "sqlite+x:///cmc.db", 1])
def test_another_database_is_refused(url: str) -> None:
    """What is no URL, and what names a database or a driver that has not been tried."""
    with pytest.raises(ValueError, match="sqlite:///"):
        SQLStore(url)


def test_no_password_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a repr, nor in an error, nor in a pickle; wherever the URL has it."""
    database = databases.Database("postgresql+psycopg://cmc:pa55@nowhere/cmc?password=w0rd&x=y")
    assert database.name == "postgresql+psycopg://cmc:***@nowhere/cmc"
    with pytest.raises(StoreError) as caught, database.session():
        pass
    for text in (repr(caught.value), repr(database), caplog.text):
        assert "pa55" not in text
        assert "w0rd" not in text


def test_a_store_shows_no_secret_of_its_own(tmp_path: Path) -> None:
    """Its repr is where it is; it is not pickled."""
    url = f"sqlite:///{tmp_path / 'cmc.db'}"
    with closing(SQLStore(url, b"0123456789abcdef")) as store:
        assert repr(store) == f"SQLStore({url!r})"
        with pytest.raises(TypeError):
            pickle.dumps(store)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SQLAlchemy, and without the driver; MemoryStore needs neither."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnsupportedError, match=r"psycopg.*cmcodec\[server\]"):
        SQLStore("postgresql+psycopg://localhost/cmc")
    monkeypatch.delitem(sys.modules, "cmcodec.stores.database")
    monkeypatch.delattr("cmcodec.stores.database")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(UnsupportedError, match=r"sqlalchemy.*cmcodec\[server\]"):
        SQLStore("sqlite:///cmc.db")


def test_sqlalchemy_is_imported_with_the_first_store() -> None:
    """A program that keeps nothing in a database loads none."""
    code = "import sys, cmcodec.stores; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


# --- failures --------------------------------------------------------------------------------


def test_waiting_too_long_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is no conflict: whoever waited need not try again; afterwards all is well."""
    monkeypatch.setattr(databases, "_WAIT", 20)
    with closing(SQLStore(url)) as store:
        with store.transaction() as transaction:
            transaction.put(Kind.NONCE, b"a", b"1")
            with pytest.raises(StoreError) as caught, store.transaction():
                pass
        assert not isinstance(caught.value, StoreConflictError)
        assert value(store, b"a") == b"1"
        keep(store, b"b")


def test_closing_leaves_a_transaction_that_runs(url: str) -> None:
    """It ends as if nobody had closed the store, which can still be used."""
    with closing(SQLStore(url)) as store:
        with store.transaction() as transaction:
            transaction.put(Kind.NONCE, b"a", b"1")
            store.close()
            transaction.put(Kind.NONCE, b"b", b"2")
        assert (value(store, b"a"), value(store, b"b")) == (b"1", b"2")


def test_a_failure_that_was_caught_ends_the_transaction(url: str) -> None:
    """A part of it cannot be kept."""
    with closing(SQLStore(url)) as store:

        def catching() -> None:
            with store.transaction() as transaction:
                transaction.put(Kind.NONCE, b"a", b"1")
                transaction.scan(Kind.NONCE)
                with pytest.raises(StoreError):
                    transaction._session._rows("SELECT nothing", ())

        with pytest.raises(StoreError, match="nothing"):
            catching()
        assert value(store, b"a") is None
        keep(store, b"a")


def test_a_transaction_that_has_ended_is_of_no_use(url: str) -> None:
    """Its connection is another's by then."""
    with closing(SQLStore(url)) as store:
        with store.transaction() as transaction:
            pass
        with pytest.raises(StoreError):
            transaction.get(Kind.NONCE, b"a")


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_conflict_is_one(state: str, postgresql_server: Server) -> None:
    """A serialization failure and a deadlock, which another program may cause."""
    code = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
    with closing(SQLStore(postgresql_server.new())) as store:
        with pytest.raises(StoreConflictError), store.transaction() as transaction:
            transaction._session._rows(code, ())
        keep(store, b"a")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """Nothing of the transaction is kept; what needs no more room still works."""
    with closing(SQLStore(f"sqlite:///{tmp_path / 'cmc.db'}")) as store:
        keep(store, b"a")
        store.close()

        @sa.event.listens_for(store._database._engine, "connect")
        def limit(connection: sqlite3.Connection, record: object) -> None:
            connection.execute("PRAGMA max_page_count = 20")

        def too_much() -> None:
            with store.transaction() as transaction:
                transaction.put(Kind.NONCE, b"b", b"1")
                transaction.put(Kind.NONCE, b"c", bytes(200_000))

        for _ in range(2):
            with pytest.raises(StoreError, match="full"):
                too_much()
        assert value(store, b"b") is None
        keep(store, b"a", b"2")
        assert value(store, b"a") == b"2"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """At start; so is one in a folder that is not there."""
    path = tmp_path / "cmc.db"
    path.write_bytes(b"no database" * 1000)
    for url in (f"sqlite:///{path}", f"sqlite:///{tmp_path / 'nowhere' / 'cmc.db'}"):
        with pytest.raises(StoreError):
            SQLStore(url)


def test_a_server_that_is_down_is_told() -> None:
    """Before a transaction and in one; with the server the store is back."""
    with server() as running, closing(SQLStore(running.new())) as store:

        def interrupted() -> None:
            with store.transaction() as transaction:
                transaction.put(Kind.NONCE, b"b", b"1")
                transaction.scan(Kind.NONCE)
                running.stop()
                transaction.get(Kind.NONCE, b"c")

        keep(store, b"a")
        running.stop()
        for _ in range(2):
            with pytest.raises(StoreError), store.transaction():
                pass
        running.start()
        assert value(store, b"a") == b"1"
        with pytest.raises(StoreError):
            interrupted()
        with pytest.raises(StoreError):
            SQLStore(running.url())
        running.start()
        assert value(store, b"b") is None
        keep(store, b"b")


def test_a_server_that_goes_down_at_the_end_is_told() -> None:
    """The block ends with an error, and not as if it were durable."""
    with server() as running, closing(SQLStore(running.new())) as store:

        def interrupted() -> None:
            with store.transaction() as transaction:
                transaction.put(Kind.NONCE, b"a", b"1")
                running.stop()

        with pytest.raises(StoreError):
            interrupted()
        running.start()
        assert value(store, b"a") is None


def test_threads_share_a_store(url: str) -> None:
    """Many of them, one after another."""
    with closing(SQLStore(url)) as store:
        threads = [
            threading.Thread(target=keep, args=(store, bytes([number]))) for number in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.transaction() as transaction:
            assert len(transaction.scan(Kind.NONCE)) == 40


def test_all_may_be_the_first(tmp_path: Path) -> None:
    """Sqlite does not wait by itself for a write-ahead log; whoever opens a new file, gets it."""
    together, failures = threading.Barrier(3), []

    def begin() -> None:
        for number in range(60):
            together.wait()
            try:
                SQLStore(f"sqlite:///{tmp_path / str(number)}").close()
            except StoreError as error:
                failures.append(error)

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
