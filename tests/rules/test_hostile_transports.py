"""What a slow or lying peer may say over any transport (RFC 10003)."""

from __future__ import annotations

from random import Random

import pytest

from search import transports


@pytest.mark.parametrize("whom", transports.WHOM)
def test_whatever_a_peer_says(whom: str) -> None:
    """P9: a message that is one, or the error that is documented.

    ``python -m tests.search transports`` tries more of it.
    """
    random = Random(whom)
    made = transports.MADE[whom]
    for _ in range(8):
        octets, about = made(random)
        found = transports.Case(whom, tuple(transports._cut(random, octets)), about)
        assert found.check().startswith(whom)


def test_a_case_becomes_smaller() -> None:
    """It is in one piece at first, and has less of it then."""
    case = transports.Case("framer", (b"\x30", b"\x02ab"))
    assert [b"".join(each.pieces) for each in case.smaller()] == [
        b"\x30\x02ab", b"ab", b"\x30\x02", b"\x02ab", b"\x30ab", b"\x30\x02b", b"\x30\x02a",
    ]  # fmt: skip
