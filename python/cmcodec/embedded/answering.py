"""The threads in which a service works, whatever the messages came by."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cmcodec.embedded.metrics import Metrics
    from cmcodec.embedded.service import Answer, Service

__all__ = ["THREADS", "Answering", "Transport"]

Transport: TypeAlias = Literal["http", "est", "tcp", "file"]

THREADS: Final = 4
"""Messages that a process works on at a time; the others wait for their turn.

Who computes gains nothing by more, as they wait for each other. Who waits for another server does.
"""


@final
class Answering:
    """A service, and the threads that it answers in."""

    def __init__(self, service: Service, metrics: Metrics, threads: int) -> None:
        self._service, self._metrics = service, metrics
        self._threads = ThreadPoolExecutor(threads, "answering")
        self._running: set[Future[Answer]] = set()

    def handler(self, transport: Transport) -> Callable[[bytes], Awaitable[bytes]]:
        """A handler of `cmcodec.transports`, for an event loop."""

        async def handler(octets: bytes) -> bytes:
            with self._metrics.working(transport):
                future = self._threads.submit(self._service.answer, octets)
                self._running.add(future)
                future.add_done_callback(self._running.discard)
                answer = await asyncio.wrap_future(future)
            self._metrics.answered(transport, answer)
            return answer.octets

        return handler

    def answer_now(self, transport: Transport, octets: bytes) -> Answer:
        """Answers in the thread of who asks."""
        with self._metrics.working(transport):
            answer = self._service.answer(octets)
        self._metrics.answered(transport, answer)
        return answer

    def finish(self, patience: float) -> int:
        """Waits for what is worked on, so many seconds, and says how much of it is not done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        return len(wait(tuple(self._running), patience).not_done)
