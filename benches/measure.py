"""Times the sides of one operation in turn, so that all of them meet the same machine.

Machines that measure are shared and noisy. What is done about it:

- The sides take turns in one run, for several rounds, and each round begins with another side:
  what slows the machine down for a while slows down all of them.
- A sample is the mean of as many calls as take `LEAST` seconds, the same for each side, so that a
  fast operation is not decided by one interruption. Calls before the first sample are not counted:
  they fill caches, warm up and say how many calls a sample needs.
- Garbage is collected before each sample and not while it is taken, as in `timeit`: when Python
  collects, and how long that takes, depends on what else is alive. That favours whoever makes the
  most objects. Freeing what an operation made is part of it, as reference counting does it.
- The ratio of two sides is given twice: of the bests (noise only adds time, so the best of each
  is nearest to what it can do; promises are held against this) and of the medians. The spread is
  that of the ratios of single rounds. Where bests and medians disagree, the machine was busy.
- The load average before and after is recorded.
"""

from __future__ import annotations

import gc
import math
import os
import resource
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

LEAST = 0.05
"""Seconds that a sample takes at least."""

MOST_CALLS = 10_000
"""Calls in a sample at most."""


@dataclass(frozen=True)
class Side:
    """Somebody who does the operation: ``run`` does it once and gives the seconds that took."""

    name: str
    run: Callable[[], float]


@dataclass(frozen=True)
class Times:
    """The samples of a side, in seconds for the operation, in the order of the rounds."""

    side: str
    samples: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.samples)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as ``theirs`` is ``ours``; ``low`` and ``high`` of single rounds."""

    best: float
    median: float
    low: float
    high: float

    @classmethod
    def between(cls, ours: Times, theirs: Times) -> Ratio:
        """The ratio of two sides measured in the same rounds."""
        rounds = [b / a for a, b in zip(ours.samples, theirs.samples, strict=True)]
        return cls(theirs.best / ours.best, theirs.median / ours.median, min(rounds), max(rounds))


def whole(given: T) -> Iterable[T]:
    """Everything at once."""
    return (given,)


def timed(
    work: Callable[[Any], object],
    fresh: Callable[[], T],
    parts: Callable[[T], Iterable[Any]] = whole,
) -> Callable[[], float]:
    """The ``run`` of a side that works in this process, on what ``fresh`` gives, part by part.

    Making that, and its parts, is not timed. Each call gets its own: a library may keep what it
    once found out.
    """

    def run() -> float:
        taken = 0.0
        for part in parts(fresh()):
            start = time.perf_counter()
            work(part)
            taken += time.perf_counter() - start
        return taken

    return run


def alternate(
    sides: Sequence[Side],
    rounds: int,
    *,
    least: float = LEAST,
    progress: Callable[[int], object] = lambda _: None,
) -> list[Times]:
    """A sample of each side in each round; ``progress`` is called before each round."""
    counts = [calls(side.run, least) for side in sides]
    samples: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        progress(number)
        for place in range(len(sides)):
            index = (number + place) % len(sides)
            samples[index].append(sample(sides[index].run, counts[index]))
    return [Times(side.name, tuple(taken)) for side, taken in zip(sides, samples, strict=True)]


def of_children() -> float:
    """Processor time of the processes that this one started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load_average() -> float:
    """Processes that ran or waited in the last minute (NaN where nobody counts them)."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan


def calls(run: Callable[[], float], least: float = LEAST) -> int:
    """How many calls a sample needs, by calls that nobody counts."""
    once = run()
    if once < least:
        once = run()
    return max(1, min(MOST_CALLS, math.ceil(least / max(once, 1e-9))))


def sample(run: Callable[[], float], count: int) -> float:
    """The mean time of so many calls."""
    gc.collect()
    gc.disable()
    try:
        return sum(run() for _ in range(count)) / count
    finally:
        gc.enable()
