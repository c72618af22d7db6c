"""What is written of rows: columns, lines and counts, as `cmcodec._backend` describes them."""

from __future__ import annotations

import struct
from collections import Counter
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Final

from cmcodec.verify.columns import Counted, cells, fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmcodec._backend import Amended, Counts, Group
    from cmcodec._pure.verify.batch import Verdicts
    from cmcodec.columns.fields import Array, Field
    from cmcodec.verify.verdict import Row

_FAILED: Final = ("failed", "malformed")
_MOST: Final = 2**31 - 1


def columns(*, plain: bool, places: bool) -> Columns:
    return Columns(plain=plain, places=places)


def tally(examples: int, /) -> Tally:
    return Tally(examples)


class Columns:
    """Columns in the making."""

    __slots__ = ("_around", "_counts", "_fields", "_places", "_rows")

    def __init__(self, *, plain: bool, places: bool) -> None:
        self._fields = fields(plain=plain, places=places)
        self._places = places
        # With the messages in them, where those are counted.
        self._rows: list[tuple[Row | None, Counted | None]] = []
        # The rows around the next one, from the outermost.
        self._around: list[int | None] = []

    def add(
        self,
        verdicts: Verdicts,
        start: int,
        stop: int,
        amended: Amended,
        *,
        first: int,
        nested: bool,
    ) -> None:
        for index in range(start, stop):
            row = amended[index] if index in amended else verdicts[index]
            around = 0 if row is None else len(row.path)
            del self._around[around:]
            if row is not None:
                self._count(failed=row.verdict in _FAILED)
            is_written = self._places or not around
            self._around.append(len(self._rows) if is_written else None)
            if is_written:
                if row is not None and self._places and first:
                    row = row.with_changes(index=first + row.index)
                self._rows.append((row, Counted(0, 0) if row and nested else None))

    def _count(self, *, failed: bool) -> None:
        for outer in self._around:
            if outer is not None:
                row, counted = self._rows[outer]
                # Only where they were looked at are there rows inside another one.
                assert counted is not None
                self._rows[outer] = row, Counted(counted[0] + 1, counted[1] + failed)

    def finish(self) -> Array:
        found = [cells(row, counted, places=self._places) for row, counted in self._rows]
        return _structs(self._fields, found)


def _structs(of: Sequence[Field], rows: Sequence[Sequence[Any]]) -> Array:
    """An array of structs, none of which is null."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(of)
    return len(rows), 0, [None], [_array(*each) for each in zip(of, columns, strict=True)]


def _array(field: Field, values: Sequence[Any]) -> Array:
    """An array of values, None for a null."""
    if field.format == "+s":
        return _structs(field.children, values)
    nulls = sum(value is None for value in values)
    validity = _bits([value is not None for value in values]) if nulls else None
    if field.words:
        places = {word: place for place, word in enumerate(field.words)}
        octets = bytes(0 if value is None else places[value] for value in values)
        return len(values), nulls, [validity, octets], []
    if field.format == "+l":
        there = [value or () for value in values]
        (inside,) = field.children
        elements = _array(inside, list(chain.from_iterable(there)))
        return len(values), nulls, [validity, _bounds(map(len, there))], [elements]
    if field.format in ("u", "z"):
        texts = [_octets(value) for value in values]
        return len(values), nulls, [validity, _bounds(map(len, texts)), b"".join(texts)], []
    code = {"I": "I", "L": "Q"}[field.format]
    numbers = struct.pack(f"={len(values)}{code}", *(value or 0 for value in values))
    return len(values), nulls, [validity, numbers], []


def _octets(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def _bits(are_there: Sequence[bool]) -> bytes:
    number = sum(1 << place for place, is_there in enumerate(are_there) if is_there)
    return number.to_bytes((len(are_there) + 7) // 8, "little")


def _bounds(lengths: Any) -> bytes:
    ends = list(accumulate(lengths, initial=0))
    if ends[-1] > _MOST:
        raise ValueError("a column has more than 2 GiB of text: give fewer messages")
    return struct.pack(f"={len(ends)}i", *ends)


class Tally:
    """Counts over rows."""

    __slots__ = ("_chains", "_examples", "_groups", "_notes", "_pops")

    def __init__(self, examples: int, /) -> None:
        self._examples = examples
        self._groups: dict[tuple[str, str | None, str | None, bool], tuple[list[int], list[int]]]
        self._groups = {}
        self._chains: Counter[str] = Counter()
        self._pops: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()

    def add(self, verdicts: Verdicts, start: int, stop: int, amended: Amended, /) -> None:
        for index in range(start, stop):
            row = amended.get(index) or verdicts[index]
            group = row.verdict, row.reason, row.rule, bool(row.path)
            count, first = self._groups.setdefault(group, ([0], []))
            count[0] += 1
            if len(first) < self._examples:
                first.append(index)
            self._chains.update(signer.chain for signer in row.signers if signer.chain)
            self._pops.update(request.pop for request in row.requests)
            self._notes.update(note.reason for note in row.notes)

    def counts(self) -> tuple[list[Group], Counts, Counts, Counts]:
        groups = [(*group, count, first) for group, ((count,), first) in self._groups.items()]
        chains, pops, notes = map(list, map(Counter.items, (self._chains, self._pops, self._notes)))
        return groups, chains, pops, notes
