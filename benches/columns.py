"""What stands after the verification: columns, lines, counts and rows, beside the verdicts alone.

    python -m benches.columns [--only NAME…] [--messages N]

instructions  columns beside `verify_batch` of the same 1,000 messages, in one array and in arrays
              of 100, under callgrind: counts repeat to 0.01 %, where seconds differ by 1 to 2 %
cpu           the same in processor time, in turn
written       `cmc verify` with --json, --csv and a summary beside a program that verifies the same
              files, whole processes; rows, their dictionaries and pickles beside the verification
lock          how much of its time `arrow.verify` holds the lock of the interpreter, as a thread
              beside it sees it that counts
memory        resident memory above the input, of one array, and of a column of 3 GiB

Ends with status 1 where a promise is not kept. ``CMCODEC_BACKEND=pure`` measures the fallback, of
which nothing is counted in instructions.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from itertools import accumulate
from pathlib import Path
from struct import pack
from typing import TYPE_CHECKING, Any

import cmcodec
from benches import instructions, measure, memory
from cmcodec import arrow
from cmcodec.columns.fields import Field
from cmcodec.columns.outgoing import array_capsule, arrays_capsule, schema_capsule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.columns.fields import Array

ONE_ARRAY, ARRAYS_OF_100, FALLBACK = 1.02, 1.05, 1.06
"""Of `verify_batch` alone, at most."""
WRITTEN, WRITTEN_BY_FALLBACK = 1.15, 1.3
"""The same of what the command prints."""
LOCKED = 0.01
"""Of the time, at most."""
PEAK = 1.5
"""Times an array, above the input."""

_BINARY = Field("", "z")
_SIZE = 3 << 30


class Messages:
    """Messages as a column in arrays of so many."""

    def __init__(self, messages: list[bytes], each: int, field: Field = _BINARY) -> None:
        self._field = field
        parts = [messages[at : at + each] for at in range(0, len(messages), each)]
        self._arrays = [_array(part, "i" if field.format == "z" else "q") for part in parts]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return arrays_capsule(self._field, self._arrays)


class View:
    """A column of 3 GiB, every value of which is the same octets."""

    def __init__(self, octets: bytes) -> None:
        self.count = _SIZE // len(octets)
        views = pack("=i4sii", len(octets), octets[:4], 0, 0) * self.count
        sizes = pack("=q", len(octets))
        self._array: Array = (self.count, 0, [None, views, octets, sizes], [])

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        field = Field("", "vz")
        return schema_capsule(field), array_capsule(field, self._array)


def _array(messages: list[bytes], code: str) -> Array:
    ends = pack(f"={len(messages) + 1}{code}", *accumulate(map(len, messages), initial=0))
    return len(messages), 0, [None, ends, b"".join(messages)], []


def messages(count: int) -> list[bytes]:
    """Messages of the batch, as often as needed."""
    batch = cmcodec.load(instructions.INPUT.read_bytes())
    found = [each.to_der() for _, each in batch.unverified_messages]
    return (found * (count // len(found) + 1))[:count]


def _verdicts(of: list[bytes], each: int) -> int:
    """The messages verified by `verify_batch`, so many at once; how many are verified."""
    parts = (of[at : at + each] for at in range(0, len(of), each))
    reports = (cmcodec.verify_batch(part, threads=1) for part in parts)
    return sum(report.counts()["verified"] for report in reports)


Figures = list[tuple[str, float, float | None]]


# --- instructions --------------------------------------------------------------------------------


def operations() -> Iterator[tuple[str, Callable[[], object]]]:
    """What is counted."""
    thousand = messages(1000)
    whole, parts = Messages(thousand, 1000), Messages(thousand, 100)
    assert set(arrow.verify(whole, plain=True).to_pyarrow()["verdict"].to_pylist()) == {"verified"}
    yield "verify_batch", lambda: _verdicts(thousand, 1000)
    yield "arrow.verify", lambda: arrow.verify(whole)
    yield "verify_batch, 100 at once", lambda: _verdicts(thousand, 100)
    yield "arrow.verify, arrays of 100", lambda: arrow.verify(parts)


def counted(_: int) -> Figures:
    """Ratios of instructions."""
    if cmcodec.backend != "rust":
        return []
    texts = instructions.parts("benches.columns")
    alone, columns, alone_100, columns_100 = (sum(instructions.counts(text)) for text in texts)
    print(f"verify_batch of 1,000: {alone:,}; columns: {columns - alone:,} more")
    return [
        ("columns of one array, instructions", columns / alone, ONE_ARRAY),
        ("columns of arrays of 100, instructions", columns_100 / alone_100, ARRAYS_OF_100),
    ]


# --- processor time ------------------------------------------------------------------------------


def _ratio(ours: Callable[[], object], alone: Callable[[], object], rounds: int = 5) -> float:
    """Processor time in turn; of the bests."""
    best = [float("inf")] * 2
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            since = time.process_time()
            (ours, alone)[side]()
            best[side] = min(best[side], time.process_time() - since)
    return best[0] / best[1]


def cpu(count: int) -> Figures:
    """Columns of messages in one array beside the verdicts alone."""
    of = messages(count)
    array = Messages(of, count)
    found = _ratio(lambda: arrow.verify(array), lambda: _verdicts(of, count))
    bound = FALLBACK if cmcodec.backend == "pure" else None
    return [(f"columns of {count:,} messages, processor time", found, bound)]


_VERIFY = "import sys, cmcodec; cmcodec.verify_batch([open(it,'rb').read() for it in sys.argv[1:]])"


def written(count: int) -> Figures:
    """Commands beside a program that only verifies; rows beside the verification."""
    of = messages(count)
    bound = WRITTEN_BY_FALLBACK if cmcodec.backend == "pure" else WRITTEN
    figures: Figures = []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.der" for number in range(count)]
        for file, octets in zip(files, of, strict=True):
            file.write_bytes(octets)
        batches = [instructions.INPUT] * max(1, count // 1000)
        for what, given, promised in (
            (f"{1001 * len(batches):,} messages in batches", batches, bound),
            (f"{count:,} files", files, None),
        ):
            alone = min(_cpu_of_children([sys.executable, "-c", _VERIFY, *given]) for _ in range(3))
            for options in ("--json", "--csv", ""):
                command = [sys.executable, "-m", "cmcodec", "verify", *options.split(), *given]
                took = min(_cpu_of_children(command) for _ in range(3))
                figures.append((f"cmc verify {options} of {what}", took / alone, promised))
    report = cmcodec.verify_batch(of, threads=1)
    for name, work in {
        "rows": lambda: sum(len(row.signers) for row in report),
        "rows, to_dict": lambda: sum(len(row.to_dict()) for row in report),
        "pickle": lambda: pickle.dumps(report),
        "to_json_lines": lambda: sum(map(len, report.to_json_lines())),
        "to_csv": lambda: sum(map(len, report.to_csv())),
        "summary": report.summary,
    }.items():
        since = time.process_time()
        work()
        took = time.process_time() - since
        print(f"  {name}: {took / count * 1e6:.2f} µs a message")
    return figures


def _cpu_of_children(command: list[Any]) -> float:
    before = measure.of_children()
    subprocess.run(command, check=True, capture_output=True)
    return measure.of_children() - before


# --- the lock ------------------------------------------------------------------------------------


def lock(count: int) -> Figures:
    """How much less a thread counts while messages are verified than while nothing is done."""
    array = Messages(messages(count), count)
    arrow.verify(array)
    least = 1.0
    for _ in range(3):
        quiet = _counted_beside(lambda: time.sleep(1))
        least = min(least, 1 - _counted_beside(lambda: arrow.verify(array)) / quiet)
    return [("share of the time with the interpreter's lock", max(least, 0.0), LOCKED)]


def _counted_beside(work: Callable[[], object]) -> float:
    """Steps in a second of a thread that counts."""
    ended = threading.Event()
    steps = [0]

    def counting() -> None:
        while not ended.is_set():
            steps[0] += 1

    thread = threading.Thread(target=counting)
    thread.start()
    since = time.perf_counter()
    work()
    seconds = time.perf_counter() - since
    ended.set()
    thread.join()
    return steps[0] / seconds


# --- memory --------------------------------------------------------------------------------------


def _peak(given: Any, rows: int) -> int:
    """The most octets above what was there before; the table has so many rows."""
    before = memory.resident_from_now()
    assert len(arrow.verify(given, threads=measure_threads())) == rows
    return memory.peak() - before


def measure_threads() -> int:
    """All cores: what is done at once is the same."""
    return len(os.sched_getaffinity(0))


def held(count: int) -> Figures:
    """Memory above the input."""
    of = messages(count)
    size = sum(map(len, of))
    figures: Figures = []
    arrow.verify(Messages(of[:10], 10))
    figures.append(
        (f"memory above {size >> 20} MiB", _peak(Messages(of, count), count) / size, PEAK)
    )
    # Messages of a MiB that are none, so that most of the time is reading.
    large = b"\x31" + bytes((1 << 20) - 1)
    rows = [*of[:100], *[large] * (_SIZE >> 20)]
    column = Messages(rows, len(rows), Field("", "Z"))
    del rows
    above = _peak(column, 100 + (_SIZE >> 20))
    figures.append(("MiB above a large_binary of 3 GiB", above / (1 << 20), 256.0))
    del column
    view = View(large)
    figures.append(("MiB above a binary_view of 3 GiB", _peak(view, view.count) / (1 << 20), 256.0))
    return figures


SCENARIOS: dict[str, tuple[Callable[[int], Figures], int]] = {
    "instructions": (counted, 1000),
    "cpu": (cpu, 20_000),
    "written": (written, 10_000),
    "lock": (lock, 20_000),
    "memory": (held, 100_000),
}
"""What is measured, and over how many messages; the fallback gets a tenth."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--messages", type=int, help="instead of the usual number")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        instructions.run(operations())
        return 0
    print(f"{cmcodec.backend}, load average {measure.load_average():.1f}", file=sys.stderr)
    is_kept, figures = True, {}
    for name in given.only:
        work, usual = SCENARIOS[name]
        count = given.messages or (usual if cmcodec.backend == "rust" else usual // 10)
        for text, value, at_most in work(count):
            promised = "" if at_most is None else f", at most {at_most:.2f}"
            print(f"{name}: {text}: {value:.3f}{promised}", file=sys.stderr, flush=True)
            figures[text] = value
            is_kept = is_kept and (at_most is None or value <= at_most)
    if given.json:
        print(json.dumps(figures, indent=2))
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
