"""The report over many messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, final, get_args, overload

from cmcodec import _backend
from cmcodec.hints import hint
from cmcodec.reasons import Reason, Rule
from cmcodec.verify import checks
from cmcodec.verify.checks import Policy
from cmcodec.verify.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cmcodec._backend import Amended, Backend, Columns, Verdicts
    from cmcodec.errors import DecodeError
    from cmcodec.verify.trust import Checker, Paths
    from cmcodec.verify.verdict import Note, Row, Signer
    from cmcodec.verify.verdicts import Verdicts as Table

__all__ = ["BatchReport", "Group", "Summary"]

_BLOCK: Final = 4096
"""Rows that are written at once."""


class Group(NamedTuple):
    """Messages with one verdict for one reason: how many, and where the first are in the report."""

    verdict: str
    reason: str | None
    rule: str | None
    is_nested: bool
    messages: int
    first: tuple[int, ...]


class Summary(NamedTuple):
    """What is counted over a report.

    ``chains``, ``proofs`` and ``notes``: how often each chain of a signer, each proof of possession
    of a request and each note was met.
    """

    groups: tuple[Group, ...]
    chains: dict[str, int]
    proofs: dict[str, int]
    notes: dict[str, int]


@final
class BatchReport(Sequence["Row"]):
    """One `Row` for each PKI message: the outer one first, then its nested ones in order.

    Rows are made when they are reached, so a report over 1,000,000 messages stays small. What is
    costly about them, chains and notes, is found once. A pickle has every row, and the octets that
    they are of; like any pickle it is as trustworthy as its sender.
    """

    __slots__ = ("_backend", "_chains", "_notes", "_policy", "_refused", "_verdicts")

    def __init__(
        self,
        verdicts: Verdicts,
        checker: Checker | None,
        policy: Policy,
        refused: Mapping[int, DecodeError],
        backend: Backend | None = None,
    ) -> None:
        self._verdicts = verdicts
        # What made the verdicts, and writes columns and counts of them.
        self._backend: Backend = _backend if backend is None else backend
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
            counted = self._verdicts.counts()
        else:
            counted = dict.fromkeys(get_args(Verdict), 0)
            for group in self.summary(0).groups:
                counted[group.verdict] += group.messages
        return {verdict: number for verdict, number in counted.items() if number}

    def summary(self, examples: int = 3) -> Summary:
        """What is counted over all rows; of each group the first ``examples`` are named."""
        tally = self._backend.tally(examples)
        for start, stop, amended in self._blocks():
            tally.add(self._verdicts, start, stop, amended)
        groups, *counts = tally.counts()
        named = tuple(Group(*each[:-1], tuple(each[-1])) for each in groups)
        return Summary(named, *map(dict, counts))

    def to_json_lines(self, files: Sequence[str] | None = None) -> Iterator[str]:
        """JSON Lines: what `json.dumps` makes of `Row.to_dict` of each row, some thousand at once.

        ``files``: for each input the name that takes the place of ``index``.
        """
        from cmcodec.verify import lines

        firsts = None if files is None else list(map(lines.json_member, files))
        for start, stop, amended in self._blocks():
            yield self._verdicts.json_lines(start, stop, amended, firsts)

    def to_csv(self, files: Sequence[str] | None = None) -> Iterator[str]:
        """CSV with a header: a line for each row, the members of `Row.to_dict` in its cells.

        Some thousand lines at once. A path is ``/1001/5`` and a span ``0-99``; the members of
        objects have colons between them, and objects semicolons.
        """
        from cmcodec.verify import lines

        yield ",".join(("index" if files is None else "file", *lines.COLUMNS)) + "\n"
        firsts = None if files is None else list(map(lines.csv_cell, files))
        for start, stop, amended in self._blocks():
            yield self._verdicts.csv_lines(start, stop, amended, firsts)

    def to_arrow(self, *, plain: bool = False) -> Table:
        """The rows as a table (`cmcodec.arrow`), with ``index`` and ``path`` first.

        ``plain``: words are utf8, for those who take no dictionaries. Raises `ValueError` for more
        than 2 GiB of text in a column.
        """
        from cmcodec.verify.verdicts import Schema, Verdicts

        columns = self._backend.columns(plain=plain, places=True)
        self.add_to(columns, nested=True)
        return Verdicts(Schema(plain=plain, places=True), columns.finish())

    def add_to(
        self, columns: Columns, *, nested: bool, first: int = 0, absent: Collection[int] = ()
    ) -> None:
        """Adds the rows to columns; the inputs are called from number ``first`` on.

        ``nested``: whether messages nested in inputs were looked at; inputs that are ``absent`` are
        null.
        """
        nulls: dict[int, None] = {self._verdicts.position(item): None for item in absent}
        for start, stop, amended in self._blocks():
            said = {**amended, **{place: None for place in nulls if start <= place < stop}}
            columns.add(self._verdicts, start, stop, said, first=first, nested=nested)

    def _blocks(self) -> Iterator[tuple[int, int, Amended]]:
        """Rows by the thousand, and those of them that say more than the backend found."""
        for start in range(0, len(self), _BLOCK):
            stop = min(start + _BLOCK, len(self))
            yield start, stop, self._amended(range(start, stop))

    def _amended(self, rows: range) -> dict[int, Row]:
        if self._chains is not None:
            return {position: self._row(position) for position in rows}
        found = {position: self._row(position) for position in self._refusals if position in rows}
        for position in self._verdicts.noted(rows.start, rows.stop):
            row = self._row(position)
            if self._notes.get(position):
                found[position] = row
        return found

    @property
    def _refusals(self) -> list[int]:
        return [self._verdicts.position(item) for item in self._refused]

    def failures(self) -> Iterator[Row]:
        """The rows of every message that is not verified."""
        return (row for row in self if row.verdict != "verified")

    def der(self, index: int) -> bytes:
        """The DER form of input number ``index``, which offsets and spans refer to.

        Empty where the text around it is broken.
        """
        return self._verdicts.der(index)

    def hint(self, row: Row) -> str:
        """What is in a row's place and is no message, in words, as `DecodeError.hint` says it.

        Empty where that is not known, and for a message.
        """
        if row.verdict != "malformed" and row.reason is not Reason.WRONG_CONTENT_TYPE:
            return ""
        refused = self._refused.get(row.index)
        return hint(self.der(row.index)[slice(*row.span)]) if refused is None else refused.hint

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

    def __reduce__(self) -> tuple[object, ...]:
        rows = list(self)
        ders = [self.der(item) for item in range(rows[-1].index + 1 if rows else 0)]
        return _restore, (rows, ders, dict(self._refused))

    def __repr__(self) -> str:
        counted = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        return f"<BatchReport {len(self)} messages: {counted}>"


def _restore(rows: list[Row], ders: list[bytes], refused: Mapping[int, DecodeError]) -> BatchReport:
    """Unpickles a report: rows with all that was found."""
    made = [row.in_buffer(ders[row.index]) for row in rows]
    backend, verdicts = _backend.kept(made, ders)
    return BatchReport(verdicts, None, Policy.of("none"), refused, backend)


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
