"""Plants faults one at a time, and tells which of them no test catches.

The faults stand in ``planted_faults.toml``, with the tests that are to catch them: of those in the
engine a part of ``cargo test -p cmcodec``, of those in Python modules that run on the fallback, no
engine being installed to compare it with. They are planted in a copy of the tree.

    python tools/planted_faults.py            # all, by the tests that this Python and cargo run
    python tools/planted_faults.py engine     # one half: engine, python
    python tools/planted_faults.py V8:        # those with this in their names
    python tools/planted_faults.py --check    # only whether each can still be planted

Exits 1 where one survives, does not build, or cannot be planted: its text is to be found once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parent.parent
BUILD: Final = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "planted"
COPY: Final = BUILD / "tree"

FOLDERS: Final = {"engine": "rust/cmcodec/src", "python": "python/cmcodec"}
"""The halves, and where the files of their faults stand."""

SECONDS: Final = 900
"""After which a test run counts as one that says nothing."""


class Fault(NamedTuple):
    """A change of one place, and the test targets of the engine or the modules that catch it."""

    half: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def path(self) -> str:
        """The file, from the root of the tree."""
        return f"{FOLDERS[self.half]}/{self.file}"

    def planted(self, text: str) -> str:
        """The text of the file with the fault; raises `ValueError` where its place is not found."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.path}: its text is found {text.count(self.old)} times")
        return text.replace(self.old, self.new)

    def builds(self) -> list[str]:
        """What fails where the fault is more than a fault."""
        if self.half == "engine":
            return [*_tests("engine", self.tests), "--no-run"]
        module = self.path.removeprefix("python/").removesuffix(".py").replace("/", ".")
        return [sys.executable, "-c", f"import cmcodec._pure.backend, {module}"]


def _tests(half: str, names: Iterable[str]) -> list[str]:
    """The command that runs these tests of one half."""
    if half == "python":
        return [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names]
    targets = (["--lib"] if name == "lib" else ["--test", name] for name in names)
    return ["cargo", "test", "--quiet", "-p", "cmcodec", *chain.from_iterable(targets)]


def faults() -> list[Fault]:
    """Every fault, in the order of the table."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return [
        Fault(half, **{**each, "tests": tuple(each["tests"])})
        for half in FOLDERS
        for each in table.get(half, ())
    ]


def misplaced(found: Iterable[Fault]) -> Iterator[str]:
    """Why faults cannot be planted."""
    for fault in found:
        try:
            fault.planted((ROOT / fault.path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            yield f"{fault.name}: {error}"


def copy() -> None:
    """Puts what belongs to the tree where faults are planted, without any engine that was built.

    All of it is newer than what cargo may have built of faults before.
    """
    shutil.rmtree(COPY, ignore_errors=True)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, COPY / name)


def run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    """Runs a command in the copy; None where it does not end."""
    # Its own target directory: cargo takes two trees that share one for the same.
    own = {"CARGO_TARGET_DIR": str(BUILD / "target"), "PYTHONPATH": "python"}
    env = {**os.environ, **own, "CMCODEC_BACKEND": "pure", "CI": "1"}
    try:
        return subprocess.run(
            command, cwd=COPY, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None


_FAILED: Final = re.compile(r"^---- (\S+) stdout|^FAILED \S+?::([^\s\[]+)", re.MULTILINE)


def caught_by(fault: Fault) -> str:
    """The test that catches a planted fault; raises `ValueError` where none does."""
    built = run(fault.builds())
    if built is None or built.returncode:
        raise ValueError("does not build")
    tested = run(_tests(fault.half, fault.tests))
    if tested is None:
        raise ValueError("the tests do not end")
    if not tested.returncode:
        raise ValueError("survives")
    first = _FAILED.search(tested.stdout)
    if first is None:
        raise ValueError("the tests do not run")
    return first[1] or first[2]


def unplanted(found: list[Fault]) -> Iterator[str]:
    """What fails while no fault is planted."""
    for half in FOLDERS:
        names = dict.fromkeys(name for it in found if it.half == half for name in it.tests)
        if not names:
            continue
        command = _tests(half, names)
        tested = run(command)
        if tested is None or tested.returncode:
            yield f"without a fault: {' '.join(command)} fails\n{tested.stdout if tested else ''}"


def plant(fault: Fault) -> bool:
    """Plants a fault, says what becomes of it, and takes it away; whether it was caught."""
    path = COPY / fault.path
    text = path.read_text(encoding="utf-8")
    path.write_text(fault.planted(text), encoding="utf-8")
    try:
        print(f"caught    {fault.half}  {fault.name}: {caught_by(fault)}", flush=True)
    except ValueError as error:
        print(f"SURVIVES  {fault.half}  {fault.name}: {error}", flush=True)
        return False
    finally:
        path.write_text(text, encoding="utf-8")
    return True


def main(arguments: list[str]) -> int:
    """Plants the faults that the arguments name."""
    words = [word for word in arguments if word != "--check"]
    found = [it for it in faults() if all(word == it.half or word in it.name for word in words)]
    problems = list(misplaced(found)) if found else ["no fault has this name"]
    if not problems and "--check" not in arguments:
        copy()
        problems = list(unplanted(found))
    if not problems and "--check" not in arguments:
        survivors = sum(not plant(fault) for fault in found)
        print(f"{len(found)} faults, {survivors} survivors")
        return 1 if survivors else 0
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
