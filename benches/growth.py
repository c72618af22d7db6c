"""Whether time and memory grow as the batch does: straight lines up to 100,000 messages.

    python -m benches.growth [--largest N] [--rounds N] [--json FILE]

Each size is measured in processes of its own, the sizes in turn, and the best time of all rounds
counts. Prints each size and ends with status 1 where a promise is not kept: at the largest size a
message takes at most a tenth longer than in a batch of 1,000, and loading, verifying and looking
at each row take at most twice the input of memory beyond what the interpreter had.

To read is to read six fields of each message and to keep none of them: what a program keeps, the
garbage collector of Python goes through again and again.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cmcodec
from benches import memory, workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10, 100, 1_000, 10_000, 100_000)
LONGER = 1.1
"""Times as long as in a batch of 1,000 a message may take in the largest."""
PEAK = 2.0
"""Peak memory in sizes of the input, which is one of them."""
WORTH = 0.3
"""Seconds for which work is repeated in one process."""


class Point(NamedTuple):
    """A size, and what the batch of this size takes."""

    n: int
    input_octets: int
    seconds_load: float
    seconds_read: float
    seconds_verify: float
    peak_octets: int


TIMES = ("seconds_load", "seconds_read", "seconds_verify")


def point(n: int) -> Point:
    """Measures one size in a process of its own."""
    command = [sys.executable, "-m", "benches.growth", "--measure", str(workload.batch_file(n))]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Point(n, *json.loads(done.stdout))


def curve(sizes: Iterable[int] = SIZES, rounds: int = 3) -> list[Point]:
    """The best of each size in some rounds over all sizes."""
    sizes = list(sizes)
    found = [[point(n) for n in sizes] for _ in range(rounds)]
    return [Point(*map(min, zip(*same, strict=True))) for same in zip(*found, strict=True)]


def _measure(file: Path) -> tuple[int, float, float, float, int]:
    """What follows the size in its `Point`."""
    small = workload.batch(workload.SMALL)
    _through(small)
    memory.read(small)
    before = memory.resident_from_now()
    der = file.read_bytes()
    _through(der)
    peak = memory.peak() - before
    return (
        len(der),
        seconds(lambda: cmcodec.load(der)),
        seconds(lambda: memory.read(der)),
        seconds(lambda: cmcodec.verify_batch(der)),
        peak,
    )


def _through(der: bytes) -> None:
    """Loads, verifies and looks at each row."""
    message = cmcodec.load(der)
    report = cmcodec.verify_batch(message)
    good = sum(row.verdict == "verified" for row in report)
    assert good == 1 + len(message.unverified_messages)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The best time of as many calls as fit in some time, by a clock."""
    best = float("inf")
    since = time.perf_counter()
    while time.perf_counter() - since < WORTH:
        gc.collect()
        start = clock()
        result = work()
        best = min(best, clock() - start)
        del result
    return best


# --- report ----------------------------------------------------------------------------------


def promises(points: Iterable[Point]) -> Iterator[tuple[str, float, float]]:
    """What was promised of the largest size: its name, the bound, and what was measured."""
    by_size = {it.n: it for it in points}
    largest, usual = by_size[max(by_size)], by_size[workload.BATCH]
    for name in TIMES:
        each, before = (getattr(it, name) / it.n for it in (largest, usual))
        yield f"{name}, a message at {largest.n:,} / at {usual.n:,}", LONGER, each / before
    yield f"peak_octets / input at {largest.n:,}", PEAK, largest.peak_octets / largest.input_octets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write everything here too")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments.measure)))
        return 0

    points = curve([n for n in SIZES if n <= arguments.largest], arguments.rounds)
    columns = "{:>9} {:>12} {:>9} {:>9} {:>9} {:>13} {:>7}"
    print(columns.format("messages", "octets", "load", "read", "verify", "peak", "/ input"))
    for it in points:
        each = (f"{getattr(it, name) / it.n * 1e6:.2f} µs" for name in TIMES)
        peak = f"{it.peak_octets:,}", f"{it.peak_octets / it.input_octets:.2f}"
        print(columns.format(f"{it.n:,}", f"{it.input_octets:,}", *each, *peak))
    kept = True
    for name, promise, measured in promises(points):
        kept = kept and measured <= promise
        verdict = "pass" if measured <= promise else "FAIL"
        print(f"{name:58} <= {promise:4} {measured:7.3f} {verdict}")
    if arguments.json:
        arguments.json.write_text(json.dumps([it._asdict() for it in points], indent=2) + "\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
