"""What no test does, and why: `coverage_engine.py` and `coverage_python.py` list and compare it.

A row of a list is a ``[[left]]`` with the ``file``, ``why`` no test does it, and its ``places``:
each the function and the line of it, by their texts, that the tool has found.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Left(NamedTuple):
    """What no test does: a line that does not run, or a branch from one that does.

    ``what`` is the text of the line; behind an arrow, where the branch leads.
    """

    file: str
    function: str
    what: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.file}, {self.place}"

    @property
    def place(self) -> str:
        """As the list has it."""
        return f"{self.function or 'module'}: {self.what}"


def read(path: Path) -> dict[Left, str]:
    """What a list has, and why."""
    found = {}
    for each in tomllib.loads(path.read_text(encoding="utf-8"))["left"]:
        for place in each["places"]:
            function, _, what = place.partition(": ")
            left = Left(each["file"], "" if function == "module" else function, what)
            found[left] = each["why"]
    return found


def reasons(found: set[Left], why: dict[Left, str]) -> Iterator[str]:
    """What is left, each with its reason, for people."""
    for each in sorted(found):
        yield f"{each}\n    {why.get(each, 'NOT LISTED')}"


def done(found: set[Left], why: dict[Left, str]) -> Iterator[str]:
    """What is listed and not left."""
    for each in sorted(why.keys() - found):
        yield f"done now, and need not be listed: {each}"


def unlisted(found: set[Left], why: dict[Left, str]) -> Iterator[str]:
    """What is left and not listed."""
    for each in sorted(found - why.keys()):
        yield f"left, and not listed: {each}"
