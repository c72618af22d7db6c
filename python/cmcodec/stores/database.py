"""What an `SQLStore` asks of its database: the only module that knows SQLAlchemy.

SQLAlchemy finds the driver, keeps the connections and makes the table. The statements are few and
the same for both databases; they go to the driver directly, which takes a third of the time.
Whatever goes wrong below comes out as a `StoreError`.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, final
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from cmcodec.roles.store import StoreConflictError, StoreError
from cmcodec.stores.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine.interfaces import DBAPICursor

__all__ = ["OWN", "Database", "Session"]

T = TypeVar("T")

OWN: Final = "cmcodec"
"""The kind of what a store keeps for itself."""

_WAIT: Final = 30_000
"""Milliseconds that a transaction waits for its turn."""

_STEP: Final = 0.001
"""Seconds at most until a process asks sqlite again."""

_TURN: Final = int.from_bytes(b"cmcodec", "big")
"""The advisory lock that a transaction on PostgreSQL holds."""

_CONFLICTS: Final = ("40001", "40P01")
"""SQLSTATE: serialization failure, deadlock."""

_SAVE: Final = "SAVEPOINT member"
_UNDO: Final = "ROLLBACK TO SAVEPOINT member"

_CHUNK: Final = 500
"""Keys in one statement: every build of sqlite has room for 999 parameters."""

_FORKED: Final = "this process was forked while a transaction was open"

_TABLE: Final = sa.Table(
    "cmcodec",
    sa.MetaData(),
    # The order of the kinds must not change with a library of the system.
    sa.Column("kind", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")),
    sa.Column("key", sa.LargeBinary),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("expires", sa.Double),
    sa.PrimaryKeyConstraint("kind", "key"),
)
_EXPIRES: Final = _TABLE.c.expires
_EXPIRE: Final = _EXPIRES.is_not(None)
sa.Index("cmcodec_expires", _EXPIRES, sqlite_where=_EXPIRE, postgresql_where=_EXPIRE)

_VERSION: Final = {"kind": OWN, "key": b"version", "value": b"1"}
"""The version of the table, which is a row of it."""


class _Statements(NamedTuple):
    """What is said to a driver, with its mark where a parameter stands."""

    get: str = "SELECT value FROM cmcodec WHERE kind = ? AND key = ?"
    scan: str = "SELECT key, value FROM cmcodec WHERE kind = ? AND key > ? ORDER BY key LIMIT ?"
    has: str = "SELECT 1 FROM cmcodec WHERE kind = ? LIMIT 1"
    put: str = (
        "INSERT INTO cmcodec (kind, key, value, expires) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, expires = excluded.expires"
    )
    delete: str = "DELETE FROM cmcodec WHERE kind = ? AND key = ?"
    expire: str = (
        "DELETE FROM cmcodec WHERE (kind, key) IN"
        " (SELECT kind, key FROM cmcodec WHERE expires <= ? ORDER BY expires LIMIT ?)"
    )


class _Dialect(NamedTuple):
    """What differs between the databases."""

    begin: Callable[[Any], object]
    """Begins a transaction at a connection: waits until no other one runs."""
    prepare: Callable[[Any], None]
    """What a connection is told when it is new."""
    statements: _Statements
    get_many: Callable[[str, Sequence[bytes]], tuple[str, tuple[object, ...]]]
    """The statement that finds some values, and its parameters."""
    options: dict[str, Any]
    connections_can_be_left: bool
    """Whether a child may leave open what its parent had open when it was forked."""


def _prepare_sqlite(connection: Any) -> None:
    # The driver would begin transactions when they write, and they would read before.
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 0")
    (mode,) = _patiently(connection, "PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        connection.close()
        raise ValueError("url: sqlite in a file, which threads can share; see MemoryStore")
    connection.execute("PRAGMA synchronous = FULL")


def _patiently(connection: Any, statement: str) -> Any:
    """The cursor of a statement that may not run while another process has a transaction.

    Only the first of a transaction is one. By itself sqlite would wait in steps of up to 0.1 s, in
    which another process has many turns; and for the write-ahead log not at all.
    """
    until = time.monotonic() + _WAIT / 1000
    while True:
        try:
            return connection.cursor().execute(statement)
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise
            time.sleep(random.uniform(0, _STEP))  # noqa: S311 - no secret


def _get_many_sqlite(kind: str, keys: Sequence[bytes]) -> tuple[str, tuple[object, ...]]:
    statement = "SELECT key, value FROM cmcodec WHERE kind = ? AND key IN (…)"
    return statement.replace("…", ", ".join("?" * len(keys))), (kind, *keys)


def _prepare_postgresql(connection: Any) -> None:
    connection.execute(f"SET lock_timeout = {_WAIT}")
    # All is found by a row of an index. A server that has not counted the kinds yet believes that
    # few rows are of one, and would read them all.
    connection.execute("SET enable_seqscan = off")
    connection.execute("SET enable_bitmapscan = off")
    connection.commit()


def _get_many_postgresql(kind: str, keys: Sequence[bytes]) -> tuple[str, tuple[object, ...]]:
    # LIMIT keeps the look-ups from becoming a join, for the same reason.
    statement = (
        "SELECT wanted.key, found.value FROM unnest(%s::bytea[]) AS wanted (key), LATERAL"
        " (SELECT value FROM cmcodec WHERE kind = %s AND key = wanted.key LIMIT 1) AS found"
    )
    return statement, (keys, kind)


_DIALECTS: Final = {
    # A process has one set of locks for a file. With what it inherits, a child believes it has
    # locks that only its parent has.
    ("sqlite", "pysqlite"): _Dialect(
        lambda connection: _patiently(connection, "BEGIN IMMEDIATE"),
        _prepare_sqlite,
        _Statements(),
        _get_many_sqlite,
        {},
        False,
    ),
    # Each statement sees what was committed before it. At SERIALIZABLE all would see what was
    # committed before the first one, which has to wait.
    ("postgresql", "psycopg"): _Dialect(
        lambda connection: connection.execute(f"SELECT pg_advisory_xact_lock({_TURN})"),
        _prepare_postgresql,
        _Statements(*(statement.replace("?", "%s") for statement in _Statements())),
        _get_many_postgresql,
        {"isolation_level": "READ COMMITTED"},
        True,
    ),
}


@final
class Database:
    """A database, and the connections to it that this process uses again."""

    def __init__(self, url: str | sa.URL) -> None:
        """Raises `ValueError` for what names neither sqlite nor PostgreSQL.

        Raises `ImportError` where the driver is not installed.
        """
        try:
            where = sa.make_url(url)
            dialect = where.get_dialect()
            found = _DIALECTS[dialect.name, dialect.driver]
        except (ArgumentError, KeyError):
            raise ValueError("url: sqlite:///… or postgresql+psycopg://…") from None
        self._engine: Final = sa.create_engine(
            where,
            hide_parameters=True,
            poolclass=sa.NullPool,
            **found.options,
        )
        sa.event.listen(self._engine, "connect", lambda connection, _: found.prepare(connection))
        self.dialect: Final = found
        self._turns = Turns()
        self._group: _Group | None = None
        self._kept: sa.PoolProxiedConnection | None = None
        """For the next group: used by whose turn it is."""
        self._cut_off = False
        self.errors: Final = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)
        _OPEN.add(self)

    @property
    def name(self) -> str:
        """The URL without what may be secret in it."""
        return self._engine.url.set(query={}).render_as_string(hide_password=True)

    def make_table(self) -> None:
        """Makes the table where there is none; raises `StoreError` for one that is not ours."""
        with self.failures_told(), self._engine.connect() as connection:
            self.dialect.begin(connection.connection.driver_connection)
            inspector = sa.inspect(connection)
            if not inspector.has_table(_TABLE.name):
                _TABLE.create(connection)
                connection.execute(_TABLE.insert(), _VERSION)
                connection.commit()
                return
            columns = [column["name"] for column in inspector.get_columns(_TABLE.name)]
            if columns != _TABLE.c.keys():
                raise StoreError(f"the table {_TABLE.name} is not that of a store")
            version = connection.scalar(
                sa.select(_TABLE.c.value).where(
                    _TABLE.c.kind == _VERSION["kind"], _TABLE.c.key == _VERSION["key"]
                )
            )
            if version != _VERSION["value"]:
                raise StoreError(f"the table {_TABLE.name} is of another version: {version!r}")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction, alone in the database; durable when the block ends."""
        if self._cut_off:
            raise StoreError(_FORKED)
        turns = self._turns
        if not turns.take(_WAIT / 1000):
            raise StoreError("the transactions of other threads take too long")
        try:
            if self._group is None:
                self._group = _Group(self, self._begun())
            group = self._group
            session = group.joined()
            try:
                yield session
                session.end()
            except BaseException:
                group.undo()
                raise
            group.members += 1
        finally:
            self._end_turn(turns)
        group.wait()

    def _end_turn(self, turns: Turns) -> None:
        """Whoever waits goes on in the same group; where nobody does, it ends."""
        if turns is not self._turns:
            # The transaction is that of a parent, which ends it.
            raise StoreError(_FORKED)
        group = self._group
        if group is not None and group.is_well and turns.pass_on():
            return
        self._group = None
        if group is not None:
            self._kept = group.ended()
        turns.release()

    def _begun(self) -> sa.PoolProxiedConnection:
        """A connection in a transaction: the same again, unless its server has gone."""
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                self.dialect.begin(kept.driver_connection)
            except self.errors as error:
                driver: Any = self._engine.dialect
                is_gone = driver.is_disconnect(error, kept.driver_connection, None)
                kept.invalidate(error)
                if not is_gone:
                    raise failure(error) from error
            else:
                return kept
        with self.failures_told():
            made = self._engine.raw_connection()
        try:
            self.told(self.dialect.begin, made.driver_connection)
        except BaseException as error:
            made.invalidate(error)
            raise
        return made

    def told(self, call: Callable[..., T], *given: object) -> T:
        """What a function of the driver gives; raises a `StoreError` for what that raises."""
        try:
            return call(*given)
        except self.errors as error:
            raise failure(error) from error

    @contextmanager
    def failures_told(self) -> Iterator[None]:
        """Raises a `StoreError` for what SQLAlchemy or the driver raises."""
        try:
            yield
        except self.errors as error:
            raise failure(error) from error

    def close(self) -> None:
        """Closes the connection, unless a transaction uses it."""
        turns = self._turns
        if turns.take(0):
            if self._kept is not None:
                self._kept.close()
                self._kept = None
            self._end_turn(turns)

    def after_fork(self) -> None:
        """Leaves what is open, in a child, to its parent: it is neither used nor closed."""
        left = self._turns.is_taken or self._kept is not None
        _LEFT.extend((self._group, self._kept))
        self._turns, self._group, self._kept = Turns(), None, None
        self._cut_off |= left and not self.dialect.connections_can_be_left


_OPEN: Final[WeakSet[Database]] = WeakSet()
_LEFT: Final[list[object]] = []


def _before_fork() -> None:
    for database in list(_OPEN):
        database.close()


def _after_fork() -> None:
    for database in list(_OPEN):
        database.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def failure(error: Exception) -> StoreError:
    """What to raise for an error of SQLAlchemy or of a driver."""
    cause = getattr(error, "orig", None) or error
    conflict = getattr(cause, "sqlstate", None) in _CONFLICTS
    return (StoreConflictError if conflict else StoreError)(str(cause).strip())


@final
class _Group:
    """Transactions of threads that waited for each other, which become durable together.

    Making them durable takes longer than all else. For the database they are one transaction, in
    which each has its turn; each ends once that is durable. One that fails is undone alone.
    """

    def __init__(self, database: Database, connection: sa.PoolProxiedConnection) -> None:
        """``connection``: in a transaction."""
        self._database, self._connection = database, connection
        self._ended: Final = threading.Event()
        self._failure: StoreError | None = None
        self.members = 0
        """Those that have ended well."""
        self.is_well = True

    def joined(self) -> Session:
        """The next one, whose turn it is."""
        cursor = self._connection.cursor()
        if self.members:
            self._database.told(cursor.execute, _SAVE)
        return Session(self._database, cursor)

    def undo(self) -> None:
        """Undoes what the last one did. Of the first, that is everything."""
        self.is_well = False
        if self.members:
            try:
                self._database.told(self._connection.cursor().execute, _UNDO)
            except StoreError as error:
                self._failure = error
            else:
                self.is_well = True

    def ended(self) -> sa.PoolProxiedConnection | None:
        """Makes it durable, and tells the members; the connection, where it can be used again."""
        kept = None
        try:
            if self.is_well:
                self._database.told(self._connection.commit)
            else:
                self._database.told(self._connection.rollback)
            kept = self._connection
        except StoreError as error:
            self._failure = error
        finally:
            if kept is None:
                self._failure = self._failure or StoreError("the end was interrupted")
                self._connection.invalidate(self._failure)
            self._ended.set()
        return kept

    def wait(self) -> None:
        """Until it is durable; raises `StoreError` where it does not become so."""
        self._ended.wait()
        if self._failure is not None:
            raise type(self._failure)(*self._failure.args) from self._failure


@final
class Session:
    """The statements of one transaction."""

    __slots__ = ("_cursor", "_errors", "_failure", "_get_many", "_statements")

    def __init__(self, database: Database, cursor: DBAPICursor) -> None:
        self._errors = database.errors
        self._statements = database.dialect.statements
        self._get_many = database.dialect.get_many
        self._cursor: Any = cursor
        self._failure: StoreError | None = None

    def get(self, kind: str, key: bytes) -> bytes | None:
        found = self._rows(self._statements.get, (kind, key))
        return found[0][0] if found else None

    def get_many(self, kind: str, keys: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for first in range(0, len(keys), _CHUNK):
            yield from self._rows(*self._get_many(kind, keys[first : first + _CHUNK]))

    def scan(self, kind: str, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        return self._rows(self._statements.scan, (kind, after, limit))

    def has(self, kind: str) -> bool:
        return bool(self._rows(self._statements.has, (kind,)))

    def expire(self, now: float, limit: int) -> int:
        self._change(self._cursor.execute, self._statements.expire, (now, limit))
        removed: int = self._cursor.rowcount
        return removed

    def put(self, rows: list[tuple[str, bytes, bytes, float | None]]) -> None:
        self._change(self._cursor.executemany, self._statements.put, rows)

    def delete(self, keys: list[tuple[str, bytes]]) -> None:
        self._change(self._cursor.executemany, self._statements.delete, keys)

    def end(self) -> None:
        """Raises the failure of a statement, were it caught before: not all would be kept."""
        try:
            self._cursor.close()
        except self._errors as error:
            raise failure(error) from error
        if self._failure is not None:
            raise self._failure

    def _rows(self, statement: str, parameters: tuple[object, ...]) -> list[Any]:
        try:
            rows: list[Any] = self._cursor.execute(statement, parameters).fetchall()
        except self._errors as error:
            raise self._failed(error) from error
        return rows

    def _change(self, run: Callable[..., Any], statement: str, parameters: Sequence[Any]) -> None:
        try:
            run(statement, parameters)
        except self._errors as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StoreError:
        self._failure = failure(error)
        return self._failure
