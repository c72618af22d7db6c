"""Who answers, asked from an event loop or from a thread."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmcodec.transports.limits import Handler

__all__ = ["answer", "answer_now"]


async def answer(handler: Handler, message: bytes) -> bytes:
    """What a handler says to a message; one that is no coroutine works in a thread of its own."""
    if inspect.iscoroutinefunction(handler):
        coming = handler(message)
    else:
        coming = asyncio.to_thread(handler, message)
    octets: bytes = await coming
    return octets


def answer_now(handler: Handler, message: bytes) -> bytes:
    """The same, for who has no event loop."""
    if inspect.iscoroutinefunction(handler):
        return asyncio.run(answer(handler, message))
    octets = handler(message)
    assert isinstance(octets, bytes)
    return octets
