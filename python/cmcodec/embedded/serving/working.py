"""One process that serves: its listeners, what is done without being asked, and its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from cmcodec.embedded.serving import web
from cmcodec.embedded.serving.answering import Answering
from cmcodec.embedded.serving.metrics import Metrics
from cmcodec.embedded.serving.watching import Watch
from cmcodec.transports import tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp

    from cmcodec.embedded.serving.service import Make, Service
    from cmcodec.transports import Limits

__all__ = ["PATIENCE", "work"]

PATIENCE: Final = 8.0
"""Seconds in which what is worked on may end once the process is to stop."""

_LOG: Final = logging.getLogger("cmcodec.embedded")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def work(
    make: Make,
    sockets: Mapping[str, socket.socket],
    ready: Callable[[], None],
    *,
    watch: Path | None,
    is_first: bool,
    shared: str | None,
    threads: int,
    until: int | None,
    limits: Limits,
) -> None:
    """Serves until SIGTERM or SIGINT, or until a pipe (``until``) has been closed at its other end.

    ``sockets``: of ``http``, ``tcp`` and ``metrics``, as many as there are. ``is_first``: whether
    this process does what no message asks for: ticks, and the folder ``watch``. ``shared``: as
    `Metrics` has it; ``threads``: as `Answering` has it.
    ``ready`` is called when all accept. Runs in the main thread, as signals are told there.

    Does not return, but ends the process with status 0, where something is worked on still
    `PATIENCE` seconds after it was to stop: a thread cannot be told to.
    """
    with _signals() as stop:
        metrics = Metrics(shared)
        service = make(metrics.store_failed)
        answering = Answering(service, metrics, threads)
        doing: list[Callable[[threading.Event], None]] = []
        if is_first:
            doing.append(lambda stopping: _tick(service, stopping))
        if is_first and watch is not None:
            folder = Watch(watch, lambda each: answering.answer_now("file", each), limits=limits)
            doing.append(folder.run)
        apps: dict[str, ASGIApp] = {
            "http": web.application(answering.handler("http"), answering.handler("est"), limits),
            "metrics": metrics.application(service, answering.asked),
        }
        servers = {
            name: web.Server(app, limits, PATIENCE) for name, app in apps.items() if name in sockets
        }
        over_tcp = tcp.Server(answering.handler("tcp"), limits=limits)
        stopping = threading.Event()
        besides = [threading.Thread(target=each, args=(stopping,), daemon=True) for each in doing]

        async def main() -> float:
            async with asyncio.TaskGroup() as group:
                for name, server in servers.items():
                    group.create_task(server.serve(sockets=[sockets[name]]))
                    await server.accepts.wait()
                if "tcp" in sockets:
                    await over_tcp.start(sockets["tcp"])
                for thread in besides:
                    thread.start()
                ready()
                await stop.wait(until)
                end = time.monotonic() + PATIENCE
                stopping.set()
                for server in servers.values():
                    server.stop()
                if "tcp" in sockets:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(over_tcp.close(), PATIENCE)
            return end

        end = asyncio.run(main())
        unfinished = answering.finish(max(0.0, end - time.monotonic()))
        for thread in besides:
            thread.join(max(0.0, end - time.monotonic()))
            unfinished += thread.is_alive()
        if unfinished:
            _LOG.warning("cut off: %d that are worked on still", unfinished)
            logging.shutdown()
            os._exit(0)
        service.close()


class _Stop:
    """What a signal says, whenever it comes."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def set(self, *_: object) -> None:
        if self._loop is None:
            self._event.set()
        else:
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, until: int | None) -> None:
        """Waits for a signal, or for the end of a pipe."""
        self._loop = asyncio.get_running_loop()
        if until is not None:
            self._loop.add_reader(until, self._event.set)
        try:
            await self._event.wait()
        finally:
            if until is not None:
                self._loop.remove_reader(until)
            self._loop = None


@contextmanager
def _signals() -> Iterator[_Stop]:
    """No signal ends the process while the block runs."""
    stop = _Stop()
    before = {each: signal.signal(each, stop.set) for each in _SIGNALS}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _tick(service: Service, stopping: threading.Event) -> None:
    while True:
        try:
            service.tick()
        except Exception:
            _LOG.exception("what is due is tried again")
        if stopping.wait(service.every):
            return
