"""The embedded CA in a process of its own, and as one that it has issued to sees it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmcodec.embedded import EmbeddedCA, create
from kit.authority import SECRET
from kit.command import surroundings
from kit.keys import name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = """
import sys
from cmcodec.embedded import EmbeddedCA
from cmcodec.embedded.serving import serve

serve(lambda failed: EmbeddedCA(path=sys.argv[1], store_failed=failed), http="127.0.0.1:0")
"""


@contextmanager
def served(folder: Path, backend: str, *, uses: int) -> Iterator[str]:
    """The URL of a new CA in a folder, which knows the secret of a device."""
    create(folder, subject=name("CA"), url="http://localhost:8080/")
    made = EmbeddedCA(path=folder)
    made.add_secret("device", SECRET, uses=uses)
    made.close()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(backend),
    )
    with process:
        try:
            assert process.stdout is not None
            yield f"http://{process.stdout.readline().split()[-1]}/"
        finally:
            process.terminate()
