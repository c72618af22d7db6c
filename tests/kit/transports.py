"""Messages of each kind, and servers of transports that run beside a test."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn

from cmcodec import cms, types
from cmcodec.builders import NewRequest, RequestBuilder, ResponseBuilder, certs_only
from cmcodec.embedded.serving.service import Answer
from cmcodec.embedded.serving.watching import Watch
from cmcodec.transports import Limits, est, http, tcp

from .keys import certificate, key, name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def signer() -> cms.SigningKey:
    return cms.SigningKey.from_private_key(key("p-256"), certificate("p-256"))


def coded_smime_types(value: str) -> list[str]:
    """A smime-type coded, in no charset, in pieces, and in pieces out of order (RFC 2231)."""
    hidden, first, rest = value.replace("-", "%2D"), value[:4], value[4:]
    return [
        f"smime-type*=utf-8'en'{hidden}",
        f"SMIME-Type*=no-charset''{value}",
        f"smime-type*0={first}; smime-type*1={rest}",
        f"smime-type*1={rest}; smime-type*0*=us-ascii''{first}",
    ]


def new_request() -> NewRequest:
    return NewRequest(key=key("p-256", 5), subject=name("device"))


def full_request() -> bytes:
    return RequestBuilder().add_request(new_request()).transaction().sign(signer())


def messages() -> dict[str, bytes]:
    """A message of each kind by the name of the kind."""
    request = RequestBuilder().add_request(new_request()).content().req_sequence[0]
    assert request.tcr is not None
    return {
        "simple-request": request.tcr.certification_request.to_der(),
        "full-request": full_request(),
        "simple-response": certs_only([certificate("p-256")]),
        "full-response": ResponseBuilder().status(types.CMCStatus.SUCCESS, 1).sign(signer()),
    }


def enveloped(octets: bytes) -> bytes:
    return cms.encrypt(octets, [cms.Recipient.from_certificate(certificate("rsa-2048"))])


@contextmanager
def tcp_server(handler: Any, **limits: Any) -> Iterator[int]:
    """The port of a server that runs in a thread of its own until the block ends."""
    loop = asyncio.new_event_loop()
    server = tcp.Server(handler, port=0, limits=Limits(**limits))
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.port
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def asgi_server(app: Any) -> Iterator[str]:
    """The URL of an ASGI application that runs in a thread of its own until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", timeout_keep_alive=30)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def wsgi_server(app: Any) -> Iterator[str]:
    """The same of a WSGI application."""
    with make_server("127.0.0.1", 0, app, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def folder_server(handler: Any, folder: Path) -> Iterator[str]:
    """The URL of a folder in which requests are answered, until the block ends."""
    ending = threading.Event()
    watch = Watch(folder, lambda octets: Answer(handler(octets), "success", 0.0))
    thread = threading.Thread(target=watch.run, args=(ending,))
    thread.start()
    try:
        yield f"file:{folder}"
    finally:
        ending.set()
        thread.join()


@contextmanager
def served(scheme: str, handler: Any, folder: Path) -> Iterator[str]:
    """A URL of this scheme, without TLS, at which a handler answers."""
    if scheme == "file":
        with folder_server(handler, folder) as url:
            yield url
    elif scheme == "cmc":
        with tcp_server(handler) as port:
            yield f"cmc://127.0.0.1:{port}"
    else:
        module = {"http": http, "est": est}[scheme]
        with asgi_server(module.asgi(handler)) as url:
            yield url.replace("http", scheme)


SCHEMES = ("http", "est", "cmc", "file")
SERVERS = {"asgi": asgi_server, "wsgi": wsgi_server}


@contextmanager
def peer(*works: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of somebody who does this, each on a connection of its own."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for work in works:
            connection, _ = listening.accept()
            with connection:
                work(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        thread.join()
        listening.close()


def saying(octets: bytes, *, stays: bool = False) -> Callable[[socket.socket], None]:
    """Says these octets once it is told something; ``stays`` until the other one has gone."""

    def work(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(octets)
        if stays:
            rest(connection)

    return work


def rest(connection: socket.socket) -> bytes:
    """What comes until the other end closes the connection."""
    found = b""
    with suppress(ConnectionResetError):
        while octets := connection.recv(65536):
            found += octets
    return found


def unused_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number: int = listening.getsockname()[1]
    return number


class Response(NamedTuple):
    """A response of HTTP: headers by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def raw(
    url: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> Response:
    """The response to a request with these headers and octets, whether they are true or not."""
    place = urlsplit(url)
    fields = {"Host": place.netloc, "Content-Length": str(len(body)), **(headers or {})}
    if "Transfer-Encoding" in fields:
        del fields["Content-Length"]
    lines = [f"{method} {place.path or '/'} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
    with socket.create_connection((place.hostname, place.port), 30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        found = HTTPResponse(connection, method=method)
        with found:
            found.begin()
            named = {name.lower(): value for name, value in found.getheaders()}
            return Response(found.status, named, found.read())
