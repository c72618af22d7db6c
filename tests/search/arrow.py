"""Arrays and streams of others that are broken in every way that can be told: refused, and given
back once; what is not broken says what `verify_batch` says.

How long a buffer is the interface does not tell: nothing here lies about that.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import cmcodec
from cmcodec import arrow
from cmcodec.columns import outgoing
from cmcodec.columns.fields import Field
from cmcodec.columns.incoming import arrays
from cmcodec.columns.outgoing import Source, fill_array, fill_schema, stream_capsule
from cmcodec.columns.structures import ARRAY, SCHEMA, ArrowArray, ArrowSchema
from kit.columns import BINARY, binary, capsule_of, expected, read

from . import told
from .differential import decisions, members, mutated_member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from cmcodec.columns.fields import Array

SECONDS = 2.0
HUGE = 1 << 47
NUMBERS = (-1, -(1 << 31), -(1 << 63), HUGE, 1 << 62, (1 << 63) - 1)
"""Lengths and offsets that no array has."""

FORMS = ("z", "Z", "vz", "w", "dictionary")
FORMATS = (
    b"n", b"b", b"c", b"i", b"u", b"U", b"vu", b"+l", b"+s", b"+m", b"", b"w:", b"w:-1", b"w:x",
    b"w:99999999999999999999", b"w:\xff", b"zz", b"Zz", b"d:19,10", b"tsu:", None,
)  # fmt: skip
"""Types that are not read, or are none."""


# --- whole arrays --------------------------------------------------------------------------------


def validity(messages: Sequence[bytes | None]) -> bytes | None:
    return binary(messages)[2][0] if None in messages else None


def array_of(form: str, messages: Sequence[bytes | None]) -> tuple[Field, Array]:
    """Messages as an array of this form; a dictionary is given to the structure later."""
    octets = [message or b"" for message in messages]
    count, nulls, bits = len(messages), messages.count(None), validity(messages)
    if form in ("z", "Z"):
        code = "i" if form == "z" else "q"
        ends = struct.pack(f"={count + 1}{code}", *accumulate(map(len, octets), initial=0))
        return Field("message", form), (count, nulls, [bits, ends, b"".join(octets)], [])
    if form == "vz":
        views = b"".join(
            struct.pack("=i12s", len(each), each)
            if len(each) <= 12
            else struct.pack("=i4sii", len(each), each[:4], place, 0)
            for place, each in enumerate(octets)
        )
        sizes = struct.pack(f"={count}q", *map(len, octets))
        return Field("message", form), (count, nulls, [bits, views, *octets, sizes], [])
    if form == "w":
        size = max(map(len, octets), default=1)
        filled = b"".join(each.ljust(size, b"\0") for each in octets)
        return Field("message", f"w:{size}"), (count, nulls, [bits, filled], [])
    indexes = struct.pack(f"={count}i", *range(count))
    return Field("message", "i", dictionary=BINARY), (count, nulls, [bits, indexes], [])


def shown(form: str, messages: Sequence[bytes | None]) -> list[bytes | None]:
    """The messages as an array of this form has them."""
    if form != "w":
        return [*messages]
    size = max((len(message or b"") for message in messages), default=1)
    return [None if each is None else each.ljust(size, b"\0") for each in messages]


# --- broken structures ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A field of a structure, or an element of the buffer ``at``, that says something else."""

    name: str
    value: Any
    at: int | None = None

    def done(self, structure: Any) -> None:
        if self.name == "buffer":
            structure.buffers[self.at] = None
        elif self.name in ("buffers", "dictionary", "children", "release"):
            kind = dict(type(structure)._fields_)[self.name]
            setattr(structure, self.name, kind())
        else:
            setattr(structure, self.name, self.value)


class Watch:
    """Counts structures that are handed out and given back."""

    def __init__(self) -> None:
        self.handed = self.released = 0
        self._handed: list[Any] = []
        self._kept: list[Any] = []

    def over(self, structure: Any, changes: Sequence[Change], *, in_capsule: bool = True) -> None:
        """Breaks a structure, which is put right before its producer releases it.

        One that is not ``in_capsule`` is the memory of whoever asked for it.
        """
        whole = ctypes.string_at(ctypes.addressof(structure), ctypes.sizeof(structure))
        is_array = isinstance(structure, ArrowArray)
        places = structure.buffers[: structure.n_buffers] if is_array else []
        kind = type(structure.release)
        before = kind(ctypes.cast(structure.release, ctypes.c_void_p).value)

        def release(given: Any) -> None:
            self.released += 1
            ctypes.memmove(given, whole, len(whole))
            for place, buffer in enumerate(places):
                given.contents.buffers[place] = buffer
            before(given)

        structure.release = kept = kind(release)
        for change in changes:
            change.done(structure)
        self.handed += 1
        self._kept.append(kept)
        if in_capsule:
            self._handed.append(structure)
        if not structure.release:
            # Whoever gets it is told so.
            release(ctypes.pointer(structure))

    def close(self) -> None:
        """Releases what nobody has taken, as the destructors of capsules do."""
        for structure in self._handed:
            if structure.release:
                structure.release(ctypes.pointer(structure))
        assert self.handed == self.released, f"{self.released} of {self.handed} given back"


def in_buffer(array: Array, changes: Sequence[Change]) -> Array:
    """An array of which the numbers in buffers are others."""
    length, nulls, buffers, inside = array
    made = [*buffers]
    for change in changes:
        if change.name in ("i", "q") and change.at is not None and (octets := made[1]):
            size = struct.calcsize(change.name)
            place = change.at % max(1, len(octets) // size) * size
            number = struct.pack(f"={change.name}", change.value)
            made[1] = octets[:place] + number + octets[place + size :]
    return length, nulls, made, inside


@dataclass(frozen=True)
class Broken:
    """Messages in columns, how the columns are broken, and which function gets them."""

    messages: tuple[bytes | None, ...]
    form: str
    function: str
    changes: tuple[Change, ...] = ()
    schema: tuple[Change, ...] = ()
    batch: tuple[Change, ...] = ()
    keep: bool = False
    decisions: tuple[tuple[str, Any], ...] = ()

    @property
    def size(self) -> int:
        return sum(len(message or b"") for message in self.messages)

    def check(self) -> str:
        before = len(outgoing._kept), len(outgoing._in_capsules)
        said = told.by_both(self._told)
        assert (len(outgoing._kept), len(outgoing._in_capsules)) == before, "something is kept"
        if said[0] == "is" and not (self.changes or self.schema or self.batch):
            self._assert_same()
        return f"{self.function} {said[0]}"

    def _told(self) -> tuple[Any, ...]:
        watch = Watch()
        try:
            if self.function == "verify_stream":
                said: tuple[Any, ...] = ("is", self._streamed(watch))
            else:
                given = _Column(self, watch)
                function = getattr(arrow, self.function)
                said = ("is", _rows(function(given, **dict(self.decisions))))
        except (TypeError, ValueError) as error:
            said = type(error).__name__, str(error)
        watch.close()
        return said

    def _streamed(self, watch: Watch) -> int:
        """The rows of a stream of record batches, two of which are of the messages."""
        keep = ("number",) if self.keep else ()
        stream = arrow.verify_stream(_Batches(self, watch), keep=keep, **dict(self.decisions))
        rows = 0
        with arrays(stream, "verdicts") as given:
            for owned in given:
                with owned as array:
                    rows += array.length
        return rows

    def _assert_same(self) -> None:
        """What is whole says row by row what `verify_batch` says."""
        if self.function == "verify_stream" or find_spec("pyarrow") is None:
            return
        messages = shown(self.form, self.messages)
        given = [message for message in messages if message is not None]
        report = cmcodec.verify_batch(given, threads=1, **dict(self.decisions))
        places = self.function == "verify_rows"
        watch = Watch()
        table = getattr(arrow, self.function)(_Column(self, watch), **dict(self.decisions))
        watch.close()
        found = [row for row in read(table) if not _is_null(row, places=places)]
        wanted = expected(report, places=places)
        if places:
            # They are called by the number of the message, null or not.
            found, wanted = [row[1:] for row in found], [row[1:] for row in wanted]
        assert found == wanted, told.first_difference(found, wanted)

    def column(self) -> tuple[Field, Array]:
        field, array = array_of(self.form, self.messages)
        return field, in_buffer(array, self.changes)

    def fill(self, structure: ArrowArray, watch: Watch) -> None:
        """Makes a structure of the column."""
        field, array = self.column()
        fill_array(structure, field, array)
        if self.form == "dictionary":
            values = ArrowArray()
            fill_array(values, BINARY, binary(self.messages))
            structure.dictionary = ctypes.pointer(values)
            outgoing._kept[structure.private_data] += (values,)
        watch.over(structure, self.changes)

    def smaller(self) -> Iterator[Broken]:
        for name in ("changes", "schema", "batch", "decisions"):
            every = getattr(self, name)
            for at in range(len(every)):
                yield replace(self, **{name: every[:at] + every[at + 1 :]})


def _is_null(row: tuple[Any, ...], *, places: bool) -> bool:
    return all(cell is None for cell in row[2 * places :])


def _rows(table: Any) -> Any:
    """All cells where pyarrow reads them, else how many rows there are."""
    return read(table) if find_spec("pyarrow") is not None else len(table)


class _Column:
    """An array for whoever asks."""

    def __init__(self, of: Broken, watch: Watch) -> None:
        self._of, self._watch = of, watch

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        structure = ArrowArray()
        self._of.fill(structure, self._watch)
        field, _ = self._of.column()
        schema = ArrowSchema()
        fill_schema(schema, field)
        self._watch.over(schema, self._of.schema)
        return capsule_of(schema, SCHEMA), capsule_of(structure, ARRAY)


class _Batches(Source):
    """A stream of two record batches of a column and a number."""

    def __init__(self, of: Broken, watch: Watch) -> None:
        self._of, self._watch, self._left = of, watch, 2

    def field(self) -> Field:
        field, _ = self._of.column()
        return Field("", "+s", (field, Field("number", "i")), flags=0)

    def next_into(self, array: ArrowArray) -> bool:
        if not self._left:
            return False
        self._left -= 1
        column, numbers = ArrowArray(), ArrowArray()
        self._of.fill(column, self._watch)
        count = len(self._of.messages)
        octets = struct.pack(f"={count}i", *range(count))
        fill_array(numbers, Field("number", "i"), (count, 0, [None, octets], []))
        outgoing.adopt(array, count, 0, [None], [column, numbers])
        self._watch.over(array, self._of.batch, in_capsule=False)
        return True

    def close(self) -> None:
        self._left = 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return stream_capsule(self)


# --- cases ---------------------------------------------------------------------------------------


@cache
def short() -> list[bytes]:
    """Messages that fit into a view, and what is no message."""
    return [b"", b"0\0", b"text", bytes(12), bytes(13)]


def messages(random: Random) -> tuple[bytes | None, ...]:
    found: list[bytes | None] = []
    for _ in range(random.choice((0, 1, 2, 3, 9))):
        chance = random.random()
        if chance < 0.2:
            found.append(None)
        elif chance < 0.4:
            found.append(random.choice(short()))
        else:
            found.append(random.choice(members()) if chance < 0.7 else mutated_member(random))
    return tuple(found)


def array_changes(random: Random, form: str, given: Sequence[bytes | None]) -> Iterator[Change]:
    """Changes that can be told, or leave the array within its memory."""
    count = len(given)
    size = sum(len(each or b"") for each in given)
    match random.randrange(9):
        case 0:
            yield Change(random.choice(("length", "offset")), random.choice(NUMBERS))
        case 1:
            first = random.randrange(count + 1)
            yield Change("offset", first)
            yield Change("length", random.randrange(count - first + 1))
        case 2:
            yield Change("null_count", random.choice((-1, 0, 1, count, 1 << 40)))
        case 3:
            # How many buffers views have nothing else tells.
            yield Change("n_buffers", random.choice((-(1 << 63), -1, 0, 1, 2, 1 << 31, 1 << 62)))
        case 4:
            yield Change("buffer", None, 0 if random.random() < 0.2 else 1)
        case 5:
            yield Change("buffers", None)
        case 6 if form == "dictionary":
            yield Change("dictionary", None)
        case 7:
            yield Change("release", None)
        case _:
            yield from numbers_in_buffer(random, form, count, size)


def numbers_in_buffer(random: Random, form: str, count: int, size: int) -> Iterator[Change]:
    """Offsets that fall or are negative, views of nothing, indexes past the dictionary."""
    for _ in range(random.choice((1, 1, 2))):
        at = random.randrange(64)
        if form == "Z":
            value = random.choice((-1, 0, size, random.randrange(size + 1), 1 << 62, -(1 << 63)))
            yield Change("q", value, at)
        elif form == "z":
            value = random.choice((-1, 0, size, random.randrange(size + 1), -(1 << 31)))
            yield Change("i", value, at)
        elif form in ("vz", "dictionary"):
            value = random.choice((-1, 0, 1, 12, 13, count, size, (1 << 31) - 1, -(1 << 31)))
            yield Change("i", value, at)


def schema_changes(random: Random, form: str) -> Iterator[Change]:
    match random.randrange(5):
        case 0:
            yield Change("n_children", random.choice((-1, 1, 1 << 16, 1 << 40, -(1 << 63))))
            yield Change("children", None)
        case 1:
            yield Change("flags", random.choice((0, 1, 2, 4, -1, 1 << 62)))
        case 2:
            yield Change("name", random.choice((None, b"", b"\xff\xfe", b"verdict", b"x" * 300)))
        case 3 if form == "dictionary":
            yield Change("dictionary", None)
        case _:
            yield Change("format", random.choice(FORMATS))


def batch_changes(random: Random, count: int) -> Iterator[Change]:
    match random.randrange(5):
        case 0:
            yield Change(random.choice(("length", "offset")), random.choice(NUMBERS))
        case 1:
            first = random.randrange(count + 2)
            yield Change("offset", first)
            yield Change("length", random.randrange(count + 2))
        case 2:
            yield Change("null_count", random.choice((-1, 0, 1, count)))
        case 3:
            yield Change("n_children", random.choice((-1, 0, 1, 3, 1 << 40)))
        case _:
            yield Change("children", None)


def case(random: Random) -> Broken:
    given = messages(random)
    form = random.choice(FORMS)
    function = random.choice(("verify", "verify", "verify_rows", "verify_stream"))
    made = Broken(given, form, function, keep=random.random() < 0.5)
    if random.random() < 0.3:
        made = replace(made, decisions=tuple(decisions(random).items()))
    chance = random.random()
    if chance < 0.6:
        made = replace(made, changes=tuple(array_changes(random, form, given)))
    elif chance < 0.7 and function != "verify_stream":
        made = replace(made, schema=tuple(schema_changes(random, form)))
    elif chance < 0.85 and function == "verify_stream":
        made = replace(made, batch=tuple(batch_changes(random, len(given))))
    return made
