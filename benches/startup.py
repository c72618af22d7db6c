"""How long it takes until something happens: imports and the command, in fresh interpreters.

    python -m benches.startup [--rounds N] [--why] [--json FILE]

Runs each in turn and takes the best time of all rounds, modules being compiled and files in the
cache of the system. Ends with status 1 where a promise is not kept. ``--why`` prints which modules
take longest to import.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benches import workload
from benches.workload import store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
IMPORT = 0.030
"""Seconds by which ``import cmcodec`` may take longer than ``import cryptography.x509``."""
VERIFY = 0.250
"""Seconds that ``cmc verify`` of one message may take in all."""

BATCH = 1.3
"""How many times that the same may take of a batch of ten."""

Times = dict[str, list[float]]


def commands() -> dict[str, list[str]]:
    """What is run: arguments of the interpreter, by name."""
    message = str(workload.SHAPES["single-rsa-2048-pkcs10"].file(1))
    batch = str(workload.batch_file(10))
    cmc = ["-m", "cmcodec"]
    found = {
        "nothing": ["-c", ""],
        "import cmcodec": ["-c", "import cmcodec"],
        "import cryptography.x509": ["-c", "import cryptography.x509"],
        "import cmcodec.types": ["-c", "import cmcodec.types"],
        "cmc --version": [*cmc, "--version"],
    }
    for backend in ("rust", "pure"):
        if backend == "pure" or find_spec("cmcodec._rust"):
            verify = [*cmc, "verify", "--backend", backend]
            found[f"cmc verify, {backend}"] = [*verify, message]
            found[f"cmc verify of a batch of ten, {backend}"] = [*verify, batch]
    return found


def measured(rounds: int) -> Times:
    """The times of each command, in seconds, after a run that compiles modules."""
    times: Times = {name: [] for name in commands()}
    for count in range(-1, rounds):
        for name, arguments in commands().items():
            start = time.perf_counter()
            done = _run(arguments)
            took = time.perf_counter() - start
            assert done.returncode == 0, done.stderr
            assert "verify" not in arguments or "not verified" not in done.stdout
            if count >= 0:
                times[name].append(took)
    return times


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(store.CACHE / "modules")
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def promises(times: Times) -> Iterator[tuple[str, float, float]]:
    """What was promised: its name, the bound, and what was measured, in seconds."""
    best = {name: min(some) for name, some in times.items()}
    longer = best["import cmcodec"] - best["import cryptography.x509"]
    yield "import cmcodec, longer than import cryptography.x509", IMPORT, longer
    for name, seconds in best.items():
        if name.startswith("cmc verify, "):
            yield name, VERIFY, seconds
            batch = name.replace("verify,", "verify of a batch of ten,")
            yield batch, BATCH * seconds, best[batch]


def causes(arguments: list[str], number: int = 12) -> list[tuple[float, str]]:
    """The modules that take longest, without what they import themselves, in seconds."""
    lines = _run(["-X", "importtime", *arguments]).stderr.splitlines()
    rows = [line.removeprefix("import time:").split("|") for line in lines if "|" in line]
    own = [(int(row[0]) / 1e6, row[2].strip()) for row in rows if row[0].strip().isdigit()]
    return sorted(own, reverse=True)[:number]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--why", action="store_true", help="print what takes longest to import")
    parser.add_argument("--json", type=Path, help="write everything here too")
    arguments = parser.parse_args()
    times = measured(arguments.rounds)
    for name, some in times.items():
        middle = sorted(some)[len(some) // 2]
        print(f"{name:52} best {min(some) * 1e3:6.1f} ms, median {middle * 1e3:6.1f} ms")
        for seconds, module in causes(commands()[name]) if arguments.why else ():
            print(f"    {seconds * 1e3:6.1f} ms  {module}")
    kept = True
    for name, promise, found in promises(times):
        kept = kept and found <= promise
        verdict = "pass" if found <= promise else "FAIL"
        print(f"{name:52} <= {promise * 1e3:.0f} ms: {found * 1e3:6.1f} ms {verdict}")
    if arguments.json:
        arguments.json.write_text(json.dumps(times, indent=2) + "\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
