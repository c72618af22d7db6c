"""What inputs are that are no messages, in words: rows do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmcodec.cli.options import printable
from cmcodec.errors import DecodeError
from cmcodec.message import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec.cli.show.report import Run, Tally

__all__ = ["refused", "strangers"]


def refused(octets: bytes, *, wrapped: bool) -> tuple[str, str]:
    """What a malformed input is, where that is known, and which element is at fault."""
    try:
        load(octets, wrapped=wrapped)
    except DecodeError as error:
        return error.hint, error.path
    return "", ""


def strangers(tally: Tally, run: Run) -> Iterator[str]:
    """A line for each of the malformed inputs that a tally has as examples, if known what it is."""
    for group in tally.groups.values():
        for row in group.examples:
            if row.verdict == "malformed" and not row.path:
                what, _ = refused(run.octets[row.index], wrapped=run.wrapped)
                if what:
                    yield f"{printable(run.names[row.index])}: {what}"
