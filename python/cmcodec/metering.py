"""How much processor time a thread has spent on cryptography: a server tells it from its own work.

What verifies on several cores does so in threads of its own, whose time is in neither.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cryptography", "spent"]


class _Meter(threading.local):
    seconds = 0.0
    is_running = False


_METER: Final = _Meter()


@contextmanager
def cryptography() -> Iterator[None]:
    """A block that signs, verifies, derives or decrypts; one inside another counts once."""
    if _METER.is_running:
        yield
        return
    _METER.is_running, since = True, time.thread_time()
    try:
        yield
    finally:
        _METER.seconds += time.thread_time() - since
        _METER.is_running = False


def spent() -> float:
    """Seconds that this thread has spent in such blocks since it began."""
    return _METER.seconds
