"""``cmc verify`` and tables: messages out of a column, verdicts into files."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
from cmcodec import arrow
from cmcodec.cli import tables
from kit.command import command, surroundings
from kit.messages import Message, pki_data, tagged_content_info
from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kit.command import Run

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

GOOD = Message().encode()
BATCH = Message(content=pki_data(members=[tagged_content_info(GOOD, 7)])).encode()
MESSAGES = [GOOD, None, GOOD[:40], BATCH, None]


def archive(path: Path, messages: Sequence[bytes | None] = MESSAGES, kind: Any = None) -> str:
    """A Parquet file of messages, in small row groups."""
    column = pa.array(messages, kind or pa.binary())
    pq.write_table(pa.table({"n": range(len(messages)), "m": column}), path, row_group_size=2)
    return str(path)


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


# --- verdicts into files -------------------------------------------------------------------------


def same(table: Any, backend: str) -> None:
    """That a table is the one of the report over three inputs."""
    report = cmcodec.verify_batch([BATCH, GOOD[:40], GOOD])
    assert table.schema.equals(pa.schema(arrow.ROWS_SCHEMA))
    assert table.to_pylist() == report.to_arrow().to_pyarrow().to_pylist()


@pytest.mark.parametrize("to", ["file", "stdout"])
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_verdicts_are_written_as_columns(kind: str, to: str, tmp_path: Path, backend: str) -> None:
    """Those of `BatchReport.to_arrow`, to a file or a pipe; the summary is one line."""
    names = [tmp_path / name for name in ("batch", "cut", "good")]
    for name, octets in zip(names, (BATCH, GOOD[:40], GOOD), strict=True):
        name.write_bytes(octets)
    out = tmp_path / "out"
    target = "-" if to == "stdout" else str(out)
    done = subprocess.run(
        command("verify", f"--{kind}", target, *names),
        env=surroundings(backend) | {"PYTHONWARNINGS": "default"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"cmc: 4 messages: 3 verified, 1 malformed" in done.stderr
    octets = done.stdout if to == "stdout" else out.read_bytes()
    assert (to == "stdout") != out.exists()
    source = io.BytesIO(octets)
    same(
        pq.read_table(source) if kind == "parquet" else pa.ipc.open_file(source).read_all(), backend
    )


def test_a_table_is_written_whole_or_not_at_all(tmp_path: Path, cmc: Run) -> None:
    """The one that was there stays where the archive is broken in its middle."""
    out = tmp_path / "out"
    out.write_bytes(b"before")
    # Octets of no pattern, so that they stand in the file as they are.
    noise = [os.urandom(5000) for _ in range(40)]
    path = tmp_path / "archive"
    pq.write_table(pa.table({"m": noise}), path, row_group_size=2, compression="zstd")
    octets = bytearray(path.read_bytes())
    place = octets.index(noise[30][:100])
    octets[place - 400 : place + 100] = bytes(500)
    path.write_bytes(octets)
    done = cmc("verify", "--column", "m", "--parquet", out, path)
    assert done.returncode == 1
    assert re.fullmatch(rf"cmc: {re.escape(str(path))}: column m: .+\n", done.stderr)
    assert out.read_bytes() == b"before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["archive", "out"]


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_reader_of_a_table_that_leaves_is_told_of_as_such(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`main` makes the exit status 141 of it; a disk that is full is a line of its own."""

    class Gone(io.BytesIO):
        def write(self, octets: Any) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Gone()))
    report = cmcodec.verify_batch([GOOD])
    with pytest.raises(BrokenPipeError), tables.writing("-", kind) as write:
        write(report, None)


def test_one_form_of_output_at_a_time(tmp_path: Path, cmc: Run) -> None:
    path = archive(tmp_path / "a.parquet")
    for options in (["--json", "--parquet", "x"], ["--arrow", "x", "--parquet", "y"]):
        done = cmc("verify", "--column", "m", *options, path)
        assert done.returncode == 2
        assert "exclude each other" in done.stderr
    done = cmc("verify", "--parquet", tmp_path / "none" / "x", "--column", "m", path)
    assert (done.returncode, done.stderr) == (
        2,
        f"cmc: {tmp_path / 'none' / 'x'}: No such file or directory\n",
    )


# --- messages out of a column --------------------------------------------------------------------

KINDS = [pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int32(), pa.binary())]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_messages_are_read_from_a_column(kind: Any, tmp_path: Path, cmc: Run) -> None:
    """They are called by file and row; a null is none."""
    path = archive(tmp_path / "a.parquet", kind=kind)
    done = cmc("verify", "--json", "--column", "m", path)
    assert done.returncode == 1
    found = [(row["file"], row["path"], row["verdict"]) for row in lines(done.stdout)]
    assert found == [
        (f"{path}#0", [], "verified"),
        (f"{path}#2", [], "malformed"),
        (f"{path}#3", [], "verified"),
        (f"{path}#3", [7], "verified"),
    ]
    rows = cmcodec.verify_batch([each for each in MESSAGES if each])
    for line, row in zip(lines(done.stdout), rows, strict=True):
        wanted = row.to_dict()
        del line["file"], wanted["index"]
        assert line == json.loads(json.dumps(wanted))


def test_octets_of_fixed_size_are_messages_too(tmp_path: Path, cmc: Run) -> None:
    path = archive(tmp_path / "a", [GOOD, None, GOOD], pa.binary(len(GOOD)))
    assert "2 verified" in cmc("verify", "--csv", "--column", "m", path).stderr


def test_every_form_of_output_tells_of_all_batches(tmp_path: Path, cmc: Run) -> None:
    """More rows than are read at once: one header, numbers that go on, one summary."""
    messages = [*[b"no message"] * 20_000, GOOD]
    path = archive(tmp_path / "a", messages)
    done = cmc("verify", "--column", "m", "--csv", path)
    header, *rows = done.stdout.splitlines()
    assert header.startswith("file,path,kind")
    assert [row.partition(",")[0] for row in rows] == [f"{path}#{n}" for n in range(20_001)]
    assert "cmc: 20001 messages: 1 verified, 20000 malformed" in done.stderr
    done = cmc("verify", "--column", "m", path)
    assert "malformed 20,000" in " ".join(done.stdout.split())
    assert f"{path}#2: this is text" in done.stdout
    assert "19,997 more" in done.stdout
    cmc("verify", "--column", "m", "--parquet", tmp_path / "out", path)
    assert pq.read_table(tmp_path / "out")["index"].to_pylist() == list(range(20_001))


def test_a_table_tells_the_rows_that_messages_were_in(tmp_path: Path, cmc: Run) -> None:
    """Nulls have no row; ``index`` and ``path`` say whose verdict it is."""
    cmc("verify", "--column", "m", "--arrow", tmp_path / "out", archive(tmp_path / "a"))
    table = pa.ipc.open_file(tmp_path / "out").read_all()
    assert table.select(["index", "path"]).to_pylist() == [
        {"index": 0, "path": []},
        {"index": 2, "path": []},
        {"index": 3, "path": []},
        {"index": 3, "path": [7]},
    ]


def test_an_empty_column_is_no_message(tmp_path: Path, cmc: Run) -> None:
    path = archive(tmp_path / "a", [])
    done = cmc("verify", "--column", "m", "--csv", path)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert cmc("verify", "--column", "m", "--parquet", tmp_path / "out", path).returncode == 0
    assert pq.read_table(tmp_path / "out").num_rows == 0


def test_chains_are_checked(tmp_path: Path, cmc: Run) -> None:
    """What is decided about files is decided about rows."""
    batch = (ROOT / "examples" / "batch-1000.der").read_bytes()
    path = archive(tmp_path / "a", [batch])
    anchor = ROOT / "examples" / "batch-1000-ca.der"
    done = cmc("verify", "--column", "m", "--trust", anchor, "--request-keys", "nested", path)
    assert done.returncode == 0, done.stdout
    assert "1,001" in done.stdout


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("n", "column n is int64, and not binary, large_binary, binary_view or fixed_size_binary"),
        ("text", "column text is string, and not binary"),
        ("list", "column list is list<"),
        ("M", "column M is not there: the columns are n, m, text, list"),
        ("list.element", "column list.element is not there"),
        ("\n", r"column \n is not there"),
    ],
)
def test_a_column_that_has_no_messages_is_named_with_its_type(
    column: str, said: str, tmp_path: Path, cmc: Run
) -> None:
    columns = {"n": [1], "m": [GOOD], "text": ["a"], "list": [[GOOD]]}
    pq.write_table(pa.table(columns), tmp_path / "a")
    done = cmc("verify", "--column", column, tmp_path / "a")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"cmc: {tmp_path / 'a'}: {said}")
    assert done.stderr.count("\n") == 1


def test_what_is_no_table_is_refused(tmp_path: Path, cmc: Run) -> None:
    """A message, a folder, a file that is not there, a pipe, two files."""
    (tmp_path / "message").write_bytes(GOOD)
    (tmp_path / "folder").mkdir()
    for name, said in (
        ("message", "this is no Parquet file"),
        ("folder", "Is a directory"),
        ("none", "No such file or directory"),
    ):
        done = cmc("verify", "--column", "m", tmp_path / name)
        assert (done.returncode, done.stderr) == (2, f"cmc: {tmp_path / name}: {said}\n")
    done = cmc("verify", "--column", "m", "-", stdin=GOOD)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "not read from standard input" in done.stderr
    path = archive(tmp_path / "a")
    for options in ([path, path], ["--recursive", path]):
        done = cmc("verify", "--column", "m", *options)
        assert done.returncode == 2
        assert "--column reads one file" in done.stderr


PEAK = """
import sys
from cmcodec.cli import main
main()
# What the kernel counts for a process of its own, and not for the one that started it.
found = open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]
print(found, file=sys.stderr)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak is not told")
def test_memory_does_not_grow_with_the_archive(tmp_path: Path, backend: str) -> None:
    """One row group of 40 MB, and one of 200 MB."""
    peaks = []
    for count in (20_000, 100_000):
        path = archive(tmp_path / str(count), [])
        rows = pa.table({"m": pa.array([bytes(2000)] * count, pa.binary())})
        pq.write_table(rows, path, use_dictionary=False)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "verify", "--column", "m", "--csv", path],
            env=surroundings(backend) | {"PYTHONWARNINGS": "default"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        peaks.append(int(done.stderr.splitlines()[-1]) / 1024)
    # Memory that was freed stays with the process for a while.
    assert peaks[1] - peaks[0] < 80, peaks


HIDDEN = """
import sys
sys.modules["pyarrow"] = None
from cmcodec.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("option", ["--parquet", "--arrow", "--column"])
def test_without_pyarrow_a_line_says_what_to_install(
    option: str, tmp_path: Path, backend: str
) -> None:
    (tmp_path / "good").write_bytes(GOOD)
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, "verify", option, "out", "good"],
        cwd=tmp_path,
        env=surroundings(backend),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == f'cmc: {option}: needs pyarrow: pip install "cmcodec[arrow]"\n'
    assert sorted(each.name for each in tmp_path.iterdir()) == ["good"]
