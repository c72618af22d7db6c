"""``python -m tests.search``: tries many cases of one loop."""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import search  # noqa: E402
from search.running import KEPT, made, run  # noqa: E402
from search.running import search as searched  # noqa: E402

LOOPS = (
    "differential", "corpus", "layers", "controls", "builders", "arrow", "roles", "transports",
)  # fmt: skip
SEED = 10002


def main() -> int:
    """Does what the arguments say."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=search.__doc__.partition("\n\n|")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("loop", choices=LOOPS)
    parser.add_argument("--count", type=int, default=20_000, help="how many cases; 20,000")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--at", type=int, metavar="NUMBER", help="one number alone, here")
    given = parser.parse_args()
    loop = import_module(f"search.{given.loop}")
    if given.at is not None:
        print(made(loop, given.loop, given.seed, given.at))
        found = run(loop, given.loop, [given.at], given.seed)
        print(*found.outcomes, *found.findings.values(), sep="\n")
        return 1 if found.findings else 0
    began = time.monotonic()
    found = searched(
        loop, given.loop, count=given.count, seed=given.seed, processes=given.processes,
        first=given.first,
    )  # fmt: skip
    seconds = time.monotonic() - began
    print(
        f"{given.loop}: {found.executions:,} executions in {seconds:,.0f} s,"
        f" {len(found.findings)} findings,"
        f" at most {1000 * found.slowest:.0f} ms of processor time for each KiB"
    )
    for outcome, number in found.outcomes.most_common(12):
        print(f"  {number / max(1, found.executions):6.1%}  {outcome}")
    for number in sorted(found.findings):
        print(f"  {KEPT.relative_to(TESTS.parent) / given.loop}/{given.seed}-{number}.txt")
    return 1 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
