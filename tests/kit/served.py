"""A simple service in processes of its own, told by files in a folder what to do.

``echo`` answers with the octets that came; ``wait`` makes a file ``begun`` and answers once there
is a file ``go``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
DEADLINE: Final = 60.0
"""Seconds until a test gives up; nothing that works takes a tenth of them."""


def until(condition: Callable[[], Any]) -> Any:
    """What a condition gives, once it is true."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
    return found
