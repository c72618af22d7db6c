"""The page of conformance says what tests show, and its generator what is missing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec.types.tables import CONTROL_ROWS
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOTH_BACKENDS = False

LISTED = """
## Requests

| Id | Where | Requirement |
|---|---|---|
| R-001 | 10002 §3 | One. |
| R-002 | 10002 §3 | Another. |

## Controls by role

| Control | EE | RA | CA |
|---|---|---|---|
| getCert | — | may | must |

## Algorithms by use

| Use | Level |
|---|---|
| key transport | must: RSA |
"""
KEYS = ["RA getCert", "CA getCert", "algorithms key transport", "R-001", "R-002"]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")


def tool(name: str) -> Any:
    return importlib.import_module(name)


@pytest.fixture
def shown(tmp_path: Path) -> Callable[[str], dict[str, tuple[str, ...]]]:
    """What the tests of a module show, by name."""

    def of(text: str) -> dict[str, tuple[str, ...]]:
        (tmp_path / "deeper").mkdir(exist_ok=True)
        (tmp_path / "deeper" / "test_it.py").write_text(text, encoding="utf-8")
        return dict(tool("shown").tests(tmp_path))

    return of


def claims(
    tests: dict[str, list[str]],
    answers: dict[str, str] | None = None,
    listed: str = LISTED,
) -> Any:
    made = [tool("shown").Test(name, tuple(keys)) for name, keys in tests.items()]
    read = tool("requirements").read(listed)
    return tool("conformance").Claims(read, made, answers or {})


def problems(*given: Any, **named: Any) -> list[str]:
    return list(claims(*given, **named).problems())


# --- what tests show -----------------------------------------------------------------------------


def test_ids_in_docstrings_are_shown(shown: Any) -> None:
    """Alone, in a list, within a range, each once."""
    found = shown(
        'def test_one():\n    """R-001, R-003 to R-005 (R-001)."""\n'
        'def test_none():\n    """Nothing, not even XR-001."""\n'
        "def test_silent():\n    pass\n"
        'def helper():\n    """R-002."""\n'
        'class TestAll:\n    def test_two(self):\n        """R-007\u2013R-008."""\n'
    )
    assert found == {
        "deeper/test_it.py::test_one": ("R-001", "R-003", "R-004", "R-005"),
        "deeper/test_it.py::test_none": (),
        "deeper/test_it.py::test_silent": (),
        "deeper/test_it.py::TestAll::test_two": ("R-007", "R-008"),
    }


def test_cells_are_claimed_by_lines(shown: Any) -> None:
    """Each of some controls for each of some roles; uses of algorithms; several lines."""
    (found,) = shown(
        'def test_it():\n    """A sentence. Shows EE: nothing, for this is no line of its own.\n\n'
        "    Shows EE, CA: getCert, getCRL.\n    Shows algorithms: key transport.\n"
        '    Shows nothing of the kind.\n    """\n'
    ).values()
    assert found == (
        "EE getCert", "EE getCRL", "CA getCert", "CA getCRL", "algorithms key transport",
    )  # fmt: skip


@pytest.mark.parametrize(
    "line", ["Shows EE getCert.", "Shows EE: getCert", "Shows EE, RA.", "Shows CA : x. And so on."]
)
def test_claims_in_no_form_are_problems(shown: Any, line: str) -> None:
    """What looks like a claim and is none is not passed over."""
    found = shown(f'def test_it():\n    """It.\n\n    {line}\n    """\n')
    assert set(found.values()) == {(line,)}
    (problem,) = problems({"t.py::test_it": [line, *KEYS]})
    assert line in problem
    assert "t.py::test_it" in problem


@pytest.mark.parametrize(
    "text",
    [
        '@pytest.mark.skip\ndef test_it():\n    """R-001."""\n',
        '@pytest.mark.skip(reason="later")\ndef test_it():\n    """R-001."""\n',
        '@pytest.mark.xfail(strict=True)\ndef test_it():\n    """R-001."""\n',
        'def test_it():\n    """R-001."""\n    pytest.skip("later")\n',
        'pytestmark = pytest.mark.skip\ndef test_it():\n    """R-001."""\n',
        'pytestmark = [pytest.mark.xfail]\ndef test_it():\n    """R-001."""\n',
        '@pytest.mark.skip\nclass TestAll:\n    def test_it(self):\n        """R-001."""\n',
    ],
)
def test_what_never_runs_shows_nothing(shown: Any, text: str) -> None:
    """A test that is skipped everywhere, or expected to fail, counts for nothing."""
    assert shown(text) == {}


def test_what_runs_somewhere_counts(shown: Any) -> None:
    """A condition may leave a test out; another mark changes nothing."""
    found = shown(
        '@pytest.mark.skipif(True, reason="x")\n@pytest.mark.usefixtures("a")\n'
        'def test_it():\n    """R-001."""\n    if x:\n        pytest.skip("here")\n'
    )
    assert list(found.values()) == [("R-001",)]


# --- what is missing -----------------------------------------------------------------------------


def test_everything_listed_has_a_key() -> None:
    """A dash is no cell."""
    assert tool("requirements").read(LISTED).keys == KEYS


def test_all_that_is_shown_or_answered_is_well() -> None:
    """Each in one way."""
    assert problems({"a": KEYS}) == []
    answers = {"R-002": "So it is.", "RA getCert": "Nobody asked."}
    assert problems({"a": ["R-001", "CA getCert", "algorithms key transport"]}, answers) == []


@pytest.mark.parametrize("key", KEYS)
def test_nothing_is_passed_over(key: str) -> None:
    """A requirement, a cell or an algorithm without test and answer is a problem."""
    others = [each for each in KEYS if each != key]
    assert problems({"a": others}) == [f"{key}: no test and no answer"]


def test_an_answer_beside_a_test_is_a_problem() -> None:
    """It says less than the test does, and nobody would see it."""
    assert problems({"a": KEYS}, {"R-001": "So it is."}) == ["R-001: shown and answered"]


def test_what_must_be_supported_cannot_be_answered() -> None:
    """Only a test shows it; what should or may be can have a reason why it is not."""
    for key, count in (("CA getCert", 1), ("algorithms key transport", 1), ("RA getCert", 0)):
        others = [each for each in KEYS if each != key]
        assert len(problems({"a": others}, {key: "No."})) == count


@pytest.mark.parametrize("key", ["R-200", "EE getCert", "RA getCrl", "algorithms magic"])
def test_what_is_not_listed_cannot_be_claimed(key: str) -> None:
    """Neither by a test nor by an answer."""
    for given in (({"a": [*KEYS, key]},), ({"a": KEYS}, {key: "Yes."})):
        (problem,) = problems(*given)
        assert repr(key) in problem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| R-002 |", "| R-2 |"),
        ("| R-002 |", "| R-001 |"),
        ("| R-001 |", "| R-003 |"),
        ("| Another. |", "| |"),
        ("| Another. |", "| Another. | More. |"),
        ("| may |", "| may | may |"),
    ],
)
def test_rows_have_their_form(old: str, new: str) -> None:
    """Ids in order, each once, and every column."""
    assert tool("requirements").read(LISTED).problems == []
    assert tool("requirements").read(LISTED.replace(old, new)).problems


# --- the page ------------------------------------------------------------------------------------


def test_the_page_says_what_is_claimed() -> None:
    """Tests by name, sentences as they stand, and how many of each."""
    tests = {f"t.py::test_{number}": ["R-001"] for number in range(6)} | {"t.py::test_x": KEYS[:1]}
    page = claims(tests, {"R-002": "So it is."}).page()
    assert "| getCert | — | may: `t.py::test_x` | must:  |" in page
    assert "| key transport | must: RSA |  |" in page
    cell = "<br>".join(f"`t.py::test_{number}`" for number in range(4))
    assert f"| R-001 | {cell}<br>… 2 more |" in page
    assert "| R-002 | So it is. |" in page
    assert "| Controls, RA | 1 | 0 |" in page
    assert "| Controls, CA | 0 | 0 |" in page
    assert "| Requirements | 1 | 1 |" in page


def test_the_controls_are_those_of_the_standard() -> None:
    """Every control has its row, and nothing else has; changeSubjectName is an attribute."""
    read = tool("requirements").read((ROOT / "docs" / "requirements.md").read_text("utf-8"))
    names = {row.name for row in CONTROL_ROWS} - {"changeSubjectName"}
    assert set(read.controls) == names
    assert len(read.ids) == 248
