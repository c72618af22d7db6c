"""Messages over TCP (RFC 10003 §7)."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import suppress

import pytest

from cmcodec.transports import Limits, TransportError, tcp
from kit.authority import Authority
from kit.transports import full_request, peer, rest, saying, tcp_server, unused_port

MESSAGE = bytes.fromhex("3003020101")
ANSWER = bytes.fromhex("3080020102 0000")


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30)


def test_r_194_messages_travel_as_they_are() -> None:
    """R-194: neither a length before them nor a layer around them; one connection for several."""
    seen = []
    with tcp_server(lambda octets: (seen.append(octets), ANSWER)[1]) as port:
        with connected(port) as connection:
            for _ in range(3):
                connection.sendall(MESSAGE)
                assert connection.recv(100) == ANSWER
        with tcp.Client("127.0.0.1", port) as client:
            assert [client.send(MESSAGE) for _ in range(3)] == [ANSWER] * 3
    assert seen == [MESSAGE] * 6


def test_r_195_the_port_is_that_of_cmc() -> None:
    """R-195: 5318, unless another one is named."""
    assert tcp.Server(bytes).port == tcp.PORT == 5318


def test_r_237_the_next_message_waits_for_the_answer() -> None:
    """R-237: a client sends nothing before its answer is complete; a server answers in order.

    The answer comes in two pieces here, and the second message is not sent between them.
    """
    early = []

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            assert connection.recv(100) == MESSAGE
            connection.sendall(ANSWER[:3])
            connection.settimeout(0.05)
            try:
                early.append(connection.recv(100))
            except TimeoutError:
                connection.settimeout(None)
            connection.sendall(ANSWER[3:])

    with peer(answer) as port, tcp.Client("127.0.0.1", port) as client:
        assert [client.send(MESSAGE), client.send(MESSAGE)] == [ANSWER, ANSWER]
    assert early == []


def test_messages_that_came_together_are_answered_in_order() -> None:
    """A client may not do so; a server answers all the same, one after the other."""
    with tcp_server(lambda octets: octets) as port, connected(port) as connection:
        connection.sendall(b"\x30\x01a\x30\x01b")
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection) == b"\x30\x01a\x30\x01b"


def test_a_handler_may_be_a_coroutine() -> None:
    """What works on the event loop already needs no thread."""

    async def handler(octets: bytes) -> bytes:
        await asyncio.sleep(0)
        return octets

    with tcp_server(handler) as port, tcp.Client("127.0.0.1", port) as client:
        assert client.send(MESSAGE) == MESSAGE


def test_a_ca_answers() -> None:
    """The role is the handler."""
    authority = Authority()
    with tcp_server(authority.build().respond) as port, tcp.Client("127.0.0.1", port) as client:
        first = client.send(full_request())
        assert first[:1] == b"\x30"


@pytest.mark.parametrize(
    ("octets", "limits"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", {}),
        (b"\x30\x84\x7f\xff\xff\xff", {}),
        (b"", {"idle": 1.0}),
        (b"\x30\x82\x01\x00", {"whole": 0.05}),
        (MESSAGE, {"max_size": 4}),
    ],
    ids=["garbage", "lying", "silent", "slow", "long"],
)  # fmt: skip
def test_who_exceeds_a_limit_is_cut_off(octets: bytes, limits: dict[str, float]) -> None:
    """Without an answer; others are answered as before."""
    with tcp_server(lambda octets: octets, **limits) as port, connected(port) as connection:
        connection.sendall(octets)
        assert rest(connection) == b""
        with connected(port) as other:
            other.sendall(b"\x30\0")
            assert other.recv(10) == b"\x30\0"


def test_who_takes_no_answer_is_cut_off() -> None:
    """The answer waits no longer than a message may take."""
    ended = threading.Event()
    answer = b"\x30\x84\x03\xff\xff\xfa" + bytes(2**26 - 6)
    with tcp_server(lambda octets: answer, whole=0.05) as port, connected(port) as connection:
        connection.sendall(MESSAGE)
        while not ended.is_set():
            try:
                connection.sendall(MESSAGE)
            except OSError:
                ended.set()
    assert ended.is_set()


def test_connections_are_bounded() -> None:
    """One too many is closed at once, and there is room again when another one ends."""
    with tcp_server(lambda octets: octets, connections=1) as port:
        with connected(port) as first:
            first.sendall(MESSAGE)
            assert first.recv(10) == MESSAGE
            with connected(port) as second:
                assert rest(second) == b""
        client = tcp.Client("127.0.0.1", port)
        answers = []
        while not answers:
            with suppress(TransportError):
                answers.append(client.send(MESSAGE))
        assert answers == [MESSAGE]
        client.close()


@pytest.mark.parametrize("handler", [lambda octets: b"", lambda octets: 1 // 0])
def test_no_answer_closes_the_connection(handler: object) -> None:
    """Where the handler has none, or fails."""
    with tcp_server(handler) as port, tcp.Client("127.0.0.1", port) as client:
        with pytest.raises(TransportError) as caught:
            client.send(MESSAGE)
        assert caught.value.reason == "closed"


def test_closing_waits_for_answers() -> None:
    """What has begun is answered; who is idle is not waited for, and nobody new is taken."""
    begun, may_end = threading.Event(), threading.Event()

    def handler(octets: bytes) -> bytes:
        begun.set()
        may_end.wait()
        return octets

    async def work() -> None:
        server = tcp.Server(handler, port=0)
        await server.start()
        port = server.port
        _, _idle = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(MESSAGE)
        await asyncio.to_thread(begun.wait)
        closing = asyncio.create_task(server.close())
        await asyncio.sleep(0)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        may_end.set()
        assert await reader.read() == MESSAGE
        await closing
        for each in (writer, _idle):
            each.close()

    asyncio.run(work())


def test_a_client_opens_another_connection() -> None:
    """A server may close an idle one (R-194); the same octets are sent again."""
    with (
        peer(saying(ANSWER), saying(ANSWER)) as port,
        tcp.Client("127.0.0.1", port) as client,
    ):
        assert [client.send(MESSAGE), client.send(MESSAGE)] == [ANSWER, ANSWER]


def test_more_than_one_answer_ends_the_connection() -> None:
    """R-237: nobody knows which message the second one answers; the next has a new connection."""
    with (
        peer(saying(ANSWER * 2, stays=True), saying(ANSWER)) as port,
        tcp.Client("127.0.0.1", port) as client,
    ):
        assert [client.send(MESSAGE), client.send(MESSAGE)] == [ANSWER, ANSWER]


@pytest.mark.parametrize(
    ("answer", "reason", "fields"),
    [
        (b"\x30\x03\x02", "closed", {}),
        (b"HTTP/1.1 400", "limit", {}),
        (b"\x30\x84\x7f\xff\xff\xff", "limit", {}),
        (b"\x30\x03\x02", "timeout", {"timeout": 0.05}),
        (ANSWER, "limit", {"limits": Limits(max_size=4)}),
    ],
)
def test_a_client_says_what_went_wrong(
    answer: bytes, reason: str, fields: dict[str, float]
) -> None:
    """Answers that end early, are none, come too late or are too long."""
    with (
        peer(saying(answer, stays=reason != "closed")) as port,
        tcp.Client("127.0.0.1", port, **fields) as client,  # type: ignore[arg-type]
        pytest.raises(TransportError) as caught,
    ):
        client.send(MESSAGE)
    assert caught.value.reason == reason


def test_nobody_listens() -> None:
    """A port that nobody has."""
    with pytest.raises(TransportError) as caught:
        tcp.Client("127.0.0.1", unused_port()).send(MESSAGE)
    assert (caught.value.reason, str(caught.value)) == ("refused", "refused")


def test_a_connection_that_is_reset() -> None:
    """By a peer that aborts."""

    def abort(connection: socket.socket) -> None:
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with (
        peer(abort) as port,
        tcp.Client("127.0.0.1", port) as client,
        pytest.raises(TransportError, match="closed"),
    ):
        client.send(MESSAGE)


@pytest.mark.parametrize(
    "fields",
    [{"max_size": 0}, {"max_size": 2**32}, {"idle": 0}, {"whole": -1.0}, {"connections": 0}],
)
def test_limits_are_limits(fields: dict[str, float]) -> None:
    """Each is positive and finite."""
    with pytest.raises(ValueError, match=next(iter(fields))):
        Limits(**fields)  # type: ignore[arg-type]
