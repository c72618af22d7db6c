"""A load generator for `serving`: many connections that are kept alive, in one cheap thread.

Requests are octets that were made before. Each connection sends one, waits for its answer and sends
the next. In each answer the octets are looked for that must be in it.

`hostile` is the other kind of peers: those that are slow, lie about lengths, or send garbage.
"""

from __future__ import annotations

import math
import os
import select
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Place = tuple[str, int]

_HEAD = (
    b"POST / HTTP/1.1\r\nHost: ca\r\n"
    b"Content-Type: application/pkcs7-mime; smime-type=CMC-request\r\nContent-Length: %d\r\n\r\n"
)
_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_PATIENCE = 60.0
"""Seconds until a server that says nothing is one that fails."""
_AGAIN = 0.5
"""Seconds until a peer that was cut off is there again."""


class Asked(NamedTuple):
    """A request, and what stands in the right answer to it alone."""

    octets: bytes
    mark: bytes


@dataclass
class Driven:
    """What came of it. ``latencies`` in seconds, ``cpu``: of the generator, for all of it."""

    seconds: float
    latencies: list[float] = field(repr=False)
    errors: list[str]
    kept: list[tuple[int, bytes]] = field(repr=False)
    """Numbers of requests and whole answers, of as many as were to be kept."""
    cpu: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that this share does not exceed."""
        found = sorted(self.latencies)
        return found[min(len(found) - 1, int(len(found) * share))]


class _Connection:
    """One that is kept alive, with a request on its way."""

    def __init__(self, place: Place) -> None:
        self.socket = socket.create_connection(place)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self.since, self.received = -1, 0.0, b""

    def send(self, number: int, octets: bytes) -> None:
        # Smaller than what the kernel takes at once.
        self.number, self.received, self.since = number, b"", time.perf_counter()
        self.socket.sendall(octets)

    def answer(self) -> tuple[bytes, bytes] | None:
        """Head and body, once all is there; raises `OSError` where the server has closed."""
        octets = self.socket.recv(1 << 16)
        if not octets:
            raise ConnectionResetError("closed by the server")
        self.received += octets
        head, end, body = self.received.partition(_END)
        if not end:
            return None
        _, _, rest = head.partition(_LENGTH)
        length = int(rest.partition(b"\r\n")[0] or 0)
        return (head, body) if len(body) >= length else None


def drive(
    place: Place,
    asked: Sequence[Asked],
    *,
    connections: int,
    seconds: float,
    keep: int = 100,
    rate: float = math.inf,
) -> Driven:
    """Asks until the time is over, or all is asked; each ``keep``-th answer is kept whole.

    ``rate``: no more requests in a second. What waits for that counts as latency.
    """
    requests = iter(enumerate(_HEAD % len(each.octets) + each.octets for each in asked))
    latencies: list[float] = []
    errors: list[str] = []
    kept: list[tuple[int, bytes]] = []
    began, cpu = time.perf_counter(), time.process_time()
    until = began + seconds
    poll = select.epoll()
    running: dict[int, _Connection] = {}

    def ask(connection: _Connection) -> None:
        found = next(requests, None) if time.perf_counter() < until else None
        if found is None:
            poll.unregister(connection.socket)
            del running[connection.socket.fileno()]
            connection.socket.close()
        else:
            time.sleep(max(0.0, began + found[0] / rate - time.perf_counter()))
            connection.send(*found)

    def heard(connection: _Connection) -> None:
        try:
            answer = connection.answer()
        except OSError as error:
            raise AssertionError(f"a connection was lost: {error}") from error
        if answer is None:
            return
        latencies.append(time.perf_counter() - connection.since)
        head, body = answer
        number = connection.number
        if not head.startswith(b"HTTP/1.1 200 ") or asked[number].mark not in body:
            errors.append(f"request {number}: {head[:40]!r}, {len(body)} octets, not its own")
        if number % keep == 0:
            kept.append((number, body))
        ask(connection)

    for _ in range(connections):
        connection = _Connection(place)
        running[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)
        ask(connection)
    while running:
        ready = poll.poll(_PATIENCE)
        assert ready, "no answer for a minute"
        for number, _ in ready:
            heard(running[number])
    poll.close()
    taken = time.perf_counter() - began
    return Driven(taken, latencies, errors, kept, time.process_time() - cpu)


# --- peers that are no good ----------------------------------------------------------------------


@contextmanager
def hostile(place: Place, count: int) -> Iterator[None]:
    """So many peers of each kind, in a process of their own, as long as the block runs."""
    process = get_context("fork").Process(target=_torment, args=(place, count), daemon=True)
    process.start()
    try:
        yield
    finally:
        assert process.is_alive(), "who was to be hostile has given up"
        process.kill()
        process.join()
        process.close()


_SLOW = _HEAD % 1000
_LYING = (_HEAD % 50_000 + b"0" * 100, _HEAD % 10 + b"0" * 500)
"""More is said to come than comes, and less."""


def _torment(place: Place, count: int) -> None:
    """Slow ones send an octet of a head at a time; who is cut off comes again."""
    slow: list[tuple[socket.socket, int]] = []
    others: list[socket.socket] = []
    while True:
        slow = [(each, sent + 1) for each, sent in slow if _sent(each, _SLOW[sent : sent + 1])]
        slow += [(_peer(place), 0) for _ in range(count - len(slow))]
        others = [each for each in others if _is_open(each)]
        for number in range(len(others), 2 * count):
            peer = _peer(place)
            _sent(peer, _LYING[number // 2 % 2] if number % 2 else os.urandom(300))
            others.append(peer)
        time.sleep(_AGAIN)


def _peer(place: Place) -> socket.socket:
    made = socket.create_connection(place)
    made.setblocking(False)
    return made


def _sent(peer: socket.socket, octets: bytes) -> bool:
    try:
        peer.send(octets)
    except OSError:
        peer.close()
        return False
    return bool(octets) and _is_open(peer)


def _is_open(peer: socket.socket) -> bool:
    """Whether a server still has patience; what it says is not looked at."""
    try:
        while peer.recv(1 << 16):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    peer.close()
    return False
