"""URLs: who sends to each, and which are none."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from cmcodec.transports import Limits, TransportError, connect, est, files, http, tcp
from kit.transports import SCHEMES, enveloped, messages, served

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = messages()
REQUEST, ANSWER = MESSAGES["full-request"], MESSAGES["full-response"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_sends(scheme: str, tmp_path: Path) -> None:
    """A request and another one; the answer is what the server said."""
    seen = []

    def handler(octets: bytes) -> bytes:
        seen.append(octets)
        return ANSWER

    other = enveloped(REQUEST)
    with served(scheme, handler, tmp_path) as url, connect(url) as sender:
        assert sender.send(REQUEST) == ANSWER
        assert sender.send(other) == ANSWER
        assert sender.send(REQUEST) == ANSWER
    assert seen == [REQUEST, other, REQUEST]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://ca.example", http.Client),
        ("https://ca.example:8443/cmc", http.Client),
        ("HTTP://ca.example", http.Client),
        ("est://ca.example", est.Client),
        ("ests://ca.example/.well-known/est/devices/fullcmc", est.Client),
        ("cmc://ca.example", tcp.Client),
        ("cmc://[::1]:5319", tcp.Client),
        ("file:requests", files.Client),
        ("file:///var/spool/cmc", files.Client),
    ],
)
def test_who_sends(url: str, kind: type) -> None:
    """Nothing is connected for that."""
    with connect(url) as sender:
        assert type(sender) is kind


@pytest.mark.parametrize(
    "url",
    [
        "", "ca.example", "ftp://ca.example", "http://", "http:ca.example", "cmc://",
        "cmc://ca.example:port", "cmc://ca.example:5318/path", "http://ca.example:99999",
        "file:", "file://elsewhere/requests", "file:requests?x", "http://[::1",
    ],
)  # fmt: skip
def test_what_is_no_url(url: str) -> None:
    """It says which there are."""
    with pytest.raises(ValueError, match="url: "):
        connect(url)


def test_nobody_is_there(tmp_path: Path) -> None:
    """Refused, with a folder too."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        urls = [f"cmc://127.0.0.1:{taken.getsockname()[1]}", f"file:{tmp_path / 'missing'}"]
        for url in urls:
            with connect(url) as sender, pytest.raises(TransportError, match="refused"):
                sender.send(REQUEST)


# --- a folder ------------------------------------------------------------------------------------


def test_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    """Request and answer are removed once the answer is read; certificates alone are one too."""
    for kind in ("full-response", "simple-response"):
        answering = served("file", lambda _, kind=kind: MESSAGES[kind], tmp_path)
        with answering as url, connect(url) as sender:
            assert sender.send(MESSAGES["simple-request"]) == MESSAGES[kind]
        assert list(tmp_path.iterdir()) == []


def test_an_answer_may_come_too_late(tmp_path: Path) -> None:
    """The request stays, and whoever sends the same octets again gets its answer."""
    with files.Client(tmp_path, timeout=0.01) as sender:
        with pytest.raises(TransportError, match="timeout"):
            sender.send(REQUEST)
        (request,) = tmp_path.iterdir()
        assert (request.suffix, request.read_bytes()) == (".crq", REQUEST)
        files.write(ANSWER, request.with_suffix(".crp"))
        assert sender.send(REQUEST) == ANSWER
    assert list(tmp_path.iterdir()) == []


def test_an_answer_may_be_too_long(tmp_path: Path) -> None:
    """No more is read than a message may have; it stays for somebody to look at."""
    limits = Limits(max_size=100)
    with served("file", lambda _: ANSWER, tmp_path) as url:
        sender = connect(url, limits=limits)
        with pytest.raises(TransportError, match="limit"):
            sender.send(REQUEST)
