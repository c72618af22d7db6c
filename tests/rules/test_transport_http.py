"""Messages over HTTP (RFC 10003 §6)."""

from __future__ import annotations

import asyncio
import gzip
import io
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

import cmcodec
from cmcodec import types
from cmcodec.builders import ResponseBuilder
from cmcodec.roles import CertificationAuthority
from cmcodec.transports import Limits, TransportError
from cmcodec.transports import http as cmc_http
from kit.authority import Authority
from kit.transports import (
    SERVERS,
    Response,
    asgi_server,
    coded_smime_types,
    full_request,
    messages,
    peer,
    raw,
    saying,
    signer,
    unused_port,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

MESSAGES = messages()
PKCS7 = "application/pkcs7-mime"
REQUEST_TYPES = {
    "simple-request": "application/pkcs10; name=request.p10",
    "full-request": f"{PKCS7}; smime-type=CMC-Request; name=request.p7m",
}
ANSWER_TYPES = {
    "simple-response": f"{PKCS7}; smime-type=certs-only; name=response.p7c",
    "full-response": f"{PKCS7}; smime-type=CMC-Response; name=response.p7m",
}
APPLICATIONS: dict[str, Callable[..., Any]] = {"asgi": cmc_http.asgi, "wsgi": cmc_http.wsgi}

each_side = pytest.mark.parametrize("side", APPLICATIONS)


def served(side: str, handler: Any, **limits: Any) -> Any:
    return SERVERS[side](APPLICATIONS[side](handler, limits=Limits(**limits)))


def always(answer: bytes) -> Callable[[bytes], bytes]:
    return lambda octets: answer


def post(url: str, body: bytes, content_type: str | None = PKCS7, method: str = "POST") -> Response:
    """A response to a request in which there is nothing but what is said."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    return raw(f"{url}/any/where", body, headers, method)


@each_side
@pytest.mark.parametrize("asked", REQUEST_TYPES)
@pytest.mark.parametrize("answer", ANSWER_TYPES)
def test_r_193_bodies_and_their_media_types(side: str, asked: str, answer: str) -> None:
    """R-008, R-190, R-191, R-193: octets as they are, under the types of the table, and a 2XX.

    Nobody has authenticated, and there is no cookie.
    """
    seen = []

    def handler(octets: bytes) -> bytes:
        seen.append(octets)
        return MESSAGES[answer]

    with served(side, handler) as url:
        response = post(url, MESSAGES[asked], REQUEST_TYPES[asked])
        assert (response.status, response.body) == (200, MESSAGES[answer])
        assert response.headers["content-type"] == ANSWER_TYPES[answer]
        assert "set-cookie" not in response.headers
        with cmc_http.Client(url) as client:
            assert client.send(MESSAGES[asked]) == MESSAGES[answer]
    assert seen == [MESSAGES[asked]] * 2


@pytest.mark.parametrize("asked", REQUEST_TYPES)
def test_r_189_a_client_posts(asked: str) -> None:
    """R-189, R-193: POST, with the type of the table; or the media type alone, for who wants it."""
    seen = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.method, request.headers["content-type"], request.content))
        return httpx2.Response(200, content=body(), headers={"Content-Type": PKCS7})

    async def body() -> AsyncIterator[bytes]:
        yield MESSAGES["full-response"]

    for content_type in ("rfc10003", "bare"):
        client = cmc_http.Client("http://ca.example/cmc", content_type=content_type)  # type: ignore[arg-type]
        client._client = httpx2.AsyncClient(transport=httpx2.MockTransport(respond))
        with client:
            assert client.send(MESSAGES[asked]) == MESSAGES["full-response"]
    bare = REQUEST_TYPES[asked].partition(";")[0]
    assert seen == [
        ("POST", REQUEST_TYPES[asked], MESSAGES[asked]), ("POST", bare, MESSAGES[asked]),
    ]  # fmt: skip


@each_side
@pytest.mark.parametrize(
    "content_type",
    ["Application/PKCS7-MIME; SMIME-TYPE=cmc-request",
     f'{PKCS7};smime-type="CMC-Request"', PKCS7,
     *(f"{PKCS7}; {coded}" for coded in coded_smime_types("CMC-Request"))],
)  # fmt: skip
def test_media_types_of_others_are_taken(side: str, content_type: str) -> None:
    """T-33: whatever the case, coded (RFC 2231) or not; and without smime-type."""
    with served(side, always(MESSAGES["full-response"])) as url:
        assert post(url, MESSAGES["full-request"], content_type).status == 200


@each_side
@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", f"{PKCS7}; smime-type=certs-only", f"{PKCS7}; smime-type=CMC-Response",
     "application/pkcs7", "multipart/mixed; boundary=x",
     *(f"{PKCS7}; {coded}" for coded in coded_smime_types("certs-only"))],
)  # fmt: skip
def test_another_media_type_is_refused(side: str, content_type: str | None) -> None:
    """415: nobody is asked."""
    with served(side, None) as url:
        assert post(url, MESSAGES["full-request"], content_type).status == 415


@each_side
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_no_post_is_refused(side: str, method: str) -> None:
    """R-189: 405, which says what is taken."""
    with served(side, None) as url:
        response = post(url, b"", PKCS7, method)
    assert (response.status, response.headers["allow"]) == (405, "POST")


@each_side
def test_a_message_may_be_too_long(side: str) -> None:
    """413, by its length, before it is read."""
    with served(side, lambda octets: octets, max_size=100) as url:
        assert post(url, bytes(101)).status == 413
        assert raw(url, b"", {"Content-Type": PKCS7, "Content-Length": str(10**15)}).status == 413


def test_a_message_without_a_length_may_be_too_long() -> None:
    """413 as soon as it is."""
    with served("asgi", None, max_size=100) as url:
        headers = {"Content-Type": PKCS7, "Transfer-Encoding": "chunked"}
        assert raw(url, b"3c\r\n" + bytes(60) + b"\r\n3c\r\n" + bytes(60), headers).status == 413


def test_a_slow_message_is_cut_off() -> None:
    """408 where a message takes longer than it may."""
    with served("asgi", None, whole=0.05) as url:
        response = raw(url, b"0", {"Content-Type": PKCS7, "Content-Length": "10"})
    assert (response.status, response.headers["connection"]) == (408, "close")


@each_side
def test_no_answer_is_204(side: str) -> None:
    """Where the handler has none."""
    with served(side, always(b"")) as url, cmc_http.Client(url) as client:
        response = post(url, MESSAGES["full-request"])
        assert (response.status, response.body) == (204, b"")
        assert client.send(MESSAGES["full-request"]) == b""


@each_side
def test_a_handler_that_fails_is_500(side: str) -> None:
    """It says nothing of why."""
    with served(side, lambda octets: 1 // 0) as url, cmc_http.Client(url) as client:
        assert post(url, MESSAGES["full-request"]).body == b""
        with pytest.raises(TransportError) as caught:
            client.send(MESSAGES["full-request"])
    assert (caught.value.reason, caught.value.status) == ("status", 500)
    assert str(caught.value) == "status 500"


@each_side
def test_a_handler_may_be_a_coroutine(side: str) -> None:
    """On the event loop, or on one of its own."""

    async def handler(octets: bytes) -> bytes:
        await asyncio.sleep(0)
        return MESSAGES["full-response"]

    with served(side, handler) as url:
        assert post(url, MESSAGES["full-request"]).status == 200


@each_side
def test_a_failure_of_cmc_is_200(side: str) -> None:
    """RFC 10003 says nothing else: a Full PKI Response has arrived."""
    failing = ResponseBuilder().fail(types.CMCFailInfo.BAD_REQUEST, 0).sign(signer())
    with served(side, always(failing)) as url:
        assert post(url, MESSAGES["full-request"]).status == 200


def test_requests_at_a_time_are_bounded() -> None:
    """503 for one too many; the handler works in threads meanwhile."""
    begun, may_end = threading.Event(), threading.Event()

    def handler(octets: bytes) -> bytes:
        begun.set()
        may_end.wait()
        return MESSAGES["full-response"]

    found: list[int] = []
    with served("asgi", handler, connections=1) as url:
        first = threading.Thread(
            target=lambda: found.append(post(url, MESSAGES["full-request"]).status)
        )
        first.start()
        begun.wait()
        assert post(url, MESSAGES["full-request"]).status == 503
        may_end.set()
        first.join()
        assert post(url, MESSAGES["full-request"]).status == 200
    assert found == [200]


@each_side
def test_a_ca_answers(side: str) -> None:
    """R-008: the role is the handler."""
    authority = Authority().build()
    assert isinstance(authority, CertificationAuthority)
    with served(side, authority.respond) as url, cmc_http.Client(url) as client:
        answer = client.send(full_request())
    assert cmcodec.load(answer).kind == "full-response"


def test_clients_on_an_event_loop() -> None:
    """Several messages at a time."""

    async def work(url: str) -> list[bytes]:
        async with cmc_http.AsyncClient(url) as client:
            sent = (client.send(MESSAGES["full-request"]) for _ in range(5))
            return list(await asyncio.gather(*sent))

    with served("asgi", always(MESSAGES["full-response"])) as url:
        assert asyncio.run(work(url)) == [MESSAGES["full-response"]] * 5


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkcs7-mime\r\n"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/pkcs7-mime\r\n"
"""As django-ca-cmc refuses, with words under the type of messages."""


@pytest.mark.parametrize(
    ("answer", "ends", "reason"),
    [
        (b"", True, "closed"),
        (OK + b"Content-Length: 10\r\n\r\n123", True, "closed"),
        (b"garbage\r\n\r\n", True, "closed"),
        (OK + b"Content-Length: 10\r\n\r\n123", False, "timeout"),
        (OK + b"Content-Length: 2000\r\n\r\n" + bytes(2000), True, "limit"),
        (OK + b"Content-Length: 150\r\n\r\n" + bytes(150), True, "limit"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True, "media_type"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", True, "status"),
        (REFUSED + b"Content-Length: 20\r\n\r\ninvalid content type", True, "status"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_async", [False, True])
def test_a_client_says_what_went_wrong(
    answer: bytes, ends: bool, reason: str, is_async: bool
) -> None:
    """Answers that end early, are none, come too late or are too long; nothing is followed."""
    fields: dict[str, Any] = {"timeout": 30.0 if ends else 0.05, "limits": Limits(max_size=100)}

    async def send_async(url: str) -> None:
        async with cmc_http.AsyncClient(url, **fields) as client:
            await client.send(MESSAGES["full-request"])

    def send(url: str) -> None:
        with cmc_http.Client(url, **fields) as client:
            client.send(MESSAGES["full-request"])

    with peer(saying(answer, stays=not ends)) as port:
        url = f"http://127.0.0.1:{port}"
        with pytest.raises(TransportError) as caught:
            asyncio.run(send_async(url)) if is_async else send(url)
    assert caught.value.reason == reason


@pytest.mark.parametrize("first", [b"", OK + b"Transfer-Encoding: chunked\r\n\r\n"])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_answer_takes_no_longer_than_the_timeout(first: bytes, is_async: bool) -> None:
    """The timeout is for the whole answer: octets that come all the time do not begin it anew."""
    again = b"1\r\n0\r\n" if first else b"HTTP/1.1 100 Continue\r\n\r\n"

    def work(connection: socket.socket) -> None:
        connection.recv(65536)
        with suppress(OSError):
            connection.sendall(first)
            while True:
                connection.sendall(again)

    async def send_async(url: str) -> None:
        async with cmc_http.AsyncClient(url, timeout=0.2) as client:
            await client.send(MESSAGES["full-request"])

    def send(url: str) -> None:
        with cmc_http.Client(url, timeout=0.2) as client:
            client.send(MESSAGES["full-request"])

    with peer(work) as port:
        url = f"http://127.0.0.1:{port}"
        with pytest.raises(TransportError) as caught:
            asyncio.run(send_async(url)) if is_async else send(url)
    assert caught.value.reason == "timeout"


@each_side
def test_a_client_waits_wherever_it_is_asked(side: str) -> None:
    """One client in several threads at once, and in a thread whose own loop waits meanwhile."""
    answer = MESSAGES["full-response"]

    async def in_a_notebook(client: cmc_http.Client) -> bytes:
        return client.send(MESSAGES["full-request"])

    with served(side, always(answer)) as url, cmc_http.Client(url) as client:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(client.send, [MESSAGES["full-request"]] * 8))
        assert found == [answer] * 8
        assert asyncio.run(in_a_notebook(client)) == answer
        assert client.send(MESSAGES["full-request"]) == answer


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
def test_an_answer_is_not_compressed(coding: str) -> None:
    """A client asks for no coding and undoes none: what comes may be 1,000 times as long."""
    body = gzip.compress(bytes(10_000))
    head = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    seen = []

    def work(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(OK + head.encode() + body)

    with (
        peer(work) as port,
        cmc_http.Client(f"http://127.0.0.1:{port}") as client,
        pytest.raises(TransportError) as caught,
    ):
        client.send(MESSAGES["full-request"])
    assert caught.value.reason == "media_type"
    assert b"\r\naccept-encoding: identity\r\n" in seen[0].lower()


def test_nobody_listens() -> None:
    """A port that nobody has."""
    with (
        cmc_http.Client(f"http://127.0.0.1:{unused_port()}") as client,
        pytest.raises(TransportError) as caught,
    ):
        client.send(MESSAGES["full-request"])
    assert caught.value.reason == "refused"


def test_r_192_tls_is_new_enough() -> None:
    """R-192, R-236: 1.2 at least; ``ssl`` sends no early data."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.raises(ValueError, match="minimum_version"):
        cmc_http.Client("https://ca.example", tls=old)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    cmc_http.Client("https://ca.example", tls=old).close()
    assert not any("early" in each.lower() for each in dir(ssl.SSLContext))


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("ftp://ca.example", {}), ("ca.example", {}), ("http://a", {"timeout": 0}),
        ("http://a", {"content_type": "none"}),
    ],
)  # fmt: skip
def test_clients_are_told_what_they_can_do(url: str, fields: dict[str, Any]) -> None:
    """Other URLs and settings are refused."""
    with pytest.raises(ValueError, match=r"url|timeout|content_type"):
        cmc_http.Client(url, **fields)


def test_the_type_of_an_answer() -> None:
    """R-193: for the view of a framework."""
    for kind, content_type in ANSWER_TYPES.items():
        assert cmc_http.media_type(MESSAGES[kind]) == content_type


def test_an_application_may_be_mounted() -> None:
    """Wherever a site wants it."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = Starlette(routes=[Mount("/pki", cmc_http.asgi(always(MESSAGES["full-response"])))])
    with asgi_server(app) as url:
        for path, status in (("/pki/", 200), ("/pki/cmc", 200), ("/other", 404)):
            sent = raw(url + path, MESSAGES["full-request"], {"Content-Type": PKCS7})
            assert sent.status == status


@each_side
@pytest.mark.parametrize(
    "pieces", ["name*0=a; name*=b", "name*1*=a; name*=b", "smime-type*0=CMC; smime-type*=-Request"]
)
def test_a_media_type_in_pieces_that_do_not_fit(side: str, pieces: str) -> None:
    """P9: the parser of the standard library raises TypeError for it, in a server and a client."""
    with served(side, None) as url:
        assert post(url, MESSAGES["full-request"], f"{PKCS7}; {pieces}").status == 415
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {PKCS7}; {pieces}\r\nContent-Length: 0\r\n\r\n"
    with (
        peer(saying(head.encode())) as port,
        cmc_http.Client(f"http://127.0.0.1:{port}") as client,
        pytest.raises(TransportError, match="media_type"),
    ):
        client.send(MESSAGES["full-request"])


@each_side
def test_a_media_type_that_is_very_long(side: str) -> None:
    """P7: it is none, and nobody looks for parameters in it, which would take quadratic time."""
    long = f'{PKCS7}; a="' + ";" * 8000
    with served(side, None) as url:
        assert post(url, MESSAGES["full-request"], long).status == 415


@pytest.mark.parametrize(
    ("status", "length", "body", "more"),
    [
        (200, "3", b"abc", {}),
        (200, "", b"abc", {"wsgi.input_terminated": True}),
        (411, "", b"abc", {}),
        (400, "three", b"abc", {}),
        (400, "4", b"abc", {}),
        (413, "5", b"abcde", {}),
        (413, "", b"abcde", {"wsgi.input_terminated": True}),
    ],
)
def test_lengths_that_a_server_of_wsgi_passes_on(
    status: int, length: str, body: bytes, more: dict[str, Any]
) -> None:
    """PEP 3333: some servers check Content-Length, and some do not."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/", "CONTENT_TYPE": "application/pkcs10",
        "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(body), **more,
    }  # fmt: skip
    application = cmc_http.wsgi(always(MESSAGES["full-response"]), limits=Limits(max_size=4))
    list(application(environ, lambda line, headers: said.append(line)))
    assert [each.partition(" ")[0] for each in said] == [str(status)]


@pytest.mark.parametrize(
    ("missing", "use", "extra"),
    [
        ("httpx2", lambda: cmc_http.Client("http://ca.example"), "client"),
        ("starlette.applications", lambda: cmc_http.asgi(bytes), "server"),
    ],
)
def test_an_extra_that_is_not_installed_is_told(
    missing: str, use: Callable[[], object], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(cmcodec.UnsupportedError, match=rf"pip install 'cmcodec\[{extra}\]'"):
        use()
