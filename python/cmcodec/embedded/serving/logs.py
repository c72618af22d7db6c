"""What a server logs, in one line each: text, or JSON.

A line is of this process, whatever a peer sent: what does not print is escaped, so that no text
looks like a second line.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["configure"]

_MOST_CAUSES: Final = 8


def configure(*, as_json: bool) -> None:
    """Has everything that the process logs written to standard error.

    That of this package from INFO on, the rest from WARNING on.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_JSON() if as_json else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("cmcodec").setLevel(logging.INFO)
    logging.captureWarnings(True)


def _time(record: logging.LogRecord) -> str:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return time.replace("+00:00", "Z")


def _error(record: logging.LogRecord) -> str | None:
    """What was raised, and the place of it; then what that was raised from."""
    error = record.exc_info[1] if record.exc_info else None
    return None if error is None else " from ".join(_chain(error))


def _chain(error: BaseException | None) -> Iterator[str]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            place = trace.tb_frame.f_globals.get("__name__", "?")
            text += f" ({place}:{trace.tb_lineno})"
        yield text
        error = error.__cause__


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class _Text(logging.Formatter):
    """``2026-11-29T16:11:58.123Z INFO cmcodec.roles the message: the error``."""

    def format(self, record: logging.LogRecord) -> str:
        error = _error(record)
        text = record.getMessage().rstrip() + (f": {error}" if error else "")
        return _printable(f"{_time(record)} {record.levelname} {record.name} {text}")


class _JSON(logging.Formatter):
    """An object with the members time, level, logger, message, and error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        found = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage().rstrip(),
        }
        error = _error(record)
        # ASCII alone: what does not print is escaped by the notation itself.
        return json.dumps(found if error is None else {**found, "error": error})
