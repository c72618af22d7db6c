"""The page of requirements, ``docs/requirements.md``, and the tests that show them.

A test shows a requirement if its docstring mentions the id, alone ("R-055"), in a list
("R-055, R-056") or within a range ("R-055 to R-057", "R-055–R-057").
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = 4
LISTED = 4
MENTION = re.compile(r"R-(\d{3})\b(?:(?:\s+to\s+|\u2013)R-(\d{3})\b)?")
ROW = re.compile(r"^(\| (R-\d{3}) \|[^|\n]+\|[^|\n]+\|)[^|\n]*\|$", re.MULTILINE)


def page(text: str, tests: Path) -> str:
    """The page's text with the last column of each row rewritten from the tests."""
    shown = _shown(tests)

    def row(match: re.Match[str]) -> str:
        cell = _cell(shown[match[2]])
        return f"{match[1]} {cell} |" if cell else f"{match[1]} |"

    return ROW.sub(row, text)


def ids(text: str) -> set[str]:
    """The ids that the page defines."""
    return {cells[0] for _, cells in _rows(text)}


def problems(text: str) -> list[str]:
    """What is wrong with the page's rows: their ids, their order or their columns."""
    found = []
    seen: set[str] = set()
    last = ""
    for number, cells in _rows(text):
        name = cells[0]
        if not re.fullmatch(r"R-\d{3}", name):
            found.append(f"line {number}: {name!r} is no id")
            continue
        if len(cells) != COLUMNS or not all(cells[: COLUMNS - 1]):
            found.append(f"line {number}: {name} does not have its {COLUMNS} columns")
        if name in seen:
            found.append(f"line {number}: {name} stands twice")
        elif name < last:
            found.append(f"line {number}: {name} stands after {last}")
        seen.add(name)
        last = max(last, name)
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each row of the tables, without their heads."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("|") and not line.startswith(("| Id |", "|---")):
            yield number, [cell.strip() for cell in line.strip().strip("|").split("|")]


def _shown(tests: Path) -> dict[str, set[str]]:
    """The tests that mention each id."""
    shown: dict[str, set[str]] = defaultdict(set)
    for path in tests.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for mentioned in _mentioned(ast.get_docstring(node) or ""):
                    shown[mentioned].add(f"{path.relative_to(tests).as_posix()}::{node.name}")
    return shown


def _mentioned(docstring: str) -> Iterator[str]:
    """The ids a docstring mentions, those within a range included."""
    for first, last in MENTION.findall(docstring):
        for number in range(int(first), int(last or first) + 1):
            yield f"R-{number:03}"


def _cell(functions: set[str]) -> str:
    """The cell that lists the functions, or as many as it has room for."""
    lines = [f"`{function}`" for function in sorted(functions)]
    more = [f"… {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "<br>".join(lines[:LISTED] + more)
