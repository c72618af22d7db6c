"""The examples of engines: each verifies an archive, and is short."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import verify_batch
from kit.command import surroundings
from kit.vectors import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples" / "engines"
IN_PROCESS = ("duckdb", "polars", "datafusion", "dataset")
MODULES = {"dataset": "pyarrow", "kafka": "confluent_kafka", "spark": "pyspark"}
"""What an example imports, where that is not called like it."""

LONGEST = 12
"""Lines that a user writes."""

pytestmark = [
    pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the source tree is not here"),
    pytest.mark.skipif(not find_spec("pyarrow"), reason="pyarrow is not installed"),
]


def run(backend: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs Python in the folder of the examples."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=EXAMPLES,
        env=surroundings(backend) | {"PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def verifies(backend: str, engine: str) -> None:
    """That an example checks its verdicts, and they are right."""
    pytest.importorskip(MODULES.get(engine, engine))
    done = run(backend, f"with_{engine}.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("10 None, 10 malformed, 980 verified")


@pytest.mark.parametrize("engine", [*IN_PROCESS, "kafka"])
def test_an_example_verifies_an_archive(backend: str, engine: str) -> None:
    """One row for each message: good ones, ten that are cut short, ten that are null."""
    verifies(backend, engine)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["dask", "ray", "spark"])
def test_an_example_with_processes_verifies_an_archive(backend: str, engine: str) -> None:
    verifies(backend, engine)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("with_*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_says_its_threads_and_traps(path: Path) -> None:
    """What a user writes is the functions that verify."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    # What calls it, or makes its input, comes after it.
    ours = "work" if "work" in functions else "verified"
    wanted = {ours, "verdicts"}.intersection(functions)
    lines = sum(
        1 + statement.end_lineno - statement.lineno
        for name in wanted
        for statement in functions[name].body[1:]
    )
    assert 0 < lines <= LONGEST
    said = ast.get_docstring(tree) or ""
    assert "Threads: " in said
    assert "Trap" in said


@cache
def archive() -> Any:
    """The module that the examples share."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("archive", EXAMPLES / "archive.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_examples_notice_what_is_wrong() -> None:
    """A row that is missing, there twice, another's, or of another verdict."""
    messages = archive().messages()[:10]
    rows = [(row.index, row.verdict, row.reason) for row in verify_batch(messages[:3])]
    rows += [(3, "malformed", "truncated")]
    rows += [(number, "verified", None) for number in range(4, 10)]
    rows[7] = (7, None, None)
    archive().check(rows, messages)
    for wrong in (
        rows[:-1],
        [*rows, rows[0]],
        [(1, "verified", None), *rows[1:]],
        [(0, "failed", "signature_invalid"), *rows[1:]],
    ):
        with pytest.raises(AssertionError, match="verdicts are wrong"):
            archive().check(wrong, messages)


# --- a worker that dies --------------------------------------------------------------------------

DYING = """
import os, signal, sqlite3, sys
import with_kafka

class Database(sqlite3.Connection):
    left = int(sys.argv[4])

    def __exit__(self, *error):
        # Before it is stored, or after that and before it is committed.
        if Database.left == 0 and sys.argv[5] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = super().__exit__(*error)
        if Database.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        Database.left -= 1
        return done

connect = sqlite3.connect
sqlite3.connect = lambda path, timeout: connect(path, timeout, factory=Database)
with_kafka.work.__kwdefaults__["most"] = 100
with_kafka.worker(*sys.argv[1:4])
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_loses_no_offset_that_it_has_not_committed(
    moment: str, tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before or after verdicts are stored, and before offsets are committed."""
    if backend != "rust":
        pytest.skip("what the worker calls does not matter")
    pytest.importorskip("confluent_kafka")
    monkeypatch.syspath_prepend(EXAMPLES)
    import with_kafka

    messages = archive().messages()
    producer, brokers = with_kafka.broker("enrolment", messages)
    database = tmp_path / "verdicts"
    given = (brokers, "enrolment", str(database))
    killed = run(backend, "-c", DYING, *given, "2", moment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    stored = archive().rows(with_kafka.stored(database))
    assert len(stored) < len(messages) / 2
    with pytest.raises(AssertionError, match="verdicts are wrong"):
        archive().check(stored, messages)
    for _ in range(5):
        # Until a group knows that one of it died, another worker may have given up waiting.
        other = run(backend, "with_kafka.py", *given)
        assert other.returncode == 0, other.stderr
        stored = archive().rows(with_kafka.stored(database))
        if len(stored) == len(messages):
            break
    archive().check(stored, messages)
    assert producer
