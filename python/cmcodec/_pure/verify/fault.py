"""The exception with which a rule refuses while messages are verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cmcodec.reasons import Reason, Rule


class Fault(Exception):
    """A rule is broken at ``offset``; keys and algorithms do not know where they stand.

    Stays inside the fallback: it becomes a verdict.
    """

    def __init__(self, reason: Reason, offset: int | None = None, rule: Rule | None = None) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset
        self.rule = rule or reason.rule

    def at(self, offset: int) -> Self:
        """The same at a place."""
        return type(self)(self.reason, offset, self.rule)
