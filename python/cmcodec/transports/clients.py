"""Who sends messages over HTTP: plainly or to EST, with an event loop or without."""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeVar

from cmcodec.errors import CMCError, UnsupportedError
from cmcodec.message import load
from cmcodec.transports.limits import DEFAULT, Limits, TransportError, TransportReason

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

__all__ = ["Asking", "AsyncClient", "Client"]

Result = TypeVar("Result")

_SUCCESS = range(200, 300)
_NO_CONTENT = 204


class Asking(Protocol):
    """How a message stands in a request, and an answer in a response."""

    def url(self, url: str) -> str:
        """Where requests go."""
        ...

    def asked(self, octets: bytes, *, is_bare: bool) -> tuple[dict[str, str], bytes]:
        """Headers and body."""
        ...

    def answered(self, content_type: str, body: bytes) -> bytes | None:
        """The answer in a response, whatever its status; None where there is none."""
        ...


class _Sender:
    """What both have: an HTTP client, and how a response is read."""

    _asking: ClassVar[Asking]

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 30.0,
        content_type: Literal["rfc10003", "bare"] = "rfc10003",
        tls: ssl.SSLContext | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        """A client of one server.

        ``url``: ``http://`` or ``https://``. ``timeout``: seconds for each message, until its
        answer is complete. ``content_type``: ``"bare"`` leaves out smime-type and name, for servers
        that know the media type alone. ``tls``: instead of the anchors of the system; TLS 1.2 at
        least (R-192), and no early data, which Python has not got (R-236).

        Raises `UnsupportedError` where httpx2 is not installed, `ValueError` for another URL, for
        an older TLS, and for a timeout that is not positive.
        """
        try:
            import httpx2
        except ImportError as error:
            raise UnsupportedError(f"{error}: pip install 'cmcodec[client]'") from error
        context = ssl.create_default_context() if tls is None else tls
        if tls is None:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        elif context.minimum_version < ssl.TLSVersion.TLSv1_2:
            raise ValueError("tls: minimum_version TLS 1.2")
        if content_type not in ("rfc10003", "bare"):
            raise ValueError("content_type: 'rfc10003' or 'bare'")
        if not 0 < timeout < float("inf"):
            raise ValueError("timeout: seconds, more than 0")
        self._url = self._asking.url(url)
        if httpx2.URL(self._url).scheme not in ("http", "https"):
            raise ValueError("url: http:// or https://")
        self._timeout, self._limits, self._httpx = timeout, limits, httpx2
        self._is_bare = content_type == "bare"
        # A coded body may be a thousand times as long as what comes.
        headers = {"Accept-Encoding": "identity"}
        self._client = httpx2.AsyncClient(verify=context, timeout=timeout, headers=headers)
        # For those that wait; they make a loop when they first run one.
        self._turn, self._runner = threading.Lock(), asyncio.Runner()

    async def _sent(self, octets: bytes) -> bytes:
        """The answer to a message, ``b""`` where there is none; raises `TransportError`."""
        headers, content = self._asking.asked(octets, is_bare=self._is_bare)
        body = bytearray()
        stream = self._client.stream("POST", self._url, content=content, headers=headers)
        with self._errors():
            async with asyncio.timeout(self._timeout), stream as response:
                async for part in response.aiter_raw():
                    self._grown(body, part)
        return self._answer(response, body)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What goes wrong on the way, as `TransportError`."""
        httpx = self._httpx
        try:
            yield
        except (httpx.TimeoutException, TimeoutError):
            raise TransportError(TransportReason.TIMEOUT) from None
        except httpx.ConnectError as error:
            raise TransportError(TransportReason.REFUSED) from error
        except httpx.HTTPError as error:
            raise TransportError(TransportReason.CLOSED) from error

    def _grown(self, body: bytearray, octets: bytes) -> None:
        body += octets
        # Base64 and its line breaks are longer than what they stand for.
        if len(body) > 2 * self._limits.max_size:
            raise TransportError(TransportReason.LIMIT)

    def _answer(self, response: Any, body: bytearray) -> bytes:
        if response.status_code == _NO_CONTENT:
            return b""
        content_type = response.headers.get("content-type", "")
        is_plain = response.headers.get("content-encoding", "identity").lower() == "identity"
        answer = self._asking.answered(content_type, bytes(body)) if is_plain else None
        is_success = response.status_code in _SUCCESS
        # Beside a failure may stand what is no message, under any type.
        if answer is not None and (is_success or _is_message(answer)):
            if len(answer) > self._limits.max_size:
                raise TransportError(TransportReason.LIMIT)
            return answer
        if not is_success:
            raise TransportError(TransportReason.STATUS, response.status_code)
        raise TransportError(TransportReason.MEDIA_TYPE, response.status_code)


def _is_message(octets: bytes) -> bool:
    try:
        load(octets)
    except CMCError:
        return False
    return True


class Client(_Sender):
    """Sends messages, one after the other, whichever threads ask for that."""

    def send(self, octets: bytes) -> bytes:
        """The answer to a message, ``b""`` where there is none; raises `TransportError`."""
        # On an event loop a timeout is for the whole, however slowly octets come.
        return self._run(self._sent(octets))

    def close(self) -> None:
        """Closes the connections."""
        self._run(self._client.aclose())
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._turn:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return self._runner.run(work)
            # In a notebook a loop runs in this thread, and waits.
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(self._runner.run, work).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Sender):
    """Sends messages, as many at a time as there are tasks that do so."""

    async def send(self, octets: bytes) -> bytes:
        """The answer to a message, ``b""`` where there is none; raises `TransportError`."""
        return await self._sent(octets)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
