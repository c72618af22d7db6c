"""Runs the tests on both backends, and tells which branches of ``python/cmcodec`` none takes.

What is left is listed in ``coverage_python.toml``, each with the reason why.

    python tools/coverage_python.py               # all tests, in three processes
    python tools/coverage_python.py tests/rules   # these, added to what was measured before
    python tools/coverage_python.py --report      # what was measured, without a test
    python tools/coverage_python.py --check       # only whether all that is listed is still there

Exits 1 where a test fails, where something is left that is not listed, and where something is
listed that is nowhere. Processes that tests start are measured with them.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import coverage_list
from coverage_list import Left

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "python" / "cmcodec"
BUILD: Final = ROOT / "build" / "coverage"


def _found(pattern: str) -> tuple[str, ...]:
    return tuple(sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)))


_APART: Final = (*_found("tests/test_cli*.py"), *_found("tests/rules/*_processes.py"))
PARTS: Final = (
    ("tests/rules", *(f"--ignore={name}" for name in _APART)),
    (
        "tests",
        # Sites, releases and peers show nothing of the package.
        *("--ignore=tests/rules", "--ignore=tests/test_site.py", "--ignore=tests/test_release.py"),
        *("--ignore=tests/interoperability", *(f"--ignore={name}" for name in _APART)),
    ),
    _APART,
)
"""What runs beside one another: the last mostly waits for processes of its own."""


class Source:
    """A file of the package: the text of its lines, and the functions that they are in."""

    def __init__(self, file: str) -> None:
        text = (PACKAGE / file).read_text(encoding="utf-8")
        self._file, self._lines = file, [line.strip() for line in text.splitlines()]
        self._functions = [""] * len(self._lines)
        self._name(ast.parse(text), "")

    def _name(self, parent: ast.AST, prefix: str) -> None:
        for node in ast.iter_child_nodes(parent):
            name = prefix
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}.{node.name}".lstrip(".")
                count = (node.end_lineno or 0) - node.lineno + 1
                self._functions[node.lineno - 1 : node.end_lineno] = [name] * count
            self._name(node, name)

    def line(self, number: int) -> Left:
        """A line that does not run."""
        return Left(self._file, self._functions[number - 1], self._lines[number - 1])

    def branch(self, number: int, to: int) -> Left:
        """A branch that is not taken, to another line or, where that is negative, out of there."""
        line = self.line(number)
        return line._replace(what=f"{line.what} ==> {self._lines[to - 1] if to > 0 else 'end'}")

    def has(self, left: Left) -> bool:
        """Whether the line of something listed is there."""
        line = left._replace(what=left.what.partition(" ==> ")[0])
        return any(self.line(number) == line for number in range(1, len(self._lines) + 1))


source = cache(Source)


def left(file: str, measured: dict[str, Any]) -> Iterator[Left]:
    """What is left of a file, as ``coverage json`` tells of it: of lines in a row, the first."""
    missing = set(measured["missing_lines"])
    before = None
    for number in sorted(missing.union(measured["executed_lines"])):
        if number in missing and before not in missing:
            yield source(file).line(number)
        before = number
    for number, to in measured["missing_branches"]:
        # Else the line to which it leads says the same.
        if number not in missing and to not in missing:
            yield source(file).branch(number, to)


def listed() -> dict[Left, str]:
    """What is listed, and why."""
    return coverage_list.read(Path(__file__).with_suffix(".toml"))


def misplaced() -> Iterator[str]:
    """What is listed and nowhere."""
    for each in listed():
        if not (PACKAGE / each.file).is_file() or not source(each.file).has(each):
            yield f"listed, and nowhere: {each}"


def coverage(*arguments: str) -> list[str]:
    """A command of coverage.py."""
    return [sys.executable, "-m", "coverage", *arguments]


def run(command: list[str]) -> bool:
    """Runs a command in the tree, where what it measures is kept; whether it succeeds."""
    path = os.pathsep.join((str(ROOT / "python"), str(ROOT / "tests")))
    own = {"PYTHONPATH": path, "CI": "1", "COVERAGE_FILE": str(BUILD / "measured")}
    return not subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, check=False).returncode


def tests(arguments: tuple[str, ...]) -> bool:
    """Runs tests; whether they pass."""
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "kit.measured"]
    return run([*coverage("run"), *pytest, *arguments])


def report() -> Iterator[str]:
    """Prints the figures and what is left; what is wrong with that."""
    if any(BUILD.glob("measured.*")):
        run(coverage("combine", "--quiet", "--append"))
    if not run(coverage("json", "--quiet", "-o", str(BUILD / "report.json"))):
        yield "nothing is measured"
        return
    measured = json.loads((BUILD / "report.json").read_text(encoding="utf-8"))
    why = listed()
    found = {
        each
        for path, of in measured["files"].items()
        for each in left(str((ROOT / path).relative_to(PACKAGE)), of)
    }
    for line in (*coverage_list.reasons(found, why), *coverage_list.done(found, why)):
        print(line)
    totals = measured["totals"]
    for name, all_, done in (
        ("branches", "num_branches", "covered_branches"),
        ("lines", "num_statements", "covered_lines"),
    ):
        print(f"{name}: {totals[done]} of {totals[all_]}, {totals[done] / totals[all_]:.2%}")
    print(f"left: {len(found)} places, each with its reason" if found <= why.keys() else "")
    yield from coverage_list.unlisted(found, why)


def main(arguments: list[str]) -> int:
    """Measures what the arguments name."""
    problems = list(misplaced())
    if "--check" not in arguments:
        paths = tuple(word for word in arguments if word != "--report")
        parts = (paths,) if paths else () if arguments else PARTS
        if parts == PARTS:
            shutil.rmtree(BUILD, ignore_errors=True)
        BUILD.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as pool:
            problems += ["a test fails"] * (not all(pool.map(tests, parts)))
        problems += report()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
