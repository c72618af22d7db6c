"""A plugin of pytest for `tools/coverage_python.py`: HTTP clients work in threads of their own.

Until Python 3.12 a tracer is not told that a coroutine goes on with an exception, as one does whose
task is cancelled, and is told that it ends: coverage.py then takes the code around it, up to the
end of its functions, for that of other files. In a thread there is nothing of the package around.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Apart(asyncio.Runner):
    """Runs each coroutine in a thread."""

    def run(self, *work: Any, **context: Any) -> Any:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(super().run, *work, **context).result()


def pytest_configure() -> None:
    """Before there is a test: as `cmcodec.transports.clients` makes them."""
    asyncio.Runner = Apart  # type: ignore[misc]
