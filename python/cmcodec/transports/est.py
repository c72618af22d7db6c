"""Full CMC over EST (RFC 7030 §4.3): base64, and HTTP says whether CMC failed."""

from __future__ import annotations

import re
from base64 import b64decode, encodebytes
from binascii import Error
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, final

from cmcodec import types
from cmcodec.controls import statuses
from cmcodec.message import load
from cmcodec.transports import web
from cmcodec.transports.clients import AsyncClient as _AsyncClient
from cmcodec.transports.clients import Client as _Client
from cmcodec.transports.limits import DEFAULT, Limits
from cmcodec.transports.media import ANSWERS, REQUESTS, media_of, parsed

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cmcodec.message import Message
    from cmcodec.transports.limits import Handler

__all__ = ["PATH", "AsyncClient", "Client", "asgi", "wsgi"]

PATH: Final = "/.well-known/est/fullcmc"
"""Where EST takes Full PKI Requests; before its last part there may be a label."""

_AT: Final = re.compile(r"/\.well-known/est(/[^/]+)?/fullcmc\Z")
_FULL: Final = REQUESTS[1]
_SPACE: Final = b" \t\r\n"
_FAILING: Final[dict[int | None, HTTPStatus]] = {
    types.CMCFailInfo.INTERNAL_CA_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    types.CMCFailInfo.TRY_LATER: HTTPStatus.SERVICE_UNAVAILABLE,
    types.CMCFailInfo.BAD_IDENTITY: HTTPStatus.FORBIDDEN,
}
"""The status of an answer that fails with this; else it is 400."""


def _decoded(body: bytes) -> bytes | None:
    try:
        return b64decode(body.translate(None, _SPACE), validate=True)
    except Error:
        return None


@final
class _Est:
    """Base64, under the path of EST."""

    path = _AT

    def most(self, max_size: int) -> int:
        # Four characters for three octets, and line breaks of two after no fewer than 64.
        return max_size * 3 // 2 + 100

    def asked(self, content_type: str, body: bytes) -> bytes:
        if not _FULL.fits(*parsed(content_type)):
            raise web.RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        octets = _decoded(body)
        if octets is None:
            raise web.RefusedError(HTTPStatus.BAD_REQUEST)
        return octets

    def answered(self, octets: bytes) -> web.Reply:
        message = load(octets)
        headers = (
            ("Content-Type", media_of(message, "answer").content_type),
            ("Content-Transfer-Encoding", "base64"),
        )
        return web.Reply(_status(message), encodebytes(octets), headers)


def _status(message: Message) -> HTTPStatus:
    """200, unless all that an answer says is that something failed.

    What is encrypted says nothing: its status is 200.
    """
    found = statuses.read(message)
    if not found or any(status.cmc_status not in statuses.REFUSED for status in found):
        return HTTPStatus.OK
    return _FAILING.get(statuses.fail_info(found[0]), HTTPStatus.BAD_REQUEST)


def asgi(handler: Handler, *, limits: Limits = DEFAULT) -> ASGIApp:
    """An ASGI application for the path of EST, which is 404 elsewhere.

    As `cmcodec.transports.http.asgi`, but for the status of an answer: where everything failed it
    is 4xx or 5xx, as EST wants, with the answer in it. What is pending is 200.
    """
    return web.asgi(handler, _Est(), limits)


def wsgi(handler: Handler, *, limits: Limits = DEFAULT) -> web.WSGIApp:
    """The same as a WSGI application; the server around it has to cut off who is slow."""
    return web.wsgi(handler, _Est(), limits)


class _Asking:
    """Base64, to the path of EST."""

    def url(self, url: str) -> str:
        return url if _AT.search(url) else url.rstrip("/") + PATH

    def asked(self, octets: bytes, *, is_bare: bool) -> tuple[dict[str, str], bytes]:
        media = media_of(octets, "request")
        headers = {
            "Content-Type": media.type if is_bare else media.content_type,
            "Content-Transfer-Encoding": "base64",
        }
        return headers, encodebytes(octets)

    def answered(self, content_type: str, body: bytes) -> bytes | None:
        """The answer in a response, also in one that failed."""
        kind, _ = parsed(content_type)
        return _decoded(body) if kind == ANSWERS[0].type else None


@final
class Client(_Client):
    """Sends Full PKI Requests to EST.

    ``url``: of the server, ``https://ca.example``, or the whole one where there is a label.
    """

    _asking = _Asking()


@final
class AsyncClient(_AsyncClient):
    """The same for who has an event loop."""

    _asking = _Asking()
