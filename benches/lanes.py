"""What several signatures at once save, and what they cost where they save nothing.

    python -m benches.lanes [--messages N] [--rounds N] [--json FILE]

Verifies the mixed batch with lanes and without, in turn, and prints how many times less processor
time lanes take: the median of all rounds, and the least and the most. Then what the same takes with
batches that are made to be slow, and how much more memory, in sizes of the input. Every answer is
compared. Ends with status 1 where a promise is not kept, and with 0 where there are no lanes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cmcodec
from benches import measure, memory, workload
from benches.workload import lanes

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.verify.lanes import Wanted

LEAST = 3.3
"""Times less processor time that a large batch takes, on one thread."""
LEAST_LOOKED_AT = 2.5
"""The same where every row is looked at, or written."""
OF_ONE = 0.9
"""Part of that which is left on all threads."""
MOST = 1.3
"""Times as much as without lanes a batch may take that is made to be slow."""
MEMORY = 0.1
"""More memory, in sizes of the input."""


class Ratio(NamedTuple):
    """Processor time without lanes over that with them: median, least and most of some rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def ratio(
    work: Callable[[Wanted], Any], rounds: int, clock: Callable[[], float] = time.process_time
) -> Ratio:
    """Does work without lanes and with them, in turn; both have to give the same."""
    found = []
    for _ in range(rounds):
        start = clock()
        without = work("off")
        between = clock()
        with_ = work("auto")
        end = clock()
        assert without == with_
        found.append((between - start) / (end - between))
    return Ratio(statistics.median(found), min(found), max(found))


def verified(messages: Any, threads: int, **decisions: Any) -> Callable[[Wanted], Any]:
    """Verifies and counts."""

    def work(wanted: Wanted) -> Any:
        report = cmcodec.verify_batch(messages, lanes=wanted, threads=threads, **decisions)
        return report.counts()

    return work


def looked_at(messages: Any) -> Callable[[Wanted], Any]:
    """Verifies, and looks at every row."""

    def work(wanted: Wanted) -> int:
        report = cmcodec.verify_batch(messages, lanes=wanted, threads=1)
        return sum(len(row.signers) for row in report if row.verdict == "verified")

    return work


def written(file: Path) -> Callable[[Wanted], Any]:
    """The command, and what it writes."""

    def work(wanted: Wanted) -> int:
        option = "--lanes" if wanted == "auto" else "--no-lanes"
        command = [sys.executable, "-m", "cmcodec", "verify", "--json", "--threads", "1", option]
        done = subprocess.run([*command, str(file)], check=True, capture_output=True)
        return hash(done.stdout)

    return work


def more_memory(file: Path) -> float:
    """More of it with lanes, in sizes of the input."""
    peaks = []
    for wanted in ("off", "auto"):
        os.environ["CMCODEC_LANES"] = wanted
        peaks.append(memory.measured("verify", file))
    del os.environ["CMCODEC_LANES"]
    return (peaks[1]["peak"] - peaks[0]["peak"]) / peaks[0]["octets"]


def promises(messages: int, rounds: int) -> dict[str, tuple[Any, bool]]:
    """What was measured, and whether it is as promised."""
    batch, file = workload.batch(messages), workload.batch_file(messages)
    one = ratio(verified(batch, 1), rounds)
    cores = len(os.sched_getaffinity(0))
    all_ = ratio(verified(batch, cores), rounds)
    rows, lines = ratio(looked_at(batch), rounds), ratio(written(file), rounds, measure.of_children)
    found: dict[str, tuple[Any, bool]] = {
        f"batch of {messages:,}, one thread": (one, one.median >= LEAST),
        f"batch of {messages:,}, {cores} threads": (all_, all_.median >= OF_ONE * one.median),
        "the same, every row looked at": (rows, rows.median >= LEAST_LOOKED_AT),
        "cmc verify --json": (lines, lines.median >= LEAST_LOOKED_AT),
    }
    for name, (items, decisions) in lanes.SLOW.items():
        slow = ratio(verified(items(), 1, **decisions()), rounds)
        found[name] = (slow, slow.median >= 1 / MOST)
    more = more_memory(file)
    found["more memory, in sizes of the input"] = (round(more, 3), more <= MEMORY)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write everything here too")
    arguments = parser.parse_args()
    info = cmcodec.backend_info()
    if info.lanes != "available":
        print(f"{info.name} backend: lanes are {info.lanes}")
        return 0
    found = promises(arguments.messages, arguments.rounds)
    for name, (figure, is_kept) in found.items():
        print(f"{name:42} {figure!s:24} {'pass' if is_kept else 'FAIL'}")
    if arguments.json:
        figures = {name: figure for name, (figure, _) in found.items()}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(is_kept for _, is_kept in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
