"""Where a message ends that has no length before it (RFC 10003 §7)."""

from __future__ import annotations

import random

import pytest

from cmcodec.limits import MAX_DEPTH
from cmcodec.transports import TransportError
from cmcodec.transports import framing as framing_module
from cmcodec.transports.framing import Framer
from kit.transports import full_request

DEFINITE = bytes.fromhex("3003020101")
LONG = b"\x30\x82\x01\x00" + bytes(256)
INDEFINITE = bytes.fromhex("3080 02 01 01 a0 80 04 02 0000 0000 1f 81 01 01 ff 0000")
"""With contents octets that look like its end, and a tag of two octets."""


def fed(*pieces: bytes, max_size: int = 1000) -> list[bytes]:
    framer = Framer(max_size)
    found = []
    for piece in pieces:
        framer.feed(piece)
        while (message := framer.message()) is not None:
            found.append(message)
    assert framer.is_empty
    return found


@pytest.mark.parametrize("message", [DEFINITE, LONG, INDEFINITE, b"\x30\x80\0\0", b"\x30\0"])
def test_a_message_ends_where_its_outer_element_does(message: bytes) -> None:
    """R-194: definite and indefinite, whole, octet by octet, and one behind the other."""
    assert fed(message) == [message]
    assert fed(*(bytes((octet,)) for octet in message)) == [message]
    assert fed(message + DEFINITE + message) == [message, DEFINITE, message]


def test_pieces_are_of_any_size() -> None:
    """R-194: TCP keeps no boundaries."""
    chance = random.Random(1)
    messages = [full_request(), INDEFINITE, LONG, DEFINITE] * 5
    octets = b"".join(messages)
    for _ in range(50):
        cuts = sorted(chance.sample(range(1, len(octets)), 20))
        pieces = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
        assert fed(*pieces, max_size=10_000) == messages


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x00", b"\0\0", b"\x31\x00",
        b"\x30\x85\0\0\0\0\1", b"\x30\xff", b"\x30\x80\x04\x80",
        b"\x30\x80\x1f\xff\xff\xff\xff\xff\xff\xff",
    ],
)  # fmt: skip
def test_garbage_is_known_at_once(octets: bytes) -> None:
    """What no message begins with is not waited for."""
    framer = Framer(1000)
    framer.feed(octets)
    with pytest.raises(TransportError) as caught:
        framer.message()
    assert caught.value.reason == "limit"


@pytest.mark.parametrize(
    "octets", [b"\x30\x82\x03\xe5", b"\x30\x80\x04\x82\x03\xe3", b"\x30\x84\xff\xff\xff\xff"]
)
def test_what_will_be_too_long_is_known_by_its_length(octets: bytes) -> None:
    """Nothing of it is waited for, nor kept."""
    framer = Framer(1000)
    framer.feed(octets)
    with pytest.raises(TransportError, match="limit"):
        framer.message()


def test_depth_and_number_of_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened costs memory, and what is passed over costs time."""
    deepest = b"\x30\x80" * MAX_DEPTH + b"\0\0" * MAX_DEPTH
    assert fed(deepest) == [deepest]
    with pytest.raises(TransportError, match="limit"):
        fed(b"\x30\x80" * (MAX_DEPTH + 1))
    monkeypatch.setattr(framing_module, "MAX_FRAME_ELEMENTS", 3)
    assert len(fed(b"\x30\x80" + b"\x05\0" * 2 + b"\0\0")) == 1
    with pytest.raises(TransportError, match="limit"):
        fed(b"\x30\x80" + b"\x05\0" * 3 + b"\0\0")
