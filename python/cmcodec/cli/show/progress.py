"""Progress on standard error, for people who wait."""

from __future__ import annotations

import sys
import time
from threading import Timer
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID
    from rich.status import Status

PATIENCE: Final = 0.5
"""Seconds of work before there is a bar: importing what draws it takes a fifth of that."""


class Bar:
    """What `verify_batch` calls with the messages done and all messages; ``text``: what is done.

    Draws nothing unless standard error is a terminal. Being called is of use without a bar too: an
    interrupt from the keyboard is raised here.
    """

    def __init__(self, text: str = "verifying") -> None:
        self._text = text
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._since = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        if not self._terminal:
            return
        if self._progress is None:
            if done >= total or time.monotonic() - self._since < PATIENCE:
                return
            self._progress = _progress()
            self._progress.start()
            self._task = self._progress.add_task(self._text, total=total)
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total, refresh=True)


class Working:
    """Says on standard error what is waited for, once that takes long; nothing but at a terminal.

    How long it will take nobody knows.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._timer: Timer | None = None
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if sys.stderr is not None and sys.stderr.isatty():
            self._timer = Timer(PATIENCE, self._begin)
            self._timer.daemon = True
            self._timer.start()
        return self

    def _begin(self) -> None:
        from rich.console import Console

        self._status = Console(stderr=True).status(self._text)
        self._status.start()

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._status is not None:
            self._status.stop()


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
    )
