"""Verdicts over many messages, and over every message nested in them."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast, get_args

from cmcodec._pure import view
from cmcodec._pure.codec.load import Loaded, load, root
from cmcodec._pure.codec.tlv import Error, Tlv, read_tlv
from cmcodec._pure.verify.certificates import Certificates, certificate
from cmcodec._pure.verify.message import Message, row, verify_message
from cmcodec._pure.verify.signer import Policy
from cmcodec.reasons import Reason
from cmcodec.verify.lines import csv_line, json_line
from cmcodec.verify.verdict import Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cmcodec._backend import Amended, Received, Validated
    from cmcodec._pure.codec.walk import Member
    from cmcodec.verify.verdict import Encoding

_PROGRESS_SECONDS = 0.05
# Messages per task: large enough to outweigh handing them over, small enough to spread.
_CHUNK = 16


class _Malformed(NamedTuple):
    """What is kept of a nested message that cannot be read: it may have five octets (rule P8)."""

    item: int
    around: tuple[int, ...]
    member: Member

    def row(self, der: bytes) -> Row:
        item, around, member = self
        found = view.member(der, read_tlv(der, member.start, len(der)))
        span = found.content_info.start, found.content_info.end
        path = (*around, found.body_part_id)
        return row(der, item, path, span=span, fault=member, verdict="malformed")


Done: TypeAlias = Row | _Malformed
Task: TypeAlias = Message | Done


class Verdicts:
    """The rows of all items, in order, and their DER."""

    __slots__ = ("_ders", "_rows")

    def __init__(self, rows: list[Done], ders: list[bytes]) -> None:
        self._rows = rows
        self._ders = ders

    @property
    def disagreement(self) -> None:
        """There are no lanes."""

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int, /) -> Row:
        found = self._rows[index]
        return found if isinstance(found, Row) else found.row(self._ders[found.item])

    def der(self, item: int, /) -> bytes:
        return self._ders[item]

    def is_malformed(self, item: int, start: int, /) -> bool:
        # A member begins before the message in it, even where that is empty.
        index = bisect_left(self._rows, (item, start), key=_place) - 1
        is_it = index >= 0 and isinstance(self._rows[index], _Malformed)
        return is_it and self[index].span[0] == start

    def position(self, item: int, /) -> int:
        if not 0 <= item < len(self._ders):
            raise IndexError("no such item")
        return bisect_left(self._rows, item, key=lambda done: _place(done)[0])

    def noted(self, start: int, stop: int, /) -> list[int]:
        rows = ((index, self._rows[index]) for index in range(start, stop))
        return [index for index, row in rows if isinstance(row, Row) and row.may_have_notes]

    def json_lines(
        self, start: int, stop: int, amended: Amended, firsts: list[str] | None, /
    ) -> str:
        return self._lines(json_line, start, stop, amended, firsts)

    def csv_lines(
        self, start: int, stop: int, amended: Amended, firsts: list[str] | None, /
    ) -> str:
        return self._lines(csv_line, start, stop, amended, firsts)

    def _lines(
        self,
        write: Callable[[Row, str | None], str],
        start: int,
        stop: int,
        amended: Amended,
        firsts: list[str] | None,
    ) -> str:
        rows = (amended.get(index) or self[index] for index in range(start, stop))
        return "".join(write(row, None if firsts is None else firsts[row.index]) for row in rows)

    def counts(self) -> dict[str, int]:
        found = Counter(row.verdict if isinstance(row, Row) else "malformed" for row in self._rows)
        return {verdict: found[verdict] for verdict in get_args(Verdict)}


def _place(done: Done) -> tuple[int, int]:
    """The item of a row, and where it starts there."""
    if isinstance(done, Row):
        return done.index, done.span[0]
    return done.item, done.member.start


def verify(
    items: Sequence[Received | Validated],
    *,
    strict: bool,
    max_layers: int,
    max_size: int,
    nested: bool,
    certificates: Sequence[bytes],
    authorised_ras: Sequence[bytes],
    legacy: bool,
    threads: int,
    lanes: bool,  # noqa: ARG001 - there are none
    progress: Callable[[int, int], object] | None,
) -> Verdicts:
    known = Certificates(filter(None, map(certificate, certificates)))
    policy = Policy(known, frozenset(authorised_ras), legacy)
    report = _Report(progress)
    ders: list[bytes] = []
    tasks: list[Task] = []
    read = partial(
        load, strict=strict, max_layers=max_layers, max_size=max_size, isolate_members=True
    )
    for index, item in enumerate(items):
        if isinstance(item, tuple) and len(item) != 2:
            der, start, end, encoding, *rest = item
            wrapped = rest == [True]
            element, kept = read_tlv(der, start, end), cast("Encoding", encoding)
            tasks.append(Message(der, index, (), kept, root(der, start), element, wrapped))
        else:
            octets, wrapped = item if isinstance(item, tuple) else (item, False)
            der, found = _read(index, octets, read, nested=nested, wrapped=wrapped)
            tasks += found
        ders.append(der)
        report.advance(0, len(items))

    def work(chunk: Sequence[Task]) -> list[Done]:
        return [
            verify_message(task, policy) if isinstance(task, Message) else task for task in chunk
        ]

    rows: list[Done] = []
    chunks = [tasks[start : start + _CHUNK] for start in range(0, len(tasks), _CHUNK)]
    for done in _in_threads(work, chunks, threads) if threads > 1 else map(work, chunks):
        rows += done
        report.advance(len(rows), len(tasks))
    report.end(len(tasks))
    return Verdicts(rows, ders)


def _read(
    index: int, item: bytes, read: Callable[..., Loaded], *, nested: bool, wrapped: bool
) -> tuple[bytes, list[Task]]:
    """The DER form of an item, and its messages, or the row that it is none."""
    try:
        loaded = read(item, wrapped=wrapped)
    except (Error, RecursionError) as error:
        # The caller may stand so deep in its own stack that layers within the bounds do not fit.
        fault = error if isinstance(error, Error) else Error(Reason.DEPTH, 0)
        return item, [row(item, index, (), span=(0, len(item)), fault=fault, verdict="malformed")]
    element = read_tlv(loaded.der, 0, len(loaded.der))
    outer = Message(loaded.der, index, (), loaded.encoding, loaded.root, element, loaded.wrapped)
    return loaded.der, [outer, *(_nested(outer, loaded) if nested else ())]


def _in_threads(
    work: Callable[[Sequence[Task]], list[Done]], chunks: list[list[Task]], threads: int
) -> Iterator[list[Done]]:
    """The results in order; `cryptography` releases the GIL while it verifies."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="cmcodec-verify")
    try:
        try:
            results = pool.map(work, chunks)
        except RuntimeError:  # the system or an interpreter that ends has no thread to give
            results = map(work, chunks)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


class _Report:
    """Calls ``progress`` not too often, and once at the end."""

    def __init__(self, progress: Callable[[int, int], object] | None) -> None:
        self.progress = progress
        self.last = time.monotonic()

    def advance(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.progress and done < total and now - self.last >= _PROGRESS_SECONDS:
            self.last = now
            self.progress(done, total)

    def end(self, total: int) -> None:
        if self.progress:
            self.progress(total, total)


def _nested(outer: Message, loaded: Loaded) -> Iterator[Task]:
    """The messages inside one, in received order.

    Of a message that holds its content in anything but a SignedData or AuthenticatedData, and of
    id-data (RFC 10002 §3.2.1.3), there is no more to list.
    """
    data, item, path, around = loaded.der, outer.item, list[int](), tuple[int, ...]()
    # For each message around the next one, whether it can hold others.
    holds = [_type(data, outer.element) in _HOLDING]
    outermost = loaded.members[0].layer if loaded.members else 0
    for known in loaded.members:
        member = view.member(data, read_tlv(data, known.start, len(data)))
        depth, is_malformed = known.layer - outermost, known.reason is not None
        del path[depth:], holds[depth + 1 :]
        path.append(member.body_part_id)
        info, listed = member.content_info, all(holds)
        content_type = b"" if is_malformed else _type(data, info)
        holds.append(content_type in _HOLDING)
        if listed and is_malformed:
            if list(around) != path[:-1]:
                around = tuple(path[:-1])
            yield _Malformed(item, around, known)
        elif listed and content_type != view.DATA:
            yield Message(data, item, tuple(path), "der", "ContentInfo", info)


_HOLDING = (view.SIGNED_DATA, view.AUTHENTICATED_DATA)


def _type(data: bytes, info: Tlv) -> bytes:
    """What begins a ContentInfo."""
    return view.content(data, view.first(data, info))
