"""What a slow or lying peer may say: to clients and servers of HTTP, EST and TCP, and in mails.

Everything runs in memory, on what travels and in whatever pieces it comes. A client gives back an
answer that is no longer than it may be, or raises `TransportError`; a server gives whole messages
to who answers, and a status that its documentation names; neither takes longer than a multiple of
what came.
"""

from __future__ import annotations

import asyncio
import io
from base64 import encodebytes
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from cmcodec.transports import Limits, TransportError, est, http, mail, tcp
from cmcodec.transports.framing import Framer
from cmcodec.transports.media import parsed
from kit.mutants import mutant
from kit.transports import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random

SECONDS = 0.5
"""Of processor time for each 1,024 octets; a message costs more than its octets."""
MAX = 4096
LIMITS = Limits(max_size=MAX, idle=5, whole=5)
STATUSES = {200, 204, 400, 403, 404, 405, 408, 411, 413, 415, 500, 503}
PKCS7 = "application/pkcs7-mime"


@cache
def _messages() -> dict[str, bytes]:
    return messages()


@dataclass(frozen=True)
class Case:
    """What is said, in pieces, to ``whom``; ``about``: what goes with it."""

    whom: str
    pieces: tuple[bytes, ...]
    about: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces)) + sum(map(len, self.about))

    def check(self) -> str:
        """Says it; a word for what came of it."""
        return f"{self.whom}: {WHOM[self.whom](self)}"

    def smaller(self) -> Iterator[Case]:
        """In one piece, with less of it."""
        whole = b"".join(self.pieces)
        if len(self.pieces) > 1:
            yield replace(self, pieces=(whole,))
        length = len(whole) // 2
        while length:
            for start in range(0, len(whole), length):
                yield replace(self, pieces=(whole[:start] + whole[start + length :],))
            length //= 2
        for place, text in enumerate(self.about):
            for cut in {text[: len(text) // 2], text[len(text) // 2 :], ""} - {text}:
                yield replace(self, about=(*self.about[:place], cut, *self.about[place + 1 :]))


def case(random: Random) -> Case:
    """A case by chance."""
    whom = random.choice(list(WHOM))
    octets, about = MADE[whom](random)
    return Case(whom, tuple(_cut(random, octets)), about)


def _cut(random: Random, octets: bytes) -> Iterator[bytes]:
    """In pieces of any size, often in one."""
    most = random.choice((len(octets), len(octets), 1000, 100, 7, 1))
    while octets:
        length = random.randrange(1, most + 1) if most < len(octets) else len(octets)
        yield octets[:length]
        octets = octets[length:]


# --- what is made --------------------------------------------------------------------------------

TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b";", b"=", b'"', b",", b":", b" ", b"\t",
    b"%", b"'", b"(", b")", b"*", b"\\", b"=?utf-8?q?a?=", b"--x", b"--x--", b"0\r\n\r\n",
    b"ffffffff",
    b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 5, 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n",
    b"Content-Encoding: gzip\r\n", b"Content-Type: text/html\r\n", b"Location: //\r\n",
    b"Location: http://[::\r\n", b"Set-Cookie: a=b; expires=never\r\n", b"Connection: close\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 ", b"HTTP/9.9 ", b"302 ",
    b"Upgrade: h2c\r\n", b"multipart/mixed; boundary=x", b"message/rfc822", b"application/pkcs10",
    b"; smime-type*=utf-8''%43", b"; smime-type*0*=a", b"; name*1=b", b"; filename*", b"base64",
    b"quoted-printable", b"x-uuencode", b"charset=undefined", b"\x30\x80", b"\0\0", b"\x30\x84\x7f",
)  # fmt: skip


def _changed(random: Random, octets: bytes) -> bytes:
    """With tokens in it, pieces of it doubled, or missing."""
    made = bytearray(octets)
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        place = random.randrange(len(made) + 1)
        match random.randrange(5):
            case 0:
                del made[place : place + random.randrange(20)]
            case 1:
                made[place : place + random.randrange(9)] = random.choice(TOKENS)
            case 2:
                made[place:place] = made[: random.randrange(60)]
            case 3:
                made[place:place] = random.choice(TOKENS) * random.choice((1, 1, 50, 1000))
            case _:
                made[place:place] = random.choice(TOKENS)
    return bytes(made)


def _one(random: Random) -> bytes:
    octets = random.choice(list(_messages().values()))
    return octets if random.random() < 0.6 else mutant(random, octets)


def _said_over_tcp(random: Random) -> tuple[bytes, tuple[str, ...]]:
    parts = []
    for _ in range(random.choice((1, 1, 2, 3))):
        octets = _one(random)
        if random.random() < 0.4:
            octets = b"\x30\x80" + octets * random.randrange(1, 4) + b"\0\0"
        parts.append(octets)
    return _changed(random, b"".join(parts)) if random.random() < 0.6 else b"".join(parts), ()


def _response(random: Random) -> tuple[bytes, tuple[str, ...]]:
    body = _one(random)
    if random.random() < 0.5:
        body = encodebytes(body)
    length = random.choice((len(body), len(body), len(body) + 1, len(body) - 1, 0, 10**9))
    if random.random() < 0.3:
        framing = b"Transfer-Encoding: chunked"
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (length, body)
    else:
        framing = b"Content-Length: %d" % length
    status = random.choice(
        (b"200 OK", b"200 OK", b"204 No Content", b"302 Found", b"500 No", b"99")
    )
    head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\n%b\r\n" % (status, PKCS7.encode(), framing)
    head = _changed(random, head) if random.random() < 0.7 else head
    before = random.choice((b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 3))
    return before + head + b"\r\n" + body, (random.choice(("http", "est")),)


def _request(random: Random) -> tuple[bytes, tuple[str, ...]]:
    """A body, and the dialect, method, path, Content-Type and Content-Length of a request."""
    dialect = random.choice(("http", "est"))
    body = _one(random)
    body = encodebytes(body) if dialect == "est" else body
    body = _changed(random, body) if random.random() < 0.4 else body
    kind = random.choice((PKCS7, PKCS7, f"{PKCS7}; smime-type=CMC-Request", "application/pkcs10"))
    if random.random() < 0.4:
        kind = _changed(random, kind.encode()).decode("latin-1")
    length = random.choice(
        (str(len(body)),) * 3 + ("", str(len(body) + 1), "0", "-1", "1_0", "\u0661", "9" * 5000)
    )
    path = random.choice((est.PATH, est.PATH, "/", "/.well-known/est/x/fullcmc", "/\0", "//"))
    return body, (dialect, random.choice(("POST", "POST", "POST", "GET", "")), path, kind, length)


def _mail(random: Random) -> tuple[bytes, tuple[str, ...]]:
    made = mail.compose(
        random.choice(list(_messages().values())),
        sender="ee@example.com",
        recipient="ca@example.com",
    )
    if random.random() < 0.3:
        both = EmailMessage(policy=SMTP)
        both.set_content("See the attachment.")
        both.make_mixed()
        for header in ("From", "To", "Subject"):
            del made[header]
        both.attach(made)
        made = both
    octets = made.as_bytes()
    end = octets.find(b"\r\n\r\n")
    if random.random() < 0.8:
        return _changed(random, octets[:end]) + octets[end:], ()
    return _changed(random, octets), ()


# --- to whom -------------------------------------------------------------------------------------


def _to_framer(said: Case) -> str:
    """Messages are the same whatever the pieces are, and one after the other what was said."""
    found = [_framed(pieces) for pieces in (said.pieces, (b"".join(said.pieces),))]
    assert found[0] == found[1]
    octets, messages, is_refused = b"".join(said.pieces), *found[0]
    assert octets.startswith(b"".join(messages))
    assert all(message[:1] == b"\x30" and len(message) <= MAX for message in messages)
    return "refused" if is_refused else f"{len(messages)} messages"


def _framed(pieces: Iterable[bytes]) -> tuple[list[bytes], bool]:
    framer, found = Framer(MAX), []
    try:
        for piece in pieces:
            framer.feed(piece)
            while (message := framer.message()) is not None:
                found.append(message)
    except TransportError as error:
        if error.reason != "limit":
            raise
        return found, True
    return found, False


class _Socket:
    """A connection to somebody who says this, and then nothing."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = list(pieces)

    def recv(self, _: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def settimeout(self, _: float) -> None: ...

    def sendall(self, _: bytes) -> None: ...

    def close(self) -> None: ...


def _to_tcp_client(said: Case) -> str:
    client = tcp.Client("ca.example", timeout=5, limits=LIMITS)
    client._connected = lambda: _Socket(said.pieces)  # type: ignore[method-assign,assignment,return-value]
    try:
        answer = client.send(b"\x30\0")
    except TransportError as error:
        if error.reason not in ("closed", "limit"):
            raise
        return error.reason
    assert b"".join(said.pieces).startswith(answer)
    assert len(answer) <= MAX
    return "answer"


class _Writer:
    """Where a server writes; ``written``: what, and whether it has cut off the peer."""

    def __init__(self) -> None:
        self.written, self.transport, self.is_cut_off = bytearray(), self, False

    def set_write_buffer_limits(self, _: int) -> None: ...

    def write(self, octets: bytes) -> None:
        self.written += octets

    async def drain(self) -> None: ...

    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...

    def abort(self) -> None:
        self.is_cut_off = True


def _to_tcp_server(said: Case) -> str:
    """It answers what is a message, in order, and goes on."""

    async def handler(octets: bytes) -> bytes:
        return octets

    async def serve() -> _Writer:
        reader, writer = asyncio.StreamReader(), _Writer()
        for piece in said.pieces:
            reader.feed_data(piece)
        reader.feed_eof()
        server = tcp.Server(handler, limits=LIMITS)
        await server._connected(reader, writer)  # type: ignore[arg-type]
        assert not server._connections
        return writer

    writer = asyncio.run(serve())
    whole, _ = _framed(said.pieces)
    assert bytes(writer.written) == b"".join(whole)
    return f"cut off after {len(whole)}" if writer.is_cut_off else f"{len(whole)} messages"


def _to_http_client(said: Case) -> str:
    """What it takes is what came, and no longer than it may be."""
    module = {"http": http, "est": est}[said.about[0] or "http"]

    async def send() -> bytes:
        client = module.AsyncClient("http://ca.example", timeout=5, limits=LIMITS)
        await client._client.aclose()
        transport = httpx2.AsyncHTTPTransport()
        await transport.aclose()
        backend = httpcore2.AsyncMockBackend(list(said.pieces))
        transport._pool = httpcore2.AsyncConnectionPool(network_backend=backend)
        client._client = httpx2.AsyncClient(transport=transport)
        async with client:
            octets: bytes = await client.send(_messages()["full-request"])
        return octets

    try:
        answer = asyncio.run(send())
    except TransportError as error:
        return error.reason
    assert len(answer) <= MAX
    return "answer" if answer else "no answer"


def _seen(said: Case) -> tuple[list[bytes], Callable[[bytes], bytes]]:
    """What who answers has seen, and who does."""
    seen: list[bytes] = []

    def handler(octets: bytes) -> bytes:
        seen.append(octets)
        return _messages()["full-response"]

    return seen, handler


def _checked(status: int, seen: list[bytes]) -> str:
    assert status in STATUSES, status
    assert len(seen) == (status == 200)
    assert all(len(octets) <= MAX for octets in seen)
    return str(status)


def _to_wsgi(said: Case) -> str:
    seen, handler = _seen(said)
    dialect, method, path, kind, length = said.about
    app = {"http": http, "est": est}[dialect or "http"].wsgi(handler, limits=LIMITS)
    told: list[str] = []
    environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"".join(said.pieces)),
        "wsgi.input_terminated": len(said.pieces) % 2 == 0,
    }  # fmt: skip
    for _ in app(environ, lambda status, headers: told.append(status)):
        pass
    (status,) = told
    return _checked(int(status[:3]), seen)


def _to_asgi(said: Case) -> str:
    seen, handler = _seen(said)
    dialect, method, path, kind, length = said.about

    async def answer(octets: bytes) -> bytes:
        return handler(octets)

    app = {"http": http, "est": est}[dialect or "http"].asgi(answer, limits=LIMITS)
    headers = [(b"content-type", kind.encode("latin-1", "replace"))]
    if length:
        headers.append((b"content-length", length.encode("latin-1", "replace")))
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "headers": headers,
        "query_string": b"", "scheme": "http", "root_path": "", "raw_path": path.encode(),
        "asgi": {"version": "3.0"}, "server": ("ca.example", 80), "client": ("ee.example", 1),
    }  # fmt: skip
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in said.pieces
    ]
    is_gone = len(said.pieces) % 5 == 4
    events.append({"type": "http.disconnect" if is_gone else "http.request"})
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0) if events else {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        told.append(event)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    return _checked(told[0]["status"], seen)


def _to_mail(said: Case) -> str:
    try:
        octets = mail.extract(b"".join(said.pieces), limits=LIMITS)
    except TransportError as error:
        if error.reason not in ("media_type", "limit"):
            raise
        return error.reason
    assert len(octets) <= MAX
    return "message"


def _to_media_type(said: Case) -> str:
    kind, smime_type = parsed(b"".join(said.pieces).decode("latin-1"))
    assert kind == kind.lower()
    return "other" if kind != PKCS7 else str(smime_type is not None)


def _media_type(random: Random) -> tuple[bytes, tuple[str, ...]]:
    return _changed(random, f"{PKCS7}; smime-type=CMC-Request; name=a".encode()), ()


WHOM: dict[str, Callable[[Case], str]] = {
    "framer": _to_framer,
    "TCP client": _to_tcp_client,
    "TCP server": _to_tcp_server,
    "HTTP client": _to_http_client,
    "WSGI": _to_wsgi,
    "ASGI": _to_asgi,
    "mail": _to_mail,
    "media type": _to_media_type,
}
MADE: dict[str, Callable[[Random], tuple[bytes, tuple[str, ...]]]] = {
    "framer": _said_over_tcp,
    "TCP client": _said_over_tcp,
    "TCP server": _said_over_tcp,
    "HTTP client": _response,
    "WSGI": _request,
    "ASGI": _request,
    "mail": _mail,
    "media type": _media_type,
}
