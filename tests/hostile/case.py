"""What a case is: octets, and what is to be said of every row of theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmcodec.reasons import Reason, Rule

MALFORMED, FAILED, VERIFIED = "malformed", "failed", "verified"


@dataclass(frozen=True)
class Told:
    """What is to be said of one message; ``notes`` are body part ids and reasons."""

    verdict: str
    reason: Reason | None = None
    rule: Rule | None = None
    path: tuple[int, ...] = ()
    notes: tuple[tuple[int | None, Reason], ...] = ()
    pops: tuple[str, ...] = ()


GOOD = Told(VERIFIED)


@dataclass(frozen=True)
class Case:
    """A message, alone or with others around and inside it.

    ``rule`` is the one that it breaks, or keeps at the bound; ``twin`` names the case that differs
    in nothing but that and passes, None for one that passes. ``rows`` are those of `verify_batch`,
    outer first. ``refused`` is the reason of `load`, None where it reads the message. ``decisions``
    are what the caller of `verify_batch` decides.
    """

    name: str
    rule: Rule
    octets: bytes = field(repr=False)
    rows: tuple[Told, ...]
    refused: Reason | None = None
    twin: str | None = None
    decisions: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        """The name without the rule."""
        return self.name.removeprefix(f"{self.rule}: ")


class Series:
    """Cases of one rule. Each that breaks it has the last one before it that passes as its twin."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.cases: list[Case] = []
        self._twin: str | None = None

    def passes(self, name: str, octets: bytes, *rows: Told, **decisions: Any) -> None:
        """A case that keeps the rule: verified, unless ``rows`` say what else."""
        named = self._add(name, octets, rows or (GOOD,), None, None, decisions)
        self._twin = named

    def fails(
        self, name: str, octets: bytes, reason: Reason, rule: Rule | None = None, **decisions: Any
    ) -> None:
        """A message that is read, and fails."""
        row = Told(FAILED, reason, rule or self.rule)
        self.says(name, octets, row, **decisions)

    def refused(
        self, name: str, octets: bytes, reason: Reason, rule: Rule | None = None, **decisions: Any
    ) -> None:
        """A message that is not read."""
        row = Told(MALFORMED, reason, rule or reason.rule)
        self.says(name, octets, row, refused=reason, **decisions)

    def says(
        self, name: str, octets: bytes, *rows: Told, refused: Reason | None = None, **decisions: Any
    ) -> None:
        """A case that breaks the rule, with every row."""
        if self._twin is None:
            raise ValueError(f"{name}: nothing has passed yet")
        self._add(name, octets, rows, refused, self._twin, decisions)

    def _add(
        self, name: str, octets: bytes, rows: tuple[Told, ...], refused: Reason | None,
        twin: str | None, decisions: Mapping[str, Any],
    ) -> str:  # fmt: skip
        named = f"{self.rule}: {name}"
        self.cases.append(Case(named, self.rule, octets, rows, refused, twin, decisions))
        return named
