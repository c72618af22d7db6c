"""Rows as lines of JSON and of CSV, and the counts over them; the engine writes the same faster."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cmcodec.verify.verdict import Row

__all__ = ["COLUMNS", "csv_cell", "csv_line", "json_line", "json_member"]

COLUMNS: Final = (
    *("path", "kind", "encoding", "verdict", "reason", "rule", "offset", "span", "signers"),
    *("origin", "requests", "transaction_id", "notes"),
)
"""The columns of CSV behind the first, which is ``index`` or ``file``: those of `Row.to_dict`."""


def json_member(file: str) -> str:
    """The first member of the lines about a file."""
    return f'"file": {json.dumps(file)}'


def json_line(row: Row, first: str | None = None) -> str:
    """An object, with another first member than ``index``."""
    text = json.dumps(row.to_dict())
    if first is not None:
        text = "{" + first + text[text.index(",") :]
    return f"{text}\n"


def csv_cell(text: str) -> str:
    """A text as one cell."""
    return _line([text]).removesuffix("\n")


def csv_line(row: Row, first: str | None = None) -> str:
    """A cell for each member of the JSON form; ``first`` is the first one, as it is written."""
    members = row.to_dict()
    index = members.pop("index")
    return f"{index if first is None else first},{_line([*map(_flat, members.items())])}"


def _line(cells: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _flat(member: tuple[str, Any]) -> Any:
    """A member in one cell: ``/1001/5`` for a path, ``0-99`` for a span, ``a:b; c:d`` for objects.

    Where objects are told apart by semicolons, and lines by their ends, nothing that was received
    has one.
    """
    name, value = member
    if name == "path":
        return "".join(f"/{identifier}" for identifier in value)
    if name == "span":
        return "-".join(map(str, value))
    if not isinstance(value, list):
        return value
    return "; ".join(":".join(_text(item) for item in each.values()) for each in value)


_APART: Final = str.maketrans(";\n\r", ",  ")


def _text(value: Any) -> str:
    return "" if value is None else str(value).translate(_APART)
