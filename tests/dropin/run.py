"""Runs the unmodified test suites of python_cmc and django-ca-cmc on `cmcodec.compat.python_cmc`.

    python tests/dropin/run.py

Needs the network: it makes a virtual environment of pinned versions, and takes the suites from
PyPI, told by their SHA-256. Nothing of either stays. ``CMCODEC_BUILD`` chooses the backend
(``pure`` if unset).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FILES = "https://files.pythonhosted.org/packages"


class Suite(NamedTuple):
    """A source distribution, and what of it is wanted."""

    name: str
    path: str
    sha256: str
    wanted: tuple[str, ...]

    def fetch(self, into: Path) -> Path:
        """Unpacks what is wanted, and nothing else: the code under test is ours."""
        with urlopen(f"{FILES}/{self.path}/{self.name}.tar.gz", timeout=60) as answer:
            octets = answer.read()
        if hashlib.sha256(octets).hexdigest() != self.sha256:
            raise SystemExit(f"{self.name}: not the archive that was pinned")
        with tarfile.open(fileobj=BytesIO(octets)) as archive:
            members = [
                member
                for member in archive
                if member.name.split("/")[1:2] and member.name.split("/")[1] in self.wanted
            ]
            archive.extractall(into, members, filter="data")
        return into / self.name


SUITES = (
    Suite(
        "python_cmc-1.22",
        "5f/f7/e627d817d33b5df1d27007b3f04f1cf908bf52005fd8699b1120d2de4817",
        "e787371075b489e940e0de5957eb61df1560d49da5a418a4f524a91cfce90c90",
        ("tests",),
    ),
    Suite(
        "django_ca_cmc-0.0.1",
        "a0/54/653f7340ed0e4f4a26dfb16ad42c7096adaf53cf7f96d65d53b359c99415",
        "dd2e9c1ff222c0443abe40634c26198c1bf1de5e7384b66427335d36031841e6",
        ("demo", "django_ca_cmc", "pyproject.toml", "tests"),
    ),
)


def environment(folder: Path) -> Path:
    """A Python with cmcodec and what the suites need."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "install", "--quiet"]
    settings = {"CMCODEC_BUILD": "pure"} | os.environ
    subprocess.run([*install, "-r", HERE / "requirements.txt", ROOT], env=settings, check=True)
    return python


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = environment(folder / "venv")
        settings = os.environ | {"PYTHONPATH": str(HERE)}
        for suite in SUITES:
            print(f"== {suite.name}", flush=True)
            # Their options ask for plugins of coverage and of order, which change no test.
            command = [python, "-m", "pytest", "-p", "plugin", "-o", "addopts=", "tests"]
            done = subprocess.run(command, cwd=suite.fetch(folder), env=settings, check=False)
            failed += [suite.name] if done.returncode else []
    print(f"== failed: {', '.join(failed)}" if failed else "== both suites pass")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
