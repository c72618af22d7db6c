"""What a page shows in a console, run as it stands there."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .command import command, surroundings
from .vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def shell(tmp_path: Path, backend: str) -> Callable[[str], str]:
    """Runs a script with ``cmc`` in it, in a new folder with the examples."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, runs in {"cmc": command(), "python": [sys.executable], "pip": ["true"]}.items():
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec {shlex.join(runs)} "$@"\n')
        script.chmod(0o755)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    around = surroundings(backend)

    def run(text: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", text], cwd=tmp_path, check=False, capture_output=True, timeout=300,
            env={**around, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return run


def lines_of(block: str) -> list[str]:
    """The commands of a console, each in one line."""
    return [line for line, _ in shown(block)]


def shown(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console, and what stands below each."""
    text = block.replace("\\\n", " ")
    for found in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        yield found[1], found[2]


def fits(expected: str, printed: str) -> bool:
    """Whether a command printed what stands below it; ``...`` is anything, blanks are alike."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(expected, printed, flags)
