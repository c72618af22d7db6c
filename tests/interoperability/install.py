"""Installs the programs of others that the tests beside this file talk to.

    python tests/interoperability/install.py && pytest tests/interoperability

Needs the network. Everything stays below ``.ci``, but what Maven builds in ``examples``. Nothing of
it is where cmcodec runs: django-ca, under the GPL, has a virtual environment of its own.
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
JSS = PLACE / "jss" / "usr" / "share" / "java"
JSS_PACKAGES = ("libjss-java", "libcommons-lang3-java", "libslf4j-java")


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
    maven = ["mvn", "--quiet", "--batch-mode", "-Dstyle.color=never", repository, "compile"]
    subprocess.run(maven, cwd=EXAMPLES, check=True)


def jss() -> None:
    """Packages of Debian, unpacked and not installed; Maven has no JSS."""
    place = PLACE / "jss"
    place.mkdir(exist_ok=True)
    download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *JSS_PACKAGES]
    if (
        shutil.which("apt-get") is None
        or subprocess.run(download, cwd=place, check=False).returncode
    ):
        print("without JSS")
        return
    for package in place.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, place], check=True)


def main() -> int:
    django_ca_cmc()
    bouncycastle()
    jss()
    return 0


if __name__ == "__main__":
    sys.exit(main())
