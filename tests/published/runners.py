"""The programs in ``vectors/runners``, which know nothing of this package."""

from __future__ import annotations

import os
import sys
from typing import Final

from kit.vectors import ROOT

from .vector import FOLDER

JARS: Final = ROOT / "examples" / "bouncycastle" / "target" / "lib"
"""What ``tests/interoperability/install.py`` installs."""

RUNNERS: Final = {
    "openssl": [sys.executable, str(FOLDER / "runners" / "openssl.py")],
    "java": [
        "java", f"-Dset={FOLDER}", "-cp", os.path.join(JARS, "*"),
        str(FOLDER / "runners" / "bouncycastle" / "Run.java"),
    ],
}  # fmt: skip
"""Their commands, by the program that each needs."""
