"""Measures what this project promises about speed and memory, both sides alternately.

    python -m benches.ratios [--json FILE] [--only load,read,verify,memory,figures] [--rounds N]

Prints a row for each promise and ends with status 1 if one is not kept. Each side is run in
rounds, one after the other, and its best time counts; ``spread`` is how far the ratios of single
rounds lie apart. ``cargo`` builds the bare loop of the verifications.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cmcodec
from benches import memory, peers, workload
from benches.peers import asn1crypto_peer, hazmat_peer, ingredients, ours
from cmcodec import _backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent

LOAD_ASN1CRYPTO = 500.0
LOAD_HAZMAT = 8.0
READ_HAZMAT = 3.0
VERIFY_BARE = 1.25
MEMORY = {"load": 1.2, "read": 1.2, "verify": 3.0}
"""Peak memory in sizes of the input, which is one of them."""

THREADS = (1, 2)


@dataclass
class Row:
    """A promise and what became of it."""

    name: str
    promise: float
    at_least: bool
    measured: float
    spread: tuple[float, float] | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        if self.at_least:
            return self.measured >= self.promise
        return self.measured <= self.promise

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        spread = "" if self.spread is None else f"{self.spread[0]:.4g} to {self.spread[1]:.4g}"
        verdict = "pass" if self.is_kept else "FAIL"
        promise = f"{sign} {self.promise:g}"
        return f"{self.name:58} {promise:>8} {self.measured:9.4g}  {spread:18} {verdict}"


@dataclass
class Figure:
    """An operation and its best time."""

    name: str
    messages: int
    seconds: float

    def __str__(self) -> str:
        each = self.seconds / self.messages
        return f"{self.name:58} {each * 1e6:9.2f} µs/message {1 / each:12,.0f} messages/s"


# --- timing ----------------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    """The time of one call, without what others left to the garbage collector."""
    gc.collect()
    start = time.perf_counter()
    result = work()
    took = time.perf_counter() - start
    del result
    return took


def alternate(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Times of both, in turn. The shorter side is repeated, lest one interruption decides it."""
    repeat = max(1, min(10, int(seconds(theirs) / max(seconds(ours), 1e-6))))
    our_times, their_times = [], []
    for _ in range(rounds):
        our_times.append(min(seconds(ours) for _ in range(repeat)))
        their_times.append(seconds(theirs))
    return our_times, their_times


def faster(
    name: str,
    promise: float,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int,
) -> Row:
    """How many times as fast as theirs ours is."""
    our_times, their_times = alternate(ours, theirs, rounds)
    single = sorted(theirs / ours for ours, theirs in zip(our_times, their_times, strict=True))
    return Row(
        name,
        promise,
        at_least=True,
        measured=min(their_times) / min(our_times),
        spread=(single[0], single[-1]),
        detail={"ours_s": min(our_times), "theirs_s": min(their_times), "rounds": rounds},
    )


# --- promises --------------------------------------------------------------------------------


def load_rows(rounds: int) -> Iterator[Row]:
    """Validating 1,000 messages."""
    count = workload.BATCH
    der = workload.batch(count)
    for peer in (ours, asn1crypto_peer, hazmat_peer):
        peers.assert_right(peer, "load", der, count)
    yield faster(
        "load 1,000, times as fast as asn1crypto .native",
        LOAD_ASN1CRYPTO,
        lambda: ours.load(der),
        lambda: asn1crypto_peer.load(der),
        max(3, rounds // 2),
    )
    yield faster(
        "load 1,000, times as fast as hazmat.asn1",
        LOAD_HAZMAT,
        lambda: ours.load(der),
        lambda: hazmat_peer.load(der),
        rounds,
    )


def read_rows(rounds: int) -> Iterator[Row]:
    """Validating 1,000 messages and reading six fields of each."""
    count = workload.BATCH
    der = workload.batch(count)
    for peer in (ours, hazmat_peer):
        peers.assert_right(peer, "read", der, count)
    yield faster(
        "load 1,000 and read 6 fields, times as fast as hazmat.asn1",
        READ_HAZMAT,
        lambda: ours.read(der),
        lambda: hazmat_peer.read(der),
        rounds,
    )


def verify_rows(rounds: int) -> Iterator[Row]:
    """Verifying 10,000 messages, against nothing but the verifications."""
    file = workload.batch_file(workload.LARGE)
    rounds = max(rounds, 9)
    for threads in THREADS:
        command = ["cargo", "run", "--quiet", "--release", "-p", "cmcodec"]
        command += ["--example", "bare_verify", "--", str(file), str(threads), str(rounds)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        detail = json.loads(done.stdout)
        assert detail["messages"] == workload.LARGE + 1
        assert detail["verifications"] == 2 * workload.LARGE + 1
        pairs = zip(detail["verify_rounds_s"], detail["bare_rounds_s"], strict=True)
        single = sorted(ours / bare for ours, bare in pairs)
        yield Row(
            f"verify 10,000, times a bare loop, {threads} thread{'s'[: threads - 1]}",
            VERIFY_BARE,
            at_least=False,
            measured=detail["ratio"],
            spread=(single[0], single[-1]),
            detail=detail,
        )


def memory_rows(_: int) -> Iterator[Row]:
    """Peak memory on 10,000 messages, in processes of their own."""
    file = workload.batch_file(workload.LARGE)
    for work, promise in MEMORY.items():
        figures = memory.measured(work, file)
        assert figures["messages"] == workload.LARGE + 1
        yield Row(
            f"{work} 10,000, peak memory in sizes of the input",
            promise,
            at_least=False,
            measured=figures["peak"] / figures["octets"],
            detail=figures,
        )


PROMISES = {
    "load": load_rows,
    "read": read_rows,
    "verify": verify_rows,
    "memory": memory_rows,
}


# --- figures ---------------------------------------------------------------------------------


def figures(rounds: int) -> Iterator[Figure]:
    """Every operation of both backends on 1,000 messages."""
    der = workload.batch(workload.BATCH)
    for backend in ("rust", "pure"):
        _backend.use(backend)
        for name, work in operations(der).items():
            times = [seconds(work) for _ in range(rounds if backend == "rust" else 1)]
            yield Figure(f"{backend}: {name}", workload.BATCH, min(times))
    _backend.use("rust")


def operations(der: bytes) -> dict[str, Callable[[], object]]:
    """What is done to a batch, by name."""
    objects = ours.objects(der)
    message = cmcodec.load(der)
    outer: Any = message.unverified_content
    assert ours.encode(objects) == ingredients.received(der)
    assert cmcodec.verify_batch(der, threads=1).counts() == {"verified": workload.BATCH + 1}
    return {
        "load": lambda: ours.load(der),
        "load and read 6 fields": lambda: ours.read(der),
        "load and read everything": lambda: ours.walk(der),
        "encode each message": lambda: ours.encode(objects),
        "encode the unchanged batch": outer.to_der,
        "verify, 1 thread": lambda: cmcodec.verify_batch(der, threads=1),
        "verify, 2 threads": lambda: cmcodec.verify_batch(der, threads=2),
        "verify and look at each row, 2 threads": lambda: list(
            cmcodec.verify_batch(der, threads=2)
        ),
    }


# --- report ----------------------------------------------------------------------------------


def environment() -> dict[str, Any]:
    """Where this was measured, and how busy it was."""
    import cryptography

    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "cryptography": cryptography.__version__,
        "batch_octets": {n: len(workload.batch(n)) for n in (workload.BATCH, workload.LARGE)},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, help="write everything here too")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default=",".join([*PROMISES, "figures"]))
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    _backend.use("rust")
    settings = environment()
    print(" ".join(f"{name}={value}" for name, value in settings.items()))

    rows: list[Row] = []
    print(f"{'':58} {'promise':>8} {'measured':>9}  spread")
    for name, measure in PROMISES.items():
        for row in measure(arguments.rounds) if name in wanted else ():
            print(row, flush=True)
            rows.append(row)
    found: list[Figure] = []
    for figure in figures(arguments.rounds) if "figures" in wanted else ():
        print(figure, flush=True)
        found.append(figure)

    settings["load_average_after"] = os.getloadavg()
    if arguments.json:
        kept = [asdict(row) | {"is_kept": row.is_kept} for row in rows]
        report = {"environment": settings, "promises": kept, "figures": list(map(asdict, found))}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if all(row.is_kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
