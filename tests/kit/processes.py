"""CAs and RAs in processes of their own, made and served by ``cmc`` as people do it.

A `Server` keeps its folder and its addresses, however often it is stopped, killed and started
again. A `Row` is a CA with RAs in a row before it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509

from .command import command, running, surroundings
from .served import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

STOPS_WITHIN: Final = 10.0
"""Seconds in which a server ends after SIGTERM."""

_LOOK: Final = 0.0005
"""Seconds from one look at a store to the next: shorter than a transaction takes."""

_EXPECTED: Final = re.compile(
    # Nobody is there to answer; a thread was faster to have a message answered; a worker.
    r"TransportError|transaction_wrong|worker \d+ \(process \d+\) died: SIGKILL"
)
"""What is no defect among what servers log as errors, where some are killed."""


def reserved() -> socket.socket:
    """A port of 127.0.0.1 on which a server may listen, and which nobody else gets meanwhile.

    Without that, a connection to a server that is down may get this port as its own, and be
    connected to itself.
    """
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place


class Server:
    """``cmc ca serve FOLDER`` or ``cmc ra serve FOLDER``, with HTTP, TCP and a watched folder."""

    def __init__(self, backend: str, kind: str, folder: Path, *options: str | Path) -> None:
        self.backend, self.kind, self.folder, self._options = backend, kind, folder, options
        self.watched = folder.with_name(f"{folder.name}-watched")
        self.watched.mkdir()
        self._log = folder.with_name(f"{folder.name}-log")
        self._places = {name: reserved() for name in ("http", "tcp")}
        self._process: subprocess.Popen[str] | None = None

    def url(self, scheme: str) -> str:
        """Where it is by ``http``, ``est``, ``cmc`` or ``file``."""
        if scheme == "file":
            return f"file:{self.watched}"
        return f"{scheme}://{self._address('tcp' if scheme == 'cmc' else 'http')}"

    def _address(self, name: str) -> str:
        return f"127.0.0.1:{self._places[name].getsockname()[1]}"

    def start(self, *more: str | Path) -> Self:
        """Starts it, with some more options, and waits until it listens everywhere."""
        assert self._process is None
        addresses = {name: self._address(name) for name in self._places}
        listening = [
            *(f"--{name}={address}" for name, address in addresses.items()),
            f"--watch={self.watched}",
        ]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                command(self.kind, "serve", self.folder, *listening, *self._options, *more),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=surroundings(self.backend),
                # A group of its own: it is killed with its workers.
                start_new_session=True,
            )
        assert self._process.stdout is not None
        addresses["watch"] = str(self.watched)
        for name, place in addresses.items():
            line = self._process.stdout.readline()
            assert line == f"listening {name} {place}\n", (line, self.log())
        return self

    def stop(self) -> None:
        """SIGTERM, after which it ends in time and well."""
        self._running().send_signal(signal.SIGTERM)
        assert self._ended(STOPS_WITHIN) == 0, self.log()

    def works(self, commits: int) -> None:
        """Waits until it, or another one on its store, has written so many transactions.

        Each message takes several, and there is no other moment to be sure that it is in the middle
        of one.
        """
        end = time.monotonic() + DEADLINE
        with closing(sqlite3.connect(self.folder / "store.sqlite")) as store:
            seen = None
            while commits >= 0:
                (found,) = store.execute("PRAGMA data_version").fetchone()
                if found != seen:
                    seen, commits = found, commits - 1
                    continue
                assert time.monotonic() < end, "it does nothing"
                time.sleep(_LOOK)

    def again(self, *more: str | Path) -> None:
        """Stops it, and starts it with these options."""
        self.stop()
        self.start(*more)

    def kill(self) -> None:
        """SIGKILL, to it and its workers."""
        group = self._running().pid
        os.killpg(group, signal.SIGKILL)
        assert self._ended(DEADLINE) == -signal.SIGKILL
        until(lambda: not _members(group))

    def kill_worker(self, chosen: int) -> None:
        """SIGKILL to one of its workers, which it replaces."""
        leader = self._running().pid
        workers = until(lambda: sorted(_members(leader) - {leader}))
        os.kill(workers[chosen % len(workers)], signal.SIGKILL)

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        return self._process

    def _ended(self, within: float) -> int:
        """Its exit status, once it has ended."""
        assert self._process is not None
        status = self._process.wait(within)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return status

    def log(self) -> str:
        return self._log.read_text()

    def close(self) -> None:
        """Stops it where it runs; nothing in its log may look like a defect."""
        try:
            if self._process is not None:
                self.stop()
        finally:
            for place in self._places.values():
                place.close()
            if self._process is not None:
                self.kill()
        log = self.log()
        assert "Traceback" not in log, log
        assert "defect" not in log, log
        errors = [line for line in log.splitlines() if " ERROR " in line]
        assert all(map(_EXPECTED.search, errors)), log


def _members(group: int) -> set[int]:
    """The processes of a group that have not ended."""
    found = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, check=True, text=True
    )
    rows = (line.split() for line in found.stdout.splitlines())
    return {int(pid) for pid, of, state, *_ in rows if int(of) == group and state[0] != "Z"}


class Row:
    """A CA, and RAs in a row before it: each sends to the one behind, encrypted for it.

    ``upstream``: by what, from the CA on: ``("http", "cmc")`` are two RAs. ``rules``: of
    ``config.toml``. Shared secrets are made known in the folders, as `add_secret` has it.
    """

    def __init__(
        self, backend: str, folder: Path, upstream: tuple[str, ...], stack: ExitStack, **rules: Any
    ) -> None:
        self._folder, self._stack = folder, stack
        self._run = running(backend)
        self._rules = {name: f"{name} = {str(value).lower()}" for name, value in rules.items()}
        self.done("ca", "init", folder / "ca")
        self._configure(folder / "ca")
        self.trust = folder / "ca" / "ca-cert.pem"
        self.ca = self._started(backend, "ca", folder / "ca")
        self.ras: list[Server] = []
        own = [self._enrolled(f"ra-{number}") for number in range(len(upstream))]
        reader = folder / "ca" / "server-cert.pem"
        for number, scheme in enumerate(upstream):
            ra, behind = folder / f"ra-{number}", (self.ca, *self.ras)[number]
            self.done("ra", "init", ra, "--upstream", behind.url(scheme), "--encrypt-to", reader,
                      "--signer", own[number], "--signer-key", own[number].with_suffix(".key"),
                      "--trust", self.trust)  # fmt: skip
            self._configure(ra)
            known = own[number + 1 : number + 2]
            options = [each for other in known for each in ("--authorised-ra", other)]
            self.ras.append(self._started(backend, "ra", ra, *options))
            reader = own[number]
        self.front = (self.ca, *self.ras)[-1]
        self.anchor, self.reader = (
            x509.load_pem_x509_certificate(each.read_bytes()) for each in (self.trust, reader)
        )

    @property
    def servers(self) -> list[Server]:
        """The CA first."""
        return [self.ca, *self.ras]

    def done(self, *arguments: str | Path) -> str:
        """What a command prints that is to succeed."""
        done = self._run(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def _configure(self, folder: Path) -> None:
        config = folder / "config.toml"
        others = (
            line
            for line in config.read_text().splitlines()
            if line.partition(" ")[0] not in self._rules
        )
        config.write_text(
            "\n".join(others).replace("[rules]", "\n".join(["[rules]", *self._rules.values()]))
        )

    def _started(self, backend: str, kind: str, folder: Path, *options: str | Path) -> Server:
        server = Server(backend, kind, folder, *options)
        self._stack.callback(server.close)
        return server.start()

    def _enrolled(self, name: str) -> Path:
        """The certificate of an RA, which asks the CA as anybody else does."""
        secret, own = self._folder / f"{name}.secret", self._folder / f"{name}.pem"
        secret.write_text(self.done("ca", "secret", self.ca.folder, name, "--profile", "ra"))
        self.done("request", "enroll", "--new", "p256", "--key-out", own.with_suffix(".key"),
                  "--subject", f"CN={name}", "--secret-file", secret, "--identification", name,
                  "--trust", self.trust, "--to", self.ca.url("cmc"), "--out", own)  # fmt: skip
        return own


@contextmanager
def row(backend: str, folder: Path, *upstream: str, **rules: Any) -> Iterator[Row]:
    """One whose servers end with the block: all of them with status 0."""
    with ExitStack() as stack:
        yield Row(backend, folder, upstream, stack, **rules)
