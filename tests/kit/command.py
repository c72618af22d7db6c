"""The command ``cmc``, run as people and scripts run it: a process, its output and exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cmcodec import oids

if TYPE_CHECKING:
    import pytest


class Run(Protocol):
    """Runs ``cmc`` with these arguments."""

    def __call__(
        self, *arguments: str | Path, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[str]: ...


def running(backend: str) -> Run:
    """That on a backend; no run ends in a traceback."""

    def run(
        *arguments: str | Path, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
            env=surroundings(backend) | environment,
        )
        text = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )
        assert "Traceback" not in text.stderr
        assert "defect" not in text.stderr
        return text

    return run


def inside(capture: pytest.CaptureFixture[str]) -> Run:
    """That in this process, on its backend: quick, where a process of its own shows nothing more.

    ``capture`` is what catches its output. It reads no standard input.
    """

    from cmcodec.cli import main

    def run(
        *arguments: str | Path, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        assert not stdin
        assert not environment
        capture.readouterr()
        status = main(list(map(str, arguments)))
        printed = capture.readouterr()
        assert "defect" not in printed.err
        return subprocess.CompletedProcess(arguments, status, printed.out, printed.err)

    return run


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "cmcodec", *map(str, arguments)]


def surroundings(backend: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(Path(oids.__file__).parents[1]), *sys.path]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {
        **kept,
        "CMCODEC_BACKEND": backend,
        "PYTHONPATH": path,
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "error",
        "COLUMNS": "100",
    }
