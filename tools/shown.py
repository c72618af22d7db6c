"""What the tests below ``tests/rules`` show, as their docstrings say.

A test shows a requirement if its docstring mentions the id, alone ("R-055"), in a list
("R-055, R-056") or within a range ("R-055 to R-057"). It shows a control for a role, or an
algorithm for a use, if a line of its docstring says so and nothing else::

    Shows EE, CA: transactionId, senderNonce.
    Shows algorithms: key transport.

A test that is skipped everywhere or expected to fail shows nothing. Whether it passes is for the
tests to tell.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from requirements import ALGORITHMS, ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MENTION = re.compile(r"\bR-(\d{3})\b(?:(?:\s+to\s+|\u2013)R-(\d{3})\b)?")
_CLAIM = re.compile(rf"Shows (?:{'|'.join((*ROLES, ALGORITHMS))})\b.*")
_CLAIMED = re.compile(r"Shows ([^:]+): ([^.]+)\.")
_NOT_RUN = re.compile(r"\bmark\.(?:skip|xfail)\b|^pytest\.(?:skip|xfail)\(")


class Test(NamedTuple):
    """A test, as ``builders/test_requests.py::test_macs``, and the keys that it shows."""

    name: str
    keys: tuple[str, ...]


def tests(folder: Path) -> list[Test]:
    """The tests of a folder that run, in order."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        if _is_run(module):
            place = path.relative_to(folder).as_posix()
            found += [Test(f"{place}::{name}", _keys(text)) for name, text in _functions(module)]
    return found


def _functions(parent: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The name and the docstring of each test of a module or class."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and _is_run(node):
            yield from _functions(node, f"{node.name}::")
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _is_run(node):
            yield f"{prefix}{node.name}", ast.get_docstring(node) or ""


def _is_run(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> bool:
    """Whether nothing says that a test, or all of a module or class, is skipped or must fail."""
    said = list(getattr(node, "decorator_list", ()))
    for statement in node.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "pytestmark":
            said.append(statement.value)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            said.append(statement.value)
    return not any(_NOT_RUN.search(ast.unparse(each)) for each in said)


def _keys(docstring: str) -> tuple[str, ...]:
    """What a docstring claims; a claim in no form is a key of its own, which nothing has."""
    found = [
        f"R-{number:03}"
        for first, last in _MENTION.findall(docstring)
        for number in range(int(first), int(last or first) + 1)
    ]
    for line in docstring.splitlines():
        if _CLAIM.match(line):
            claimed = _CLAIMED.fullmatch(line)
            found += [line] if claimed is None else _product(claimed[1], claimed[2])
    return tuple(dict.fromkeys(found))


def _product(owners: str, names: str) -> list[str]:
    return [f"{owner} {name}" for owner in owners.split(", ") for name in names.split(", ")]
