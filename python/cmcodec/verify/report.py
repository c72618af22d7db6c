"""The report over many messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, final, overload

from cmcodec.reasons import Reason, Rule
from cmcodec.verify import checks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmcodec._backend import Verdicts
    from cmcodec.errors import DecodeError
    from cmcodec.verify.checks import Policy
    from cmcodec.verify.trust import Checker, Paths
    from cmcodec.verify.verdict import Note, Row, Signer

__all__ = ["BatchReport"]


@final
class BatchReport(Sequence["Row"]):
    """One `Row` for each PKI message: the outer one first, then its nested ones in order.

    Rows are made when they are reached, so a report over 1,000,000 messages stays small. What is
    costly about them, chains and notes, is found once.
    """

    __slots__ = ("_chains", "_notes", "_policy", "_refused", "_verdicts")

    def __init__(
        self,
        verdicts: Verdicts,
        checker: Checker | None,
        policy: Policy,
        refused: Mapping[int, DecodeError],
    ) -> None:
        self._verdicts = verdicts
        self._policy = policy
        # By item: what is wrong with the text around it, which no backend sees.
        self._refused = refused
        # By position: the signers where certificates name some, and what their chains are.
        self._chains = None if checker is None else _chains(verdicts, checker)
        # By position, once a row that may have notes was looked at.
        self._notes: dict[int, tuple[Note, ...]] = {}

    def __len__(self) -> int:
        return len(self._verdicts)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError("no such row")
        return self._row(position)

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, range(len(self)))

    def counts(self) -> dict[str, int]:
        """How many messages got which verdict; verdicts nobody got are left out."""
        if self._chains is None:
            found = self._verdicts.counts()
            return {verdict: number for verdict, number in found.items() if number}
        counted: dict[str, int] = {}
        for row in self:
            counted[row.verdict] = counted.get(row.verdict, 0) + 1
        return counted

    def failures(self) -> Iterator[Row]:
        """The rows of every message that is not verified."""
        return (row for row in self if row.verdict != "verified")

    def der(self, index: int) -> bytes:
        """The DER form of input number ``index``, which offsets and spans refer to.

        Empty where the text around it is broken.
        """
        return self._verdicts.der(index)

    def _row(self, position: int) -> Row:
        row = self._verdicts[position]
        if row.index in self._refused:
            return _refusal(row, self._refused[row.index])
        if row.may_have_notes:
            notes = self._notes.get(position)
            if notes is None:
                notes = self._notes[position] = self._find_notes(row)
            if notes:
                row = row.with_changes(notes=row.notes + notes)
        if self._chains is None:
            return row
        signers = self._chains.get(position)
        return checks.settle(row.with_changes(signers=signers) if signers else row, self._policy)

    def _find_notes(self, row: Row) -> tuple[Note, ...]:
        from cmcodec.loaded import Loaded
        from cmcodec.verify import references

        message = Loaded.of(self.der(row.index), row.span, row.kind)
        return references.notes(message, partial(self._verdicts.is_malformed, row.index))

    def __repr__(self) -> str:
        counted = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        return f"<BatchReport {len(self)} messages: {counted}>"


def _chains(verdicts: Verdicts, checker: Checker) -> dict[int, tuple[Signer, ...]]:
    """The signers, with chains, of all rows in which certificates name some (rule V13)."""
    from cmcodec.loaded import Loaded

    found: dict[int, tuple[Signer, ...]] = {}
    for position in range(len(verdicts)):
        row = verdicts[position]
        if any(signer.candidates for signer in row.signers):
            message = Loaded.of(verdicts.der(row.index), row.span, row.kind)
            paths = checker.paths([certificate.der for certificate in message.certificates])
            found[position] = tuple(_chained(each, paths) for each in row.signers)
    return found


def _chained(signer: Signer, paths: Paths) -> Signer:
    """The signer under the first of its certificates that is trusted (rule V8)."""
    detail = None
    for candidate in signer.candidates:
        anchor, why_not = paths.chain(candidate)
        if anchor is not None:
            return signer.named(candidate, chain="trusted", anchor_sha256=anchor or None)
        detail = detail or why_not
    return replace(signer, chain="untrusted", detail=detail) if detail else signer


def _refusal(row: Row, error: DecodeError) -> Row:
    """The row of what is no text around a message (rules P4, P6)."""
    reason = Reason(error.reason)
    rule = Rule.P6 if reason is Reason.LIMIT else Rule.P4
    return row.with_changes(reason=reason, rule=rule, offset=error.offset)
