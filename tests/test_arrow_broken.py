"""Arrow data from outside is untrusted: broken arrays are refused, and given back once."""

from __future__ import annotations

import ctypes
import gc
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import arrow
from cmcodec.columns.fields import Field
from cmcodec.columns.incoming import octets, octets_type, sliced
from cmcodec.columns.outgoing import fill_array, fill_schema, stream_capsule
from cmcodec.columns.structures import SCHEMA, ArrowArray, ArrowSchema, ReleaseSchema
from kit.columns import BINARY, Batches, Failing, Given, binary, capsule_of
from kit.vectors import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.columns.fields import Array

MESSAGE = shared("batch/batch-req-10.der")
LARGE, VIEW, FIXED = Field("", "Z"), Field("", "vz"), Field("", "w:4")
DICTIONARY = Field("", "i", dictionary=BINARY)


def offsets(*bounds: int, code: str = "i", data: bytes | None = b"0123456789") -> Array:
    """Binary with these offsets."""
    packed = struct.pack(f"={len(bounds)}{code}", *bounds)
    return len(bounds) - 1, 0, [None, packed, data], []


def views(*fields: int, sizes: tuple[int, ...] = (100,)) -> Array:
    """A binary_view of one view: length, prefix, buffer, offset."""
    given = struct.pack("=iiii", *fields)
    data = [b"x" * 100 for _ in sizes]
    return 1, 0, [None, given, *data, struct.pack(f"={len(sizes)}q", *sizes)], []


def change(**fields: Any) -> Callable[[ArrowArray], object]:
    """A change to the structure that is handed over."""

    def done(array: ArrowArray) -> None:
        for name, value in fields.items():
            setattr(array, name, value)

    return done


def without(buffer: int) -> Callable[[ArrowArray], object]:
    """One of the buffers is null."""

    def done(array: ArrowArray) -> None:
        array.buffers[buffer] = None

    return done


BROKEN: dict[str, tuple[Array, Field, Callable[[ArrowArray], object], str]] = {
    "offsets that fall": (offsets(0, 5, 3), BINARY, change(), "offsets fall"),
    "negative offsets": (offsets(-4, 2), BINARY, change(), "offsets fall"),
    "large offsets that fall": (offsets(0, 9, 2, code="q"), LARGE, change(), "offsets fall"),
    "offsets past every address": (
        offsets(0, 1 << 62, code="q"),
        LARGE,
        change(),
        "impossible length",
    ),
    "no data": (offsets(0, 5), BINARY, without(2), "buffer is missing"),
    "no offsets": (offsets(0, 5), BINARY, without(1), "buffer is missing"),
    "no buffers": (offsets(0, 5), BINARY, change(buffers=None), "buffers"),
    "too few buffers": (offsets(0, 5), BINARY, change(n_buffers=2), "2 buffers"),
    "too many buffers": (offsets(0, 5), BINARY, change(n_buffers=1 << 60), "buffers"),
    "negative length": (offsets(0, 5), BINARY, change(length=-1), "length or offset"),
    "negative offset": (offsets(0, 5), BINARY, change(offset=-1), "length or offset"),
    "an overflow": (offsets(0, 5), BINARY, change(length=1 << 62, offset=1 << 62), "length or"),
    "nulls nowhere": (offsets(0, 5), BINARY, change(null_count=1), "does not tell which"),
    "a view of no buffer": (views(20, 0, 1, 0), VIEW, change(), "view of no buffer"),
    "a view of a buffer before": (views(20, 0, -1, 0), VIEW, change(), "view of no buffer"),
    "a negative view": (views(-1, 0, 0, 0), VIEW, change(), "view of no buffer"),
    "a view past its buffer": (views(20, 0, 0, 90), VIEW, change(), "past its buffer"),
    "a view before its buffer": (views(20, 0, 0, -1), VIEW, change(), "past its buffer"),
    "views of too many buffers": (views(20, 0, 0, 0), VIEW, change(n_buffers=1 << 60), "buffers"),
    "views without buffers": (views(20, 0, 0, 0), VIEW, change(n_buffers=2), "2 buffers"),
    "a size of no number": ((1, 0, [None, b"1234"], []), Field("", "w:x"), change(), "size"),
    "a negative size": ((1, 0, [None, b"1234"], []), Field("", "w:-4"), change(), "size"),
    "no octets of a size": ((1, 0, [None, b"1234"], []), FIXED, without(1), "missing"),
    "an index past the dictionary": (
        (1, 0, [None, struct.pack("=i", 7)], []),
        DICTIONARY,
        lambda array: add_dictionary(array, binary([b"junk"])),
        "past its dictionary",
    ),
    "an index before the dictionary": (
        (1, 0, [None, struct.pack("=i", -1)], []),
        DICTIONARY,
        lambda array: add_dictionary(array, binary([b"junk"])),
        "past its dictionary",
    ),
    "no dictionary": ((1, 0, [None, bytes(4)], []), DICTIONARY, change(), "dictionary is missing"),
}

_kept: list[object] = []


def add_dictionary(array: ArrowArray, values: Array) -> None:
    """Gives an array of indexes their values."""
    held = Given(values)
    _kept.append(held)
    array.dictionary = ctypes.pointer(held.structure)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_arrays_are_refused(name: str) -> None:
    """One ValueError each, and the array is given back."""
    values, field, broken, said = BROKEN[name]
    array = Given(values, field, broken)
    with pytest.raises(ValueError, match=said):
        arrow.verify(array)
    assert array.released == 1


def test_what_is_null_may_point_anywhere() -> None:
    """The value of a null is not looked at."""
    length, _, (_, *buffers), _ = views(20, 0, 9, -5)
    array = Given((length, 1, [b"\0", *buffers], []), VIEW)
    assert len(arrow.verify(array)) == 1
    assert array.released == 1


def test_an_array_that_was_given_back_is_refused() -> None:
    array = Given(binary([MESSAGE]))
    assert len(arrow.verify(array)) == 1
    with pytest.raises(ValueError, match="was released before"):
        arrow.verify(array)
    assert array.released == 1


class Capsules:
    """What gives any capsules."""

    def __init__(self, *capsules: object) -> None:
        self.capsules = capsules

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, ...]:
        return self.capsules


def test_what_is_no_capsule_is_refused() -> None:
    """Or a capsule of something else; an array beside it is given back."""

    array = Given(binary([MESSAGE]))
    schema, capsule = array.__arrow_c_array__()
    for wrong in (
        Capsules(schema, schema),
        Capsules(schema, None),
        Capsules(schema),
        Capsules(1, 2),
    ):
        with pytest.raises((TypeError, ValueError)):
            arrow.verify(wrong)
    assert array.released == 0
    with pytest.raises(ValueError, match="no capsule of an arrow_"):
        arrow.verify(Capsules(capsule, capsule))
    assert array.released == 1

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return schema

    with pytest.raises(ValueError, match="no capsule of an arrow_"):
        arrow.verify(Stream())


@pytest.mark.parametrize("fields", [{"format": None}, {"n_children": -1}, {"n_children": 1 << 40}])
def test_a_schema_that_is_broken_is_refused(fields: dict[str, Any]) -> None:
    """A schema without type, or without the children that it says it has."""
    array, schema, released = Given(binary([MESSAGE])), ArrowSchema(), []
    fill_schema(schema, BINARY)
    before = {name: getattr(schema, name) for name in fields}
    for name, value in fields.items():
        setattr(schema, name, value)
    keep = ReleaseSchema(released.append)
    original = ctypes.cast(schema.release, ctypes.c_void_p).value
    schema.release = keep
    _, capsule = array.__arrow_c_array__()
    with pytest.raises(ValueError, match="a schema of no type"):
        arrow.verify(Capsules(capsule_of(schema, SCHEMA), capsule))
    assert (array.released, len(released)) == (1, 1)
    for name, value in before.items():
        setattr(schema, name, value)
    ReleaseSchema(original)(ctypes.pointer(schema))


@contextmanager
def pointing(address: int, to: int | None) -> Iterator[None]:
    """What a pointer at an address points to for the block."""
    place = ctypes.c_void_p.from_address(address)
    before, place.value = place.value, to
    try:
        yield
    finally:
        place.value = before


def first_child(structure: ArrowArray | ArrowSchema) -> int:
    """Where the pointer to it is."""
    found = ctypes.cast(structure.children, ctypes.c_void_p).value
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("children", "children are missing"),
        ("child", "children are missing"),
        ("metadata", "metadata of negative length"),
    ],
)
def test_a_schema_without_what_it_counts_is_refused(what: str, said: str) -> None:
    """Its children, one of them, or as many texts as its metadata says; all is given back."""
    array, schema, released = Given(binary([MESSAGE])), ArrowSchema(), []
    fill_schema(schema, Field("", "+s", (BINARY,), flags=0))
    metadata = ctypes.create_string_buffer(struct.pack("=i", -1))
    address, to = first_child(schema), None
    if what != "child":
        address = ctypes.addressof(schema) + getattr(ArrowSchema, what).offset
    if what == "metadata":
        to = ctypes.addressof(metadata)
    keep = ReleaseSchema(released.append)
    original = ctypes.cast(schema.release, ctypes.c_void_p).value
    schema.release = keep
    _, capsule = array.__arrow_c_array__()
    with pointing(address, to), pytest.raises(ValueError, match=said):
        arrow.verify(Capsules(capsule_of(schema, SCHEMA), capsule))
    assert (array.released, len(released)) == (1, 1)
    ReleaseSchema(original)(ctypes.pointer(schema))


def test_a_dictionary_of_no_numbers_is_refused() -> None:
    """Its indexes are integers; of a dictionary in a dictionary the type is told."""
    values = (1, 0, [None, bytes(8)], [])
    floats = Field("", "g", dictionary=BINARY)
    array = Given(values, floats, lambda array: add_dictionary(array, binary([b"junk"])))
    with pytest.raises(TypeError, match="a dictionary whose indexes are g"):
        arrow.verify(array)
    assert array.released == 1
    deep = Field("", "i", dictionary=Field("", "i", dictionary=FIXED))
    said = r"messages is dictionary of dictionary of fixed_size_binary\[4\], and not binary"
    with pytest.raises(TypeError, match=said):
        octets_type(deep, "messages")


def test_as_many_values_are_taken_as_have_so_many_octets() -> None:
    """Out of a dictionary too: one at least, and what stands there twice counts twice."""
    indexes = struct.pack("=4i", 0, 0, 1, 1)
    array = Given(
        (4, 0, [None, indexes], []),
        DICTIONARY,
        lambda array: add_dictionary(array, binary([b"four", b"sixsix"])),
    )
    found = octets(array.structure, DICTIONARY)
    for most, taken in ((1, 1), (7, 1), (8, 2), (13, 2), (14, 3), (99, 4)):
        assert found.take(0, 4, most) == [b"four", b"four", b"sixsix", b"sixsix"][:taken]
    array.structure.release(ctypes.pointer(array.structure))


def test_a_stream_without_a_type_is_given_back() -> None:
    """It says why, before anything is read of it."""

    class Typeless(Failing):
        def field(self) -> Field:
            raise RuntimeError("nobody knows")

    source = Typeless(BINARY, [])

    class Reader:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return stream_capsule(source)

    with pytest.raises(ValueError, match="the stream failed: RuntimeError: nobody knows"):
        arrow.verify(Reader())
    assert source.closed == 1


def test_columns_of_a_record_batch_that_are_not_there() -> None:
    """Fewer than its schema has, or one that is missing."""
    message, number = Field("message", "z"), Field("number", "z")
    both = Field("", "+s", (message, number), flags=0)
    batch = ArrowArray()
    fill_array(batch, Field("", "+s", (message,), flags=0), (1, 0, [None], [binary([MESSAGE])]))
    with pytest.raises(ValueError, match="not the columns of its schema"):
        sliced(batch, both, 0)
    with (
        pointing(first_child(batch), None),
        pytest.raises(ValueError, match="column is missing"),
    ):
        sliced(batch, Field("", "+s", (message,), flags=0), 0)
    batch.release(ctypes.pointer(batch))


def test_nobody_knows_how_many_nulls_a_slice_has() -> None:
    """A batch may show a part of a column: its count of nulls is that of all of it."""
    field = Field("", "+s", (Field("message", "z"),), flags=0)
    for values, shown, nulls in (((2, 0), 2, 1), ((1, 0), 1, -1)):
        batch = ArrowArray()
        fill_array(batch, field, (*values, [None], [binary([MESSAGE, None])]))
        found = sliced(batch, field, 0)
        assert (found.length, found.null_count) == (shown, nulls)
        batch.release(ctypes.pointer(batch))


def test_record_batches_that_are_broken_are_refused() -> None:
    """Longer than a column, null in places, without their columns."""
    field = Field("", "+s", (Field("message", "z"),), flags=0)
    for values, said in (
        ((2, 0, [None], [binary([MESSAGE])]), "longer than its column"),
        ((1, 1, [b"\0"], [binary([MESSAGE])]), "null in places"),
        ((-1, 0, [None], [binary([MESSAGE])]), "length or offset"),
    ):
        assert said in failure(Batches(field, [values]))


def test_a_column_that_was_released_is_not_read() -> None:
    """Nor a dictionary: what a child without release callback points to is gone."""
    field = Field("", "+s", (Field("message", "z"),), flags=0)
    batch, kept = ArrowArray(), []
    fill_array(batch, field, (1, 0, [None], [binary([MESSAGE])]))
    column = batch.children[0].contents
    column.release(ctypes.pointer(column))
    with pytest.raises(ValueError, match="column was released before"):
        sliced(batch, field, 0)
    batch.release(ctypes.pointer(batch))

    def without_dictionary(array: ArrowArray) -> None:
        add_dictionary(array, binary([MESSAGE]))
        values = array.dictionary.contents
        values.release(ctypes.pointer(values))
        kept.append(values)

    array = Given((1, 0, [None, bytes(4)], []), DICTIONARY, without_dictionary)
    with pytest.raises(ValueError, match="dictionary is missing"):
        arrow.verify(array)
    assert array.released == 1


def failure(reader: object, **options: Any) -> str:
    """What a stream of verdicts says when it fails."""
    from cmcodec.columns.incoming import arrays

    stream = arrow.verify_stream(reader, **options)
    with arrays(stream, "verdicts") as given, pytest.raises(ValueError, match="failed") as caught:
        given.following()
    return str(caught.value)


def test_arrays_are_given_back_once_by_many_threads() -> None:
    """Also where several threads verify the same stream of chunks, each its own."""
    arrays = [Given(binary([MESSAGE, b"junk", None])) for _ in range(40)]
    errors: list[BaseException] = []

    def work(mine: list[Given]) -> None:
        try:
            for each in mine:
                assert len(arrow.verify(each)) == 3
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(arrays[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [each.released for each in arrays] == [1] * 40


def test_nothing_is_kept_of_what_was_given_back() -> None:
    """What was handed out and given back is forgotten, in every order."""
    from cmcodec.columns import outgoing

    # What an error of another test holds is given back when it is collected.
    gc.collect()
    before = len(outgoing._kept), len(outgoing._in_capsules)
    verdicts = arrow.verify(Given(binary([MESSAGE] * 10)))
    for _ in range(5):
        verdicts.__arrow_c_array__()
        verdicts.__arrow_c_stream__()
        arrow.SCHEMA.__arrow_c_schema__()
        arrow.verify_stream(
            Batches(Field("", "+s", (Field("message", "z"),)), [])
        ).__arrow_c_schema__()
    pyarrow = pytest.importorskip("pyarrow")
    batch = pyarrow.record_batch(verdicts)
    column = batch.column(0)
    del batch
    assert column.to_pylist() == ["verified"] * 10
    del column
    assert (len(outgoing._kept), len(outgoing._in_capsules)) == before
