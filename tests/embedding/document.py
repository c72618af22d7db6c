"""The files of docs/embedding.md, and Python beside them.

What they need and is not installed, the extra ``[examples]`` and SoftHSM, is a reason to skip,
unless ``CMCODEC_EXAMPLES_REQUIRED=1``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from kit import installed
from kit.command import surroundings
from kit.vectors import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILES", "TEXT", "Document", "needs"]

TEXT = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# ([\w/]+\.py)\n(.*?)```", TEXT, re.DOTALL))


needs = partial(installed.needs, variable="CMCODEC_EXAMPLES_REQUIRED")


class Document:
    """The files of the document in a folder, where programs run on a backend."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.folder, self._backend = folder, backend
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / "cmc" / "__init__.py").touch()

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """Starts Python, with a program of this folder or of the document."""
        around = surroundings(self._backend) | {"PYTHONWARNINGS": ""} | environment
        path = os.pathsep.join([str(self.folder), str(ROOT / "tests"), around["PYTHONPATH"]])
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=self.folder,
            env={**around, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: object, **environment: str) -> None:
        """Runs it to its end, which is a good one."""
        program = self.start(*arguments, **environment)
        output, _ = program.communicate(timeout=120)
        assert program.returncode == 0, output
