"""Installs the programs of others that the tests beside this file talk to.

    python tests/interoperability/install.py && pytest tests/interoperability

Needs the network. Everything stays below ``.ci``, apart from what cmcodec runs with: django-ca-cmc,
which is under the GPL, has a virtual environment of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / ".ci"
DJANGO = PLACE / "venv-django-ca-cmc"
DJANGO_PYTHON = DJANGO / "bin" / "python"
EXAMPLES = HERE.parent.parent / "examples" / "bouncycastle"
BOUNCYCASTLE = EXAMPLES / "target"


def django_ca_cmc() -> None:
    """Its last release, and the releases of that time of what it is made on."""
    if not DJANGO_PYTHON.exists():
        venv.create(DJANGO, with_pip=True)
    install = [DJANGO_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", HERE / "django-ca-cmc.txt"], check=True)


def bouncycastle() -> None:
    """The programs of ``examples/bouncycastle``, where there are a JDK and Maven."""
    if shutil.which("mvn") is None:
        print("without Maven")
        return
    repository = f"-Dmaven.repo.local={PLACE / 'maven'}"
    maven = ["mvn", "--quiet", "--batch-mode", repository, "compile"]
    subprocess.run(maven, cwd=EXAMPLES, check=True)


def main() -> int:
    django_ca_cmc()
    bouncycastle()
    return 0


if __name__ == "__main__":
    sys.exit(main())
