"""What no test reaches is named by its text, so that a list of it stays true."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import pytest

from kit.vectors import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BOTH_BACKENDS = False

CODE = """\
def first(x):
    if x:
        return 1
    while x:
        x = None
        x = 0

class It:
    def second(self, x):
        if x:
            x = 2
"""


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """`tools/coverage_python.py` on a package of one file."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    found = importlib.import_module("coverage_python")
    monkeypatch.setattr(found, "PACKAGE", tmp_path)
    found.source.cache_clear()
    (tmp_path / "a.py").write_text(CODE, encoding="utf-8")
    yield found
    found.source.cache_clear()


def test_lines_in_a_row_are_one_place(tool: Any) -> None:
    """A branch to a line that does not run is that line; one to another is named by both."""
    measured = {
        "executed_lines": [1, 2, 3, 4, 8, 9, 10, 11],
        "missing_lines": [5, 6],
        "missing_branches": [[4, 5], [5, 6], [2, 4], [10, -9]],
    }
    assert list(tool.left("a.py", measured)) == [
        ("a.py", "first", "x = None"),
        ("a.py", "first", "if x: ==> while x:"),
        ("a.py", "It.second", "if x: ==> end"),
    ]


@pytest.mark.parametrize(
    ("file", "function", "what", "is_there"),
    [
        ("a.py", "first", "x = None", True),
        ("a.py", "first", "if x: ==> while x:", True),
        ("a.py", "", "def first(x):", False),
        ("a.py", "first", "x = 2", False),
        ("a.py", "second", "x = 2", False),
        ("a.py", "It.second", "x = 2", True),
        ("b.py", "first", "x = None", False),
    ],
)
def test_what_is_listed_is_there(
    tool: Any, monkeypatch: pytest.MonkeyPatch, file: str, function: str, what: str, is_there: bool
) -> None:
    """By its file, its function and its text."""
    monkeypatch.setattr(tool, "listed", lambda: {tool.Left(file, function, what): "why"})
    assert (list(tool.misplaced()) == []) is is_there


def test_each_place_is_listed_once_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tools/coverage_python.toml`: nothing of it is gone."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    tool = importlib.import_module("coverage_python")
    assert all(tool.listed().values())
    assert list(tool.misplaced()) == []


# --- the engine ----------------------------------------------------------------------------------

RUST = """\
const fn new(
    one: u8,
) -> u8 {
    one
}

/// Not compiled.
fn second() {
    first();
    if one {
        second();
    }
}
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`tools/coverage_engine.py`."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("coverage_engine")


def test_lines_in_a_row_of_a_function_are_one_place(engine: Any) -> None:
    """The next function is another place, and so is what follows a line that was reached."""
    counts = dict.fromkeys((1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13), 0)
    file = engine.File("a.rs", RUST.split("\n"), counts | {10: 1})
    assert list(file.left()) == [
        ("a.rs", "new", "const fn new("),
        ("a.rs", "second", "fn second() {"),
        ("a.rs", "second", "second();"),
    ]
    assert list(engine.File("a.rs", RUST.split("\n"), dict.fromkeys(counts, 1)).left()) == []


def test_what_is_listed_of_the_engine_is_there(engine: Any) -> None:
    """`tools/unreached.toml`, in the form of the other list."""
    listed = engine.coverage_list.read(ROOT / "tools" / "unreached.toml")
    assert all(listed.values())
    for each in listed:
        texts = (engine.SOURCES / each.file).read_text("utf-8").split("\n")
        reached = {number: 0 for number, text in enumerate(texts, 1) if text.strip() == each.what}
        assert each in engine.File(each.file, texts, reached).left()


def test_the_list_and_the_tests_are_compared(engine: Any) -> None:
    """What is left and not listed, and what is listed and not left."""
    tool = engine.coverage_list
    one, other = tool.Left("a", "f", "x"), tool.Left("a", "", "y")
    assert list(tool.unlisted({one, other}, {one: "why"})) == ["left, and not listed: a, module: y"]
    assert list(tool.done({one}, {one: "why", other: "why"})) == [
        "done now, and need not be listed: a, module: y"
    ]
    assert list(tool.reasons({one}, {one: "why"})) == ["a, f: x\n    why"]


@pytest.mark.parametrize("path", sorted((ROOT / "tools").glob("*.py")), ids=lambda path: path.stem)
def test_no_tool_has_the_name_of_a_module(path: Path) -> None:
    """Tests put the tools before what is installed, and so do processes that they start."""
    others = [each for each in sys.path if each != str(path.parent)]
    found = PathFinder.find_spec(path.stem, others)
    # A folder may have the name: a module goes before it.
    assert found is None or found.origin is None
