"""What was measured, as it is written to files (README.md has the format)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benches.measure import Ratio

if TYPE_CHECKING:
    from pathlib import Path

    from benches.measure import Times

FORMAT = 1

DIGITS = 5
"""Significant digits that are written: more than any of this repeats."""


@dataclass(frozen=True)
class Timing:
    """How long a side takes for the whole batch, in seconds."""

    side: str
    best: float
    median: float
    worst: float

    @classmethod
    def of(cls, times: Times) -> Timing:
        return cls(times.side, times.best, times.median, max(times.samples))


@dataclass(frozen=True)
class Against:
    """A ratio of two sides, and what is promised of it, if anything."""

    ours: str
    peer: str
    ratio: Ratio
    at_least: float | None

    @property
    def is_kept(self) -> bool | None:
        return None if self.at_least is None else self.ratio.best >= self.at_least


@dataclass(frozen=True)
class Comparison:
    """One operation on one batch, by all its sides in turn.

    ``absent`` tells of sides of whom something is promised how to get them.
    """

    operation: str
    messages: int
    octets: int
    rounds: int
    load_average: tuple[float, float]
    sides: tuple[Timing, ...]
    ratios: tuple[Against, ...]
    absent: dict[str, str]

    @classmethod
    def restored(cls, members: dict[str, Any]) -> Comparison:
        sides = tuple(Timing(**it) for it in members.pop("sides"))
        ratios = tuple(
            Against(**it | {"ratio": Ratio(**it["ratio"])}) for it in members.pop("ratios")
        )
        before, after = members.pop("load_average")
        return cls(**members, load_average=(before, after), sides=sides, ratios=ratios)


@dataclass(frozen=True)
class Figure:
    """What was measured alone, and what is promised of it, if anything."""

    section: str
    name: str
    value: float
    unit: str
    at_most: float | None

    @property
    def is_kept(self) -> bool | None:
        return None if self.at_most is None else self.value <= self.at_most


@dataclass
class Report:
    """One run. ``growth`` is what `growth.curve` gave, for the picture."""

    version: str
    environment: dict[str, Any]
    comparisons: list[Comparison] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    growth: list[dict[str, float]] = field(default_factory=list)

    def promises(self) -> list[Against | Figure]:
        """Everything that has a bound."""
        found: list[Against | Figure] = [*self.figures]
        for comparison in self.comparisons:
            found += comparison.ratios
        return [it for it in found if it.is_kept is not None]

    def write(self, path: Path) -> None:
        """As JSON; `read` gives an equal report but for digits that say nothing."""
        members = {"format": FORMAT} | _rounded(asdict(self))
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(members, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Raises `ValueError` for another format, `TypeError` and `KeyError` for what is none."""
        members = json.loads(path.read_text())
        if (found := members.pop("format")) != FORMAT:
            raise ValueError(f"{path}: format {found}, not {FORMAT}")
        comparisons = [Comparison.restored(it) for it in members.pop("comparisons")]
        figures = [Figure(**it) for it in members.pop("figures")]
        return cls(**members, comparisons=comparisons, figures=figures)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {name: _rounded(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(element) for element in value]
    return value
