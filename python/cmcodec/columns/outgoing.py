"""Arrays and types of this package for other libraries.

Each structure that is handed out is kept here under a number, with all it points to, until its
release callback is called; what a parent still has then is released with it, and a child that was
moved away lives on by itself. Callbacks may come from any thread.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, byref, c_char_p, c_void_p, cast, pointer, pythonapi
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from cmcodec.columns.structures import (
    ARRAY,
    SCHEMA,
    STREAM,
    ArrowArray,
    ArrowSchema,
    ArrowStream,
    GetLastError,
    GetNext,
    GetSchema,
    ReleaseArray,
    ReleaseSchema,
    ReleaseStream,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmcodec.columns.fields import Array, Field

__all__ = [
    "Source",
    "adopt",
    "array_capsule",
    "arrays_capsule",
    "fill_array",
    "schema_capsule",
    "stream_capsule",
]

_numbers = count(1)
_kept: Final[dict[int, tuple[Any, ...]]] = {}
"""What structures that were handed out point to, by their ``private_data``."""


def _keep(structure: Any, *what: Any) -> None:
    structure.private_data = next(_numbers)
    _kept[structure.private_data] = what


def _clear(structure: Any) -> None:
    """Makes a structure zero, which in the memory of others may have been anything."""
    ctypes.memset(byref(structure), 0, ctypes.sizeof(structure))


# When the interpreter ends, the names of this module and the built-in ones are gone before others
# have released all that they hold; and where a release callback fails, Arrow's C++ ends the
# process. So what is called then has what it needs as defaults, and lives for ever.


def _forget(held: Any, kept: dict[int, tuple[Any, ...]] = _kept) -> None:
    number = held.private_data
    held.release = held.release.__class__()
    kept.pop(number, None)


def _drop(child: Any) -> None:
    if child.contents.release:
        child.contents.release(child)


def _release(
    structure: Any, drop: Callable[[Any], None] = _drop, forget: Callable[[Any], None] = _forget
) -> None:
    """What the release callbacks do: of what was kept, children that nobody took go first."""
    held = structure.contents
    for child in held.children[: held.n_children]:
        drop(child)
    if held.dictionary:
        drop(held.dictionary)
    forget(held)


def _immortal(callback: Any) -> Any:
    pythonapi.Py_IncRef(ctypes.py_object(callback))
    return callback


_RELEASE_SCHEMA: Final = _immortal(ReleaseSchema(_release))
_RELEASE_ARRAY: Final = _immortal(ReleaseArray(_release))


# --- types and values ----------------------------------------------------------------------------


def fill_schema(schema: ArrowSchema, field: Field) -> None:
    """Makes ``schema`` that of a field."""
    children = [ArrowSchema() for _ in field.children]
    for child, of in zip(children, field.children, strict=True):
        fill_schema(child, of)
    pointers = (POINTER(ArrowSchema) * len(children))(*map(pointer, children))
    texts = field.format.encode(), field.name.encode()
    _clear(schema)
    schema.format, schema.name = texts
    schema.flags, schema.n_children = field.flags, len(children)
    schema.children = cast(pointers, POINTER(POINTER(ArrowSchema)))
    metadata = None if field.metadata is None else ctypes.create_string_buffer(field.metadata)
    schema.metadata = None if metadata is None else ctypes.addressof(metadata)
    dictionary = None
    if field.dictionary is not None:
        dictionary = ArrowSchema()
        fill_schema(dictionary, field.dictionary)
        schema.dictionary = pointer(dictionary)
    schema.release = _RELEASE_SCHEMA
    _keep(schema, children, pointers, texts, metadata, dictionary)


def fill_array(array: ArrowArray, field: Field, values: Array) -> None:
    """Makes ``array`` that of values of a field."""
    length, nulls, buffers, inside = values
    children = [ArrowArray() for _ in inside]
    for child, of, what in zip(children, field.children, inside, strict=True):
        fill_array(child, of, what)
    adopt(array, length, nulls, buffers, children)
    if field.words:
        dictionary = ArrowArray()
        fill_array(dictionary, field.dictionary or field, _texts(field.words))
        array.dictionary = pointer(dictionary)
        _kept[array.private_data] += (dictionary,)


def adopt(
    array: ArrowArray,
    length: int,
    nulls: int,
    buffers: Sequence[bytes | None],
    children: Sequence[ArrowArray],
) -> None:
    """Makes ``array`` the parent of children that are filled, or were moved here."""
    pointers = (POINTER(ArrowArray) * len(children))(*map(pointer, children))
    places = (c_void_p * len(buffers))(*map(_place, buffers))
    _clear(array)
    array.length, array.null_count = length, nulls
    array.n_buffers, array.n_children = len(buffers), len(children)
    array.buffers = cast(places, POINTER(c_void_p))
    array.children = cast(pointers, POINTER(POINTER(ArrowArray)))
    array.release = _RELEASE_ARRAY
    _keep(array, children, pointers, places, tuple(buffers))


def _place(buffer: bytes | None) -> int | None:
    """Where octets stand, as long as the object that has them lives."""
    return None if buffer is None else cast(c_char_p(buffer), c_void_p).value


def _texts(texts: Sequence[str]) -> Array:
    octets = [text.encode() for text in texts]
    ends = [0]
    for each in octets:
        ends.append(ends[-1] + len(each))
    return len(texts), 0, (None, bytes((ctypes.c_int32 * len(ends))(*ends)), b"".join(octets)), ()


# --- streams -------------------------------------------------------------------------------------


class Source:
    """What a stream is made of: `field`, `next_into`, `close`."""

    def field(self) -> Field:
        """The type of every array; a struct."""
        raise NotImplementedError

    def next_into(self, array: ArrowArray) -> bool:
        """Fills ``array`` with what comes next; False, and nothing is filled, at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """Gives back what the stream holds."""


_EIO: Final = 5


def fill_stream(stream: ArrowStream, source: Source) -> None:
    """Makes ``stream`` one that asks ``source``."""
    said: list[Any] = [None]

    def guarded(work: Any) -> int:
        try:
            work()
        except BaseException as error:  # Nothing passes through C.
            said[0] = ctypes.create_string_buffer(f"{type(error).__name__}: {error}".encode())
            return _EIO
        return 0

    def get_schema(_: Any, schema: Any) -> int:
        return guarded(lambda: fill_schema(schema.contents, source.field()))

    def get_next(_: Any, array: Any) -> int:
        def work() -> None:
            if not source.next_into(array.contents):
                # The end is an array that is released.
                _clear(array.contents)

        return guarded(work)

    def get_last_error(_: Any) -> int | None:
        return None if said[0] is None else ctypes.addressof(said[0])

    def release(held: Any, forget: Callable[[Any], None] = _forget) -> None:
        try:
            source.close()
        finally:
            forget(held.contents)

    callbacks = (
        GetSchema(get_schema),
        GetNext(get_next),
        GetLastError(get_last_error),
        ReleaseStream(release),
    )
    stream.get_schema, stream.get_next, stream.get_last_error, stream.release = callbacks
    _keep(stream, callbacks, said)


# --- capsules ------------------------------------------------------------------------------------

_new = pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (c_void_p, c_char_p, c_void_p)
# The capsule is being destroyed: no new reference to it may be made.
_pointer_in = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", pythonapi))
_in_capsules: Final[dict[int, Any]] = {}
"""Structures in capsules, by address."""


def _destructor(name: bytes) -> Any:
    held, place, reference = _in_capsules, _pointer_in, byref

    def destroy(capsule: int) -> None:
        structure = held.pop(place(capsule, name), None)
        if structure is not None and structure.release:
            structure.release(reference(structure))

    return _immortal(ctypes.PYFUNCTYPE(None, c_void_p)(destroy))


_DESTRUCTORS: Final = {name: _destructor(name) for name in (SCHEMA, ARRAY, STREAM)}


def _capsule(structure: Any, name: bytes) -> object:
    place = ctypes.addressof(structure)
    _in_capsules[place] = structure
    return _new(place, name, cast(_DESTRUCTORS[name], c_void_p))


def schema_capsule(field: Field) -> object:
    """A capsule of ArrowSchema."""
    schema = ArrowSchema()
    fill_schema(schema, field)
    return _capsule(schema, SCHEMA)


def array_capsule(field: Field, values: Array) -> object:
    """A capsule of ArrowArray."""
    array = ArrowArray()
    fill_array(array, field, values)
    return _capsule(array, ARRAY)


class _Arrays(Source):
    """Arrays that are there."""

    def __init__(self, of: Field, arrays: Sequence[Array]) -> None:
        self._of, self._arrays = of, iter(arrays)

    def field(self) -> Field:
        return self._of

    def next_into(self, array: ArrowArray) -> bool:
        for values in self._arrays:
            fill_array(array, self._of, values)
            return True
        return False


def arrays_capsule(field: Field, arrays: Sequence[Array]) -> object:
    """A capsule of ArrowArrayStream with these arrays."""
    return stream_capsule(_Arrays(field, arrays))


def stream_capsule(source: Source) -> object:
    """A capsule of ArrowArrayStream."""
    stream = ArrowStream()
    fill_stream(stream, source)
    return _capsule(stream, STREAM)
