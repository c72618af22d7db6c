"""Arrays of other libraries, which are untrusted: octets out of them, checked before they are read.

What the interface does not tell cannot be checked: how long a buffer is. What is released is
released once, whatever happens.
"""

from __future__ import annotations

import ctypes
import struct
from bisect import bisect_right
from ctypes import byref, c_char_p, c_void_p, py_object, pythonapi
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from cmcodec.columns.fields import Field
from cmcodec.columns.structures import (
    ARRAY,
    SCHEMA,
    STREAM,
    ArrowArray,
    ArrowSchema,
    ArrowStream,
    moved,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

__all__ = ["Arrays", "Octets", "arrays", "column_places", "octets", "octets_type", "sliced"]

_MAX_CHILDREN: Final = 1 << 16
_MAX_DEPTH: Final = 64
_MAX_EXTENT: Final = 1 << 47
"""Octets that no buffer reaches: addresses have no more."""
_MAX_BUFFERS: Final = 1 << 31
"""Of views, which name a buffer by 31 bits."""

_pointer = pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = c_void_p, (py_object, c_char_p)

_TYPES: Final = {
    "n": "null", "b": "bool", "c": "int8", "C": "uint8", "s": "int16", "S": "uint16", "i": "int32",
    "I": "uint32", "l": "int64", "L": "uint64", "e": "float16", "f": "float32", "g": "float64",
    "z": "binary", "Z": "large_binary", "vz": "binary_view", "u": "utf8", "U": "large_utf8",
    "vu": "utf8_view", "+l": "list", "+L": "large_list", "+s": "struct", "+m": "map",
}  # fmt: skip


def type_name(field: Field) -> str:
    """The name of a field's type for people."""
    name = _TYPES.get(field.format, field.format)
    if field.format.startswith("w:"):
        name = f"fixed_size_binary[{field.format[2:]}]"
    return name if field.dictionary is None else f"dictionary of {type_name(field.dictionary)}"


# --- capsules and streams ------------------------------------------------------------------------


class _Owned:
    """A structure that was moved here; released when its block ends."""

    def __init__(self, structure: Any) -> None:
        self.structure = structure

    @classmethod
    def of(cls, capsule: object, name: bytes, kind: Any) -> Self:
        """What is in a capsule of this name."""
        try:
            place = _pointer(capsule, name)
        except ValueError:
            raise ValueError(f"this is no capsule of an {name.decode()}") from None
        found = kind.from_address(place)
        if not found.release:
            raise ValueError(f"the {name.decode()} was released before")
        return cls(moved(found))

    def release(self, reference: Callable[[Any], Any] = byref) -> None:
        """Gives the structure back, once; also when names are gone (see `outgoing`)."""
        structure = self.structure
        if structure.release:
            structure.release(reference(structure))
            structure.release = structure.release.__class__()

    def __del__(self) -> None:
        # Whoever never read a stream has not given it back.
        self.release()

    def __enter__(self) -> Any:
        return self.structure

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Arrays:
    """The arrays that an object has or streams, one after the other.

    To be closed; `field` is their type.
    """

    def __init__(self, field: Field, following: Callable[[], _Owned | None], held: _Owned) -> None:
        self.field = field
        self._following = following
        self._held = held

    def following(self) -> _Owned | None:
        """The next array, for a ``with`` block; None at the end."""
        return self._following()

    def __iter__(self) -> Iterator[_Owned]:
        return iter(self._following, None)

    def close(self) -> None:
        self._held.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def arrays(given: Any, what: str) -> Arrays:
    """What an object gives through the interface; ``what`` names it in errors.

    Raises `TypeError` for an object that does not speak it, `ValueError` for one that does so
    wrongly.
    """
    if hasattr(given, "__arrow_c_stream__"):
        return _streamed(_Owned.of(given.__arrow_c_stream__(), STREAM, ArrowStream), what)
    if not hasattr(given, "__arrow_c_array__"):
        raise TypeError(
            f"{what}: {type(given).__name__} has neither __arrow_c_array__ nor __arrow_c_stream__"
        )
    schema_capsule, array_capsule = given.__arrow_c_array__()
    array = _Owned.of(array_capsule, ARRAY, ArrowArray)
    try:
        with _Owned.of(schema_capsule, SCHEMA, ArrowSchema) as schema:
            field = _field(schema)
    except BaseException:
        array.release()
        raise
    waiting = [array]
    return Arrays(field, lambda: waiting.pop() if waiting else None, array)


def _streamed(held: _Owned, what: str) -> Arrays:
    stream = held.structure

    def ask(function: Any, structure: Any) -> None:
        status = function(byref(stream), byref(structure))
        if status:
            said = stream.get_last_error(byref(stream)) if stream.get_last_error else None
            text = ctypes.string_at(said).decode(errors="replace") if said else f"error {status}"
            raise ValueError(f"{what}: the stream failed: {text}")

    def following() -> _Owned | None:
        array = ArrowArray()
        ask(stream.get_next, array)
        return _Owned(array) if array.release else None

    try:
        schema = ArrowSchema()
        ask(stream.get_schema, schema)
        with _Owned(schema):
            return Arrays(_field(schema), following, held)
    except BaseException:
        held.release()
        raise


def _field(schema: Any, depth: int = 0) -> Field:
    """A type of somebody else, copied."""
    if not schema.format or depth > _MAX_DEPTH or not 0 <= schema.n_children <= _MAX_CHILDREN:
        raise ValueError("a schema of no type, or of too many children")
    if schema.n_children and not schema.children:
        raise ValueError("a schema whose children are missing")
    inside = [schema.children[index] for index in range(schema.n_children)]
    if not all(inside):
        raise ValueError("a schema whose children are missing")
    dictionary = _field(schema.dictionary.contents, depth + 1) if schema.dictionary else None
    return Field(
        (schema.name or b"").decode(errors="replace"),
        schema.format.decode(errors="replace"),
        tuple(_field(child.contents, depth + 1) for child in inside),
        dictionary=dictionary,
        flags=schema.flags,
        metadata=_metadata(schema.metadata) if schema.metadata else None,
    )


def _metadata(place: int) -> bytes:
    """A number, and as many pairs of texts with their lengths before them."""

    def number(at: int) -> int:
        (found,) = struct.unpack("=i", ctypes.string_at(place + at, 4))
        if found < 0:
            raise ValueError("metadata of negative length")
        return int(found)

    end = 4
    for _ in range(2 * number(0)):
        end += 4 + number(end)
    return ctypes.string_at(place, end)


# --- octets --------------------------------------------------------------------------------------


class Octets(Protocol):
    """The values of an array of octets."""

    def take(self, start: int, stop: int, most: int) -> list[bytes | None]:
        """Values from ``start`` on: as many as have ``most`` octets, but one at least.

        Raises `ValueError` for an array that is broken there.
        """


def octets(array: ArrowArray, field: Field) -> Octets:
    """Reads an array of binary, large_binary, binary_view or fixed_size_binary.

    Also one whose values are in a dictionary. Positions count from the start of what the array
    shows. Raises `ValueError` for an array that is broken; `octets_type` has seen the type.
    """
    _check(array)
    if field.dictionary is not None:
        return _InDictionary(array, field)
    if field.format in ("z", "Z"):
        return _Binary(array, "i" if field.format == "z" else "q")
    if field.format == "vz":
        return _View(array)
    return _FixedSize(array, field.format.removeprefix("w:"))


def octets_type(field: Field, column: str) -> None:
    """Raises `TypeError`, which names the column, for a type that `octets` does not read."""
    values = field.dictionary or field
    is_read = values.format in ("z", "Z", "vz") or values.format.startswith("w:")
    if not is_read or values.dictionary is not None:
        known = "binary, large_binary, binary_view or fixed_size_binary"
        raise TypeError(f"{column} is {type_name(field)}, and not {known}")


def _check(array: ArrowArray) -> None:
    if not 0 <= array.length <= array.length + array.offset < _MAX_EXTENT or array.offset < 0:
        raise ValueError("an array of negative or impossible length or offset")


class _Read:
    """An array of so many buffers."""

    def __init__(self, array: ArrowArray, buffers: int | None) -> None:
        given = array.n_buffers
        fits = given == buffers if buffers is not None else 3 <= given < _MAX_BUFFERS
        if not fits or not array.buffers:
            raise ValueError(f"an array of {given} buffers, which has another number of them")
        if array.null_count > 0 and not array.buffers[0]:
            raise ValueError("an array with nulls that does not tell which")
        self.array = array
        self.length, self.offset = array.length, array.offset

    def memory(self, buffer: int, start: int, size: int) -> memoryview:
        """Octets of a buffer, in place."""
        if size == 0:
            return memoryview(b"")
        place = self._place(buffer, start, size)
        return memoryview((ctypes.c_char * size).from_address(place)).cast("B")

    def octets(self, buffer: int, start: int, size: int) -> bytes:
        """The same copied, which for few octets is faster; less than 2 GiB, and some."""
        return ctypes.string_at(self._place(buffer, start, size), size)

    def _place(self, buffer: int, start: int, size: int) -> int:
        place: int | None = self.array.buffers[buffer]
        if not place:
            raise ValueError("an array whose buffer is missing")
        if start < 0 or size < 0 or start + size >= _MAX_EXTENT:
            raise ValueError("an array whose buffer has an impossible length")
        return place + start

    def numbers(self, buffer: int, start: int, count: int, code: Any) -> list[int]:
        """Numbers of a buffer."""
        size = struct.calcsize(code)
        found: list[int] = self.memory(buffer, start * size, count * size).cast(code).tolist()
        return found

    def without_nulls(self, start: int, values: list[Any]) -> list[Any]:
        """The values, None where there is a null."""
        if not self.array.buffers[0]:
            return values
        first = self.offset + start
        place, end = first // 8, (first + len(values) + 7) // 8
        bits = int.from_bytes(self.memory(0, place, end - place), "little") >> first % 8
        every = (1 << len(values)) - 1
        if bits & every == every:
            return values
        return [value if bits >> index & 1 else None for index, value in enumerate(values)]


class _Binary(_Read):
    def __init__(self, array: ArrowArray, code: str) -> None:
        super().__init__(array, 3)
        self.code = code

    def take(self, start: int, stop: int, most: int) -> list[bytes | None]:
        bounds = self.numbers(1, self.offset + start, stop - start + 1, self.code)
        first = bounds[0]
        if first < 0 or bounds != sorted(bounds):
            raise ValueError("an array whose offsets fall")
        end = max(1, bisect_right(bounds, first + most) - 1)
        data = self.memory(2, first, bounds[end] - first)
        shifted = (bound - first for bound in bounds[: end + 1])
        return self.without_nulls(start, [bytes(data[a:b]) for a, b in pairwise(shifted)])


class _FixedSize(_Read):
    def __init__(self, array: ArrowArray, size: str) -> None:
        super().__init__(array, 2)
        if not size.isascii() or not size.isdigit():
            raise ValueError("a fixed_size_binary without size")
        self.size = int(size)

    def take(self, start: int, stop: int, most: int) -> list[bytes | None]:
        count = min(stop - start, max(1, most // max(1, self.size)))
        data = self.memory(1, (self.offset + start) * self.size, count * self.size)
        places = range(0, count * self.size, self.size) if self.size else [0] * count
        values = [bytes(data[place : place + self.size]) for place in places]
        return self.without_nulls(start, values)


_VIEW: Final = struct.Struct("=iiii")
_INLINE: Final = 12
"""Octets that stand in the view itself."""


class _View(_Read):
    def __init__(self, array: ArrowArray) -> None:
        super().__init__(array, None)
        count = array.n_buffers - 3
        self.sizes = self.numbers(array.n_buffers - 1, 0, count, "q")

    def take(self, start: int, stop: int, most: int) -> list[bytes | None]:
        views = self.memory(1, (self.offset + start) * 16, (stop - start) * 16)
        # What is null has a view that means nothing.
        found = self.without_nulls(start, list(_VIEW.iter_unpack(views)))
        sizes = (0 if view is None else max(0, view[0]) for view in found)
        end = max(1, bisect_right(list(accumulate(sizes)), most))
        values: list[bytes | None] = []
        for place, view in enumerate(found[:end]):
            if view is None:
                values.append(None)
                continue
            size, _, buffer, offset = view
            if 0 <= size <= _INLINE:
                values.append(bytes(views[place * 16 + 4 : place * 16 + 4 + size]))
                continue
            if size < 0 or not 0 <= buffer < len(self.sizes):
                raise ValueError("an array with a view of no buffer")
            if offset < 0 or offset + size > self.sizes[buffer]:
                raise ValueError("an array with a view past its buffer")
            values.append(self.octets(2 + buffer, offset, size))
        return values


_INDEXES: Final = {
    "c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q",
}  # fmt: skip


class _InDictionary(_Read):
    def __init__(self, array: ArrowArray, field: Field) -> None:
        super().__init__(array, 2)
        assert field.dictionary is not None
        if field.format not in _INDEXES:
            raise TypeError(f"a dictionary whose indexes are {field.format}")
        if not array.dictionary or not array.dictionary.contents.release:
            raise ValueError("an array whose dictionary is missing")
        self.code = _INDEXES[field.format]
        self.values = octets(array.dictionary.contents, field.dictionary)
        self.count = array.dictionary.contents.length

    def take(self, start: int, stop: int, most: int) -> list[bytes | None]:
        indexes = self.numbers(1, self.offset + start, stop - start, self.code)
        known: dict[int, bytes | None] = {}
        found: list[bytes | None] = []
        size = 0
        for index in self.without_nulls(start, indexes):
            if index is None:
                found.append(None)
                continue
            if index not in known:
                if not 0 <= index < self.count:
                    raise ValueError("an array with an index past its dictionary")
                (known[index],) = self.values.take(index, index + 1, most)
            size += len(known[index] or b"")
            if found and size > most:
                break
            found.append(known[index])
        return found


# --- record batches ------------------------------------------------------------------------------


def column_places(field: Field, wanted: Sequence[str]) -> list[int]:
    """Which columns have these names. Raises `ValueError` unless each is there once."""
    names = [child.name for child in field.children]
    for name in wanted:
        if names.count(name) != 1:
            there = "is not there" if name not in names else "is there more than once"
            raise ValueError(f"column {name!r} {there}: the columns are {', '.join(names)}")
    return [names.index(name) for name in wanted]


def sliced(batch: ArrowArray, field: Field, place: int) -> ArrowArray:
    """A column of a record batch, as far as the batch shows it; not to be released.

    Raises `ValueError` for a batch that is broken.
    """
    _check(batch)
    if batch.n_children != len(field.children) or not batch.children:
        raise ValueError("a record batch that has not the columns of its schema")
    if batch.null_count > 0:
        raise ValueError("a record batch that is null in places")
    if not batch.children[place]:
        raise ValueError("a record batch whose column is missing")
    child = batch.children[place].contents
    if not child.release:
        raise ValueError("a record batch whose column was released before")
    _check(child)
    if child.length < batch.offset + batch.length:
        raise ValueError("a record batch that is longer than its column")
    shown = ArrowArray()
    ctypes.memmove(byref(shown), byref(child), ctypes.sizeof(shown))
    shown.release = type(shown.release)()
    shown.length, shown.offset = batch.length, child.offset + batch.offset
    if shown.length != child.length and child.null_count:
        shown.null_count = -1
    return shown
