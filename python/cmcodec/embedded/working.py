"""One process that serves: its listeners, what is done without being asked, and its end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cmcodec.embedded import web
from cmcodec.embedded.answering import Answering
from cmcodec.embedded.metrics import Metrics
from cmcodec.embedded.watching import Watch
from cmcodec.transports import tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp

    from cmcodec.embedded.service import Make, Service
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
        "http": web.application(
            answering.handler("http"), answering.handler("est"), limits
        ),
        "metrics": metrics.application(service),
    }  # fmt: skip
    servers = {name: web.Server(apps[name], limits, PATIENCE) for name in apps if name in sockets}
    over_tcp = tcp.Server(answering.handler("tcp"), limits=limits)
    stopping = threading.Event()
    threads = [threading.Thread(target=each, args=(stopping,), daemon=True) for each in doing]

    async def main() -> float:
        with _stopped(until) as stop:
            async with asyncio.TaskGroup() as group:
                for name, server in servers.items():
                    group.create_task(server.serve(sockets=[sockets[name]]))
                    await server.accepts.wait()
                if "tcp" in sockets:
                    await over_tcp.start(sockets["tcp"])
                for thread in threads:
                    thread.start()
                ready()
                await stop.wait()
                end = time.monotonic() + PATIENCE
                stopping.set()
                for server in servers.values():
                    server.stop()
                if "tcp" in sockets:
                    try:
                        await asyncio.wait_for(over_tcp.close(), PATIENCE)
                    except TimeoutError:
                        _LOG.warning("connections of tcp are cut off")
        return end

    end = asyncio.run(main())
    unfinished = answering.finish(max(0.0, end - time.monotonic()))
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        unfinished += thread.is_alive()
    if unfinished:
        _LOG.warning("cut off: %d that are worked on still", unfinished)
        logging.shutdown()
        os._exit(0)
    service.close()


@contextmanager
def _stopped(until: int | None) -> Iterator[asyncio.Event]:
    """An event that is set when the process is to stop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    before = {
        each: signal.signal(each, lambda *_: loop.call_soon_threadsafe(stop.set))
        for each in _SIGNALS
    }
    if until is not None:
        loop.add_reader(until, stop.set)
    try:
        yield stop
    finally:
        if until is not None:
            loop.remove_reader(until)
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
