"""Cases by number, tried in some processes."""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from random import Random
from typing import TYPE_CHECKING, Protocol

from kit.vectors import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.sharedctypes import Synchronized
    from pathlib import Path

KEPT = ROOT / "build" / "search"
HANG = 120
"""Seconds on the clock after which a case hangs; a machine may be busy."""

SMALLEST = 1024
"""Octets that an input counts as at least, where its time is told as a multiple of its size."""

TRIES = 400
"""Smaller cases that are tried of one that breaks something."""


class Case(Protocol):
    """Something to try."""

    @property
    def size(self) -> int:
        """How many octets it is; what it may take is told as a multiple of them."""

    def check(self) -> str:
        """Tries it; a word for what became of it. Whatever it raises is a finding."""

    def smaller(self) -> Iterator[Case]:
        """Cases that are smaller by one step."""


class Loop(Protocol):
    """A module of this package that makes cases."""

    SECONDS: float
    """Of processor time, for each 1,024 octets of a case; more is a finding."""

    @staticmethod
    def case(random: Random) -> Case:
        """A case by chance."""


@dataclass
class Figures:
    """What is told of the cases of one loop."""

    executions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    findings: dict[int, str] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        self.executions += other.executions
        self.outcomes += other.outcomes
        self.slowest = max(self.slowest, other.slowest)
        self.findings |= other.findings


def made(loop: Loop, name: str, seed: int, number: int) -> Case:
    """The case of this number."""
    return loop.case(Random(f"{seed} {name} {number}"))


def run(
    loop: Loop,
    name: str,
    numbers: Iterable[int],
    seed: int,
    alarm: Callable[[], object] = lambda: None,
) -> Figures:
    """Tries the cases of these numbers, here; ``alarm`` is set before each try."""
    found = Figures()
    for number in numbers:
        found.executions += 1
        try:
            case = made(loop, name, seed, number)
        except Exception:
            found.findings[number] = f"no case is made\n\n{traceback.format_exc()}"
            continue
        try:
            alarm()
            outcome, seconds = _timed(loop, case)
        except Exception:
            found.findings[number] = _told(loop, case, alarm)
            continue
        found.outcomes[outcome] += 1
        found.slowest = max(found.slowest, seconds)
    return found


def _timed(loop: Loop, case: Case) -> tuple[str, float]:
    """What becomes of a case, and the time for each `SMALLEST` octets."""
    before = time.process_time()
    outcome = case.check()
    seconds = (time.process_time() - before) / max(1, case.size / SMALLEST)
    assert seconds < loop.SECONDS, f"{seconds} seconds for each {SMALLEST} octets"
    return outcome, seconds


def _why(loop: Loop, case: Case) -> tuple[str, str] | None:
    """Where and how a case fails, and all that there is to say of it; None where it does not."""
    try:
        _timed(loop, case)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        last = frames[-1]
        text = "".join(traceback.format_exception(error, chain=False))
        return f"{type(error).__name__} {last.filename}:{last.name}", text
    return None


def _told(loop: Loop, case: Case, alarm: Callable[[], object]) -> str:
    """A case made as small as it will be with the same failure, and its traceback."""
    first = _why(loop, case)
    if first is None:
        return f"{case!r}\n\nfailed once, and not again"
    kind, text = first
    tries = 0
    while tries < TRIES:
        for smaller in case.smaller():
            tries += 1
            alarm()
            again = _why(loop, smaller) if tries < TRIES else None
            if again is not None and again[0] == kind:
                case, text = smaller, again[1]
                break
        else:
            break
    return f"{case!r}\n\n{text}"


# --- processes -----------------------------------------------------------------------------------


def search(
    loop: Loop, name: str, *, count: int, seed: int, processes: int, first: int = 0
) -> Figures:
    """Tries ``count`` cases in so many processes.

    Keeps what is found, and the figures, which are written every half minute.
    """
    began = time.monotonic()
    total = Figures()
    shares = [range(first + each, first + count, processes) for each in range(processes)]
    working = [_Share(loop, name, seed, share) for share in shares]
    told_at = began
    while working:
        told = wait([share.pipe for share in working])
        for share in [share for share in working if share.pipe in told]:
            try:
                found = share.pipe.recv()
            except EOFError:
                found = share.ended()
                if found is None:
                    working.remove(share)
                    continue
            total.add(found)
            for number, text in found.findings.items():
                _keep(KEPT / name, f"{seed}-{number}.txt", text)
        if time.monotonic() - told_at > 30:
            told_at = time.monotonic()
            _keep(KEPT, f"{name}.json", _figures(total, began, seed=seed, first=first))
    _keep(KEPT, f"{name}.json", _figures(total, began, seed=seed, first=first))
    return total


def _figures(total: Figures, began: float, *, seed: int, first: int) -> str:
    """What there is to say so far, in JSON."""
    figures = {
        "executions": total.executions,
        "seed": seed,
        "first": first,
        "seconds": round(time.monotonic() - began),
        "findings": len(total.findings),
        "slowest_ms_per_kib": round(1000 * total.slowest),
        "outcomes": dict(total.outcomes.most_common()),
    }
    return json.dumps(figures, indent=1) + "\n"


def _keep(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


CHUNK = 50
"""Cases between two words of a process about itself."""


class _Share:
    """Numbers that a process of their own tries; one that ends it is a finding."""

    def __init__(self, loop: Loop, name: str, seed: int, numbers: range) -> None:
        self._told = loop, name, seed
        self._numbers = numbers
        self._start()

    def _start(self) -> None:
        # What was read before is there in each process.
        context = multiprocessing.get_context("fork")
        self._at = context.Value("q", self._numbers.start)
        self.pipe, other = context.Pipe(duplex=False)
        arguments = (*self._told, self._numbers, self._at, other)
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        other.close()

    def ended(self) -> Figures | None:
        """None where all numbers were tried; else what is to be said of the one that ended it.

        The numbers behind that are tried by another process.
        """
        self._process.join()
        status, at, step = self._process.exitcode, self._at.value, self._numbers.step
        if status == 0:
            return None
        self._numbers = range(at + step, self._numbers.stop, step)
        self._start()
        return Figures(1, findings={at: f"ended its process, with status {status}\n"})


def _work(
    loop: Loop, name: str, seed: int, numbers: range, at: Synchronized[int], pipe: Connection
) -> None:
    def alarm() -> None:
        faulthandler.dump_traceback_later(HANG, exit=True)

    waiting = Figures()
    for number in numbers:
        at.value = number
        waiting.add(run(loop, name, [number], seed, alarm))
        faulthandler.cancel_dump_traceback_later()
        if waiting.findings or waiting.executions >= CHUNK:
            pipe.send(waiting)
            waiting = Figures()
    pipe.send(waiting)
    pipe.close()
