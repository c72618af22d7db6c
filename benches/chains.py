"""Whether chains in a mesh of CAs cost what good chains cost (rule V15).

    python -m benches.chains [--backend rust|pure]

Each message has 108 kB, 64 signers and 150 CAs. Prints what each takes with a trust anchor, and
ends with status 1 where one takes more than eight times as long as that of good chains.
"""

from __future__ import annotations

import argparse
import sys
import time

import cmcodec
from benches.workload import meshes
from benches.workload.parts import DAY
from cmcodec import _backend

LONGER = 8.0
"""Times as long as good chains a mesh may take."""


def seconds(der: bytes, rounds: int) -> float:
    """The best time of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        cmcodec.verify_batch(der, trust=meshes.anchors(), at=DAY, threads=1)
        best = min(best, time.perf_counter() - start)
    return best


def ratios(rounds: int = 5) -> dict[str, float]:
    """For each shape of mesh, how many times as long as good chains it takes."""
    taken = {shape: seconds(meshes.message(shape), rounds) for shape in meshes.SHAPES}
    return {shape: each / taken[meshes.GOOD] for shape, each in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", default="auto", choices=("auto", "rust", "pure"))
    _backend.use(parser.parse_args().backend)
    good = seconds(meshes.message(meshes.GOOD), 5)
    print(f"{cmcodec.backend}: good chains take {good * 1e3:.1f} ms")
    kept = True
    for shape, ratio in ratios().items():
        kept = kept and ratio <= LONGER
        octets = len(meshes.message(shape))
        print(
            f"{shape:24} {octets:>9,} octets {ratio:6.2f} {'pass' if ratio <= LONGER else 'FAIL'}"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
