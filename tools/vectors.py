"""Writes the vector set for others, ``vectors/``, octet for octet the same every time.

    python tools/vectors.py           # writes what is not current, removes what is none of it
    python tools/vectors.py --check   # exits 1, naming what is not current
    python tools/vectors.py --count   # counts again what the programs in vectors/runners say

Without --count, what was counted stays, where the file does. That needs OpenSSL, a JDK, and what
``tests/interoperability/install.py`` installs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests")]

import published
from published import index
from published.runners import RUNNERS


def counted() -> index.Counts:
    """What others say, by file: how many agree, and how many do not."""
    right = {vector.file: vector.signature for vector in published.kept()}
    agree, differ = Counter[str](), Counter[str]()
    for command in RUNNERS.values():
        run = subprocess.run([*command, "--cases"], check=True, capture_output=True, text=True)
        for line in run.stdout.splitlines():
            file, _, word = line.partition(" ")
            if file in right and word != "not-offered":
                (agree if word == right[file] else differ)[file] += 1
    return {file: (agree[file], differ[file]) for file in {*agree, *differ}}


def main() -> int:
    """Writes or checks every file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--count", action="store_true", help="ask others")
    given = parser.parse_args()
    stale = published.stale(counted() if given.count else index.counts())
    if given.check:
        for name in stale:
            print(f"not current: vectors/{name}", file=sys.stderr)
        return 1 if stale else 0
    for name, octets in stale.items():
        path = published.FOLDER / name
        if octets is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(octets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
