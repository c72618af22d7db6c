"""The vector set without this package: what the programs in ``vectors/runners`` count."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys

from kit.installed import needs_peer
from published import FOLDER
from published.runners import JARS, RUNNERS

BOTH_BACKENDS = False


def counts(program: str) -> dict[str, int]:
    """What a runner counts."""
    run = subprocess.run(RUNNERS[program], check=True, capture_output=True, text=True, timeout=300)
    found = re.findall(r"^ *(\d+) (.+)$", run.stdout, re.MULTILINE)
    return {name: int(count) for count, name in found}


def test_openssl_says_most_of_what_is_to_be_said() -> None:
    """And nothing that is to be valid is invalid there, of what it offers."""
    needs_peer("openssl", shutil.which("openssl"))
    found = counts("openssl")
    assert found["agree"] > 100
    assert "invalid instead" not in found


def test_bouncycastle_says_most_of_what_is_to_be_said() -> None:
    """As above."""
    needs_peer("java", shutil.which("java"))
    needs_peer("BouncyCastle", JARS.exists())
    found = counts("java")
    assert found["agree"] > 600
    assert "invalid instead" not in found


def test_runners_know_nothing_of_this_package() -> None:
    """They import the standard library, and BouncyCastle; they are about 100 lines each."""
    python = (FOLDER / "runners" / "openssl.py").read_text("utf-8")
    java = (FOLDER / "runners" / "bouncycastle" / "Run.java").read_text("utf-8")
    imported = [each for each in ast.walk(ast.parse(python)) if isinstance(each, ast.Import)]
    froms = [
        each.module for each in ast.walk(ast.parse(python)) if isinstance(each, ast.ImportFrom)
    ]
    names = {name.name for each in imported for name in each.names} | set(froms)
    assert names <= {*sys.stdlib_module_names, "concurrent.futures"}
    assert set(re.findall(r"^import (java|org\.bouncycastle)\.", java, re.MULTILINE)) == {
        "java",
        "org.bouncycastle",
    }
    assert "cmcodec" not in python + java
    assert max(len(text.splitlines()) for text in (python, java)) <= 130
