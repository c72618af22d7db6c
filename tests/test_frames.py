"""What the libraries of frames make of verdicts: of tables, of CSV and of JSON Lines."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kit.command import surroundings
from kit.der import integer
from kit.messages import Message, control, pki_data

if TYPE_CHECKING:
    from pathlib import Path

    from kit.command import Run

LIBRARIES = ("pandas", "polars", "duckdb")

BITS = (1, 8, 31, 32, 63, 64, 65, 128, 1024, 16_383)
LARGEST = [number for bits in BITS for number in ((1 << bits) - 1, -1 << bits)]
"""The largest of so many bits and a sign, and the least."""

IDS = {
    "every": [0, 10, *LARGEST],
    "small": [0, 1, 10, 255],
    "negative": [-1, -16],
    "of-64-bits": [1 << 63, (1 << 64) - 1, -(1 << 63)],
    "like-a-float": [0x1E5, 0x10E10, 0xE0],
}


def messages(ids: list[int]) -> list[bytes]:
    content = (pki_data([control(1, 5, integer(number))]) for number in ids)
    return [Message(content=each).encode() for each in content]


def read(library: str, form: str, path: Path) -> Any:
    """The column as a library reads it that is told nothing."""
    frames = pytest.importorskip(library)
    if library == "duckdb":
        found = frames.sql(f"SELECT transaction_id FROM read_{form}('{path}') ORDER BY file")
        return [value for (value,) in found.fetchall()]
    if library == "polars":
        reader = frames.read_csv if form == "csv" else frames.read_ndjson
        return reader(path)["transaction_id"].to_list()
    frame = frames.read_csv(path) if form == "csv" else frames.read_json(path, lines=True)
    return list(frame["transaction_id"])


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_transaction_ids_are_kept_exactly(
    ids: list[int], form: str, library: str, tmp_path: Path, cmc: Run
) -> None:
    """Of 1 to 16,384 bits, and negative ones, by a library that is told nothing of the column.

    DuckDB makes numbers of a column of CSV in which all are small, and they are the right ones. It
    looks at 20,480 rows, and refuses a file in which only later ones are not: ``sample_size=-1``.
    """
    pytest.importorskip(library)
    files = [tmp_path / f"{number:02}" for number in range(len(ids))]
    for file, octets in zip(files, messages(ids), strict=True):
        file.write_bytes(octets)
    done = cmc("verify", f"--{form}", *files)
    assert f"{len(ids)} verified" in done.stderr
    out = tmp_path / f"out.{form}"
    out.write_text(done.stdout)
    found = read(library, form, out)
    assert [int(each, 16) if isinstance(each, str) else each for each in found] == ids
    numbers = {type(each) for each in found} - {str}
    assert numbers <= ({int} if (library, form) == ("duckdb", "csv") else set())


TAKERS = {
    "pandas": "assert list(pandas.DataFrame.from_arrow(verdicts)['verdict']) == wanted",
    "polars": "assert polars.DataFrame(verdicts)['verdict'].to_list() == wanted",
    "duckdb": "assert duckdb.sql('SELECT verdict FROM verdicts').fetchall() == list(zip(wanted))",
    "pyarrow": "assert pyarrow.record_batch(verdicts)['verdict'].to_pylist() == wanted",
}
PROGRAM = """
import sys
from pathlib import Path
import cmcodec.arrow
report = cmcodec.verify_batch([Path(name).read_bytes() for name in sys.argv[1:]])
verdicts = report.to_arrow()
for give in (verdicts.__arrow_c_schema__, verdicts.__arrow_c_array__, verdicts.__arrow_c_stream__):
    give()
assert "pyarrow" not in sys.modules
wanted = ["verified", "malformed"]
"""


@pytest.mark.parametrize("library", TAKERS)
def test_a_library_takes_verdicts_and_no_other_is_imported(
    library: str, tmp_path: Path, backend: str
) -> None:
    """What pyarrow is needed for, the library that needs it imports itself."""
    pytest.importorskip(library)
    (tmp_path / "good").write_bytes(Message().encode())
    (tmp_path / "bad").write_bytes(Message().encode()[:40])
    done = subprocess.run(
        [sys.executable, "-c", f"{PROGRAM}import {library}\n{TAKERS[library]}", "good", "bad"],
        cwd=tmp_path,
        env=surroundings(backend) | {"PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


KEPT = {
    "array": "pyarrow.record_batch(verdicts)",
    "cycle": "[pyarrow.record_batch(verdicts)]; pyarrow.kept.append(pyarrow.kept)",
    "column": "pyarrow.record_batch(verdicts)['signers']",
    "reader": "pyarrow.RecordBatchReader.from_stream(stream)",
    "capsules": "verdicts.__arrow_c_array__(), stream.__arrow_c_stream__()",
    "stream": "stream",
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_what_others_hold_is_released_when_the_interpreter_ends(kept: str, backend: str) -> None:
    """Names of modules are gone by then; Arrow's C++ ends a process whose release fails."""
    pytest.importorskip("pyarrow")
    program = f"""
import pyarrow
from cmcodec import arrow
table = pyarrow.table({{"message": [b"no message"]}})
verdicts = arrow.verify(table["message"])
stream = arrow.verify_stream(table)
pyarrow.kept = {kept}
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=surroundings(backend) | {"PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
