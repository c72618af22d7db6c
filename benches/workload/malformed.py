"""Messages of the smallest members that have rows: a sound frame, an id, and nothing else."""

from __future__ import annotations

from itertools import accumulate, count, takewhile
from random import Random
from typing import TYPE_CHECKING

from tests.kit.der import integer, seq
from tests.kit.messages import pki_data, signed_data, tagged_content_info

from benches.workload import store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHORT = 127
"""Ids of one octet, of which a member has five."""


def _member(identifier: int) -> bytes:
    return seq(integer(identifier))


def _different(octets: int) -> list[bytes]:
    """Members of so many octets in all, each with an id of its own."""
    members: list[bytes] = []
    ends = accumulate(len(_member(number)) for number in count(1))
    for number, _ in enumerate(takewhile(lambda end: end <= octets, ends), 1):
        members.append(_member(number))
    return members


def _equal(octets: int) -> bytes:
    return signed_data(pki_data(members=[_member(5) * (octets // len(_member(5)))]))


def _differ(octets: int) -> bytes:
    return signed_data(pki_data(members=_different(octets)))


def _shuffled(octets: int) -> bytes:
    members = _different(octets)
    Random(1).shuffle(members)
    return signed_data(pki_data(members=members))


def _nested(octets: int) -> bytes:
    """Of messages in a message in a message; every id of a member has one octet."""
    inner = signed_data(pki_data(members=map(_member, range(1, SHORT + 1))))
    numbers = range(1, octets // len(inner) + 1)
    batch = signed_data(pki_data(members=[tagged_content_info(inner, n) for n in numbers]))
    return signed_data(pki_data(members=[tagged_content_info(batch)]))


KINDS: dict[str, Callable[[int], bytes]] = {
    "equal": _equal,
    "differ": _differ,
    "shuffled": _shuffled,
    "nested": _nested,
}
"""By how the ids of members are chosen, what makes a message of so many octets."""


def file(kind: str, octets: int) -> Path:
    """Where such a message is kept."""
    return store.kept(f"malformed-{kind}-{octets}", lambda: KINDS[kind](octets))
