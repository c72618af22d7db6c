"""Messages to a URL, and what goes wrong on the way in words."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cmcodec.cli.options import Failure, Misuse, printable, reason_of
from cmcodec.cli.show.progress import Working
from cmcodec.errors import CMCError, UnsupportedError
from cmcodec.transports import TransportError, TransportReason, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.transports import Sender

__all__ = ["answer_to", "opened"]

_ACCESS: Final = re.compile(r"//[^/]*@")
_WORDS: Final = {
    TransportReason.TIMEOUT: "no answer in time",
    TransportReason.CLOSED: "the connection was closed before the answer was complete",
    TransportReason.LIMIT: "the answer is too long, or no message",
    TransportReason.STATUS: "no answer but HTTP status {status}",
    TransportReason.MEDIA_TYPE: "what answers is no CMC server",
    TransportReason.REFUSED: "nobody is there",
}


@contextmanager
def opened(url: str) -> Iterator[Sender]:
    """Who sends to a URL; ends where it is none."""
    try:
        sender = connect(url)
    except (ValueError, UnsupportedError) as error:
        raise Misuse(f"--to {_shown(url)}: {error}") from None
    with sender:
        yield sender


def answer_to(sender: Sender, url: str, message: bytes, note: str = "") -> bytes:
    """The answer to a message; ``note``: what to do where there is none."""
    try:
        with Working("waiting for the answer"):
            return sender.send(message)
    except TransportError as error:
        words = _WORDS[TransportReason(error.reason)].format(status=error.status)
        raise Failure(f"{_shown(url)}: {words}{note}") from None
    except CMCError as error:
        raise Failure(f"this is no message: {reason_of(error)}") from None
    except ValueError as error:
        raise Misuse(f"this is no request: {error}") from None


def _shown(url: str) -> str:
    """A URL without what gives access."""
    return printable(_ACCESS.sub("//", url.partition("?")[0]))
