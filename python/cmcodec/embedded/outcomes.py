"""What became of a message, in a word, and whether all is well: what metrics say."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from cmcodec import metering
from cmcodec.asn1.schema import number_name
from cmcodec.controls import statuses
from cmcodec.errors import CMCError
from cmcodec.message import load
from cmcodec.stores import Kind, attempting
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cmcodec.stores import Store

__all__ = ["SEALED", "health", "of", "of_answer", "timed"]

T = TypeVar("T")

_LOG: Final = logging.getLogger("cmcodec.embedded")

SEALED: Final = "sealed"
"""The outcome of an answer that only its client can read."""

_NONE: Final = "none"
_WORDS: Final[dict[int, str]] = {
    CMCStatus.PENDING: "pending",
    CMCStatus.PARTIAL: "pending",
    CMCStatus.CONFIRM_REQUIRED: "confirm_required",
    CMCStatus.POP_REQUIRED: "pop_required",
    CMCStatus.NO_SUPPORT: "no_support",
}


def of(said: Iterable[tuple[int, int | None]]) -> str:
    """That of a message of which this was said: a status and its failInfo each.

    The first failure; else what is not settled; else ``success``, or ``repeated`` where nothing was
    said, as the answer had been given before.
    """
    found = list(said)
    for status, fail_info in found:
        if status in statuses.REFUSED:
            return _failure(status, fail_info)
    words = [_WORDS[status] for status, _ in found if status in _WORDS]
    if words:
        return words[0]
    return "success" if found else "repeated"


def of_answer(octets: bytes) -> str:
    """The same, as an answer says it; ``none`` for no answer, ``sealed`` for an encrypted one."""
    if not octets:
        return _NONE
    try:
        message = load(octets)
        if message.kind == "simple-response":
            return "success"
        if message.unverified_content is None:
            return SEALED
        said = [(each.cmc_status, statuses.fail_info(each)) for each in statuses.read(message)]
    except CMCError:
        return "malformed"
    return of(said) if said else "success"


def _failure(status: int, fail_info: int | None) -> str:
    if fail_info is None:
        return _WORDS.get(status, "failed")
    try:
        return number_name(CMCFailInfo(fail_info))
    except ValueError:
        return str(fail_info)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work returns, and the processor time that it took outside cryptography."""
    since, spent = time.thread_time(), metering.spent()
    found = work()
    return found, time.thread_time() - since - (metering.spent() - spent)


def health(store: Store, *keys: Callable[[bytes], object]) -> dict[str, bool]:
    """Whether a store answers, and keys sign."""
    return {
        "store": _works(lambda: attempting(store, lambda each: each.scan(Kind.SECRET, limit=1))),
        "keys": all(_works(partial(sign, b"health")) for sign in keys),
    }


def _works(work: Callable[[], object]) -> bool:
    try:
        work()
    except Exception:
        _LOG.exception("not well")
        return False
    return True
