"""What an engine costs beyond bare verification of the same messages on the same cores.

    python -m benches.engines [COUNT] [--rounds N] [--only ENGINES]

Each engine is its example (``examples/engines``), in a process of its own that has started it and
lets it take turns with `cmcodec.verify_batch` over the same messages: distinct requests of the
workload, in a Parquet file or with a mock broker of Kafka, which is a process beside it. Verdicts
are asserted, outside the times. CPU is that of all processes of the engine, those that it starts
included, and of no other. The start is the time from the start of the process to ten verdicts.

For engines that are threads of this process the same is measured on one core too: how many times
as fast all cores are, for bare verification over for the engine. Ratios are of the bests.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cmcodec
from benches import workload
from benches.report import Figure
from cmcodec.verify.batch import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "engines"
COUNT = 10_000
KEPT = 5_000
"""Messages that a mock broker keeps."""
ROW_GROUP = 1024

MODULES = {
    "duckdb": "duckdb",
    "datafusion": "datafusion",
    "polars": "polars",
    "dataset": "pyarrow",
    "kafka": "confluent_kafka",
    "dask": "dask",
    "ray": "ray",
    "spark": "pyspark",
}
"""The engines, and what of each must be installed."""

PROMISED = dict.fromkeys(("duckdb", "datafusion", "polars", "dataset"), 1.10) | {"kafka": 1.3}
"""Times the CPU of bare verification; the others are reported."""

SCALING = 0.9
"""Of what bare verification gains by all cores, for engines that are threads."""

MARK = "CMCODEC_BENCHED_ENGINE"
"""The variable by which processes of an engine are known."""


class Cost(NamedTuple):
    """Seconds of the wall and of all processors."""

    wall: float
    cpu: float

    @classmethod
    def least(cls, costs: Sequence[Cost]) -> Cost:
        """The best of each."""
        return cls(min(each.wall for each in costs), min(each.cpu for each in costs))


# --- in the process of an engine -----------------------------------------------------------------


@cache
def _messages(count: int) -> list[bytes]:
    batch = cmcodec.load(workload.batch(count))
    return [message.to_der() for _, message in batch.unverified_messages]


def _of_others() -> float:
    """Seconds of CPU of the processes with the mark of this one, and of those that they ended."""
    mark = f"{MARK}={os.environ[MARK]}".encode()
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) == os.getpid() or mark not in (folder / "environ").read_bytes():
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            # It has ended, or is none of ours.
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _cost(work: Callable[[], object]) -> Cost:
    others, wall, cpu = _of_others(), time.perf_counter(), time.process_time()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(wall, cpu + _of_others() - others)


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Every thread that there is, and every new one, on one core."""
    before = os.sched_getaffinity(0)

    def pin(to: Iterable[int]) -> None:
        for thread in os.listdir("/proc/self/task"):
            try:
                os.sched_setaffinity(int(thread), to)
            except ProcessLookupError:
                continue

    pin({max(before)})
    try:
        yield
    finally:
        pin(before)


class _Engine:
    """An example, over messages in a folder of its own."""

    def __init__(self, name: str, count: int, folder: Path) -> None:
        self.messages = _messages(count)
        self._example: Any = importlib.import_module(f"with_{name}")
        self._archive: Any = importlib.import_module("archive")
        self._file, self._runs = Path(tempfile.mkdtemp(dir=folder)) / "all.parquet", 0
        self._archive.write(str(self._file), self.messages, row_group=ROW_GROUP)
        self.found: Any = None

    def run(self) -> None:
        """Verifies all of them, under a name of which nothing is known yet."""
        self._runs += 1
        path = self._file.with_name(f"{self._file.stem}-{self._runs}.parquet")
        path.symlink_to(self._file)
        self.found = self._example.verified(str(path))

    def check(self) -> None:
        """Raises unless every verdict was right."""
        rows = self._archive.rows(self.found)
        self._archive.check(rows, self.messages)

    def cost(self) -> Cost:
        """What that costs."""
        return _cost(self.run)


class _Consumer(_Engine):
    """A worker of Kafka, over all that a broker has; a group of its own each time.

    The wall is that of the work, for which the group waits some seconds; the CPU is that of both.
    """

    def __init__(self, name: str, count: int, folder: Path, brokers: str) -> None:
        super().__init__(name, count, folder)
        self._brokers, self._topic = brokers, f"messages-{count}"
        self._wall = 0.0

    def cost(self) -> Cost:
        cost = super().cost()
        return cost._replace(wall=self._wall)

    def run(self) -> None:
        self._runs += 1
        database = str(self._file.with_name(f"{self._file.stem}-{self._runs}.sqlite"))
        work = self._example.work

        def timed(consumer: Any, connection: Any) -> None:
            until = _Until(consumer, len(self.messages))
            until.wait()
            since = time.perf_counter()
            work(until, connection)
            self._wall = time.perf_counter() - since

        self._example.work = timed
        try:
            group = f"group-{uuid.uuid4()}"
            self._example.worker(self._brokers, self._topic, database, group=group)
        finally:
            self._example.work = work
        self.found = self._example.stored(database)


class _Until:
    """A consumer that gets nothing more once it has got so many messages."""

    def __init__(self, consumer: Any, count: int) -> None:
        self._consumer, self._left = consumer, count
        self._first: list[Any] = []

    def wait(self) -> None:
        """Until there is a message."""
        while not self._first:
            self._first = self._consumer.consume(1, timeout=60)

    def consume(self, most: int, timeout: float) -> list[Any]:
        if self._left == 0:
            return []
        found, self._first = self._first, []
        found = found + self._consumer.consume(min(most, self._left) - len(found), timeout=timeout)
        self._left -= len(found)
        return found

    def commit(self, **options: Any) -> None:
        self._consumer.commit(**options)


def _broker(counts: Iterable[int]) -> None:
    """A mock broker with the messages, until standard input ends."""
    example: Any = importlib.import_module("with_kafka")
    producers = []
    brokers = ""
    for count in counts:
        producer, brokers = example.broker(f"messages-{count}", _messages(count), brokers)
        producers.append(producer)
    print(brokers, flush=True)
    sys.stdin.read()


def measure(name: str, count: int, rounds: int, since: float, brokers: str) -> dict[str, Any]:
    """What an engine costs, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        make: Any = partial(_Consumer, brokers=brokers) if brokers else _Engine
        few = make(name, workload.SMALL, Path(folder))
        few.run()
        start = time.time() - since
        few.check()
        engine = make(name, count, Path(folder))
        bare = partial(cmcodec.verify_batch, engine.messages, threads=cores())
        pinned = name in PROMISED and not brokers
        costs: dict[str, list[Cost]] = {
            "bare": [],
            "engine": [],
            "bare, one": [],
            "engine, one": [],
        }
        for _ in range(rounds):
            costs["bare"].append(_cost(bare))
            costs["engine"].append(engine.cost())
            engine.check()
            if pinned:
                with _on_one_core():
                    costs["bare, one"].append(_cost(bare))
                    costs["engine, one"].append(engine.cost())
        return {"start": start} | {side: Cost.least(each) for side, each in costs.items() if each}


# --- beside them ---------------------------------------------------------------------------------


def is_here(name: str) -> bool:
    """Whether an engine is installed."""
    return find_spec(MODULES[name]) is not None and Path("/proc/self/task").is_dir()


def measured(name: str, count: int, rounds: int) -> dict[str, Any]:
    """What `measure` gives in a process of its own. Raises `RuntimeError` where that fails."""
    count = min(count, KEPT) if name == "kafka" else count
    _messages(count), _messages(workload.SMALL)
    with _serving(count) if name == "kafka" else _nobody() as brokers:
        given = [name, str(count), str(rounds), str(time.time()), brokers]
        done = subprocess.run(
            [sys.executable, "-m", "benches.engines", "--measure", *given],
            env=_surroundings() | {MARK: uuid.uuid4().hex},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {side: each if side == "start" else Cost(*each) for side, each in found.items()}


def _surroundings() -> dict[str, str]:
    paths = [str(EXAMPLES), str(EXAMPLES.parents[1]), *filter(None, sys.path)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "CMCODEC_BACKEND": cmcodec.backend}


@contextmanager
def _nobody() -> Iterator[str]:
    yield ""


@contextmanager
def _serving(count: int) -> Iterator[str]:
    """A mock broker in a process of its own."""
    command = [sys.executable, "-m", "benches.engines", "--broker", str(count)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=_surroundings(), text=True, **pipes) as broker:
        assert broker.stdin
        assert broker.stdout
        try:
            yield broker.stdout.readline().strip()
        finally:
            broker.stdin.close()
            broker.wait()


FIGURES = {"start": "s", "CPU": "× bare", "wall": "× bare", "bare's scaling": "× its own"}
"""What is told of an engine, with its unit."""


def figures(count: int, rounds: int, only: Iterable[str] = MODULES) -> Iterator[Figure]:
    """What is promised and what is told of each engine that is here."""
    for name in filter(is_here, only):
        found = measured(name, count, rounds)
        bare, engine = found["bare"], found["engine"]
        told = {"start": found["start"], "CPU": engine.cpu / bare.cpu}
        told["wall"] = engine.wall / bare.wall
        bounds = {"CPU": PROMISED.get(name)}
        if "engine, one" in found and cores() > 1:
            gained, own = found["bare, one"].wall / bare.wall, found["engine, one"].wall
            told["bare's scaling"] = gained / (own / engine.wall)
            bounds["bare's scaling"] = 1 / SCALING
        for what, value in told.items():
            yield Figure("engines", f"{name}, {what}", value, FIGURES[what], bounds.get(what))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=COUNT)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(MODULES))
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--broker", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.broker:
        _broker({workload.SMALL, arguments.broker})
        return 0
    if arguments.measure:
        name, count, rounds, since, brokers = arguments.measure
        print(json.dumps(measure(name, int(count), int(rounds), float(since), brokers)))
        return 0
    kept = True
    for figure in figures(arguments.count, arguments.rounds, arguments.only.split(",")):
        promise = f", at most {figure.at_most:.3g}" if figure.at_most else ""
        print(f"{figure.name:32} {figure.value:6.3f} {figure.unit}{promise}")
        kept = kept and figure.is_kept is not False
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
