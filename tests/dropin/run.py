"""Runs the unmodified test suites of python_cmc and django-ca-cmc on `cmcodec.compat.python_cmc`.

    python tests/dropin/run.py

Needs the network: it makes a virtual environment of pinned versions, with the pip of which it
downloads the suites, told by their SHA-256. Nothing of either stays. ``CMCODEC_BUILD`` chooses the
backend (``pure`` if unset).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Suite(NamedTuple):
    """A source distribution, and what of it is wanted."""

    name: str
    version: str
    sha256: str
    wanted: tuple[str, ...]

    def fetch(self, python: Path, into: Path) -> Path:
        """Unpacks what is wanted, and nothing else: the code under test is ours."""
        into.mkdir()
        pinned = into / "requirements.txt"
        pinned.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n")
        # Before pip keeps an archive, it asks setuptools for its name and version: neither suite
        # tells them without other backends, so that this says them.
        metadata = into / "metadata.cfg"
        metadata.write_text(f"[metadata]\nname = {self.name}\nversion = {self.version}\n")
        command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
        options = ["--require-hashes", f"--no-binary={self.name}", "-r", pinned, "-d", into]
        settings = os.environ | {"DIST_EXTRA_CONFIG": str(metadata)}
        subprocess.run([*command, *options], env=settings, check=True)
        folder = f"{self.name}-{self.version}"
        with tarfile.open(into / f"{folder}.tar.gz") as archive:
            members = [each for each in archive if f"{each.name}/".split("/")[1] in self.wanted]
            archive.extractall(into, members, filter="data")
        return into / folder


SUITES = (
    Suite(
        "python_cmc",
        "1.22",
        "e787371075b489e940e0de5957eb61df1560d49da5a418a4f524a91cfce90c90",
        ("tests",),
    ),
    Suite(
        "django_ca_cmc",
        "0.0.1",
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
            suite_folder = suite.fetch(python, folder / suite.name)
            done = subprocess.run(command, cwd=suite_folder, env=settings, check=False)
            failed += [suite.name] if done.returncode else []
    print(f"== failed: {', '.join(failed)}" if failed else "== both suites pass")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
