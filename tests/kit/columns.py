"""Messages as columns of Arrow, whole and broken, without another library; and tables read back."""

from __future__ import annotations

import ctypes
import struct
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cmcodec.columns.fields import Field
from cmcodec.columns.outgoing import Source, arrays_capsule, fill_array, schema_capsule
from cmcodec.columns.structures import ARRAY, ArrowArray, ReleaseArray
from cmcodec.verify.columns import Counted, cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cmcodec import BatchReport, Row
    from cmcodec.arrow import Verdicts
    from cmcodec.columns.fields import Array

_new = ctypes.pythonapi.PyCapsule_New
_new.restype = ctypes.py_object
_new.argtypes = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p

BINARY = Field("", "z")


def binary(messages: Sequence[bytes | None]) -> Array:
    """An array of binary."""
    octets = [message or b"" for message in messages]
    ends = struct.pack(f"={len(octets) + 1}i", *accumulate(map(len, octets), initial=0))
    bits = sum(1 << place for place, message in enumerate(messages) if message is not None)
    validity = bits.to_bytes((len(messages) + 7) // 8, "little")
    return len(octets), messages.count(None), [validity, ends, b"".join(octets)], []


def capsule_of(structure: Any, name: bytes) -> object:
    """A capsule without destructor: a consumer that forgets to release is found."""
    return _new(ctypes.addressof(structure), name, None)


class Given:
    """An array for whoever asks, once; ``released`` counts how often it was given back.

    ``change`` breaks the structure before it is handed over.
    """

    def __init__(
        self,
        array: Array,
        field: Field = BINARY,
        change: Callable[[ArrowArray], object] = lambda _: None,
    ) -> None:
        self.field, self.released = field, 0
        self.structure = ArrowArray()
        fill_array(self.structure, field, array)
        # A field of a structure changes with it.
        place = ctypes.cast(self.structure.release, ctypes.c_void_p).value
        before = ReleaseArray(place)

        def release(given: Any) -> None:
            self.released += 1
            before(given)

        self._release = ReleaseArray(release)
        self.structure.release = self._release
        change(self.structure)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return schema_capsule(self.field), capsule_of(self.structure, ARRAY)


class Batches:
    """A stream of record batches, or of arrays."""

    def __init__(self, field: Field, arrays: Sequence[Array]) -> None:
        self.field, self.arrays = field, arrays

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return arrays_capsule(self.field, self.arrays)


class Failing(Source):
    """A stream that fails after so many arrays."""

    def __init__(self, field: Field, arrays: Sequence[Array]) -> None:
        self._field, self._arrays, self.closed = field, iter(arrays), 0

    def field(self) -> Field:
        return self._field

    def next_into(self, array: ArrowArray) -> bool:
        for values in self._arrays:
            fill_array(array, self._field, values)
            return True
        raise RuntimeError("the disk is gone")

    def close(self) -> None:
        self.closed += 1


def expected(report: BatchReport, *, places: bool) -> list[tuple[Any, ...]]:
    """The cells of a report's rows, with the messages nested in each counted one by one."""
    rows = list(report)
    return [
        cells(row, _counted(row, rows[place + 1 :]), places=places)
        for place, row in enumerate(rows)
        if places or not row.path
    ]


def _counted(row: Row, following: Iterable[Row]) -> Counted:
    members = failed = 0
    for other in following:
        if other.index != row.index or other.path[: len(row.path)] != row.path:
            break
        if other.path == row.path:
            break
        members += 1
        failed += other.verdict in ("failed", "malformed")
    return Counted(members, failed)


def read(verdicts: Verdicts) -> list[tuple[Any, ...]]:
    """A table as pyarrow reads it, which looks at all of it; structs are tuples as in `cells`."""
    batch = verdicts.to_pyarrow()
    batch.validate(full=True)
    return [tuple(map(_plain, row.values())) for row in batch.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(map(_plain, value.values()))
    return tuple(map(_plain, value)) if isinstance(value, list) else value
