"""A store in a database, by SQLAlchemy: sqlite or PostgreSQL.

SQLAlchemy itself is used in `cmcodec.stores.database` alone, which is imported with the first
store, so that a program without one needs none.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn, final

from cmcodec.arguments import moment
from cmcodec.errors import UnsupportedError
from cmcodec.roles.store import Kind, StoreError
from cmcodec.stores.sealing import Seal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import URL

    from cmcodec.roles.store import Transaction
    from cmcodec.stores.database import Database, Session

__all__ = ["SQLStore"]

_SEALING: Final = b"sealing"
"""Where a store keeps that it is sealed: nothing, under the sealing key."""


@final
class SQLStore:
    """A store that threads and processes share through a database.

    ``url``: as SQLAlchemy has it, ``sqlite:///cmc.db`` or ``postgresql+psycopg://…``. The table
    ``cmcodec`` is made where there is none. ``sealing_key``: 16, 24 or 32 octets under which
    shared secrets are kept (AES-GCM); the same for all who use the database, from before the first
    secret on.

    One transaction runs at a time, the others wait for up to 30 seconds. Those of threads that
    wait for each other become durable together. A process may fork: the child connects anew; with
    sqlite not where a transaction was open, when it gets a `StoreError`.

    Raises `UnsupportedError` where SQLAlchemy or the driver is not installed, `ValueError` for
    another database and for one in memory, which threads could not share, and `StoreError` where
    the database cannot be used: it is down, holds another table of that name or one of another
    version, or has another sealing key.
    """

    def __init__(self, url: str | URL, sealing_key: bytes | None = None) -> None:
        seal = None if sealing_key is None else Seal(sealing_key)
        try:
            from cmcodec.stores.database import OWN, Database

            database = Database(url)
        except ImportError as error:
            raise UnsupportedError(f"{error}: pip install 'cmcodec[server]'") from error
        self._database: Final[Database] = database
        self._seal: Final = seal
        try:
            database.make_table()
            with database.session() as session:
                _see_sealing(session, OWN, seal)
        except BaseException:
            database.close()
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database.name!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a store is not pickled: it has connections, and may have a key")

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """As `Store.transaction` says."""
        with self._database.session() as session:
            transaction = _SQLTransaction(session, self._seal)
            yield transaction
            transaction.write()

    def close(self) -> None:
        """Gives up the connections that no transaction uses."""
        self._database.close()


def _see_sealing(session: Session, own: str, seal: Seal | None) -> None:
    """Raises `StoreError` unless the secrets that are there were kept with this key, or none."""
    sealing = session.get(own, _SEALING)
    if sealing is not None:
        if seal is None:
            raise StoreError("the secrets are sealed: the sealing_key is missing")
        seal.opened(own, _SEALING, sealing)
    elif seal is not None:
        if session.has(Kind.SECRET.value):
            raise StoreError("there are secrets that were kept without a sealing_key")
        session.put([(own, _SEALING, seal.sealed(own, _SEALING, b""), None)])


class _SQLTransaction:
    """Knows what it has read and written, and gives the database what is new in few statements."""

    __slots__ = ("_known", "_new", "_seal", "_session")

    def __init__(self, session: Session, seal: Seal | None) -> None:
        self._session = session
        self._seal = seal
        self._known: dict[tuple[str, bytes], bytes | None] = {}
        self._new: dict[tuple[str, bytes], float | None] = {}
        """What has to be written, and when it expires."""

    def get(self, kind: str, key: bytes) -> bytes | None:
        place = kind, key
        if place in self._known:
            return self._known[place]
        value = self._session.get(str(kind), key)
        if value is not None:
            value = self._opened(kind, key, value)
        self._known[place] = value
        return value

    def get_many(self, kind: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        wanted = dict.fromkeys(keys)
        unknown = [key for key in wanted if (kind, key) not in self._known]
        self._known.update(((kind, key), None) for key in unknown)
        for key, value in self._session.get_many(str(kind), unknown):
            self._known[kind, key] = self._opened(kind, key, value)
        values = ((key, self._known[kind, key]) for key in wanted)
        return {key: value for key, value in values if value is not None}

    def put(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> None:
        until = None if expires is None else moment("expires", expires).timestamp()
        place = kind, bytes(key)
        self._known[place] = bytes(value)
        self._new[place] = until

    def add(self, kind: str, key: bytes, value: bytes, *, expires: datetime | None = None) -> bool:
        if self.get(kind, key) is not None:
            return False
        self.put(kind, key, value, expires=expires)
        return True

    def delete(self, kind: str, key: bytes) -> None:
        place = kind, bytes(key)
        self._known[place] = None
        self._new[place] = None

    def scan(
        self, kind: str, *, after: bytes = b"", limit: int = 1000
    ) -> list[tuple[bytes, bytes]]:
        self.write()
        return [
            (key, self._opened(kind, key, value))
            for key, value in self._session.scan(str(kind), after, limit)
        ]

    def expire(self, now: datetime, limit: int = 1000) -> int:
        until = moment("now", now).timestamp()
        self.write()
        self._known.clear()
        return self._session.expire(until, limit)

    def write(self) -> None:
        """Gives the database what it has not seen; it is durable with the transaction."""
        puts, deletes = [], []
        for (kind, key), expires in self._new.items():
            value = self._known[kind, key]
            if value is None:
                deletes.append((str(kind), key))
                continue
            if self._seal is not None and kind == Kind.SECRET:
                value = self._seal.sealed(kind, key, value)
            puts.append((str(kind), key, value, expires))
        if puts:
            self._session.put(puts)
        if deletes:
            self._session.delete(deletes)
        self._new.clear()

    def _opened(self, kind: str, key: bytes, value: bytes) -> bytes:
        if self._seal is not None and kind == Kind.SECRET:
            return self._seal.opened(kind, key, value)
        return value
