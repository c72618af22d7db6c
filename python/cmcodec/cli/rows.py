"""Lists: JSON Lines for programs, a line for each row for people."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from cmcodec.cli.options import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["show"]


def show(
    rows: Iterable[dict[str, Any]], what: Callable[[dict[str, Any]], str], *, as_json: bool
) -> None:
    """Prints rows as they come; for people ``what``, and whom each is for and by whom."""
    for row in rows:
        if as_json:
            sys.stdout.write(f"{json.dumps(row)}\n")
        else:
            who = printable(f"{row['subject']}, by {row['requester']}")
            sys.stdout.write(f"{what(row)}  {who}\n")
