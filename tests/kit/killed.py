"""A CA in processes that are killed: one process for each request, which may not live to answer it.

The program forks a process for each request that it reads from its standard input, tells
that one after how many calls of Python functions it kills itself (SIGKILL), and writes the answer,
or that there is none. What a CA knows is in its store alone; what its issuer has made, in a folder.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

if TYPE_CHECKING:
    from cmcodec import types
    from cmcodec.roles import Application

ROOT = Path(__file__).resolve().parent.parent


class Question(NamedTuple):
    """A request, when it comes, and after how many calls who answers it dies; 0: never."""

    octets: bytes
    now: float
    calls: int = 0
    decides: bool = False


class Reply(NamedTuple):
    """The answer, None where the process died; and how many calls it took."""

    octets: bytes | None
    calls: int


class Server:
    """Processes that share a store; safe to ask from many threads, one at a time each."""

    def __init__(self, url: str, folder: Path, settings: dict[str, Any]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from kit.killed import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._send, self._take = self._process.stdin, self._process.stdout
        pickle.dump((url, folder, settings), self._send)
        self._send.flush()

    def ask(self, question: Question) -> Reply:
        """The answer of a process of its own."""
        with self._lock:
            pickle.dump(question, self._send)
            self._send.flush()
            found: Reply = pickle.load(self._take)
        return found

    def close(self) -> None:
        self._send.close()
        self._process.wait()
        self._take.close()


# --- the other side --------------------------------------------------------------------------


class Dying:
    """Counts the calls of functions, and kills the process at one of them."""

    def __init__(self, at: int) -> None:
        self.calls, self._at = 0, at

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        self.calls += 1
        if self.calls == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def issuer(folder: Path, ca: x509.Certificate, key: ed25519.Ed25519PrivateKey) -> Any:
    """Issues by the id of the application, and keeps each certificate before it is returned."""

    def issue(application: Application, template: types.CertTemplate) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding

        place = folder / application.id.hex()
        if not place.exists():
            made = (
                application.builder(ca.subject)
                .serial_number(int.from_bytes(application.id, "big") >> 1 or 1)
                .not_valid_before(ca.not_valid_before_utc)
                .not_valid_after(ca.not_valid_after_utc)
                .sign(key, None)
                .public_bytes(Encoding.DER)
            )
            beside = folder / f".{application.id.hex()}.{os.getpid()}"
            beside.write_bytes(made)
            beside.rename(place)
        return place.read_bytes()

    return issue


def authority(url: str, folder: Path, settings: dict[str, Any], now: datetime) -> Any:
    """The CA as it starts anew."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from cmcodec import cms
    from cmcodec.roles import CertificationAuthority, Rules
    from cmcodec.stores import SQLStore

    from .population import policy

    ca = x509.load_pem_x509_certificate(settings["certificate"])
    key = load_pem_private_key(settings["key"], None)
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return CertificationAuthority(
        signer=cms.SigningKey.from_private_key(key, ca),
        issue=issuer(folder, ca, key),
        store=SQLStore(url),
        policy=policy(lambda: now),
        rules=Rules(confirm=settings["confirm"], iterations=1),
        trust=[ca],
        revoke=lambda revocation: None,
        clock=lambda: now,
    )


def answer(question: Question, start: tuple[str, Path, dict[str, Any]]) -> Reply:
    """What one process does."""
    from cmcodec.roles import Issue

    ca = authority(*start, datetime.fromtimestamp(question.now, UTC))
    dying = Dying(question.calls)
    sys.setprofile(dying)
    try:
        if question.decides:
            for application in list(ca.pending()):
                ca.decide(application.id, Issue())
            ca.settle()
            return Reply(b"", dying.calls)
        return Reply(ca.respond(question.octets), dying.calls)
    finally:
        sys.setprofile(None)


def main() -> None:
    # Everything is imported once, and no process inherits a connection.
    import cmcodec.roles
    import cmcodec.stores.database  # noqa: F401

    received, sent = sys.stdin.buffer, sys.stdout.buffer
    start = pickle.load(received)
    while True:
        try:
            question = pickle.load(received)
        except EOFError:
            return
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer(question, start), pipe)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            octets = pipe.read()
        os.waitpid(child, 0)
        pickle.dump(pickle.loads(octets) if octets else Reply(None, 0), sent)
        sent.flush()
