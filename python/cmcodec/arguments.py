"""What callers say beside octets, checked before anything is done with it.

Both backends stand below, so an argument is refused in the same way on each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import index
from typing import TYPE_CHECKING

from cmcodec.errors import ArgumentError
from cmcodec.limits import MAX_THREADS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["by_chance", "flag", "moment", "thread_count"]


def by_chance(random: Callable[[int], bytes], count: int) -> bytes:
    """So many octets of a callable that the caller gave.

    Raises `ArgumentError` where it returns anything else: a shorter key or nonce would be a weak
    one.
    """
    octets = random(count)
    if not isinstance(octets, bytes) or len(octets) != count:
        raise ArgumentError("random", hint=f"it is to return {count} octets")
    return octets


def flag(name: str, value: bool) -> bool:
    """A switch; raises `TypeError` for what is no bool: ``legacy="no"`` is not on."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return value


def moment(name: str, value: datetime) -> datetime:
    """A time in UTC.

    Raises `TypeError` for what is no time, and `ValueError` for one without a time zone, which
    could be any of 24 hours, or outside the years of UTC.
    """
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, not {value!r}")
    if value.utcoffset() is None:
        raise ValueError(f"{name} has no time zone: {value.isoformat()}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} is no time in UTC: {value.isoformat()}") from None


def thread_count(value: int) -> int:
    """From 1 to 1,024 threads, whatever is asked for; raises `TypeError` for what is no number."""
    return max(1, min(index(value), MAX_THREADS))
