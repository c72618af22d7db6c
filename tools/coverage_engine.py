"""Tells which lines of the engine no test of its own reaches.

    python tools/coverage_engine.py        # by `cargo test -p cmcodec` alone

Prints the figure of each module, and what is left. What cannot be reached stands in
``unreached.toml``, by its text and with the reason. Exits 1 where another line is not reached, or
one that stands there is, or is gone. Needs `cargo install cargo-llvm-cov` and `rustup component add
llvm-tools`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import coverage_list
from coverage_list import Left

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "rust" / "cmcodec" / "src"
BUILD: Final = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()


class File(NamedTuple):
    """The lines of a file that something is compiled of: how often each was reached."""

    name: str
    texts: list[str]
    reached: dict[int, int]

    @property
    def module(self) -> str:
        """The module that it is part of; those of the root are one."""
        first, *others = self.name.removesuffix(".rs").split("/")
        return first if others or (SOURCES / first).is_dir() else "lib"

    def missed(self) -> list[int]:
        """The numbers of the lines that nothing reached."""
        return [number for number, count in self.reached.items() if count == 0]

    def function(self, number: int) -> str:
        """The function that begins at a line or, the nearest, before it."""
        before = "\n".join(self.texts[:number])
        return next(reversed(re.findall(r"\bfn (\w+)", before)), "")

    def left(self) -> Iterator[Left]:
        """What nothing reached: of lines in a row in a function, the first."""
        before = None
        for number, count in sorted(self.reached.items()):
            function = None if count else self.function(number)
            if function not in (None, before):
                yield Left(self.name, function, self.texts[number - 1].strip())
            before = function


def measure() -> str:
    """Runs the tests; returns what was reached, in the form of lcov.

    Raises `RuntimeError` where they fail.
    """
    report = BUILD / "coverage.info"
    # What was compiled may stay, what earlier runs reached not.
    clean = ["cargo", "llvm-cov", "clean", "--profraw-only"]
    test = ["cargo", "llvm-cov", "--no-clean", "--quiet", "-p", "cmcodec", "--lcov"]
    for command in (clean, [*test, "--output-path", report]):
        if subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr).returncode:
            raise RuntimeError("the tests of the engine, or cargo llvm-cov, failed")
    return report.read_text("utf-8")


def files(report: str) -> Iterator[File]:
    """What lcov says of each file, without unit tests, which stand at the end."""
    for section in report.split("end_of_record")[:-1]:
        lines = section.split("\n")
        path = Path(next(line[3:] for line in lines if line.startswith("SF:")))
        texts = path.read_text("utf-8").split("\n")
        end = texts.index("#[cfg(test)]") if "#[cfg(test)]" in texts else len(texts)
        counts = (line[3:].split(",")[:2] for line in lines if line.startswith("DA:"))
        reached = {int(number): int(count) for number, count in counts if int(number) <= end}
        yield File(path.relative_to(SOURCES).as_posix(), texts, reached)


def figures(found: Iterable[File]) -> Iterator[str]:
    """The figure of each module, and of all."""
    lines: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for file in found:
        for name in (file.module, "all"):
            lines[name] += len(file.reached)
            missed[name] += len(file.missed())
    for name in sorted(lines, key=lambda name: (name == "all", name)):
        share = 100 * (1 - missed[name] / lines[name])
        yield f"{name:10}{lines[name]:>6} lines{missed[name]:>5} not reached{share:>8.2f} %"


def main() -> int:
    """Measures the engine."""
    try:
        found = list(files(measure()))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    left = {each for file in found for each in file.left()}
    why = coverage_list.read(Path(__file__).with_name("unreached.toml"))
    problems = [*coverage_list.unlisted(left, why), *coverage_list.done(left, why)]
    for line in (*coverage_list.reasons(left, why), *figures(found)):
        print(line)
    for line in problems:
        print(line, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
