"""Messages over HTTP (RFC 10003 §6): each the body of a POST, and its answer that of the response.

A server relies on no authentication and no cookies of HTTP, which clients need not have (R-191):
what a message proves is in it. What answers with a failure of CMC answers: its status is 200.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, final

from cmcodec.transports import web
from cmcodec.transports.clients import AsyncClient as _AsyncClient
from cmcodec.transports.clients import Client as _Client
from cmcodec.transports.limits import DEFAULT, Limits
from cmcodec.transports.media import ANSWERS, REQUESTS, media_of, parsed

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cmcodec.transports.limits import Handler

__all__ = ["AsyncClient", "Client", "asgi", "media_type", "wsgi"]

_SIMPLE, _FULL = REQUESTS


def media_type(octets: bytes) -> str:
    """The Content-Type of an answer, for the view of a framework; raises what `load` raises."""
    return media_of(octets, "answer").content_type


@final
class _Plain:
    """Octets as they are, at any path."""

    path = None

    def most(self, max_size: int) -> int:
        return max_size

    def asked(self, content_type: str, body: bytes) -> bytes:
        kind, smime_type = parsed(content_type)
        if kind != _SIMPLE.type and not _FULL.fits(kind, smime_type):
            raise web.RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        return body

    def answered(self, octets: bytes) -> web.Reply:
        return web.Reply(HTTPStatus.OK, octets, (("Content-Type", media_type(octets)),))


def asgi(handler: Handler, *, limits: Limits = DEFAULT) -> ASGIApp:
    """An ASGI application that answers at every path, to be mounted where it is wanted.

    415 for another media type, 413 for a message that is too long, 408 for one that takes too
    long, 405 for what is no POST, 503 above ``limits.connections`` requests at a time, 500 where
    the handler fails, 204 where it has no answer. ``limits.idle`` is for the server around it.
    Raises `UnsupportedError` where Starlette is not installed.
    """
    return web.asgi(handler, _Plain(), limits)


def wsgi(handler: Handler, *, limits: Limits = DEFAULT) -> web.WSGIApp:
    """A WSGI application; as `asgi`, but that the server around it has to cut off who is slow."""
    return web.wsgi(handler, _Plain(), limits)


class _Asking:
    """Octets as they are, and as they come."""

    def url(self, url: str) -> str:
        return url

    def asked(self, octets: bytes, *, is_bare: bool) -> tuple[dict[str, str], bytes]:
        media = media_of(octets, "request")
        return {"Content-Type": media.type if is_bare else media.content_type}, octets

    def answered(self, content_type: str, body: bytes) -> bytes | None:
        """The answer in a response; None where there is none."""
        kind, _ = parsed(content_type)
        return body if kind == ANSWERS[0].type else None


@final
class Client(_Client):
    """Sends each message as the body of a POST."""

    _asking = _Asking()


@final
class AsyncClient(_AsyncClient):
    """The same for who has an event loop."""

    _asking = _Asking()
