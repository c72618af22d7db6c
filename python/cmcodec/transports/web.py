"""Messages in HTTP: what plain CMC (RFC 10003 §6) and EST (RFC 7030 §4.3) have in common."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cmcodec.errors import UnsupportedError
from cmcodec.transports import handlers

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from cmcodec.transports.limits import Handler, Limits

    WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

__all__ = ["Dialect", "RefusedError", "Reply", "asgi", "wsgi"]

_LOG: Final = logging.getLogger("cmcodec.transports")
_POST: Final = "POST"
_UNREAD: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT)
"""After these the rest of a body has not been read, and the connection is of no more use."""


class RefusedError(Exception):
    """A request that is no message: nobody is asked about it."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class Reply(NamedTuple):
    """What goes back."""

    status: HTTPStatus
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Dialect(Protocol):
    """How messages stand in requests and responses."""

    @property
    def path(self) -> re.Pattern[str] | None:
        """Where messages are taken; None: anywhere."""
        ...

    def most(self, max_size: int) -> int:
        """Octets of a body with a message of so many."""
        ...

    def asked(self, content_type: str, body: bytes) -> bytes:
        """The message in a request; raises `RefusedError`."""
        ...

    def answered(self, octets: bytes) -> Reply:
        """The response with an answer."""
        ...


def _too_long(length: str, most: int) -> bool:
    """Whether a Content-Length says that the body is; raises `RefusedError` for what is none."""
    if not (length.isascii() and length.isdigit()):
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    return len(length) > len(str(most)) or int(length) > most


def _is_at(dialect: Dialect, path: str) -> bool:
    return dialect.path is None or dialect.path.search(path) is not None


def _reply(dialect: Dialect, octets: bytes) -> Reply:
    return dialect.answered(octets) if octets else Reply(HTTPStatus.NO_CONTENT)


# --- ASGI ------------------------------------------------------------------------------------


def asgi(handler: Handler, dialect: Dialect, limits: Limits) -> ASGIApp:
    """An application; raises `UnsupportedError` without Starlette."""
    try:
        from starlette.applications import Starlette
        from starlette.requests import ClientDisconnect
        from starlette.responses import Response
        from starlette.routing import Route
    except ImportError as error:
        raise UnsupportedError(f"{error}: pip install 'cmcodec[server]'") from error

    most, busy = dialect.most(limits.max_size), 0

    async def body_of(request: Request) -> bytes:
        if _too_long(request.headers.get("content-length", "0"), most):
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = bytearray()
        async with asyncio.timeout(limits.whole):
            async for octets in request.stream():
                body += octets
                if len(body) > most:
                    raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return bytes(body)

    async def replied(request: Request) -> Reply:
        if not _is_at(dialect, request.scope["path"]):
            return Reply(HTTPStatus.NOT_FOUND)
        try:
            body = await body_of(request)
            message = dialect.asked(request.headers.get("content-type", ""), body)
        except RefusedError as error:
            return Reply(error.status)
        except TimeoutError:
            return Reply(HTTPStatus.REQUEST_TIMEOUT)
        except ClientDisconnect:
            return Reply(HTTPStatus.BAD_REQUEST)
        try:
            return _reply(dialect, await handlers.answer(handler, message))
        except Exception:
            _LOG.exception("no answer")
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR)

    async def endpoint(request: Request) -> Response:
        nonlocal busy
        if busy >= limits.connections:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        busy += 1
        try:
            reply = await replied(request)
        finally:
            busy -= 1
        response = Response(reply.body, reply.status)
        for name, value in reply.headers:
            response.headers[name] = value
        if reply.status in _UNREAD:
            response.headers["connection"] = "close"
        return response

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=[_POST])])


# --- WSGI ------------------------------------------------------------------------------------


def wsgi(handler: Handler, dialect: Dialect, limits: Limits) -> WSGIApp:
    """The same, without Starlette; only the server around it can cut off who is slow."""
    most = dialect.most(limits.max_size)

    def replied(environ: dict[str, Any]) -> Reply:
        if not _is_at(dialect, environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")):
            return Reply(HTTPStatus.NOT_FOUND)
        if environ["REQUEST_METHOD"] != _POST:
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED, headers=(("Allow", _POST),))
        try:
            length = environ.get("CONTENT_LENGTH") or ""
            if length and _too_long(length, most):
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if length or environ.get("wsgi.input_terminated"):
                body = environ["wsgi.input"].read(int(length) if length else most + 1)
            else:
                raise RefusedError(HTTPStatus.LENGTH_REQUIRED)
            if len(body) > most:
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if length and len(body) < int(length):
                raise RefusedError(HTTPStatus.BAD_REQUEST)
            message = dialect.asked(environ.get("CONTENT_TYPE") or "", body)
        except RefusedError as error:
            return Reply(error.status)
        try:
            return _reply(dialect, handlers.answer_now(handler, message))
        except Exception:
            _LOG.exception("no answer")
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reply = replied(environ)
        headers = [*reply.headers]
        if reply.status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(len(reply.body))))
        start_response(f"{reply.status} {reply.status.phrase}", headers)
        return [reply.body]

    return application
