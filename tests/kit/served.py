"""A simple service that is served by processes of their own, and does what messages tell it.

What it has done shows in its folder: ``begun``, a file for each message that waits; ``closed`` and
``ticked``, files named after processes. What it is to do is told there: ``go`` ends the waiting,
``down`` is a store that is down, ``hang`` one that does not say so.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cmcodec
from cmcodec.embedded.serving import ServingError, serve, working
from cmcodec.embedded.serving.metrics import GAUGES
from cmcodec.embedded.serving.service import Answer
from cmcodec.transports import Limits

from .command import surroundings
from .transports import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DEADLINE: Final = 60.0
"""Seconds until a test gives up; what works takes a small part of them."""

OF_ALL: Final = {name: 0.5 + number for number, name in enumerate(GAUGES)}
"""Every gauge that a service may have; a CA has some, and an RA others."""


def until(condition: Callable[[], Any]) -> Any:
    """What a condition gives, once it is true."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
    return found


def told(text: str) -> bytes:
    """A message that tells the service what to do; also one of TCP."""
    return b"\x30" + bytes([len(text.encode())]) + text.encode()


class Service:
    """What it is told in a message: see `_answer_one`; all that it is not told is a success."""

    every = 0.05
    together = 1

    def __init__(self, folder: Path, failed: Callable[[], None], making: str) -> None:
        if making == "fail":
            raise OSError("the folder is no CA")
        if making == "wait":
            (folder / "making").touch()
            until((folder / "go").exists)
        self._folder, self._failed = folder, failed
        self._answer = (folder / "answer").read_bytes()

    def answer_all(self, messages: Sequence[bytes]) -> list[Answer]:
        return [self._answer_one(octets) for octets in messages]

    def _answer_one(self, octets: bytes) -> Answer:
        told, _, text = octets[2:].decode(errors="replace").partition(" ")
        if told == "wait":
            self._begin()
            until((self._folder / "go").exists)
        elif told == "stay":
            self._stay()
        elif told == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif told == "raise":
            raise RuntimeError(text)
        elif told == "chain":
            raise _chained(int(text))
        elif told == "log":
            logging.getLogger("cmcodec.roles").info("%s", text)
        elif told == "none":
            return Answer(b"", "none", 0.25)
        elif told == "refuse":
            self._failed()
            return Answer(self._answer, "tryLater", 0.25)
        return Answer(self._answer, "success", 0.25)

    def _begin(self) -> None:
        (self._folder / "begun" / f"{os.getpid()}-{threading.get_ident()}").touch()

    def _stay(self) -> None:
        self._begin()
        threading.Event().wait()

    def tick(self) -> None:
        (self._folder / "ticked" / str(os.getpid())).touch()
        if (self._folder / "down").exists():
            raise OSError("the store is down")

    def health(self) -> dict[str, bool]:
        if (self._folder / "hang").exists():
            self._stay()
        return {"store": not (self._folder / "down").exists(), "keys": True}

    def gauges(self) -> dict[str, float]:
        return OF_ALL

    def close(self) -> None:
        (self._folder / "closed" / str(os.getpid())).touch()


def _chained(number: int) -> Exception:
    """An error with causes, so many in all, of which nobody has raised those."""
    found = ValueError("1")
    for each in range(2, number + 1):
        found, found.__cause__ = ValueError(str(each)), found
    return found


def main() -> None:
    """The process: settings as JSON in its argument."""
    settings = json.loads(sys.argv[1])
    folder, making = Path(settings.pop("folder")), settings.pop("making")
    working.PATIENCE = settings.pop("patience")  # type: ignore[misc]
    settings["limits"] = Limits(**settings["limits"])
    settings["watch"] = settings["watch"] and Path(settings["watch"])
    try:
        serve(lambda failed: Service(folder, failed, making), **settings)
    except (ServingError, OSError) as error:
        sys.exit(f"cmc: {error}")


class Served:
    """A server in processes of its own: ``places`` are what its lines say, by their names."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder, self.process = folder, process
        self.answer = (folder / "answer").read_bytes()
        self.lines: list[str] = []
        self.places: dict[str, str] = {}

    def listens(self, count: int) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            _, name, place = self.lines[-1].split(" ", 2)
            self.places[name] = place
            if len(self.places) == count:
                return
        raise AssertionError(f"it has ended: {self.log()}")

    def url(self, name: str = "http") -> str:
        return f"http://{self.places[name]}"

    def port(self, name: str) -> int:
        return int(self.places[name].rpartition(":")[2])

    def workers(self) -> set[int]:
        """The processes that a process has started."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, check=False
        )
        return {int(each) for each in found.stdout.split()} - {self.process.pid}

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def logged(self, pattern: str) -> str:
        """What a line of the log says, once it is there."""
        found: str = until(lambda: re.search(pattern, self.log()))[0]
        return found

    def begun(self, count: int) -> None:
        """Waits until so many messages are worked on."""
        until(lambda: len(list((self.folder / "begun").iterdir())) == count)

    def go(self) -> None:
        (self.folder / "go").touch()

    def processes(self, name: str) -> set[int]:
        """The processes that have ``closed`` or ``ticked``."""
        return {int(each.name) for each in (self.folder / name).iterdir()}

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tells it to stop, and gives its exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextmanager
def served(
    folder: Path, *, limits: dict[str, float] | None = None, patience: float = 8.0, **settings: Any
) -> Iterator[Served]:
    """A server that ends, at the latest, when the block does."""
    with started(folder, limits=limits, patience=patience, **settings) as server:
        server.listens(sum(settings.get(name) is not None for name in ("http", "tcp", "metrics"))
                       + (settings.get("watch") is not None))  # fmt: skip
        yield server


@contextmanager
def started(
    folder: Path,
    *,
    limits: dict[str, float] | None = None,
    patience: float = 8.0,
    making: str = "",
    watch: Path | None = None,
    **settings: Any,
) -> Iterator[Served]:
    """The same before it listens.

    ``making``: ``"fail"``, where no service can be made, or ``"wait"``, for ``go``; ``making`` says
    then that it waits.
    """
    (folder / "answer").write_bytes(messages()["full-response"])
    for name in ("begun", "closed", "ticked"):
        (folder / name).mkdir()
    whole = {
        **settings, "folder": str(folder), "limits": limits or {}, "patience": patience,
        "watch": None if watch is None else str(watch), "making": making,
    }  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from kit.served import main; main()", json.dumps(whole)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=surroundings(cmcodec.backend) | {"TMPDIR": str(folder)},
        )
    with process:
        try:
            yield Served(folder, process)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(DEADLINE)
            process.kill()
