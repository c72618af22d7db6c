"""Peers and limits that are programs of their own, started once and asked again and again.

A line on their standard input asks ``OPERATION THREADS PATH``; a line of JSON replies, with the
seconds that they measured themselves, around nothing but the operation. So both sides of a ratio
can be run in turn, and a virtual machine stays warm.

    with RUST.start() as rust:
        rust.ask("rasn/load", path).seconds
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

BENCHES = Path(__file__).resolve().parent.parent


class ServedError(Exception):
    """A program cannot be built, is gone, or cannot do what it was asked."""


@dataclass(frozen=True)
class Offer:
    """What a program says of one of its peers."""

    version: str
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Reply:
    """What became of an operation."""

    seconds: float
    messages: int
    """Nested in the message that was read."""
    answer: int | str
    """What the operation found: to be compared with what is right."""
    more: dict[str, float]
    """Further figures, by name."""


class Served:
    """A program under way; the end of ``with`` ends it."""

    def __init__(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._name = Path(command[0]).name
        # Line by line; what it has to complain of goes where this process's complaints go.
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def hello(self) -> dict[str, Offer]:
        """The peers, by name."""
        peers: dict[str, Any] = self._ask("hello")["peers"]
        return {
            name: Offer(peer["version"], tuple(peer["operations"])) for name, peer in peers.items()
        }

    def ask(self, operation: str, path: Path, threads: int = 1) -> Reply:
        """Has ``PEER/OPERATION`` done to the message in a file."""
        reply = self._ask(f"{operation} {threads} {path.resolve()}")
        known = {name: reply.pop(name) for name in ("seconds", "messages", "answer")}
        return Reply(**known, more=reply)

    def _ask(self, request: str) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(f"{request}\n")
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ServedError(f"{self._name} ended with status {self._process.wait()}: {request}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise ServedError(f"{self._name}: {reply['error']}: {request}")
        return reply


@dataclass(frozen=True)
class Program:
    """How one of them is built and started."""

    folder: Path
    build: tuple[str, ...]
    made: Path
    """What is there once it is built."""
    run: tuple[str, ...]

    @property
    def is_built(self) -> bool:
        return self.made.exists()

    def start(self, *, as_built: bool = False) -> Served:
        """Starts it, after what is not up to date was built, unless as it is will do."""
        if not (as_built and self.is_built):
            self._build()
        return Served(self.run, self.folder)

    def _build(self) -> None:
        for tool in (self.build[0], self.run[0]):
            if tool != str(self.made) and shutil.which(tool) is None:
                raise ServedError(f"{tool} is not installed, which {self.folder} needs")
        built = subprocess.run(
            self.build, cwd=self.folder, stdout=subprocess.PIPE, text=True, check=False
        )
        if built.returncode != 0:
            raise ServedError(f"{self.folder}: {' '.join(self.build)} failed\n{built.stdout}")


def _rust() -> Program:
    folder = BENCHES / "rust"
    target = Path(os.environ.get("CARGO_TARGET_DIR", folder / "target")).absolute()
    made = target / "release" / "cmcodec-benches"
    return Program(folder, ("cargo", "build", "--quiet", "--release"), made, (str(made),))


def _java() -> Program:
    folder = BENCHES / "java"
    target = folder / "target"
    classes = os.pathsep.join([str(target / "classes"), str(target / "lib" / "*")])
    return Program(
        folder,
        ("mvn", "--quiet", "--batch-mode", "compile"),
        target / "classes" / "cmcodec" / "benches" / "Server.class",
        ("java", "-cp", classes, "cmcodec.benches.Server"),
    )


RUST = _rust()
"""cmcodec's own crate, rust-asn1, rasn, RustCrypto, and the limits of the machine."""

JAVA = _java()
"""BouncyCastle, warm after it was asked a few times."""
