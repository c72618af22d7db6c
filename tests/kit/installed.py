"""What tests need beside the package, and may be without."""

from __future__ import annotations

import os
from functools import partial

import pytest


def needs(name: str, is_there: object, variable: str) -> None:
    """Skips the test without it, or fails it where this variable is 1."""
    if not is_there:
        required = os.environ.get(variable) == "1"
        (pytest.fail if required else pytest.skip)(f"{name} is not installed")


needs_peer = partial(needs, variable="CMCODEC_PEERS_REQUIRED")
"""Of what ``tests/interoperability/install.py`` installs."""
