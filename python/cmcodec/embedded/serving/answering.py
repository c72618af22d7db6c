"""The threads in which a service works, whatever the messages came by."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cmcodec.embedded.serving.metrics import Metrics
    from cmcodec.embedded.serving.service import Answer, Service

__all__ = ["THREADS", "Answering", "Transport"]

T = TypeVar("T")

Transport: TypeAlias = Literal["http", "est", "tcp", "file"]

THREADS: Final = 2
"""Groups of messages that a process works on at a time; the others wait for their turn.

One computes while the other waits for the disk. Who computes gains nothing by more, as they wait
for each other. Who waits for another server does.
"""

_TOGETHER: Final = 1 << 20
"""Octets of messages that a thread takes at once, unless one alone has more."""

_PROBES: Final = 2
_PATIENCE: Final = 5.0
"""Threads for what is asked about the service, and seconds until there is no answer to it."""


@final
class Answering:
    """A service, and the threads that it answers in."""

    def __init__(self, service: Service, metrics: Metrics, threads: int) -> None:
        self._service, self._metrics = service, metrics
        self._answering = ThreadPoolExecutor(threads, "answering")
        # Apart, so that a server that is busy, or whose store hangs, says so.
        self._asking = ThreadPoolExecutor(_PROBES, "asking")
        self._running: set[Future[Any]] = set()
        self._waiting: deque[tuple[bytes, Future[Answer]]] = deque()
        self._taking = Lock()

    def handler(self, transport: Transport) -> Callable[[bytes], Awaitable[bytes]]:
        """A handler of `cmcodec.transports`, for an event loop."""

        async def handler(octets: bytes) -> bytes:
            with self._metrics.working(transport):
                answer = await self._answer(octets)
            self._metrics.answered(transport, answer)
            return answer.octets

        return handler

    def answer_now(self, transport: Transport, octets: bytes) -> Answer:
        """Answers in the thread of who asks."""
        with self._metrics.working(transport):
            (answer,) = self._service.answer_all([octets])
        self._metrics.answered(transport, answer)
        return answer

    async def _answer(self, octets: bytes) -> Answer:
        """Waits for a thread, which takes with it what else waits."""
        future: Future[Answer] = Future()
        self._keep(future)
        self._waiting.append((octets, future))
        self._answering.submit(self._work)
        return await asyncio.wrap_future(future)

    def _work(self) -> None:
        """Answers what waits, if another thread has not taken all of it."""
        group = self._taken()
        if not group:
            return
        try:
            answers = self._service.answer_all([octets for octets, _ in group])
            for (_, future), answer in zip(group, answers, strict=True):
                future.set_result(answer)
        except BaseException as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(error)

    def _taken(self) -> list[tuple[bytes, Future[Answer]]]:
        """What a thread takes at once: what came first, not too many and not too long together."""
        group: list[tuple[bytes, Future[Answer]]] = []
        size = 0
        with self._taking:
            while self._waiting and len(group) < self._service.together:
                size += len(self._waiting[0][0])
                if group and size > _TOGETHER:
                    break
                octets, future = self._waiting.popleft()
                # Whose client has gone is not worked on.
                if future.set_running_or_notify_cancel():
                    group.append((octets, future))
        return group

    async def asked(self, function: Callable[[], T]) -> T:
        """What else is asked, for whoever waits no longer than `_PATIENCE`."""
        async with asyncio.timeout(_PATIENCE):
            return await self._done(self._asking, function)

    async def _done(self, threads: ThreadPoolExecutor, function: Callable[[], T]) -> T:
        future = threads.submit(function)
        self._keep(future)
        return await asyncio.wrap_future(future)

    def _keep(self, future: Future[Any]) -> None:
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def finish(self, patience: float) -> int:
        """Waits for what is worked on, so many seconds, and says how much of it is not done."""
        for threads in (self._answering, self._asking):
            threads.shutdown(wait=False, cancel_futures=True)
        for _, future in self._waiting:
            future.cancel()
        return len(wait(tuple(self._running), patience).not_done)
