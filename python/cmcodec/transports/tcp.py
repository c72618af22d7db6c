"""Messages over TCP (RFC 10003 §7): one after the other, with nothing around them."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self, final

from cmcodec.transports import handlers
from cmcodec.transports.framing import Framer
from cmcodec.transports.limits import DEFAULT, Limits, TransportError, TransportReason

if TYPE_CHECKING:
    from cmcodec.transports.limits import Handler

__all__ = ["PORT", "Client", "Server"]

PORT: Final = 5318
"""Where CMC is expected (R-195)."""

_LOG: Final = logging.getLogger("cmcodec.transports")
_CHUNK: Final = 65536


@final
class Server:
    """Answers the messages of each connection in order.

    After an answer the connection stays open for the next message. It is closed without an answer
    where the peer exceeds a limit, says what is no message, or where the handler has none.

        server = Server(authority.respond, "127.0.0.1")
        await server.start()
    """

    def __init__(
        self,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        limits: Limits = DEFAULT,
    ) -> None:
        self._handler, self._host, self._port, self._limits = handler, host, port, limits
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()
        self._idle: set[asyncio.Task[Any]] = set()
        self._is_closing = False

    @property
    def port(self) -> int:
        """The port that it listens on: with 0, the one that was free."""
        if self._server is None:
            return self._port
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def start(self, sock: socket.socket | None = None) -> None:
        """Listens; raises `OSError` where it cannot.

        ``sock``: one that is bound, which is listened on instead.
        """
        self._is_closing = False
        where = {"host": self._host, "port": self._port} if sock is None else {"sock": sock}
        self._server = await asyncio.start_server(self._connected, **where)

    async def close(self) -> None:
        """Takes no new connection, and waits until the messages that have begun are answered."""
        if self._server is None:
            return
        self._is_closing = True
        self._server.close()
        for task in tuple(self._idle):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._is_closing or len(self._connections) >= self._limits.connections:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._serve(task, reader, writer)
        except (OSError, TimeoutError, TransportError, asyncio.CancelledError) as error:
            _LOG.info("connection closed: %r", error)
            writer.transport.abort()
        except Exception:
            _LOG.exception("no answer")
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(
        self, task: asyncio.Task[Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        framer = Framer(self._limits.max_size)
        # What `drain` waits for is that the peer has taken everything.
        writer.transport.set_write_buffer_limits(0)
        while not self._is_closing:
            if framer.is_empty:
                self._idle.add(task)
                try:
                    async with asyncio.timeout(self._limits.idle):
                        octets = await reader.read(_CHUNK)
                finally:
                    self._idle.discard(task)
                if not octets:
                    return
                framer.feed(octets)
            async with asyncio.timeout(self._limits.whole):
                message = await self._message(framer, reader)
            answer = await handlers.answer(self._handler, message)
            if not answer:
                return
            async with asyncio.timeout(self._limits.whole):
                writer.write(answer)
                await writer.drain()

    async def _message(self, framer: Framer, reader: asyncio.StreamReader) -> bytes:
        while (message := framer.message()) is None:
            octets = await reader.read(_CHUNK)
            if not octets:
                raise TransportError(TransportReason.CLOSED)
            framer.feed(octets)
        return message


@final
class Client:
    """Sends messages over one connection, each after the answer to the one before (R-237).

    Where the server has closed the connection meanwhile, another one is opened and the same octets
    are sent again, which a server answers as it did before.

    ``timeout``: seconds until there is a connection, and until an answer is complete. A client
    serves one thread at a time.
    """

    def __init__(
        self,
        host: str,
        port: int = PORT,
        timeout: float = 30.0,
        limits: Limits = DEFAULT,
    ) -> None:
        self._host, self._port, self._timeout, self._limits = host, port, timeout, limits
        self._socket: socket.socket | None = None

    def send(self, octets: bytes) -> bytes:
        """The answer to a message; raises `TransportError`, after which nothing is kept open."""
        until = time.monotonic() + self._timeout
        if self._socket is not None:
            try:
                return self._sent(self._socket, octets, until)
            except TransportError as error:
                self.close()
                if error.reason != TransportReason.CLOSED:
                    raise
        self._socket = self._connected()
        try:
            return self._sent(self._socket, octets, until)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection; the next message opens another one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection((self._host, self._port), self._timeout)
        except TimeoutError:
            raise TransportError(TransportReason.TIMEOUT) from None
        except OSError as error:
            raise TransportError(TransportReason.REFUSED) from error

    def _sent(self, connection: socket.socket, octets: bytes, until: float) -> bytes:
        framer = Framer(self._limits.max_size)
        try:
            connection.settimeout(_left(until))
            connection.sendall(octets)
            while (answer := framer.message()) is None:
                connection.settimeout(_left(until))
                found = connection.recv(_CHUNK)
                if not found:
                    raise TransportError(TransportReason.CLOSED)
                framer.feed(found)
        except TimeoutError:
            raise TransportError(TransportReason.TIMEOUT) from None
        except OSError:
            raise TransportError(TransportReason.CLOSED) from None
        if not framer.is_empty:
            # More than one answer to one message: nobody knows what comes next.
            self.close()
        return answer


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
