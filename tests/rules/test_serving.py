"""A role in processes of its own: listeners, signals, workers, logs and metrics."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from cmcodec.embedded.serving import ServingError, serve
from cmcodec.errors import UnsupportedError
from cmcodec.transports import est, http, tcp
from kit.served import OF_ALL, Served, served, started, told, until
from kit.transports import full_request, raw, rest

BOTH_BACKENDS = False

ROOT = Path(__file__).resolve().parents[2]
FREE = "127.0.0.1:0"
HEADERS = {"Content-Type": "application/pkcs7-mime"}

each_count = pytest.mark.parametrize("workers", [1, 2])


def asked(server: Served, text: str) -> int:
    """The status of the response to a message over HTTP."""
    return raw(f"{server.url()}/", told(text), HEADERS).status


def asked_tcp(server: Served, text: str) -> bytes:
    with tcp.Client("127.0.0.1", server.port("tcp")) as client:
        return client.send(told(text))


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return True
    return False


# --- listeners -------------------------------------------------------------------------------


@each_count
def test_every_listener_says_where_it_is(tmp_path: Path, workers: int) -> None:
    """In the order http, tcp, metrics, watch, with the real port; and it accepts."""
    folder = tmp_path / "watched"
    folder.mkdir()
    with served(
        tmp_path, http=FREE, tcp="[::1]:0", metrics=FREE, watch=folder, workers=workers
    ) as server:
        assert [line.split()[:2] for line in server.lines] == [
            ["listening", name] for name in ("http", "tcp", "metrics", "watch")
        ]
        assert server.places["tcp"].startswith("[::1]:")
        assert server.places["watch"] == str(folder)
        with http.Client(server.url()) as client:
            assert client.send(full_request()) == server.answer
        with est.Client(server.url()) as client:
            assert client.send(full_request()) == server.answer
        with est.Client(f"{server.url()}/.well-known/est/label/fullcmc") as client:
            assert client.send(full_request()) == server.answer
        with tcp.Client("::1", server.port("tcp")) as client:
            assert client.send(full_request()) == server.answer
        assert raw(f"{server.url()}/elsewhere", full_request(), HEADERS).status == 404
        assert asked(server, "none") == 204
        assert server.end() == 0


@each_count
def test_nobody_has_to_read_what_it_says(tmp_path: Path, workers: int) -> None:
    """It serves all the same."""
    with started(tmp_path, http=FREE, workers=workers, making="wait") as server:
        until((tmp_path / "making").exists)
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.go()
        until(lambda: server.processes("ticked"))
        assert server.end() == 0
        assert server.log() == ""


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"http": "127.0.0.1"}, "HOST:PORT"), ({"tcp": "::1:80"}, "HOST:PORT"),
        ({"tcp": ":80"}, "HOST:PORT"), ({"metrics": FREE}, "nothing to serve"),
        ({"http": "127.0.0.1:70000"}, "HOST:PORT"), ({"http": "no.invalid:80"}, "http no.invalid"),
        ({"http": FREE, "workers": 0}, "workers"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(settings: dict[str, Any], text: str) -> None:
    """One exception, which says what is wrong."""
    with pytest.raises(ServingError, match=text):
        serve(lambda failed: None, **settings)  # type: ignore[arg-type, return-value]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """It is not made."""
    with pytest.raises(ServingError, match="no folder"):
        serve(lambda failed: None, watch=tmp_path / "none")  # type: ignore[arg-type, return-value]


@each_count
def test_a_port_in_use(tmp_path: Path, workers: int) -> None:
    """Also where those who have it share it between processes."""
    with served(tmp_path, http=FREE, workers=workers) as server:
        for more in (1, 2):
            with pytest.raises(ServingError) as caught:
                serve(lambda failed: None, http=server.places["http"], workers=more)  # type: ignore[arg-type, return-value]
            assert str(caught.value) == f"http {server.places['http']}: Address already in use"
        assert asked(server, "hello") == 200


@each_count
def test_a_service_that_cannot_be_made(tmp_path: Path, workers: int) -> None:
    """It is said, and nothing says that it listens."""
    with started(tmp_path, http=FREE, workers=workers, making="fail") as server:
        assert server.process.wait(60) == 1
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""
        assert "the folder is no CA" in server.log()
        assert "Traceback" not in server.log()


# --- the end ---------------------------------------------------------------------------------


@each_count
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_is_answered_before_the_end(
    tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    """No new connection, an answer to each request that runs, and status 0."""
    with (
        served(tmp_path, http=FREE, tcp=FREE, metrics=FREE, workers=workers) as server,
        ThreadPoolExecutor(4) as threads,
        tcp.Client("127.0.0.1", server.port("tcp")) as idle,
    ):
        assert idle.send(told("hello")) == server.answer
        running = [
            threads.submit(asked, server, "wait"),
            threads.submit(asked_tcp, server, "wait"),
        ]
        server.begun(2)
        server.process.send_signal(number)
        for name in ("http", "tcp", "metrics"):
            until(lambda name=name: is_refused(server.port(name)))
        assert not any(each.done() for each in running)
        server.go()
        assert [each.result() for each in running] == [200, server.answer]
        assert server.process.wait(60) == 0
        assert len(server.processes("closed")) == workers


@each_count
def test_a_signal_before_it_listens(tmp_path: Path, workers: int) -> None:
    """It ends as at any other time."""
    with started(tmp_path, http=FREE, workers=workers, making="wait") as server:
        until((tmp_path / "making").exists)
        server.process.send_signal(signal.SIGTERM)
        server.go()
        assert server.process.wait(60) == 0
        assert len(server.processes("closed")) == workers


@each_count
def test_what_runs_for_too_long_is_cut_off(tmp_path: Path, workers: int) -> None:
    """A thread that does not end keeps no process; it is logged."""
    with (
        served(tmp_path, http=FREE, tcp=FREE, workers=workers, patience=0.1) as server,
        ThreadPoolExecutor(2) as threads,
    ):
        over_http = threads.submit(asked, server, "stay")
        over_tcp = threads.submit(asked_tcp, server, "stay")
        server.begun(2)
        assert server.end() == 0
        for each in (over_http, over_tcp):
            assert each.exception() is not None or each.result() >= 500
        assert "cut off: " in server.log()


@each_count
def test_who_asks_whether_it_is_well_keeps_it_no_longer(tmp_path: Path, workers: int) -> None:
    """A store that hangs is no reason not to end; messages are answered meanwhile."""
    (tmp_path / "hang").touch()
    with (
        served(tmp_path, http=FREE, metrics=FREE, workers=workers, patience=0.1) as server,
        ThreadPoolExecutor(1) as threads,
    ):
        asking = threads.submit(raw, f"{server.url('metrics')}/healthz", b"", method="GET")
        server.begun(1)
        assert asked(server, "hello") == 200
        assert server.end() == 0
        assert asking.exception() is not None or asking.result().status >= 500


# --- workers ---------------------------------------------------------------------------------


def test_workers_are_started_again(tmp_path: Path) -> None:
    """One that dies costs what it worked on, and nothing else; who ticks is replaced too."""
    with served(tmp_path, http=FREE, workers=2) as server:
        before = server.workers()
        assert len(before) == 2
        with pytest.raises(ConnectionError):
            asked(server, "die")
        server.logged(r"ERROR cmcodec.embedded worker \d \(process \d+\) died: SIGKILL")
        until(lambda: len(server.workers()) == 2)
        assert len(before & server.workers()) == 1
        for _ in range(20):
            assert asked(server, "hello") == 200
        (first,) = until(lambda: server.processes("ticked") & server.workers())
        os.kill(first, signal.SIGKILL)
        until(lambda: (server.processes("ticked") - {first}) & server.workers())
        assert server.end() == 0
        assert len(server.processes("closed")) == 2


def test_workers_that_die_again_and_again_end_it(tmp_path: Path) -> None:
    """With an error."""
    with served(tmp_path, http=FREE, workers=2) as server:
        for died in range(5):
            with pytest.raises(ConnectionError):
                asked(server, "die")
            until(lambda died=died: server.log().count("died: SIGKILL") == died + 1)
        assert server.process.wait(60) == 1
        assert "cmc: 5 workers died within 60 seconds" in server.log()


def test_workers_end_with_who_started_them(tmp_path: Path) -> None:
    """Also where that one has been killed: the port is free again."""
    with served(tmp_path, http=FREE, workers=2) as server:
        server.process.kill()
        until(lambda: is_refused(server.port("http")))
        until(lambda: len(server.processes("closed")) == 2)


def test_one_worker_ticks(tmp_path: Path) -> None:
    """What is due is done by one; a failure is logged, and it is tried again."""
    with served(tmp_path, http=FREE, workers=2) as server:
        until(lambda: server.processes("ticked"))
        (tmp_path / "down").touch()
        until(lambda: server.log().count("what is due is tried again: OSError: the store") > 1)
        assert len(server.processes("ticked")) == 1
        assert server.end() == 0


# --- metrics ---------------------------------------------------------------------------------


def metrics(server: Served) -> dict[str, float]:
    """What the metrics say; labels in the order of their names."""
    text = raw(f"{server.url('metrics')}/metrics", b"", method="GET").body.decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
    return {name: float(value) for name, _, value in lines}


@each_count
def test_what_is_counted(tmp_path: Path, workers: int) -> None:
    """Over all workers, also those that have died."""
    with (
        served(tmp_path, http=FREE, tcp=FREE, metrics=FREE, workers=workers) as server,
        ThreadPoolExecutor(1) as threads,
    ):
        for _ in range(8):
            assert asked(server, "hello") == 200
        assert asked(server, "refuse") == 200
        assert asked(server, "none") == 204
        assert asked(server, "raise oops") == 500
        assert asked_tcp(server, "hello") == server.answer
        with est.Client(server.url()) as client:
            client.send(full_request())
        if workers > 1:
            with pytest.raises(ConnectionError):
                asked(server, "die")
            server.logged("died: SIGKILL")
        running = threads.submit(asked, server, "wait")
        server.begun(1)
        found = metrics(server)
        server.go()
        assert running.result() == 200
    expected = {
        'cmc_requests_total{outcome="success",transport="http"}': 8,
        'cmc_requests_total{outcome="tryLater",transport="http"}': 1,
        'cmc_requests_total{outcome="none",transport="http"}': 1,
        'cmc_requests_total{outcome="error",transport="http"}': 1,
        'cmc_requests_total{outcome="success",transport="tcp"}': 1,
        'cmc_requests_total{outcome="success",transport="est"}': 1,
        'cmc_requests_in_progress{transport="http"}': 1,
        'cmc_outside_cryptography_seconds_total{transport="http"}': 2.5,
        "cmc_store_errors_total": 1,
        **OF_ALL,
    }
    assert {name: found[name] for name in expected} == expected


def test_metrics_are_those_of_the_documentation(tmp_path: Path) -> None:
    """The table of docs/operating.md has each of them, and no other."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(cmc_\w+)` \| (.*?) \|", text, re.M)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    with served(tmp_path, http=FREE, metrics=FREE) as server:
        assert asked(server, "hello") == 200
        found = {
            name.partition("{")[0]: set(re.findall(r'(\w+)="', name)) for name in metrics(server)
        }
        assert server.end() == 0
    assert found == documented


@each_count
def test_whether_it_is_well(tmp_path: Path, workers: int) -> None:
    """200 or 503, with what is and what is not."""
    with served(tmp_path, http=FREE, metrics=FREE, workers=workers) as server:
        url = f"{server.url('metrics')}/healthz"
        response = raw(url, b"", method="GET")
        assert (response.status, json.loads(response.body)) == (200, {"store": True, "keys": True})
        (tmp_path / "down").touch()
        response = raw(url, b"", method="GET")
        assert (response.status, json.loads(response.body)) == (503, {"store": False, "keys": True})
        assert raw(f"{server.url('metrics')}/", b"", method="GET").status == 404
        assert raw(f"{server.url()}/metrics", b"", method="GET").status != 200


# --- what is not there -----------------------------------------------------------------------


def test_a_server_without_what_it_needs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that is missing, or ``fork`` for several workers; nobody listens then."""

    def make(_: object) -> Any:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cmcodec.embedded.serving.metrics", None)
        with pytest.raises(UnsupportedError, match=r"pip install 'cmcodec\[server\]'"):
            serve(make, http=FREE)
    monkeypatch.delattr(os, "fork")
    with pytest.raises(UnsupportedError, match="this system cannot fork"):
        serve(make, http=FREE, workers=2)


# --- logs ------------------------------------------------------------------------------------


def test_a_line_for_each_event(tmp_path: Path) -> None:
    """Time in UTC, level, logger, message; no text makes a second line of it."""
    with served(tmp_path, http=FREE) as server:
        assert asked(server, "log a\nb\r\x1b[31m\x85 ERROR") == 200
        assert asked(server, "raise oops\nerror") == 500
        lines = server.log().splitlines()
        assert server.end() == 0
    (said, failed) = lines
    time, level, logger, text = said.split(" ", 3)
    assert datetime.fromisoformat(time).tzinfo is not None
    assert (level, logger, text) == ("INFO", "cmcodec.roles", r"a\nb\r\x1b[31m\x85 ERROR")
    assert failed.split(" ", 1)[1].startswith(
        r"ERROR cmcodec.transports no answer: RuntimeError: oops\nerror (kit.served:"
    )


def test_the_causes_of_an_error_end(tmp_path: Path) -> None:
    """Eight of nine are told, those that nobody raised without a place."""
    with served(tmp_path, http=FREE) as server:
        assert asked(server, "chain 9") == 500
        (line,) = server.log().splitlines()
        assert server.end() == 0
    first, *causes = line.partition(" no answer: ")[2].split(" from ")
    assert first.startswith("ValueError: 9 (kit.served:")
    assert causes == [f"ValueError: {number}" for number in range(8, 1, -1)]


def test_an_object_for_each_event(tmp_path: Path) -> None:
    """The same as JSON, with the error in a member of its own."""
    with served(tmp_path, http=FREE, log_json=True) as server:
        assert asked(server, "log a\nb") == 200
        assert asked(server, "raise oops") == 500
        said, failed = map(json.loads, server.log().splitlines())
        assert server.end() == 0
    assert sorted(said) == ["level", "logger", "message", "time"]
    assert (said["level"], said["logger"], said["message"]) == ("INFO", "cmcodec.roles", "a\nb")
    assert (failed["level"], failed["message"]) == ("ERROR", "no answer")
    assert failed["error"].startswith("RuntimeError: oops (kit.served:")


# --- peers -----------------------------------------------------------------------------------


HEAD = b"POST / HTTP/1.1\r\nHost: ca\r\nContent-Type: application/pkcs7-mime\r\n"


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (b"", b""),
        (b"POST / HT", b"HTTP/1.1 408 "),
        (HEAD, b"HTTP/1.1 408 "),
        (HEAD + b"Content-Length: 10\r\n\r\n123", b"HTTP/1.1 408 "),
        (b"\x16\x03\x01garbage\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 100_000, b"HTTP/1.1 400 "),
        (HEAD + b"Content-Length: 999999999999\r\n\r\n", b"HTTP/1.1 413 "),
    ],
    ids=["silent", "line", "head", "body", "garbage", "long-head", "lying"],
)  # fmt: skip
def test_who_exceeds_a_limit_of_http_is_cut_off(
    tmp_path: Path, octets: bytes, answer: bytes
) -> None:
    """Others are answered meanwhile."""
    limits = {"idle": 0.5, "whole": 0.5}
    with (
        served(tmp_path, http=FREE, limits=limits) as server,
        socket.create_connection(("127.0.0.1", server.port("http")), 60) as connection,
    ):
        connection.sendall(octets)
        assert asked(server, "hello") == 200
        assert rest(connection).startswith(answer)
        assert asked(server, "hello") == 200


def test_who_says_nothing_more_is_cut_off(tmp_path: Path) -> None:
    """After an answer; over TCP too, there also in the middle of a message."""
    limits = {"idle": 0.5, "whole": 0.5}
    with served(tmp_path, http=FREE, tcp=FREE, limits=limits) as server:
        with socket.create_connection(("127.0.0.1", server.port("http")), 60) as connection:
            connection.sendall(HEAD + b"Content-Length: 0\r\n\r\n")
            found = rest(connection)
            assert found.startswith(b"HTTP/1.1 200 ")
            assert found.endswith(server.answer)
        for octets, answer in (
            (b"", b""), (b"\x30\x82\x01\x00", b""), (told("hello"), server.answer),
        ):  # fmt: skip
            with socket.create_connection(("127.0.0.1", server.port("tcp")), 60) as connection:
                connection.sendall(octets)
                assert rest(connection) == answer


def test_a_head_that_comes_octet_by_octet_is_cut_off(tmp_path: Path) -> None:
    """Octets do not begin the time anew; nor after an answer."""
    with served(tmp_path, http=FREE, limits={"idle": 0.5}) as server:
        for before in (b"", HEAD + b"Content-Length: 0\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", server.port("http")), 60) as connection:
                connection.sendall(before)
                if before:
                    with HTTPResponse(connection) as response:
                        response.begin()
                        assert (response.status, response.read()) == (200, server.answer)
                connection.settimeout(0.01)
                found = b""
                while not found:
                    connection.sendall(b"X")
                    with suppress(TimeoutError):
                        found = connection.recv(65536)
                assert found.startswith(b"HTTP/1.1 408 ")


def test_who_takes_no_answer_is_cut_off(tmp_path: Path) -> None:
    """Requests one after the other, and no answer is read."""
    with (
        served(tmp_path, http=FREE, limits={"idle": 60, "whole": 0.5}) as server,
        socket.socket() as connection,
    ):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port("http")))
        connection.setblocking(False)
        request = HEAD + b"Content-Length: 0\r\n\r\n"
        until(lambda: is_closed(connection, request * 100))
        server.logged("connection closed: an answer was not taken")
        assert asked(server, "hello") == 200


def is_closed(connection: socket.socket, octets: bytes) -> bool:
    """Whether a connection is, to which octets are sent if it takes them."""
    try:
        connection.send(octets)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return False


def test_connections_are_bounded(tmp_path: Path) -> None:
    """One too many is closed; one that has gone makes room."""
    with served(tmp_path, http=FREE, tcp=FREE, limits={"connections": 2}) as server:
        for name in ("http", "tcp"):
            port = server.port(name)
            kept = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(2)]
            with socket.create_connection(("127.0.0.1", port), 60) as more:
                assert rest(more) == b""
            for each in kept:
                each.close()
        until(lambda: _answers(server))


def _answers(server: Served) -> bool:
    try:
        return asked(server, "hello") == 200
    except ConnectionError:
        return False
