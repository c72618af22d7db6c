"""HTTP servers that cut off peers: uvicorn, and what it does not do about slow ones.

Uvicorn closes a connection that says nothing after an answer; one that never says anything, or
takes for ever to say what it wants, or never takes its answer, it keeps (h11 bounds the octets of a
head, and nothing its time).
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast, final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from cmcodec.transports import est, http

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from cmcodec.transports import Handler, Limits

__all__ = ["Server", "application"]

_LOG: Final = logging.getLogger("cmcodec.transports")
_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def application(plain: Handler, over_est: Handler, limits: Limits) -> ASGIApp:
    """CMC at ``/``, EST at its own path, and nothing elsewhere."""
    at_root, elsewhere = http.asgi(plain, limits=limits), est.asgi(over_est, limits=limits)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (at_root if scope["path"] == "/" else elsewhere)(scope, receive, send)

    return app


class _Config(uvicorn.Config):
    """The settings of uvicorn, and the limits."""

    def __init__(self, app: ASGIApp, limits: Limits, patience: float) -> None:
        super().__init__(
            cast("Any", app), http=_Protocol, ws="none", lifespan="off", log_config=None,
            access_log=False, proxy_headers=False, server_header=False,
            # Later than the protocol's own.
            timeout_keep_alive=math.ceil(limits.idle) + 1,
            timeout_graceful_shutdown=math.ceil(patience),
        )  # fmt: skip
        self.limits = limits
        self.is_stopping = False


@final
class _Protocol(H11Protocol):
    """A connection: `Limits.idle` bounds all until the head of a request is complete.

    While the request is worked on, the application bounds the time that its body takes.
    `Limits.whole` bounds the time in which an answer is taken.
    """

    config: _Config
    _until_head: asyncio.TimerHandle | None = None
    _until_taken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.config.is_stopping:
            # It was accepted when the others had been told, and nobody would tell it.
            transport.abort()
            return
        if len(self.connections) > self.config.limits.connections:
            _LOG.info("connection closed: too many")
            transport.abort()
            return
        # Writing is paused until the peer has taken everything.
        transport.set_write_buffer_limits(0)
        self._mind()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._mind()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._mind()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._until_taken = self.loop.call_later(self.config.limits.whole, self._not_taken)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._until_taken is not None:
            self._until_taken.cancel()
            self._until_taken = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._until_head, self._until_taken):
            if timer is not None:
                timer.cancel()

    def _mind(self) -> None:
        """The time runs while no request is worked on, and octets do not begin it anew."""
        is_working = self.cycle is not None and not self.cycle.response_complete
        if is_working and self._until_head is not None:
            self._until_head.cancel()
            self._until_head = None
        elif not is_working and self._until_head is None and not self.transport.is_closing():
            self._until_head = self.loop.call_later(self.config.limits.idle, self._no_head)

    def _no_head(self) -> None:
        self._until_head = None
        if self.flow.write_paused:
            self._mind()
            return
        has_begun = bool(self.conn.trailing_data[0])
        if has_begun and self.conn.our_state is h11.IDLE:
            _LOG.info("connection closed: the head of a request took too long")
            self.transport.write(_SLOW)
        self.transport.close()

    def _not_taken(self) -> None:
        _LOG.info("connection closed: an answer was not taken")
        self.transport.abort()


@final
class Server(uvicorn.Server):
    """A server of an application on a socket that is bound; signals are left to others.

    ``patience``: seconds in which requests end after `stop`; then they are cut off.
    """

    config: _Config

    def __init__(self, app: ASGIApp, limits: Limits, patience: float) -> None:
        super().__init__(_Config(app, limits, patience))
        self.accepts = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.accepts.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """No new connection; those that are idle are closed."""
        self.config.is_stopping = True
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for each in tuple(self.server_state.connections):
            each.transport.abort()
        # They are closed in the next round of the loop.
        await asyncio.sleep(0)
