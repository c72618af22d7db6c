"""One run of the benches: a `Report` of everything that is promised, and of who else is here."""

from __future__ import annotations

import multiprocessing
import os
import platform
import re
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benches import engines, growth, memory, startup, workload
from benches.measure import Ratio, alternate, load_average
from benches.promises import ALL_THREADS, FALLBACK, MEMORY, OPERATIONS, OURS, SPEED
from benches.report import Against, Comparison, Figure, Report, Timing
from benches.sides import Cast, base_of
from cmcodec.verify.batch import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from benches.promises import Speed

    Progress = Callable[[str], object]
    Show = Callable[[Comparison | Figure], object]

ROOT = Path(__file__).resolve().parent.parent

QUICK = 100
"""Messages in the batch of a quick run; memory and growth, which need large ones, are left out."""


def version() -> str:
    """Of this package, as its sources have it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def environment(cast: Cast) -> dict[str, str]:
    """Where and with what this was measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": str(cores()),
        "system": " ".join([platform.system(), *re.findall(r"^\d+\.\d+", platform.release())]),
        "python": platform.python_version(),
    } | cast.versions()


def _processor() -> str:
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# --- comparisons -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """One operation on one batch: what is promised, all who take part, and how to get others.

    ``absent`` has those of whom something is promised.
    """

    operation: str
    count: int
    promises: tuple[Speed, ...]
    sides: tuple[str, ...]
    absent: dict[str, str]


def plans(cast: Cast, wanted: Collection[str], *, quick: bool) -> list[Plan]:
    """The promises by operation and batch, each with everybody who is up to the batch."""
    groups: dict[tuple[str, int], list[Speed]] = {}
    for it in SPEED:
        if it.operation in wanted:
            promise = replace(it, count=QUICK, bound=None) if quick else it
            groups.setdefault((it.operation, promise.count), []).append(promise)
    return [
        _plan(cast, operation, count, promises, quick)
        for (operation, count), promises in groups.items()
    ]


def _plan(cast: Cast, operation: str, count: int, promises: Sequence[Speed], quick: bool) -> Plan:
    promised = [OURS, *(name for it in promises for name in (it.ours, it.peer))]
    others: list[str] = []
    if quick or count != workload.BATCH:
        others += cast.programs_for(operation)
    if quick or count != workload.LARGE:
        others += [FALLBACK, *cast.modules_for(operation)]
    sides = tuple(name for name in dict.fromkeys([*promised, *others]) if cast.is_here(name))
    absent = {name: cast.how_to_get(name) for name in promised if name not in sides}
    return Plan(operation, count, tuple(promises), sides, absent)


def compared_alone(plan: Plan, rounds: int, progress: Progress) -> Comparison:
    """As `compared`, in a process of its own: with the memory that no other comparison has used.

    Objects that are made where others were freed lie further apart, and take longer to look at.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as process:
        return process.submit(_compared_by_those, plan, rounds, progress).result()


def _compared_by_those(plan: Plan, rounds: int, progress: Progress) -> Comparison:
    with Cast({base_of(name) for name in plan.sides}, jvm=True, limits=False) as cast:
        return compared(cast, plan, rounds, progress)


def compared(cast: Cast, plan: Plan, rounds: int, progress: Progress) -> Comparison:
    """All sides of a plan in turn, for so many rounds."""
    label = f"{plan.operation}, {plan.count:,} messages"
    before = load_average()
    sides = []
    for name in plan.sides:
        progress(f"{label}: the answer of {name}")
        sides.append(cast.side(name, plan.operation, plan.count))
    times = alternate(
        sides, rounds, progress=lambda it: progress(f"{label}: round {it + 1} of {rounds}")
    )
    taken = dict(zip(plan.sides, times, strict=True))
    others = [name for name in plan.sides if name != OURS and ALL_THREADS not in name]
    bounds: dict[tuple[str, str], float | None] = {(OURS, name): None for name in others}
    bounds |= {(it.ours, it.peer): it.at_least(cores()) for it in plan.promises}
    return Comparison(
        plan.operation,
        plan.count,
        workload.batch_file(plan.count).stat().st_size,
        rounds,
        (before, load_average()),
        tuple(map(Timing.of, times)),
        tuple(
            Against(ours, peer, Ratio.between(taken[ours], taken[peer]), at_least)
            for (ours, peer), at_least in bounds.items()
            if ours in taken and peer in taken
        ),
        plan.absent,
    )


# --- figures ---------------------------------------------------------------------------------


def memory_figures(count: int) -> Iterator[Figure]:
    """Peak memory, each in a process of its own."""
    for work, bound in MEMORY.items():
        found = memory.measured(work, workload.batch_file(count))
        assert found["messages"] == count + 1
        peak = found["peak"] / found["octets"]
        yield Figure("memory", f"{work} {count:,}, peak", peak, "× input", bound)


def growth_figures(points: Sequence[growth.Point]) -> Iterator[Figure]:
    """What is promised of the largest batch."""
    for name, bound, measured in growth.promises(points):
        yield Figure("growth", name, measured, "×", bound)


def startup_figures(rounds: int) -> Iterator[Figure]:
    """What is promised of fresh interpreters, in milliseconds."""
    for name, bound, measured in startup.promises(startup.measured(rounds)):
        yield Figure("startup", name, measured * 1e3, "ms", bound * 1e3)


# --- everything ------------------------------------------------------------------------------

FIGURES = ("memory", "growth", "startup")
SECTIONS = (*OPERATIONS, *FIGURES)
APART = ("engines",)
"""What is measured where it is asked for."""


@dataclass(frozen=True)
class Settings:
    """What is measured: sections, in so many rounds."""

    only: Collection[str] = SECTIONS
    rounds: int = 5
    quick: bool = False


def run(
    report: Report,
    plans: Sequence[Plan],
    settings: Settings,
    show: Show,
    progress: Progress,
    *,
    compare: Callable[[Plan, int, Progress], Comparison] = compared_alone,
) -> Report:
    """Adds everything that is measured to a report; calls ``show`` with each when it is there."""
    for plan in plans:
        report.comparisons.append(compare(plan, settings.rounds, progress))
        show(report.comparisons[-1])
    for figure in _figures(settings, report, progress):
        report.figures.append(replace(figure, at_most=None) if settings.quick else figure)
        show(report.figures[-1])
    return report


def _figures(settings: Settings, report: Report, progress: Progress) -> Iterator[Figure]:
    if "memory" in settings.only and not settings.quick:
        progress("memory")
        yield from memory_figures(workload.LARGE)
    if "growth" in settings.only and not settings.quick:
        progress("growth: batches of up to 100,000 messages")
        points = growth.curve(rounds=settings.rounds)
        report.growth = [point._asdict() for point in points]
        yield from growth_figures(points)
    if "startup" in settings.only:
        progress("startup")
        yield from startup_figures(3 * settings.rounds)
    if "engines" in settings.only:
        progress("engines")
        count = QUICK if settings.quick else engines.COUNT
        yield from engines.figures(count, settings.rounds)
