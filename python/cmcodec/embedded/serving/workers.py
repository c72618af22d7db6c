"""Processes that serve together: they are started again when they die, and end together.

They are forked, so that they have the sockets; who forks has no threads and no service of its own.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, final

from cmcodec.embedded.serving.listening import ServingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkProcess

__all__ = ["supervise"]

_LOG: Final = logging.getLogger("cmcodec.embedded")
_DEATHS: Final = 5
_WITHIN: Final = 60.0
"""So many deaths in so many seconds, and starting again is no use."""
_PATIENCE: Final = 9.0
"""Seconds until a worker that was to end is killed: longer than it takes to cut off its work."""


def supervise(
    count: int,
    work: Callable[[int, Callable[[], None], int], None],
    ready: Callable[[], None],
    stopped: Callable[[], None],
    died: Callable[[int], None],
) -> None:
    """Runs workers until SIGTERM or SIGINT.

    ``work``: what a worker does; its arguments are its number from 0 on, what it calls when it
    accepts, and a pipe that ends when it is to stop. ``ready`` is called when all accept,
    ``stopped`` before they are told to stop, and ``died`` with the id of a process that has ended.
    Raises `ServingError` where they die again and again.
    """
    _Workers(count, work, died).run(ready, stopped)


@final
class _Workers:
    def __init__(
        self,
        count: int,
        work: Callable[[int, Callable[[], None], int], None],
        died: Callable[[int], None],
    ) -> None:
        self._work, self._count, self._died = work, count, died
        self._processes: dict[int, ForkProcess] = {}
        # What is at its end when this process is, or has closed it: all are to stop.
        self._until, self._alive = os.pipe()
        self._told, self._tell = os.pipe()
        self._signalled, self._signal = os.pipe()

    def run(self, ready: Callable[[], None], stopped: Callable[[], None]) -> None:
        handlers = {
            each: signal.signal(each, lambda *_: os.write(self._signal, b"\0"))
            for each in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            for slot in range(self._count):
                self._start(slot)
            self._wait(ready)
        finally:
            stopped()
            os.close(self._alive)
            self._end()
            for each, handler in handlers.items():
                signal.signal(each, handler)
            for pipe in (self._until, self._told, self._tell, self._signalled, self._signal):
                os.close(pipe)

    def _start(self, slot: int) -> None:
        process = multiprocessing.get_context("fork").Process(target=self._run, args=(slot,))
        process.start()
        self._processes[slot] = process

    def _run(self, slot: int) -> None:
        """What the worker is."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        os.close(self._alive)
        try:
            self._work(slot, lambda: _tell(self._tell), self._until)
        except Exception:
            _LOG.exception("worker %d cannot go on", slot)
            sys.exit(1)

    def _wait(self, ready: Callable[[], None]) -> None:
        """Starts again who dies, until there is a signal."""
        deaths: deque[float] = deque(maxlen=_DEATHS)
        accepting = 0
        while True:
            sentinels = {each.sentinel: slot for slot, each in self._processes.items()}
            found = wait([self._signalled, self._told, *sentinels])
            if self._signalled in found:
                return
            if self._told in found:
                os.read(self._told, 1)
                accepting += 1
                if accepting == self._count:
                    ready()
            for sentinel in found:
                if sentinel not in sentinels:
                    continue
                slot = sentinels[sentinel]
                self._bury(slot)
                deaths.append(time.monotonic())
                if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _WITHIN:
                    raise ServingError(f"{_DEATHS} workers died within {_WITHIN:.0f} seconds")
                self._start(slot)

    def _bury(self, slot: int) -> None:
        process = self._processes.pop(slot)
        process.join()
        _LOG.error("worker %d (process %d) died: %s", slot, process.pid, _status(process.exitcode))
        assert process.pid is not None
        self._died(process.pid)
        process.close()

    def _end(self) -> None:
        end = time.monotonic() + _PATIENCE
        for slot, process in self._processes.items():
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                _LOG.warning("worker %d (process %d) is killed", slot, process.pid)
                process.kill()
                process.join()
            process.close()


def _tell(pipe: int) -> None:
    with suppress(BrokenPipeError):
        os.write(pipe, b"\0")


def _status(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"status {code}"
