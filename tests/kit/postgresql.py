"""A PostgreSQL server that lives as long as the tests that use it.

It is the one that is installed (`apt-get install postgresql` on Debian): in a directory of its own,
behind a socket in it, never on the network. Where none is installed the tests that need one are
skipped, or fail with ``CMCODEC_POSTGRESQL=required``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Server", "postgresql", "postgresql_server"]

_NUMBERS = count(1)


class Server:
    """A server that has been set up, and runs between `start` and `stop`."""

    def __init__(self, programs: Path, home: Path, user: str | None) -> None:
        self._programs = programs
        self._home = home
        self._user = user
        self._run(
            "initdb", "--auth=trust", "--username=cmc", "--no-sync", "--encoding=UTF8", "--locale=C"
        )

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self._home} -c fsync=off"
        log = self._home / "log"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        """Ends it at once, whatever it is doing."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")

    def url(self, database: str = "postgres") -> str:
        """A database of it, as SQLAlchemy names it."""
        return f"postgresql+psycopg://cmc@/{database}?host={self._home}"

    def new(self) -> str:
        """A database that nobody has used."""
        import psycopg

        name = f"cmc{next(_NUMBERS)}"
        with psycopg.connect(f"host={self._home} user=cmc dbname=postgres", autocommit=True) as own:
            own.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, f"--pgdata={self._home / 'data'}", *arguments],
            user=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self._home,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OSError(f"{program}: {done.stderr}")


@contextmanager
def server() -> Iterator[Server]:
    """A server that runs until the block ends; skips the test where none is installed."""
    programs = _programs()
    if programs is None:
        missing = "PostgreSQL is not installed"
        if os.environ.get("CMCODEC_POSTGRESQL") == "required":
            pytest.fail(f"CMCODEC_POSTGRESQL=required and {missing}")
        pytest.skip(missing)
    user = _user()
    # Not where pytest keeps its files: the path of a socket has at most 107 octets.
    home = Path(tempfile.mkdtemp(prefix="cmc-postgresql-"))
    try:
        if user is not None:
            shutil.chown(home, user)
        running = Server(programs, home, user)
        running.start()
        try:
            yield running
        finally:
            if (home / "data" / "postmaster.pid").exists():
                running.stop()
    finally:
        shutil.rmtree(home)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a server of its own."""
    with server() as running:
        yield running.new()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """One server for all tests; each takes a database of its own with `Server.new`."""
    with server() as running:
        yield running


def _programs() -> Path | None:
    """Where initdb stands together with the server it sets up."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    candidates += [Path(found).resolve() for found in [shutil.which("initdb")] if found]
    for candidate in candidates:
        if candidate.exists():
            return candidate.parent
    return None


def _user() -> str | None:
    """Whom the server runs as: it refuses to be root."""
    import pwd

    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
