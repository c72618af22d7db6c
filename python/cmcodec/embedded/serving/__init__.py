"""Serves a CA or an RA: listeners, workers, logs and metrics around what answers."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from cmcodec.embedded.serving import logs
from cmcodec.embedded.serving.answering import THREADS
from cmcodec.embedded.serving.listening import Address, Listener, ServingError
from cmcodec.errors import UnsupportedError
from cmcodec.transports.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cmcodec.embedded.serving.service import Make

__all__ = ["ServingError", "serve"]


def serve(
    make: Make,
    *,
    http: str | None = None,
    tcp: str | None = None,
    watch: Path | None = None,
    metrics: str | None = None,
    workers: int = 1,
    threads: int = THREADS,
    log_json: bool = False,
    limits: Limits = DEFAULT,
) -> None:
    """Serves until SIGTERM or SIGINT, and returns within 10 seconds after it.

    ``http``, ``tcp``, ``metrics``: ``HOST:PORT``; with port 0 a free one. A line on standard
    output says of each that it accepts: ``listening http 127.0.0.1:8080``. At ``http`` there is
    CMC at ``/`` and EST at its path, at ``metrics`` what `cmcodec.embedded.serving.metrics` says.
    ``watch``: a folder, as `cmcodec.embedded.serving.watching` says.

    ``workers``: so many processes, each with a service of its own and these ``limits``; the first
    one ticks and watches. One that dies is started again. ``threads``: messages that each of them
    works on at a time.

    After a signal there is no new connection, and what is worked on ends. What takes longer than 8
    seconds is cut off: the process ends with status 0, and this function does not return.

    Raises `ServingError` for an address that is none, cannot be resolved or is in use, for a folder
    that is none, for nothing to serve, and where workers die again and again; `UnsupportedError`
    where the extra ``[server]`` is not installed or there is no ``fork``; what ``make`` raises.
    Called in the main thread.
    """
    if workers < 1 or threads < 1:
        raise ServingError("workers and threads: at least 1")
    if workers > 1 and not hasattr(os, "fork"):
        raise UnsupportedError("several workers: this system cannot fork")
    if watch is not None and not watch.is_dir():
        raise ServingError(f"{watch} is no folder")
    addresses = {"http": http, "tcp": tcp, "metrics": metrics}
    if http is None and tcp is None and watch is None:
        raise ServingError("nothing to serve: neither http nor tcp nor watch is given")
    with ExitStack() as stack:
        listeners = []
        for name, text in addresses.items():
            if text is not None:
                listener = Listener(name, Address.parse(text), workers)
                stack.callback(listener.close)
                listeners.append(listener)
        try:
            from cmcodec.embedded.serving.metrics import died
            from cmcodec.embedded.serving.workers import supervise
            from cmcodec.embedded.serving.working import work
        except ImportError as error:
            raise UnsupportedError(f"{error}: pip install 'cmcodec[server]'") from error
        logs.configure(as_json=log_json)
        says = partial(_say, [*(each.line for each in listeners), *_lines(watch)])

        shared: str | None = None

        def works(slot: int, ready: Callable[[], None], until: int | None) -> None:
            sockets = {each.name: each.take(slot) for each in listeners}
            work(make, sockets, ready, watch=watch, is_first=slot == 0, shared=shared,
                 threads=threads, until=until, limits=limits)  # fmt: skip

        if workers == 1:
            works(0, says, None)
        else:
            with tempfile.TemporaryDirectory(prefix="cmcodec-") as shared:
                supervise(workers, works, says, stack.close, partial(died, shared=shared))


def _lines(watch: Path | None) -> list[str]:
    return [] if watch is None else [f"watch {watch}"]


def _say(lines: list[str]) -> None:
    try:
        for line in lines:
            print("listening", line, flush=True)
    except BrokenPipeError:
        # Nobody reads it, which is no reason to serve nobody; nor to fail in the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
