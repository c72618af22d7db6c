"""The threads that a service answers in: what waits together is answered together."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec.embedded.serving import web
from cmcodec.embedded.serving.answering import Answering
from cmcodec.embedded.serving.metrics import Metrics
from cmcodec.embedded.serving.service import Answer
from cmcodec.transports import Limits
from kit.served import until

if TYPE_CHECKING:
    from collections.abc import Sequence

BOTH_BACKENDS = False


class Service:
    """Answers with what it is asked; ``groups`` are what came together. Waits for ``go``."""

    every = 1.0

    def __init__(self, together: int) -> None:
        self.together = together
        self.groups: list[list[bytes]] = []
        self.go = threading.Event()
        self.fails = False

    def answer_all(self, messages: Sequence[bytes]) -> list[Answer]:
        self.groups.append(list(messages))
        assert self.go.wait(60)
        if self.fails:
            raise RuntimeError("a defect")
        return [Answer(b"to " + each, "success", 0.0) for each in messages]


def asked(service: Any, messages: Sequence[bytes], gone: Sequence[int] = ()) -> list[Any]:
    """What comes of messages, of which the first is worked on while the others wait.

    ``gone``: the clients of these do not wait.
    """
    answering = Answering(service, Metrics(), threads=1)
    handler = answering.handler("tcp")

    async def main() -> list[Any]:
        tasks = [asyncio.ensure_future(handler(messages[0]))]
        await asyncio.to_thread(lambda: until(lambda: service.groups))
        tasks += [asyncio.ensure_future(handler(each)) for each in messages[1:]]
        await asyncio.sleep(0)
        for number in gone:
            tasks[number].cancel()
        await asyncio.sleep(0)
        service.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    try:
        return asyncio.run(main())
    finally:
        assert answering.finish(60) == 0


def test_what_waits_is_taken_together() -> None:
    """In its order, not more than the service takes; each has its own answer."""
    service = Service(3)
    messages = [b"%d" % number for number in range(6)]
    assert asked(service, messages) == [b"to " + each for each in messages]
    assert service.groups == [[b"0"], [b"1", b"2", b"3"], [b"4", b"5"]]


def test_long_messages_are_not_taken_together() -> None:
    """More than a mebioctet of them, unless it is one."""
    service = Service(10)
    long = [bytes([number]) * (600 << 10) for number in range(3)]
    huge = b"x" * (2 << 20)
    asked(service, [b"first", *long, huge, b"short"])
    assert [list(map(len, each)) for each in service.groups] == [
        [5], [600 << 10], [600 << 10], [600 << 10], [2 << 20], [5],
    ]  # fmt: skip


def test_whose_client_has_gone_is_not_worked_on() -> None:
    """The others are."""
    service = Service(10)
    found = asked(service, [b"0", b"1", b"2"], gone=[1])
    assert isinstance(found.pop(1), asyncio.CancelledError)
    assert found == [b"to 0", b"to 2"]
    assert service.groups == [[b"0"], [b"2"]]


def test_a_defect_is_that_of_all_that_were_taken() -> None:
    """No connection waits for ever."""
    service = Service(10)
    service.fails = True
    found = asked(service, [b"0", b"1", b"2"])
    assert [type(each) for each in found] == [RuntimeError] * 3


@pytest.mark.parametrize("waiting", [0, 3])
def test_nothing_is_begun_after_the_end(waiting: int) -> None:
    """What waits still is given up, what is worked on is waited for."""
    service = Service(1)
    answering = Answering(service, Metrics(), threads=1)
    handler = answering.handler("tcp")

    async def main() -> list[Any]:
        tasks = [asyncio.ensure_future(handler(b"0"))]
        await asyncio.to_thread(lambda: until(lambda: service.groups))
        tasks += [asyncio.ensure_future(handler(b"%d" % each)) for each in range(waiting)]
        await asyncio.sleep(0)
        assert answering.finish(0.0) == 1
        service.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(main())
    assert found[0] == b"to 0"
    assert all(isinstance(each, asyncio.CancelledError) for each in found[1:])
    assert len(found) == waiting + 1
    assert service.groups == [[b"0"]]


def test_who_comes_after_the_end_is_not_kept() -> None:
    """A connection that was accepted when the others had been told holds up no end."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody asks")

    async def main() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        server = web.Server(app, Limits(), 60.0)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await server.accepts.wait()
        server.config.is_stopping = True
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        server.stop()
        await serving
        assert not server.server_state.connections

    asyncio.run(main())
